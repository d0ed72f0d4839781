# SPDX-License-Identifier: BSD-2-Clause
"""A directory for one case: one that is followed, a state, reports; writers that are slow; followers, and what they say."""
import os
import signal
import struct
import subprocess
import threading
import time

import continued
import hostile
import pcap
import program
from continued import ALL

PATIENCE = 30       # s for what takes a second where there is a processor to be had


def traffic(seed, frames, step_us=20000):
    """Records of random segments on few tuples: many reuses, of which many wait for an answer."""
    return list(pcap.records(hostile.pcap(seed, frames, step_us=step_us)))


def pcap_blocks(records):
    """The file's header, and each record."""
    return [pcap.file_header()] + [pcap.record(r.time, r.data, r.length) for r in records]


def pcapng_blocks(records):
    """A section and an interface; each frame; behind them statistics, as dumpcap writes them."""
    def block(kind, body):
        body += bytes(-len(body) % 4)
        return struct.pack('<II', kind, len(body) + 12) + body + struct.pack('<I', len(body) + 12)
    begin = block(0x0a0d0d0a, struct.pack('<IHHq', 0x1a2b3c4d, 1, 0, -1)) + block(1, struct.pack('<HHI', 1, 0, 262144))
    frames = [block(6, struct.pack('<IIIII', 0, r.time // 1000 >> 32, r.time // 1000 & 0xffffffff, len(r.data), r.length) + r.data)
              for r in records]
    return [begin] + frames + [block(5, struct.pack('<III', 0, 0, 0))]


class Place(continued.Place):
    def __init__(self, tcpreuse):
        super().__init__(tcpreuse, 'follow')
        self.followed = self.path('in')
        os.mkdir(self.followed)

    def file(self, name):
        return os.path.join(self.followed, name)

    def write(self, name, records):
        return pcap.write(self.file(name), records)

    def command(self, *more):
        """A follower with a state."""
        return [self.tcpreuse, '-q', '--follow', self.followed, '--state', self.state, '-o', self.out, '--reports', ALL] + list(more)

    def finish(self, *more, status=0):
        """A follower that ends once it has nothing more to read: complaints."""
        result = program.bare(self.command('--idle-exit', '0.5', *more))
        return [] if result.status == status else ['the last run: ' + result.describe()]

    def same(self, status=0, inputs=None):
        """Complaints about reports that are not those of one run over all files."""
        out = self.path('one')
        result = program.bare([self.tcpreuse, '-q', '-j2', '-o', out, '--reports', ALL] + (inputs or [self.followed]))
        if result.status != status:
            return ['one run: ' + result.describe()]
        wanted, got = self.reports(out), self.reports(self.out)
        if wanted['reuse'].count(b'\n') < 5:
            return ['there is not much to compare']
        return ['%s: %s' % (name, program.first_difference(wanted[name], got[name])) for name in wanted if wanted[name] != got[name]]


class Follower:
    """A run under way, with its rows and messages so far."""

    def __init__(self, command):
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        self.out, self.err = bytearray(), bytearray()
        self.threads = [threading.Thread(target=self.read, args=pair, daemon=True)
                        for pair in ((self.process.stdout, self.out), (self.process.stderr, self.err))]
        for thread in self.threads:
            thread.start()

    @staticmethod
    def read(pipe, into):
        while True:
            data = os.read(pipe.fileno(), 65536)
            if not data:
                return
            into += data

    def wait_for(self, what, seconds=PATIENCE):
        """Waits until this is true; the seconds that it took, or None."""
        begin = time.monotonic()
        while time.monotonic() - begin < seconds:
            if what(self):
                return time.monotonic() - begin
            time.sleep(0.01)
        return None

    def rows(self):
        return max(self.out.count(b'\n') - 1, 0)

    def end(self, number=signal.SIGINT):
        """Sends the signal; the status."""
        if self.process.poll() is None:
            self.process.send_signal(number)
        try:
            status = self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            status = 'no answer to a signal'
        for thread in self.threads:
            thread.join(PATIENCE)
        self.process.stdout.close()
        self.process.stderr.close()
        return status


class Writer(threading.Thread):
    """Writes files one after the other, each in steps with pauses, as a capture program does."""

    def __init__(self, place, files, seconds, cut=True, rename=False):
        """files: pairs of name and blocks, each written in two to four steps that may cut blocks. seconds: for a file."""
        super().__init__(daemon=True)
        self.place, self.files, self.seconds, self.cut, self.rename = place, files, seconds, cut, rename
        self.start()

    def run(self):
        for name, blocks in self.files:
            data, steps = b''.join(blocks), 4
            path = self.place.file(name)
            with open(path + '.tmp' if self.rename else path, 'wb', buffering=0) as file:
                for i in range(steps):
                    begin, end = (len(data) * k // steps for k in (i, i + 1))
                    file.write(data[begin:end])
                    time.sleep(self.seconds / steps)
            if self.rename:
                os.rename(path + '.tmp', path)


def shares(records, count):
    """The records in so many parts."""
    return [records[len(records) * i // count:len(records) * (i + 1) // count] for i in range(count)]
