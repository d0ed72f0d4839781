#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: ends.py TCPREUSE

How captures on interfaces end, that each frame is accounted for whatever ends them, and what is said where one cannot begin.
Needs root and network namespaces.
"""
import os
import pwd
import signal
import sys
import tempfile
import threading
import time

import wires  # says where the next ones are
import capture
import program

OVERRUNS = 5
FLOOD = 20000


def syns(count):
    address = capture.ipaddress.ip_address
    frames = [capture.ethernet(capture.ip(address('192.0.2.1'), address('192.0.2.2'), capture.tcp(1024 + i, 80, 2, i))) for i in range(1000)]
    return [frames[i % len(frames)] for i in range(count)]


def overrun(tcpreuse, options=('--idle-exit', '0.5')):
    """The kernel's buffer overflows while the program stands still."""
    with wires.Sender('tx0') as sender:
        with wires.Capture(tcpreuse, ['rx0'], '-B', 256, '-j', 1, *options, reports=('summary',)) as live:
            sender.send(syns(100))
            live.signal(signal.SIGSTOP)
            sender.send(syns(FLOOD), pause=0)
            live.signal(signal.SIGCONT)
            sender.send(syns(100))
            result = live.finish()
    port = wires.ports(result)[0]
    out = wires.accounted(result) + ([] if result.status == 0 else [result.describe()])
    if port['seen'] != FLOOD + 200:
        out.append('%d seen, not %d' % (port['seen'], FLOOD + 200))
    if not port['missed'] or not result.summary()['input']['lost'] or b'frames were lost' not in result.err:
        out.append('nothing was lost, or nobody said so: %r' % result.err)
    return out


def ends(tcpreuse, options, check, act=None, status=0):
    """A run whose end does not wait for the sender's."""
    with wires.Sender('tx0') as sender, wires.Capture(tcpreuse, ['rx0'], *options) as live:
        sender.send(syns(1000), pause=0.0001)
        if act:
            act(live)
        result = live.finish()
    out = [] if result.status == status else ['exit %d, not %d: %s' % (result.status, status, result.describe())]
    return out + wires.accounted(result) + check(result.summary())


def read(count, unread):
    def check(summary):
        have = summary['frames']['read'], summary['input']['unread']
        return [] if have == (count, unread) else ['%d read, %d unread' % have]
    return check


def amid_frames(tcpreuse):
    """Interrupted while frames come. That some of them wait in the kernel when it happens is a matter of luck, so several times."""
    out = []
    for i in range(6):
        with wires.Sender('tx0') as sender, wires.Capture(tcpreuse, ['rx0'], reports=('summary',)) as live:
            sending = threading.Thread(target=sender.send, args=(syns(300),))
            sending.start()
            time.sleep(0.05 + 0.003 * i)
            live.signal(signal.SIGINT)
            result = live.finish()
            sending.join()
        out += wires.accounted(result) + ([] if result.status == 130 else [result.describe()])
        out += [] if result.summary()['frames']['read'] else ['no frame was read']
    return out


def vanishes(tcpreuse):
    """One of two interfaces is removed: the run goes on with the other one, and tells."""
    wires.pair('tx1', 'rx1')
    with wires.Sender('tx0', 'tx1') as sender, wires.Capture(tcpreuse, ['rx0', 'rx1'], '--idle-exit', '0.6') as live:
        sender.send(syns(200))
        time.sleep(0.1)
        wires.command('ip link delete rx1')
        with wires.Sender('tx0') as rest:
            rest.send(syns(100))
        result = live.finish()
    errors = result.summary()['input']['errors']
    out = [] if result.status == 2 else ['exit %d' % result.status]
    if [port['received'] for port in wires.ports(result)] != [200, 100] or [error['file'] for error in errors] != ['rx1']:
        out.append('%r, %r' % (wires.ports(result), errors))
    if b'rx1: ' not in result.err.split(b'capturing on')[-1]:
        out.append('not told: %r' % result.err)
    return out


