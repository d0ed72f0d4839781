# SPDX-License-Identifier: BSD-2-Clause
"""Captures of Ethernet in channels of Bluetooth (BNEP), which signals open: for in_order.py."""
import struct

CONNECT, CONNECTED, CONFIGURE, CONFIGURED, DISCONNECT, DISCONNECTED, ECHO, CREATE, CREATED = 2, 3, 4, 5, 6, 7, 8, 12, 13
NETWORK, SERIAL = 15, 3         # services
ONE, OTHER = 0x40, 0x41         # channel numbers of the ends of the host that asks and of the one that answers


def shorts(*values):
    return struct.pack('<%dH' % len(values), *values)


def l2cap(channel, content):
    return shorts(len(content), channel) + content


def signal(code, content, number=1):
    return bytes((code, number)) + shorts(len(content)) + content


def bnep(packet, kind=2, ether_type=0x0800):
    addresses = {0: bytes(12), 3: bytes(6), 4: bytes(6)}.get(kind, b'')
    return bytes((kind,)) + addresses + struct.pack('>H', ether_type) + packet


def mode(number, hint=0):
    return bytes((4 | hint, 9, number)) + bytes(8)


class Link:
    """Makes frames of a link type: packets that device 0 sends and device 1 receives, or the other way."""

    def __init__(self, link_type, packet, adapter=0, handle=11):
        self.link_type, self.packet, self.adapter, self.handle = link_type, packet, adapter, handle

    def part(self, device, content, flags=2, size=None):
        data = shorts(self.handle | flags << 12, len(content) if size is None else size) + content
        if self.link_type == 187:
            return b'\2' + data
        if self.link_type == 201:
            return struct.pack('>I', device) + b'\2' + data
        return struct.pack('>HH', self.adapter, 4 + device) + data

    def send(self, device, channel, content, **how):
        return self.part(device, l2cap(channel, content), **how)

    def signals(self, device, *signals, channel=1):
        return self.send(device, channel, b''.join(signals))

    def data(self, device, channel, kind=2, **how):
        return self.send(device, channel, bnep(self.packet(), kind), **how)

    def four(self):
        """Each device to each end: if device 0 asked, the first two arrive."""
        return [self.data(0, OTHER), self.data(1, ONE), self.data(0, ONE), self.data(1, OTHER)]

    def ask(self, device=0, service=NETWORK, end=ONE, code=CONNECT):
        return self.signals(device, signal(code, shorts(service, end) + (b'\0' if code == CREATE else b'')))

    def answer(self, device=1, end=OTHER, asked=ONE, result=0, code=CONNECTED):
        return self.signals(device, signal(code, shorts(end, asked, result, 0)))

    def open(self, **how):
        return [self.ask(**how), self.answer()]

    def configure(self, device, end, options=b'', code=CONFIGURE):
        return self.signals(device, signal(code, shorts(end, 0) + (shorts(0) if code == CONFIGURED else b'') + options))

    def close(self, device, first, second, code=DISCONNECT):
        return self.signals(device, signal(code, shorts(first, second)))

    def parts(self, device, channel, *at, first=2):
        content = l2cap(channel, bnep(self.packet()))
        cuts = (0,) + at + (len(content),)
        return [self.part(device, content[a:b], flags=1 if a else first) for a, b in zip(cuts, cuts[1:])]


