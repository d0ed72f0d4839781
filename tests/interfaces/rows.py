#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: rows.py TCPREUSE

What is captured on interfaces gives the rows of the file that tcpdump records beside it, and gives them while frames arrive.
Needs root and network namespaces.
"""
import os
import select
import subprocess
import sys
import tempfile
import time

import wires  # says where the next ones are
import capture
import metrics
import program

IDLE = ('--idle-exit', '0.4')


def beside_tcpdump(tcpreuse, name, *options, threads=2, more=()):
    """Rows of all reports, byte for byte, though tcpdump keeps whole frames and tcpreuse their headers."""
    frames = wires.example(name)
    with wires.Recording('rx0', *more) as recording, wires.Sender('tx0') as sender:
        with wires.Capture(tcpreuse, ['rx0'], *IDLE, '-j', threads, *options) as live:
            sender.send(frames)
            result = live.finish()
    file = program.run(tcpreuse, ['-q', recording.path])
    out = wires.same_rows(result, file) + wires.accounted(result)
    if not more and result.summary()['frames']['read'] != len(frames):
        out.append('%d frames read, not %d' % (result.summary()['frames']['read'], len(frames)))
    return out


def filtered(tcpreuse):
    """The kernel filters: what does not match is not even seen."""
    expression = 'tcp port 25 or tcp port 80'
    out = beside_tcpdump(tcpreuse, 'port-reuse.pcap', '-f', expression, more=(expression,))
    with wires.Sender('tx0') as sender, wires.Capture(tcpreuse, ['rx0'], *IDLE, '-f', 'udp port 9') as live:
        sender.send(wires.example('port-reuse.pcap'))
        seen = wires.ports(live.finish())[0]['seen']
    return out + (['%d frames seen that do not match' % seen] if seen else [])


def several(tcpreuse):
    """The frames of connections, in turn, on two interfaces: as tcpreuse merges what tcpdump records of each."""
    frames = wires.example('verdicts.pcap')
    with wires.Recording('rx0') as first, wires.Recording('rx1') as second, wires.Sender('tx0', 'tx1') as sender:
        with wires.Capture(tcpreuse, ['rx0', 'rx1'], *IDLE) as live:
            sender.send(frames, pause=0.001)
            result = live.finish()
    file = program.run(tcpreuse, ['-q', first.path, second.path])
    out = wires.accounted(result)
    for report in wires.ROWS:       # the file has columns of its own for the names of inputs
        have = result.rows(report)
        want = [{name: row[name] for name in have[0]} for row in file.rows(report)] if have else None
        if have != want:
            out.append('%s differs' % report)
    if [port['received'] for port in wires.ports(result)] != [(len(frames) + 1) // 2, len(frames) // 2]:
        out.append('received: %r' % wires.ports(result))
    return out


def by_interface(tcpreuse):
    """--key tuple,interface tells conversations of two interfaces apart."""
    frames = wires.example('port-reuse.pcap')
    with wires.Sender('tx0') as left, wires.Sender('tx1') as right:
        with wires.Capture(tcpreuse, ['rx0', 'rx1'], *IDLE, '--key', 'tuple,interface') as live:
            left.send(frames)
            right.send(frames)
            both = live.finish().summary()
        with wires.Capture(tcpreuse, ['rx0'], *IDLE) as live:
            left.send(frames)
            one = live.finish().summary()
    have = [(run['conversations'], run['reuses']['total']) for run in (both, one)]
    return [] if have[0] == (2 * have[1][0], 2 * have[1][1]) else ['both %r, one %r' % tuple(have)]


def anywhere(tcpreuse):
    """`any` sees each frame leave one end and arrive at the other, in the cooked header of Linux."""
    with wires.Recording('any', '-y', 'LINUX_SLL') as recording, wires.Sender('tx0') as sender:
        with wires.Capture(tcpreuse, ['any'], *IDLE) as live:
            sender.send(wires.example('port-reuse.pcap'))
            result = live.finish()
    out = wires.same_rows(result, program.run(tcpreuse, ['-q', recording.path])) + wires.accounted(result)
    return out + ([] if wires.ports(result)[0]['link'] == 'LINUX_SLL' else ['link: %r' % wires.ports(result)])


def lively(tcpreuse):
    """A row is there within a second of its frame."""
    address = capture.ipaddress.ip_address
    syn = lambda isn: capture.ethernet(capture.ip(address('192.0.2.1'), address('192.0.2.2'), capture.tcp(1024, 80, 2, isn)))
    process = subprocess.Popen([tcpreuse, '-i', 'rx0', '--verdicts', 'off', '--format', 'ndjson'], stdin=subprocess.DEVNULL,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    out = []
    try:
        process.stderr.readline()
        with wires.Sender('tx0') as sender:
            sender.send([syn(1)])
            for isn in (1000, 2000, 3000):
                sender.send([syn(isn)])
                begun = time.monotonic()
                ready, _, _ = select.select([process.stdout], [], [], 5)
                if not ready or not os.read(process.stdout.fileno(), 65536) or time.monotonic() - begun > 1:
                    out.append('no row %.3f s after the SYN %d' % (time.monotonic() - begun, isn))
    finally:
        process.terminate()
        process.communicate()
    return out


def measured(tcpreuse):
    """Metrics of interfaces: what summary.json says."""
    with tempfile.NamedTemporaryFile(prefix='interfaces-', suffix='.prom') as file, wires.Sender('tx0') as sender:
        with wires.Capture(tcpreuse, ['rx0', 'rx1'], *IDLE, '--metrics', file.name) as live:
            sender.send(wires.example('port-reuse.pcap'))
            result = live.finish()
        with open(file.name) as stream:
            values = metrics.parse(stream.read())
    out = metrics.compare(values, result.summary(), 0)
    for port in wires.ports(result):
        want = {('received', ()): port['received'], **{('lost', (('reason', why),)): port[why] for why in ('missed', 'errors', 'no_mbuf')}}
        for (what, more), n in want.items():
            have = values.get(('tcpreuse_interface_%s_frames_total' % what, (('interface', port['name']),) + more))
            out += [] if have == n else ['%s %s: %s, not %d' % (port['name'], what, have, n)]
    return out


def listed(tcpreuse):
    said = program.bare([tcpreuse, '--list-interfaces'])
    lines = said.out.decode().splitlines()
    names = [line.split()[0] for line in lines if line]
    return [] if said.status == 0 and {'rx0', 'tx0', 'lo', 'any'} <= set(names) else [said.describe(), said.out.decode()]


def main():
    tcpreuse, tap = wires.start(__doc__)
    for threads in (1, 3):
        tap.ok('rows of what tcpdump records beside it, %d threads' % threads,
               beside_tcpdump(tcpreuse, 'verdicts.pcap', threads=threads))
    tap.ok('with whole frames', beside_tcpdump(tcpreuse, 'port-reuse.pcap', '-s', 0))
    tap.ok('with a filter', filtered(tcpreuse))
    tap.ok('on any interface', anywhere(tcpreuse))
    wires.pair('tx1', 'rx1')
    tap.ok('on two interfaces', several(tcpreuse))
    tap.ok('--key tuple,interface', by_interface(tcpreuse))
    tap.ok('metrics of interfaces', measured(tcpreuse))
    tap.ok('rows come at once', lively(tcpreuse))
    tap.ok('--list-interfaces', listed(tcpreuse))
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
