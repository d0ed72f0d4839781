#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: rows.py TCPREUSE TRACEGEN

Frames from a port give the rows that they give from a file, byte for byte, as long as they come through one queue, or
through ports whose drivers give time stamps of one clock. Of frames that come through several queues of a port, only the
order within a queue is sure where each has a worker: a frame of another queue may be counted earlier or later. So frame and stream numbers differ, and where the two directions of a connection come through two queues, it may be
the SYN/ACK that opens it; but which conversations there were, and which of them reused ports, stays the same as long as
what belongs to one connection is over before its ports are used again.

With TCPREUSE_CORPUS, its Ethernet captures too: a hundred behind each other, since starting a port takes its time.
"""
import os
import sys
import tempfile

import ports  # says where the next two are
import capture
import program


def compare(tcpreuse, path, options=()):
    file_run = program.run(tcpreuse, list(options) + [path])
    return ports.same_rows(file_run, ports.run(tcpreuse, [ports.pcap(path)], options))


def flow(frame):
    """Endpoints of an IPv4 TCP frame as they stand there: source, destination."""
    return frame[26:30] + frame[34:36], frame[30:34] + frame[36:38]


def conversations(result):
    """Each as a set of its endpoints with their initial sequence numbers."""
    return sorted(sorted(((r['client'], r['client_port'], r['client_isn']), (r['server'], r['server_port'], r['server_isn'])))
                  for r in result.rows('conversations'))


def reuses(result):
    return sorted(sorted(((r['src'], r['src_port']), (r['dst'], r['dst_port']))) for r in result.rows('reuse'))


def same_sets(file_run, port_run):
    out = [r.describe() for r in (file_run, port_run) if r.status]
    if out:
        return out
    for name, of in (('conversations', conversations), ('reuses', reuses)):
        a, b = of(file_run), of(port_run)
        if a != b:
            odd = [x for x in a if x not in b] + [x for x in b if x not in a]
            out.append('%d %s from the file, %d from ports: %s' % (len(a), name, len(b), odd[:3]))
    return out


def connections(rounds, tuples):
    """Connections, frame by frame from both sides in turn; each tuple again in each round. Without FIN: a SYN/ACK that is
    counted behind the client's FIN reuses the ports by the rules."""
    ip, ethernet, tcp, address = capture.ip, capture.ethernet, capture.tcp, capture.ipaddress.ip_address
    out, time, server = [], 1700000000 * 10**9, address('192.0.2.1')
    for r in range(rounds):
        for t in range(tuples):
            client, port, a, b = address('198.51.100.%d' % (t % 200 + 1)), 40000 + t, 1000 * r + t, 500000 + 1000 * r + t
            for side, flags, seq, ack in ((0, 2, a, 0), (1, 0x12, b, a + 1), (0, 0x10, a + 1, b + 1), (1, 0x18, b + 1, a + 1),
                                          (0, 0x18, a + 1, b + 2), (1, 0x10, b + 2, a + 2)):
                ends = ((client, port), (server, 443))
                (src, sport), (dst, dport) = ends[side], ends[1 - side]
                time += 1000
                out.append((time, ethernet(ip(src, dst, tcp(sport, dport, flags, seq, ack, 0)))))
    return out


def corpus(tap, tcpreuse, directory):
    root = os.environ.get('TCPREUSE_CORPUS')
    if not root:
        tap.skip('captures of the corpus', 'TCPREUSE_CORPUS names none')
        return
    captures = []
    for place, _, names in sorted(os.walk(os.path.join(root, 'corpus'))):
        for name in sorted(names):
            records = ports.frames(os.path.join(place, name))
            if records:
                captures.append(records)
    complaints = []
    for i in range(0, len(captures), 100):
        path = ports.write(os.path.join(directory, 'corpus.pcap'), [f for c in captures[i:i + 100] for f in c])
        complaints += compare(tcpreuse, path)
    tap.ok('%d captures of the corpus' % len(captures), complaints)


