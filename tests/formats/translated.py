# SPDX-License-Identifier: BSD-2-Clause
"""Captures that tcpreuse translates from their first byte on: writers, and the times that are expected."""
import struct
import zlib

START = 1500000000          # 2017-07-14 02:40:00 UTC
MICROSECONDS = 2 << 30      # NetScaler's unit of an interval
NETSCALER = {10: b'NetScaler Performance Data', 20: b'NetScaler V20 Performance Data', 30: b'Netscaler V30 Performance Data',
             35: b'Netscaler V35 Performance Data'}


def nstrace_header(version, kind, length):
    if version == 10:
        return struct.pack('<HH', kind, length)
    return struct.pack('<BBB', kind, 0x80 | length & 127, length >> 7)


def nstrace_signature(version):
    text = NETSCALER[version] + b'\0'
    return (struct.pack('<HHI', 0x101, 64, 0) + text).ljust(64, b'\0') if version == 10 else struct.pack('<BBB', 1, 34, 0) + text


def nstrace_start(version, seconds=START):
    return struct.pack('<HHII', 0x107, 12, 0, seconds) if version == 10 else struct.pack('<BBHI', 7, 8, 0, seconds)


def nstrace_layout(version, kind):
    """(header, place of the original length, place of the lengths of names, is the time an interval?)"""
    if version == 10:
        return (12, 0, 0, True) if kind < 0x314 else (16, 12, 0, True)
    part = kind & 4
    if version >= 30:
        return (52, 20, 31, False) if kind < 0xac else (35, 20, 0, False)
    header, names, since = {0xa: (48, 29, False), 0xb: (31, 29, False), 0xc: (8, 0, True), 0xd: (16, 0, True), 0xe: (18, 0, True),
                            0xf: (29 if kind & 8 else 24, 0, False)}[kind >> 4]
    return (header + 4 * (part > 0), (8 if since else 12) if part else 0, names + part if names else 0, since)


def nstrace_frame(version, kind, time, since, data, extensions=(), names=(b'', b'')):
    """time: microseconds; extensions: (type, bytes)."""
    size, original, place, is_interval = nstrace_layout(version, kind)
    head = bytearray(size) + (names[0] + names[1] if place else b'')
    if place:
        head[place:place + 2] = bytes(map(len, names))
    if is_interval:
        struct.pack_into('<I', head, 8 if version == 10 else 4, MICROSECONDS | since)
    else:
        struct.pack_into('<Q', head, 4, START * 10**9 + time * 1000 + 1)
    if original:
        struct.pack_into('<H', head, original, len(data) + 9)
    if kind >= 0xac and version >= 30:
        kinds = [k for k, _ in extensions] + [1]
        head[34] = kinds[0]
        for following, (_, more) in zip(kinds[1:], extensions):
            head += struct.pack('<HB', len(more) + 3, following) + more
        struct.pack_into('<H', head, 26, len(head))
    header = nstrace_header(version, kind, len(head) + len(data))
    head[:len(header)] = header
    return bytes(head) + data


def nstrace(frames, version=35, kinds=None, extensions=(), names=(b'', b''), between=b'', start=True):
    """kinds: of the frames, in turn. Frames stay in their page, from 3.0 on their headers do."""
    kinds = kinds or {10: (0x310, 0x311, 0x312, 0x314, 0x315, 0x316), 20: (0xf0, 0xf4), 30: (0xa8, 0xa9), 35: (0xac, 0xaf)}[version]
    page = 8192 if version < 30 else 16384
    out, last = nstrace_signature(version) + (nstrace_start(version) if start else b''), 0
    for i, (t, data) in enumerate(frames):
        frame = nstrace_frame(version, kinds[i % len(kinds)], t, t - last, data, extensions, names)
        last = t
        left = page - len(out) % page
        if left < len(between) + (len(frame) if version < 30 else len(frame) - len(data)):
            out += bytes(left)
        out += between + frame
    return out


def plus(ns):
    return lambda t: START * 10**9 + t * 1000 + ns


# Vector BLF

def blf_header(millisecond=0):
    return (struct.pack('<4sI32x', b'LOGG', 144) + struct.pack('<8H', 2017, 7, 5, 14, 2, 40, 0, millisecond)).ljust(144, b'\0')


def blf_object(kind, body, t, flags=2, header=1):
    """t: microseconds."""
    ticks = t * 1000 if flags == 2 else t // 10
    more = struct.pack('<IHHQ', flags, 0, 0, ticks) + bytes(8 * (header == 2))
    length = 16 + len(more) + len(body)
    return struct.pack('<4sHHII', b'LOBJ', 16 + len(more), header, length, kind) + more + body + bytes(length % 4)


