#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: kept.py TCPREUSE TRACEGEN [--all]

--mpi --state DIR: a job that has ended, by whatever, is started again with any number of ranks, reads only what is missing, and gives
the bytes of one run. What a rank cannot do ends the job with its message and status, and nothing looks complete then. --all: twenty
kills for each launcher, and every byte of a piece is changed once.
"""
import os
import random
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import hostile  # noqa: E402
import pcap  # noqa: E402
import program  # noqa: E402
from cuts import REPORTS, differences  # noqa: E402
from jobs import RANK, Job  # noqa: E402


class Kept:
    """A directory of pieces, and one of reports."""

    def __init__(self, job, directory, paths):
        self.job, self.paths = job, paths
        self.root = tempfile.mkdtemp(dir=directory)
        self.pieces, self.out = (os.path.join(self.root, name) for name in ('pieces', 'out'))
        self.one = program.run(job.tcpreuse, paths, REPORTS)

    def arguments(self, *more):
        return ['--state', self.pieces, '-o', self.out, '--reports', ','.join(REPORTS), *more, *self.paths]

    def go(self, count, launcher=None, *more):
        command = [self.job.tcpreuse, '--mpi', '-j1', *self.arguments(*more)]
        return program.bare(self.job.command(count, command, launcher), env=self.job.environment)

    def shell(self, count, script, launcher=None):
        return self.job.shell(count, script, self.arguments(), launcher)

    def same(self, result):
        """Complaints about reports that are not those of one run."""
        for name in REPORTS:
            path = os.path.join(self.out, program.NAMES[name])
            if os.path.exists(path):
                with open(path, 'rb') as file:
                    result.reports[name] = file.read()
        return differences(self.one, result)

    def names(self):
        return sorted(os.listdir(self.pieces)) if os.path.isdir(self.pieces) else []

    def whole(self):
        """Pieces with their own names."""
        return [name for name in self.names() if name.endswith('.piece')]

    def left(self):
        """What looks like a report."""
        there = os.listdir(self.out) if os.path.isdir(self.out) else []
        return ['%s is there' % name for name in there if not name.startswith('.') and program.PART not in name]


def said(result, status, *words):
    missing = [word for word in words if word.encode() not in result.err]
    return [] if result.status == status and not missing else ['expected %d and %s: %s' % (status, missing, result.describe())]


def test_again(tap, job, directory, paths):
    kept = Kept(job, directory, paths)
    first = kept.go(2)
    tap.ok('two ranks', kept.same(first) + said(first, 0, ', of which 0 were there'))
    count = len(kept.whole())
    tap.ok('there are some pieces', [] if count > 3 and kept.names() == kept.whole() else [str(kept.names())])
    os.remove(os.path.join(kept.pieces, kept.whole()[1]))
    shutil.rmtree(kept.out)
    again = kept.go(5)
    tap.ok('five ranks, when a piece is missing', kept.same(again) + said(again, 0, '%d pieces, of which %d were there' % (count, count - 1)))
    with open(paths[0], 'ab') as file:
        file.write(pcap.record(2 * 10 ** 9, bytes(60)))
    kept.one = program.run(job.tcpreuse, paths, REPORTS)
    grown = kept.go(3)
    tap.ok('an input that has changed', kept.same(grown) + said(grown, 0, ', of which 0 were there'))
    nowhere = Kept(job, directory, paths + ['/nowhere.pcap'])
    for turn in ('at first', 'again'):
        result = nowhere.go(2)
        tap.ok('an input that is not there, ' + turn, nowhere.same(result) + said(result, 2, '/nowhere.pcap'))


def test_kills(tap, job, directory, path, kills):
    rng = random.Random(3)
    for name in sorted(job.launchers):
        kept, complaints, killed, made = Kept(job, directory, [path]), [], 0, set()
        for turn in range(kills):
            victim, ranks = rng.randrange(3), rng.choice((3, 4))
            script = 'test %s -ne %d || { (sleep %.3f; kill -9 $$) & }' % (RANK, victim, 0.05 + rng.random() * 0.5)
            result = kept.shell(ranks, script, name)
            killed += result.status != 0
            if result.status and any('summary' in name for name in kept.left()):
                # It comes last, and speaks for all reports: these are whole, since the kill came late, or a job before was done.
                complaints += ['turn %d: %s' % (turn, c) for c in kept.same(program.Result([], 0, b'', b'', {}))]
            lost = made - set(kept.whole())
            complaints += ['turn %d: %s is gone' % (turn, piece) for piece in lost]
            made = set(kept.whole())
            if turn % 5 == 4 and turn + 1 < kills:      # or it would be done soon
                shutil.rmtree(kept.pieces, ignore_errors=True)
                shutil.rmtree(kept.out, ignore_errors=True)
                made = set()
        last = kept.go(2, name)
        tap.ok('%s: ranks that are killed, %d times of %d, and started again' % (name, killed, kills), complaints + kept.same(last) +
               (['%s is left' % n for n in kept.names() if program.PART in n]))


def writes_files(job, name):
    """Does the launcher's own MPI write files, so that a job without room for any fails by itself? MPICH and Open MPI 5 do."""
    version = re.search(r'\d+', program.bare(job.launchers[name][:1] + ['--version']).out.decode())
    return name != 'Open MPI' or not version or int(version[0]) >= 5


