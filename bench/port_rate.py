#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: port_rate.py [--build DIR] [--seconds S] [--runs N] [--ports LIST] [--workers LIST] [--json FILE]

How many frames a second tcpreuse takes from DPDK ports without hardware, on one and two workers:

    net_pcap    with infinite_rx, gives a file's frames in a loop; each worker has a queue
    net_ring    filled by a thread inside the reader; each worker has a queue
    net_memif   filled by a second process; one queue, for all workers

The sender of net_ring and net_memif waits when it finds no room. It is bound to the last processor if no worker needs that one;
otherwise it shares a processor with them. Each run is steady for S seconds: its rate is what was read from half a second after the
first frame to a quarter of a second before the last.
Prints a table with the median of N runs, the lowest and the highest. Each run is checked: every frame that was sent is
received or missed, every one that was received is in the summary, and every one of these has one outcome.

Builds what it needs in DIR (build), which Meson has set up; take a release build. Other programs should be quiet.
"""
import argparse
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
EAL = '--no-huge -m 1024 --no-pci --no-telemetry --no-shconf'
INTERVAL = 0.125  # s, between looks at the counters
SKIP_FIRST, SKIP_LAST = 0.5, 0.25

# A loop begins each connection anew every time: in the first, one in 14 frames of a loop is a reuse, with its row; in the second,
# none.
TRAFFIC = (('14 frames a connection', []),
           ('connections without end', ['--midstream', '100', '--unclosed', '100', '--conversation-frames', '1000']))


class Bench:
    def __init__(self, args, directory):
        self.args, self.directory = args, directory
        # Rows are made and written, but not to a disk: with a reuse for each 14 frames they are 150 MB a second.
        os.symlink('/dev/null', os.path.join(directory, 'reuse.csv'))

    def built(self, name):
        return os.path.join(self.args.build, name)

    def reader(self, workers, device, options, sender=0):
        """The reader's command, and the file that gets its live statistics. Where there are fewer processors than threads that do not
        wait, the EAL is given one core, and so the workers are not bound to theirs."""
        cores = ','.join(str(i) for i in range(workers if workers + sender <= os.cpu_count() else 1))
        log = open(os.path.join(self.directory, 'log'), 'w+')
        eal = '-l %s --file-prefix reader%d %s %s' % (cores, os.getpid(), EAL, device)
        command = [self.built('tcpreuse'), '-q', '-o', self.directory, '--reports', 'reuse,summary', '-j', str(workers), '--mbufs', '100000',
                   '--stats-format', 'json', '--stats-interval', str(INTERVAL)]
        return command + options + ['--dpdk', eal], log

    def net_pcap(self, workers, path):
        device = '--vdev net_pcap0,%s,infinite_rx=1' % ','.join(['rx_pcap=' + path] * workers)
        command, log = self.reader(workers, device, ['--duration', str(self.args.seconds + SKIP_FIRST + SKIP_LAST)])
        subprocess.run(command, check=True, stderr=log)
        return None, log

    def net_ring(self, workers, path):
        device = '-d %s --vdev net_ring0' % self.built('bench/ring_feeder.so')
        command, log = self.reader(workers, device, ['--idle-exit', '1', '--queues', str(workers)], sender=1)
        order = '%d %g %s' % (workers, self.args.seconds + SKIP_FIRST + SKIP_LAST, path)
        done = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=log, env=dict(os.environ, RING_FEEDER=order))
        return int(done.stdout.split()[0]), log

    def net_memif(self, workers, path):
        socket = os.path.join(self.directory, 'socket')
        if os.path.exists(socket):
            os.unlink(socket)
        command, log = self.reader(workers, '--vdev net_memif0,role=server,socket=%s,socket-abstract=no' % socket, ['--idle-exit', '3'], sender=1)
        reader = subprocess.Popen(command, stderr=log)
        while not os.path.exists(socket) and reader.poll() is None:
            time.sleep(0.1)
        time.sleep(0.5)  # its port is there; it has to be started
        sender = subprocess.run([self.built('bench/memif_sender')] + EAL.split() + [
            '-l', str(os.cpu_count() - 1), '--file-prefix', 'sender%d' % os.getpid(), '--log-level=*:error', '--vdev',
            'net_memif0,role=client,rsize=11,bsize=2048,socket=%s,socket-abstract=no' % socket, '--', path,
            str(self.args.seconds + SKIP_FIRST + SKIP_LAST)], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL)
        if reader.wait() or sender.returncode:
            raise SystemExit('memif: the reader or the sender failed')
        return int(sender.stdout.split()[-2]), log

    def run(self, port, workers, path):
        """A run's figures, once its numbers have been checked."""
        sent, log = getattr(self, port)(workers, path)
        with open(os.path.join(self.directory, 'summary.json')) as file:
            summary = json.load(file)
        received = sum(p['received'] for p in summary['input']['ports'])
        missed = sum(p['missed'] for p in summary['input']['ports'])
        frames = summary['frames']
        if not frames['conserved'] or frames['read'] + summary['input']['unread'] != received or sent not in (None, received + missed):
            raise SystemExit('the numbers do not add up: %s sent, %s' % (sent, json.dumps(summary, indent=1)))
        log.seek(0)
        objects = [json.loads(line) for line in log if line.startswith('{')]
        log.close()
        times = summary['performance']['seconds_in_steps']
        out = steady(objects)
        out.update(port=port, workers=workers, missed=missed, sent=sent, received=received,
                   per_processor_second=frames['read'] / times['processor'])
        return out