def blf_container(data, method=2, size=None):
    packed = zlib.compress(data) if method == 2 else data
    length = 32 + len(packed)
    return struct.pack('<4sHHIIH6xI4x', b'LOBJ', 16, 1, length, 10, method, len(data) if size is None else size) + packed + bytes(length % 4)


def blf_apart(data, vlan=0):
    """An Ethernet frame as object 71 has it."""
    kind, = struct.unpack_from('>H', data, 12)
    return data[6:12] + struct.pack('<H', 1) + data[:6] + struct.pack('<HHHHH8x', 0, kind, 0x8100 if vlan else 0, vlan, len(data) - 14) + data[14:]


def blf_whole(data):
    return struct.pack('<HHHHQIHHII', 32, 0, 1, 0, 0, 0, 0, len(data), 0, 0) + data


def blf_error(data):
    return struct.pack('<HHHHIHHI', 20, 1, 0, 0, 0, len(data), 0, 1) + data


def blf_wlan(data):
    data = RADIO + data[14:]
    return struct.pack('<HHBBHHHI', 1, 0, 0, 6, 0, 0, len(data), 0) + data


def blf(frames, kind=120, body=blf_whole, flags=2, header=1, block=131072, methods=(2,), between=b'', millisecond=0):
    """block: bytes in a container; 0: there are none. methods: of compression, in turn; None: objects outside."""
    if block == 0:
        return blf_header(millisecond) + b''.join(between + blf_object(kind, body(data), t, flags, header) for t, data in frames)
    out, objects = [blf_header(millisecond)], b''.join(between + blf_object(kind, body(data), t, flags, header) for t, data in frames)
    for i, at in enumerate(range(0, len(objects), block)):
        out.append(blf_container(objects[at:at + block], methods[i % len(methods)]))
    return b''.join(out)


def blf_text(source, text, more=0):
    return blf_object(65, struct.pack('<IIII', source, more, len(text), 0) + text, 0)


# What has no frame number: of the measurement, channels, a first part of meta data, statistics.
BLF_OTHERS = blf_object(90, bytes(40), 0) + b'junk' + blf_text(1, b'C:\\car.dbc;CAN;1') + blf_text(2, b'<a', 100) + blf_object(114, bytes(8), 0)
BLF_NUMBERED = tuple(blf_object(kind, bytes(200), 0) for kind in (
    1, 2, 3, 11, 12, 14, 15, 20, 21, 29, 41, 50, 57, 58, 60, 61, 62, 66, 73, 86, 100, 101, 103, 104, 133)) + (
    blf_text(0, b'hello'), blf_text(2, b'<a/>', 4), blf_text(3, b'x'), blf_text(4, b'y'))
RADIO = bytes.fromhex('08010000' '020000000001' '020000000002' '020000000003' '0000' 'aaaa030000000800')

# pppd

def pppd_frame(data, flag=True):
    """In bytes of the line."""
    data, crc = b'\xff\3\0\x21' + data[14:], 0xffff
    for byte in data:
        crc ^= byte
        for _ in range(8):
            crc = crc >> 1 ^ 0x8408 if crc & 1 else crc >> 1
    data += struct.pack('<H', crc ^ 0xffff)
    escaped = b''.join(bytes([0x7d, byte ^ 0x20]) if byte in (0x7d, 0x7e) or byte < 0x20 else bytes([byte]) for byte in data)
    return b'\x7e' * flag + escaped + b'\x7e'


def pppd_bytes(kind, data):
    return struct.pack('>BH', kind, len(data)) + data


