# SPDX-License-Identifier: BSD-2-Clause
"""Frames of captures put into tunnels, any in any.

What is carried is of a kind: 'ip' (a packet of either version) or 'eth' (an Ethernet frame). A layer takes one kind and gives
one. Its fields (addresses, labels, keys) are drawn once, so a layer is a tunnel and not noise; lengths are right. nest() draws a
stack of layers that ends with what a file of a link type holds.
"""
import struct
import zlib

import capture

MAC = '02000000%02x%02x'


def macs(rng):
    return b''.join(bytes.fromhex(MAC % (rng.randrange(4), rng.randrange(256))) for _ in range(2))


def word(rng, bits):
    return rng.getrandbits(bits)


def is_ipv6(packet):
    return packet[:1] and packet[0] >> 4 == 6


def ether_type(packet):
    return b'\x86\xdd' if is_ipv6(packet) else b'\x08\0'


# Around what is carried: bytes with a protocol number become a packet of one pair of hosts.

def hosts(rng):
    """A function (payload, protocol number) -> packet, of either version."""
    if rng.random() < 0.25:
        ends = [b'\x20\x01\x0d\xb8' + bytes(10) + bytes((rng.randrange(8), rng.randrange(1, 250))) for _ in range(2)]
        extensions = tuple(rng.choice(('hop', 'dst', 'rt', 'frag', 'ah')) for _ in range(rng.choice((0, 0, 0, 1, 2))))
        return lambda payload, protocol: capture.ipv6(*ends, payload, protocol=protocol, ext=extensions)
    ends = [bytes((10, rng.randrange(8), 0, rng.randrange(1, 250))) for _ in range(2)]
    options = rng.choice((0, 0, 0, 0, 4, 12))
    return lambda payload, protocol: capture.ipv4(*ends, payload, protocol=protocol, options=options)


def over_ip(protocol, head=None):
    """The layer of an IP protocol; head: a function rng -> function data -> bytes."""
    def make(rng):
        packet, inner = hosts(rng), head(rng) if head else bytes
        return lambda data: packet(inner(data), protocol(data) if callable(protocol) else protocol)
    return make


def over_udp(port, head):
    def make(rng):
        packet, inner, source = hosts(rng), head(rng), rng.randrange(49152, 65536)

        def put(data):
            content = inner(data)
            ports = (source, port) if not reverse else (port, source)
            return packet(struct.pack('>HHHH', *ports, 8 + len(content), 0) + content, 17)
        reverse = rng.random() < 0.2
        return put
    return make


def before(make_bytes):
    """The head that is the same for every frame."""
    def make(rng):
        head = make_bytes(rng)
        return lambda data: head + data
    return make


# heads

def gre(protocol, flags=None):
    def make(rng):
        bits = rng.choice((0, 0x2000, 0x1000, 0x3000, 0x8000, 0xa000)) if flags is None else flags
        key, number = word(rng, 32), [0]

        def put(data):
            head = struct.pack('>HH', bits, protocol(data) if callable(protocol) else protocol)
            if bits & 0x8000:
                head += bytes(4)
            if bits & 0x2000:
                head += struct.pack('>I', key)
            if bits & 0x1000:
                number[0] += 1
                head += struct.pack('>I', number[0])
            return head + data
        return put
    return make


def by_version(data):
    return struct.unpack('>H', ether_type(data))[0]


def after(outer, inner):
    """Two heads, the outer one first."""
    def make(rng):
        first, second = outer(rng), inner(rng)
        return lambda data: first(second(data))
    return make


def labels(rng):
    count = rng.choice((1, 1, 2, 3))
    return b''.join(struct.pack('>I', rng.randrange(16, 1 << 20) << 12 | (i == count - 1) << 8 | 64) for i in range(count))


def erspan2(rng):
    return struct.pack('>II', 0x10000000 | rng.randrange(1, 4095) << 16 | rng.randrange(1024), rng.randrange(1 << 20))


def erspan3(rng):
    return struct.pack('>III', 0x20000000 | rng.randrange(1, 4095) << 16 | rng.randrange(1024), word(rng, 32), 0)


