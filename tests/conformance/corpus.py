#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: corpus.py TCPREUSE [--jobs N] [TEXT]

Real captures, against answers of tshark that were recorded before. The environment variable TCPREUSE_CORPUS names a directory
with corpus/, the captures, and golden/tshark-VERSION.tsv, the answers; unset: skipped (77). TEXT picks captures by their path.

A recorded answer is a line `@ path status frames layers` for each capture (status 0 whole, 3 cannot be opened, else damaged),
followed by a line `frame streams completenesses reuses` for each of its frames with TCP; several values stand between `|`,
reuses is `?` where tshark may hide one, and columns are separated by tabs.
"""
import argparse
import collections
import concurrent.futures
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import program  # noqa: E402
import tshark  # noqa: E402

Recorded = collections.namedtuple('Recorded', 'path status layers frames')


def split(text):
    return tuple(int(part, 0) for part in text.split('|') if part)


def recorded(path):
    """The captures of a file of answers, with stream numbers closed up."""
    out = []
    with open(path, errors='replace') as file:
        for line in file:
            part = line.rstrip('\n').split('\t')
            if part[0] == '@':
                out.append(Recorded(part[1], int(part[2]), part[4] if len(part) > 4 else '', {}))
            else:
                reuses = None if part[3] == '?' else len([p for p in part[3].split('|') if p])
                out[-1].frames[int(part[0])] = (split(part[1]), split(part[2]), reuses)
    for capture in out:
        used = sorted({stream for row in capture.frames.values() for stream in row[0]})
        closed = {stream: i for i, stream in enumerate(used)}
        for frame, row in capture.frames.items():
            capture.frames[frame] = (tuple(closed[s] for s in row[0]),) + row[1:]
    return out


def check(tcpreuse, directory, rules, capture):
    """What differs first, '' when nothing does."""
    result = program.run(tcpreuse, ['--rules', rules, os.path.join(directory, capture.path)], ('packets',), timeout=60)
    if capture.status == 3:
        return '' if result.status in (0, 2) else result.describe()
    if result.status not in ((0,) if capture.status == 0 else (0, 2)):
        return result.describe()
    if 'packets' not in result.reports:
        return 'no packets.csv; ' + result.describe()
    ours = {}
    for row in result.rows('packets'):
        streams, completeness, reused = ours.get(int(row['frame']), ((), (), 0))
        ours[int(row['frame'])] = (streams + (int(row['stream']),), completeness + (int(row['completeness'], 0),),
                                   reused + int(row['reused']))
    for frame, what in tshark.differences(capture.frames, ours):
        return 'frame %d: %s' % (frame, what)
    return ''


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('tcpreuse', type=os.path.abspath)
    parser.add_argument('text', nargs='?', default='')
    parser.add_argument('--jobs', type=int, default=os.cpu_count())
    args = parser.parse_args()
    root = os.environ.get('TCPREUSE_CORPUS')
    if not root:
        print('skipped: TCPREUSE_CORPUS names no corpus')
        return 77
    failed = seen = 0
    for name in sorted(os.listdir(os.path.join(root, 'golden'))):
        match = re.fullmatch(r'tshark-(\d+\.\d+)\..*\.tsv', name)
        if not match:
            continue
        rules = match[1] if match[1] in program.RULES else '4.4'
        directory = os.path.join(root, 'corpus')
        captures = [c for c in recorded(os.path.join(root, 'golden', name))
                    if args.text in c.path and os.path.exists(os.path.join(directory, c.path))]
        with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
            answers = list(pool.map(lambda c: check(args.tcpreuse, directory, rules, c), captures))
        different = [(c, answer) for c, answer in zip(captures, answers) if answer]
        for capture, answer in different:
            print('%s [%s]\n    %s' % (capture.path, capture.layers, answer))
        print('%s, rules %s: %d of %d captures agree' % (name, rules, len(captures) - len(different), len(captures)))
        failed, seen = failed + len(different), seen + len(captures)
    if not seen:
        print('no capture to compare in ' + root)
        return 1
    return 1 if failed else 0


if __name__ == '__main__':
    sys.exit(main())
