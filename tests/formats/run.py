#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: run.py TCPREUSE [analyzers]

Capture formats; with analyzers, those of rare.py. The same frames are written in every flavour of every format that tcpreuse reads; the rows have to be those of
the plain pcap file. What is broken is said with its place, and what stands before it is reported. Large files are read
with 1, 2, 3 and 8 threads.
"""
import csv
import gzip
import os
import random
import shutil
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import pcap as pcap_file  # noqa: E402
import program as programs  # noqa: E402
import rare  # noqa: E402

START = 1500000000
LINK_ETHERNET, LINK_RAW, LINK_ERF = 1, 101, 197


# frames

def segment(sport, dport, flags, seq, ack=0, payload=b''):
    return struct.pack('>HHIIBBHHH', sport, dport, seq & 0xffffffff, ack & 0xffffffff, 5 << 4, flags, 8192, 0, 0) + payload


def ethernet(source, destination, tcp):
    ip = struct.pack('>BBHHHBBH4s4s', 0x45, 0, 20 + len(tcp), 0, 0, 64, 6, 0, source, destination)
    return bytes.fromhex('020000000002020000000001') + b'\x08\x00' + ip + tcp


def conversations(seed, count, payload=lambda rng: bytes(rng.randrange(0, 90))):
    """[(microseconds, frame)]: connections on few ports, so that many are reused."""
    rng = random.Random(seed)
    frames, now = [], 0
    for _ in range(count):
        a, b = bytes([10, 0, 0, rng.randrange(1, 9)]), bytes([10, 0, 1, rng.randrange(1, 5)])
        port, isn = rng.randrange(40000, 40020), rng.randrange(1 << 32)
        for source, destination, sport, dport, flags, seq, data in (
                (a, b, port, 80, 2, isn, b''), (b, a, 80, port, 18, isn ^ 0x55555555, b''),
                (a, b, port, 80, 24, isn + 1, payload(rng)), (a, b, port, 80, rng.choice((17, 4, 16)), isn + 1, b'')):
            now += rng.randrange(1, 5000)
            frames.append((now, ethernet(source, destination, segment(sport, dport, flags, seq, 1, data))))
    return frames


# formats

def pcap(frames, order='<', magic=0xa1b2c3d4, version=(2, 4), unit=1000, link=LINK_ETHERNET, extra=b'', swap=False, header=b''):
    """unit: nanoseconds of the time stamps; extra: behind each record header; header: behind the file header."""
    out = [pcap_file.file_header(order, magic, version, 65535, link), header]
    for t, data in frames:
        captured, original = (len(data) + 9, len(data)) if swap else (len(data), len(data) + 9)
        out.append(pcap_file.record_header(START + t // 1000000, t % 1000000 * 1000 // unit, captured, original, order) + extra + data)
    return b''.join(out)


def block(order, kind, body, length=None, trailer=None):
    body += bytes(-len(body) % 4)
    n = len(body) + 12
    length = n if length is None else length
    return struct.pack(order + 'II', kind, length) + body + struct.pack(order + 'I', n if trailer is None else trailer)


def options(order, *values):
    out = b''.join(struct.pack(order + 'HH', number, len(v)) + v + bytes(-len(v) % 4) for number, v in values)
    return out + bytes(4) if out else b''


def section(order='<', version=(1, 0), magic=0x1a2b3c4d, more=b''):
    return block(order, 0x0a0d0d0a, struct.pack(order + 'IHHq', magic, *version, -1) + more)


def interface(order='<', link=LINK_ETHERNET, snapshot=65535, more=b''):
    return block(order, 1, struct.pack(order + 'HHI', link, 0, snapshot) + more)


def resolution(order, value, offset=None):
    values = [(9, bytes([value]))]
    if offset is not None:
        values.append((14, struct.pack(order + 'q', offset)))
    return options(order, *values)


def packet(data, order='<', number=0, ticks=0, captured=None, more=b'', kind=6, **how):
    captured = len(data) if captured is None else captured
    head = struct.pack(order + ('I' if kind == 6 else 'HH'), *((number,) if kind == 6 else (number, 3)))
    body = head + struct.pack(order + 'IIII', ticks >> 32, ticks & 0xffffffff, captured, len(data) + 9) + data
    return block(order, kind, body + bytes(-len(data) % 4) + more, **how)


def micros(t):
    return START * 1000000 + t


def pcapng(frames, order='<', kind=6, more=b''):
    return section(order) + interface(order) + b''.join(
        packet(data, order, ticks=micros(t), kind=kind, more=more) for t, data in frames)


def simple(frames, order='<', snapshot=0):
    return section(order) + interface(order, snapshot=snapshot) + b''.join(
        block(order, 3, struct.pack(order + 'I', len(data)) + data) for t, data in frames)


def erf(frames, kind=2, extensions=b'', pad=0):
    out = []
    for t, data in frames:
        seconds, rest = START + t // 1000000, t % 1000000
        body = extensions + (b'\0\0' + data if kind in (2, 11, 16, 20) else data[14:])
        body += bytes(pad)
        out.append(struct.pack('<II', (rest << 32) // 1000000, seconds) +
                   struct.pack('>BBHHH', kind | (0x80 if extensions else 0), 4, 16 + len(body), 0, len(data)) + body)
    return b''.join(out)


def snoop(frames, version=2, link=4, pad=None):
    out = [b'snoop\0\0\0' + struct.pack('>II', version, link)]
    for t, data in frames:
        padding = -len(data) % 4 if pad is None else pad
        out.append(struct.pack('>IIIIII', len(data) + 9, len(data), 24 + len(data) + padding, 0, START + t // 1000000,
                               t % 1000000) + data + bytes(padding))
    return b''.join(out)


def netmon(frames, version=(2, 0), mac_type=1, types=None, table_first=False, entries=None):
    """Network Monitor. types: those of the frames (from 2.1 on); entries: changes the table, a list of offsets."""
    start = struct.pack('<8H', 2017, 7, 5, 14, 2, 40, 0, 0)    # START in UTC
    out, offsets, at = [], [], 64 + 4 * len(frames) * table_first
    for i, (t, data) in enumerate(frames):
        head = struct.pack('<IHH', t // 1000, len(data) + 9, len(data)) if version[0] == 1 else struct.pack(
            '<QII', t, len(data) + 9, len(data))
        filetime = (START + 11644473600) * 10**7 + t * 10
        tail = struct.pack('<HIQB', types[i] if types else mac_type, 0xffffffff, filetime, 0xff)
        size = 0 if version < (2, 1) else {1: 2, 2: 6}.get(version[1], 15)
        out.append(head + data + tail[:size])
        offsets.append(at)
        at += len(out[-1])
    entries = entries(offsets) if entries else offsets
    table = struct.pack('<%dI' % len(entries), *entries)
    header = (b'RTSS' if version[0] == 1 else b'GMBU') + struct.pack('<BBH', version[1], version[0], mac_type) + start + struct.pack(
        '<II', 64 if table_first else at, len(table)) + bytes(32)
    return header + (table + b''.join(out) if table_first else b''.join(out) + table)


NETMON_VERSIONS = ((1, 0), (1, 1), (2, 0), (2, 1), (2, 2), (2, 3))


# running

class Program:
    def __init__(self, path, directory):
        self.path, self.directory = path, directory
        self.environment = dict(os.environ, TZ='UTC0')

    def run(self, data, *arguments, threads=2):
        """(exit status, rows without their time, standard error); rows of the packets report."""
        path = os.path.join(self.directory, 'input')
        out = os.path.join(self.directory, 'out')
        with open(path, 'wb') as f:
            f.write(data)
        for name in ('packets.csv', 'reuse.csv'):
            if os.path.exists(os.path.join(out, name)):
                os.remove(os.path.join(out, name))
        p = subprocess.run([self.path, '-q', '--threads', str(threads), '--reports', 'packets,reuse', '-o', out, *arguments, path],
                           capture_output=True, timeout=120, env=self.environment)
        rows = []
        try:
            with open(os.path.join(out, 'packets.csv')) as f:
                names = f.readline().rstrip('\n').split(',')
                drop = {i for i, n in enumerate(names) if 'time' in n or n == 'delta'}
                rows = [tuple(v for i, v in enumerate(line.rstrip('\n').split(',')) if i not in drop) for line in f]
        except FileNotFoundError:
            pass
        return p.returncode, rows, p.stderr.decode(errors='replace')

    def decodes(self, link, frames):
        return bool(self.run(pcap(frames, link=link))[1])

    def times(self):
        """The time column of the last run's rows."""
        with open(os.path.join(self.directory, 'out', 'packets.csv')) as f:
            names = f.readline().rstrip('\n').split(',')
            column = names.index('time')
            return [line.rstrip('\n').split(',')[column] for line in f]