def gtp(rng):
    tunnel, flags = word(rng, 32), rng.choice((0x30, 0x30, 0x32, 0x34))

    def put(data):
        more = b''
        if flags & 4:
            more = b'\0\0\0\x85' + b'\x01\x10\x09\0'
        elif flags & 2:
            more = b'\0\7\0\0'
        return struct.pack('>BBHI', flags, 255, len(more) + len(data), tunnel) + more + data
    return put


def geneve(protocol):
    def make(rng):
        options = struct.pack('>HBB', 0x0102, rng.randrange(128), 1) + bytes(4) if rng.random() < 0.4 else b''
        network = rng.randrange(1 << 24) << 8
        return lambda data: struct.pack('>BBHI', len(options) // 4, 0, protocol(data) if callable(protocol) else protocol,
                                        network) + options + data
    return make


def nsh(number):
    def make(rng):
        kind = rng.choice((1, 2))
        length, path = (6, bytes(16)) if kind == 1 else (2, b'')
        head = rng.randrange(1 << 24) << 8 | 255

        def put(data):
            following = number or (2 if is_ipv6(data) else 1)
            return struct.pack('>HBBI', 63 << 6 | length, kind, following, head) + path + data
        return put
    return make


def ppp(rng):
    short = rng.random() < 0.3
    return lambda data: (b'' if short else b'\xff\3') + (b'\0\x57' if is_ipv6(data) else b'\0\x21') + data


def bridged(rng):
    return lambda data: b'\xff\3\0\x31\0\1' + data


def l2tp(rng):
    with_length, offset = rng.random() < 0.5, rng.random() < 0.2
    tunnel, session = rng.randrange(1, 65536), rng.randrange(1, 65536)

    def put(data):
        head = struct.pack('>HH', tunnel, session) + (b'\0\2\0\0' if offset else b'')
        flags = 2 | 0x4000 * with_length | 0x0200 * offset
        size = struct.pack('>H', 4 + len(head) + len(data)) if with_length else b''
        return struct.pack('>H', flags) + size + head + data
    return put


def pppoe(rng):
    session = rng.randrange(1, 65536)
    return lambda data: struct.pack('>BBHH', 0x11, 0, session, len(data)) + data


def vxlan(rng):
    return struct.pack('>II', 0x08000000, rng.randrange(1 << 24) << 8)


def vxlan_gpe(number):
    def make(rng):
        network = rng.randrange(1 << 24) << 8
        return lambda data: struct.pack('>II', 0x0c000000 | (number or (2 if is_ipv6(data) else 1)), network) + data
    return make


def frame(kind, inner=None):
    """The layer of an ether type."""
    def make(rng):
        addresses, put = macs(rng), inner(rng) if inner else bytes
        return lambda data: addresses + (kind(data) if callable(kind) else struct.pack('>H', kind)) + put(data)
    return make


def tagged(kinds):
    """Tags of a frame, behind its addresses."""
    def make(rng):
        tags = b''.join(struct.pack('>HH', kind, rng.randrange(1, 4095)) for kind in kinds)
        return lambda data: data[:12] + tags + data[12:]
    return make


def snap(rng):
    addresses = macs(rng)

    def put(data):
        content = b'\xaa\xaa\3\0\0\0' + ether_type(data) + data
        return addresses + struct.pack('>H', min(len(content), 1500)) + content
    return put


def quoted(rng):
    packets = hosts(rng), rng.choice((8, 20, 40, 500))

    def put(data):
        packet, more = packets
        if is_ipv6(data):
            return capture.ipv6(data[24:40], data[8:24], b'\1\0' + bytes(6) + data[:40 + more], protocol=58)
        return packet(b'\3\1' + bytes(6) + data[:20 + more], 1)
    return put


def compressed(rng):
    """IPComp with deflate."""
    def put(data):
        deflate = zlib.compressobj(9, zlib.DEFLATED, -15)
        return struct.pack('>BBH', 41 if is_ipv6(data) else 4, 0, 2) + deflate.compress(data) + deflate.flush()
    return put


def teredo(rng):
    return b'\0\0\x2b\x67\xce\x70\x0a\1\2\3' if rng.random() < 0.4 else b''


