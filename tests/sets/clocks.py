#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: clocks.py TCPREUSE TRACEGEN

Times that are wrong: frames that go back in time are counted, in files alone and together, read in every way. The judges are
plain rules, written down here once more. TAP output.
"""
import gzip
import heapq
import os
import random
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import pcap  # noqa: E402
import program  # noqa: E402

THREADS = ('1', '2', '5')


def going_back(files):
    """How many frames are earlier than the one before them in their file, and the most ns by which one is late."""
    frames = furthest = 0
    for times in files:
        latest = times[0] if times else 0
        for before, time in zip(times, times[1:]):
            frames += time < before
            latest = max(latest, before)
            furthest = max(furthest, latest - time)
    return frames, furthest


def told(result):
    """The same, by summary.json."""
    back = result.summary()['frames']['back_in_time']
    return back['frames'], round(back['seconds'] * 10**9)


def times(records):
    return [record.time for record in records]


def swapped(records, rng, how_many, most):
    """Some frames written down later than their turn, by up to most places."""
    out = list(records)
    for _ in range(how_many):
        i = rng.randrange(len(out))
        out.insert(min(i + rng.randrange(1, most), len(out) - 1), out.pop(i))
    return out


def check_going_back(tap, tcpreuse, at, records):
    rng = random.Random(1)
    parts = [[], [], []]
    for record in records:
        parts[rng.randrange(3)].append(record)
    parts = [swapped(part, rng, 100, 500) for part in parts]
    ring = [swapped(records[a:a + len(records) // 3], rng, 50, 100) for a in range(0, len(records) - 2, len(records) // 3)]
    cases = [('one file', [swapped(records, rng, 300, 1000)], []), ('one file in order', [records], []),
             ('one file backwards', [records[::-1]], []), ('files that overlap', parts, []),
             ('files that follow each other', ring, []), ('files one after another', parts, ['--append'])]
    for name, files, arguments in cases:
        want = going_back([times(part) for part in files])
        paths = [pcap.write(at('back-%d.pcap' % i), part) for i, part in enumerate(files)]
        complaints = []
        for threads in THREADS:
            got = told(program.run(tcpreuse, ['-j', threads, *arguments, *paths]))
            if got != want:
                complaints.append('%s threads: %s, expected %s' % (threads, got, want))
        with open(paths[0], 'rb') as file:
            data = file.read()
        with gzip.open(paths[0] + '.gz', 'wb', 1) as file:
            file.write(data)
        got = told(program.run(tcpreuse, [*arguments, paths[0] + '.gz', *paths[1:]]))
        if got != want:
            complaints.append('gzip: %s, expected %s' % (got, want))
        if len(files) == 1:     # frames that are left out are in the file all the same
            got = told(program.run(tcpreuse, ['--ignore', '5-20000', *paths]))
            if got != want:
                complaints.append('--ignore: %s, expected %s' % (got, want))
        tap.ok('frames that go back in time, ' + name, complaints)


def check_words(tap, tcpreuse, at, records):
    path = pcap.write(at('words.pcap'), [*records[1:50], records[0], *records[50:]])
    ordered = pcap.write(at('ordered.pcap'), records)
    said = program.bare([tcpreuse, path]).err.decode()
    late = (records[49].time - records[0].time) / 1e9
    want = '1 frame goes back in time, by %.9f s at most; reuses may come from that\n' % late
    tap.ok('the summary tells it', [] if want in said else [said])
    said = [program.bare([tcpreuse, '-q', path]).err, program.bare([tcpreuse, ordered]).err]
    tap.ok('it does not with -q, nor where none does', [text for text in said if b'back' in text])


def check_clock(tap, tcpreuse, at, records):
    """A file whose times are moved is the file of the moved times, alone and among others, read in every way."""
    rng = random.Random(2)
    parts = [[], [], []]
    for record in records:
        parts[rng.randrange(3)].append(record)
    paths = [pcap.write(at('clock-%d.pcap' % i), part) for i, part in enumerate(parts)]
    with open(paths[1], 'rb') as file, gzip.open(at('clock.gz'), 'wb', 1) as packed:
        packed.write(file.read())
    os.symlink(paths[1], at('another-name.pcap'))
    for text, ns, unit in (('-0.003', -3 * 10**6, 1000), ('+1', 10**9, 1000), ('0.000000001', 1, 1), ('-86400.5', -86400500000000, 1000)):
        moved = [record._replace(time=record.time + ns) for record in parts[1]]
        other = pcap.write(at('moved.pcap'), moved, unit=unit)
        for name, files, clock, arguments, judged in (
                ('alone', paths[1:2], paths[1], [], [other]), ('by another name', paths[1:2], at('another-name.pcap'), [], [other]),
                ('among others', paths, paths[1], [], [paths[0], other, paths[2]]),
                ('as given', paths, paths[1], ['--append'], [paths[0], other, paths[2]]),
                ('compressed', [at('clock.gz'), paths[2]], at('clock.gz'), [], [other, paths[2]])):
            want = program.run(tcpreuse, [*arguments, *judged]).rows('packets')
            complaints = []
            for threads in THREADS:
                got = program.run(tcpreuse, ['-j', threads, *arguments, '--clock', '%s=%s' % (clock, text), *files]).rows('packets')
                for row in got + want:
                    row.pop('file', None)
                    row['time'] = (row['time'] + '000')[:20] if unit == 1 else row['time']
                complaints += ['%s threads: row %d: %s, expected %s' % (threads, i, a, b)
                               for i, (a, b) in enumerate(zip(got, want)) if a != b][:1]
                complaints += ['no rows'] if not got or len(got) != len(want) else []
            tap.ok('--clock %s, %s' % (text, name), complaints)
    wrong = program.bare([tcpreuse, '--clock', at('nowhere.pcap') + '=1', *paths])
    tap.ok('--clock of a file that is not read', [] if wrong.status == 1 and b'nowhere.pcap' in wrong.err else [wrong.describe()])


def sorted_within(records, window):
    """Each frame as soon as it is late by the window; those that are later come at once."""
    held, out, newest = [], [], None
    for number, record in enumerate(records):
        newest = record.time if newest is None else max(newest, record.time)
        heapq.heappush(held, (record.time, number, record))
        while held and newest - held[0][0] >= window:
            out.append(heapq.heappop(held)[2])
    return out + [heapq.heappop(held)[2] for _ in range(len(held))]


def check_sorting(tap, tcpreuse, at, records):
    """Frames that are sorted have the rows, and the numbers, of the file that they are written to in that order."""
    rng = random.Random(4)
    parts = [[], [], []]
    for record in records:
        parts[rng.randrange(3)].append(record)
    parts = [swapped(part, rng, 60, 60) for part in parts]
    first, whole = pcap.write(at('sort-0.pcap'), parts[0]), pcap.write(at('sort.pcap'), swapped(records, rng, 300, 1000))
    ring = [swapped(records[a:a + 1000], rng, 30, 100) for a in range(0, len(records), 1000)]
    with open(first, 'rb') as file, gzip.open(at('sort.gz'), 'wb', 1) as packed:
        packed.write(file.read())
    for name, files, arguments in (('one file', [pcap.read(whole)], []), ('one file, some frames ignored', [parts[0]], ['--ignore', '7-99']),
                                   ('files that overlap', parts, []), ('files that follow each other', ring, []),
                                   ('files one after another', parts, ['--append']), ('many threads and one clock', parts, ['--clock'])):
        for window in (1, 10**5, 3 * 10**6, 10**10):
            paths = [pcap.write(at('sort-%d.pcap' % i), part) for i, part in enumerate(files)]
            ordered = [pcap.write(at('sorted-%d.pcap' % i), sorted_within(part, window)) for i, part in enumerate(files)]
            clock = arguments == ['--clock']
            options = [[], []] if clock else [arguments, arguments]
            if clock:
                options = [['--clock', '%s=0.5' % list_[1]] for list_ in (ordered, paths)]
            judge = program.run(tcpreuse, [*options[0], *ordered])
            want = judge.rows('packets')
            complaints = []
            for threads in THREADS:
                result = program.run(tcpreuse, ['-j', threads, '--sort-window', '%.9f' % (window / 1e9), *options[1], *paths])
                got = result.rows('packets')
                for row in got + want:
                    row['file'] = os.path.basename(row.get('file', '')).replace('sorted', 'sort')
                complaints += ['%s threads: row %d: %s, expected %s' % (threads, i, a, b)
                               for i, (a, b) in enumerate(zip(got, want)) if a != b][:1]
                complaints += ['%d rows, expected %d' % (len(got), len(want))] if not got or len(got) != len(want) else []
                complaints += ['%s frames go back, expected %s' % (told(result), told(judge))] if told(result) != told(judge) else []
                if window == 10**10 and told(result)[0]:
                    complaints.append('%d frames go back all the same' % told(result)[0])
            tap.ok('--sort-window %.9f, %s' % (window / 1e9, name), complaints)
    want = program.run(tcpreuse, ['--sort-window', '1', first])
    for name, path in ('gzip', at('sort.gz')), ('standard input', '-'):
        with open(first, 'rb') as file:
            got = program.run(tcpreuse, ['--sort-window', '1', path], stdin=file)
        same = all(got.reports[report] == want.reports[report] for report in ('packets', 'reuse', 'conversations'))
        tap.ok('--sort-window, ' + name, [] if same else [got.describe()])
    late = told(program.run(tcpreuse, [whole]))[1]
    said = program.bare([tcpreuse, whole]).err.decode()
    tap.ok('the summary tells what puts frames in order', [] if '--sort-window %.9f ' % (late / 1e9) in said else [said])
    left = [told(program.run(tcpreuse, ['--sort-window', '%.9f' % (ns / 1e9), whole]))[0] for ns in (late, late // 2)]
    tap.ok('and half of it does not', [] if left[0] == 0 and left[1] else ['%s frames go back' % left])


def numbered(records):
    """The packets with IP ids of their own."""
    return [record._replace(data=record.data[:18] + struct.pack('>H', 7 * i & 0xffff) + record.data[20:])
            for i, record in enumerate(records)]


def copied(records, rng, window):
    """Some packets once or twice more, soon or late, with another time to live, MAC address or VLAN tag; some of them changed."""
    out = list(records)
    for record in records:
        for _ in range(rng.choice((0, 0, 0, 1, 1, 2))):
            data = bytearray(record.data)
            data[22] -= rng.randrange(2)
            data[5] ^= rng.randrange(2)
            if rng.random() < 0.2:
                data[rng.choice((18, 19, 26, 33, 34, 37, 38, 41, 42, 45, 47))] ^= 1
            if rng.random() < 0.3:
                data[12:12] = b'\x81\0\0' + bytes([rng.randrange(5)])
            time = record.time + rng.choice((0, 1, window // 2, window, window + 1, 2 * window))
            out.append(pcap.Record(time, record.length + len(data) - len(record.data), bytes(data)))
    return sorted(out, key=lambda record: record.time)


def copies(files, window):
    """The numbers of frames that are copies: of a packet no more than the window before the latest one, and after this one."""
    seen, out, number = {}, [], 0
    for records in files:
        latest = None
        for record in records:
            number += 1
            at = record.data.index(b'\x08\0\x45')     # the first that there is, behind the addresses of Ethernet
            ip = record.data[at + 2:]
            length = struct.unpack_from('>H', ip, 2)[0] - 20 - (ip[32] >> 4) * 4
            key = ip[4:6] + ip[12:32] + struct.pack('>H', struct.unpack_from('>H', ip, 32)[0] & 0xfff), length
            latest = record.time if latest is None else max(latest, record.time)
            times = [time for time in seen.get(key, ()) if latest - time <= window]
            if any(time - record.time <= window for time in times):
                out.append(number)
            seen[key] = times + [record.time]
        seen = {}
    return out


def check_copies(tap, tcpreuse, at, records):
    """Rows are those of the frames that are no copies, under their numbers."""
    rng, window = random.Random(5), 10**6
    whole = copied(numbered(records), rng, window)
    parts = [whole[:len(whole) // 2], whole[len(whole) // 3:]]
    for name, files, arguments in (('one file', [whole], []), ('backwards', [swapped(whole, rng, 400, 300)], []),
                                   ('files one after another', parts, ['--append'])):
        paths = [pcap.write(at('copies-%d.pcap' % i), part, unit=1) for i, part in enumerate(files)]
        numbers = copies(files, window)
        want = program.run(tcpreuse, [*arguments, '--ignore', ','.join(map(str, numbers)), *paths])
        complaints = [] if len(numbers) > len(records) // 8 else ['only %d copies' % len(numbers)]
        for threads in THREADS:
            got = program.run(tcpreuse, [*arguments, '-j', threads, '--drop-copies', '0.001', *paths])
            for report in ('packets', 'reuse', 'conversations'):
                if got.reports[report] != want.reports[report]:
                    complaints.append('%s threads: %s: %s' % (threads, report, program.first_difference(
                        want.reports[report], got.reports[report])))
            if got.summary()['segments']['copies'] != len(numbers):
                complaints.append('%s threads: %s copies, expected %d' % (threads, got.summary()['segments']['copies'], len(numbers)))
        tap.ok('--drop-copies, ' + name, complaints)
    with open(paths[0], 'rb') as file:
        got = program.run(tcpreuse, ['--drop-copies', '0.001', '-j', '2', '-'], stdin=file)
    alone = program.run(tcpreuse, ['--drop-copies', '0.001', '-j', '1', paths[0]])
    tap.ok('--drop-copies, standard input', [] if got.reports['packets'] == alone.reports['packets'] else [got.describe()])


def main():
    tcpreuse, tracegen = sys.argv[1:3]
    tap = program.Tap()
    with tempfile.TemporaryDirectory(prefix='tcpreuse-clocks-') as directory:
        def at(name):
            return os.path.join(directory, name)
        subprocess.run([tracegen, '--frames', '30000', '--flows', '300', '--size', '80', '--reuse', '40', '--seed', '3',
                        '-w', at('all.pcap')], check=True)
        records = pcap.read(at('all.pcap'))
        check_going_back(tap, tcpreuse, at, records)
        check_words(tap, tcpreuse, at, records)
        check_clock(tap, tcpreuse, at, records[:3000])
        check_sorting(tap, tcpreuse, at, records[:4000])
        check_copies(tap, tcpreuse, at, records[:6000])
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