def lengths(program, data):
    """The sum of the original lengths of all frames with TCP."""
    out = os.path.join(program.directory, 'lengths')
    path = os.path.join(program.directory, 'input')
    with open(path, 'wb') as f:
        f.write(data)
    subprocess.run([program.path, '-q', '-o', out, '--reports', 'conversations', path], stdout=subprocess.DEVNULL,
                   env=program.environment, check=True)
    with open(os.path.join(out, 'conversations.csv')) as f:
        return sum(int(row['bytes']) for row in csv.DictReader(f))


def same(program, data, want, status=0, threads=2, says=()):
    got, rows, error = program.run(data, threads=threads)
    out = []
    if got != status:
        out.append('exit %d: %s' % (got, error.strip()[-300:]))
    out += ['standard error does not say %r: %s' % (word, error.strip()[-300:]) for word in says if word not in error]
    if rows != want:
        first = next((i for i, (a, b) in enumerate(zip(rows, want)) if a != b), min(len(rows), len(want)))
        out.append('%d rows, expected %d; row %d is %r, expected %r' % (
            len(rows), len(want), first, rows[first:first + 1], want[first:first + 1]))
    return out


def shifted(rows, frames):
    """The rows as they are when frames without TCP come first."""
    return [(str(int(r[0]) + frames),) + r[1:] for r in rows]


