#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: reference.py TCPREUSE [--frames N] [--seed N]

Random traffic under each generation of rules, compared with tests/lib/reference.py, segment by segment: for the generations of
which no tshark is installed. Nothing is hidden here, so that a reuse in a cut or malformed segment is compared as well.
"""
import argparse
import ipaddress
import os
import random
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import hostile  # noqa: E402
import program  # noqa: E402
import reference  # noqa: E402

REUSE = ('frame', 'stream', 'previous_stream', 'trigger', 'isn', 'previous_isn', 'previous_first_frame', 'previous_last_frame')


WAYS = 'stream', 'client_frames', 'client_payload', 'server_frames', 'server_payload'


def endpoint(row, which):
    """As the reference names it."""
    address = ipaddress.ip_address(row[which])
    return (address.version, address.packed), int(row[which + '_port'])


def first(name, columns, want, got):
    """Complaints about the first row that differs."""
    for a, b in zip(want, got):
        if a != b:
            return ['%s: %s' % (name, columns), '  expected %s' % (a,), '  found    %s' % (b,)]
    return ['%s: %d rows, expected %d' % (name, len(got), len(want))] if len(want) != len(got) else []


def check(tcpreuse, data, rules):
    rows, decided = reference.rows(data, rules)
    with tempfile.TemporaryDirectory(prefix='reference-') as directory:
        result = program.run(tcpreuse, ['--rules', rules, program.write(directory, 'x.pcap', data)],
                             ('packets', 'reuse', 'conversations'))
    if result.status or len(result.reports) != 3:
        return [result.describe()]
    got = [tuple(int(row[c], 0) for c in ('frame', 'stream', 'completeness', 'reused')) for row in result.rows('packets')]
    out = first('packets.csv', 'frame, stream, completeness, reused', rows, got)
    want = [tuple(str(reuse[c]) for c in REUSE) for reuse in decided.reuses]
    got = [tuple(row[c] for c in REUSE) for row in result.rows('reuse')]
    out += first('reuse.csv', ', '.join(REUSE), want, got)
    want = [(c.stream, c.first, c.last, c.completeness, c.frames) for c in decided.conversations]
    got = [tuple(int(row[c], 0) for c in ('stream', 'first_frame', 'last_frame', 'completeness', 'frames'))
           for row in result.rows('conversations')]
    out += first('conversations.csv', 'stream, first_frame, last_frame, completeness, frames', want, got)
    ends = [[endpoint(row, which) for which in ('client', 'server')] for row in result.rows('conversations')]
    apart = [client != server for client, server in ends]      # else there is one way only, whatever it is called
    want = [(c.stream,) + c.ways.get(client, (0, 0)) + c.ways.get(server, (0, 0))
            for c, (client, server), two in zip(decided.conversations, ends, apart) if two]
    got = [tuple(int(row[c]) for c in WAYS) for row, two in zip(result.rows('conversations'), apart) if two]
    return out + first('conversations.csv', ', '.join(WAYS), want, got)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('tcpreuse', type=os.path.abspath)
    parser.add_argument('--frames', type=int, default=40000)
    parser.add_argument('--seed', type=int, default=random.SystemRandom().randrange(1000000000))
    args = parser.parse_args()
    tap = program.Tap()
    for i, odd in enumerate((0.0, 0.5)):
        data = hostile.pcap(args.seed + i, args.frames, odd)
        for rules in program.RULES:
            complaints = check(args.tcpreuse, data, rules)
            if complaints:
                kept = os.path.join(tempfile.gettempdir(), 'reference-%d-%s.pcap' % (args.seed + i, odd))
                with open(kept, 'wb') as file:
                    file.write(data)
                complaints.append('capture: ' + kept)
            tap.ok('seed %d, %d frames, %d %% of them odd, rules %s' % (args.seed + i, args.frames, odd * 100, rules), complaints)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
