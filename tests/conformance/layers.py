#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: layers.py TCPREUSE

Protocols whose headers are not of fixed bytes: frames made from their fields, and how many TCP headers are in each. The
program has to find them all, and the installed tshark does, too.
"""
import os
import struct
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import capture  # noqa: E402
import program  # noqa: E402
import tshark  # noqa: E402

MACS = bytes.fromhex('020000000002020000000001')
HOSTS = b'\x0a\0\0\1', b'\x0a\0\0\2'
IPV4 = capture.ipv4(*HOSTS, capture.tcp(40000, 8081, capture.SYN, 7))
SNAP = bytes.fromhex('aaaa030000000800') + IPV4
ETHERNET = MACS + b'\x08\0' + IPV4


def words(*values):
    return struct.pack('>%dI' % len(values), *values)


class Frames:
    """Of one link type. .expected: the number of TCP headers by frame number."""

    def __init__(self, link=1):
        self.pcap, self.names, self.expected = capture.Pcap(link=link), {}, {}

    def add(self, name, count, frame):
        number = len(self.names) + 1
        self.names[number], self.expected[number] = name, count
        self.pcap.add(number, frame)

    def udp(self, name, count, port, payload):
        # of hosts of its own: tshark remembers what a pair of ports had
        source = struct.pack('>I', 0x0b000000 + len(self.names))
        udp = struct.pack('>HHHH', 60999, port, 8 + len(payload), 0) + payload
        self.add(name, count, capture.ethernet(capture.ipv4(source, HOSTS[1], udp, protocol=17)))


def sflow():
    """Samples behind each other, with all that versions 2 and 4 may put between them; each protocol of a header."""
    frames = Frames()

    def packet(version, samples, content, address=1):
        agent = bytes(16 if address == 2 else 4)
        return words(version, address) + agent + words(*[0] * (version == 5), 1, 2, samples) + content

    def raw(version, header, protocol=1):
        stripped = words(0) if version == 5 else b''
        return words(protocol, len(header)) + stripped + words(len(header)) + header + bytes(-len(header) % 4)

    def flow(version, header=ETHERNET, protocol=1, extensions=words(0)):
        fields, record = words(1, 0, 100, 1000, 0, 1, 2), raw(version, header, protocol)
        if version < 5:
            return words(1) + fields + words(1) + record + extensions
        sample = fields + words(1, 1, len(record)) + record
        return words(1, len(sample)) + sample

    headers = {
        1: [ETHERNET], 3: [b'\x10\x40' + MACS + SNAP], 4: [b'\x50' + MACS + SNAP], 5: [b'\x18\x41\x03\xcc' + IPV4],
        7: [b'\xff\x03\0\x21' + IPV4, b'\0\x21' + IPV4, b'\x0f\0\x08\0' + IPV4], 11: [IPV4], 13: [b'\0\0\x11\xff' + IPV4],
        15: [bytes.fromhex('080100000200000000010200000000020200000000030000') + SNAP], 2: [ETHERNET], 8: [IPV4],
    }
    for version in (2, 4, 5):
        name = 'sFlow %d, ' % version
        for protocol, kinds in headers.items():
            for header in kinds:
                frames.udp(name + 'protocol %d' % protocol, protocol not in (2, 8), 6343,
                           packet(version, 1, flow(version, header, protocol)))
        frames.udp(name + 'two samples', 2, 6343, packet(version, 2, 2 * flow(version)))
        frames.udp(name + 'IPv6', 1, 6343, packet(version, 1, flow(version), 2))
        frames.udp(name + 'address of type 3', 0, 6343, packet(version, 1, flow(version), 3))
    for version in (2, 4):
        name = 'sFlow %d, ' % version
        between = {'counters %d' % i: words(2, 1, 1, 30, i) + bytes(4 * n)
                   for i, n in enumerate((0, 22, 35, 40, 22, 42, 22, 7, 0))}
        between['an unknown sample'] = words(9)
        between['an IPv4 flow'] = words(1, 1, 0, 100, 1000, 0, 1, 2, 2, 0)
        for what, content in between.items():
            frames.udp(name + what, 1, 6343, packet(version, 2, content + flow(version)))
        gateway = words(3, 1, 2, 3, 2, 77, 78) if version == 2 else words(3, 1, 2, 3, 2, 2, 1, 11, 1, 2, 12, 13, 1, 9, 100)
        for what, content in {'switch': words(1, 1, 2, 3, 4), 'router': words(2, 1, 5, 6, 7), 'router, IPv6': words(2, 2, *[5] * 6),
                              'router, no address': words(2, 0, 6, 7), 'gateway': gateway, 'user': words(4)}.items():
            extended = flow(version, extensions=words(1) + content)
            frames.udp(name + what, 2, 6343, packet(version, 2, extended + flow(version)))
            extended = flow(version, extensions=words(2) + content + words(1, 1, 2, 3, 4))
            frames.udp(name + what + ', and another one', 2, 6343, packet(version, 2, extended + flow(version)))
    return frames


def ppp():
    """PPP multiplexing: frames beside each other, with protocol numbers or without."""
    frames = Frames(link=9)

    def part(content, number=b'', wide=False, size=None):
        content = number + content
        size = len(content) if size is None else size
        flags = 0x8000 if number else 0
        return (struct.pack('>H', flags | 0x4000 | size) if wide else bytes((flags >> 8 | size,))) + content

    ip, other = part(IPV4, b'\0\x21'), part(b'\1\1\0\4', b'\xc0\x21')
    for name, count, content in (
            ('one', 1, ip), ('number of a byte', 1, part(IPV4, b'\x21')), ('no number', 1, part(IPV4)),
            ('two', 2, ip + part(IPV4)), ('long', 1, part(IPV4 + bytes(40), b'\0\x21', True)), ('long, two', 2, 2 * part(IPV4, b'', True)),
            ('another protocol, then no number', 0, other + part(IPV4)), ('another protocol', 1, other + ip),
            ('too long', 0, part(IPV4, b'\0\x21', size=60)), ('the second too long', 1, ip + part(IPV4, size=63)),
            ('empty', 0, b'\0' + ip), ('inside itself', 1, part(ip, b'\0\x59'))):
        frames.add('PPP, ' + name, count, b'\xff\3\0\x59' + content)
    return frames


def headers():
    """Headers whose size something else says than a length: metadata of NSH, attributes in GRE, DSR."""
    frames = Frames()
    for metadata, length, size in ((1, 6, 24), (1, 2, 24), (1, 9, 24), (2, 2, 8), (2, 1, 8), (2, 5, 20), (3, 3, 12), (3, 1, 4)):
        nsh = struct.pack('>HBB', 0x0fc0 | length, metadata, 1)
        frames.add('NSH, type %d, length %d' % (metadata, length), 1, MACS + b'\x89\x4f' + nsh + bytes(size - 4) + IPV4)
    framed = b'\x7e\xff\3\0\x21' + IPV4 + b'\x7e'
    for name, count, attributes in (('none', 0, ''), ('one', 1, '8000'), ('one of 3 bytes', 1, '8103000000'), ('two', 1, '010200008000')):
        gre = struct.pack('>HH', 0, 0x88d2) + bytes.fromhex(attributes) + framed
        frames.add('GRE, attributes: ' + name, count, capture.ethernet(capture.ipv4(*HOSTS, gre, protocol=47)))
    for flags, length, size in ((0, 0, 0), (0, 8, 8), (0x80, 8, 0)):
        dsr = struct.pack('>BBH', 4, flags, length) + bytes(size) + IPV4
        frames.add('DSR, flags %#x, length %d' % (flags, length), 1, capture.ethernet(capture.ipv4(*HOSTS, dsr, protocol=48)))
    path = b'\x89\3\0\x40' + ETHERNET
    for name, count, before in (('alone', 1, b''), ('behind a tag', 1, b'\x81\0\0\1'), ('behind an outer tag', 1, b'\x88\xa8\0\1'),
                                ('behind two tags', 0, b'\x88\xa8\0\1\x81\0\0\1'), ('behind metadata', 0, b'\x89\x09\1\1\0\1\0\5'), ('behind what is no tag', 0, b'\x99\x99\0\1')):
        frames.add('FabricPath ' + name, count, MACS + before + path)
    frames.add('FabricPath in GRE', 0, capture.ethernet(capture.ipv4(*HOSTS, b'\0\0' + path, protocol=47)))
    return frames


def bridged():
    """What is bridged in SNAP, with and without FCS."""
    frames, ring, fddi = Frames(link=100), b'\x10\x40' + MACS + SNAP, b'\x50' + MACS + SNAP
    for protocol, frame in ((1, b'\0\0' + ETHERNET), (7, b'\0\0' + ETHERNET), (3, b'\0\0' + ring), (9, b'\0\0' + ring),
                            (4, b'\0\0\0' + fddi), (10, b'\0\0\0' + fddi)):
        frames.add('SNAP, bridged %d' % protocol, 1, bytes.fromhex('aaaa030080c2') + struct.pack('>H', protocol) + frame)
    return frames


def wireless():
    """802.11 with LLC, and with an ether type in its place."""
    frames = Frames(link=105)
    tag, path = b'\x81\0\0\1\x08\0' + IPV4, b'\x22\xf3\0\0\0\1\0\2' + ETHERNET
    for name, count, body in (('LLC', 1, SNAP), ('IPv4', 1, b'\x08\0' + IPV4), ('a tag', 1, tag), ('MPLS', 1, b'\x88\x47\0\1\1\x40' + IPV4),
                              ('PPPoE', 1, b'\x88\x64\x11\0\0\1\0\x2a\0\x21' + IPV4), ('TRILL', 1, path), ('Ethernet', 1, b'\x65\x58' + ETHERNET),
                              ('an unknown type', 0, b'\x99\x99' + IPV4), ('a length', 0, b'\x05\xdc' + tag),
                              ('no type that is known, but LLC', 1, b'\x06\x06\3\x45' + IPV4[1:])):
        for kind, control, behind in (('to DS', b'\x08\1', b''), ('from DS', b'\x08\2', b''), ('QoS', b'\x88\1', b'\0\0')):
            frames.add('802.11, %s: %s' % (kind, name), count, control + b'\0\0' + MACS + bytes.fromhex('0200000000030000') + behind + body)
    part = MACS + struct.pack('>H', 2 + len(IPV4)) + b'\x08\0' + IPV4
    frames.add('802.11, A-MSDU: IPv4', 0, b'\x88\1\0\0' + MACS + bytes.fromhex('0200000000030000') + b'\x80\0' + part)
    return frames


def check(tap, tcpreuse, judge, what, frames):
    with tempfile.TemporaryDirectory(prefix='layers-') as directory:
        path = program.write(directory, 'layers.pcap', frames.pcap.data())
        for rules in ('4.0', '4.4'):
            rows = [int(row['frame']) for row in program.run(tcpreuse, ['--rules', rules, path], ('packets',)).rows('packets')]
            wrong = ['%s: %d' % (name, rows.count(n)) for n, name in frames.names.items() if rows.count(n) != frames.expected[n]]
            tap.ok('%s, --rules %s' % (what, rules), wrong)
            if judge.rules == rules:
                truth = {n: len(row[0]) for n, row in judge.ask(path).items()}
                tap.ok('%s, tshark %s' % (what, judge.version), ['%s: %d' % (name, truth.get(n, 0)) for n, name in frames.names.items()
                                                                 if truth.get(n, 0) != frames.expected[n]])


def main():
    tap, judge = program.Tap(), tshark.Tshark()
    for build in (sflow, ppp, headers, bridged, wireless):
        check(tap, sys.argv[1], judge, build.__name__, build())
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
