#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: run.py TCPREUSE [TEXT]

--state: runs that go on with each other leave the reports of one run over all inputs, byte for byte, whatever the numbers of
threads; also when they are killed. A state that does not fit, is late, cut or damaged is refused by name.

TEXT picks cases by their name.
"""
import fcntl
import json
import os
import random
import shutil
import signal
import struct
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import capture  # noqa: E402
import continued  # noqa: E402
import hostile  # noqa: E402
import in_order  # noqa: E402
import pcap  # noqa: E402
import program  # noqa: E402
from continued import ALL  # noqa: E402


class Place(continued.Place):
    """Captures, a state, and the reports of its runs."""

    def __init__(self, tcpreuse):
        super().__init__(tcpreuse, 'state')

    def write(self, name, records, link=pcap.ETHERNET):
        return pcap.write(self.path(name), records, link=link)

    def command(self, out, inputs, *more):
        return [self.tcpreuse, '-q', '-o', out, '--reports', ALL] + list(more) + list(inputs)

    def go(self, inputs, *more):
        """One run with the state."""
        return program.bare(self.command(self.out, inputs, '--state', self.state, *more))

    def forget(self):
        shutil.rmtree(self.out, ignore_errors=True)
        if os.path.exists(self.state):
            os.remove(self.state)

    def one(self, inputs, *more):
        """What one run over all inputs writes."""
        out = self.path('one')
        result = program.bare(self.command(out, inputs, '-j2', *more))
        return self.reports(out) if result.status in (0, 2) else result.describe()

    def same(self, wanted, what):
        """Complaints about reports that are not those of one run."""
        if isinstance(wanted, str):
            return ['one run: ' + wanted]
        got = self.reports(self.out)
        return ['%s: %s: %s' % (what, name, program.first_difference(wanted[name], got[name]))
                for name in wanted if wanted[name] != got[name]]


def traffic(seed, frames, step_us=150000, odd=0.15):
    """Records of random segments on few tuples, at times so that many reuses wait for an answer."""
    return [record for record in pcap.records(hostile.pcap(seed, frames, odd, step_us))]


def scenario_records(name):
    """The frames of a scenario's first file."""
    with open(os.path.join(HERE, '..', 'scenario', name, 'scenario.txt'), encoding='utf-8') as file:
        return [record for record in pcap.records(capture.Scenario(file.read()).files[0][1].data())]


