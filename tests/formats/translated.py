# SPDX-License-Identifier: BSD-2-Clause
"""Captures that tcpreuse translates from their first byte on: writers, and the times that are expected."""
import struct

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
}

LARGE = ('NetScaler 1.0', 'NetScaler 2.0', 'NetScaler 3.5')

# (name, bytes, words of the error)
LOOKALIKES = [
    ('a version of NetScaler that is not known', struct.pack('<BBB', 1, 34, 0) + b'NetScaler V40 Performance Data\0' + bytes(9000), ('01 22 00',)),
    ('text about NetScaler', b'NetScaler Performance Data\n' * 40, ('text',)),
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
    return out