def wireless(rng):
    return b'\x08\1\0\0' + macs(rng) + bytes.fromhex(MAC % (9, 9)) + b'\0\0\xaa\xaa\3\0\0\0'


def by_type(head):
    """head, then the ether type of the packet."""
    def make(rng):
        first = head(rng)
        return lambda data: first + ether_type(data) + data
    return make


# name: takes, gives, layer
LAYERS = {
    'Ethernet': ('ip', 'eth', frame(ether_type)),
    'SNAP': ('ip', 'eth', snap),
    'MPLS': ('ip', 'eth', frame(0x8847, before(labels))),
    'PPPoE': ('ip', 'eth', frame(0x8864, after(pppoe, lambda rng: lambda data: (b'\0\x57' if is_ipv6(data) else b'\0\x21') + data))),
    'NSH': ('ip', 'eth', frame(0x894f, nsh(0))),
    'B.A.T.M.A.N.': ('eth', 'eth', frame(0x4305, before(lambda rng: bytes.fromhex('400f32010200000000090000')[:10]))),
    'TRILL': ('eth', 'eth', frame(0x22f3, before(lambda rng: struct.pack('>HHH', 0, rng.randrange(65536), rng.randrange(65536))))),
    '802.1ah': ('eth', 'eth', frame(0x88e7, before(lambda rng: struct.pack('>I', rng.randrange(1 << 24))))),
    'MPLS of Ethernet': ('eth', 'eth', frame(0x8847, before(lambda rng: labels(rng) + bytes(4)))),
    'NSH of Ethernet': ('eth', 'eth', frame(0x894f, nsh(3))),
    'VLAN': ('eth', 'eth', tagged((0x8100,))),
    'QinQ': ('eth', 'eth', tagged((0x88a8, 0x8100))),
    'three VLANs': ('eth', 'eth', tagged((0x9100, 0x8100, 0x8100))),
    'HSR': ('eth', 'eth', lambda rng: lambda data: data[:12] + struct.pack('>HHH', 0x892f, min(len(data) - 8, 4095), 7) + data[12:]),
    'VN-Tag': ('eth', 'eth', lambda rng: lambda data: data[:12] + b'\x89\x26' + b'\0\1\0\2' + data[12:]),
    'E-TAG': ('eth', 'eth', lambda rng: lambda data: data[:12] + b'\x89\x3f' + b'\0\1\0\2\0\0' + data[12:]),
    'RTAG': ('eth', 'eth', lambda rng: lambda data: data[:12] + b'\xf1\xc1' + b'\0\0\0\2' + data[12:]),
    'IP in IP': ('ip', 'ip', over_ip(lambda data: 41 if is_ipv6(data) else 4)),
    'GRE': ('ip', 'ip', over_ip(47, gre(by_version))),
    'GRE of MPLS': ('ip', 'ip', over_ip(47, after(gre(0x8847), before(labels)))),
    'GRE of PPP': ('ip', 'ip', over_ip(47, after(gre(0x880b, 0), ppp))),
    'GRE of NSH': ('ip', 'ip', over_ip(47, after(gre(0x894f), nsh(0)))),
    'MPLS in IP': ('ip', 'ip', over_ip(137, before(labels))),
    'AH': ('ip', 'ip', over_ip(51, lambda rng: lambda data: struct.pack('>BBHIIQI', 41 if is_ipv6(data) else 4, 4, 0, 1, 2, 0, 0) + data)),
    'IPComp': ('ip', 'ip', over_ip(108, compressed)),
    'GTP-U': ('ip', 'ip', over_udp(2152, gtp)),
    'L2TP': ('ip', 'ip', over_udp(1701, after(l2tp, ppp))),
    'L2TP of Ethernet': ('eth', 'ip', over_udp(1701, after(l2tp, bridged))),
    'VXLAN-GPE': ('ip', 'ip', over_udp(4790, vxlan_gpe(0))),
    'VXLAN-GPE of NSH': ('ip', 'ip', over_udp(4790, after(vxlan_gpe(4), nsh(0)))),
    'Geneve of IP': ('ip', 'ip', over_udp(6081, geneve(by_version))),
    'MPLS in UDP': ('ip', 'ip', over_udp(6635, before(labels))),
    'GRE in UDP': ('ip', 'ip', over_udp(4754, gre(by_version))),
    'LISP': ('ip', 'ip', over_udp(4341, before(lambda rng: bytes(8)))),
    'Teredo': ('ip', 'ip', lambda rng: guarded(over_udp(3544, before(teredo))(rng))),
    'quoted': ('ip', 'ip', quoted),
    'EtherIP': ('eth', 'ip', over_ip(97, before(lambda rng: b'\x30\0'))),
    'Ethernet in IP': ('eth', 'ip', over_ip(143)),
    'GRE of Ethernet': ('eth', 'ip', over_ip(47, gre(0x6558))),
    'ERSPAN I': ('eth', 'ip', over_ip(47, gre(0x88be, 0))),
    'ERSPAN II': ('eth', 'ip', over_ip(47, after(gre(0x88be, 0x1000), before(erspan2)))),
    'ERSPAN III': ('eth', 'ip', over_ip(47, after(gre(0x22eb, 0x1000), before(erspan3)))),
    'VXLAN': ('eth', 'ip', over_udp(4789, before(vxlan))),
    'VXLAN-GPE of Ethernet': ('eth', 'ip', over_udp(4790, vxlan_gpe(3))),
    'Geneve': ('eth', 'ip', over_udp(6081, geneve(0x6558))),
    'MPLS in UDP of Ethernet': ('eth', 'ip', over_udp(6635, before(lambda rng: labels(rng) + bytes(4)))),
    'TZSP': ('eth', 'ip', over_udp(37008, before(lambda rng: b'\1\0\0\1\1'))),
    'CAPWAP': ('eth', 'ip', over_udp(5247, before(lambda rng: bytes.fromhex('0010000000000000')))),
    'GRE of 802.11': ('ip', 'ip', over_ip(47, after(gre(0x8200), by_type(wireless)))),
}


