#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: run.py TCPREUSE [TRACEGEN] [--segments N] [--seed N] [--case NAME] [--jobs N] [--list]

Random traffic through tshark and through tcpreuse: stream number, completeness and reuse have to be the same for each segment.

The judge is `tshark`, or the command in the environment variable TSHARK (`chroot DIR tshark`, say); its version picks the rules.
Without a judge the test is skipped (exit status 77). Without TRACEGEN only the traffic that Python makes is compared.

Pieces of traffic, each with a seed and a case of its own, are compared until --segments TCP segments were seen. A piece that
differs is kept, with the first frame that differs, both answers, and what its stream looked like until then.
"""
import argparse
import concurrent.futures
import itertools
import os
import random
import shutil
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import ftp  # noqa: E402
import hostile  # noqa: E402
import program  # noqa: E402
import tshark  # noqa: E402

PIECE = 50000       # frames: tshark needs about 2 s for it, so that its start (0.3 s) does not count

CONNECTIONS = ('--reuse 50 --same-isn 40 --fin 45 --rst 35 --unclosed 20 --refused 10 --syn-retransmit 10 --syn-reorder 10 '
               '--midstream 10 --ipv6 30 --vlan 30')
# name: options of tracegen, or the share of odd frames for the generator in Python, or another generator
CASES = {
    'flags': 0.0,
    'headers': 0.25,
    'hostile': '--hostile',
    'few-tuples': '--flows 20 --conversation-frames 5 ' + CONNECTIONS,
    'hostile-quoted': '--hostile --fragments 10 --icmp 10',
    'connections': '--flows 2000 --mix imix ' + CONNECTIONS,
    'hostile-cut': '--hostile --fragments 10 --icmp 10 --snaplen 90 --nanosecond',
    'ftp': ftp.pcap,
    'syn-flood': '--flows 200 --new 100 --reuse 80 --same-isn 30 --big-endian',
}


def generate(args, case, seed, path):
    options = CASES[case]
    if isinstance(options, str):
        done = program.bare([args.tracegen, '--frames', str(args.frames), '--seed', str(seed)] + options.split() + ['-w', path])
        if done.status:
            raise RuntimeError('tracegen: ' + done.describe())
    else:
        with open(path, 'wb') as file:
            file.write(options(seed, args.frames) if callable(options) else hostile.pcap(seed, args.frames, options))


def ask(args, path, rules, threads):
    """tcpreuse's answer, in the form of tshark.answer(), and the rows it came from."""
    result = program.run(args.tcpreuse, ['--rules', rules, '-j', threads, path], ('packets',))
    if result.status or 'packets' not in result.reports:
        raise RuntimeError('tcpreuse: ' + result.describe())
    rows, frames = result.rows('packets'), {}
    for row in rows:
        streams, completeness, reused = frames.get(int(row['frame']), ((), (), 0))
        frames[int(row['frame'])] = (streams + (int(row['stream']),), completeness + (int(row['completeness'], 0),),
                                     reused + int(row['reused']))
    return frames, rows


def history(rows, frame, streams, most=8):
    """The rows of these streams up to a frame."""
    wanted = [r for r in rows if int(r['frame']) <= frame and int(r['stream']) in streams]
    columns = [c for c in ('frame', 'stream', 'completeness', 'reused', 'src', 'src_port', 'dst', 'dst_port', 'flags', 'seq', 'ack',
                           'len') if rows and c in rows[0]]
    return ['      ' + '  '.join('%s %s' % (c, r[c]) for c in columns) for r in wanted[-most:]]