def test_faults(tap, job, directory, path, everything):
    for name in sorted(job.launchers):
        if writes_files(job, name):
            tap.skip('%s: no room for what a rank writes' % name, 'it writes files of its own, and fails by itself')
        for rank in () if writes_files(job, name) else (0, 1):
            kept = Kept(job, directory, [path])
            full = kept.shell(3, "test %s -ne %d || { trap '' XFSZ; ulimit -f 0; }" % (RANK, rank), name)
            tap.ok('%s: no room for what rank %d writes' % (name, rank), said(full, 3, 'cannot write', *([] if not rank else ['rank 1 on '])) +
                   kept.left())
            tap.ok('%s: and some again' % name, kept.same(kept.go(2, name)))
        kept, away = Kept(job, directory, [os.path.basename(path)]), tempfile.mkdtemp(dir=directory)
        script = 'cd %s; test %s -ne 1 || cd %s' % tuple(shlex.quote(a) if a != RANK else a for a in (os.path.dirname(path), RANK, away))
        tap.ok('%s: an input that a rank lacks' % name, said(kept.shell(3, script, name), 2, 'rank 1 on ', os.path.basename(path)) + kept.left())
        kept = Kept(job, directory, [path])
        kept.go(2, name)
        piece = os.path.join(kept.pieces, kept.whole()[1])
        with open(piece, 'r+b') as file:
            file.seek(os.path.getsize(piece) // 2)
            byte = file.read(1)
            file.seek(-1, os.SEEK_CUR)
            file.write(bytes([byte[0] ^ 1]))
        shutil.rmtree(kept.out)
        tap.ok('%s: a damaged piece' % name, said(kept.go(2, name), 2, piece, 'remove it') + kept.left())
        os.remove(piece)
        tap.ok('%s: and without it' % name, kept.same(kept.go(3, name)))
    tap.ok('no directory', said(Kept(job, directory, [path]).go(2, None, '--state', '/proc/nowhere'), 3, '/proc/nowhere'))
    if not everything:
        return tap.skip('every byte of a piece', 'takes a minute: --all')
    small = program.write(directory, 'small.pcap', hostile.pcap(5, 12))
    piece, wrong = os.path.join(directory, 'small.piece'), []
    program.bare([job.tcpreuse, '-q', '--piece', '1/1', '-o', piece, small])
    with open(piece, 'rb') as file:
        data = file.read()
    for at in range(len(data)):
        bad = program.write(directory, 'bad.piece', data[:at] + bytes([data[at] ^ (1 + at % 255)]) + data[at + 1:])
        result = program.bare([job.tcpreuse, '-q', '--combine', bad])
        if result.status != 2 or bad.encode() not in result.err or result.out:
            wrong.append('byte %d: %s' % (at, result.describe()))
    tap.ok('each of the %d bytes of a piece, changed' % len(data), wrong[:5])


def main():
    tcpreuse, tracegen = (os.path.abspath(path) for path in sys.argv[1:3])
    tap, everything = program.Tap(), '--all' in sys.argv
    with tempfile.TemporaryDirectory(prefix='tcpreuse-kept-') as directory:
        job = Job(tcpreuse, directory)
        if not job.launchers:
            tap.skip('ranks', 'no launcher of Open MPI or MPICH, or the build has no part for it')
            return tap.done()
        path = os.path.join(directory, 'long.pcap')
        subprocess.run([tracegen, '--frames', '150000', '--flows', '2000', '--size', '90', '--reuse', '40', '--seed', '5', '-w', path],
                       check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        records = list(pcap.records(hostile.pcap(6, 4000)))
        paths = [pcap.write(os.path.join(directory, 'set%d.pcap' % i), records[i * 2000:i * 2000 + 2000]) for i in range(2)]
        test_again(tap, job, directory, paths[::-1])
        test_kills(tap, job, directory, path, 20 if everything else 2)
        test_faults(tap, job, directory, path, everything)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
