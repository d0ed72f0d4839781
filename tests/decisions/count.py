#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: count.py BUILD [--fill CASE...]

Do the cases of decisions.txt show what they are listed for? BUILD was compiled by gcc 14 or later with --coverage,
-fcondition-coverage and -DCOUNT_CONDITIONS, as scripts/coverage.sh --conditions does. Each case runs alone; then the conditions
whose outcomes none of a decision's cases shows have to be as many as its entry says. A decision that the compiler sees and
source.py does not is an error.

--fill takes the cases that are listed, and those that are named, of which SUITE/ means all of that suite, and writes into the list,
for each decision, the fewest that show as much as all do.
"""
import argparse
import concurrent.futures
import glob
import gzip
import json
import os
import re
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
import listed  # noqa: E402
import source  # noqa: E402

OBJECTS = ('conversations_table', 'conversations_shard', 'conversations_shard_rules', 'pipeline_settle', 'pipeline_settle_fragments',
           'pipeline_settle_ftp')


def objects(build, case, folder):
    """What gcov is asked about after a case, below folder: the engine's own, and that of the test, which has the headers'
    functions. Beside each lies what gcov needs from the build."""
    suite = case.split('/')[0]
    names = ['/engine/libengine.a.p/%s.c' % name for name in OBJECTS] + ['/tests/unit/unit_%s.p/%s.c' % (suite, suite)]
    found = [folder + build + name for name in names if os.path.exists(folder + build + name + '.gcda')]
    for path in found:
        os.symlink(path[len(folder):] + '.gcno', path + '.gcno')
    return [path + '.gcda' for path in found]


def command_of(build, case):
    suite, name = case.split('/')
    if suite == 'scenario':
        return [sys.executable, os.path.join(ROOT, 'tests/scenario/run.py'), os.path.join(build, 'tcpreuse'), name]
    if suite == 'allocation':
        return [os.path.join(build, 'tests/unit/allocation'), name]
    if suite == 'stress':
        return [os.path.join(build, 'tests/stress/stress'), name, '5']
    return [os.path.join(build, 'tests/unit/unit_' + suite), '-j1', '--tap=-', '--filter', case]


def run_case(build, case, folder):
    done = subprocess.run(command_of(build, case), stdout=subprocess.PIPE, stderr=subprocess.STDOUT, cwd=build,
                          env=dict(os.environ, GCOV_PREFIX=folder))
    if done.returncode or b'1..0' in done.stdout:
        raise SystemExit('%s: no such case, or it fails:\n%s' % (case, done.stdout.decode(errors='replace')))


class Missed:
    """What a case leaves unshown: for (file, line), the set of outcomes (which decision of the line, condition, outcome)."""

    def __init__(self):
        self.lines = {}

    def add(self, place, outcomes):
        """Of two copies of an inline function, or two runs, what neither shows."""
        self.lines[place] = self.lines[place] & outcomes if place in self.lines else set(outcomes)

    def merge(self, other):
        for place, outcomes in other.lines.items():
            self.add(place, outcomes)


def read_gcov(build, files):
    """Missed, from what gcov says of these objects."""
    missed = Missed()
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(['gcov', '--conditions', '--json-format', '--hash-filenames'] + files, cwd=folder, check=True,
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        for path in glob.glob(folder + '/*.json.gz'):
            with gzip.open(path) as packed:
                text = json.load(packed)
            for file in text['files']:
                name = os.path.relpath(os.path.join(build, file['file']), ROOT)
                if name in listed.FILES:
                    read_file(missed, name, file)
    return missed


def read_file(missed, name, file):
    for line in file['lines']:
        outcomes = set()
        for i, decision in enumerate(line.get('conditions', [])):
            outcomes |= {(i, n, True) for n in decision['not_covered_true']}
            outcomes |= {(i, n, False) for n in decision['not_covered_false']}
        if line.get('conditions'):
            missed.add((name, line['line_number']), outcomes)


def measure(build, case):
    with tempfile.TemporaryDirectory() as folder:
        run_case(build, case, folder)
        missed = read_gcov(build, objects(build, case, folder))
    print(case, file=sys.stderr, flush=True)
    return missed


def cases_of(build, name):
    """The case, or those of the suite."""
    suite, case = name.split('/')
    if case:
        return [name]
    if suite == 'scenario':
        paths = glob.glob(ROOT + '/tests/scenario/*/scenario.txt')
        return ['scenario/' + os.path.basename(os.path.dirname(path)) for path in sorted(paths)]
    with tempfile.TemporaryDirectory() as folder:
        names = subprocess.run(['%s/tests/unit/unit_%s' % (build, suite), '--list'], stdout=subprocess.PIPE, check=True,
                               env=dict(os.environ, GCOV_PREFIX=folder)).stdout.decode()
    return ['%s/%s' % (suite, name) for name in re.findall(r'─ (\w+)', names)]


def unshown(cases, measured, places):
    """How many outcomes of the decision's lines none of the cases shows; None: the compiler sees no condition there."""
    total = Missed()
    for case in cases:
        total.merge(measured[case])
    there = [total.lines[p] for p in places if p in total.lines]
    return sum(map(len, there)) if there else None