def piece(args, judge, case, seed, number):
    """(segments, reuses, complaints) of one piece."""
    directory = tempfile.mkdtemp(prefix='conformance-')
    path = os.path.join(directory, '%s-%d.pcap' % (case, seed))
    complaints = []
    generate(args, case, seed, path)
    truth = judge.ask(path)
    try:
        ours, rows = ask(args, path, judge.rules, (1, 2, 3, 8)[number % 4])
    except (RuntimeError, KeyError, ValueError) as error:
        ours, rows = None, []
        complaints = [repr(error)]
    if ours is not None:
        found = list(itertools.islice(tshark.differences(truth, ours), 1000))
        if found:
            frame, what = found[0]
            complaints.append('frame %d: %s (and %s other frames differ)' % (
                frame, what, len(found) - 1 if len(found) < 1000 else 'at least 999'))
            complaints.append('  tshark   %s' % (truth.get(frame),))
            complaints.append('  tcpreuse %s' % (ours.get(frame),))
            streams = set((ours.get(frame) or truth.get(frame))[0])
            complaints += history(rows, frame, streams)
    if complaints:
        complaints.append('capture: %s' % path)
        complaints.append('repeat: run.py TCPREUSE TRACEGEN --case %s --seed %d --frames %d --segments 1' % (case, seed, args.frames))
    else:
        shutil.rmtree(directory)
    return sum(len(row[0]) for row in truth.values()), sum(row[2] or 0 for row in truth.values()), complaints


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('tcpreuse', type=os.path.abspath)
    parser.add_argument('tracegen', nargs='?', type=os.path.abspath)
    parser.add_argument('--segments', type=int, default=1200000)
    parser.add_argument('--frames', type=int, default=PIECE, help='of one piece')
    parser.add_argument('--seed', type=int, help='of the first piece; the next has the next')
    parser.add_argument('--case', choices=CASES, help='only this kind of traffic')
    parser.add_argument('--jobs', type=int, default=os.cpu_count())
    args = parser.parse_args()
    judge = tshark.Tshark()
    if not judge.rules:
        print('skipped: no judge (%s says no version that has rules); set TSHARK to a tshark' % ' '.join(judge.command))
        return 77
    if args.seed is None:
        args.seed = random.SystemRandom().randrange(1000000000)
    cases = [args.case] if args.case else [c for c in CASES if args.tracegen or not isinstance(CASES[c], str)]
    if judge.rules != '4.0' and not args.case:
        cases.remove('ftp')         # what is announced there counts only in 4.0
    print('tshark %s judges --rules %s; first seed %d' % (judge.version, judge.rules, args.seed))
    if judge.version.startswith('4.4') and not args.case:
        # Its last difference from 4.6: it wants 16 bytes of a TCP header, where 4.6, and so --rules 4.4, takes 14.
        cases = [c for c in cases if not c.startswith(('headers', 'hostile'))]
        print('without the traffic whose headers are cut: this tshark wants two more bytes of them than --rules 4.4')
    segments = reuses = pieces = different = 0
    with concurrent.futures.ThreadPoolExecutor(args.jobs) as pool:
        while segments < args.segments:
            # as many pieces as may still be needed, in whole rounds of the workers
            missing = max(1, (args.segments - segments) // args.frames)
            jobs = []
            for number in range(pieces, pieces + missing):
                case, seed = cases[number % len(cases)], args.seed + number
                jobs.append((case, seed, pool.submit(piece, args, judge, case, seed, number)))
            pieces += missing
            for case, seed, job in jobs:
                some, more, complaints = job.result()
                segments, reuses, different = segments + some, reuses + more, different + bool(complaints)
                print('%-14s seed %-10d %8d segments %7d reuses  %s' % (case, seed, some, more, 'DIFFERENT' if complaints else 'agree'))
                for line in complaints:
                    print('    ' + line)
                sys.stdout.flush()
            if not sum(job.result()[0] for _, _, job in jobs):
                print('no segment in the generated traffic')
                return 1
    print('%d segments in %d pieces, %d of them reuses that tshark shows: %s' % (
        segments, pieces, reuses, '%d pieces differ' % different if different else 'no difference'))
    return 1 if different else 0


if __name__ == '__main__':
    sys.exit(main())