def check_flavours(tap, program, frames, want):
    for version in (2, 3, 4, 5):
        tap.ok('snoop, version %d' % version, same(program, snoop(frames, version), want))
    tap.ok('snoop, records without padding', same(program, snoop(frames, pad=0), want))
    for order, name in (('<', 'little endian'), ('>', 'big endian')):
        nano = pcap(frames, order, 0xa1b23c4d, unit=1)
        tap.ok('pcap, nanoseconds, ' + name, same(program, nano, want))
        tap.ok('pcap, microseconds, ' + name, same(program, pcap(frames, order), want))
        tap.ok('pcap, version 2.2, lengths swapped, ' + name, same(program, pcap(frames, order, version=(2, 2), swap=True), want))
        for swap in (False, True):
            tap.ok('pcap, version 2.3, swapped %s, %s' % (swap, name), same(program, pcap(frames, order, version=(2, 3), swap=swap), want))
        tap.ok('pcap, version 543.0, ' + name, same(program, pcap(frames, order, version=(543, 0), swap=True), want))
        tap.ok('pcap of AIX, ' + name, same(program, pcap(frames, order, version=(2, 2), swap=True, unit=1, link=6), want))
        linux = struct.pack(order + 'IHBB', 2, 0x800, 1, 0)
        tap.ok('pcap, modified, ' + name, same(program, pcap(frames, order, 0xa1b2cd34, extra=linux), want))
        tap.ok('pcap, modified, more processors, ' + name, same(program, pcap(frames, order, 0xa1b2cd34, extra=linux + bytes(4)), want))
        tap.ok('pcap, modified, more processors, one frame, ' + name,
               same(program, pcap(frames[:1], order, 0xa1b2cd34, extra=linux + bytes(4)), want[:1]))
        tap.ok('pcap, modified without a mark, ' + name, same(program, pcap(frames, order, extra=linux), want))
        tap.ok('pcap of Nokia, ' + name, same(program, pcap(frames, order, extra=bytes(4)), want))
        size = struct.pack(order + 'I', 1000)
        tap.ok('pcap, Ixia hardware, ' + name, same(program, pcap(frames, order, 0x1c0001ac, unit=1, header=size), want))
        tap.ok('pcap, Ixia software, ' + name, same(program, pcap(frames, order, 0x1c0001ab, header=size), want))
        tap.ok('pcapng, ' + name, same(program, pcapng(frames, order), want))
        tap.ok('pcapng, obsolete packets, ' + name, same(program, pcapng(frames, order, kind=2), want))
        tap.ok('pcapng, simple packets, ' + name, same(program, simple(frames, order), [(r[0],) + r[1:] for r in want]))
        flags = options(order, (2, bytes(4)), (1, b'a comment'))
        tap.ok('pcapng, packet options, ' + name, same(program, pcapng(frames, order, more=flags), want))
    if not program.decodes(LINK_ERF, [(0, erf(frames[:1]))]):
        want = []       # rows only for those who decode it
        tap.skip('ERF, rows', 'this build does not decode their link type')
    tap.ok('ERF', same(program, erf(frames), want))
    tap.ok('ERF, IPv4', same(program, erf(frames, 22), want))
    tap.ok('ERF, extension headers', same(program, erf(frames, 2, b'\x83' + bytes(7) + b'\x03' + bytes(7)), want))
    tap.ok('ERF, padded records', same(program, erf(frames, 2, pad=6), want))
    padding = struct.pack('<II', 0, 0) + struct.pack('>BBHHH', 48, 0, 32, 0, 0) + bytes(16)
    tap.ok('ERF, records of padding', same(program, b''.join(padding + erf([f]) for f in frames), want))


