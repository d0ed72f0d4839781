#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: ways.py TCPREUSE

What went each way in a conversation: frames as tshark's list of conversations has them (-z conv,tcp), payload as its tcp.len adds
up. Random traffic, of which one half is odd: there tshark's list leaves out quoted segments and impossible headers, and only its fields
are compared. The same by any number of threads, where conversations are forgotten, and without verdicts. TAP output.
"""
import collections
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import hostile  # noqa: E402
import program  # noqa: E402
import tshark  # noqa: E402

FRAMES = 4000
FIELDS = 'tcp.stream', 'ip.src', 'ipv6.src', 'tcp.srcport', 'tcp.len'
WAYS = 'client_frames', 'server_frames', 'client_payload', 'server_payload'


def ask(judge, path, arguments):
    with open(path, 'rb') as file:
        several = len(judge.command) > 1
        return subprocess.run(judge.command + ['-n', '-r', '-' if several else path] + arguments, env=judge.environment, check=True,
                              stdin=file if several else subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout.decode()


def endpoint(row, which):
    """As tshark writes it."""
    return '%s:%s' % (row[which], row[which + '_port'])


def listed(judge, path):
    """How often conv,tcp has two endpoints with so many frames from each; in the order of the endpoints' names."""
    out = collections.Counter()
    for line in ask(judge, path, ['-q', '-z', 'conv,tcp']).split('\n'):
        found = re.match(r'(\S+:\d+) +<-> +(\S+:\d+) +(\d+) [\d ]*\w+ +(\d+) ', line)
        if found:
            out[tuple(sorted(((found[1], int(found[4])), (found[2], int(found[3])))))] += 1
    return out


def summed(judge, path):
    """Frames and payload bytes by stream and sender."""
    out = collections.defaultdict(lambda: (0, 0))
    arguments = ['-Y', 'tcp', '-T', 'fields', '-E', 'occurrence=l'] + [a for name in FIELDS for a in ('-e', name)]
    for line in ask(judge, path, arguments).splitlines():
        row = dict(zip(FIELDS, line.split('\t')))
        if not row['tcp.stream']:       # a header that is cut
            continue
        which = int(row['tcp.stream']), '%s:%s' % (row['ip.src'] or row['ipv6.src'], row['tcp.srcport'])
        frames, payload = out[which]
        out[which] = frames + 1, payload + int(row['tcp.len'] or 0)
    return out


def check(judge, path, rows, all_are_listed):
    complaints, ours, different = [], collections.Counter(), 0
    sent = summed(judge, path)
    streams = {stream: number for number, stream in enumerate(sorted({stream for stream, _ in sent}))}
    sent = {(streams[stream], sender): n for (stream, sender), n in sent.items()}
    for row in rows:
        client, server = endpoint(row, 'client'), endpoint(row, 'server')
        if client == server:        # then there is one way only
            continue
        different += 1
        ours[tuple(sorted(((client, int(row['client_frames'])), (server, int(row['server_frames'])))))] += 1
        for name, side in (client, 'client'), (server, 'server'):
            has, wanted = (int(row[side + '_frames']), int(row[side + '_payload'])), sent.get((int(row['stream']), name), (0, 0))
            if has != wanted:
                complaints.append('stream %s, frames and payload of the %s: %s, in tshark %s' % (row['stream'], side, has, wanted))
    theirs = collections.Counter({ends: n for ends, n in listed(judge, path).items() if ends[0][0] != ends[1][0]})
    if all_are_listed:
        complaints += ['only here: %s' % (e,) for e in (ours - theirs)] + ['only in tshark: %s' % (e,) for e in (theirs - ours)]
    return complaints[:10] + (['%d rows' % different] if different < 50 else [])


def ways(rows):
    return {int(row['stream']): tuple(row[name] for name in WAYS) for row in rows}


def main():
    tap, judge, tcpreuse = program.Tap(), tshark.Tshark(), os.path.abspath(sys.argv[1])
    with tempfile.TemporaryDirectory(prefix='ways-') as directory:
        for seed, odd in (1, 0.0), (2, 0.3):
            path = program.write(directory, '%d.pcap' % seed, hostile.pcap(seed, FRAMES, odd))
            base = ['--rules', judge.rules or '4.4', path]
            rows = program.run(tcpreuse, base, ('conversations',)).rows('conversations')
            sums = [row for row in rows if int(row['client_frames']) + int(row['server_frames']) != int(row['frames'])]
            tap.ok('seed %d: both ways are all frames' % seed, ['stream %s' % row['stream'] for row in sums] if rows else ['no rows'])
            # Odd traffic has headers that are cut to 14 or 15 bytes, of which 4.4 wants one more than --rules 4.4 does.
            if judge.rules and not (odd and judge.version.startswith('4.4')):
                tap.ok('seed %d: as tshark %s' % (seed, judge.version), check(judge, path, rows, not odd))
            for more in (['-j', '1'], ['-j', '3'], ['-j', '8'], ['--verdicts', 'off'], ['--max-conversations', '1000000'], ['--expire', '1000']):
                other = program.run(tcpreuse, base + more, ('conversations',)).rows('conversations')
                tap.ok('seed %d: the same with %s' % (seed, ' '.join(more)), [] if ways(other) == ways(rows) else ['other numbers'])
            short = program.run(tcpreuse, base + ['--expire', '0.01'], ('conversations', 'packets'))
            sent = collections.Counter()
            for row in short.rows('packets'):
                sent[row['stream']] += int(row['len'] or 0)
            found = {row['stream']: int(row['client_payload']) + int(row['server_payload']) for row in short.rows('conversations')}
            tap.ok('seed %d: forgotten ones have their bytes' % seed,
                   ['stream %s: %d bytes, not %d' % (s, found.get(s, -1), n) for s, n in sent.items() if found.get(s) != n][:5])
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
