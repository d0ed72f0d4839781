# SPDX-License-Identifier: BSD-2-Clause
"""A network namespace of this process with pairs of interfaces that nothing uses but the tests, tcpreuse that captures on them,
and tcpdump that records them beside it."""
import argparse
import ctypes
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import pcap  # noqa: E402
import program  # noqa: E402

CLONE_NEWNET = 0x40000000
EXAMPLES = os.path.join(HERE, '..', '..', 'examples')
ROWS = ('reuse', 'conversations', 'packets')
PATIENCE = 30


def command(text):
    done = subprocess.run(text.split(), capture_output=True, text=True)
    if done.returncode:
        raise OSError('%s: %s' % (text, done.stderr.strip()))


def pair(left, right):
    """Two ends of a cable, on which the kernel itself says nothing."""
    command('ip link add name %s type veth peer name %s' % (left, right))
    for name in (left, right):
        command('ip link set %s arp off multicast off up' % name)


def start(usage):
    """The program and the TAP of a test, with tx0 and rx0. Ends the test, as skipped, where that is not allowed."""
    parser = argparse.ArgumentParser(usage=usage)
    parser.add_argument('tcpreuse', type=os.path.abspath)
    args = parser.parse_args()
    os.environ['PATH'] += ':/usr/sbin:/sbin'
    missing = [tool for tool in ('ip', 'tcpdump', 'setpriv') if not shutil.which(tool)]
    why = 'not installed: ' + ', '.join(missing) if missing else None
    try:
        if not why and ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
            why = os.strerror(ctypes.get_errno())
        if not why:
            for name in ('all', 'default'):
                path = '/proc/sys/net/ipv6/conf/%s/disable_ipv6' % name
                if os.path.exists(path):
                    with open(path, 'w') as file:
                        file.write('1')
            pair('tx0', 'rx0')
    except OSError as error:
        why = str(error)
    if why:
        print('1..0 # SKIP networks of namespaces are not allowed here: %s' % why)
        sys.exit(0)
    return args.tcpreuse, program.Tap()


def example(name):
    """The frames of a capture in examples/."""
    return [record.data for record in pcap.read(os.path.join(EXAMPLES, name))]


class Sender:
    def __init__(self, *devices):
        self.sockets = []
        for device in devices:
            out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
            out.bind((device, 0))
            self.sockets.append(out)

    def __enter__(self):
        return self

    def __exit__(self, *error):
        for out in self.sockets:
            out.close()

    def send(self, frames, pause=0.0005):
        """Frame by frame; with several devices, in turn."""
        for i, frame in enumerate(frames):
            self.sockets[i % len(self.sockets)].send(frame)
            if pause:
                time.sleep(pause)


def wait_for(stream, text, process):
    """Reads lines up to the one that holds the text; returns them all."""
    said = ''
    while text not in said:
        line = stream.readline()
        if not line:
            raise OSError('%s: %s' % (process.args[0], said))
        said += line
    return said


class Recording:
    """tcpdump; inside `with` it records whole frames into `path`."""

    def __init__(self, device, *more):
        self.device, self.more = device, more

    def __enter__(self):
        self.file = tempfile.NamedTemporaryFile(prefix='interfaces-', suffix='.pcap')
        self.path = self.file.name
        self.process = subprocess.Popen(
            ['tcpdump', '-i', self.device, '-w', '-', '-U', '-Z', 'root', '-s', '2048', '-B', '16384', '--immediate-mode', '--time-stamp-precision=nano',
             *self.more], stdin=subprocess.DEVNULL, stdout=self.file, stderr=subprocess.PIPE, text=True)
        wait_for(self.process.stderr, 'listening on', self.process)
        return self

    def __exit__(self, *error):
        time.sleep(0.2)
        self.process.send_signal(signal.SIGINT)
        said = self.process.communicate(timeout=PATIENCE)[1]
        if not any(error) and not said.endswith('\n0 packets dropped by kernel\n'):
            raise OSError('tcpdump: ' + said)


class Capture:
    """tcpreuse on interfaces; `with` begins once it captures, and finish() waits for its end."""

    def __init__(self, tcpreuse, devices, *options, reports=ROWS + ('summary',), before=(), owner=None):
        self.reports = reports
        self.directory = tempfile.mkdtemp(prefix='interfaces-')
        os.chmod(self.directory, 0o755)
        if owner is not None:
            os.chown(self.directory, owner, -1)
        self.out = os.path.join(self.directory, 'out')
        self.command = [*before, tcpreuse, '-o', self.out, '--reports', ','.join(reports)]
        for device in devices:
            self.command += ['-i', device]
        self.command += [str(option) for option in options]
        self.count = len(devices)

    def __enter__(self):
        self.process = subprocess.Popen(self.command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                                        text=True)
        self.said = ''
        for _ in range(self.count):
            self.said += wait_for(self.process.stderr, 'capturing on', self.process)
        return self

    def __exit__(self, *error):
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.process.stderr.close()
        shutil.rmtree(self.directory, ignore_errors=True)

    def signal(self, number):
        self.process.send_signal(number)

    def finish(self):
        """The Result, as program.run() gives it."""
        said = self.process.communicate(timeout=PATIENCE)[1]
        result = program.Result(self.command, self.process.returncode, b'', (self.said + said).encode(), {})
        for report in self.reports:
            path = os.path.join(self.out, program.NAMES[report])
            if os.path.exists(path):
                with open(path, 'rb') as file:
                    result.reports[report] = file.read()
        return result


def ports(result):
    return json.loads(result.reports['summary'])['input']['ports']


def accounted(result):
    """Complaints about frames that are neither received nor told as missed."""
    out = []
    for port in ports(result):
        if port['received'] + port['missed'] + port['no_mbuf'] != port['seen']:
            out.append('%s: received + missed is not what was seen: %r' % (port['name'], port))
    summary = result.summary()
    received = sum(port['received'] for port in ports(result))
    if summary['frames']['read'] + summary['input']['unread'] != received:
        out.append('%d read, %d unread, %d received' % (summary['frames']['read'], summary['input']['unread'], received))
    return out


def same_rows(live, file, reports=ROWS):
    out = [result.describe() for result in (live, file) if result.status]
    for report in reports:
        if not out and live.reports[report] != file.reports[report]:
            out.append(report + ': ' + program.first_difference(file.reports[report], live.reports[report]))
    return out
