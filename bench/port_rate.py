#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: port_rate.py TCPREUSE TRACEGEN [--sender MEMIF_SENDER] [--seconds S] [--runs N]

How many frames a second tcpreuse takes from DPDK ports without hardware, on one and two workers: from net_pcap with
infinite_rx, which gives a file's frames in a loop, and from net_memif, which a second process feeds as fast as it can.
Prints what was offered, received and missed; the median of a few runs. Each run is checked: every frame is in the
summary, and every one has one outcome.
"""
import argparse
import json
import os
import statistics
import subprocess
import tempfile
import time

EAL = '--no-huge -m 1024 --no-pci --no-telemetry --no-shconf'


def summary_of(directory):
    with open(os.path.join(directory, 'summary.json')) as file:
        summary = json.load(file)
    received = sum(p['received'] for p in summary['input']['ports'])
    if not summary['frames']['conserved'] or summary['frames']['read'] + summary['input']['unread'] != received:
        raise SystemExit('the numbers do not add up: ' + json.dumps(summary, indent=1))
    return summary, received, sum(p['missed'] for p in summary['input']['ports'])


def command(args, directory, workers, device, ending):
    cores = ','.join(str(i) for i in range(workers))
    return [args.tcpreuse, '-q', '-o', directory, '--reports', 'reuse,summary', '-j', str(workers), '--mbufs', '100000'] + ending + [
        '--dpdk', '-l %s --file-prefix reader%d %s --vdev %s' % (cores, os.getpid(), EAL, device)]


def loop(args, directory, workers, path):
    """Each worker has a queue of its own."""
    device = 'net_pcap0,%s,infinite_rx=1' % ','.join(['rx_pcap=' + path] * workers)
    subprocess.run(command(args, directory, workers, device, ['--duration', str(args.seconds)]), check=True)
    summary, received, missed = summary_of(directory)
    return received, received, missed, summary['performance']['seconds']


def memif(args, directory, workers, path):
    socket = os.path.join(directory, 'socket')
    if os.path.exists(socket):
        os.unlink(socket)
    reader = subprocess.Popen(command(args, directory, workers, 'net_memif0,role=server,socket=%s,socket-abstract=no' % socket,
                                      ['--idle-exit', '6']))
    while not os.path.exists(socket) and reader.poll() is None:
        time.sleep(0.1)
    time.sleep(1)  # its port is there; it has to be started
    frames = int(2e6 * args.seconds)
    sender = subprocess.run([args.sender] + EAL.split() + [
        '-l', str(os.cpu_count() - 1), '--file-prefix', 'sender%d' % os.getpid(), '--log-level=*:error', '--vdev',
        'net_memif0,role=client,rsize=11,bsize=2048,socket=%s,socket-abstract=no' % socket, '--', path, str(frames)],
        stdout=subprocess.PIPE)
    if reader.wait() or sender.returncode:
        raise SystemExit('memif: the reader or the sender failed')
    _, received, missed = summary_of(directory)
    offered, seconds = sender.stdout.split()[-2:]
    return int(offered), received, missed, float(seconds)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('tcpreuse', type=os.path.abspath)
    parser.add_argument('tracegen', type=os.path.abspath)
    parser.add_argument('--sender', type=os.path.abspath)
    parser.add_argument('--seconds', type=float, default=3)
    parser.add_argument('--runs', type=int, default=3)
    args = parser.parse_args()
    ways = [('net_pcap, infinite_rx', loop)] + ([('net_memif', memif)] if args.sender else [])
    print('%-22s %-26s %7s %12s %12s %8s  %s' % ('port', 'traffic', 'workers', 'offered', 'received', 'missed', 'million frames/s'))
    with tempfile.TemporaryDirectory(prefix='port-rate-') as directory:
        # A loop begins each connection anew every time: in the first, one in 14 frames of a loop is a reuse, with its row;
        # in the second, none.
        for traffic, options in (('14 frames a connection', []), ('connections without end', ['--midstream', '100', '--unclosed', '100',
                                                                                             '--conversation-frames', '1000'])):
            path = os.path.join(directory, 'traffic.pcap')
            subprocess.run([args.tracegen, '--frames', '20000', '--flows', '2000', '--reuse', '0'] + options + ['-w', path], check=True)
            for name, way in ways:
                for workers in (1, 2):
                    runs = [way(args, directory, workers, path) for _ in range(args.runs)]
                    rates = [r[1] / r[3] / 1e6 for r in runs]
                    middle = runs[rates.index(statistics.median_low(rates))]
                    print('%-22s %-26s %7d %12d %12d %8d  %.2f (%.2f to %.2f)' % (
                        (name, traffic, workers) + middle[:3] + (statistics.median_low(rates), min(rates), max(rates))), flush=True)


if __name__ == '__main__':
    main()
