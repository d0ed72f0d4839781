#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: campaign.py TCPREUSE [--cases N] [--seconds S] [--seed N] [--recipe NAME] [--keep DIR] [--served]

Captures that nobody has seen: others damaged, cut, merged, converted, and put into tunnels (recipes.py, tunnels.py), each judged by
tshark: stream number, completeness and reuse of each segment have to be the same. A case is made from its seed alone, which is
printed with each difference, so `--seed N --cases 1` makes it again (of the same sources); --keep leaves its capture in DIR.

The sources are random traffic, and the captures below $TCPREUSE_CORPUS, without it those of examples/. $TSHARK names the judge
(tests/lib/tshark.py), whose version picks the rules; with --served it has served.c preloaded, and starts once. Skipped (77) without one, or without editcap, mergecap and text2pcap.
"""
import argparse
import collections
import os
import random
import re
import shutil
import socket
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import program  # noqa: E402
import recipes  # noqa: E402
import tshark  # noqa: E402

CRASH = 'it crashed'
# What is not to be mended: docs/conformance.md says why. A word of the case, and one of the judge; '' is any.
KNOWN = {
    'a judge that crashes': ('', CRASH),
    'the guess of a pseudowire': ('MPLS of Ethernet|MPLS in UDP of Ethernet|mpls_pw', ''),
    'L2TP from another port': ('L2TP.*(bytes|bits) changed', ''),
    'K12 text that is cut': ('as k12text; cut', 'expected a K12 packet that ends'),
    'Observer files of editcap 4.0': ('as observer', 'time information TLV length'),
    'addresses of H.245': ('h323.pcap', ''),
    'damaged compression': ('', 'cannot be decompressed'),
    'pcap variants, damaged or without a mark': ('as (rh6_1pcap|nokiapcap)|as (modpcap|suse6_3pcap); bits changed|random.*as suse6_3pcap', ''),
}
LARGEST = 300000        # bytes of a source: a case takes about a second
# What editcap writes and can hold TCP.
FORMATS = ('pcap', 'pcapng', 'nsecpcap', 'modpcap', 'nokiapcap', 'rh6_1pcap', 'suse6_3pcap', 'snoop', 'erf', 'netmon1', 'netmon2',
           'nettl', 'ngsniffer', 'ngwsniffer_1_1', 'ngwsniffer_2_0', 'observer', 'lanalyzer', 'visual', '5views', 'commview-ncf',
           'commview-ncfx', 'k12text', 'nstrace10', 'nstrace20', 'nstrace30', 'nstrace35')


def find_sources():
    root = os.environ.get('TCPREUSE_CORPUS')
    if not root:
        examples = os.path.join(HERE, '..', '..', 'examples')
        return sorted(os.path.join(examples, name) for name in os.listdir(examples) if name.endswith('.pcap'))
    found = []
    for directory, folders, names in os.walk(os.path.join(root, 'corpus')):
        folders.sort()
        found += [os.path.join(directory, name) for name in sorted(names)]
    return [path for path in found if 24 < os.path.getsize(path) <= LARGEST]


def make(case, rng, only):
    """Applies some recipes, and returns their names; what does not fit is left out."""
    names = [only] if only else rng.choices(list(recipes.RECIPES), [weight for _, weight in recipes.RECIPES.values()],
                                            k=rng.choice((1, 1, 2, 2, 3)))
    used = []
    for name in names:
        try:
            case.told.append(recipes.RECIPES[name][0](case))
            used.append(name)
        except (recipes.Unfit, struct.error):
            pass
    return used


def first_line(text):
    return text.split('\n')[0]


class Served:
    """A tshark that has served.c preloaded: it starts once, and answers for one capture after the other."""

    def __init__(self, judge):
        self.channel, other = socket.socketpair()
        with other:
            subprocess.Popen(judge.command + judge.arguments() + ['-r', '-'], stdin=other, env=judge.environment,
                             stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)

    def answer(self, path):
        """(standard output, status, standard error)"""
        with open(path, 'rb') as capture, tempfile.TemporaryFile() as output, tempfile.TemporaryFile() as error:
            socket.send_fds(self.channel, [b'.'], [file.fileno() for file in (capture, output, error)])
            status = self.channel.recv(4)
            if len(status) != 4:
                sys.exit('the judge does not serve; is served.c preloaded?')
            output.seek(0)
            error.seek(0)
            return output.read(), os.waitstatus_to_exitcode(struct.unpack('i', status)[0]), error.read()


def ask(judge, served, path):
    """(frames, status, what it says) as tshark.answer(). served: None, or the one that is asked."""
    if served:
        output, status, error = served.answer(path)
    else:
        process = judge.start(path)
        output, error = process.communicate()
        status = process.returncode
    output = output[:output.rfind(b'\n') + 1]
    return judge.answer(output), status, error.decode(errors='replace').strip()


def known(told, complaints):
    """The name of a known difference, or None."""
    for name, (case, says) in KNOWN.items():
        if re.search(case, told) and says in complaints[-1]:
            return name
    return None


def compare(tcpreuse, judge, served, path, threads):
    """(frames, reuses, complaints) of a capture."""
    result = program.run(tcpreuse, ['--rules', judge.rules, '-j', str(threads), path], ('packets', 'summary'), timeout=60)
    truth, status, says = ask(judge, served, path)
    if result.status not in (0, 2):
        return 0, 0, [result.describe()]
    if status < 0 or status > 127:
        return 0, 0, ['the judge: status %d' % status, CRASH]
    ours = {}
    for row in result.rows('packets') if 'packets' in result.reports else []:
        streams, completeness, reused = ours.get(int(row['frame']), ((), (), 0))
        ours[int(row['frame'])] = (streams + (int(row['stream']),), completeness + (int(row['completeness'], 0),),
                                   reused + int(row['reused']))
    read = result.summary()['frames']['read'] if 'summary' in result.reports else 0
    complaints = ['frame %d: %s' % difference for difference in tshark.differences(truth, ours)]
    if complaints:
        complaints = complaints[:1] + ['%d frames differ; tcpreuse: %s; tshark: %s' % (
            len(complaints), first_line(result.describe()), says[-200:])]
    elif result.status and not status and (truth or read):
        complaints = ['the judge reads all of it; ' + first_line(result.describe())]
    return read, sum(row[2] or 0 for row in truth.values()), complaints


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('tcpreuse', type=os.path.abspath)
    parser.add_argument('--cases', type=int, default=100)
    parser.add_argument('--seconds', type=float, default=1e9, help='begin no case later')
    parser.add_argument('--seed', type=int, help='of the first case; the next has the next')
    parser.add_argument('--recipe', choices=recipes.RECIPES, help='only this one')
    parser.add_argument('--keep', help='directory for captures that differ')
    parser.add_argument('--served', action='store_true', help='the judge has served.c preloaded')
    args = parser.parse_args()
    judge = tshark.Tshark()
    missing = [name for name in ('editcap', 'mergecap', 'text2pcap') if not shutil.which(name)]
    if not judge.rules or missing:
        print('skipped: ' + ('no ' + ', '.join(missing) if missing else 'no judge; set TSHARK to a tshark'))
        return 77
    if judge.version.startswith('4.4'):
        print('skipped: tshark %s wants two more bytes of a TCP header than --rules 4.4 does, and captures here are cut anywhere'
              % judge.version)
        return 77
    seed = random.SystemRandom().randrange(1 << 30) if args.seed is None else args.seed
    sources, begun = find_sources(), time.monotonic()
    print('tshark %s judges --rules %s; %d sources; first seed %d' % (judge.version, judge.rules, len(sources), seed))
    served = Served(judge) if args.served else None
    frames = reuses = used_sources = 0
    cases, different = collections.Counter(), collections.Counter()
    for number in range(seed, seed + args.cases):
        if time.monotonic() - begun > args.seconds:
            break
        rng = random.Random(number)
        if number % 50 == 0:
            print('... seed %d, %d frames, %d reuses' % (number, frames, reuses), flush=True)
        with tempfile.TemporaryDirectory(prefix='campaign-') as directory:
            case = recipes.Case(rng, directory, sources, FORMATS)
            used = make(case, rng, args.recipe)
            some, more, complaints = compare(args.tcpreuse, judge, served, case.path, (1, 2, 3, 8)[number % 4])
            frames, reuses, used_sources = frames + some, reuses + more, used_sources + case.sources_used
            cases.update(set(used) | {'all'})
            told = '; '.join(case.told)
            if complaints and known(told, complaints):
                cases['known: ' + known(told, complaints)] += 1
            elif complaints:
                different.update(set(used) | {'all'})
                print('seed %d: %s\n    %s' % (number, told, '\n    '.join(complaints)), flush=True)
                if args.keep:
                    shutil.copy(case.path, os.path.join(args.keep, str(number)))
    for name, count in sorted(cases.items()):
        print('%-8s %6d captures%s' % (name, count, '' if name.startswith('known') else ', %d differ' % different[name]))
    print('%d frames of %d sources, %d of them reuses that the judge shows' % (frames, used_sources, reuses))
    return 1 if different else 0


if __name__ == '__main__':
    sys.exit(main())