def fewest(measured, places):
    """The fewest cases, found greedily, that show as much as all of them."""
    chosen, best, goal = [], None, unshown(measured, measured, places)
    while best is None or best > goal:
        tried = {case: unshown(chosen + [case], measured, places) for case in measured}
        tried = {case: n for case, n in tried.items() if n is not None}
        case = min(tried, key=tried.get)
        chosen.append(case)
        best = tried[case]
    return chosen, goal


def check_seen(there, measured):
    """What the compiler takes for a decision where source.py sees none."""
    spans = {(d.file, line) for d in there for line in range(d.first, d.last + 1)}
    seen = {place for m in measured.values() for place in m.lines}
    return ['%s:%d: a decision that source.py does not see' % place for place in sorted(seen - spans)]


def fill(entries, places, measured):
    filled = {}
    for key in places:
        entry = filled[key] = entries.get(key, listed.Entry())
        entry.branchless = unshown(measured, measured, places[key]) is None
        entry.cases, entry.open = ([], 0) if entry.branchless else fewest(measured, places[key])
    listed.write(filled)
    return filled


def check(entries, places, measured):
    for key in places:
        entry = entries.get(key, listed.Entry())
        if entry.branchless:
            if unshown(measured, measured, places[key]) is not None:
                yield '%s, %s: %s: has a branch' % key[:3]
            continue
        found = unshown(entry.cases or measured, measured, places[key])
        if found != entry.open:
            yield '%s, %s: %s: %s outcomes not shown instead of %d' % (key[0], key[1], key[2], found, entry.open)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('build')
    parser.add_argument('--fill', action='store_true')
    parser.add_argument('cases', nargs='*')
    options = parser.parse_args()
    build = os.path.abspath(options.build)
    there = [d for file in listed.FILES for d in source.decisions(ROOT, file)]
    places = {key: [(d.file, line) for line in range(d.first, d.last + 1)] for key, d in zip(listed.keys(there), there)}
    entries = listed.read()
    wanted = {case for e in entries.values() for case in e.cases}
    for name in options.cases:
        wanted.update(cases_of(build, name))
    wanted = sorted(wanted)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        measured = dict(zip(wanted, pool.map(lambda case: measure(build, case), wanted)))
    complaints = check_seen(there, measured)
    if options.fill:
        entries = fill(entries, places, measured)
    else:
        complaints += check(entries, places, measured)
    for line in complaints:
        print(line)
    print('%d decisions, %d cases, %d outcomes of conditions not shown, of which the list says why' %
          (len(places), len(wanted), sum(e.open for e in entries.values())))
    return 1 if complaints else 0


if __name__ == '__main__':
    sys.exit(main())