def guarded(put):
    """Teredo carries IPv6 only; what it cannot carry goes as it is."""
    return lambda data: put(data) if is_ipv6(data) else data


# link type: what a file of it holds before a packet
LINKS = {
    0: lambda data: struct.pack('<I', 24 if is_ipv6(data) else 2) + data,
    9: lambda data: b'\xff\3' + (b'\0\x57' if is_ipv6(data) else b'\0\x21') + data,
    12: bytes,
    101: bytes,
    100: lambda data: b'\xaa\xaa\3\0\0\0' + ether_type(data) + data,
    104: lambda data: b'\x0f\0' + ether_type(data) + data,
    105: lambda data: b'\x08\1\0\0' + bytes.fromhex('0200000000010200000000020200000000030000aaaa03000000') + ether_type(data) + data,
    107: lambda data: b'\x18\x41\3' + (b'\x8e' if is_ipv6(data) else b'\xcc') + data,
    108: lambda data: struct.pack('>I', 24 if is_ipv6(data) else 2) + data,
    113: lambda data: bytes.fromhex('0000000100060200000000010000') + ether_type(data) + data,
    276: lambda data: ether_type(data) + bytes.fromhex('0000000000010001000602000000000100') + b'\0' + data,
}


def nest(rng, kind, depth, link=None):
    """(names of layers, link type, function data -> frame) of a stack that takes this kind. link: the type it has to have."""
    names, puts = [], []
    for _ in range(depth):
        name = rng.choice([name for name, (takes, _, _) in LAYERS.items() if takes == kind])
        names.append(name)
        puts.append(LAYERS[name][2](rng))
        kind = LAYERS[name][1]
    if kind == 'eth' and link not in (None, 1):
        name = rng.choice([name for name, (takes, gives, _) in LAYERS.items() if takes == 'eth' and gives == 'ip'])
        names.append(name)
        puts.append(LAYERS[name][2](rng))
        kind = 'ip'
    if kind == 'eth':
        link = 1
    else:
        link = link if link is not None else rng.choice((1, 1, 1) + tuple(LINKS))
        puts.append(LAYERS['Ethernet'][2](rng) if link == 1 else LINKS[link])

    def put(data):
        for layer in puts:
            if len(data) > 60000:
                break
            data = layer(data)
        return data
    return names, link, put
