#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: closers.py TCPREUSE

Who closed the old connection, how, and what Linux makes of the reuse: on loopback after different times, and health checks from
fixed ports whose server or client closes first, resets, or refuses.
"""
import sys
import tempfile
import threading
import time

import network

AFTER_FIN = 'panos netscaler linux azure-fin conntrack gcp-nat ipvs windows rfc9293'
AFTER_RST = 'panos azure-rst'
SERVER = ('10.0.0.2', 80)
CHECKS = 3
ACCEPTED = {'answer': 'syn-ack', 'acceptable': 'yes', 'attempt': '1', 'episode_outcome': 'connected', 'syn_retries': '0',
            'verdict': 'early-accepted', 'certainty': ''}


def once(host, source, destination, listener, closer):
    """A connection, which client or server closes first, by FIN or by RST. Seconds that connect() took."""
    began = time.monotonic()
    client = host.connect(source, destination)
    took = time.monotonic() - began
    server = listener.accept()[0]
    client.sendall(b'x' * 100)
    server.recv(200)
    server.sendall(b'y' * 500)
    client.recv(600)
    first, second = (client, server) if closer.startswith('client') else (server, client)
    if closer.endswith('resets'):
        network.reset(first)
    else:
        first.close()
    time.sleep(0.05)
    second.close()
    return took


# What is to be seen of a connection that was closed so, and of its successor.
CLOSED = {
    'server closes': {'previous_closed_by': 'server', 'previous_close': 'fin', 'undercuts': AFTER_FIN, 'origin': 'recycled'},
    'client closes': {'previous_closed_by': 'client', 'previous_close': 'fin', 'undercuts': AFTER_FIN, 'origin': 'recycled',
                      'isn_distance': '65537'},
    'client resets': {'previous_closed_by': 'client', 'previous_close': 'rst', 'undercuts': AFTER_RST, 'origin': 'same-host'},
    # No TIME_WAIT is left that could reject the SYN, whatever its time stamps.
    'server resets': {'previous_closed_by': 'server', 'previous_close': 'rst', 'undercuts': AFTER_RST, 'origin': 'same-host'},
}


def accepted(row, closer, took):
    """Complaints about the row of a reuse that was accepted at once."""
    out = network.differences(row, {**ACCEPTED, 'episode': row['stream'], **CLOSED[closer]})
    out += network.compare('episode_delay', row['answer_delay'], row['episode_delay'])
    if not 0 < float(row['answer_delay']) <= took:
        out.append('frame %s: answered after %s s, but connect() took %.6f s' % (row['frame'], row['answer_delay'], took))
    return out


def loopback(tap, tcpreuse):
    """The same connection twice, the second time after so many seconds. Linux reuses its own TIME_WAIT after one second."""
    cases = (('server closes', 0.3), ('client resets', 0.5), ('client closes', 1.3), ('client closes', 2.2), ('server closes', 4))
    host, destination, took = network.Host(), ('127.0.0.1', 8080), []
    listener = host.listen(*destination)
    sources = [('127.0.0.2', 40001 + i) for i in range(len(cases))]
    with network.Recording(host, 'lo') as recording:
        for closer, source in zip((c for c, _ in cases), sources):
            once(host, source, destination, listener, closer)
            closed = time.monotonic()
        for (closer, wait), source in zip(cases, sources):
            time.sleep(max(0, closed + wait - time.monotonic()))
            took.append(once(host, source, destination, listener, closer))
    rows = recording.report(tcpreuse)
    tap.ok('loopback: five reuses', network.compare('ports', [str(p) for _, p in sources], [r['src_port'] for r in rows]))
    for row, (closer, wait), seconds in zip(rows, cases, took):
        out = accepted(row, closer, seconds)
        if not wait - 0.01 < float(row['gap']) < wait + 1:
            out.append('gap is %s, not %s and a little' % (row['gap'], wait))
        tap.ok('loopback: %s, %s s later once more' % (closer, wait), out)
    # Timers between the gaps: what comes later is in order.
    with tempfile.NamedTemporaryFile('w', suffix='.csv') as timers:
        timers.write('short,fin,2\nshort,rst,0.1\n')
        timers.flush()
        have = [(r['undercuts'], r['verdict']) for r in recording.report(tcpreuse, '--timers', timers.name)]
    early, later = ('short', 'early-accepted'), ('', 'in-order')
    tap.ok('loopback: compared with other timers', network.compare('undercuts and verdict', [early, later, early, later, later], have))


def check_health(client, server, port, closer, errors, took):
    """Three checks of one service, by one port."""
    listener = server.listen(SERVER[0], port)
    for _ in range(CHECKS):
        began = time.monotonic()
        try:
            took.append(once(client, ('10.0.0.1', 40000 + port), (SERVER[0], port), listener, closer))
        except OSError as error:
            errors.append('port %d: %s' % (port, error))
        time.sleep(max(0, began + 1.3 - time.monotonic()))
    listener.close()


def check_crossed(client, server, port, errors):
    """The first FIN of the client gets lost, and the server closes meanwhile: both have closed before they knew of the other."""
    listener = server.listen(SERVER[0], port)
    try:
        for last in (False, True):
            near = client.connect(('10.0.0.1', 40000 + port), (SERVER[0], port))
            far = listener.accept()[0]
            if not last:
                server.filter('''table ip loss {
                    chain in {
                        type filter hook input priority 0
                        tcp dport %d tcp flags & fin == fin limit rate over 1/hour burst 1 packets accept
                        tcp dport %d tcp flags & fin == fin drop
                    }
                }''' % (port, port))
            near.close()
            time.sleep(0.02)
            far.close()
            time.sleep(1.5)
    except OSError as error:
        errors.append('port %d: %s' % (port, error))
    listener.close()


def check_refused(client, server, port, errors, took):
    """Three connect() in vain, from one port; then the server is there."""
    began = time.monotonic()
    for _ in range(3):
        try:
            client.connect(('10.0.0.1', 40000 + port), (SERVER[0], port)).close()
            errors.append('connected, though nobody listens')
        except ConnectionRefusedError:
            pass
        time.sleep(0.3)
    with server.listen(SERVER[0], port):
        client.connect(('10.0.0.1', 40000 + port), (SERVER[0], port)).close()
        took.append(time.monotonic() - began)


def refused(rows, took):
    """One episode, from the first SYN on, which was no reuse."""
    out = network.compare('answers', ['rst', 'rst', 'syn-ack'], [r['answer'] for r in rows])
    out += network.compare('verdicts', ['refused', 'refused', 'in-order'], [r['verdict'] for r in rows])
    for attempt, row in enumerate(rows, 2):
        out += network.differences(row, {
            'previous_close': 'refused', 'previous_closed_by': 'server', 'undercuts': '', 'origin': 'same-host', 'attempt': str(attempt),
            'episode': rows[0]['previous_stream'], 'episode_outcome': 'connected', 'syn_retries': '0', 'certainty': '',
            'episode_delay': lambda text: took - 0.005 < float(text) < took})
    return out


def services(tap, tcpreuse):
    client, server = network.Host(), network.Host()
    network.cable(client, 'eth0', server, 'eth0')
    client.address('eth0', '10.0.0.1')
    server.address('eth0', SERVER[0])
    client.set('ipv4/tcp_tw_reuse', 1)
    errors, took = [], {port: [] for port in range(80, 86)}
    threads = [threading.Thread(target=check_health, args=(client, server, port, closer, errors, took[port]))
               for port, closer in enumerate(CLOSED, 80)]
    threads.append(threading.Thread(target=check_refused, args=(client, server, 84, errors, took[84])))
    threads.append(threading.Thread(target=check_crossed, args=(client, server, 85, errors)))
    with network.Recording(server, 'eth0') as recording:
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    rows = recording.report(tcpreuse)
    tap.ok('services: all connections', errors)
    for port, closer in enumerate(CLOSED, 80):
        mine = [r for r in rows if r['dst_port'] == str(port)]
        out = network.compare('reuses', CHECKS - 1, len(mine))
        for row, seconds in zip(mine, took[port][1:]):
            out += accepted(row, closer, seconds)
        tap.ok('a health check, %s first' % closer, out)
    mine = [r for r in rows if r['dst_port'] == '84']
    tap.ok('refused until the server is there', network.compare('reuses', 3, len(mine)) or refused(mine, *took[84]))
    mine = [r for r in rows if r['dst_port'] == '85']
    tap.ok('both close', network.compare('reuses', 1, len(mine)) or network.differences(mine[0], {
        'previous_closed_by': 'both', 'previous_close': 'fin', 'answer': 'syn-ack'}))


def main():
    tcpreuse, tap = network.start(__doc__)
    loopback(tap, tcpreuse)
    services(tap, tcpreuse)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
