# SPDX-License-Identifier: BSD-2-Clause
"""Captures of network devices on USB: blocks of NCM and MBIM in bulk transfers, for in_order.py."""
import struct

MACS = bytes.fromhex('020000000001020000000002')
BULK = 3
TABLES = {2: (b'NCMH', b'NCM0', b'IPS\0', '<HH', 12, 8), 4: (b'ncmh', b'ncm0', b'ips\0', '<II', 16, 16)}


def linux(data, transfer=BULK, size=64, event=b'C', endpoint=0x81):
    header = struct.pack('<QcBBBHBB', 1, event, transfer, endpoint, 5, 1, ord('-'), 0) + bytes(16) + struct.pack('<II', len(data), len(data))
    return header + bytes(size - len(header)) + data


def usbpcap(data, transfer=BULK, size=27):
    return struct.pack('<HQIHBHHBBI', size, 1, 0, 9, 1, 1, 5, 0x81, transfer, len(data)) + data


def table(mark, entries, following=0, size=None, width=2):
    form, at = TABLES[width][3], TABLES[width][5]
    content = b''.join(struct.pack(form, *entry) for entry in entries)
    size = at + len(content) if size is None else size
    head = struct.pack('<HH', size, following) if width == 2 else struct.pack('<HHII', size, 0, following, 0)
    return mark + head + content


def block(rest, at, width=2, **wrong):
    """A block whose first table is at a position."""
    magic, head = TABLES[width][0], TABLES[width][4]
    length = wrong.get('length', head + len(rest))
    return wrong.get('magic', magic) + struct.pack('<HH' + ('HH' if width == 2 else 'II'), wrong.get('head', head), 0, length, at) + rest


class Maker:
    def __init__(self, packet):
        self.packet = packet

    def datagrams(self, mark, n):
        ethernet = mark[:3].lower() == b'ncm'
        return [MACS * ethernet + b'\x08\0' * ethernet + self.packet() for _ in range(n)]

    def one(self, mark=None, n=1, width=2, entry=None, at=None, **how):
        """One table before its datagrams; entry changes the (index, length) of the first."""
        mark, head = mark or TABLES[width][1], TABLES[width][4]
        datagrams, wrong = self.datagrams(mark, n), {key: how.pop(key) for key in ('magic', 'head', 'length') if key in how}
        first = head + TABLES[width][5] + 2 * width * (n + 1)
        entries = [(first + i * len(datagrams[0]), len(datagrams[0])) for i in range(n)]
        if entry:
            entries[0] = tuple(old if new is None else new for new, old in zip(entry, entries[0]))
        return block(table(mark, entries + [(0, 0)], width=width, **how) + b''.join(datagrams), head if at is None else at, width, **wrong)

    def two(self, following=28, last=0, second=b'NCM0'):
        """Two tables with a datagram each, at 12 and 28."""
        (one,), (other,) = self.datagrams(b'NCM0', 1), self.datagrams(second, 1)
        tables = table(b'NCM0', [(5000 if last is None else 44, len(one)), (0, 0)], following) + table(second, [(44 + len(one), len(other)), (0, 0)], last or 0)
        return block(tables + one + other, 12 if following else 28)


def add_all(captures, packet):
    make = Maker(packet)

    def add(name, blocks, expected, link=220, wrap=linux):
        captures.add('USB, ' + name, link, [wrap(content) for content in blocks], expected)

    one, two = make.one, make.two
    for link, wrap in (220, linux), (189, lambda content, **how: linux(content, size=48, **how)), (249, usbpcap):
        add('link type %d' % link, [one(), one(b'IPS\0'), one(n=3), b'\0' + one()], 'TTT.', link, wrap)
        captures.add('USB, transfers of link type %d' % link, link, [wrap(one(), transfer=transfer) for transfer in range(4)], '...T')
    captures.add('USB, events', 220, [linux(one(), event=event, endpoint=end) for event in (b'S', b'C', b'E') for end in (2, 0x81)], 'TTTTTT')
    captures.add('USB, header of USBPcap', 249, [usbpcap(one(), size=size) for size in (0, 26, 28, 2000)] + [usbpcap(b'\0' + one(), size=28)], 'TTTT.')
    add('marks', [one(mark) for mark in (b'NCM0', b'NCM1', b'NCM2', b'IPS\0', b'IPS\7', b'DSS\0', b'ncm0', b'ips\0')], 'TT.TT...')
    add('marks, 32 bits', [one(mark, width=4) for mark in (b'ncm0', b'ncm1', b'ncm2', b'ips\0', b'ips\7', b'dss\0', b'NCM0', b'IPS\0')], 'TT.TT...')
    add('marks of blocks', [one(magic=magic) for magic in (b'NCMH', b'ncmh', b'NCMh')], 'T..')
    add('header', [one(**how) for how in ({'head': 0}, {'head': 13}, {'length': 0}, {'length': 20}, {'length': 999})], 'TTTTT')
    add('place of the table', [one(at=at) for at in (0, 8, 11, 12, 13, 16, 1000)], '...T...')
    add('length of a table', [one(size=size) for size in (0, 4, 8, 9, 12, 13, 14, 15, 16, 20, 1000)], '....T...TTT')
    add('length of a table, 32 bits', [one(size=size, width=4) for size in (0, 8, 16, 20, 24, 28, 32, 36, 40, 1000)], '....T.T.TT')
    add('next table', [one(following=at) for at in (0, 1, 4, 5, 16, 24, 5000)], 'T.T.TT.')
    add('next table, 32 bits', [one(following=at, width=4) for at in (0, 4, 5, 8, 6000)], 'TT.T.')
    add('entries', [one(n=2, entry=entry) for entry in ((5000, None), (None, 5000), (None, 13), (None, None))], '...T')
    add('two tables', [two(), two(0), two(second=b'IPS\0'), two(second=b'xxxx'), two(last=5000), two(last=None)], 'TTTTT.')
