#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: service.py TCPREUSE UNIT

What a service manager is told, and whether systemd takes the unit, and calls it safe.
"""
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import program  # noqa: E402

EXAMPLE = os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', '..', 'examples', 'verdicts.pcap')
BEAT = 0.3      # seconds that the manager allows
EXPOSURE = 25   # tenths, of `systemd-analyze security`: what it calls OK begins at 20, and unsafe services have 96


class Manager:
    """The socket of a service manager, and a run of the program that reads a pipe."""

    def __init__(self, tcpreuse, name, **more):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(name.replace('@', '\0'))
        self.socket.settimeout(5)
        environment = dict(os.environ, NOTIFY_SOCKET=name, **more)
        self.process = subprocess.Popen([tcpreuse, '-q', '-'], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        env=environment)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        if self.process.poll() is None:
            self.process.kill()
        self.process.communicate()
        self.socket.close()

    def hear(self, seconds=5.0):
        """The next message, or None."""
        self.socket.settimeout(seconds)
        try:
            return self.socket.recv(4096).decode()
        except (socket.timeout, BlockingIOError):
            return None

    def end(self):
        with open(EXAMPLE, 'rb') as stream:
            self.process.communicate(stream.read(), timeout=30)
        return self.process.returncode


def told(tcpreuse, name):
    with Manager(tcpreuse, name) as manager:
        first = manager.hear()
        silence = manager.hear(1)
        status = manager.end()
        last = manager.hear()
    have = first, silence, status, last
    return [] if have == ('READY=1', None, 0, 'STOPPING=1') else ['%r' % (have,)]


def watched(tcpreuse, name):
    """It says so while it waits for its input, and no longer when it stands still."""
    with Manager(tcpreuse, name, WATCHDOG_USEC=str(int(BEAT * 1e6))) as manager:
        heard = [manager.hear() for _ in range(8)]
        manager.process.send_signal(signal.SIGSTOP)
        time.sleep(BEAT / 2)
        while manager.hear(0.01):
            pass
        silence = manager.hear(2 * BEAT)
        manager.process.send_signal(signal.SIGCONT)
        again = manager.hear()
    have = heard, silence, again
    return [] if have == (['READY=1'] + 7 * ['WATCHDOG=1'], None, 'WATCHDOG=1') else ['%r' % (have,)]


def stuck(tcpreuse, name):
    """A worker that cannot write its rows goes round no longer, though the others do."""
    with Manager(tcpreuse, name, WATCHDOG_USEC=str(int(BEAT * 1e6))) as manager:
        manager.hear()
        capture = open(EXAMPLE, 'rb').read()
        header, frames = capture[:24], capture[24:]
        manager.process.stdin.write(header + frames * 100)      # rows of it fill the pipe that nobody reads
        manager.process.stdin.flush()
        time.sleep(1)
        while manager.hear(0.01):
            pass
        silence = manager.hear(3 * BEAT)
    return [] if silence is None else ['%r' % silence]


def others(tcpreuse, name):
    """WATCHDOG_PID names another process."""
    with Manager(tcpreuse, name, WATCHDOG_USEC='100000', WATCHDOG_PID='1') as manager:
        have = manager.hear(), manager.hear(0.5)
    return [] if have == ('READY=1', None) else ['%r' % (have,)]


def nobody(tcpreuse):
    """A socket that nobody has, and names that are none."""
    out = []
    for name in ('/no/such/socket', 'relative', '', '@', '/' + 'x' * 200):
        result = program.bare([tcpreuse, '-q', EXAMPLE], env=dict(os.environ, NOTIFY_SOCKET=name, WATCHDOG_USEC='1000'))
        out += [] if result.status == 0 and not result.err else ['%r: %s' % (name, result.describe())]
    return out


def analyze(unit, *arguments):
    """What systemd-analyze has to say against the unit, as an instance of it."""
    with tempfile.TemporaryDirectory(prefix='service-') as place:
        path = os.path.join(place, 'tcpreuse@eth0.service')
        shutil.copy(unit, path)
        result = program.bare(['systemd-analyze', *arguments, path])
    said = [line for line in result.err.decode().splitlines() if 'tcpreuse' in line]
    return said + ([] if result.status == 0 else [result.describe(), result.out.decode()[-200:]])


def shell(unit, tcpreuse):
    """What the unit's shell makes of its words: each option stays one word."""
    with open(unit) as stream:
        line = next(line for line in stream if line.startswith('ExecStart='))
    script = line.split("'")[1].replace('$$', '$').replace('%%', '%')
    program_name = next(word for word in script.split() if word.endswith('/tcpreuse'))
    with tempfile.TemporaryDirectory(prefix='service-') as place:
        fake = os.path.join(place, 'tcpreuse')
        with open(fake, 'w') as stream:
            stream.write('#!/bin/sh\nprintf "%s\\n" "$@"\n')
        os.chmod(fake, 0o755)
        result = program.bare(['/bin/sh', '-c', script.replace(program_name, fake), 'sh', 'eth0', '-f', 'tcp port 443', '--frames', '5'],
                              env=dict(os.environ, STATE_DIRECTORY='/s', RUNTIME_DIRECTORY='/r'))
    words = result.out.decode().split('\n')
    have = words[:4] + words[5:]
    want = ['-q', '-i', 'eth0', '-o', '--metrics', 'unix:/r/metrics', '-f', 'tcp port 443', '--frames', '5', '']
    return [] if have == want and words[4].startswith('/s/2') and words[4].endswith('Z') else ['%r, %s' % (words, result.describe())]


def main():
    tcpreuse, unit, tap = os.path.abspath(sys.argv[1]), sys.argv[2], program.Tap()
    with tempfile.TemporaryDirectory(prefix='service-') as place:
        tap.ok('a manager is told of beginning and end', told(tcpreuse, os.path.join(place, 'a')))
        tap.ok('at a name in no file system', told(tcpreuse, '@tcpreuse-test-%d' % os.getpid()))
        tap.ok('the watchdog is fed', watched(tcpreuse, os.path.join(place, 'b')))
        tap.ok('not while a worker is stuck', stuck(tcpreuse, os.path.join(place, 'c')))
        tap.ok('not for another process', others(tcpreuse, os.path.join(place, 'd')))
    tap.ok('no manager', nobody(tcpreuse))
    tap.ok('the command of the unit', shell(unit, tcpreuse))
    if shutil.which('systemd-analyze'):
        tap.ok('systemd-analyze verify', analyze(unit, 'verify', '--man=no'))
        tap.ok('systemd-analyze security', analyze(unit, 'security', '--offline=true', '--no-pager', '--threshold=%d' % EXPOSURE))
    else:
        tap.skip('systemd-analyze verify, security', 'systemd is not installed')
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
