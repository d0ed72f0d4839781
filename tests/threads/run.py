#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: run.py TCPREUSE TRACEGEN [--frames N]

The number of threads must not be seen in the result: all four reports have the same bytes from 1, 2, 3 and 8 threads (of
summary.json everything but its `performance` object), and so has what goes to standard output.

The carrier is a capture whose TCP payload carries another capture file, so that a reader that looks for record headers in the
middle of the file finds a great many that are none. How many frames there really are is counted by tests/lib/pcap.py.
TCPREUSE_THREADS_FRAMES is the default of --frames (400,000): some ten batches remain of 120,000.
"""
import argparse
import json
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import capture  # noqa: E402
import hostile  # noqa: E402
import pcap  # noqa: E402
import program  # noqa: E402

THREADS = (2, 3, 8)


def summary_without_speed(data):
    summary = json.loads(data)
    summary.pop('performance', None)
    return json.dumps(summary, indent=1).encode()


def same(tcpreuse, arguments, frames=None):
    """Complaints when the number of threads shows, or when it is not so many frames that were read."""
    one = program.run(tcpreuse, ['-j', 1] + arguments, timeout=300)
    if one.status or len(one.reports) != len(program.REPORTS):
        return ['1 thread: ' + one.describe()]
    out = []
    if frames is not None:
        read = program.conservation(one.reports['summary'])['read']
        if read != frames:
            out.append('%d frames read, the file has %d' % (read, frames))
    printed = program.bare([tcpreuse, '-q', '-j', '1'] + arguments, timeout=300)
    for threads in THREADS:
        other = program.run(tcpreuse, ['-j', threads] + arguments, timeout=300)
        if other.status != one.status:
            out.append('%d threads: %s' % (threads, other.describe()))
            continue
        for report in program.REPORTS:
            a, b = one.reports[report], other.reports.get(report, b'')
            if report == 'summary':
                try:
                    a, b = summary_without_speed(a), summary_without_speed(b)
                except ValueError as error:
                    out.append('summary.json: %s' % error)
                    continue
            if a != b:
                out.append('%s with %d threads, compared with 1: %s' % (program.NAMES[report], threads, program.first_difference(a, b)))
        again = program.bare([tcpreuse, '-q', '-j', str(threads)] + arguments, timeout=300)
        if again.out != printed.out:
            out.append('standard output with %d threads: %s' % (threads, program.first_difference(printed.out, again.out)))
    if out:
        out.append('command: ' + ' '.join(['tcpreuse'] + arguments))
    return out


def filtered(tcpreuse, path):
    """Complaints unless a filter takes what it names, and one that takes everything changes nothing."""
    out = []
    alone = program.run(tcpreuse, ['-f', 'ip6', path])
    hosts = {':' in row['src'] for row in alone.rows('packets')}
    if hosts != {True}:
        out.append('ip6: %s' % (alone.describe() if alone.status else hosts))
    plain, all_taken = program.run(tcpreuse, [path]), program.run(tcpreuse, ['-f', 'ip or ip6', path])
    for report in ('reuse', 'conversations', 'packets'):
        if plain.reports[report] != all_taken.reports.get(report):
            out.append('ip or ip6: %s: %s' % (report, program.first_difference(plain.reports[report],
                                                                              all_taken.reports.get(report, b''))))
    return out


def padded(rows):
    """Some frames with bytes behind their packet: one, some thousands, and more than an IP packet can have."""
    for i, (time, length, data) in enumerate(rows):
        more = (0, 5000, 1, 70000)[i % 4] if i % 97 < 4 and i % 5 == 0 else 0
        yield time, length + more, data + bytes(more)


def orders(tcpreuse, directory, paths):
    """Complaints unless the same records say the same in both byte orders, of which but one lies in runs."""
    runs, out = {}, []
    for order in '<>':
        made = [pcap.write(os.path.join(directory, 'order-%d.pcap' % i), padded(pcap.read(path)), order) for i, path in enumerate(paths)]
        runs[order] = [program.run(tcpreuse, ['-j', threads] + made, timeout=300) for threads in (1, 3)]
    for little, big in zip(*runs.values()):
        for report in ('reuse', 'conversations', 'packets'):
            if little.status or little.reports[report] != big.reports.get(report):
                out.append('%s: %s' % (report, little.describe() if little.status else program.first_difference(
                    little.reports[report], big.reports.get(report, b''))))
    return out


def generate(tracegen, path, *options):
    done = program.bare([tracegen] + [str(o) for o in options] + ['-w', path])
    if done.status:
        raise RuntimeError('tracegen: ' + done.describe())
    return path


def carrier_by_hand(path, inner, pieces):
    """A carrier of our own: each frame's payload begins with a file header and goes on with whole records of `inner`."""
    out = capture.Pcap()
    body, src, dst = inner[24:], capture.ipaddress.ip_address('192.0.2.1'), capture.ipaddress.ip_address('192.0.2.2')
    seq = 1001
    for i in range(pieces):
        at = i * 16000 % max(1, len(body) - 16000)
        payload = body[at:at + 16000]
        flags = capture.SYN if i % 50 == 0 else capture.ACK
        segment = capture.tcp(40000, 5001, flags, seq if i % 50 else i, 1, payload=payload)
        out.add('%d.%06d' % (1700000000 + i // 1000, i % 1000), capture.ethernet(capture.ip(src, dst, segment)))
        seq += len(payload)
    with open(path, 'wb') as file:
        file.write(out.data())
    return path


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('tcpreuse', type=os.path.abspath)
    parser.add_argument('tracegen', type=os.path.abspath)
    parser.add_argument('--frames', type=int, default=int(os.environ.get('TCPREUSE_THREADS_FRAMES', '400000')),
                        help='of the generated captures')
    args = parser.parse_args()
    tap = program.Tap()
    with tempfile.TemporaryDirectory(prefix='threads-') as directory:
        at = lambda name: os.path.join(directory, name)
        few = args.frames // 10

        small = generate(args.tracegen, at('small.pcap'), '--frames', args.frames, '--flows', 5000, '--reuse', 30, '--ipv6', 20,
                         '--refused', 10, '--midstream', 10, '--syn-retransmit', 10)
        tap.ok('small frames', same(args.tcpreuse, [small], pcap.count(small)))
        with open(small, 'rb') as file:
            os.fsync(file.fileno())
            os.posix_fadvise(file.fileno(), 0, 0, os.POSIX_FADV_DONTNEED)
        tap.ok('small frames that are not in the page cache', same(args.tcpreuse, [small], pcap.count(small)))
        for rules in ('4.0', '4.2'):
            tap.ok('small frames, rules %s' % rules, same(args.tcpreuse, ['--rules', rules, small]))
        tap.ok('small frames with some ignored', same(args.tcpreuse, ['--ignore', '1,7-9,%d-%d' % (few, 3 * few), small]))

        tap.ok('small frames, filtered', same(args.tcpreuse, ['-f', 'ip6', small]) + filtered(args.tcpreuse, small))

        large = generate(args.tracegen, at('large.pcap'), '--frames', few, '--flows', 200, '--mix', 'imix', '--reuse', 30, '--vlan', 50)
        tap.ok('frames of mixed sizes', same(args.tcpreuse, [large], pcap.count(large)))
        big = generate(args.tracegen, at('big.pcap'), '--frames', few, '--flows', 200, '--mix', 'mtu', '--big-endian', '--nanosecond')
        tap.ok('large frames, the other byte order', same(args.tcpreuse, [big], pcap.count(big)))

        tap.ok('frames of mixed sizes, both byte orders', orders(args.tcpreuse, directory, [large]))

        cruel = generate(args.tracegen, at('cruel.pcap'), '--hostile', '--frames', args.frames // 2, '--fragments', 5, '--icmp', 5)
        tap.ok('hostile headers', same(args.tcpreuse, [cruel], pcap.count(cruel)))
        odd = program.write(directory, 'odd.pcap', hostile.pcap(1, few, 0.5))
        tap.ok('hostile flags on few tuples', same(args.tcpreuse, [odd], pcap.count(odd)))

        # start times: two files that overlap, one that follows them
        several = [generate(args.tracegen, at('part%d.pcap' % i), '--frames', few, '--flows', 100, '--seed', 7, '--reuse', 50,
                            '--start', start) for i, start in enumerate((1700000000, 1700000000, 1700001000))]
        total = sum(pcap.count(path) for path in several)
        tap.ok('several files, both byte orders', orders(args.tcpreuse, directory, several))
        # 1,000 frames a second: each begins in the middle of the one before
        chained = [generate(args.tracegen, at('chain%d.pcap' % i), '--frames', few, '--flows', 100, '--mix', 'imix', '--rate', 1000,
                            '--start', 1700000000 + i * few // 2000) for i in range(3)]
        tap.ok('several files of mixed sizes, both byte orders', orders(args.tcpreuse, directory, chained))
        tap.ok('several files', same(args.tcpreuse, several[::-1], total))
        tap.ok('several files, appended', same(args.tcpreuse, ['--append'] + several, total))
        os.mkdir(at('directory'))
        for path in several:
            os.rename(path, os.path.join(directory, 'directory', os.path.basename(path)))
        tap.ok('a directory of files', same(args.tcpreuse, [at('directory')], total))

        frames = pcap.count(small)
        carrier = generate(args.tracegen, at('carrier.pcap'), '--carrier', small, '--frames', few)
        tap.ok('a capture that carries a capture', same(args.tcpreuse, [carrier], pcap.count(carrier)))
        with open(small, 'rb') as file:
            inner = file.read(24 + 4000000)
        tap.ok('a capture that carries whole records', same(
            args.tcpreuse, [carrier_by_hand(at('by-hand.pcap'), inner, 2000)], 2000))
        with open(small, 'rb') as file, open(at('cut.pcap'), 'wb') as cut:
            cut.write(file.read()[:-7])
        runs = [program.run(args.tcpreuse, ['-j', n, at('cut.pcap')]) for n in (1, 8)]
        complaints = [r.describe() for r in runs if r.status != 2]
        if not complaints and runs[0].reports['packets'] != runs[1].reports['packets']:
            complaints = [program.first_difference(runs[0].reports['packets'], runs[1].reports['packets'])]
        tap.ok('a file cut in its last of %d frames' % frames, complaints)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
