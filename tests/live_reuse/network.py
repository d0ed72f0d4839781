# SPDX-License-Identifier: BSD-2-Clause
"""Hosts of a small network, each a network namespace of this process, with real sockets, and tcpdump that records them."""
import argparse
import contextlib
import ctypes
import os
import shutil
import signal
import socket
import struct
import subprocess
import sys
import tempfile
import threading
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import program  # noqa: E402

CLONE_NEWNET = 0x40000000
TOOLS = ('ip', 'tcpdump', 'nft')
# Longer than any connect() here should take.
PATIENCE = 30

libc = ctypes.CDLL(None, use_errno=True)


def namespace():
    """This thread's; stays valid when the thread goes elsewhere."""
    return os.open('/proc/thread-self/ns/net', os.O_RDONLY | os.O_CLOEXEC)


def enter(number):
    if libc.setns(number, CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), 'setns: ' + os.strerror(ctypes.get_errno()))


HOME = namespace()


class Host:
    """A machine with a network of its own. Inside `with host:` this thread's sockets and children are in it; not to be nested."""

    def __init__(self):
        if libc.unshare(CLONE_NEWNET):
            raise OSError('unshare: ' + os.strerror(ctypes.get_errno()))
        self.namespace = namespace()
        enter(HOME)
        self.path = '/proc/%d/fd/%d' % (os.getpid(), self.namespace)
        # Only what the tests send is to be recorded.
        if os.path.exists('/proc/sys/net/ipv6'):
            self.set('ipv6/conf/all/disable_ipv6', 1)
            self.set('ipv6/conf/default/disable_ipv6', 1)
        self.run('ip link set lo up')

    def __enter__(self):
        enter(self.namespace)

    def __exit__(self, *error):
        enter(HOME)

    def run(self, command, text=None):
        with self:
            done = subprocess.run(command.split(), input=text, text=True, capture_output=True)
        if done.returncode:
            raise OSError('%s: %s' % (command, done.stderr.strip()))

    def set(self, name, value):
        """/proc/sys/net/NAME"""
        with self, open('/proc/sys/net/' + name, 'w') as file:
            file.write(str(value))

    def filter(self, rules):
        """Rules of nftables."""
        self.run('nft -f -', rules)

    def counters(self):
        """What the kernel counts of TCP, by the names of nstat without `TcpExt`."""
        with self, open('/proc/thread-self/net/netstat') as file:
            lines = [line.split() for line in file]
        return {name: int(value) for names, values in zip(lines[::2], lines[1::2]) if names[0] == 'TcpExt:'
                for name, value in zip(names[1:], values[1:])}

    def address(self, device, *addresses):
        """Switches a device on, with these addresses."""
        for address in addresses:
            self.run('ip address add %s/24 dev %s' % (address, device))
        self.run('ip link set %s up' % device)

    def listen(self, address, port):
        with self:
            out = socket.socket()
        out.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        out.bind((address, port))
        out.listen(64)
        return out

    def connect(self, source, destination):
        """A connection from a port that may have been used just now."""
        with self:
            out = socket.socket()
        out.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        out.settimeout(PATIENCE)
        try:
            out.bind(source)
            out.connect(destination)
        except OSError:
            out.close()
            raise
        return out


def cable(a, a_device, b, b_device):
    """Two interfaces that are the ends of one cable."""
    a.run('ip link add name %s netns %s type veth peer name %s netns %s' % (a_device, a.path, b_device, b.path))


def reset(connection):
    """Closes it by RST."""
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack('ii', 1, 0))
    connection.close()


class Server(threading.Thread):
    """Accepts connections, and gives one after the other to a function, which closes it."""

    def __init__(self, listener, serve):
        super().__init__(daemon=True)
        self.listener, self.serve = listener, serve
        self.start()

    def run(self):
        while True:
            try:
                connection = self.listener.accept()[0]
            except OSError:
                return
            with contextlib.suppress(OSError):
                self.serve(connection)

    def stop(self):
        self.listener.shutdown(socket.SHUT_RDWR)
        self.join()
        self.listener.close()


class Recording:
    """Inside `with` tcpdump records what passes an interface."""

    def __init__(self, host, device):
        self.host, self.device = host, device

    def __enter__(self):
        # Headers are enough. What they say of time is in nanoseconds.
        command = ['tcpdump', '-i', self.device, '-w', '-', '-U', '-Z', 'root', '-s', '256', '-B', '8192', '--immediate-mode',
                   '--time-stamp-precision=nano', 'tcp']
        self.file = tempfile.NamedTemporaryFile(prefix='live-reuse-', suffix='.pcap')
        with self.host:
            self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=self.file, stderr=subprocess.PIPE, text=True)
        said = ''
        while 'listening on' not in said:
            line = self.process.stderr.readline()
            if not line:
                raise OSError('tcpdump: ' + said)
            said += line
        return self

    def __exit__(self, *error):
        time.sleep(0.2)
        self.process.send_signal(signal.SIGINT)
        self.said = self.process.communicate(timeout=30)[1]

    def report(self, tcpreuse, *options):
        """The rows of reuse.csv, which are the same for any number of threads."""
        if not self.said.endswith('\n0 packets dropped by kernel\n'):
            raise RuntimeError('tcpdump: ' + self.said)
        results = [program.run(tcpreuse, ['-q', '-j', threads, *options, self.file.name], ('reuse',)) for threads in (1, 3)]
        for result in results:
            if result.status:
                raise RuntimeError(result.describe())
        if results[0].reports != results[1].reports:
            raise RuntimeError('1 and 3 threads: ' + program.first_difference(*(r.reports['reuse'] for r in results)))
        return results[0].rows('reuse')


def compare(what, want, have):
    """Complaints, as Tap.ok() wants them."""
    return [] if want == have else ['%s: %s, not %s' % (what, have, want)]


def differences(row, want):
    """Where a row is not as it should be: {column: value}, or a function of the value."""
    return ['frame %s, port %s: %s is %s%s' % (row['frame'], row['src_port'], name, row[name] or 'empty',
                                               '' if callable(value) else ', not ' + (value or 'empty'))
            for name, value in want.items() if not (value(row[name]) if callable(value) else row[name] == value)]


def start(usage):
    """The program and the TAP of a test. Ends the test, as skipped, where networks like these cannot be made."""
    parser = argparse.ArgumentParser(usage=usage)
    parser.add_argument('tcpreuse', type=os.path.abspath)
    args = parser.parse_args()
    # Where /usr/sbin is not searched.
    os.environ['PATH'] += ':/usr/sbin:/sbin'
    missing = [tool for tool in TOOLS if not shutil.which(tool)]
    why = 'not installed: ' + ', '.join(missing) if missing else trial()
    if why:
        print('1..0 # SKIP ' + why)
        sys.exit(0)
    # How long something takes is not to depend on what else the machine does.
    with contextlib.suppress(OSError):
        os.sched_setscheduler(0, os.SCHED_RR, os.sched_param(1))
    return args.tcpreuse, program.Tap()


def trial():
    """Why no network can be made here, or None."""
    try:
        a, b = Host(), Host()
        cable(a, 'eth0', b, 'eth0')
        a.filter('table ip t { set s { type ipv4_addr . inet_service\n flags timeout\n }\n }')
        a.address('eth0', '10.0.0.1')
        with Recording(a, 'eth0'):
            pass
    except OSError as error:
        return 'networks of namespaces are not allowed here: %s' % error
    return None
