#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: many.py TCPREUSE TRACEGEN [--all]

Many captures, read in pieces, by runs that go on with a state, and by the ranks of a job: all reports are those of one run. What
is generated covers fragments, IPv6, pcapng with sections and interfaces, compressed files, sets of files, and damaged ones. --all:
200 captures of each kind and more cuts, and 200 real ones below the directory that TCPREUSE_CORPUS names, if it names one; takes
some ten minutes.
"""
import collections
import concurrent.futures
import gzip
import lzma
import os
import random
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import capture  # noqa: E402
import continued  # noqa: E402
import ftp  # noqa: E402
import hostile  # noqa: E402
import pcap  # noqa: E402
import program  # noqa: E402
from cuts import PLAIN, REPORTS, fragments, pcapng  # noqa: E402
from jobs import RANKS, Job  # noqa: E402
from pieces import Pieces  # noqa: E402

SCENARIOS = os.path.join(HERE, '..', 'scenario')
NO_STATE = ('--drop-copies',)
COUNTS = (2, 3, 7)

# files: (name, bytes), in order of time; options: of every run; expire: of every run but those that make pieces.
Case = collections.namedtuple('Case', 'name files options expire', defaults=((),))


def interfaces(rng, frames):
    """Where interfaces are described, with the units of their times."""
    return ((0, 6),) + tuple((at, rng.choice((6, 9, 3))) for at in sorted(rng.sample(range(1, frames), rng.randrange(3))))


def sections(rng, seed):
    """A pcapng file of several sections, each with interfaces of its own."""
    records, out = list(pcap.records(hostile.pcap(seed, rng.randrange(20, 600)))), b''
    for begin in range(0, len(records), 1 + len(records) // rng.randrange(1, 5)):
        part = records[begin:begin + 1 + len(records) // 4]
        data = pcap.file_header() + b''.join(pcap.record(t, d, n) for t, n, d in part)
        out += pcapng(data, interfaces(rng, len(part) + 2))
    return out


def pack(rng, data):
    """The capture as it is, or in another form."""
    return rng.choice((lambda d: d, gzip.compress, lzma.compress, pcapng, lambda d: gzip.compress(pcapng(d))))(data)


def set_of_files(rng, seed):
    records = list(pcap.records(hostile.pcap(seed, rng.randrange(30, 900))))
    cuts = sorted(rng.randrange(len(records) + 1) for _ in range(rng.randrange(1, 7)))
    parts = [records[a:b] for a, b in zip([0] + cuts, cuts + [len(records)])]
    return [('%02d' % i, pack(rng, pcap.file_header() + b''.join(pcap.record(t, d, n) for t, n, d in part)))
            for i, part in enumerate(parts)]


def overlapping(rng, seed):
    """Files that go on beside each other, all the time or where one ends and the next begins; and clocks that jump."""
    records = list(pcap.records(hostile.pcap(seed, rng.randrange(30, 900), step_us=rng.choice((0, 1, 100, 100)))))
    count = rng.randrange(2, 7)
    parts, near = [[] for _ in range(count)], rng.choice((1, 5, len(records)))
    for i, record in enumerate(records):
        place = min(max(i + rng.randrange(-near, near + 1), 0), len(records) - 1)
        parts[place * count // len(records)].append(record)
    for part in parts:
        if part and rng.random() < 0.2:
            i = rng.randrange(len(part))
            part[i] = part[i]._replace(time=part[i].time + rng.choice((-1, 1, 5)) * 10 ** rng.choice((5, 9)) + 10 ** 10)
    plain = rng.random() < 0.5
    return [('%02d' % i, (lambda r, d: d if plain else pack(r, d))(rng, pcap.file_header() + b''.join(pcap.record(t, d, n) for t, n, d in part)))
            for i, part in enumerate(parts)]


def damaged(rng, seed):
    data = bytearray(hostile.pcap(seed, rng.randrange(20, 400)))
    if rng.random() < 0.5:
        return bytes(data[:rng.randrange(30, len(data))])
    at = rng.randrange(pcap.FILE_HEADER, len(data))
    data[at:at + 4] = b'\xff\xff\xff\x7f'
    return bytes(data)


def other_order(rng, seed):
    """Big-endian, or with ns."""
    order, unit = rng.choice('<>'), rng.choice((1, 1000))
    out = pcap.file_header(order, pcap.MICRO if unit == 1000 else pcap.NANO)
    return out + b''.join(pcap.record(t, d, n, order, unit) for t, n, d in pcap.records(hostile.pcap(seed, rng.randrange(20, 500))))


def backward(rng, seed):
    """Time that goes back by a little, by a lot, and for good: within what expires after 5 s, and by more."""
    records, shift = list(pcap.records(hostile.pcap(seed, rng.randrange(30, 900), step_us=rng.choice((1000, 200000))))), 10 ** 12
    for i, record in enumerate(records):
        if rng.random() < 0.02:
            shift += rng.choice((-1, -1, 1)) * rng.choice((10 ** 8, 4 * 10 ** 9, 6 * 10 ** 9, 10 ** 11))
        records[i] = record._replace(time=record.time + shift + rng.choice((0, 0, -10 ** 6, -4 * 10 ** 9)))
    return pcap.file_header() + b''.join(pcap.record(t, d, n) for t, n, d in records)


def traffic(rng, seed, tracegen, directory):
    path = os.path.join(directory, 'traffic')
    more = rng.choice((['--hostile', '--fragments', '20', '--icmp', '5'], ['--reuse', '60', '--ipv6', '40', '--syn-retransmit', '5'],
                       ['--reuse', '30', '--fin', '20', '--vlan', '30', '--syn-reorder', '5']))
    subprocess.run([tracegen, '--frames', str(rng.randrange(50, 3000)), '--flows', str(rng.randrange(2, 60)), '--seed', str(seed)] + more +
                   ['-w', path], check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    with open(path, 'rb') as file:
        return file.read()


def generated(count, tracegen, directory):
    one = (('random segments', lambda r, s: hostile.pcap(s, r.randrange(2, 1500), r.choice((0, 0.15, 0.6)), r.choice((1, 100, 200000)))),
           ('fragments', lambda r, s: fragments(s, r.randrange(10, 600))),
           ('interfaces', lambda r, s: pcapng(hostile.pcap(s, 400), interfaces(r, 400))), ('sections', sections), ('damaged', damaged),
           ('compressed', lambda r, s: r.choice((gzip.compress, lzma.compress))(hostile.pcap(s, r.randrange(2, 900)))),
           ('time that goes back', backward), ('another order of bytes', other_order), ('traffic', lambda r, s: traffic(r, s, tracegen, directory)))
    names = sorted(name for name in os.listdir(SCENARIOS) if os.path.exists(os.path.join(SCENARIOS, name, 'scenario.txt')))
    for seed in range(count):
        rng, kind = random.Random(seed), seed % (len(one) + 5)
        options = rng.choice(((), (), ('--rules', '4.2'), ('--verdicts', 'off'), ('--key', 'tuple,vlan,vni'), ('--key', 'tuple,interface,vlan')))
        if kind < len(one):
            name, make = one[kind]
            files = [('one', make(rng, seed))]
        elif kind == len(one):
            name, files = 'set of files', set_of_files(rng, seed)
        elif kind == len(one) + 1:
            name, files, options = 'set of files in another order', set_of_files(rng, seed), options + ('--append',)
            rng.shuffle(files)
        elif kind == len(one) + 2:
            name, files = 'set of files that overlap', overlapping(rng, seed)
        elif kind == len(one) + 3:
            name, files, options = 'FTP', [('one', ftp.pcap(seed, rng.randrange(50, 500)))], ('--rules', '4.0')
        else:
            name = names[seed % len(names)]
            with open(os.path.join(SCENARIOS, name, 'scenario.txt'), encoding='utf-8') as file:
                files = [(n, part.data()) for n, part in capture.Scenario(file.read()).files]
            options += ('--append',)
        expire = rng.choice(((), ('--expire', rng.choice(('0.00001', '0.001', '0.1', '5', '30')))))
        yield Case('%d: %s' % (seed, name), files, options, ('--expire', '5') if 'back' in name else expire)


def real(tcpreuse, count):
    """Of what lies below the corpus's directory: by turns captures with reuses, with fragments, of several interfaces, with IPv6,
    compressed, and any with TCP; and sets of three."""
    root = os.environ.get('TCPREUSE_CORPUS')
    paths = sorted(os.path.join(folder, name) for folder, _, names in os.walk(root) for name in names)
    paths = [path for path in paths if os.path.isfile(path) and os.path.getsize(path) < 20 << 20]
    random.Random(20).shuffle(paths)
    with concurrent.futures.ThreadPoolExecutor(2) as pool:
        results = list(pool.map(lambda path: program.run(tcpreuse, ['-q', path], ('reuse', 'conversations', 'summary')), paths))
    sorts = collections.defaultdict(list)
    for path, result in zip(paths, results):
        if result.status not in (0, 2) or 'summary' not in result.reports or not result.summary()['frames']['with_tcp']:
            continue
        with open(path, 'rb') as file:
            data = file.read()
        sorts['tcp'].append(path)
        for sort, holds in (('reuses', result.reports['reuse'].count(b'\n') > 1), ('fragments', b'ragment' in result.reports['summary']),
                            ('interfaces', data[:4] == b'\n\r\r\n' and data.count(b'\1\0\0\0') > 1), ('sections', data.count(b'\n\r\r\n') > 1),
                            ('IPv6', b':' in result.reports['conversations'].replace(b'T', b'', 1) and b'::' in result.reports['conversations']),
                            ('compressed', data[:2] in (b'\x1f\x8b', b'(\xb5', b'\xfd7', b'BZ'))):
            if holds:
                sorts[sort].append(path)
    chosen, taken = [], set()
    while len(chosen) < count and any(sorts.values()):
        for sort in sorted(sorts):
            while sorts[sort]:
                path = sorts[sort].pop()
                if path not in taken:
                    taken.add(path)
                    chosen.append((sort, path))
                    break
    for i, (sort, path) in enumerate(chosen[:count]):
        several = [path] + [other for _, other in chosen[i + 1:i + 3]] if i % 5 == 0 else [path]
        files = []
        for k, name in enumerate(several):
            with open(name, 'rb') as file:
                files.append(('%d-%s' % (k, os.path.basename(name)), file.read()))
        yield Case('%s: %s' % (sort, path), files, ('--append',) if len(several) > 1 else ())


class Comparing:
    def __init__(self, tcpreuse, directory, everything):
        self.tcpreuse, self.everything = tcpreuse, everything
        self.directory = directory
        self.pieces, self.job = Pieces(tcpreuse, directory), Job(tcpreuse, directory)
        self.jobs = self.runs = self.reports = self.cuts = 0

    def count(self, reports):
        self.runs += 1
        self.reports += len(reports)

    def reports_of(self, case):
        """All, but for those that need verdicts, or all conversations."""
        reports = PLAIN if 'off' in case.options else REPORTS
        return tuple(r for r in reports if r != 'endpoints') if case.expire else reports

    def in_pieces(self, case, names, rng):
        reports = self.reports_of(case)
        one = {}
        for some in (reports, tuple(r for r in reports if r != 'packets')):
            one[some] = program.run(self.tcpreuse, [*case.options, *case.expire, *names], some)
        frames = one[reports].summary()['frames']['read'] if 'summary' in one[reports].reports else 0
        counts = list(COUNTS) + [rng.randrange(4, 40)]
        if frames <= 60:
            counts.append(2 * frames + 2)       # a cut at every border, and some between
        if self.everything:
            counts += [rng.randrange(4, 60) for _ in range(2)]
        complaints = []
        for i, count in enumerate(counts):
            some = list(one)[i % 2]
            complaints += ['%d pieces: %s' % (count, c) for c in
                           self.pieces.compare(['-j%d' % (1 + i % 3)] + list(case.options) + names, count, some, case.expire, one[some])]
            self.count(some)
            self.cuts += count - 1
        return complaints

    def with_state(self, case, names, rng):
        """Files that come one by one, of which the last one grows if it can."""
        if any(option in ' '.join(case.options) for option in NO_STATE):
            return []
        reports, options = ','.join(self.reports_of(case)), case.options + case.expire
        place, complaints = continued.Place(self.tcpreuse, 'many'), []
        place.compared = reports.split(',')[:-1]
        # What overlaps with what was read is late, and no more in order.
        together = 'overlap' in case.name
        data, come = case.files[-1][1], [names[:i] for i in range(1, len(names)) if not together and rng.random() < 0.7]
        grows = not together and data[:4] in (b'\n\r\r\n', b'\xd4\xc3\xb2\xa1', b'\xa1\xb2\xc3\xd4', b'M<\xb2\xa1', b'\xa1\xb2<M')
        sizes = sorted(rng.randrange(24, len(data)) for _ in range(4)) if grows and len(data) > 100 else []
        steps = [(inputs, None) for inputs in come] + [(names, size) for size in sizes] + [(names, len(data))]
        for i, (inputs, size) in enumerate(steps):
            if size is not None:
                program.write(self.directory, os.path.basename(names[-1]), data[:size])
            result = program.bare([self.tcpreuse, '-q', '-j%d' % (1 + i % 3), '-o', place.out, '--state', place.state, '--reports', reports,
                                   *options, *inputs])
            if result.status not in (0, 2):
                complaints.append('run %d: %s' % (i, result.describe()))
        out = place.path('one')
        # Two inputs make a run of several files, as a state has it always.
        empty = [program.write(self.directory, 'none', pcap.file_header())] if len(names) == 1 else []
        result = program.bare([self.tcpreuse, '-q', '-o', out, '--reports', reports, *options, *names, *empty])
        if result.status in (0, 2) and not complaints:
            wanted, got = place.reports(out), place.reports(place.out)
            complaints += ['after %d runs: %s: %s' % (len(steps), name, program.first_difference(wanted[name], got[name]))
                           for name in wanted if wanted[name] != got[name]]
        self.count(reports.split(','))
        place.close()
        return complaints

    def by_ranks(self, case, names, rng, number):
        counts = RANKS if self.everything else (RANKS[number // 3 % len(RANKS)],) if number % 3 == 0 else ()
        if not self.job.launchers or not counts:
            return []
        reports = self.reports_of(case)
        if rng.random() < 0.5:
            reports = tuple(r for r in reports if r != 'packets')
        for _ in counts:
            self.count(reports)
            self.jobs += 1
        return self.job.compare(['-j1', *case.options, *case.expire, *names], counts, reports)

    def all(self, tap, what, cases):
        complaints, number = [], 0
        for number, case in enumerate(cases, 1):
            rng = random.Random(number)
            names = [program.write(self.directory, name, data) for name, data in case.files]
            found = self.in_pieces(case, names, rng) + self.by_ranks(case, names, rng, number)
            found = ['in pieces or ranks: ' + c for c in found] + ['with a state: ' + c for c in self.with_state(case, names, rng)]
            complaints += ['%s, %s: %s' % (case.name, ' '.join(case.options + case.expire), c) for c in found]
        tap.ok('%d %s: %d comparisons of runs, %d of reports, %d cuts, %d jobs' %
               (number, what, self.runs, self.reports, self.cuts, self.jobs), complaints[:40])


def main():
    tcpreuse, tracegen = (os.path.abspath(path) for path in sys.argv[1:3])
    everything, tap = '--all' in sys.argv, program.Tap()
    with tempfile.TemporaryDirectory(prefix='tcpreuse-many-', dir=continued.MEMORY) as directory:
        comparing = Comparing(tcpreuse, directory, everything)
        comparing.all(tap, 'generated captures', generated(200 if everything else 36, tracegen, directory))
        if everything and os.environ.get('TCPREUSE_CORPUS'):
            comparing = Comparing(tcpreuse, directory, everything)
            comparing.all(tap, 'real captures', real(tcpreuse, 200))
        else:
            tap.skip('real captures', '--all and TCPREUSE_CORPUS are not given')
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
