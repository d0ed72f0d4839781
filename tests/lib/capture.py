# SPDX-License-Identifier: BSD-2-Clause
"""Capture files from a readable notation.

A scenario is a text: one line a frame, everything else is an instruction with a colon, `#` starts a comment.

    shows: what the scenario is about (may be repeated)
    arguments: --ignore 5           further arguments of tcpreuse; @NAME is the path of a file
    rules: 4.2 4.4                  the generations that take these arguments (without it, all do)
    name: C 10.0.0.1:40000          from here on C is that endpoint
    file: first.pcap                starts a file (a scenario with one file needs none)
    format: nanosecond big-endian   of the files from here on; nanosecond, big-endian, snaplen N, link N (link type)

    0.000000  C > S  S   seq 1000
    0.000100  S > C  SA  seq 5000 ack 1001
    0.000200  C > S  PA  seq 1001 ack 5001 len 100

The words of a frame: time in seconds, source > destination (address:port, [ipv6]:port or a name), the TCP flags
(any of FSRPAUEC, `-` for none, or the word `udp`), then any of

    seq N  ack N  len N     sequence number, acknowledgement number, bytes of payload
    text T                  in place of len: a line of payload, `_` for a blank; CR and LF are put behind it, unless it ends in `\\`
    options N               bytes of TCP options (NOPs)
    tsval N                 the time stamp option with this value, and an echo of 0 (12 bytes, before those of `options`)
    doff N                  the data offset that the header claims, in words
    vlan N[,N]              VLAN tags, outermost first (the outer one of several is 802.1ad)
    llc                     802.3 with LLC and SNAP in place of Ethernet II
    ipoptions N             bytes of IPv4 options (NOPs)
    ext hop+dst+rt+ah+frag  IPv6 extension headers, in that order of writing
    total N                 the IPv4 total length (IPv6: payload length) that the header claims
    pad N                   bytes after the IP packet
    head X                  these bytes, in hexadecimal or by their name, before the IP packet in place of Ethernet
    snap N                  bytes of the frame that were captured
    id N                    the IPv4 identification
    part A-B                only the bytes A up to B of the IPv4 payload, as a fragment
    quoted [N]              the packet, or its first N bytes after the IP header, inside an ICMP error sent back to its source
"""
import ipaddress
import re
import struct
from decimal import Decimal

import pcap

FLAGS = {c: 1 << i for i, c in enumerate('FSRPAUEC')}
FIN, SYN, RST, PSH, ACK = 1, 2, 4, 8, 16


