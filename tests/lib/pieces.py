# SPDX-License-Identifier: BSD-2-Clause
"""Runs of --piece and --combine, and what differs from one run over all inputs."""
import concurrent.futures
import os

import program
from cuts import REPORTS, differences


class Pieces:
    def __init__(self, tcpreuse, directory):
        self.tcpreuse, self.directory, self.number = tcpreuse, directory, 0

    def name(self):
        self.number += 1
        return os.path.join(self.directory, '%d.piece' % self.number)

    def make(self, arguments, index, count, path=None):
        path = path or self.name()
        return path, program.bare([self.tcpreuse, '--piece', '%d/%d' % (index, count), '-o', path, '-q'] + list(arguments))

    def split(self, arguments, count):
        """The files of all pieces, and what was wrong."""
        files = [self.name() for _ in range(count)]
        with concurrent.futures.ThreadPoolExecutor(2) as pool:
            results = list(pool.map(lambda i: self.make(arguments, i + 1, count, files[i])[1], range(count)))
        return files, ['piece %d: %s' % (i + 1, r.describe()) for i, r in enumerate(results) if r.status not in (0, 2)]

    def compare(self, arguments, count, reports=REPORTS, more=(), one=None):
        """Complaints: what differs from one run, which may have been made before. more: for the run that reports."""
        one = one or program.run(self.tcpreuse, list(arguments) + list(more), reports)
        files, complaints = self.split(arguments, count)
        if complaints:
            return complaints
        complaints = differences(one, program.run(self.tcpreuse, ['--combine'] + list(more) + files[::-1], reports))
        for path in files:
            os.remove(path)
        return complaints
