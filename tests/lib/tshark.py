# SPDX-License-Identifier: BSD-2-Clause
"""tshark as the judge of stream numbers, completeness and reuse.

The environment variable TSHARK names it; it may be a command of several words, such as `chroot DIR tshark`. Captures are
given to such a command on its standard input, because their path means nothing to it.
"""
import os
import re
import shlex
import shutil
import subprocess
import tempfile

FIELDS = ('frame.number', 'tcp.stream', 'tcp.completeness', 'tcp.analysis.reused_ports',
          # where a header is cut or impossible tshark decides a reuse and may then not get so far as to show it
          '_ws.malformed', '_ws.short', '_ws.unreassembled', 'tcp.bogus_header_length', 'tcp.short_segment', 'icmp.type', 'icmpv6.type')


class Tshark:
    """.command, .version (text), .rules: the generation that it judges. None of it is true when there is no tshark."""

    def __init__(self):
        self.command = shlex.split(os.environ.get('TSHARK', 'tshark'))
        self.version = self.rules = None
        # whatever the user of this machine prefers must not change the answer
        self.home = tempfile.TemporaryDirectory(prefix='tshark-home-')
        self.environment = dict(os.environ, HOME=self.home.name, XDG_CONFIG_HOME=self.home.name, LC_ALL='C')
        self.environment.pop('WIRESHARK_CONFIG_DIR', None)
        if not shutil.which(self.command[0]):
            return
        done = subprocess.run(self.command + ['--version'], env=self.environment, stdout=subprocess.PIPE,
                              stderr=subprocess.DEVNULL, stdin=subprocess.DEVNULL, text=True)
        match = re.search(r'^TShark .*?(\d+)\.(\d+)\.(\d+)', done.stdout, re.M)
        if match:
            self.version = '.'.join(match.groups())
            major, minor = int(match[1]), int(match[2])
            if (major, minor) in ((4, 0), (4, 2)):
                self.rules = '%d.%d' % (major, minor)
            elif (major, minor) >= (4, 4):
                self.rules = '4.4'

    @staticmethod
    def arguments():
        """What answer() reads is the output of the command with these."""
        return ['-n', '-T', 'fields', '-E', 'occurrence=a', '-E', 'aggregator=|'] + [word for field in FIELDS for word in ('-e', field)]

    def start(self, path):
        """A process whose standard output answer() reads."""
        command = self.command + self.arguments()
        with open(path, 'rb') as capture:
            several = len(self.command) > 1
            return subprocess.Popen(command + ['-r', '-' if several else path], env=self.environment,
                                    stdin=capture if several else subprocess.DEVNULL,
                                    stdout=subprocess.PIPE, stderr=subprocess.PIPE)

    @staticmethod
    def answer(output):
        """{frame: (streams, completenesses, number of reuses or None when it may be hidden)} with streams closed up."""
        frames = {}
        for line in output.decode().splitlines():
            part = line.split('\t')
            if part[1]:
                hidden = any(part[4:])
                frames[int(part[0])] = (tuple(int(s) for s in part[1].split('|')),
                                        tuple(int(c, 0) for c in part[2].split('|') if c),
                                        None if hidden else len(part[3].split('|')) if part[3] else 0)
        closed = {s: i for i, s in enumerate(sorted({s for row in frames.values() for s in row[0]}))}
        return {f: (tuple(closed[s] for s in row[0]), row[1], row[2]) for f, row in frames.items()}

    def ask(self, path):
        process = self.start(path)
        output, error = process.communicate()
        if process.returncode:
            raise RuntimeError('%s: %s' % (' '.join(self.command), error.decode(errors='replace').strip()))
        return self.answer(output)


def differences(judge, ours):
    """Yields (frame, what differs) where two answers differ."""
    for frame in sorted(judge.keys() | ours.keys()):
        a, b = judge.get(frame), ours.get(frame)
        if b is None:
            yield frame, 'no row; the judge has streams %s' % (a[0],)
        elif a is None:
            yield frame, 'a row of streams %s that the judge has not' % (b[0],)
        else:
            for what, x, y in zip(('stream', 'completeness', 'reused'), a, b):
                if x is not None and x != y:
                    yield frame, '%s %s, the judge says %s' % (what, y, x)
                    break
