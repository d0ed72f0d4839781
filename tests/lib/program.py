# SPDX-License-Identifier: BSD-2-Clause
"""Runs tcpreuse and reads what it wrote; TAP output."""
import csv
import io
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile

REPORTS = ('reuse', 'conversations', 'packets', 'summary')
NAMES = {'reuse': 'reuse.csv', 'conversations': 'conversations.csv', 'packets': 'packets.csv', 'episodes': 'episodes.csv',
         'endpoints': 'endpoints.csv', 'summary': 'summary.json'}
PART = '.tcpreuse-part'     # behind the name of a file that is still written
RULES = ('4.0', '4.2', '4.4')


class Result:
    """One run: status, out and err (bytes), reports by name (bytes, of those that were written)."""

    def __init__(self, command, status, out, err, reports):
        self.command, self.status, self.out, self.err, self.reports = command, status, out, err, reports

    def rows(self, report):
        return list(csv.DictReader(io.StringIO(self.reports[report].decode())))

    def summary(self):
        return json.loads(self.reports['summary'])

    def describe(self):
        status = 'killed by ' + signal.Signals(-self.status).name if self.status < 0 else 'exit %d' % self.status
        text = self.err.decode(errors='replace').strip()
        return status + (': ' + text[-400:] if text else ', nothing on standard error')


def run(program, arguments, reports=REPORTS, timeout=120, **more):
    """Runs the program with -o into a directory of its own."""
    out = tempfile.mkdtemp(prefix='tcpreuse-test-')
    try:
        command = [program, '-o', out, '--reports', ','.join(reports)] + [str(a) for a in arguments]
        result = bare(command, timeout, **more)
        for report in reports:
            path = os.path.join(out, NAMES[report])
            if os.path.exists(path):
                with open(path, 'rb') as file:
                    result.reports[report] = file.read()
        return result
    finally:
        shutil.rmtree(out, ignore_errors=True)


def bare(command, timeout=120, **more):
    """Runs a command as it stands. A command that hangs counts as killed by SIGALRM."""
    more.setdefault('stdin', subprocess.DEVNULL)
    more.setdefault('stdout', subprocess.PIPE)
    try:
        done = subprocess.run(command, stderr=subprocess.PIPE, timeout=timeout, **more)
    except subprocess.TimeoutExpired as late:
        return Result(command, -signal.SIGALRM, b'', (late.stderr or b'') + b'\n(no answer in %d s)' % timeout, {})
    return Result(command, done.returncode, done.stdout or b'', done.stderr, {})


def conservation(summary):
    """summary.json's account of the frames: {'read': all of them, and where each of them went}."""
    frames = json.loads(summary)['frames']
    return {place: frames[place] for place in ('read', 'with_tcp', 'without_tcp', 'truncated', 'malformed', 'unsupported', 'ignored')}


class Tap:
    """Test Anything Protocol. ok() with a list of complaints: none means ok."""

    def __init__(self):
        self.number, self.failed = 0, 0

    def ok(self, name, complaints=()):
        self.number += 1
        self.failed += bool(complaints)
        print('%s %d - %s' % ('not ok' if complaints else 'ok', self.number, name))
        for complaint in complaints:
            for line in str(complaint).splitlines():
                print('#   ' + line)
        sys.stdout.flush()

    def skip(self, name, why):
        self.number += 1
        print('ok %d - %s # SKIP %s' % (self.number, name, why))

    def done(self):
        """The plan comes last; returns the exit status."""
        print('1..%d' % self.number)
        return 1 if self.failed else 0


def write(directory, name, data):
    path = os.path.join(directory, name)
    with open(path, 'wb') as file:
        file.write(data)
    return path


def first_difference(a, b):
    """Where two reports differ, as a line to read."""
    for i, (left, right) in enumerate(zip(a.splitlines(), b.splitlines()), 1):
        if left != right:
            return 'line %d: %s\n      not %s' % (i, right.decode(errors='replace'), left.decode(errors='replace'))
    return '%d bytes, not %d' % (len(b), len(a))
