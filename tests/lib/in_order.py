# SPDX-License-Identifier: BSD-2-Clause
"""Captures of what can only be decoded in the order of the capture: fragments of link layers (802.11, PPP multilink, 6LoWPAN) and
sessions of L2TP version 3, channels of Bluetooth; and of headers of 6LoWPAN and of network devices on USB. Each with the frames
in which there is TCP (`T`) and in which there is not (`.`), as tshark has it.
"""
import itertools
import struct

import bluetooth
import capture
import pcap
import usb

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

A, B, C = b'\x0b\0\0\1', b'\x0b\0\0\2', b'\x0b\0\0\3'
SCCRQ, SCCRP, OCRQ, OCRP, ICRQ, ICRP, ICCN, CDN = 1, 2, 7, 8, 10, 11, 12, 14
LOCAL, REMOTE, COOKIE, WIRE, SUBLAYER = 63, 64, 65, 68, 69
FRAME_RELAY, AAL5, ETHERNET, HDLC, PPP, IP = 1, 2, 5, 6, 7, 11


class Hosts:
    """Who sends and who receives, over IP or UDP."""

    def __init__(self, source, destination, ports=None):
        self.source, self.destination, self.ports = source, destination, ports

    def back(self):
        return Hosts(self.destination, self.source, self.ports and self.ports[::-1])

    def send(self, message, zero=b''):
        if not self.ports:
            return capture.ethernet(capture.ipv4(self.source, self.destination, zero + message, protocol=115))
        udp = struct.pack('>HHHH', *self.ports, 8 + len(message), 0) + message
        return capture.ethernet(capture.ipv4(self.source, self.destination, udp, protocol=17))

    def control(self, message, attributes=(), vendor=0, hidden=False):
        content = struct.pack('>HHHH', 0x8008, 0, 0, message)
        for number, value in attributes:
            value = struct.pack('>I' if number in (LOCAL, REMOTE) else '>H', value) if isinstance(value, int) else value
            number = {LOCAL: 3, REMOTE: 4, COOKIE: 5, WIRE: 7}[number] if vendor else number
            content += struct.pack('>HHH', 0x8000 | hidden << 14 | 6 + len(value), vendor, number) + value
        return self.send(struct.pack('>HHIHH', 0xc803, 12 + len(content), 0x22, 0, 0) + content, bytes(4))

    def data(self, session, inner=None, before=b''):
        inner = MACS[1] + MACS[2] + b'\x08\0' + packet() if inner is None else inner
        return self.send((b'\0\3\0\0' if self.ports else b'') + struct.pack('>I', session) + before + inner)


def add_l2tp(captures):
    def add(name, frames, expected):
        captures.add('L2TPv3, ' + name, 1, frames, expected)

    for name, a in ('IP', Hosts(A, B)), ('UDP', Hosts(A, B, (5555, 1701))):
        b, c = a.back(), Hosts(C, B, a.ports)
        start = [a.control(SCCRQ)]

        def call(*more, request=ICRQ, reply=ICRP, ids=(0xaa, 0xbb), wire=ETHERNET, answer=(), **how):
            return [a.control(request, [(LOCAL, ids[0]), (WIRE, wire), *more], **how),
                    b.control(reply, [(LOCAL, ids[1]), (REMOTE, ids[0]), *answer], **how)]

        def both(**how):
            return [a.data(0xbb, **how), b.data(0xaa, **how)]

        whole = start + call()
        add(name + ', a session', whole + both(), '...TT')
        add(name + ', data before it', both() + whole + both(), '.....TT')
        add(name + ', without a tunnel', call() + both(), '....')
        add(name + ', another tunnel', [c.control(SCCRQ)] + call() + both(), '.....')
        add(name + ', ids of the other end', whole + [a.data(0xaa), b.data(0xbb)], '.....')
        add(name + ', other ids', whole + [a.data(7), b.data(7)], '.....')
        add(name + ', an outgoing call', start + call(request=OCRQ, reply=OCRP) + both(), '...TT')
        add(name + ', no reply', whole[:2] + [a.data(0xbb), b.data(0xaa), b.data(7)], '...TT')
        add(name + ', the reply first', [whole[0], whole[2], whole[1]] + both(), '...TT')
        add(name + ', closed', whole + [a.control(CDN, [(LOCAL, 0xaa), (REMOTE, 0xbb)])] + both(), '....TT')
        add(name + ', cookies', start + call((COOKIE, bytes(4)), answer=[(COOKIE, bytes(8))]) + both() +
            [a.data(0xbb, before=bytes(8)), b.data(0xaa, before=bytes(4))], '.....TT')
        add(name + ', a sublayer', start + call((SUBLAYER, 1)) + both() + both(before=bytes(4)), '.....TT')
        add(name + ', another sublayer', start + call((SUBLAYER, 1), answer=[(SUBLAYER, 0)]) + both() + both(before=bytes(4)), '...T..T')
        add(name + ', two calls', start + call() + call(ids=(0xcc, 0xdd)) + both() + [a.data(0xdd), b.data(0xcc)], '.....TTTT')
        add(name + ', two requests, then the replies', [start[0]] + [m for pair in zip(call(), call(ids=(0xcc, 0xdd))) for m in pair] +
            both() + [a.data(0xdd), b.data(0xcc)], '.......TT')
        add(name + ', Cisco', start + call(vendor=9) + both(), '...TT')
        add(name + ', hidden', start + call(hidden=True) + both(), '.....')
        add(name + ', no pseudowire', start + call(wire=0) + both(), '.....')
        add(name + ', another pseudowire', whole + call(wire=PPP) + both(), '.......')
        add(name + ', from a third host', whole + [Hosts(C, A, b.ports).data(0xaa)], '....')
        for wire, inner in {FRAME_RELAY: b'\x18\x41\x03\xcc', AAL5: bytes.fromhex('aaaa030000000800'), HDLC: b'\x0f\0\x08\0',
                            PPP: b'\xff\3\0\x21', IP: b'', 4: MACS[1] + MACS[2] + b'\x08\0'}.items():
            add('%s, pseudowire %d' % (name, wire), start + call(wire=wire) + both(inner=inner + packet()), '...' + ('TT' if wire != 4 else '..'))