def steady(objects):
    """The rate of the part of a run in which frames came without pause."""
    grown = [(a, b) for a, b in zip(objects, objects[1:]) if b['frames'] > a['frames']]
    first, last = grown[0][0]['seconds'] + SKIP_FIRST, grown[-1][1]['seconds'] - SKIP_LAST
    inside = [o for o in objects if first <= o['seconds'] <= last]
    if len(inside) < 2:
        raise SystemExit('the run was too short to be measured')
    frames, seconds = (inside[-1][k] - inside[0][k] for k in ('frames', 'seconds'))
    rates = [o['frames_per_second'] for o in inside[1:]]
    return {'rate': frames / seconds, 'seconds': seconds, 'slowest': min(rates), 'fastest': max(rates)}


def processor():
    with open('/proc/cpuinfo') as file:
        names = [line.split(':', 1)[1].strip() for line in file if line.startswith('model name')]
    return names[0] if names else platform.machine()


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('--build', type=os.path.abspath, default=os.path.join(ROOT, 'build'))
    parser.add_argument('--seconds', type=float, default=5)
    parser.add_argument('--runs', type=int, default=5)
    parser.add_argument('--ports', default='net_pcap,net_ring,net_memif')
    parser.add_argument('--workers', default='1,2')
    parser.add_argument('--json')
    args = parser.parse_args()
    ports, workers = args.ports.split(','), [int(w) for w in args.workers.split(',')]
    if not set(ports) <= {'net_pcap', 'net_ring', 'net_memif'} or min(workers) < 1 or args.runs < 1 or args.seconds < 1:
        parser.error('expected --ports of net_pcap,net_ring,net_memif, workers and runs from 1 on, and at least a second')
    subprocess.run(['ninja', '-C', args.build, 'tcpreuse', 'tcpreuse_dpdk.so', 'bench/tracegen', 'bench/memif_sender',
                    'bench/ring_feeder.so'], check=True, stdout=subprocess.DEVNULL)
    print('%s, %d processors, load %.1f; %d runs of %g s each' % (
        processor(), os.cpu_count(), os.getloadavg()[0], args.runs, args.seconds))
    print('Million frames of 64 bytes a second: median of the runs, lowest and highest; and for each second of processor time.\n')
    print('| port | traffic | workers | median | lowest | highest | a processor second | missed |')
    print('| --- | --- | --- | --- | --- | --- | --- | --- |')
    everything = []
    with tempfile.TemporaryDirectory(prefix='port-rate-') as directory:
        bench = Bench(args, directory)
        for traffic, options in TRAFFIC:
            path = os.path.join(directory, 'traffic.pcap')
            subprocess.run([bench.built('bench/tracegen'), '--frames', '20000', '--flows', '2000', '--reuse', '0'] + options + ['-w', path],
                           check=True)
            for port in ports:
                for count in workers:
                    runs = [dict(bench.run(port, count, path), traffic=traffic) for _ in range(args.runs)]
                    everything += runs
                    rates, processor_rates = ([r[k] / 1e6 for r in runs] for k in ('rate', 'per_processor_second'))
                    print('| %s | %s | %d | %.2f | %.2f | %.2f | %.2f | %d |' % (
                        port, traffic, count, statistics.median(rates), min(rates), max(rates),
                        statistics.median(processor_rates), sum(r['missed'] for r in runs)), flush=True)
    if args.json:
        with open(args.json, 'w') as file:
            json.dump(everything, file, indent=1)


if __name__ == '__main__':
    sys.exit(main())
