#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: crash.py TCPREUSE

A host dies in the middle of a connection and comes back, with the same address and port but without memory. Where the client does,
the server challenges its SYN (RFC 5961, 4), the client resets the connection that it does not know, and tries again at once
(RFC 9293, 3.5.1, figure 9). A server that comes back knows of nothing and accepts.
"""
import sys
import time

import network

CLIENT, SERVER = ('10.0.0.1', 40001), ('10.0.0.2', 80)


def pair():
    client, server = network.Host(), network.Host()
    network.cable(client, 'eth0', server, 'eth0')
    client.address('eth0', CLIENT[0])
    server.address('eth0', SERVER[0])
    return client, server


def dies(host, address):
    """Another host, on the same cable. The old one's sockets are left without a network."""
    heir = network.Host()
    host.run('ip link set eth0 netns ' + heir.path)
    heir.address('eth0', address)
    return heir


def talk(client, server, listener):
    """An open connection, both ends."""
    near = client.connect(CLIENT, SERVER)
    far = listener.accept()[0]
    near.sendall(b'x' * 100)
    far.recv(200)
    far.sendall(b'y' * 500)
    near.recv(600)
    return near, far


def client_dies(tap, tcpreuse):
    client, server = pair()
    listener = server.listen(*SERVER)
    with network.Recording(server, 'eth0') as recording:
        old = talk(client, server, listener)
        heir = dies(client, CLIENT[0])
        time.sleep(0.5)
        before, began = server.counters(), time.monotonic()
        new = talk(heir, server, listener)
        took, after = time.monotonic() - began, server.counters()
        try:
            old[1].recv(10)
            told = 'nothing'
        except ConnectionResetError:
            told = 'reset'
    rows = recording.report(tcpreuse)
    challenges = after['TCPSYNChallenge'] - before['TCPSYNChallenge']
    print('# connected after %.3f s, %d challenge ACKs' % (took, challenges))
    tap.ok('the client dies: the server challenges and is told', network.compare('challenge ACKs', 1, challenges) +
           network.compare('the old connection', 'reset', told))
    tap.ok('challenged, and a retry', network.compare('verdicts', ['challenged', 'retry'], [r['verdict'] for r in rows]))
    if len(rows) == 2:
        both = {'episode': rows[0]['stream'], 'episode_outcome': 'connected', 'syn_retries': '0', 'certainty': '',
                'episode_delay': lambda text: 0 < float(text) <= took}
        tap.ok('the challenge', network.differences(rows[0], {
            **both, 'trigger': 'syn-isn', 'previous_closed_by': 'nobody', 'previous_close': 'open', 'undercuts': '',
            'answer': 'challenge-ack', 'answer_delay': '', 'attempt': '1'}))
        tap.ok('the retry', network.differences(rows[1], {
            **both, 'trigger': 'syn-after-rst', 'previous_closed_by': 'client', 'previous_close': 'rst', 'undercuts': 'panos azure-rst',
            'answer': 'syn-ack', 'attempt': '2', 'isn': rows[0]['isn'], 'previous_stream': rows[0]['stream'],
            'answer_delay': lambda text: 0 < float(text) <= took}) +
            network.compare('episode_delay', rows[0]['episode_delay'], rows[1]['episode_delay']))
    for end in old + new:
        end.close()


def server_dies(tap, tcpreuse):
    client, server = pair()
    with network.Recording(client, 'eth0') as recording:
        old = talk(client, server, server.listen(*SERVER))
        # Nobody hears that the client gives up, too.
        client.filter('''table ip silence {
            chain out {
                type filter hook output priority 0
                drop
            }
        }''')
        network.reset(old[0])
        client.run('nft delete table ip silence')
        heir = dies(server, SERVER[0])
        time.sleep(0.3)
        new = talk(client, heir, heir.listen(*SERVER))
    rows = recording.report(tcpreuse)
    tap.ok('the server dies: an open connection is replaced', network.compare('reuses', 1, len(rows)) or network.differences(rows[0], {
        'previous_closed_by': 'nobody', 'previous_close': 'open', 'undercuts': '', 'origin': 'same-host', 'answer': 'syn-ack',
        'episode': rows[0]['stream'], 'attempt': '1', 'episode_outcome': 'connected', 'syn_retries': '0', 'verdict': 'stale-open',
        'certainty': ''}))
    for end in (old[1],) + new:
        end.close()


def main():
    tcpreuse, tap = network.start(__doc__)
    client_dies(tap, tcpreuse)
    server_dies(tap, tcpreuse)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
