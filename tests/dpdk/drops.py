#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: drops.py TCPREUSE TRACEGEN

Every frame that a port was sent is either received or counted as missed: a sender floods a veth pair while the reader
stands still, so that the kernel's buffer overflows. Needs network namespaces.
"""
import ctypes
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time

import ports  # says where the next two are
import capture
import program

RUNS = 5
FRAMES = 120000
CLONE_NEWNET = 0x40000000


def own_network():
    """Goes into a network of its own, with a pair of interfaces, quiet. False when that is not allowed."""
    if ctypes.CDLL(None, use_errno=True).unshare(CLONE_NEWNET):
        return False
    quiet = ['/proc/sys/net/ipv6/conf/%s/disable_ipv6' % name for name in ('all', 'default')]
    try:
        for path in quiet:
            if os.path.exists(path):
                with open(path, 'w') as file:
                    file.write('1')
        for command in ('ip link add name tx0 type veth peer name rx0', 'ip link set tx0 arp off', 'ip link set rx0 arp off',
                        'ip link set tx0 up', 'ip link set rx0 up'):
            if subprocess.run(command.split(), stderr=subprocess.DEVNULL).returncode:
                return False
    except OSError:
        return False
    return True


def flood(count):
    address = capture.ipaddress.ip_address
    frames = [capture.ethernet(capture.ip(address('192.0.2.1'), address('192.0.2.2'), capture.tcp(1024 + i, 80, 2, i))) for i in range(1000)]
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW) as out:
        out.bind(('tx0', 0))
        for i in range(count):
            out.send(frames[i % len(frames)])


def overrun(tcpreuse):
    with tempfile.TemporaryDirectory(prefix='dpdk-') as out:
        process = subprocess.Popen([tcpreuse, '-q', '-o', out, '--reports', 'summary', '-j', '1', '--idle-exit', '2', '--dpdk',
                                    ports.eal('net_pcap0,iface=rx0')], stderr=subprocess.PIPE)
        # It makes the file of no report, so the log says when its interface is open.
        until = time.monotonic() + 20
        while time.monotonic() < until and process.poll() is None and not listens(process.pid):
            time.sleep(0.05)
        time.sleep(0.3)
        flood(1000)
        time.sleep(0.1)
        process.send_signal(signal.SIGSTOP)
        flood(FRAMES - 2000)
        process.send_signal(signal.SIGCONT)
        time.sleep(0.5)
        flood(1000)
        error = process.communicate(timeout=60)[1].decode()
        if process.returncode:
            return ['exit %d: %s' % (process.returncode, error)]
        with open(os.path.join(out, 'summary.json')) as file:
            summary = json.load(file)
    port = summary['input']['ports'][0]
    complaints = []
    if port['received'] + port['missed'] != FRAMES:
        complaints.append('%d received + %d missed, not %d' % (port['received'], port['missed'], FRAMES))
    if summary['frames']['read'] != port['received']:
        complaints.append('%d read' % summary['frames']['read'])
    if not port['missed'] or not summary['input']['lost'] or 'frames were lost' not in error:
        complaints.append('nothing was lost, or nobody said so: %r' % error)
    return complaints


def listens(pid):
    """Has the process a packet socket?"""
    try:
        with open('/proc/%d/net/packet' % pid) as file:
            return len(file.readlines()) > 1
    except OSError:
        return False


def main():
    args = ports.arguments(__doc__)
    tap = program.Tap()
    if not own_network():
        tap.skip('received + missed = sent', 'no network namespace can be made here')
        return tap.done()
    for i in range(RUNS):
        tap.ok('received + missed = sent, run %d' % (i + 1), overrun(args.tcpreuse))
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