def every_border(tcpreuse):
    """Two files, cut at every frame border, under each generation that has states, with and without verdicts."""
    cases = [('random segments', traffic(7, 40), ())]
    cases += [(name, scenario_records(name), ()) for name in ('fragments', 'verdict-retry', 'verdict-episode', 'ipv6')]
    cases += [('a key', traffic(10, 40, odd=0.7), ('--key', 'tuple,vlan,interface,vni'))]
    cases += [('fragments and sessions, link type %d' % link, records, (), link)
              for link, records in in_order.link_types().items() if link in (1, 105, 201, 230)]
    cases += [('rules 4.2', traffic(8, 30), ('--rules', '4.2')), ('no verdicts', traffic(9, 30), ('--verdicts', 'off'))]
    for name, records, more, *link in cases:
        complaints, place = [], Place(tcpreuse)
        reports = ALL if '--verdicts' not in more else 'reuse,conversations,packets,summary'
        for cut in range(0, len(records) + 1, 1 + len(records) // 60):
            names = [place.write('a.pcap', records[:cut], *link), place.write('b.pcap', records[cut:], *link)]
            extra = more + ('--append', '--reports', reports)
            complaints += two_runs(place, names, extra, cut, reports.split(',')[:-1])
        place.close()
        yield name + ', cut at borders of %d frames' % len(records), complaints[:5]


def two_runs(place, names, more, cut, reports):
    place.compared = reports
    place.forget()
    for threads, inputs in ((1 + cut % 3, names[:1]), (1 + (cut + 1) % 3, names)):
        result = place.go(inputs, '-j%d' % threads, *more)
        if result.status:
            return ['%d: %s' % (cut, result.describe())]
    return place.same(place.one(names, *more), 'cut at %d' % cut)


def days(tcpreuse):
    """A run a day, with other numbers of threads, and all inputs named each time, or only the new ones."""
    for name, only_new in (('all inputs named each day', False), ('only the new inputs named', True)):
        place, complaints = Place(tcpreuse), []
        records = traffic(11, 4000, 20000)
        names = [place.write('day%d.pcap' % i, records[i * 400:i * 400 + 400]) for i in range(10)]
        at = 0
        for i, count in enumerate((1, 2, 0, 3, 4)):
            inputs = names[at:at + count] if only_new and count else names[:at + count]
            at += count
            result = place.go(inputs, '-j%d' % (1 + i % 3))
            if result.status:
                complaints.append(result.describe())
            complaints += place.same(place.one(names[:at] if at > 1 else names[:1] + [place.write('none.pcap', [])]), 'day %d' % i)
        place.close()
        yield name, complaints


def same_bytes(tcpreuse):
    """A state is the same whatever the number of threads, also where conversations are over and their places are used again."""
    for more in (), ('--rules', '4.2'), ('--verdicts', 'off'), ('--expire', '0.01'), ('--expire', '0.01', '--rules', '4.0'):
        place, states = Place(tcpreuse), set()
        name, complaints = place.write('a.pcap', traffic(13, 30000, step_us=500)), []
        for threads in 1, 2, 3, 8:
            place.forget()
            result = place.go([name], '-j%d' % threads, '--reports', 'reuse,conversations', *more)
            if result.status:
                complaints.append(result.describe())
                continue
            with open(place.state, 'rb') as file:
                states.add(file.read())
        complaints += ['%d states of 4 runs' % len(states)] if len(states) != 1 else []
        place.close()
        yield ' '.join(('the bytes of a state, on 1 to 8 threads',) + more), complaints


def pcapng(records, first=0):
    """A pcapng section with an interface, another one in the middle, and frames of both."""
    def block(kind, body):
        body += bytes(-len(body) % 4)
        return struct.pack('<II', kind, len(body) + 12) + body + struct.pack('<I', len(body) + 12)
    out = [block(0x0a0d0d0a, struct.pack('<IHHq', 0x1a2b3c4d, 1, 0, -1)), block(1, struct.pack('<HHI', 1, 0, 262144))]
    for i, (time_ns, length, data) in enumerate(records):
        if i == len(records) // 2:
            out.append(block(1, struct.pack('<HHIHHB3xHH', 1, 0, 262144, 9, 1, 9, 0, 0)))
        if i < len(records) // 2:
            number, stamp = 0, time_ns // 1000
        else:
            number, stamp = 1, time_ns
        out.append(block(6, struct.pack('<IIIII', number, stamp >> 32, stamp & 0xffffffff, len(data), length) + data))
    return out


def overlapping(tcpreuse):
    """Files that overlap in time are merged, those of a run with each other."""
    place, complaints = Place(tcpreuse), []
    records = traffic(17, 900, 20000)
    names = [place.write('%d.pcap' % i, records[300 * (i // 3) + i % 3:300 * (i // 3) + 300:3]) for i in range(9)]
    for count in (3, 6, 9):
        result = place.go(names[:count], '-j%d' % (count // 3))
        if result.status:
            complaints.append(result.describe())
        complaints += place.same(place.one(names[:count]), '%d files' % count)
    place.close()
    yield 'files that overlap', complaints


def grown(tcpreuse):
    """A file that has grown is gone on with: at a border, or in the middle of a record."""
    records = traffic(12, 120)
    whole = {'pcap': [pcap.file_header()] + [pcap.record(t, data, length) for t, length, data in records],
             'pcapng': pcapng(records)}
    for kind, blocks in whole.items():
        complaints, place = [], Place(tcpreuse)
        data = b''.join(blocks)
        other = place.write('first.pcap', [(t - 10 ** 11, n, d) for t, n, d in
                                          [(r.time + 10 ** 11, r.length, r.data) for r in traffic(13, 20)]])
        shift = [(r.time + 60 * 10 ** 9, r.length, r.data) for r in records]
        blocks = [pcap.file_header()] + [pcap.record(t, d, n) for t, n, d in shift] if kind == 'pcap' else pcapng(shift)
        data = b''.join(blocks)
        path = place.path('growing.' + kind)
        wanted = None
        for seed in range(6):
            place.forget()
            rng = random.Random(seed)
            borders = [sum(map(len, blocks[:i])) for i in range(1, len(blocks))]
            sizes = sorted(rng.choice(borders) + (0 if seed % 2 else rng.randrange(0, 30)) for _ in range(4)) + [len(data)]
            for i, size in enumerate(sizes):
                with open(path, 'wb') as file:
                    file.write(data[:max(size, 60)])
                result = place.go([other, path], '-j%d' % (1 + (seed + i) % 3))
                if result.status not in (0, 2):
                    complaints.append(result.describe())
            if result.status:
                complaints.append('the last run: ' + result.describe())
            wanted = wanted or place.one([other, path])
            complaints += place.same(wanted, 'seed %d' % seed)
        place.close()
        yield kind + ' that grows', complaints[:6]


def headless(tcpreuse):
    """A file that was looked at when no more than its head was there, cut anywhere, is read when the rest has come."""
    place, complaints = Place(tcpreuse), []
    blocks = pcapng([(r.time, r.length, r.data) for r in traffic(20, 30)])
    blocks[2:2] = [blocks[1], struct.pack('<II8xI', 11, 20, 20)]        # another interface, and a block of another kind
    data, path = b''.join(blocks), place.path('growing.pcapng')
    wanted = None
    for size in range(1, sum(map(len, blocks[:5])), 3):
        place.forget()
        for part in (data[:size], data):
            with open(path, 'wb') as file:
                file.write(part)
            result = place.go([path])
        wanted = wanted or place.one([path, place.write('none.pcap', [])])
        complaints += ['%d bytes at first: %s' % (size, c) for c in ([result.describe()] if result.status else []) + place.same(wanted, '')]
    place.close()
    yield 'a file that has a part of its head at first', complaints[:6]


def late(tcpreuse):
    """An input that begins before the end of what was read: status 2, and --late decides."""
    records = traffic(14, 100)
    for mode in ('accept', 'refuse'):
        place, complaints = Place(tcpreuse), []
        a, b = place.write('a.pcap', records[:70]), place.write('b.pcap', records[60:])
        place.go([a])
        result = place.go([a, b], '--late', mode)
        frames = json.loads(open(os.path.join(place.out, 'summary.json')).read())['frames']['read']
        if result.status != 2 or b'b.pcap: is late' not in result.err:
            complaints.append(result.describe())
        if frames != (110 if mode == 'accept' else 70):
            complaints.append('%d frames' % frames)
        again = place.go([a, b], '--late', mode)
        if again.status != (0 if mode == 'accept' else 2):
            complaints.append('again: ' + again.describe())
        shown = program.bare([tcpreuse, '--describe', place.state])
        if shown.status or [line.split()[-1] for line in shown.out.splitlines() if b'late inputs' in line] != [b'1']:
            complaints.append('--describe: %r' % shown.out)
        once = place.go([a, b], '--late', 'accept')
        frames = json.loads(open(os.path.join(place.out, 'summary.json')).read())['frames']['read']
        if frames != 110:
            complaints.append('accepted in the end: %d frames: %s' % (frames, once.describe()))
        place.close()
        yield 'late, --late ' + mode, complaints
    place, complaints = Place(tcpreuse), []
    a, b = place.write('a.pcap', records[:40]), place.write('b.pcap', records[60:])
    place.go([a, b])
    place.write('a.pcap', records[:60])
    for turn in range(2):
        result = place.go([a, b], '--late', 'refuse')
        shown = program.bare([tcpreuse, '--describe', place.state]).out
        if result.status != 2 or b'late inputs    1' not in shown or b'a.pcap, ' not in shown or b'what follows is late' not in shown:
            complaints.append('%s: %r' % (result.describe(), shown))
    place.go([a, b], '--late', 'accept')
    result = place.go([a, b], '--late', 'refuse')
    frames = json.loads(open(os.path.join(place.out, 'summary.json')).read())['frames']['read']
    if result.status or frames != 100:
        complaints.append('accepted in the end: %d frames: %s' % (frames, result.describe()))
    place.close()
    yield 'late, what a file has grown by', complaints


def rename(place, old, new):
    os.rename(place.path(old), place.path(new))


def copy_and_empty(place, old, new):
    """As logrotate's copytruncate does it."""
    shutil.copyfile(place.path(old), place.path(new))
    with open(place.path(old), 'r+b') as file:
        file.truncate(0)


def fill(place, name, data):
    """Into the file that is there, as tcpdump -W uses its names again."""
    with open(place.path(name), 'wb') as file:
        file.write(data)


def rotated(tcpreuse):
    """Files that get other names, and names that get other files, between runs: each is read once. Rows name files as they were
    called when they were read, so what has no names is compared."""
    records = traffic(18, 500, 20000)
    slices = [[r for r in records[i * 100:i * 100 + 100]] for i in range(5)]

    def padding(size):
        return struct.pack('<II', 4, size + 12) + bytes(size) + struct.pack('<I', size + 12)

    def plain(i):
        return pcap.file_header() + b''.join(pcap.record(t, d, n) for t, n, d in slices[i])

    def half(i):
        return pcap.file_header() + b''.join(pcap.record(t, d, n) for t, n, d in slices[i][:50])

    def headed(i):
        blocks = pcapng(slices[i])
        return blocks[0] + padding(6000) + b''.join(blocks[1:]) + padding(4 + i * 20000)  # each is longer than those before

    # What is done before each run, the names that it gets, and how many slices have been read then.
    ways = {
        'renamed': (plain, (
            (lambda p: fill(p, 'c', plain(0)), 'c', 1),
            (lambda p: (rename(p, 'c', 'c.1'), fill(p, 'c', plain(1))), 'c c.1', 2),
            (lambda p: (rename(p, 'c.1', 'c.2'), rename(p, 'c', 'c.1'), fill(p, 'c', plain(2))), 'c c.1 c.2', 3),
            (lambda p: None, 'c.2 c c.1', 3),
            (lambda p: (rename(p, 'c.2', 'c.3'), rename(p, 'c.1', 'c.2'), rename(p, 'c', 'c.1')), 'c.1 c.2 c.3', 3))),
        'a ring': (plain, (
            (lambda p: (fill(p, 'r0', plain(0)), fill(p, 'r1', plain(1))), 'r0 r1', 2),
            (lambda p: fill(p, 'r0', plain(2)), 'r0 r1', 3),
            (lambda p: None, 'r0 r1', 3),
            (lambda p: fill(p, 'r1', plain(3)), 'r0 r1', 4),
            (lambda p: (rename(p, 'r0', 'r'), rename(p, 'r1', 'r0'), rename(p, 'r', 'r1')), 'r0 r1', 4))),
        'copied and emptied': (plain, (
            (lambda p: fill(p, 'c', plain(0)), 'c', 1),
            (lambda p: (copy_and_empty(p, 'c', 'c.1'), fill(p, 'c', plain(1))), 'c c.1', 2),
            (lambda p: (copy_and_empty(p, 'c.1', 'c.2'), copy_and_empty(p, 'c', 'c.1'), fill(p, 'c', plain(2))), 'c c.1 c.2', 3),
            (lambda p: None, 'c c.1 c.2', 3))),
        'renamed while it grew': (plain, (
            (lambda p: fill(p, 'c', half(0)), 'c', None),
            (lambda p: (rename(p, 'c', 'c.1'), fill(p, 'c.1', plain(0)), fill(p, 'c', half(1))), 'c c.1', None),
            (lambda p: (copy_and_empty(p, 'c', 'c.0'), fill(p, 'c.0', plain(1)), fill(p, 'c', plain(2))), 'c c.0 c.1', 3))),
        'empty at first, and so like all others': (plain, (
            (lambda p: fill(p, 'e', pcap.file_header()), 'e', None),
            (lambda p: fill(p, 'b', plain(0)), 'b', 1),
            (lambda p: (fill(p, 'e', plain(1)), fill(p, 'z', b'')), 'e b', 2))),
        'a ring whose files begin alike for 6000 bytes': (headed, (
            (lambda p: fill(p, 'r0', headed(0)), 'r0', 1),
            (lambda p: fill(p, 'r0', headed(1)), 'r0', 2),
            (lambda p: (rename(p, 'r0', 'r1'), fill(p, 'r0', headed(2))), 'r0 r1', 3))),
    }
    copied = {('copied and emptied', 1), ('copied and emptied', 2), ('renamed while it grew', 2)}
    for name, (data, steps) in ways.items():
        place, complaints = Place(tcpreuse), []
        place.compared = ('conversations', 'episodes', 'endpoints')
        for i, (change, names, count) in enumerate(steps):
            change(place)
            result = place.go([place.path(n) for n in names.split()], '-j%d' % (1 + i % 3))
            told = not result.status and 'counts as that file' in open(os.path.join(place.out, 'summary.json')).read()
            if result.status or told != ((name, i) in copied):
                complaints.append('run %d: %s' % (i, result.describe()))
            elif count:
                parts = []
                for k in range(count):
                    fill(place, 'part%d' % k, data(k))
                    parts.append(place.path('part%d' % k))
                complaints += place.same(place.one(parts), 'run %d' % i)
        shown = program.bare([tcpreuse, '--describe', place.state]).out.decode()
        if shown.count('\ninput ') != steps[-1][2]:
            complaints.append('not %d inputs: %s' % (steps[-1][2], shown))
        place.close()
        yield 'rotated: ' + name, complaints[:5]


def locked(tcpreuse):
    """One run at a time goes on from a state; what a dead one left is removed; the state may lie among its reports."""
    place, complaints = Place(tcpreuse), []
    records = traffic(19, 60)
    a, b = place.write('a.pcap', records[:30]), place.write('b.pcap', records[30:])
    place.state = os.path.join(place.out, 'run.state')
    first = place.go([a])
    part, before = place.state + '.tcpreuse-part', open(place.state, 'rb').read() if not first.status else b''
    with open(part, 'wb') as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        result = program.bare(place.command(place.path('other'), [a, b], '--state', place.state))
        if result.status != 3 or place.state.encode() + b': cannot write: another run' not in result.err:
            complaints.append('while another run has it: ' + result.describe())
        if os.listdir(place.path('other')) or open(place.state, 'rb').read() != before:
            complaints.append('something was written')
    result = place.go([a, b])
    if first.status or result.status or os.path.exists(part):
        complaints.append('%s, %s' % (first.describe(), result.describe()))
    else:
        complaints += place.same(place.one([a, b]), 'after a dead run')
    place.close()
    yield 'a state that another run has', complaints


def misfits(tcpreuse):
    """What does not fit the state is refused by name, and nothing is changed."""
    place, complaints = Place(tcpreuse), []
    records = traffic(15, 60)
    a = place.write('a.pcap', records)
    place.go([a])
    before = place.reports(place.out), open(place.state, 'rb').read()
    for more, status, words in (
            (('--rules', '4.2'), 1, b'the state was made with --rules 4.4, this run has 4.2'),
            (('--key', 'tuple,vlan'), 1, b'--key tuple, this run has tuple,vlan'), (('--filter', 'tcp'), 1, b'--filter (none), this run has tcp'),
            (('--answer-window', '1'), 1, b'--answer-window'),
            (('--ignore', '3'), 1, b'--ignore'),
            (('--decode-as', 'udp.port==48879,vxlan'), 1, b'--decode-as'),
            (('--append',), 1, b'--append'), (('--port-range', '1-9'), 1, b'--port-range'),
            (('--reports', 'reuse'), 1, b'--reports'), (('--format', 'ndjson', '--reports', 'reuse'), 1, b'--format'),
            (('--rules', '4.0'), 1, b'this run has 4.0'), (('--expire', 'auto', '--reports', 'reuse'), 1, b'--expire auto'),
            (('--max-conversations', '9'), 1, b'--max-conversations'), (('--sort-window', '1'), 1, b'--sort-window'),
            (('--drop-copies', '1'), 1, b'--drop-copies'), (('--rotate', '9s'), 1, b'--rotate'),
            (('--extract', place.path('x')), 1, b'--extract')):
        result = place.go([a], *more)
        if result.status != status or words not in result.err:
            complaints.append('%s: %s' % (' '.join(more), result.describe()))
    if (place.reports(place.out), open(place.state, 'rb').read()) != before:
        complaints.append('something was changed')
    expiring, few = Place(tcpreuse), ('--reports', 'reuse,conversations')
    first = expiring.go([a], '--expire', '9', *few)
    for more in ('--expire', '8'), ():
        result = expiring.go([a], *more, *few)
        if first.status or result.status != 1 or b'was made with --expire 9.000000000' not in result.err:
            complaints.append('%s, %s' % (first.describe(), result.describe()))
    expiring.close()
    yield 'options that do not fit', complaints
    complaints = []
    report = os.path.join(place.out, 'reuse.csv')
    rows = open(report, 'rb').read()
    for what, data in (('shorter', rows[:100]), ('have changed', rows.replace(b'192', b'193'))):
        with open(report, 'wb') as file:
            file.write(data)
        result = place.go([a])
        if result.status != 2 or what.encode() not in result.err or b'reuse.csv' not in result.err:
            complaints.append('%s: %s' % (what, result.describe()))
    os.remove(report)
    if place.go([a]).status != 2:
        complaints.append('without reuse.csv')
    place.close()
    yield 'reports that are not those of the state', complaints


def damage(tcpreuse):
    """No byte of a state can be changed, and none be missing."""
    place, complaints = Place(tcpreuse), []
    a = place.write('a.pcap', scenario_records('verdict-retry')[:6])
    place.go([a])
    before = place.reports(place.out)
    state = open(place.state, 'rb').read()
    tried = [(b'%d changed' % i, state[:i] + bytes([state[i] ^ 0x41]) + state[i + 1:]) for i in range(0, len(state), 9)]
    tried += [(b'cut at %d' % i, state[:i]) for i in range(0, len(state), 29)] + [(b'longer', state + b'x')]
    for what, data in tried:
        with open(place.state, 'wb') as file:
            file.write(data)
        result = program.bare([tcpreuse, '--describe', place.state])
        if result.status != 2 or place.state.encode() not in result.err or result.out:
            complaints.append('%s: --describe: %s' % (what.decode(), result.describe()))
    result = place.go([a])
    if result.status != 2 or place.state.encode() not in result.err or place.reports(place.out) != before:
        complaints.append('a run: ' + result.describe())
    place.close()
    yield 'a state of %d bytes, changed or cut in %d ways' % (len(state), len(tried)), complaints[:6]


def kills(tcpreuse):
    """Runs that are killed, or interrupted, at any moment: the next ones leave the reports of one run."""
    place, complaints = Place(tcpreuse), []
    records = traffic(16, 60000, 2000)
    names = [place.write('%d.pcap' % i, records[i * 15000:i * 15000 + 15000]) for i in range(4)]
    wanted, rng, ended = place.one(names), random.Random(5), {}
    begin = time.monotonic()
    place.go(names[:2])
    place.go(names)
    long = (time.monotonic() - begin) / 2
    for number in (signal.SIGKILL, signal.SIGINT):
        for turn in range(4):
            place.forget()
            for i in range(12):
                run = subprocess.Popen(place.command(place.out, names[:1 + i // 3], '--state', place.state, '-j%d' % (1 + i % 3)),
                                       stderr=subprocess.PIPE)
                time.sleep(rng.random() * long * (1 if turn % 2 else 0.6))
                run.send_signal(number)
                _, err = run.communicate()
                ended[run.returncode] = ended.get(run.returncode, 0) + 1
                if run.returncode not in (0, -number, 130):
                    complaints.append('%d: %s' % (run.returncode, err.decode()))
            result = place.go(names)
            if result.status:
                complaints.append('the last run: ' + result.describe())
            else:
                complaints += place.same(wanted, '%s, turn %d' % (number.name, turn))
    place.close()
    yield 'killed and interrupted: %s' % ', '.join('%d times status %d' % (n, s) for s, n in sorted(ended.items())), complaints[:6]


CASES = (every_border, days, same_bytes, overlapping, grown, headless, rotated, late, locked, misfits, damage, kills)


def main():
    tcpreuse, text = sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else ''
    tap = program.Tap()
    for case in CASES:
        if text in case.__name__:
            for name, complaints in case(tcpreuse):
                tap.ok(name, complaints)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