def as_user(tcpreuse):
    """Another user, its groups, no capability, and reports that belong to it."""
    user, out = pwd.getpwnam('nobody'), []
    with wires.Sender('tx0') as sender:
        with wires.Capture(tcpreuse, ['rx0'], '--user', 'nobody', '--idle-exit', '0.5', owner=user.pw_uid) as live:
            with open('/proc/%d/status' % live.process.pid) as file:
                status = dict(line.rstrip('\n').split(':\t', 1) for line in file)
            sender.send(syns(100))
            result = live.finish()
            owners = {entry.name: entry.stat().st_uid for entry in os.scandir(live.out)}
    groups = {str(group) for group in os.getgrouplist('nobody', user.pw_gid)}
    want = {'Uid': '\t'.join([str(user.pw_uid)] * 4), 'Gid': '\t'.join([str(user.pw_gid)] * 4), 'CapEff': '0' * 16,
            'CapPrm': '0' * 16, 'NoNewPrivs': '1'}
    out += ['%s: %r, not %r' % (name, status[name], value) for name, value in want.items() if status[name] != value]
    out += [] if set(status['Groups'].split()) == groups else ['groups: ' + status['Groups']]
    out += ['%s belongs to %d' % item for item in owners.items() if item[1] != user.pw_uid]
    out += [] if result.status == 0 and result.summary()['frames']['read'] == 100 else [result.describe()]
    return out + wires.accounted(result)


def refused(tcpreuse, arguments, status, words, before=()):
    result = program.bare([*before, tcpreuse, *arguments])
    said = result.err.decode()
    return [] if result.status == status and all(word in said for word in words) else [result.describe()]


def main():
    tcpreuse, tap = wires.start(__doc__)
    for i in range(OVERRUNS):
        tap.ok('received + missed = seen = sent, overrun %d' % (i + 1), overrun(tcpreuse))
    tap.ok('--idle-exit', ends(tcpreuse, ['--idle-exit', 0.3], read(1000, 0)))
    tap.ok('--duration', ends(tcpreuse, ['--duration', 1], read(1000, 0)))
    tap.ok('--frames', ends(tcpreuse, ['--frames', 1000], read(1000, 0)))
    few = lambda summary: [] if summary['frames']['read'] == 10 else ['%d read' % summary['frames']['read']]
    tap.ok('--frames, and more wait', ends(tcpreuse, ['--frames', 10], few))
    for number in (signal.SIGINT, signal.SIGTERM):
        tap.ok('%s at once' % number.name, ends(tcpreuse, [], read(1000, 0), lambda live: live.signal(number), 130))
    tap.ok('SIGINT amid frames', amid_frames(tcpreuse))
    tap.ok('an interface vanishes', vanishes(tcpreuse))
    tap.ok('no such interface', refused(tcpreuse, ['-i', 'rx00'], 1, ["rx00: there is no such interface; did you mean 'rx0'?"]))
    tap.ok('a wrong filter', refused(tcpreuse, ['-i', 'rx0', '-f', 'tcp prot 80'], 1, ['--filter', 'rx0']))
    tap.ok('an interface that is down',
           refused(tcpreuse, ['-i', 'lo', '--duration', '0.1'], 2, ['lo', 'is down', 'ip link set lo up']))
    tap.ok('no permission', refused(tcpreuse, ['-i', 'rx0'], 2, ['CAP_NET_RAW', 'CAP_NET_ADMIN', 'setcap'],
                                    ('setpriv', '--bounding-set=-net_raw,-net_admin', '--inh-caps=-all')))
    tap.ok('--user', as_user(tcpreuse))
    tap.ok('--user: no such user', refused(tcpreuse, ['-i', 'rx0', '--user', 'no-such'], 1, ['no-such', 'no such user']))
    stranger = ('setpriv', '--reuid=65533', '--regid=65533', '--clear-groups')
    if program.bare([*stranger, tcpreuse, '--version']).status:
        tap.skip('--user: not root', 'others may not run the program here')
    else:
        tap.ok('--user: not root', refused(tcpreuse, ['-i', 'rx0', '--user', 'nobody'], 1, ['only root'], stranger))
    with tempfile.TemporaryDirectory(prefix='interfaces-') as place:
        tap.ok('--user: a directory that it cannot write', refused(
            tcpreuse, ['-i', 'rx0', '--user', 'nobody', '-o', os.path.join(place, 'out')], 3, ['out', 'Permission denied', "'nobody'"]))
    tap.ok('no file beside an interface', refused(tcpreuse, ['-i', 'rx0', 'x.pcap'], 1, ['takes no files']))
    tap.ok('options that need an interface', refused(tcpreuse, ['-p', 'x.pcap'], 1, ["'-p' requires '-i'"]))
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
