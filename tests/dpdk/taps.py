#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: taps.py TCPREUSE TRACEGEN

Both directions of a tap on two interfaces: connections whose answers come a few hundred microseconds after what they answer, at
the other interface. The driver delivers frames of an interface milliseconds late, and of each at its own times, so they are
in order only if they are put in order. Needs network namespaces.
"""
import os
import signal
import socket
import subprocess
import sys
import tempfile
import threading
import time

import drops
import ports
import capture
import program

TUPLES, ROUNDS, GAP = 40, 10, 0.0003
# A frame waits 50 ms for earlier ones, and drivers need up to 18 of them (io/ports/port_merge.h). On a machine where more than
# this share of short naps take so much longer, the test says nothing about the program.
LATE, LATE_SHARE, TRIES = 0.010, 0.01, 3
SYN, FIN, ACK = 2, 1, 16


def second_pair():
    return not any(subprocess.run(command.split(), stderr=subprocess.DEVNULL).returncode for command in (
        'ip link add name tx1 type veth peer name rx1', 'ip link set tx1 arp off', 'ip link set rx1 arp off', 'ip link set tx1 up',
        'ip link set rx1 up'))


def connection(number, tuple_number):
    """(interface, frame) one after the other: a whole connection, closed by the client first."""
    address = capture.ipaddress.ip_address
    ends = ((address('192.0.2.1'), 10000 + tuple_number), (address('192.0.2.2'), 80))
    isn = (1000 * number, 500000 + 1000 * number)
    for side, flags, sent, received in ((0, SYN, 0, 0), (1, SYN | ACK, 0, 1), (0, ACK, 1, 1), (0, FIN | ACK, 1, 1), (1, FIN | ACK, 1, 2),
                                        (0, ACK, 2, 2)):
        (src, sport), (dst, dport) = ends[side], ends[1 - side]
        yield side, capture.ethernet(capture.ip(src, dst, capture.tcp(sport, dport, flags, isn[side] + sent,
                                                                      isn[1 - side] + received if flags & ACK else 0)))


def send():
    sockets = []
    for name in ('tx0', 'tx1'):
        out = socket.socket(socket.AF_PACKET, socket.SOCK_RAW)
        out.bind((name, 0))
        sockets.append(out)
    count = 0
    for number in range(ROUNDS):
        for tuple_number in range(TUPLES):
            for side, frame in connection(number, tuple_number):
                sockets[side].send(frame)
                count += 1
                time.sleep(GAP)
    for out in sockets:
        out.close()
    return count


class Lateness(threading.Thread):
    """Measures, while others work, how often a thread that sleeps for 2 ms wakes up too late."""

    def __init__(self):
        super().__init__(daemon=True)
        self.over = threading.Event()
        self.naps, self.late = 0, 0
        self.start()

    def run(self):
        while not self.over.is_set():
            began = time.monotonic()
            time.sleep(0.002)
            self.naps += 1
            self.late += time.monotonic() - began > LATE

    def share(self):
        self.over.set()
        self.join()
        return self.late / max(self.naps, 1)


def run(tcpreuse, threads):
    with tempfile.TemporaryDirectory(prefix='dpdk-') as out:
        process = subprocess.Popen(
            [tcpreuse, '-q', '-o', out, '-j', str(threads), '--dpdk', ports.eal('net_pcap0,iface=rx0', 'net_pcap1,iface=rx1')],
            stderr=subprocess.PIPE)
        while not os.path.exists(os.path.join(out, 'reuse.csv')) and process.poll() is None:
            time.sleep(0.02)
        time.sleep(0.5)
        sent = send()
        time.sleep(0.5)
        process.send_signal(signal.SIGINT)
        error = process.communicate(timeout=60)[1].decode()
        if process.returncode != 130:
            return ['exit %d: %s' % (process.returncode, error)]
        reports = {}
        for name in program.NAMES:
            path = os.path.join(out, program.NAMES[name])
            if os.path.exists(path):
                with open(path, 'rb') as file:
                    reports[name] = file.read()
    result = program.Result([], 0, b'', error.encode(), reports)
    rows, reuses = result.rows('conversations'), result.rows('reuse')
    # In order, each connection is one conversation that has everything, and all but the first of a tuple begin with the client's SYN.
    odd = sum(r['completeness'] != '23' or r['frames'] != '6' for r in rows) + sum(r['trigger'] != 'syn-isn' for r in reuses)
    want = TUPLES * (ROUNDS - 1)
    print('# %d odd rows; %d conversations, %d reuses' % (odd, len(rows), len(reuses)))
    came = [p['received'] + p['missed'] for p in result.summary()['input']['ports']]
    out = [] if sum(came) == sent else ['%s of %d frames' % (came, sent)]
    # On a machine that has other things to do, a driver may be later than frames wait, or lose some.
    if odd > 0.05 * len(rows) or abs(len(reuses) - want) > 0.05 * want:
        out.append('%d of %d rows are odd; %d reuses, not %d' % (odd, len(rows), len(reuses), want))
    return out


def main():
    args = ports.arguments(__doc__)
    tap = program.Tap()
    if not drops.own_network() or not second_pair():
        tap.skip('two interfaces, one a direction', 'no network namespace can be made here')
        return tap.done()
    for threads in (1, 2):
        name = 'two interfaces, one a direction, %d workers' % threads
        for _ in range(TRIES):
            lateness = Lateness()
            complaints, late = run(args.tcpreuse, threads), lateness.share()
            if not complaints or late <= LATE_SHARE:
                break
            print('# %.1f %% of naps of 2 ms took over %d ms: once more' % (100 * late, LATE * 1000))
        if complaints and late > LATE_SHARE:
            tap.skip(name, 'this machine wakes threads up too late')
        else:
            tap.ok(name, complaints)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