def check_pcapng(tap, program, frames, want):
    third = len(frames) // 3
    orders = ('<', '>', '<')
    parts = [frames[:third], frames[third:2 * third], frames[2 * third:]]
    tap.ok('pcapng, sections of both byte orders', same(program, b''.join(pcapng(p, o) for p, o in zip(parts, orders)), want))

    # interfaces of different resolutions and link types, declared as late as possible
    out, kinds = [section()], [(6, 10**6), (9, 10**9), (0x80 | 20, 2**20), (3, 10**3), (10, 10**10), (0x80 | 33, 2**33)]
    for i, (value, units) in enumerate(kinds):
        raw = i % 2
        out.append(interface('<', LINK_RAW if raw else LINK_ETHERNET, more=resolution('<', value)))
        for t, data in frames[i * len(frames) // len(kinds):(i + 1) * len(frames) // len(kinds)]:
            out.append(packet(data[14:] if raw else data, number=i, ticks=micros(t) * units // 10**6))
    mixed = b''.join(out)
    if program.decodes(LINK_RAW, [(t, data[14:]) for t, data in frames]):
        tap.ok('pcapng, six interfaces', same(program, mixed, want))
    else:
        tap.skip('pcapng, six interfaces', 'this build does not decode their link types')

    base = section() + interface()
    one = [packet(data, ticks=micros(t)) for t, data in frames]
    noise = [block('<', 5, bytes(12)), block('<', 4, bytes(4)), block('<', 10, struct.pack('<II', 1, 4) + b'keys'), block('<', 77, b'unknown'), block('<', 0x80000001, b'local'),
             block('<', 77, b'unknown', trailer=19), block('<', 0, b'')]
    tap.ok('pcapng, other blocks', same(program, base + b''.join(noise[i % len(noise)] + p for i, p in enumerate(one)), want))
    tap.ok('pcapng, many interfaces of which one is used',
          same(program, section() + interface() * 3000 + b''.join(interface() + p for p in one[:50]) + b''.join(one[50:]), want))
    tap.ok('pcapng, a section and an interface for each packet',
          same(program, b''.join(section('<>'[i % 2]) + interface('<>'[i % 2]) + packet(d, '<>'[i % 2], ticks=micros(t))
                                 for i, (t, d) in enumerate(frames)), want))
    numbered = [block('<', 0xbad, bytes(8)), block('<', 0x40000bad, bytes(4)), block('<', 9, b'MESSAGE=as long as needed\n')]
    tap.ok('pcapng, numbered blocks of three kinds between all packets',
          same(program, base + b''.join(numbered[i % 3] + p for i, p in enumerate(one)),
               [(str(2 * int(r[0])),) + r[1:] for r in want]))
    journal = block('<', 9, b'__REALTIME_TIMESTAMP=1500000000000000\nMESSAGE=no frame\n\n')
    tap.ok('pcapng, a journal entry has a frame number', same(program, base + journal + b''.join(one), shifted(want, 1)))
    tap.ok('pcapng, snapshot length lies', same(program, section() + interface(snapshot=20) + b''.join(one), want))

    half = len(one) // 2
    rows = [r for r in want if int(r[0]) <= half]
    good = base + b''.join(one[:half])
    here = 'offset %d' % len(good)
    data = frames[half][1]
    n = len(packet(data))
    for name, bad, words in (
            ('length that differs at the end', packet(data, trailer=5), ('%d' % n, '5')),
            ('length of 8', block('<', 77, b'', length=8), ('at least 12', '8')),
            ('length without padding', block('<', 77, b'unknown', length=19, trailer=19), ('multiple of 4', '19')),
            ('BBLog of type 3', block('<', 0xbad, struct.pack('<II', 10949, 3)), ('10949', 'type 3')),
            ('event of 21 bytes', block('<', 0x204, struct.pack('<HQQIH', 1, 1, 1, 21, 1)), ('at least 22', '21')),
            ('length too large', packet(data, length=0xfffffff0), ('at most', '4294967280')),
            ('length beyond the file', block('<', 77, bytes(8), length=4000000), ('4000000', 'end of the file')),
            ('interface that does not exist', packet(data, number=1), ('1 interfaces', 'number 1')),
            ('captured length beyond the block', packet(data, captured=len(data) + 60), ('%d' % (len(data) + 60),)),
            ('captured length too large', packet(bytes(262148)), ('262144', '262148')),
            ('option that does not end', packet(data, more=struct.pack('<HHI', 1, 100, 0)), ('100',)),
            ('flags of two bytes', packet(data, more=options('<', (2, b'ab'))), ('option 2',)),
            ('queue of nine bytes', packet(data, more=options('<', (6, bytes(9)))), ('option 6',)),
            ('verdict of XDP of one byte', packet(data, more=options('<', (7, b'\x02'))), ('option 7',)),
            ('section of version 2.0', section(version=(2, 0)), ('1.0', '2.0')),
            ('section of no byte order', section(magic=0x11223344), ('1a2b3c4d', '44332211')),
            ('resolution of 10^-20', interface(more=resolution('<', 20)), ('10^-20',)),
            ('resolution of 10^-127', interface(more=resolution('<', 127)), ('10^-127',)),
            ('resolution of 2^-64', interface(more=resolution('<', 0x80 | 64)), ('2^-64',)),
            ('resolution of 2^-127', interface(more=resolution('<', 0xff)), ('2^-127',)),
            ('simple packet too large', block('<', 3, struct.pack('<I', 1000) + data), ('1000',)),
            ('names that do not end', block('<', 4, struct.pack('<HH', 1, 100) + bytes(4)), ('100',)),
            ('secrets that do not end', block('<', 10, struct.pack('<II', 1, 100) + bytes(4)), ('100',)),
            ('statistics of 12 bytes', block('<', 5, b''), ('24', '12'))):
        tap.ok('pcapng, ' + name, same(program, good + bad + b''.join(one[half:]), rows, 2, says=(here, 'expected', 'found') + words))
    tap.ok('pcapng, a section without its interface', same(program, good + section() + one[half], rows, 2,
                                                          says=('offset %d' % (len(good) + 28), '0 interfaces')))


def check_netmon(tap, program, frames, want):
    for version in NETMON_VERSIONS:
        for first in (False, True):
            for threads in (1, 2, 3, 8):
                tap.ok('Network Monitor %d.%d, table %s, %d threads' % (*version, 'first' if first else 'last', threads),
                      same(program, netmon(frames, version, table_first=first), want, threads=threads))
    data = netmon(frames, (2, 3))
    tap.ok('Network Monitor, gzip', same(program, gzip.compress(data), want))
    tap.ok('Network Monitor, gzip, table first', same(program, gzip.compress(netmon(frames, table_first=True)), want))
    tap.ok('Network Monitor, records in another order than their table',
          same(program, netmon(frames[::-1], entries=lambda offsets: offsets[::-1]), want))
    few, rows = frames[:9], want[:9]
    five = rows[:5]
    tap.ok('Network Monitor, a frame of raw IP', same(
        program, netmon(few[:5] + [(few[5][0], few[5][1][14:])] + few[6:], (2, 1), types=[1] * 5 + [0xe065] + [1] * 3), rows))
    for number in (0xfffc, 0xfffd, 0xfffe):
        tap.ok('Network Monitor, MAC type %x has no frame number' % number, same(
            program, netmon(few[:5] + few[4:5] + few[5:], (2, 1), types=[1] * 5 + [number] + [1] * 4), rows))
    for number in (0xffe0, 0xfffb, 0xffff):
        tap.ok('Network Monitor, MAC type %x has a frame number' % number, same(
            program, netmon(few[:1] + few, (2, 1), types=[number] + [1] * 9), shifted(rows, 1)))
    atm = [(t, bytes(15) + b'\x20' + bytes.fromhex('aaaa030000000800') + data[14:]) for t, data in few]
    tap.ok('Network Monitor, ATM', same(program, netmon(atm, mac_type=4), rows))
    atm = [(t, bytes(15) + b'\x20\0\1' + data) for t, data in few]
    tap.ok('Network Monitor, ATM LAN emulation', same(program, netmon(atm, mac_type=4), rows))
    wlan = bytes.fromhex('022000') + bytes(29) + bytes.fromhex('08010000' '020000000001' '020000000002' '020000000003' '0000')
    wlan = [(t, wlan + bytes.fromhex('aaaa030000000800') + data[14:]) for t, data in few]
    tap.ok('Network Monitor, 802.11', same(program, netmon(wlan, mac_type=6), rows))

    def patched(at, value, data=netmon(few, (2, 2))):
        return data[:at] + struct.pack('<I', value) + data[at + 4:]
    size = len(netmon(few, (2, 2)))
    table, = struct.unpack_from('<I', netmon(few, (2, 2)), 24)
    fifth, = struct.unpack_from('<I', netmon(few, (2, 2)), table + 20)
    for name, data, left, words in (
            ('major version 3', patched(4, 0x10302), [], ('offset 5', 'found 3')),
            ('MAC type 5', patched(4, 0x50202), [], ('offset 6', 'found 5')),
            ('no table', patched(28, 0), [], ('offset 28', 'found 0')),
            ('length of the table', patched(28, 35), [], ('offset 28', 'multiple of 4', 'found 35')),
            ('large table', patched(28, 0xfffffffc), [], ('offset 28', '2147483648', '4294967292')),
            ('table beyond the file', patched(24, table + 1), [], ('offset 24', '%d bytes' % size, '36 bytes at %d' % (table + 1))),
            ('process table beyond the file', patched(48, size + 1, patched(52, 1)), [], ('offset 48', '%d' % (size + 1))),
            ('offset at the end', patched(table + 20, size), five, ('offset %d' % (table + 20), '%d bytes' % size)),
            ('offset near the end', patched(table + 20, size - 3), five, ('offset %d' % (size - 3), '16 bytes', 'after 3')),
            ('captured length', patched(fifth + 12, 262145), five, ('offset %d' % fifth, '262144', '262145')),
            ('data beyond the file', patched(fifth + 12, 200000), five, ('offset %d' % fifth, '200022', '%d' % (size - fifth))),
            ('MAC type of a frame', netmon(few, (2, 2), types=[1] * 5 + [5] + [1] * 3), five, ('offset %d' % fifth, 'found 5')),
            ('short ATM frame', netmon([(0, bytes(15))], mac_type=4), [], ('offset 64', '16 bytes', 'found 15'))):
        tap.ok('Network Monitor, broken: ' + name, same(program, data, left, 2, says=('expected', 'found') + words))
    random_bytes = bytes(random.Random(5).randrange(256) for _ in range(9 << 20))
    data = netmon([(0, few[0][1])])
    data = data[:24] + struct.pack('<I', len(data) - 4 + 8 * len(random_bytes)) + data[28:-4] + random_bytes * 8 + data[-4:]
    tap.ok('Network Monitor, 72 MB with its table at the end', same(program, data, rows[:1]))
    tap.ok('Network Monitor, 72 MB, gzip', same(program, gzip.compress(data, 0), [], 2, says=('64 MiB', 'pipe')))
    for version, decimals in ((1, 0), '500'), ((2, 0), '500000'), ((2, 3), '0000000'):
        data = netmon([(0, few[0][1])], version)
        data = data[:22] + struct.pack('<H', 500) + data[24:]
        status, rows, error = program.run(data)
        tap.ok('Network Monitor %d.%d, time' % version, [] if status == 0 and program.times() == ['%d.%s' % (START, decimals)] else
              [repr(program.times() if status == 0 else error)])
    for zone, hours in ('EST5', 5), ('XYZ-2', -2):
        program.environment['TZ'] = zone
        local, utc = netmon([(0, few[0][1])]), netmon([(0, few[0][1])], (2, 3))
        got = [program.times()[0].split('.')[0] for data in (local, utc) if program.run(data)[0] == 0]
        tap.ok('Network Monitor, time zone ' + zone, [] if got == ['%d' % (START + hours * 3600), '%d' % START] else [repr(got)])
    program.environment['TZ'] = 'UTC0'


def check_times(tap, program, frames):
    t, data = frames[0]
    for name, value, offset, ticks, want in (
            ('10^0', 0, None, 1500000000, '1500000000'), ('10^-3', 3, None, 1500000000123, '1500000000.123'),
            ('10^-6', 6, None, 1500000000123456, '1500000000.123456'),
            ('10^-9', 9, None, 1500000000123456789, '1500000000.123456789'),
            ('10^-12', 12, None, 1234567890123999, '1234.567890123'), ('10^-19', 19, None, (1 << 64) - 1, '1.844674407'),
            ('2^-1', 0x81, None, 3000000001, '1500000000.5'), ('2^-10', 0x8a, None, 1536000000001, '1500000000.000976562'),
            ('2^-63', 0x80 | 63, None, (1 << 64) - 1, '1.999999999'), ('an offset', 6, 1000, 1500000000000001, '1500001000.000001'),
            ('an offset back', 6, -1500000000, 1500000000000001, '0.000001'),
            ('beyond the end of time', 0, None, (1 << 64) - 1, '9223372036'), ('an offset beyond it', 6, (1 << 63) - 1, 1, '9223372036.854775')):
        status, rows, error = program.run(section() + interface(more=resolution('<', value, offset)) + packet(data, ticks=ticks))
        got = program.times() if status == 0 else [error.strip()[-200:]]
        ok = len(got) == 1 and got[0].rstrip('0').rstrip('.') == want.rstrip('0').rstrip('.') if '.' in want else got == [want]
        tap.ok('pcapng, resolution: ' + name, [] if ok else ['time %r, expected %s' % (got, want)])


def check_spans(tap, program):
    """Two interfaces whose times are further apart than 64 bits of nanoseconds: gap and duration are exact, also back in time."""
    a, b = bytes((10, 0, 0, 1)), bytes((10, 0, 0, 2))
    frames = [packet(ethernet(a, b, segment(1000, 80, 16 if number else 2, seq)), number=number, ticks=ticks)
              for number, ticks, seq in ((0, 0, 1), (1, 0, 1), (0, 5, 77), (1, 5, 78))]
    data = section() + b''.join(interface(more=resolution('<', 9, offset)) for offset in (-9000000000, 9000000000)) + b''.join(frames)
    path = os.path.join(program.directory, 'spans')
    with open(path, 'wb') as file:
        file.write(data)
    result = programs.run(program.path, [path], ('reuse', 'conversations'))
    got = [row['gap'] for row in result.rows('reuse')] + [row['duration'] for row in result.rows('conversations')]
    want = ['-17999999999.999999995'] + 2 * ['18000000000.000000000']
    tap.ok('times that are further apart than 64 bits hold', [] if got == want else ['%s, expected %s' % (got, want)])


def check_cuts(tap, program, frames, want):
    """Cut at any byte, a file gives the rows of the frames before, and status 2 unless the cut is between two records."""
    few = frames[:4]
    for name, data, head in (('pcap', pcap(few), 0), ('pcapng', pcapng(few) + section('>') + interface('>'), 0),
                             ('snoop', snoop(few), 0), ('ERF', erf(frames[:6]), len(erf(frames[:3]))),
                             ('Network Monitor 2.0', netmon(few[:1]), 4),
                             ('Network Monitor 1.0, table first', netmon(few[:2], (1, 0), table_first=True), 4),
                             ('Network Monitor 2.3, table first', netmon(few[:2], (2, 3), table_first=True), 4),
                             ('modified pcap', pcap(few, magic=0xa1b2cd34, extra=bytes(8)), 0)):
        out = []
        for n in range(head, len(data)):
            status, rows, error = program.run(data[:n])
            if rows != want[:len(rows)] or status not in (0, 2) or (status == 2 and 'expected' not in error):
                out.append('cut at %d: exit %d, %d rows: %s' % (n, status, len(rows), error.strip()[-200:]))
        tap.ok(name + ', cut at every byte', out[:5])


def nanoseconds(text):
    seconds, _, rest = text.partition('.')
    return int(seconds) * 10**9 + int((rest + '0' * 9)[:9])


def check_rare(tap, program, frames, want):
    """Formats of other analyzers: rows, times, any number of threads, streams, cuts and broken fields."""
    few = [(t, data) for t, data in frames[:4]]
    for name, (make, time_of) in rare.FLAVOURS.items():
        data = make(frames)
        complaints = same(program, data, want)
        times = program.times() if not complaints else []
        wrong = [(got, time_of(t)) for got, (t, _) in zip(times, frames) if nanoseconds(got) != time_of(t)]
        tap.ok(name, complaints + ['time %s, expected %d ns' % pair for pair in wrong[:1]])
        for threads in (1, 3, 8):
            tap.ok('%s, %d threads' % (name, threads), same(program, data, want, threads=threads))
        tap.ok(name + ', gzip', same(program, gzip.compress(data), want))
        if ', ' in name:
            continue
        out, data = [], make(few)
        for n in list(range(40, len(data), 7)) + list(range(len(data) - 6, len(data))):
            status, rows, error = program.run(data[:n])
            if rows != want[:len(rows)] or status not in (0, 2) or (status == 2 and 'expected' not in error) or len(rows) > len(few):
                out.append('cut at %d: exit %d, %d rows: %s' % (n, status, len(rows), error.strip()[-200:]))
        tap.ok(name + ', cut', out[:5])
    for name, data, count, words in rare.broken(frames[:12]):
        tap.ok('broken: ' + name, same(program, data, want[:count], 2, says=('expected', 'found') + words))
    for name, make, at, value, accepted in rare.COMMVIEW_TIMES:
        data = bytearray(make(few))
        data[at:at + len(value)] = value
        status, rows, error = program.run(bytes(data))
        tap.ok('%s, %s at byte %d: %s' % (name, value.hex(), at, 'read' if accepted else 'refused'),
               [] if (status, bool(rows)) == ((0, True) if accepted else (2, False)) else ['exit %d: %s' % (status, error.strip()[-200:])])
    error = program.run(rare.netxray(few, version=b'\x80\xff\xfe2.001'))[2]
    tap.ok('bytes of a version in an error are printable', [] if r'"\x80\xff\xfe2.001"' in error else [error.strip()[-200:]])
    wide = conversations(4, 600, lambda rng: bytes(rng.randrange(0, 1200)))
    status, rows, error = program.run(pcap(wide), threads=1)
    for name in ('NetXRay 1.1', 'Sniffer', 'nettl', 'OmniPeek', 'Observer', 'iptrace 2.0'):
        for threads in (1, 2, 3, 8):
            tap.ok('%s, large, %d threads' % (name, threads), same(program, rare.FLAVOURS[name][0](wide), rows, threads=threads))
    for zone, seconds in ('EST5', 5 * 3600), ('XYZ-2', -2 * 3600):
        program.environment['TZ'] = zone
        for name in ('CommView NCF', 'LANalyzer', 'Observer, local time', 'Sniffer'):
            make, time_of = rare.FLAVOURS[name]
            program.run(make(few))
            got = nanoseconds(program.times()[0])
            tap.ok('%s, time zone %s' % (name, zone), [] if got == time_of(few[0][0]) + seconds * 10**9 else ['%d' % got])
    program.environment['TZ'] = 'UTC0'


def check_rare_with_wireshark(tap, program, frames, want):
    """editcap writes the formats that it can, and tshark reads all of them."""
    if not shutil.which('editcap') or not shutil.which('tshark'):
        tap.skip('formats of other analyzers, as Wireshark writes and reads them', 'no editcap or no tshark')
        return
    path = lambda name: os.path.join(program.directory, name)
    pcap_file.write(path('plain.pcap'), [(micros(t) * 1000, len(data), data) for t, data in frames])
    files = {}
    for name in rare.EDITCAP:
        p = subprocess.run(['editcap', '-F', name, path('plain.pcap'), path('written')], capture_output=True, env=program.environment)
        if p.returncode:
            tap.skip('editcap -F ' + name, p.stderr.decode().strip()[-100:])
            continue
        with open(path('written'), 'rb') as f:
            files['editcap -F ' + name] = f.read()
    files.update((name, make(frames)) for name, (make, _) in rare.FLAVOURS.items())
    for name, data in files.items():
        complaints = same(program, data, want)
        with open(path('judged'), 'wb') as f:
            f.write(data)
        p = subprocess.run(['tshark', '-n', '-r', path('judged'), '-Y', 'tcp', '-T', 'fields', '-e', 'frame.number', '-e', 'frame.time_epoch',
                            '-e', 'frame.len'],
                           capture_output=True, text=True, env=program.environment)
        judged = [line.split('\t') for line in p.stdout.splitlines()]
        if not complaints and lengths(program, data) != sum(int(row[2]) for row in judged):
            complaints.append('%d bytes, tshark: %d' % (lengths(program, data), sum(int(row[2]) for row in judged)))
        got = list(zip([r[0] for r in want], program.times())) if not complaints else []
        if len(judged) != len(want):
            complaints.append('tshark has %d frames of TCP, expected %d' % (len(judged), len(want)))
        for (number, time, _), (frame, mine) in zip(judged, got):
            # some of its times are floating-point numbers, cut after the nanosecond
            if number != frame or abs(nanoseconds(time) - nanoseconds(mine)) > 1:
                complaints.append('frame %s at %s, tshark: %s at %s' % (frame, mine, number, time))
                break
        tap.ok(name + ', as tshark reads it', complaints)


def check_large(tap, program):
    """Many regions, which are read in parallel from guessed places: the rows are those of one thread on a pcap file."""
    inner = pcapng(conversations(1, 12))
    frames = conversations(2, 5000, lambda rng: inner[:rng.randrange(300, 1400)])
    status, want, error = program.run(pcap(frames), threads=1)
    order = lambda i: '<>'[i // 997 % 2]
    late = [section('<') + interface('<')]
    for i, (t, data) in enumerate(frames):
        if i and i % 997 == 0:
            late.append(section(order(i)) + interface(order(i)))
        late.append(packet(data, order(i), ticks=micros(t)))
    more, number = [section() + interface()], 0
    for i, (t, data) in enumerate(frames):
        if i % 499 == 498:
            number += 1
            more.append(interface('<', more=resolution('<', 9)))
        more.append(packet(data, number=number, ticks=micros(t) * (1000 if number else 1)))
    again = pcapng(frames[:9000]) + pcapng(frames[9000:14000]) + pcapng(frames[14000:])
    odd = section() + interface() + block('<', 77, b'abc', trailer=15) + b''.join(
        packet(data, ticks=micros(t)) for t, data in frames)
    files = {'pcapng': pcapng(frames), 'sections of both byte orders': b''.join(late), 'late interfaces': b''.join(more),
             'files put together': again, 'a second length without its padding': odd, 'ERF': erf(frames), 'snoop': snoop(frames),
             'Network Monitor': netmon(frames, (2, 2)), 'Network Monitor, table first': netmon(frames, (1, 0), table_first=True),
             'modified pcap': pcap(frames, magic=0xa1b2cd34, extra=bytes(8))}
    if not program.decodes(LINK_ERF, [(0, erf(frames[:1]))]):
        del files['ERF']
    for name, data in files.items():
        for threads in (1, 2, 3, 8):
            tap.ok('%d KB, %s, %d threads' % (len(data) >> 10, name, threads), same(program, data, want, threads=threads))
    data = files['sections of both byte orders']
    broken = data[:len(data) * 2 // 3]
    status, some, error = program.run(broken, threads=1)
    tap.ok('large file, cut', [] if status == 2 and some == want[:len(some)] and len(some) > len(want) // 2 else [error])
    for threads in (2, 8):
        tap.ok('large file, cut, %d threads' % threads, same(program, broken, some, 2, threads=threads))


def main():
    tap = programs.Tap()
    with tempfile.TemporaryDirectory(prefix='tcpreuse-formats-') as directory:
        program = Program(os.path.abspath(sys.argv[1]), directory)
        frames = conversations(0, 60)
        status, want, error = program.run(pcap(frames))
        tap.ok('pcap', [] if status == 0 and len(want) == len(frames) else [error])
        if 'analyzers' in sys.argv[2:]:
            check_rare(tap, program, frames, want)
            check_rare_with_wireshark(tap, program, frames, want)
        else:
            check_flavours(tap, program, frames, want)
            check_pcapng(tap, program, frames, want)
            check_netmon(tap, program, frames, want)
            check_times(tap, program, frames)
            check_spans(tap, program)
            check_cuts(tap, program, frames, want)
            check_large(tap, program)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
