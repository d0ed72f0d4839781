#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: live.py TCPREUSE

Pipes that go on, interrupts, terminals, and readers that leave. Rows come soon after their frames, however slow the pipe; what
"soon" is allows for a busy machine.
"""
import fcntl
import os
import pty
import re
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import capture  # noqa: E402
import program  # noqa: E402

# each frame but the first is a reuse
FRAMES = '\n'.join(['name: C 10.0.0.1:40000', 'name: S 10.0.0.2:5001']
                   + ['%d.000 C > S S seq %d' % (i, 1000 * i) for i in range(1, 13)])
SOON = 20       # s; a pipe that is held back until its end fails whatever this is, since its end comes later
AT_ONCE = '--verdicts', 'off'   # rows wait for no answer, which these frames do not have
THREADS = '1', '2', '4'


class Run:
    """A run on a pipe that the test writes. Its standard output is gathered as it comes."""

    def __init__(self, *command, **more):
        command = [command[0], *AT_ONCE, *command[1:]]
        self.process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, **more)
        self.out, self.thread = b'', threading.Thread(target=self.gather, daemon=True)
        self.thread.start()

    def gather(self):
        for piece in iter(lambda: os.read(self.process.stdout.fileno(), 65536), b''):
            self.out += piece

    def write(self, data):
        self.process.stdin.write(data)
        self.process.stdin.flush()

    def rows_come(self, lines):
        end = time.monotonic() + SOON
        while self.out.count(b'\n') < lines and time.monotonic() < end:
            time.sleep(0.01)
        return self.out.count(b'\n') == lines

    def end(self, close=True):
        if close:
            self.process.stdin.close()
        status = self.process.wait(SOON)
        self.thread.join(SOON)
        return status, self.process.stderr.read().decode()


def slow_pipes(tcpreuse, tap, data, at, whole):
    """Frames in four pieces: rows of a piece are there before the next is written."""
    cuts = [0, at[3], at[6] + 9, at[9], len(data)]
    rows = [3, 6, 9, len(whole.splitlines())]       # with the header line
    for threads in THREADS:
        for packed in False, True:
            run, complaints = Run(tcpreuse, '-q', '-j', threads, '-'), []
            pack = zlib.compressobj(9, zlib.DEFLATED, 31)
            for begin, end, lines in zip(cuts, cuts[1:], rows):
                piece = data[begin:end]
                run.write(pack.compress(piece) + pack.flush(zlib.Z_SYNC_FLUSH) if packed else piece)
                if not run.rows_come(lines):
                    complaints.append('%d lines of %d after %d bytes' % (run.out.count(b'\n'), lines, end))
            if packed:
                run.write(pack.flush())
            status, error = run.end()
            complaints += ['exit %d, %s' % (status, error)] if status or error else []
            complaints += ['other rows'] if run.out != whole else []
            tap.ok('a slow pipe%s, %s threads' % (', gzip' if packed else '', threads), complaints)


def ready(run):
    """The first rows have come, so signals are handled."""
    return [] if run.rows_come(3) else ['no rows']


def interrupts(tcpreuse, tap, data, at, whole):
    for threads in THREADS:
        run = Run(tcpreuse, '-j', threads, '-')
        run.write(data[:at[3]])
        complaints = ready(run)
        run.process.send_signal(signal.SIGINT)
        run.write(data[at[3]:])
        status, error = run.end()
        complaints += ['exit %d' % status] if status != 130 else []
        complaints += ['%d lines' % run.out.count(b'\n')] if run.out != whole else []
        complaints += [error] if 'not read' in error or 'interrupted after %s bytes' % format(len(data), ',') not in error else []
        tap.ok('an interrupt, and a writer that ends, %s threads' % threads, complaints)
        for signals in 1, 2:
            run = Run(tcpreuse, '-q', '-j', threads, '-')
            run.write(data[:at[3]])
            complaints = ready(run)
            for i in range(signals):
                time.sleep(0.3 * i)
                run.process.send_signal(signal.SIGINT)
            status, error = run.end(close=False)
            run.process.stdin.close()
            complaints += ['exit %d' % status] if status != 130 else []
            said = 'standard input: interrupted, not read to its end after %d bytes' % at[3]
            complaints += [error] if said not in error else []
            tap.ok('%d interrupts, and a writer that goes on, %s threads' % (signals, threads), complaints)


def readers(tcpreuse, tap, data, at):
    for threads in THREADS:
        run = subprocess.Popen([tcpreuse, *AT_ONCE, '-j', threads, '-'], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        try:
            run.stdin.write(data[:at[3]])
            run.stdin.flush()
            run.stdout.readline()
            run.stdout.close()
            run.stdin.write(data[at[3]:])
            run.stdin.close()
        except BrokenPipeError:
            pass
        status, error = run.wait(SOON), run.stderr.read()
        complaints = ['exit %d' % status] if status != -signal.SIGPIPE else []
        complaints += [repr(error)] if error else []
        tap.ok('a reader that leaves, %s threads' % threads, complaints)


def on_terminal(command, columns, data):
    """What a terminal of so many columns gets, of standard output and error."""
    master, slave = pty.openpty()
    fcntl.ioctl(slave, termios.TIOCSWINSZ, struct.pack('HHHH', 24, columns, 0, 0))
    command = [command[0], *AT_ONCE, *command[1:]]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=slave, stderr=slave)
    os.close(slave)

    def feed():
        for i in range(0, len(data), 200):
            process.stdin.write(data[i:i + 200])
            process.stdin.flush()
            time.sleep(0.4)
        process.stdin.close()

    feeder, out = threading.Thread(target=feed, daemon=True), b''
    feeder.start()
    try:
        for piece in iter(lambda: os.read(master, 65536), b''):
            out += piece
    except OSError:     # the other side is closed
        pass
    os.close(master)
    feeder.join(SOON)
    return process.wait(SOON), out.decode().replace('\r\n', '\n')


def terminals(tcpreuse, tap, data, whole):
    status, out = on_terminal([tcpreuse, '--format', 'csv', '-'], 80, data)
    complaints = [repr(out)] if status or '\r' in out or not out.startswith(whole.decode()) else []
    tap.ok('rows on a terminal, without progress', complaints)
    for columns in 40, 120:
        status, out = on_terminal([tcpreuse, '--format', 'csv', '--progress', 'always', '-'], columns, data)
        shown = re.findall('\r([^\r\x1b]+)\x1b\\[K', out)
        kept = re.sub('\r[^\r\x1b\n]*\x1b\\[K', '', out)
        complaints = ['no progress'] if not any('MB/s' in line for line in shown) else []
        complaints += [repr(line) for line in shown if len(line) >= columns]
        complaints += [repr(out)] if status or not kept.startswith(whole.decode()) else []
        # what stands on a line when rows begin has been erased
        complaints += ['glued: %r' % line for line in out.split('\n') if re.search('\x1b\\[K.*[^\r]\x1b\\[K[0-9]', line)]
        tap.ok('rows and progress on a terminal of %d columns' % columns, complaints)
    whole = on_terminal([tcpreuse, '-q', '-'], 120, data)[1]
    status, out = on_terminal([tcpreuse, '-q', '--progress', 'auto', '-'], 120, data)
    tap.ok('a listing on a terminal, without progress', [repr(out)] if status or '\r' in out or out != whole or len(out) < 500 else [])
    status, out = on_terminal([tcpreuse, '--progress', 'always', '-'], 120, data)
    kept = re.sub('\r[^\r\x1b\n]*\x1b\\[K', '', out)
    complaints = [] if '\r' in out and kept.startswith(whole) and not status else [repr(out)]
    tap.ok('a listing and progress on a terminal', complaints)


def main():
    tcpreuse = os.path.abspath(sys.argv[1])
    scenario = capture.Scenario(FRAMES).files[0][1]
    data, at, tap = scenario.data(), scenario.boundaries(), program.Tap()
    with tempfile.TemporaryDirectory(prefix='live-') as directory:
        whole = program.bare([tcpreuse, *AT_ONCE, '-q', program.write(directory, 'whole.pcap', data)]).out
    slow_pipes(tcpreuse, tap, data, at, whole)
    interrupts(tcpreuse, tap, data, at, whole)
    readers(tcpreuse, tap, data, at)
    terminals(tcpreuse, tap, data, whole)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
