# SPDX-License-Identifier: BSD-2-Clause
"""Runs by the ranks of an MPI job, and what differs from one run over all inputs."""
import os
import shutil
import tempfile

import program
from cuts import REPORTS, differences

RANKS = (1, 2, 3, 5, 8)
RANK = '${OMPI_COMM_WORLD_RANK:-$PMI_RANK}'     # in a shell that a launcher starts
# Open MPI runs as root only if it is asked to, and wants a processor a rank.
LAUNCHERS = {'Open MPI': ['mpirun.openmpi', '--allow-run-as-root', '--oversubscribe'], 'MPICH': ['mpirun.mpich']}


def launchers(tcpreuse):
    """Those that are there and that the build has a part for, by name."""
    version = program.bare([tcpreuse, '--version']).out.decode()
    built = next(line for line in version.splitlines() if line.startswith('MPI: '))
    return {name: command for name, command in LAUNCHERS.items() if name in built and shutil.which(command[0])}


class Job:
    """Starts ranks: each test that does not ask for a launcher takes the next one in turn."""

    def __init__(self, tcpreuse, directory):
        self.tcpreuse, self.directory, self.turn = tcpreuse, directory, 0
        self.launchers = launchers(tcpreuse)
        self.environment = dict(os.environ, TMPDIR=directory)
        self.sent = 0       # bytes, by all ranks of all jobs

    def next(self):
        self.turn += 1
        return sorted(self.launchers)[self.turn % len(self.launchers)]

    def command(self, count, program_, launcher=None):
        return self.launchers[launcher or self.next()] + ['-n', str(count)] + program_

    def shell(self, count, script, arguments, launcher=None):
        """Ranks that begin as a shell with this script, which ends with `exec "$@"`."""
        program_ = ['sh', '-c', script + '; exec "$@"', 'sh', self.tcpreuse, '--mpi', '-q', '-j1'] + arguments
        return program.bare(self.command(count, program_, launcher), env=self.environment)

    def run(self, arguments, count, reports, launcher=None):
        """With -o into a directory of its own, as program.run()."""
        out = tempfile.mkdtemp(dir=self.directory)
        command = self.command(count, [self.tcpreuse, '--mpi', '-o', out, '--reports', ','.join(reports)] + arguments, launcher)
        result = program.bare(command, env=self.environment)
        for report in reports:
            path = os.path.join(out, program.NAMES[report])
            if os.path.exists(path):
                with open(path, 'rb') as file:
                    result.reports[report] = file.read()
        shutil.rmtree(out)
        return result

    def compare(self, arguments, counts=(3,), reports=REPORTS, launcher=None, one=None):
        """Complaints: what differs from one run, which may have been made before."""
        one, complaints = one or program.run(self.tcpreuse, arguments, reports), []
        for count in counts:
            done = self.run(arguments, count, reports, launcher)
            complaints += ['%d ranks: %s' % (count, c) for c in differences(one, done)]
            ranks = done.summary()['ranks'] if 'summary' in done.reports else []
            if len(ranks) != count:
                complaints.append('%d ranks: summary.json has %d' % (count, len(ranks)))
            self.sent += sum(rank['sent'] for rank in ranks)
        return complaints
