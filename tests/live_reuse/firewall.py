#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: firewall.py TCPREUSE

A firewall that remembers connections for longer than their hosts do, and drops SYNs that do not fit: what one connect() takes is
the delay of one episode, over all its SYNs and streams.
"""
import sys
import threading
import time

import network

SERVER = ('10.0.2.1', 80)
CLIENT = '10.0.1.1'
PLAIN, TWICE = 41001, 41002
TOLERANCE = 0.005


def build():
    client, firewall, server = network.Host(), network.Host(), network.Host()
    network.cable(client, 'eth0', firewall, 'inside')
    network.cable(firewall, 'outside', server, 'eth0')
    client.address('eth0', CLIENT)
    firewall.address('inside', '10.0.1.254')
    firewall.address('outside', '10.0.2.254')
    server.address('eth0', SERVER[0])
    client.run('ip route add default via 10.0.1.254')
    server.run('ip route add default via 10.0.2.254')
    firewall.set('ipv4/ip_forward', 1)
    # A RST renews an entry that is there. What the client sends when it dies does not get through: see `dead`.
    firewall.filter('''table ip fw {
        set stale {
            type inet_service
            flags timeout
        }
        set dead {
            type inet_service
        }
        chain in {
            type filter hook forward priority 0
            tcp sport @dead drop
            tcp flags & (syn | ack) == syn tcp sport @stale drop
            tcp dport 80 tcp flags & rst == rst update @stale { tcp sport timeout 1500ms }
        }
    }''')
    return client, firewall, server


def connect(client, port, took, errors):
    began = time.monotonic()
    try:
        connection = client.connect((CLIENT, port), SERVER)
        took[port] = time.monotonic() - began
        connection.close()
    except OSError as error:
        errors.append('port %d: %s' % (port, error))


def use(client, firewall, server):
    """Seconds that connect() took by port, and complaints."""
    took, errors = {}, []
    listener = server.listen(*SERVER)
    for port in (PLAIN, TWICE):
        near = client.connect((CLIENT, port), SERVER)
        far = listener.accept()[0]
        near.sendall(b'x')
        far.recv(10)
        if port == PLAIN:
            far.close()
            time.sleep(0.05)
            near.close()
        else:
            # The server never hears that the client is gone. `far` stays open.
            firewall.run('nft add element ip fw dead { %d }' % port)
            network.reset(near)
            firewall.run('nft delete element ip fw dead { %d }' % port)
    time.sleep(0.3)
    firewall.run('nft add element ip fw stale { %d timeout 2500ms, %d timeout 2500ms }' % (PLAIN, TWICE))
    threads = [threading.Thread(target=connect, args=(client, port, took, errors)) for port in (PLAIN, TWICE)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    time.sleep(0.1)
    listener.close()
    return took, errors


def took_as_long(rows, seconds):
    """Each row of the episode has its whole delay."""
    out = []
    for row in rows:
        out += network.differences(row, {
            'episode': rows[0]['episode'], 'episode_outcome': 'connected',
            'episode_delay': lambda text: text and abs(float(text) - seconds) <= TOLERANCE})
    return out + ['connect() took %.6f s' % seconds] * bool(out)


def main():
    tcpreuse, tap = network.start(__doc__)
    client, firewall, server = build()
    with network.Recording(firewall, 'inside') as within, network.Recording(firewall, 'outside') as without:
        took, errors = use(client, firewall, server)
    tap.ok('all connections', errors)
    if errors:
        return tap.done()
    print('# connect() took ' + ' and '.join('%.6f s' % s for s in took.values()))
    inside = {port: [r for r in within.report(tcpreuse) if r['src_port'] == str(port)] for port in took}
    outside = {port: [r for r in without.report(tcpreuse) if r['src_port'] == str(port)] for port in took}

    rows = inside[PLAIN]
    tap.ok('inside: SYNs that are dropped delay it', network.compare('reuses', 1, len(rows)) or network.differences(rows[0], {
        'previous_closed_by': 'server', 'previous_close': 'fin', 'acceptable': 'yes', 'answer': 'syn-ack', 'origin': 'recycled',
        'attempt': '1', 'answer_delay': rows[0]['episode_delay'], 'syn_retries': lambda text: int(text) >= 2,
        'verdict': 'delayed', 'certainty': ''}))
    tap.ok('inside: by what connect() took', took_as_long(rows, took[PLAIN]))
    rows = outside[PLAIN]
    tap.ok('outside: accepted at once', network.compare('reuses', 1, len(rows)) or network.differences(rows[0], {
        'answer': 'syn-ack', 'syn_retries': '0', 'verdict': 'early-accepted'}))

    rows = inside[TWICE]
    tap.ok('inside: dropped, challenged, and dropped again', network.compare('reuses', 2, len(rows)) or network.differences(rows[0], {
        'previous_closed_by': 'client', 'previous_close': 'rst', 'answer': 'challenge-ack', 'attempt': '1', 'verdict': 'challenged',
        'syn_retries': lambda text: int(text) >= 2, 'answer_delay': ''}) + network.differences(rows[1], {
            'previous_closed_by': 'client', 'previous_close': 'rst', 'answer': 'syn-ack', 'attempt': '2', 'verdict': 'retry',
            'syn_retries': lambda text: int(text) >= 1}))
    tap.ok('inside: one episode, by what connect() took', took_as_long(rows, took[TWICE]))
    rows = outside[TWICE]
    tap.ok('outside: challenged, and a retry', network.compare('verdicts', ['challenged', 'retry'], [r['verdict'] for r in rows]) or
           network.differences(rows[0], {'previous_close': 'open', 'previous_closed_by': 'nobody', 'syn_retries': '0'}))
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