def add_channels(add, link):
    def after(name, signals, expected):
        add(name, signals + link.four(), '.' * len(signals) + expected)

    opened = link.open
    add('no channel', link.four(), '....')
    after('a channel', opened(), 'TT..')
    after('asked for only', [link.ask()], '.T..')
    after('answered only', [link.answer()], '....')
    after('asked for by the other device', [link.ask(1), link.answer(0)], '..TT')
    after('refused', [link.ask(), link.answer(end=0, result=2)], '.T..')
    after('refused, with a number', [link.ask(), link.answer(result=2)], 'TT..')
    after('answered by who asked', [link.ask(), link.answer(0)], '.T..')
    after('the same number at both ends', [link.ask(), link.answer(end=ONE)], '.TT.')
    after('another service', opened(service=SERIAL), '....')
    after('another service in its place', opened() + opened(service=SERIAL), '....')
    after('in the place of another service', opened(service=SERIAL) + opened(), 'TT..')
    after('created', [link.ask(code=CREATE), link.answer(code=CREATED)], 'TT..')
    again = opened() + [link.ask(), link.answer(end=0x51)]
    add('opened again, and the old number', again + link.four() + [link.data(0, 0x51)], '....TT..T')
    for code, first, second, closed in ((DISCONNECT, OTHER, ONE, True), (DISCONNECT, ONE, OTHER, False), (DISCONNECT, OTHER, 0x99, True),
                                        (DISCONNECT, 0x99, ONE, True), (DISCONNECT, ONE, 0x99, False), (DISCONNECTED, OTHER, ONE, False),
                                        (DISCONNECTED, ONE, OTHER, True), (DISCONNECTED, ONE, 0x99, True), (DISCONNECTED, 0x99, OTHER, True)):
        after('closed, %d %x %x' % (code, first, second), opened() + [link.close(0, first, second, code)], '....' if closed else 'TT..')
    after('closed by the other device', opened() + [link.close(1, ONE, OTHER)], '....')
    for name, signals, expected in (
            ('none', [link.configure(0, OTHER)], 'TT'), ('basic', [link.configure(0, OTHER, mode(0))], 'TT'),
            ('streaming', [link.configure(0, OTHER, mode(4))], 'T.'), ('of the other', [link.configure(1, ONE, mode(3))], '.T'),
            ('a hint', [link.configure(0, OTHER, mode(3, 0x80))], 'TT'), ('behind another', [link.configure(0, OTHER, b'\1\2\0\4' + mode(3))], 'T.'),
            ('and back', [link.configure(0, OTHER, mode(3)), link.configure(0, OTHER)], 'TT'),
            ('answers do not', [link.configure(1, ONE, mode(3), CONFIGURED)], 'TT')):
        after('mode: ' + name, opened() + signals, expected + '..')
    two = [signal(CONNECT, shorts(NETWORK, 0x44)), signal(CONNECT, shorts(NETWORK, ONE))]
    after('two signals in one', [link.signals(0, *two), link.answer()], 'TT..')
    after('behind an echo', [link.signals(0, signal(ECHO, b'1234'), *two), link.answer()], '....')
    after('behind a question', [link.signals(0, signal(10, shorts(2)), *two), link.answer()], 'TT..')
    after('signals of low energy', [link.signals(0, two[1], channel=5), link.signals(1, signal(CONNECTED, shorts(OTHER, ONE, 0, 0)), channel=5)], 'TT..')
    after('signals in parts', [link.part(0, l2cap(1, two[1])[:9]), link.part(0, l2cap(1, two[1])[9:], 1), link.answer()], 'TT..')
    add('without a channel', [link.send(0, 2, shorts(NETWORK) + bnep(link.packet()))], 'T')
    add('channels that are taken', [link.ask(end=3), link.answer(end=4, asked=3), link.data(0, 4), link.data(1, 3)], '....')


def add_packets(add, link):
    opened = link.open()

    def after(name, frames, expected):
        add(name, opened + frames, '..' + expected)

    for cuts in (10,), (3,), (2,), (20, 30), (4,):
        after('parts %s' % (cuts,), link.parts(0, OTHER, *cuts), '.' * len(cuts) + 'T')
    after('parts, not to be flushed', link.parts(0, OTHER, 20, first=0), '.T')
    a, b = link.parts(0, OTHER, 20)
    c, d = link.parts(1, ONE, 20)
    e, f = link.parts(0, OTHER, 20)
    after('parts both ways', [a, c, b, d], '..TT')
    after('begun again', [a, e, f, b], '..T.')
    after('a whole one between', [a, link.data(0, OTHER), b], '.TT')
    after('the rest only', [b], '.')
    after('too much', [a, link.part(0, bytes(200), 1), e, f], '...T')
    after('flags', [link.data(0, OTHER, flags=flags) for flags in (0, 1, 2, 3, 2 | 4, 2 | 8)], 'T.TTTT')
    content = l2cap(OTHER, bnep(link.packet()))
    after('more than its length', [link.part(0, content + b'more'), link.part(0, content + content)], '..')
    after('longer than it is', [link.part(0, content, size=len(content) + 4)], '.')
    whole = link.part(0, content)
    after('cut', [(whole, len(whole) - 1)], 'T')
    after('kinds', [link.data(0, OTHER, kind) for kind in (0, 1, 2, 3, 4, 5, 0x7f)], 'T.TTTTT')
    after('extended', [link.send(0, OTHER, b'\x82\x08\0\0\2\1\2' + link.packet())], '.')
    after('tagged', [link.send(0, OTHER, b'\2\x81\0\0\5\x08\0' + link.packet())], 'T')
    llc = bytes.fromhex('aaaa030000000800') + link.packet()
    after('LLC', [link.send(0, OTHER, bnep(llc, ether_type=len(llc)))], 'T')


def add_all(captures, packet):
    def add(name, frames, expected):
        captures.add('Bluetooth, ' + name, 201, frames, expected)

    link = Link(201, packet)
    add_channels(add, link)
    add_packets(add, link)
    add('another link', link.open() + Link(201, packet, handle=5).four(), '......')
    bare = Link(187, packet)
    captures.add('Bluetooth without directions', 187, bare.open() + bare.four() + [bare.send(0, 2, shorts(NETWORK) + bnep(packet()))], '......T')
    links = [Link(254, packet, adapter) for adapter in (1, 2)]
    captures.add('Bluetooth of Linux', 254, links[0].open() + links[0].parts(1, ONE, 20) + [links[0].data(0, OTHER)], '...TT')
    captures.add('Bluetooth of Linux, another adapter', 254, links[0].open() + links[1].four() + links[0].four(), '......TT..')
