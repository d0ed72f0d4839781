# SPDX-License-Identifier: BSD-2-Clause
"""Runs that go on where others ended: a directory for one case, and what reports are compared by."""
import json
import os
import shutil
import tempfile

# What is saved goes to the disk each time; in memory that costs nothing.
MEMORY = '/dev/shm' if os.access('/dev/shm', os.W_OK) else None
REPORTS = ('reuse', 'conversations', 'packets', 'episodes', 'endpoints')
ALL = ','.join(REPORTS + ('summary',))


class Place:
    """A directory with a state, and the reports of the runs that go on with it."""

    def __init__(self, tcpreuse, suite):
        self.tcpreuse, self.root = tcpreuse, tempfile.mkdtemp(prefix='tcpreuse-%s-' % suite, dir=MEMORY)
        self.out, self.state = self.path('out'), self.path('run.state')
        self.compared = REPORTS

    def path(self, name):
        return os.path.join(self.root, name)

    def close(self):
        shutil.rmtree(self.root, ignore_errors=True)

    def reports(self, out):
        """Those in a directory that are compared, and the summary: of that, what does not depend on how a run came to its end."""
        got = {}
        for name in self.compared:
            with open(os.path.join(out, name + '.csv'), 'rb') as file:
                got[name] = file.read()
        with open(os.path.join(out, 'summary.json'), 'rb') as file:
            summary = json.load(file)
        for part in ('performance', 'input', 'tcpreuse'):
            summary.pop(part)
        got['summary'] = json.dumps(summary, indent=1).encode()
        return got
