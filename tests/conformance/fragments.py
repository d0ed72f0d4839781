#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: fragments.py TCPREUSE

tests/lib/in_order.py has captures of fragments and sessions. The program has to find TCP in just those frames that they say, by any
number of threads, and the installed tshark does, too. TAP output.
"""
import concurrent.futures
import os
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import capture  # noqa: E402
import in_order  # noqa: E402
import program  # noqa: E402
import tshark  # noqa: E402

def addresses_of(judge, path):
    """The addresses of each frame of a capture, as tshark writes them; None without a tshark."""
    command = ['-n', '-r', path, '-T', 'fields', '-e', 'ipv6.src', '-e', 'ipv6.dst']
    if not judge.rules or len(judge.command) > 1:
        return None
    done = program.bare(judge.command + command)
    return [line.split('\t') for line in done.out.decode().splitlines()]


def check_addresses(tap, judge, directory):
    """Each way to compress an address."""
    pcap, number = capture.Pcap(link=230), 0
    inline = bytes(range(0x20, 0x30))
    modes = [(context << 6 | mode << 4 | 3, inline[:size]) for context, mode, size in
             ((0, 0, 16), (0, 1, 8), (0, 2, 2), (0, 3, 0), (1, 0, 0), (1, 1, 8), (1, 2, 2), (1, 3, 0))]
    modes += [(0x30 | many << 3 | context << 2 | mode, inline[:size]) for many, context, mode, size in
              ((0, 0, 0, 16), (0, 0, 1, 8), (0, 0, 2, 2), (0, 1, 1, 8), (0, 1, 2, 2), (0, 1, 3, 0),
               (1, 0, 0, 16), (1, 0, 1, 6), (1, 0, 2, 4), (1, 0, 3, 1), (1, 1, 0, 6))]
    for short in False, True:
        for mode, bytes_of_it in modes:
            number += 1
            pcap.add(number, in_order.wpan(bytes((0x7a, mode, 6)) + bytes_of_it + in_order.syn(), short=short))
    path = program.write(directory, 'addresses.pcap', pcap.data())
    rows = program.run(sys.argv[1], [path], ('packets',)).rows('packets')
    wanted = addresses_of(judge, path)
    found = [[row['src'], row['dst']] for row in rows]
    tap.ok('addresses: a segment in each frame', [] if len(found) == number else ['%d, not %d' % (len(found), number)])
    if wanted is not None:
        tap.ok('addresses, as tshark %s has them' % judge.version,
               ['frame %d: %s, not %s' % (i + 1, f, w) for i, (f, w) in enumerate(zip(found, wanted)) if f != w])


def check(judge, directory, case, _, link, frames, expected):
    """Complaints about one capture."""
    pcap = capture.Pcap(link=link)
    for number, frame in enumerate(frames, 1):
        content, captured = frame if isinstance(frame, tuple) else (frame, None)
        pcap.add(number, content, captured=captured)
    path, wrong = program.write(directory, '%d.pcap' % case, pcap.data()), []
    for threads in '1', '3':
        rows = program.run(sys.argv[1], ['-j', threads, path], ('packets',)).rows('packets')
        got = marks(frames, {int(row['frame']) for row in rows})
        wrong += ['-j %s: %s, not %s' % (threads, got, expected)] if got != expected else []
    if judge.rules:
        got = marks(frames, judge.ask(path))
        wrong += ['tshark %s: %s, not %s' % (judge.version, got, expected)] if got != expected else []
    return wrong


def marks(frames, found):
    return ''.join('T' if number in found else '.' for number in range(1, len(frames) + 1))


def main():
    tap, judge = program.Tap(), tshark.Tshark()
    with tempfile.TemporaryDirectory(prefix='fragments-') as directory:
        with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
            jobs = [(case[0], pool.submit(check, judge, directory, number, *case)) for number, case in enumerate(in_order.all_captures())]
            for name, job in jobs:
                tap.ok(name, job.result())
        check_addresses(tap, judge, directory)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
