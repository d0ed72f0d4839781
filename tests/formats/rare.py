# SPDX-License-Identifier: BSD-2-Clause
"""Captures of other analyzers: writers of each format, for Ethernet and, where a format says what its frames are, for other
link types, with the times that are expected."""
import struct

START = 1500000000          # 2017-07-14 02:40:00 UTC
MIDNIGHT = START - 9600
RADIO = bytes.fromhex('08010000' '020000000001' '020000000002' '020000000003' '0000' 'aaaa030000000800')
FCS = b'\xde\xad\xbe\xef'


def wlan(data):
    return RADIO + data[14:]


def netxray(frames, version=b'002.001\0', network=0, unit=0, way=0, ticks=1000000, rate=0, fcs=b'', first_ever=False, tail=b'',
            ahead=7):
    """ticks: a second, as the fields of the header say. Time stamps count from some seconds before the start."""
    out, offset = [], ahead * ticks
    for t, data in frames:
        data += fcs
        stamp = struct.pack('<Q', offset + t * ticks // 1000000)
        if first_ever:
            out.append(stamp + struct.pack('<H6x', len(data)) + data)
        else:
            rest = bytearray(28 if version[2:3] == b'2' else 16)
            if fcs:
                rest[2:4] = b'\xff\xff'
            out.append(stamp + struct.pack('<HH', len(data) + 9, len(data)) + rest + data)
    body = b''.join(out)
    head = struct.pack('<4s8sIIIII12xHxxBxxxQ16xI4xB43x', b'VL\0\0' if first_ever else b'XCP\0', version, START, len(frames), 0, 128,
                       128 + len(body), network, unit, offset, rate, way)
    return head + body + tail


def sniffer(frames, network=1, unit=(5, 1000000), kind=4, format=1, before=b''):
    """The DOS Sniffer. unit: number, and picoseconds."""
    date = (2017 - 1980) << 9 | 7 << 5 | 14
    out = [b'TRSNIFF data    \x1a' + struct.pack('<HHHHHHHBBBBBB4x', 1, 18, 0, 4, 0, 0, date, 4, network, format, unit[0], 0, 0), before]
    for i, (t, data) in enumerate(frames):
        units = (9600 * 10**12 + t * 10**6) // unit[1]
        head = struct.pack('<IBBHBBHH', units & 0xffffffff, units >> 32, 0, len(data), 0, 0, len(data) + 9 if i % 2 else 0, 0)
        head = head[:12] + bytes(22) if kind == 12 else head
        out.append(struct.pack('<HHH', kind, len(head) + len(data), 0) + head + data)
    return b''.join(out) + struct.pack('<HHH', 3, 0, 0)


def sniffer_items(data):
    """The Sniffer's items: (is it a code?, bytes)."""
    at = 0
    while at < len(data):
        run, best, distance = 1, 0, 0
        while at + run < len(data) and data[at + run] == data[at] and run < 19 + 4095:
            run += 1
        for d in range(3, min(at, 4095 + 3) + 1):
            n = 0
            while n < 255 + 16 and at + n < len(data) and data[at - d + n % d] == data[at + n]:
                n += 1
            if n > best:
                best, distance = n, d
        far = lambda code: bytes([code << 4 | (distance - 3) & 15, (distance - 3) >> 4])
        if run >= 19:
            yield True, bytes([0x10 | (run - 19) & 15, (run - 19) >> 4, data[at]])
        elif run >= 3 and run >= best:
            run = min(run, 18)
            yield True, bytes([run - 3, data[at]])
        elif best >= 16:
            run = best
            yield True, far(2) + bytes([best - 16])
        elif best >= 3:
            run = min(best, 15)
            yield True, far(run)
        else:
            run = 1
            yield False, data[at:at + 1]
        at += run


def sniffer_compressed(data, block=1500, head=41):
    """A Sniffer file, compressed in blocks of which every third is not; behind head bytes."""
    out = [data[:33] + b'\2' + data[34:head]]
    for k, at in enumerate(range(head, len(data), block)):
        piece = data[at:at + block]
        if k % 3 == 2:
            out.append(struct.pack('<h', -len(piece)) + piece)
            continue
        items, packed = list(sniffer_items(piece)), b''
        for i in range(0, len(items), 16):
            group = items[i:i + 16]
            packed += struct.pack('<H', sum(code << (15 - j) for j, (code, _) in enumerate(group)))
            packed += b''.join(item for _, item in group)
        out.append(struct.pack('<h', len(packed)) + packed)
    return b''.join(out)


def visual(frames, medium=6, tail=b'index'):
    out = [struct.pack('<4sIIHHHH172x', b'\5VNF', len(frames), START, medium, 0xffff, 1, 1)]
    for t, data in frames:
        out.append(struct.pack('<IHHIBB6x', t // 1000, len(data) + 9, len(data), 0, 2, 0) + data)
    return b''.join(out) + tail


def views5(frames, other=b''):
    """other: bytes of a record of another kind before each frame."""
    out = [struct.pack('<IIIII36x', 0xaaaaaaaa, 32, 0x10000, 24, 0x18001000)]
    record = lambda kind, t, data: struct.pack('<IHHIIIIIII', 0x3333eeee, 36, 0x4000, 0x80000000, kind, len(data), 1,
                                               START + t // 1000000, t % 1000000 * 1000 + 1, 0) + data
    for t, data in frames:
        out.append((record(1, t, other) if other else b'') + record(0, t, data))
    return b''.join(out)


def date_and_time(t):
    seconds = t // 1000000
    return struct.pack('<HBBBBBI', 2017, 7, 14, 2, 40 + seconds // 60, seconds % 60, t % 1000000)


def commview(frames, medium=0):
    return b''.join(struct.pack('<HHB', len(data), len(data), 0) + date_and_time(t) + struct.pack('<B7x', medium) + data
                    for t, data in frames)


def commview_x(frames, medium=0):
    more = 40 if medium == 1 else 20
    return b''.join(struct.pack('<I', len(data) + more) + date_and_time(t) + struct.pack('<B4x', medium) + bytes(more - 20) + data
                    for t, data in frames)


# What tshark takes for the time of the first record, and what it does not: (name, format, offset, bytes, whether it is read).
COMMVIEW_TIMES = [(name, make, at + offset, value, accepted)
                  for name, make, at, years in (('CommView NCF', commview, 5, {1969: False, 1970: True, 2037: True, 2038: False}),
                                                ('CommView NCFX', commview_x, 4, {1999: False, 2000: True, 65535: True}))
                  for offset, value, accepted in [(0, struct.pack('<H', year), good) for year, good in years.items()] +
                  [(2, b'\2\x1f', True), (2, b'\0', False), (2, b'\x0d', False), (3, b'\0', False), (3, b'\x20', False), (4, b'\x18', False),
                   (5, b'\x3c', False), (6, b'\x3c', True), (6, b'\x3d', False), (7, b'\xff\xff\xff\xff', True)]]


def nettl(frames, subsystem=210, old=False, padding=0, header=68, kind=0x20000000):
    magic = b'\0\0\0\1\0\0\0\0\0\7\xd0\0' if old else b'TR\0d' + bytes(7) + b'\x80'
    out = [magic + bytes(128 - len(magic))]
    for t, data in frames:
        data = bytes(padding) + data
        out.append(struct.pack('>HH8xI16xIIII', header, subsystem, kind, len(data), len(data) + 9, START + t // 1000000, t % 1000000) +
                   bytes(header - 48) + data)
    return b''.join(out)


def observer(frames, network=0, utc=True, fcs=True, other=False):
    elements = struct.pack('<HH5s', 2, 9, b'hello') + struct.pack('<HHI', 4, 8, int(utc))
    out = [b'ObserverPktBufferVersion=15.00'.ljust(32, b'\0') + struct.pack('<HBB', 36 + len(elements), 0, 2) + elements]
    for i, (t, data) in enumerate(frames):
        ns = (START - 946684800) * 10**9 + t * 1000 + 1
        head = lambda kind, offset, more: struct.pack('<IIHHHHBBBBHHQQQ', 0x88888888, 1000000, len(data), len(data) + 9 + 4 * fcs, offset,
                                                      offset + len(data) + more, network, 0, 0, kind, 0, 0, i, i, ns)
        if other:
            out.append(head(1, 48, 0) + data)
        out.append(head(0, 52, 2) + bytes(4) + data + bytes(2))
    return b''.join(out)


def lanalyzer(frames, board=226):
    record = lambda kind, data: struct.pack('<HH', kind, len(data)) + data
    summary = struct.pack('<BBH184xH20x', 14, 7, 2017, board)
    out = [record(0x1001, b'\1\5Trace Display Trace File' + bytes(50)), record(0x1006, bytes(128)), record(0x1002, summary),
           record(0x1004, bytes(100))]
    for i, (t, data) in enumerate(frames):
        units = (9600 * 10**6 + t) * 2 + 1
        out.append(record(0x1005, struct.pack('<HHHHIHI14x', 1, 8, len(data) + 9 + 4, len(data), units & 0xffffffff, units >> 32, i) + data))
    return b''.join(out)


def iptrace(frames, version=2, kind=6):
    out = [b'iptrace %d.0' % version]
    for t, data in frames:
        if version == 1:
            head = struct.pack('>II20xBB', 22 + len(data), START + t // 1000000, kind, 1)
        else:
            head = struct.pack('>II20xBBxxII', 32 + len(data), 7, kind, 1, START + t // 1000000, t % 1000000 * 1000 + 1)
        out.append(head + data)
    return b''.join(out)


def peek(frames, version=7, media=(0, 0)):
    out = [struct.pack('>BBIIIIIII20x', version, 0, 0, len(frames), START + 2082844800, 0, 0, *media)]
    for i, (t, data) in enumerate(frames):
        captured = 0 if i % 3 == 0 else len(data)
        original = len(data) + (9 if captured else 0)
        if version == 7:
            out.append(struct.pack('>HHHBBQ', 0x800, original, captured, 0, 0, (START + 2082844800) * 10**6 + t) + data +
                       bytes(len(data) % 2))
        else:
            out.append(struct.pack('>HHBBI16x', original, captured, 0, 0, t // 1000) + data)
    return b''.join(out)


def peek_tagged(frames, medium=0, version='9.0'):
    text = lambda name, data: struct.pack('<4sII', name, len(data), 0x200) + data
    out = [text(b'\x7fver', b'<?xml version="1.0"?>\n<VersionInfo>\n<FileVersion>%s</FileVersion>\n</VersionInfo>\n' % version.encode()),
           text(b'sess', b'<?xml version="1.0"?>\n<Session>\n<MediaType>0</MediaType>\n<MediaSubType>%d</MediaSubType>\n</Session>\n' % medium),
           b'pkts' + bytes(8)]
    for t, data in frames:
        data += FCS
        ns = (START + 11644473600) * 10**9 + t * 1000 + 1
        tags = ((0, len(data) + 9), (1, ns & 0xffffffff), (2, ns >> 32), (3, 0), (9, 99), (0xffff, len(data)))
        out.append(b''.join(struct.pack('<HI', *tag) for tag in tags) + data)
    return b''.join(out)


def shomiti(frames, link=10, radio=0):
    out = [b'snoop\0\0\0' + struct.pack('>II', 2, link)]
    for t, data in frames:
        data = (bytes(3) + bytes([radio]) + bytes(radio) if radio else b'') + data
        out.append(struct.pack('>IIIIII', len(data) + 9, len(data), 24 + len(data) + 40, 0, START + t // 1000000, t % 1000000) + data +
                   bytes(40))
    return b''.join(out)


def rounded(ns):
    """Times that are expected, from microseconds, when units of ns are counted from the start or midnight."""
    return lambda t: START * 10**9 + t * 1000 // ns * ns


def plus(ns):
    return lambda t: START * 10**9 + t * 1000 + ns


MICROS = plus(0)

# Name: (file's bytes from frames, nanoseconds of the time stamp of a frame at t microseconds).
FLAVOURS = {
    'NetXRay, first version': (lambda f: netxray(f, b'\0' * 8, ticks=1000, first_ever=True), rounded(10**6)),
    'NetXRay 1.0': (lambda f: netxray(f, b'001.000\0', ticks=1000), rounded(10**6)),
    'NetXRay 1.1': (lambda f: netxray(f, b'001.100\0'), MICROS),
    'NetXRay 1.1, WAN': (lambda f: netxray(f, b'001.100\0', network=3), MICROS),
    'NetXRay 2.0': (lambda f: netxray(f, b'002.000\0'), MICROS),
    'NetXRay 2.1, bytes behind the end': (lambda f: netxray(f, tail=b'comment' * 20), MICROS),
    'NetXRay 2.2, FCS': (lambda f: netxray(f, b'002.002\0', fcs=FCS), MICROS),
    'NetXRay 2.3, gigabit': (lambda f: netxray(f, b'002.003\0', unit=2, way=2, ticks=31250000, ahead=0),
                             lambda t: START * 10**9 + t * 31250000 // 10**6 * 32),
    'NetXRay 2.1, ticks in the header': (lambda f: netxray(f, unit=2, ticks=10000000, rate=10000000), MICROS),
    'NetXRay 2.1, nanoseconds': (lambda f: netxray(f, unit=0, way=6, ticks=10**9), MICROS),
    'NetXRay 2.1, 802.11': (lambda f: netxray([(t, wlan(d)) for t, d in f], network=9, fcs=FCS), MICROS),
    'Sniffer': (sniffer, MICROS),
    'Sniffer, units of half a microsecond': (lambda f: sniffer(f, unit=(3, 500000)), MICROS),
    'Sniffer, long frame records': (lambda f: sniffer(f, kind=12), MICROS),
    'Sniffer, other records': (lambda f: sniffer(f, before=struct.pack('<HHH', 6, 4, 0) + b'abcd'), MICROS),
    'Sniffer, PPP': (lambda f: sniffer([(t, b'\xff\3\0\x21' + d[14:]) for t, d in f], network=7), MICROS),
    'Sniffer, Frame Relay': (lambda f: sniffer([(t, b'\x18\x41\3\xcc' + d[14:]) for t, d in f], network=7,
                                               before=struct.pack('<HHH', 7, 8, 0) + b'\0\0\0\0\2\0\0\0'), MICROS),
    'Sniffer, compressed': (lambda f: sniffer_compressed(sniffer(f)), MICROS),
    'Sniffer, compressed behind a record': (
        lambda f: sniffer_compressed(sniffer(f, before=struct.pack('<HHH', 6, 4, 0) + b'abcd'), head=51), MICROS),
    'Visual Networks': (visual, rounded(10**6)),
    '5View': (views5, plus(1)),
    '5View, other records': (lambda f: views5(f, b'something else'), plus(1)),
    'CommView NCF': (commview, MICROS),
    'CommView NCF, 802.11': (lambda f: commview([(t, wlan(d)) for t, d in f], 1), MICROS),
    'CommView NCFX': (commview_x, MICROS),
    'CommView NCFX, 802.11': (lambda f: commview_x([(t, wlan(d)) for t, d in f], 1), MICROS),
    'nettl': (nettl, MICROS),
    'nettl of HP-UX 9': (lambda f: nettl(f, 37, old=True, header=64), MICROS),
    'nettl, IP': (lambda f: nettl([(t, d[14:]) for t, d in f], 9), MICROS),
    'nettl, loopback': (lambda f: nettl([(t, d[14:]) for t, d in f], 2, padding=26), MICROS),
    'Observer': (observer, plus(1)),
    'Observer, local time': (lambda f: observer(f, utc=False), plus(1)),
    'Observer, 802.11': (lambda f: observer([(t, wlan(d)) for t, d in f], 9), plus(1)),
    'Observer, other records': (lambda f: observer(f, other=True), plus(1)),
    'LANalyzer': (lanalyzer, plus(500)),
    'iptrace 1.0': (lambda f: iptrace(f, 1), rounded(10**9)),
    'iptrace 2.0': (iptrace, plus(1)),
    'iptrace 2.0, loopback': (lambda f: iptrace([(t, d[14:]) for t, d in f], kind=24), plus(1)),
    'EtherPeek 5': (lambda f: peek(f, 5), rounded(10**6)),
    'EtherPeek 6': (lambda f: peek(f, 6), rounded(10**6)),
    'EtherPeek 7': (peek, MICROS),
    'AiroPeek 7': (lambda f: peek([(t, bytes(4) + wlan(d) + FCS) for t, d in f], 7, (0, 1)), MICROS),
    'OmniPeek': (peek_tagged, plus(1)),
    'OmniPeek, 802.11': (lambda f: peek_tagged([(t, wlan(d)) for t, d in f], 1), plus(1)),
    'OmniPeek, 802.11, other subtype': (lambda f: peek_tagged([(t, wlan(d)) for t, d in f], 3), plus(1)),
    'snoop of Shomiti': (shomiti, MICROS),
    'snoop of Shomiti, 802.11': (lambda f: shomiti([(t, wlan(d)) for t, d in f], 18, 12), MICROS),
}

# Formats as editcap names them.
EDITCAP = ('5views', 'commview-ncf', 'lanalyzer', 'nettl', 'ngsniffer', 'ngwsniffer_1_1', 'ngwsniffer_2_0', 'visual')


def broken(few):
    """[(name, bytes, frames before, words)]: few are at least ten frames."""
    out, size = [], lambda make, n: len(make(few[:n]))

    def cut_in(name, make, at, value, frames, *words):
        """With value put over the bytes at an offset."""
        data = bytearray(make(few))
        data[at:at + len(value)] = value
        out.append((name, bytes(data), frames, words))

    nx = lambda f: netxray(f, b'002.000\0')
    two = size(nx, 2)
    cut_in('NetXRay, version', nx, 4, b'003.000\0', 0, 'offset 4', '003.000')
    cut_in('NetXRay, network', nx, 44, b'\5', 0, 'offset 44', 'found 5')
    cut_in('NetXRay, unit of time', nx, 48, b'\3', 0, 'offset 48', 'found 3')
    cut_in('NetXRay, end beyond the file', nx, 28, b'\xff\xff\0\0', len(few), 'offset 28', '%d bytes' % len(nx(few)), '65535')
    cut_in('NetXRay, records that wrap around', nx, 28, b'\0\0\0\0', len(few), 'offset 24', 'to 0')
    cut_in('NetXRay, captured length', nx, two + 10, b'\xff\xff', 2, 'offset %d' % two, '65575')
    cut_in('Sniffer, network', sniffer, 17 + 6 + 9, b'\3', 0, 'offset 32', 'found 3')
    cut_in('Sniffer, unit of time', sniffer, 17 + 6 + 11, b'\7', 0, 'offset 34', 'found 7')
    two = size(sniffer, 2) - 6
    cut_in('Sniffer, captured length', sniffer, two + 6 + 6, b'\xff\xff', 2, 'offset %d' % two, '65549')
    cut_in('Sniffer, record length', sniffer, two + 2, b'\xff\xff', 2, 'offset %d' % two, '65541', 'end of the file')
    packed = sniffer_compressed(sniffer(few), block=70)
    out.append(('Sniffer, compressed data', packed[:41] + b'\5\0\0\x80\x33\0\0' + packed[41:], 0, ('offset 41', 'distance')))
    out.append(('Sniffer, compressed and cut', packed[:-1], len(few) - 1, ('offset', 'end of the file')))
    cut_in('Visual Networks, medium', visual, 12, b'\1\1', 0, 'offset 12', 'found 257')
    cut_in('5View, version', views5, 8, b'\1', 0, 'offset 8', 'found 65537')
    cut_in('5View, file type', views5, 16, b'\1', 0, 'offset 16', 'found 402657281')
    two = size(views5, 2)
    cut_in('5View, key', views5, two, b'\1\2\3\4', 2, 'offset %d' % two, '3333eeee', '04030201')
    cut_in('5View, length', views5, two + 16, b'\1\0\4\0', 2, 'offset %d' % two, '262144', '262145')
    two = size(nettl, 2)
    cut_in('nettl, header length', nettl, two, b'\0\5', 2, 'offset %d' % two, '48', 'found 5')
    cut_in('nettl, captured length', nettl, two + 32, b'\0\4\0\1', 2, 'offset %d' % two, '262144', '262145')
    two = size(observer, 2)
    cut_in('Observer, element', observer, 38, b'\xff', 0, 'offset 36', 'found 255')
    cut_in('Observer, first record', observer, 32, b'\5', 0, 'offset 32', 'found 5')
    cut_in('Observer, magic', observer, two, b'\1\2\3\4', 2, 'offset %d' % two, '88888888', '04030201')
    cut_in('Observer, next record', observer, two + 14, b'\5\0', 2, 'offset %d' % two, 'found 5')
    cut_in('Observer, network', observer, two + 16, b'\5', 2, 'offset %d' % two, 'found number 5')
    two = size(lanalyzer, 2)
    cut_in('LANalyzer, record type', lanalyzer, two, b'\5\x11', 2, 'offset %d' % two, 'found number 4357')
    cut_in('LANalyzer, captured length', lanalyzer, two + 10, b'\xff\xff', 2, 'offset %d' % two, '65567')
    summary = lanalyzer(few).index(b'\2\x10')
    cut_in('LANalyzer, board', lanalyzer, summary + 4 + 188, b'\5', 0, 'offset %d' % (summary + 192), 'found 5')
    cut_in('LANalyzer, no summary', lanalyzer, summary, b'\3', 0, 'summary')
    two = size(iptrace, 2)
    cut_in('iptrace, length', iptrace, two, struct.pack('>I', 31), 2, 'offset %d' % two, '32', 'found 31')
    cut_in('iptrace, large', iptrace, two, struct.pack('>I', 32 + 262145), 2, 'offset %d' % two, '262144', '262145')
    two = size(peek_tagged, 2)
    cut_in('OmniPeek, captured length', peek_tagged, two + 32, struct.pack('<I', 262145), 2, 'offset %d' % two, '262144', '262145')
    out.append(('OmniPeek, version', peek_tagged(few, version='8.0'), 0, ('version 9', 'found 8')))
    out.append(('OmniPeek, subtype', peek_tagged(few, medium=4), 0, ('subtype', 'found 4')))
    nine = size(commview, 9)
    cut_in('CommView, medium', commview, nine + 16, b'\3', 9, 'offset %d' % nine, 'found number 3')
    return out