LONG = bytes.fromhex('0212740100010101'), bytes.fromhex('0212740200020202')


def wpan(content, addresses=LONG, short=False):
    if short:
        return struct.pack('<HBHHH', 0x8841, 1, 0xabcd, 2, 1) + content
    return struct.pack('<HBH', 0xcc41, 1, 0xabcd) + addresses[1][::-1] + addresses[0][::-1] + content


def with_fcs(frame):
    total = 0
    for byte in frame:
        total ^= byte
        for _ in range(8):
            total = total >> 1 ^ 0x8408 if total & 1 else total >> 1
    return frame + struct.pack('<H', total)


def syn(payload=0):
    return capture.tcp(next(ports), 8081, capture.SYN, 7, payload=bytes(payload))


def add_lowpan(captures):
    """Of the headers, that TCP is found; add_addresses() has what they say."""
    def add(name, frames, expected, link=230):
        captures.add('6LoWPAN, ' + name, link, frames, expected)

    def iphc(nhc=b''):
        return bytes((0x7e if nhc else 0x7a, 0x33)) + (nhc or b'\6') + syn()

    def ipv6(payload=0):
        return capture.ipv6(b'\xfe\x80' + bytes(6) + LONG[0], b'\xfe\x80' + bytes(6) + LONG[1], syn(payload))

    def fragments(first=None, tag=7, **how):
        packet6 = ipv6(100)
        first = b'\x41' + packet6[:96] if first is None else first + packet6[40:96]
        return [wpan(struct.pack('>HH', 0xc000 | len(packet6), tag) + first, **how),
                wpan(struct.pack('>HHB', 0xe000 | len(packet6), tag, 12) + packet6[96:], **how)]

    options = b'\1\4\0\0\0\0'
    for name, content, expected in (
            ('IPv6', b'\x41' + ipv6(), 'T'), ('compressed', iphc(), 'T'), ('broadcast', b'\x50\1' + iphc(), 'T'),
            ('mesh, long', b'\x85' + bytes(range(16)) + iphc(), 'T'), ('mesh, short', b'\xb5\0\1\0\2' + iphc(), 'T'),
            ('mesh, hops', b'\xbf\5\0\1\0\2' + iphc(), 'T'), ('mesh in mesh', 2 * b'\xb5\0\1\0\2' + iphc(), '.'),
            ('mesh and broadcast', b'\xb5\0\1\0\2\x50\1' + iphc(), 'T'), ('none', b'\0' + iphc(), '.'),
            ('hop-by-hop', iphc(b'\xe0\6\6' + options), 'T'), ('routing', iphc(b'\xe2\6\6' + options), 'T'),
            ('destination', iphc(b'\xe6\6\6' + options), 'T'), ('mobility', iphc(b'\xe8\6\6' + options), '.'),
            ('two extensions', iphc(b'\xe1\6' + options + b'\xe6\6\6' + options), 'T'), ('IPv6 in it', iphc(b'\xee\x7a\x33\6'), 'T')):
        add(name, [wpan(iphc()), wpan(content)], 'T' + expected)     # tshark 4.4 takes some for RF4CE unless it has seen 6LoWPAN before
    link_local = b'\xfe\x80' + bytes(6)
    for name, head, fields, expected in (
            ('all compressed', 0xfe, b'', 'T'), ('next header', 0xf8, b'\6', 'T'), ('traffic class', 0xf6, bytes(4), 'T'),
            ('traffic class and next header', 0xf0, bytes(3) + b'\0\x60', 'T'), ('traffic class and next header, apart', 0xf0, bytes(4) + b'\6', '.'),
            ('id of the source', 0xbe, LONG[0], 'T'), ('prefix of the source', 0x7e, link_local, 'T'),
            ('both addresses', 0x0e, 2 * (link_local + LONG[0]), 'T'), ('UDP', 0xfa, b'', '.'), ('HC2', 0xff, b'\0', '.')):
        add('HC1, ' + name, [wpan(iphc()), wpan(bytes((0x42, head, 64)) + fields + syn())], 'T' + expected)
    add('HC1, broadcast and mesh', [wpan(iphc()), wpan(b'\xb5\0\1\0\2\x50\1\x42\xfe\x40' + syn())], 'TT')
    controls = 0x8841, 0x9841, 0xa841, 0xb841, 0x8849, 0x8842, 0x8451      # the last four: version, secured, type, mode
    add('frame control', [struct.pack('<HBHHH', control, 1, 0xabcd, 2, 1) + iphc() for control in controls], 'TTT....')
    frames, expected = [], ''
    for version in range(3):
        for one, destination, source in itertools.product((0, 1), (0, 2, 3), (0, 2, 3)):
            pan = [destination > 0, source > 0 and not one]
            if version == 2:
                pan = [not one, False] if destination == source == 3 or not source else [destination > 0, source > 0 and not one]
                pan = [one, False] if destination == source == 0 else pan
            frame = struct.pack('<HB', 1 | one << 6 | destination << 10 | version << 12 | source << 14, 1)
            for mode, has_pan in zip((destination, source), pan):
                frame += bytes(2 * has_pan) + bytes((0, 0, 2, 8)[mode])
            valid = version == 2 or not one or (destination and source)
            frames.append(frame + iphc())
            expected += 'T' if valid else '.'
    add('versions, modes, and which PAN ids are there', frames, expected)
    elements = struct.pack('<HB', 0xee41, 1) + LONG[1] + LONG[0]
    add('elements', [elements + b'\x80\x3f' + iphc(), elements + b'\0\x3f\0\xf8' + iphc(), elements + iphc()], 'TT.')
    add('check sequence', [with_fcs(wpan(iphc())), wpan(iphc()) + b'\1\2'], 'T.', 195)
    add('cooked', [struct.pack('>HHHQH', 0, 804, 8, 0, 0xf6) + with_fcs(wpan(iphc()))], 'T', 113)
    frame = with_fcs(wpan(iphc()))
    add('radio', [bytes(4) + b'\xa7' + bytes((len(frame),)) + frame], 'T', 215)
    for kind, behind, expected in (None, b'', 'T'), (0, b'', 'T'), (1, b'\1\2', '.'):
        tlv = b'' if kind is None else struct.pack('<HHI', 0, 1, kind)
        add('TAP, %s' % kind, [struct.pack('<BBH', 0, 0, 4 + len(tlv)) + tlv + wpan(iphc()) + behind], expected, 283)
    add('Ethernet', [MACS[1] + MACS[2] + b'\xa0\xed' + iphc()], 'T', 1)

    def zep(content, mode=1, extra=b'', version=1):
        head = bytes((11, 0, 1, mode, 5)) + (bytes(7) if version == 1 else bytes(22))
        content = b'EX' + bytes((1,) if version == 1 else (2, 1)) + head + bytes((len(content),)) + content + extra
        udp = struct.pack('>HHHH', 17754, 17754, 8 + len(content), 0) + content
        return capture.ethernet(capture.ipv4(A, B, udp, protocol=17))

    for version in 1, 2:
        add('ZEP %d' % version, [zep(frame, version=version), zep(wpan(iphc()) + b'\1\x82', 0, version=version),
                                 zep(frame, extra=b'xx', version=version)], 'TT.', 1)
    a, b = fragments()
    add('fragments', [a, b], '.T')
    add('fragments in reverse order', [b, a], '.T')
    add('fragments, twice', [a, b, a, b], '.T.T')
    add('fragments, one twice', [a, a, b], '..T')
    add('fragments of another host', [a, fragments(addresses=(LONG[1], LONG[1]))[1]], '..')
    add('fragments of another packet', [a, fragments(tag=8)[1]], '..')
    add('fragments, compressed', fragments(b'\x7a\x33\6'), '.T')
    add('fragments, HC1', fragments(b'\x42\xfe\x40'), '.T')
    add('fragments, short addresses', fragments(b'\x7a\x33\6', short=True), '.T')


def all_captures():
    captures = Captures()
    for add in add_wlan, add_multilink, add_l2tp, add_lowpan:
        add(captures)
    bluetooth.add_all(captures, packet)
    usb.add_all(captures, packet)
    return captures.all


def link_types():
    """{link type: records of all captures of that type, one behind the other}."""
    out = {}
    for _, link, frames, _ in all_captures():
        for frame in frames:
            content, captured = frame if isinstance(frame, tuple) else (frame, len(frame))
            records = out.setdefault(link, [])
            records.append(pcap.Record(len(records) * pcap.SECOND, len(content), content[:captured]))
    return out