def main():
    args = ports.arguments(__doc__)
    tap = program.Tap()
    with tempfile.TemporaryDirectory(prefix='dpdk-') as directory:
        at = lambda name: os.path.join(directory, name)
        small = ports.generate(args.tracegen, at('small.pcap'), '--frames', 60000, '--flows', 3000, '--reuse', 30, '--ipv6', 20,
                               '--refused', 10, '--midstream', 10, '--syn-retransmit', 10, '--vlan', 20)
        tap.ok('small frames', compare(args.tcpreuse, small))
        for options in (['-j', 1], ['-j', 3], ['--rules', '4.0'], ['--ignore', '1,7-9,5000-9000'], ['--filter', 'ip6'],
                        ['--ignore', '10-20', '--filter', 'tcp port 443', '-j', 2]):
            tap.ok('small frames, ' + ' '.join(map(str, options)), compare(args.tcpreuse, small, options))
        cruel = ports.generate(args.tracegen, at('cruel.pcap'), '--hostile', '--frames', 40000, '--fragments', 20, '--icmp', 5)
        cruel = ports.write(at('whole.pcap'), ports.frames(cruel))
        tap.ok('hostile headers and fragments', compare(args.tcpreuse, cruel))
        large = ports.generate(args.tracegen, at('large.pcap'), '--frames', 4000, '--flows', 50, '--size', 9000, '--reuse', 30)
        tap.ok('frames of several buffers', compare(args.tcpreuse, large))
        nano = ports.generate(args.tracegen, at('nano.pcap'), '--frames', 4000, '--flows', 50, '--nanosecond', '--big-endian')
        micro = ports.write(at('micro.pcap'), ports.frames(nano))
        tap.ok('nanoseconds, of which the driver gives microseconds', ports.same_rows(
            program.run(args.tcpreuse, [micro]), ports.run(args.tcpreuse, [ports.pcap(nano)])))
        corpus(tap, args.tcpreuse, directory)

        # Whatever comes through which port, it comes in the order of its times.
        records = [(1700000000 * 10**9 + i * 1000, frame) for i, (_, frame) in enumerate(ports.frames(small))]
        whole = ports.write(at('whole.pcap'), records)
        for several in (2, 3):
            parts = [ports.write(at('part%d.pcap' % i), [r for k, r in enumerate(records) if (k // 97 if k < 20000 else k * k // 3) % several == i])
                     for i in range(several)]
            for threads in (1, 3):
                tap.ok('%d ports, by time, %d workers' % (several, threads), ports.same_rows(
                    program.run(args.tcpreuse, [whole]),
                    ports.run(args.tcpreuse, [ports.pcap(part, number=i) for i, part in enumerate(parts)], ['-j', threads])))
        records = connections(8, 500)
        whole = program.run(args.tcpreuse, [ports.write(at('whole.pcap'), records)])
        ways = [ports.write(at('way%d.pcap' % i), [r for r in records if (flow(r[1])[0] > flow(r[1])[1]) == bool(i)]) for i in (0, 1)]
        two = ports.run(args.tcpreuse, [ports.pcap(ways[0]), ports.pcap(ways[1], number=1)], ['-j', 1])
        tap.ok('two ports, one a direction', same_sets(whole, two) + ports.same_rows(whole, two))
        tap.ok('each port is counted', [] if [p['received'] for p in two.summary()['input']['ports']] ==
               [len(records) // 2] * 2 else [two.reports['summary']])
        one = ports.run(args.tcpreuse, [ports.pcap(ways[0]), ports.pcap(ways[1], number=1)], ['--ports', 1])
        tap.ok('one port of two', [] if one.summary()['frames']['read'] == len(records) // 2 else [one.describe()])
        halves = [ports.write(at('half%d.pcap' % i), [r for r in records if (sum(sum(e) for e in flow(r[1])) & 1) == i]) for i in (0, 1)]
        for threads in (1, 2, 3):
            queues = ports.run(args.tcpreuse, [ports.pcap(*halves)], ['-j', threads])
            tap.ok('two queues, by tuple, %d workers' % threads, same_sets(whole, queues))
            received = [q['received'] for q in queues.summary()['input']['ports'][0]['queues']]
            counts = [len(ports.frames(h)) for h in halves]
            tap.ok('each queue is counted', [] if received == counts else ['%s, not %s' % (received, counts)])
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
