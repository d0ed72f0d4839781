#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: nat.py TCPREUSE

A NAT with 30 ports between clients and a server, both sides recorded. The clients' time stamps have offsets of their own, so the
server's TIME_WAIT takes about half of what reuses a port for older than what it has seen (PAWS, RFC 7323, 5), and answers with an
old ACK. The server's kernel counts these; the rows have to say the same.
"""
import collections
import sys
import threading
import time

import network

CLIENTS, CONNECTIONS, THREADS = 2, 120, 4
SERVER = ('10.0.2.1', 80)


def build():
    client, nat, server = network.Host(), network.Host(), network.Host()
    network.cable(client, 'eth0', nat, 'inside')
    network.cable(nat, 'outside', server, 'eth0')
    client.address('eth0', *('10.0.1.%d' % (i + 1) for i in range(CLIENTS)))
    nat.address('inside', '10.0.1.254')
    nat.address('outside', '10.0.2.254')
    server.address('eth0', SERVER[0])
    client.run('ip route add default via 10.0.1.254')
    nat.set('ipv4/ip_forward', 1)
    nat.filter('''table ip nat {
        chain out {
            type nat hook postrouting priority 100
            oifname "outside" tcp dport 80 masquerade to :40000-40029
        }
    }''')
    # Some kernels take the port of an entry in TIME_WAIT, others wait for its end.
    nat.set('netfilter/nf_conntrack_tcp_timeout_time_wait', 1)
    nat.set('netfilter/nf_conntrack_tcp_timeout_close', 1)
    return client, nat, server


def answer(connection):
    """Like HTTP/1.0: the server closes first, so TIME_WAIT is its own."""
    with connection:
        connection.recv(100)
        connection.sendall(b'y' * 500)


def work(client, numbers, took, errors):
    for number in numbers:
        try:
            began = time.monotonic()
            # No port is used twice inside, so all reuses there are retries.
            source = ('10.0.1.%d' % (number // THREADS % CLIENTS + 1), 20000 + number)
            with client.connect(source, SERVER) as connection:
                took.append(time.monotonic() - began)
                connection.sendall(b'x')
                while connection.recv(1000):
                    pass
        except OSError as error:
            errors.append('connection %d: %s' % (number, error))


def use(client, server):
    """What the kernel counted of answers to old time stamps, and complaints."""
    before, took, errors = server.counters(), [], []
    echo = network.Server(server.listen(*SERVER), answer)
    workers = [threading.Thread(target=work, args=(client, range(i, CONNECTIONS, THREADS), took, errors)) for i in range(THREADS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    echo.stop()
    after = server.counters()
    counted = {name: after[name] - before.get(name, 0) for name in after}
    # Kernels before 6.14 count in PAWSEstab what is rejected in TIME_WAIT. An answer that is left out for their rate is no answer.
    rejected = counted.get('PAWSTimewait', 0) + counted.get('PAWSEstab', 0) - counted.get('TCPACKSkippedTimeWait', 0)
    print('# %d connections, the slowest took %.1f s; %d times PAWS rejected' % (len(took), max(took, default=0), rejected))
    return rejected, errors


def outside(rows, rejected):
    out = network.compare(
        '`challenged`, by PAWSTimewait', rejected, sum(r['verdict'] == 'challenged' for r in rows))
    for row in rows:
        # What a TIME_WAIT of Linux accepts has the number of a reopened one, and what it does not accept is not acceptable.
        if row['previous_closed_by'] == 'server' and row['previous_close'] == 'fin':
            want = {'acceptable': 'no', 'verdict': 'challenged', 'answer': 'challenge-ack'}
            if row['answer'] == 'syn-ack':
                want = {'acceptable': 'yes', 'verdict': 'early-accepted', 'origin': 'recycled', 'episode_outcome': 'connected'}
            out += network.differences(row, want)
        elif row['answer'] == 'challenge-ack':
            out += network.differences(row, {'previous_close': 'fin'})
        if not 40000 <= int(row['src_port']) < 40030:
            out.append('frame %s: port %s is not the NAT\'s' % (row['frame'], row['src_port']))
    return out


def inside(rows, rejected):
    """Each rejection is reset by the client, and its SYN comes again: the same connect()."""
    out = network.compare('`retry`', rejected, sum(r['verdict'] == 'retry' for r in rows)) + network.compare('rows', rejected, len(rows))
    by_episode = collections.defaultdict(list)
    for row in rows:
        out += network.differences(row, {'verdict': 'retry', 'trigger': 'syn-after-rst', 'previous_closed_by': 'client',
                                         'previous_close': 'rst', 'episode_outcome': 'connected'})
        by_episode[row['episode']].append(row)
    for episode in by_episode.values():
        out += network.compare('attempts of episode ' + episode[0]['episode'], list(range(2, len(episode) + 2)),
                               [int(r['attempt']) for r in episode])
        out += network.compare('answers of episode ' + episode[0]['episode'],
                               ['challenge-ack'] * (len(episode) - 1) + ['syn-ack'], [r['answer'] for r in episode])
    return out


def main():
    tcpreuse, tap = network.start(__doc__)
    client, nat, server = build()
    with network.Recording(nat, 'inside') as within, network.Recording(nat, 'outside') as without:
        rejected, errors = use(client, server)
    tap.ok('%d connections through 30 ports' % CONNECTIONS, errors)
    tap.ok('some were rejected', network.compare('any', True, rejected > 0))
    tap.ok('outside, as often challenged as the kernel counts', outside(without.report(tcpreuse), rejected))
    tap.ok('inside, a retry for each of these', inside(within.report(tcpreuse), rejected))
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