def checksum(data):
    if len(data) % 2:
        data += b'\0'
    total = sum(struct.unpack('>%dH' % (len(data) // 2), data))
    while total >> 16:
        total = (total & 0xffff) + (total >> 16)
    return ~total & 0xffff


def tcp(sport, dport, flags, seq=0, ack=0, length=0, options=0, doff=None, payload=None, tsval=None):
    """A TCP segment. options is a number of NOP bytes (a multiple of 4); the checksum is left 0, nobody validates it."""
    options = bytes([1]) * options
    if tsval is not None:       # RFC 7323, appendix A
        options = struct.pack('>BBBBII', 1, 1, 8, 10, tsval & 0xffffffff, 0) + options
    words = 5 + len(options) // 4 if doff is None else doff
    header = struct.pack('>HHIIBBHHH', sport, dport, seq & 0xffffffff, ack & 0xffffffff, words << 4, flags, 65535, 0, 0)
    return header + options + (b'\0' * length if payload is None else payload)


def ipv4(src, dst, payload, protocol=6, options=0, total=None, ident=0, fragment=0):
    """An IPv4 packet. fragment is the 16-bit flags-and-offset field; total overrides the total length."""
    size = 20 + options + len(payload)
    header = struct.pack('>BBHHHBBH4s4s', 0x45 + options // 4, 0, size if total is None else total, ident, fragment,
                         64, protocol, 0, src, dst) + b'\1' * options
    return header[:10] + struct.pack('>H', checksum(header)) + header[12:] + payload


# extension headers by name: (protocol number, bytes after the next-header byte)
EXTENSIONS = {
    'hop': (0, bytes([0, 1, 4, 0, 0, 0, 0])),       # PadN
    'dst': (60, bytes([0, 1, 4, 0, 0, 0, 0])),
    'rt': (43, bytes([0, 0, 0, 0, 0, 0, 0])),       # no segments left
    'frag': (44, bytes([0, 0, 0, 0, 0, 0, 7])),     # atomic fragment: offset 0, no more
    'ah': (51, bytes([4, 0, 0]) + bytes(20)),
}


def ipv6(src, dst, payload, protocol=6, ext=(), total=None):
    chain, body = protocol, payload
    for name in reversed(ext):
        number, rest = EXTENSIONS[name]
        body = bytes([chain]) + rest + body
        chain = number
    return struct.pack('>IHBB16s16s', 6 << 28, len(body) if total is None else total, chain, 64, src, dst) + body


def ip(src, dst, payload, **more):
    """The packet of the addresses' family. Addresses are ipaddress objects."""
    if src.version != dst.version:
        raise ValueError('addresses of two families')
    if src.version == 4:
        return ipv4(src.packed, dst.packed, payload, **more)
    return ipv6(src.packed, dst.packed, payload, **more)


def ethernet(packet, version=4, vlan=(), llc=False):
    kind = 0x0800 if version == 4 else 0x86dd
    head = bytes.fromhex('020000000002020000000001')
    for i, tag in enumerate(vlan):
        outer = len(vlan) > 1 and i == 0
        head += struct.pack('>HH', 0x88a8 if outer else 0x8100, tag)
    if llc:
        return head + struct.pack('>H', len(packet) + 8) + b'\xaa\xaa\x03\0\0\0' + struct.pack('>H', kind) + packet
    return head + struct.pack('>H', kind) + packet


class Pcap:
    """Collects frames; data() gives the file's bytes."""

    def __init__(self, nanosecond=False, big_endian=False, snaplen=262144, link=1):
        self.order = '>' if big_endian else '<'
        self.unit = 1 if nanosecond else 1000       # ns
        self.link = link
        self.header = pcap.file_header(self.order, pcap.NANO if nanosecond else pcap.MICRO, snaplen=snaplen, link=link)
        self.records = []

    def add(self, time, frame, captured=None):
        """time: a Decimal, string or integer of seconds; captured: fewer bytes than the frame has."""
        kept = frame if captured is None else frame[:captured]
        self.records.append(pcap.record(int(Decimal(time) * pcap.SECOND), kept, len(frame), self.order, self.unit))

    def data(self):
        return self.header + b''.join(self.records)

    def boundaries(self):
        """File offsets at which a record ends, the end of the file header first."""
        at = [len(self.header)]
        for record in self.records:
            at.append(at[-1] + len(record))
        return at


def parse_endpoint(text, names):
    text = names.get(text, text)
    match = re.fullmatch(r'\[(.+)\]:(\d+)|([\d.]+):(\d+)', text)
    if not match:
        raise ValueError('no endpoint: %r' % text)
    address, port = (match[1], match[2]) if match[1] else (match[3], match[4])
    return ipaddress.ip_address(address), int(port)


def build_frame(words, names):
    """The bytes of one frame from its words after the time, and the number of captured bytes or None."""
    if words[1] != '>':
        raise ValueError('expected SOURCE > DESTINATION')
    (src, sport), (dst, dport) = parse_endpoint(words[0], names), parse_endpoint(words[2], names)
    flags, rest, opt = words[3], words[4:], {}
    while rest:
        word = rest.pop(0)
        if word == 'llc' or (word == 'quoted' and not (rest and rest[0].isdigit())):
            opt[word] = True
        else:
            opt[word] = rest.pop(0)
    number = lambda key, default=0: int(opt.pop(key, default), 0) if key in opt else default
    length, pad, snap, total = number('len'), number('pad'), number('snap', None), number('total', None)
    text = opt.pop('text', None)
    if text is not None:
        text = (text[:-1] if text.endswith('\\') else text + '\r\n').replace('_', ' ').encode()
    if flags == 'udp':
        segment, protocol = struct.pack('>HHHH', sport, dport, 8 + length, 0) + bytes(length), 17
    else:
        bits = sum(FLAGS[c] for c in flags if c != '-')
        segment, protocol = tcp(sport, dport, bits, number('seq'), number('ack'), length, number('options'),
                                number('doff', None), text, number('tsval', None)), 6
    more = {'protocol': protocol, 'total': total}
    if src.version == 4:
        more['options'], more['ident'] = number('ipoptions'), number('id')
        if 'part' in opt:
            first, last = (int(n) for n in opt.pop('part').split('-'))
            if first % 8:
                raise ValueError('a fragment begins at a multiple of 8')
            more['fragment'] = first // 8 | (0x2000 if last < len(segment) else 0)
            segment = segment[first:last]
    else:
        more['ext'] = tuple(opt.pop('ext').split('+')) if 'ext' in opt else ()
    packet = ip(src, dst, segment, **more)
    if 'quoted' in opt:
        quoted = opt.pop('quoted')
        head = 20 if src.version == 4 else 40
        body = packet if quoted is True else packet[:head + int(quoted)]
        kind, number_ = ((3, 1), 1) if src.version == 4 else ((1, 0), 58)
        body = struct.pack('>BBHI', kind[0], kind[1], 0, 0) + body
        packet = ip(dst, src, body, protocol=number_)
    vlan = tuple(int(v) for v in opt.pop('vlan').split(',')) if 'vlan' in opt else ()
    head = opt.pop('head', None)
    if head is None:
        frame = ethernet(packet, src.version, vlan, opt.pop('llc', False)) + bytes(pad)
    else:
        frame = bytes.fromhex(names.get(head, head)) + packet + bytes(pad)
    if opt:
        raise ValueError('unknown words: ' + ' '.join(opt))
    return frame, snap


class Scenario:
    """A parsed scenario: .shows, .arguments, .rules (empty: all) and .files, a list of (name, Pcap)."""

    def __init__(self, text, path='scenario.txt'):
        self.shows, self.arguments, self.rules, self.files = '', [], [], []
        names, form = {}, {}
        for line_number, line in enumerate(text.splitlines(), 1):
            line = line.split('#', 1)[0].strip()
            if not line:
                continue
            try:
                match = re.match(r'(shows|arguments|rules|name|file|format):\s*(.*)', line)
                if not match:
                    if not self.files:
                        self.files.append(('capture.pcap', Pcap(**form)))
                    words = line.split()
                    self.files[-1][1].add(Decimal(words[0]), *build_frame(words[1:], names))
                elif match[1] == 'shows':
                    self.shows = (self.shows + ' ' + match[2]).strip()
                elif match[1] == 'arguments':
                    self.arguments += match[2].split()
                elif match[1] == 'rules':
                    self.rules += match[2].split()
                elif match[1] == 'name':
                    name, endpoint = match[2].split()
                    names[name] = endpoint
                elif match[1] == 'file':
                    self.files.append((match[2], Pcap(**form)))
                else:
                    words = match[2].split()
                    form = {'nanosecond': 'nanosecond' in words, 'big_endian': 'big-endian' in words}
                    for name in ('snaplen', 'link'):
                        if name in words:
                            form[name] = int(words[words.index(name) + 1])
            except (ValueError, IndexError, KeyError) as error:
                raise ValueError('%s:%d: %s' % (path, line_number, error)) from error
