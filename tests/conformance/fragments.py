#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: fragments.py TCPREUSE

Fragments of link layers, 802.11 and PPP multilink: in which frame of a capture there is TCP (`T`) and in which there is not
(`.`). The program has to find just that, by any number of threads, and the installed tshark does, too. TAP output.
"""
import itertools
import os
import struct
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import capture  # noqa: E402
import program  # noqa: E402
import tshark  # noqa: E402

HOSTS = b'\x0a\0\0\1', b'\x0a\0\0\2'
MACS = [bytes((2, 0, 0, 0, 0, i)) for i in range(10)]
ports = itertools.count(20000)


def packet(payload=24):
    """An IPv4 packet with a SYN of its own port."""
    return capture.ipv4(*HOSTS, capture.tcp(next(ports), 8081, capture.SYN, 7, payload=bytes(payload)))


def cut(content, *at):
    return [content[a:b] for a, b in zip((0,) + at, at + (len(content),))]


class Captures:
    """.all: (name, link type, frames, expected). A frame is its bytes, or these and how many of them are captured."""

    def __init__(self):
        self.all = []

    def add(self, name, link, frames, expected):
        self.all.append((name, link, frames, expected))


def wlan(body, number=0, more=False, sequence=5, to_ds=True, from_ds=False, addresses=(1, 2, 3), qos=None, protected=False):
    control = bytes((0x08 if qos is None else 0x88, to_ds | from_ds << 1 | more << 2 | protected << 6))
    return (control + b'\0\0' + b''.join(MACS[i] for i in addresses) + struct.pack('<H', sequence << 4 | number) +
            (b'' if qos is None else struct.pack('<H', qos)) + body)


def add_wlan(captures):
    def add(name, frames, expected):
        captures.add('802.11, ' + name, 105, frames, expected)

    def snap():
        return bytes.fromhex('aaaa030000000800') + packet()

    def three(**last):
        a, b, c = cut(snap(), 20, 40)
        return wlan(a, 0, True), wlan(b, 1, True), wlan(c, 2, **last)

    a, b, c = three()
    add('in order', [a, b, c], '..T')
    add('the first one last', [c, b, a], '...')         # the last one has been taken for a whole frame
    add('the last one before the second', [a, c, b], '..T')
    add('the second one first', [b, a, c], '..T')
    add('one twice', [a, b, b, c], '...T')
    add('all twice', [a, b, c, a, b, c], '..T..T')
    add('another frame between', [a, wlan(snap(), sequence=6), b, c], '.T.T')
    add('another sender between', [a, wlan(snap()[:20], 0, True, addresses=(1, 4, 3)), b, c], '...T')
    add('the last one of another sender', three(addresses=(1, 4, 3)), '...')
    add('the last one for another host', three(addresses=(1, 2, 4)), '...')
    add('the last one by another access point', three(addresses=(4, 2, 3)), '..T')
    add('the last one of another frame', three(sequence=6), '...')
    add('the last one protected', three(protected=True), '...')
    add('the first one is missing', [b, c], '..')
    add('whole, but numbered', [wlan(snap(), 2)], 'T')
    add('whole, but numbered, behind one of another', [a, wlan(snap(), 2, sequence=6)], '.T')
    add('whole, but numbered, behind one of its own', [b, wlan(snap(), 2)], '..')
    add('whole, but numbered, and then fragments', [wlan(snap(), 2), a, b, c], 'T..T')
    add('whole, but numbered, and cut', [(wlan(snap(), 1), 80)], 'T')
    add('the last one cut', [a, b, (c, 30)], '...')
    add('the last one cut, and then whole', [a, b, (c, 30), c], '...T')
    whole = snap()
    add('sixteen', [wlan(whole[4 * i:4 * i + 4] if i < 15 else whole[60:], i, i < 15) for i in range(16)], '.' * 15 + 'T')
    whole = snap()
    whole = MACS[1] + MACS[2] + struct.pack('>H', len(whole)) + whole
    add('an A-MSDU', [wlan(whole[:20], 0, True, qos=0x80), wlan(whole[20:], 1, qos=0x80)], '.T')
    whole = snap()
    for what, more in (('to', {}), ('from', {'to_ds': False, 'from_ds': True}), ('without', {'to_ds': False})):
        add(what + ' DS', [wlan(whole[:20], 0, True, **more), wlan(whole[20:], 1, **more)], '.T')
    add('QoS', [wlan(whole[:20], 0, True, qos=0), wlan(whole[20:], 1, qos=1)], '.T')
    x, y = snap(), snap()
    add('two contents of one number', [wlan(x[:34], 0, True), wlan(y[:30], 0, True), wlan(x[34:], 1)], '..T')


def multilink(part, first, last, number, header=b'\xff\3\0\x3d'):
    return header + struct.pack('>I', first << 31 | last << 30 | number) + part


def add_multilink(captures):
    def add(name, frames, expected, link=9):
        captures.add('multilink, ' + name, link, frames, expected)

    def parts(n, first=5, **more):
        pieces = cut(b'\0\x21' + packet(60), *(10 * i for i in range(1, n)))
        return [multilink(piece, i == 0, i == n - 1, first + i & 0xffffff, **more) for i, piece in enumerate(pieces)]

    def pppoe(frame, macs=(1, 2), session=7):
        return MACS[macs[0]] + MACS[macs[1]] + struct.pack('>HBBHH', 0x8864, 0x11, 0, session, len(frame)) + frame

    def l2tp(frame, source=1):
        inner = struct.pack('>HHHH', 1701, 1701, 14 + len(frame), 0) + struct.pack('>HHH', 2, 1, 2) + frame
        return capture.ethernet(capture.ipv4(b'\x0b\0\0' + bytes((source,)), HOSTS[1], inner, protocol=17))

    for order in itertools.permutations(range(3)):
        frames = parts(3)
        add('order %d%d%d' % order, [frames[i] for i in order], '..T')
    a, b, c = parts(3)
    add('all twice', [a, b, c, a, b, c], '..T..T')
    add('one twice', [a, b, b, c], '...T')
    add('the second one is missing', [a, c], '..')
    add('a whole packet between', [a, multilink(b'\0\x21' + packet(), True, True, 9), b, c], '.T.T')
    x, y = parts(3), parts(3, 15)
    add('two packets', [x[0], y[0], x[1], y[1], y[2], x[2]], '....TT')
    add('six', parts(6), '.....T')
    add('seven', parts(7), '.......')                   # too many for Wireshark
    add('numbers that begin anew', parts(3, 0xffffff), '...')
    add('the first one cut', [(multilink(b'\0\x21' + packet(60)[:58], True, False, 5), 60), multilink(bytes(42), False, True, 6)], '.T')
    add('both directions', [bytes((i,)) + frame for i, frame in enumerate(parts(2))], '.T', 204)
    short = {'header': b'\0\x3d'}
    add('PPPoE', [pppoe(frame) for frame in parts(2, **short)], '.T', 1)
    add('PPPoE, two sessions', [pppoe(frame, session=i) for i, frame in enumerate(parts(2, **short))], '.T', 1)
    add('PPPoE, two hosts', [pppoe(frame, (1, 2 + i)) for i, frame in enumerate(parts(2, **short))], '..', 1)
    add('L2TP', [l2tp(frame) for frame in parts(3)], '..T', 1)
    add('L2TP, two hosts', [l2tp(frame, i) for i, frame in enumerate(parts(2))], '..', 1)


def marks(frames, found):
    return ''.join('T' if number in found else '.' for number in range(1, len(frames) + 1))


def main():
    tap, judge, captures = program.Tap(), tshark.Tshark(), Captures()
    add_wlan(captures)
    add_multilink(captures)
    with tempfile.TemporaryDirectory(prefix='fragments-') as directory:
        for name, link, frames, expected in captures.all:
            pcap = capture.Pcap(link=link)
            for number, frame in enumerate(frames, 1):
                content, captured = frame if isinstance(frame, tuple) else (frame, None)
                pcap.add(number, content, captured=captured)
            path = program.write(directory, 'fragments.pcap', pcap.data())
            wrong = []
            for threads in '1', '3':
                rows = program.run(sys.argv[1], ['-j', threads, path], ('packets',)).rows('packets')
                got = marks(frames, {int(row['frame']) for row in rows})
                wrong += ['-j %s: %s, not %s' % (threads, got, expected)] if got != expected else []
            if judge.rules:
                got = marks(frames, judge.ask(path))
                wrong += ['tshark %s: %s, not %s' % (judge.version, got, expected)] if got != expected else []
            tap.ok(name, wrong)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