def pppd(frames, pieces=4096, between=b'', flag=True):
    out, now = [struct.pack('>BI', 7, START)], 0
    for i, (t, data) in enumerate(frames):
        steps = t // 100000 - now
        now += steps
        if steps:
            out.append(struct.pack('>BB', 6, steps) if steps < 256 and i % 2 else struct.pack('>BI', 5, steps))
        line = pppd_frame(data, flag)
        out.append(between + b''.join(pppd_bytes(1 + i // 3 % 2, line[at:at + pieces]) for at in range(0, len(line), pieces)))
    return b''.join(out)


PPPD_BETWEEN = pppd_bytes(2, b'') + b'\3\4' + pppd_bytes(1, b'\x7e\x7e')

VM = (b'web-1', b'balancer')
EXTENSIONS = ((0x84, b'\1\1ab'), (5, bytes(9)), (0x87, bytes(4)), (6, b''), (0x8b, bytes(40)))

# As in rare.py.
FLAVOURS = {
    'NetScaler 1.0': (lambda f: nstrace(f, 10), plus(0)),
    'NetScaler 1.0, other records': (lambda f: nstrace(f, 10, between=struct.pack('<HHII', 0x555, 12, 1, 2)), plus(0)),
    'NetScaler 2.0': (lambda f: nstrace(f, 20), plus(1)),
    'NetScaler 2.0, intervals': (lambda f: nstrace(f, 20, (0xc0, 0xc1, 0xc2, 0xc4, 0xd0, 0xd5, 0xe2, 0xe6)), plus(0)),
    'NetScaler 2.0, cluster': (lambda f: nstrace(f, 20, (0xf8, 0xfb, 0xfc, 0xff)), plus(1)),
    'NetScaler 2.0, virtual machines': (lambda f: nstrace(f, 20, (0xa0, 0xa3, 0xa4, 0xa7, 0xb0, 0xb6), names=VM), plus(1)),
    'NetScaler 2.0, other records': (lambda f: nstrace(f, 20, between=struct.pack('<BBI', 0x30, 6, 1)), plus(1)),
    'NetScaler 3.0': (lambda f: nstrace(f, 30), plus(1)),
    'NetScaler 3.0, virtual machines': (lambda f: nstrace(f, 30, names=VM), plus(1)),
    'NetScaler 3.5': (nstrace, plus(1)),
    'NetScaler 3.5, extensions': (lambda f: nstrace(f, extensions=EXTENSIONS), plus(1)),
    'NetScaler 3.5, both kinds of frames': (lambda f: nstrace(f, kinds=(0xa8, 0xac)), plus(1)),
    'NetScaler 3.5, no start': (lambda f: nstrace(f, start=False), plus(1)),
    'BLF': (blf, plus(0)),
    'BLF, frames taken apart': (lambda f: blf(f, 71, blf_apart), plus(0)),
    'BLF, of a VLAN': (lambda f: blf(f, 71, lambda data: blf_apart(data, 5)), plus(0)),
    'BLF, with errors': (lambda f: blf(f, 102, blf_error), plus(0)),
    'BLF, with other errors': (lambda f: blf(f, 122, header=2), plus(0)),
    'BLF, 802.11': (lambda f: blf(f, 93, blf_wlan), plus(0)),
    'BLF, units of 10 us': (lambda f: blf(f, flags=1), lambda t: START * 10**9 + t // 10 * 10000),
    'BLF, no containers': (lambda f: blf(f, block=0, millisecond=123), plus(123000000)),
    'BLF, small containers': (lambda f: blf(f, block=700), plus(0)),
    'BLF, small containers of two kinds': (lambda f: blf(f, block=90, methods=(2, 0)), plus(0)),
    'BLF, very small containers': (lambda f: blf(f, block=17, methods=(0,)), plus(0)),
    'pppd': (pppd, lambda t: START * 10**9 + t // 100000 * 10**8),
    'pppd, pieces of three bytes': (lambda f: pppd(f, 3), lambda t: START * 10**9 + t // 100000 * 10**8),
    'pppd, other records': (lambda f: pppd(f, between=PPPD_BETWEEN, flag=False), lambda t: START * 10**9 + t // 100000 * 10**8),
    'BLF, other objects': (lambda f: blf(f, between=BLF_OTHERS), plus(0)),
}

# (name, bytes from frames, frames without TCP before them)
NUMBERED = [
    ('BLF, objects that have a frame number', lambda f: blf_header() + blf_container(b''.join(BLF_NUMBERED)) + blf(f)[144:], len(BLF_NUMBERED)),
    ('NetScaler 3.5, unknown extensions hide a packet', lambda f: nstrace(
        f[:1] * 3, extensions=((5, b''),) * 5).ljust(16384, b'\0') + nstrace(f), 3),
]

# Wireshark 4.6.9 loses objects near the end of a file whose containers are smaller than usual.
UNJUDGED = 'small containers'

LARGE = ('NetScaler 1.0', 'NetScaler 2.0', 'NetScaler 3.5', 'BLF', 'pppd')

# (name, bytes, words of the error)
LOOKALIKES = [
    ('a version of NetScaler that is not known', struct.pack('<BBB', 1, 34, 0) + b'NetScaler V40 Performance Data\0' + bytes(9000), ('01 22 00',)),
    ('text about NetScaler', b'NetScaler Performance Data\n' * 40, ('text',)),
    ('a time of pppd and text', b'\7\x59\x68\x2f\0' + b'\2\0\4text' * 3, ('07 59',)),
    ('a time of pppd and no record', b'\7\x59\x68\x2f\0' + pppd_bytes(1, b'\x7e') * 3 + b'\x08' + bytes(99), ('07 59',)),
    ('text about logging', b'LOGGING is on\n' * 40, ('text',)),
    ('a record of type 0101', struct.pack('<HHI', 0x101, 64, 0) + b'NetScaler performance data' + bytes(9000), ('01 01 40',)),
]


def broken(few):
    """As in rare.py."""
    out = []
    for version, kind in (10, 0x312), (20, 0xf0), (30, 0xa8), (35, 0xac):
        name, head = 'NetScaler %.1f, ' % (version / 10), nstrace_layout(version, kind)[0]
        make = lambda n, **how: nstrace(few[:n], version, (kind,), **how)
        good = make(2)
        here = 'offset %d' % len(good)
        out.append((name + 'length below that of the header', good + nstrace_header(version, kind, head - 1) + bytes(99), 2,
                    (here, '%d' % head, 'found %d' % (head - 1))))
        out.append((name + 'length beyond the file', good + nstrace_header(version, kind, 7000) + bytes(99), 2,
                    (here, '7000', 'the file after')))
        out.append((name + 'length 0', good + (b'\x55\x05\0\0' if version == 10 else b'\x55\0') + bytes(99), 2,
                    (here, 'found 0')))
        out.append((name + 'header beyond the file', good + nstrace_header(version, kind, 500), 2, (here, '%d' % head)))
        page = 8192 if version < 30 else 16384
        if version < 30:
            out.append((name + 'frame beyond its page', good + nstrace_header(version, kind, page - len(good) + 1) + bytes(2 * page), 2,
                        (here, 'the page after')))
        tail = b'\x55' * (3 if version == 10 else 1)
        filler = nstrace_header(version, 0x55, page - len(good) - len(tail)).ljust(page - len(good) - len(tail), b'\0')
        out.append((name + 'record header beyond its page', good + filler + tail + make(len(few)), 2,
                    ('offset %d' % (page - len(tail)), 'found 55')))
    one = lambda i: blf_object(120, blf_whole(few[i][1]), few[i][0])
    good = blf_header() + blf_container(one(0) + one(1)) + one(2)
    bad = lambda data, *words, frames=3: (data, frames, ('offset %d' % len(good),) + words)
    size, = struct.unpack_from('<I', one(3), 8)
    long = bytearray(one(3))
    struct.pack_into('<H', long, 32 + 22, 400)
    squeezed = blf_container(one(3) + one(4))
    for name, (data, frames, words) in {
            'container compressed in another way': bad(blf_container(one(3), 1), '0 or 2', 'found 1'),
            'container that is too long': bad(blf_container(one(3) + b'x', size=len(one(3))), 'as many bytes'),
            'container that is too short': bad(blf_container(one(3), size=len(one(3)) + 1), 'as many bytes'),
            'container of a gigabyte': bad(blf_container(one(3), size=1 << 30), '16777216', '1073741824'),
            'container with another checksum': bad(squeezed[:-6].ljust(len(squeezed), b'\xff'), 'BLF container'),
            'container without zlib': bad(blf_container(one(3), 0)[:16] + b'\2' + blf_container(one(3), 0)[17:], 'zlib header'),
            'container that is cut': bad(squeezed[:-9], 'end of the file after %d' % (len(squeezed) - 9)),
            'object that is cut': bad(blf_container(one(3)[:-9]), '%d bytes' % size, 'end of the file after'),
            'object of 20 bytes': bad(one(3)[:8] + struct.pack('<I', 20) + one(3)[12:], '32', 'found 20'),
            'header of type 3': bad(one(3)[:6] + b'\3' + one(3)[7:], 'type 1 or 2', 'type 3'),
            'frame beyond its object': bad(bytes(long), '464', 'found %d' % size)}.items():
        out.append(('BLF, ' + name, good + data, frames, words))
    alone = struct.pack('<4sHHII', b'LOBJ', 16, 1, 16, 1)   # the first of a file: behind it there is no memory that could be read
    out.append(('BLF, object that ends with its first header', blf_header() + alone, 0, ('offset 144', 'type 1 or 2', 'found type 1 of 16 bytes')))
    good = pppd(few[:3])
    # the first bytes have to be right for it to be a record at all
    good += b''.join(pppd_bytes(1, b'\x7e' * 99) for _ in range(50))
    for name, data, words in (('record of type 8', b'\x08' + bytes(9), ('type 1 to 7', 'found 8')), ('record of type 0', bytes(9), ('found 0',)),
                              ('record that is cut', b'\5\0', ('5 bytes', 'after 2')), ('frame that is too long', pppd_bytes(1, b'a' * 40000) * 2, ('65536',)),
                              ('line that is cut', b'\1\0\5', ('5 more bytes', 'end of the file'))):
        at = len(good) + (len(pppd_bytes(1, b'a' * 40000)) + 3 + 65536 - 40000 if 'long' in name else 3 if 'line' in name else 0)
        out.append(('pppd, ' + name, good + data, 3, ('offset %d' % at,) + words))
    return out
