# SPDX-License-Identifier: BSD-2-Clause
"""What scripts/attackers.sh runs: what an attacker would send, and what it costs beside ordinary frames.

usage: attackers.py [--scale X] BUILD [CASE...]

Each line of the table: frames, bytes a frame, processor time a frame and a byte, peak memory, and where the frames went. A case
fails if the run does, if it takes more memory than its limit, if a frame costs more than its limit, or if frames are not counted
as what they are.
"""
import lzma
import os
import random
import statistics
import struct
import sys
import tempfile
import zlib

import measured
import capture
import pcap

FRAMES = 400_000
ROUNDS = 3                  # of what is compared; their median counts
LARGE = 9000                # bytes of a frame: a jumbo frame
HERE, THERE = b'\x0a\0\0\1', b'\x0a\0\0\2'
SIX, OTHER_SIX = b'\x20\1' + bytes(13) + b'\1', b'\x20\1' + bytes(13) + b'\2'
MB = 1e6


def tcp(ports=(40000, 80)):
    return capture.tcp(*ports, capture.SYN, 1)


# Tuples: (source, its port, destination, its port) for each frame. The hash of IPv4 multiplies the ends, each address * 2^16 + port,
# after it has mixed the key into both (engine/decode/emit.h).

def any_end(rng):
    return rng.getrandbits(48)


def random_tuples(rng, n):
    return ((any_end(rng), any_end(rng)) for _ in range(n))


def zero_end(rng, n):
    """With a key of zero all products are zero."""
    return ((0, i) for i in rng.sample(range(1, 1 << 40), n))


def equal_products(rng, n):
    """Ends a * 2^i and b / 2^i: equal products with a key of zero, a few thousand at a time."""
    for i in range(n):
        group, shift = divmod(i, 20)
        yield (2 * group + 1) << shift, (1 << 24) >> shift << 20


def steps(rng, n):
    """All ports of one host to one server and port, then the next host."""
    return (((0x0a000000 << 16) + i, (0xc0000201 << 16) + 80) for i in range(n))


def powers(rng, n):
    """Steps of 2^16 and 2^20 in both ends: what a table sees that takes the lowest bits of a sum."""
    return (((i % 1000) << 20, (i // 1000) << 16 | 1) for i in range(n))


def equal_sums(rng, n):
    return (((1 << 47) + i * 65537 % (1 << 47), (1 << 47) - i * 65537 % (1 << 47)) for i in range(n))


TUPLES = {'random': random_tuples, 'zero-end': zero_end, 'equal-products': equal_products, 'steps': steps, 'powers': powers,
          'equal-sums': equal_sums}


def write_tuples(path, tuples):
    head = pcap.record_header(0, 0, 54, 54) + b'\2' * 12 + b'\x08\0' + struct.pack('>BBHHHBBH', 0x45, 0, 40, 0, 0, 64, 6, 0)
    tail = struct.pack('>IIBBHHH', 1, 0, 5 << 4, 2, 1024, 0, 0)
    with open(path, 'wb') as file:
        file.write(pcap.file_header())
        for a, b in tuples:
            a, b = a.to_bytes(6, 'big'), b.to_bytes(6, 'big')
            file.write(b''.join((head, a[:4], b[:4], a[4:], b[4:], tail)))


def collisions(o, at):
    """Chosen tuples, beside random ones: at most 1.5 times the processor time."""
    paths, times, runs = {}, {name: [] for name in TUPLES}, {}
    for name, make in TUPLES.items():
        paths[name] = at(name)
        write_tuples(paths[name], make(random.Random(1), int(FRAMES * o.scale)))
    for _ in range(ROUNDS):
        for name, path in paths.items():
            runs[name] = measured.run(o.tcpreuse, ['-j1', '-'], measured.file(path))
            times[name].append(runs[name].processor)
    usual = statistics.median(times['random'])
    for name, run in runs.items():
        run.processor = statistics.median(times[name])
        ratio = run.processor / usual
        yield 'tuples: ' + name, run, os.path.getsize(paths[name]), ['%.2f times as long as random ones' % ratio] * (ratio > 1.5)


def frames_of(make):
    """A case of frames: make(rng) yields packets with their IP version."""
    def case(o, at):
        path = at('frames.pcap')
        rng = random.Random(1)
        with open(path, 'wb') as file:
            file.write(pcap.file_header())
            for i, (version, packet) in enumerate(make(rng, int(FRAMES * o.scale) // 10)):
                file.write(pcap.record(i * 1000000, capture.ethernet(packet, version)))
        yield None, measured.run(o.tcpreuse, ['-j1', '-'], measured.file(path)), os.path.getsize(path), []
    case.__doc__ = make.__doc__
    return case


def nested(inner, layer, size):
    """As many layers as a frame of some size holds."""
    while len(inner) < size:
        inner = layer(inner)
    return inner


def tunnels_4(rng, n):
    """IPv4 in IPv4, 448 times."""
    packet = nested(capture.ipv4(HERE, THERE, tcp()), lambda p: capture.ipv4(HERE, THERE, p, protocol=4), LARGE)
    return ((4, packet) for _ in range(n))


def tunnels_to_the_limit(rng, n):
    """IPv4 in IPv4, 60 times, and a segment."""
    packet = capture.ipv4(HERE, THERE, tcp())
    for _ in range(60):
        packet = capture.ipv4(HERE, THERE, packet, protocol=4)
    return ((4, packet) for _ in range(n))


def icmp(quoted):
    return capture.ipv4(THERE, HERE, b'\3\1' + bytes(6) + quoted, protocol=1)


def icmp_in_icmp(rng, n):
    """ICMP errors about ICMP errors, 320 times."""
    packet = nested(capture.ipv4(HERE, THERE, tcp()), icmp, LARGE)
    return ((4, packet) for _ in range(n))


def extension_headers(rng, n):
    """1,100 IPv6 extension headers of 8 bytes, and a segment."""
    packet = capture.ipv6(SIX, OTHER_SIX, tcp(), ext=('dst',) * 1100)
    return ((6, packet) for _ in range(n))


def tcp_options(rng, n):
    """40 bytes of TCP options of one byte, on a SYN."""
    segment = capture.tcp(40000, 80, capture.SYN, 1, options=40)
    return ((4, capture.ipv4(HERE, THERE, segment, options=40)) for _ in range(n))


def hop_by_hop(rng, n):
    """An IPv6 header of options, 2,048 bytes of Pad1, four times."""
    body, chain = tcp(), 6
    for number in (60, 60, 60, 0):
        body, chain = bytes([chain, 255]) + bytes(2046) + body, number
    return ((6, capture.ipv6(SIX, OTHER_SIX, body, protocol=chain)) for _ in range(n))


def first_fragments(rng, n):
    """First fragments of 8 bytes, of which no others come."""
    return ((4, capture.ipv4(rng.getrandbits(32).to_bytes(4, 'big'), THERE, tcp()[:8], ident=i & 0xffff, fragment=0x2000))
            for i in range(n))


def large_fragments(rng, n):
    """The same of 1,480 bytes."""
    return ((4, capture.ipv4(rng.getrandbits(32).to_bytes(4, 'big'), THERE, bytes(1480), ident=i & 0xffff, fragment=0x2000))
            for i in range(n))


def overlapping(rng, n):
    """Fragments of one datagram that overlap, in any order, and never its first."""
    return ((4, capture.ipv4(HERE, THERE, bytes(1480), ident=7, fragment=0x2000 | rng.randrange(1, 8000))) for _ in range(n))


def backwards(rng, n):
    """Datagrams of 8,191 fragments of 8 bytes, the last one first."""
    return ((4, capture.ipv4(HERE, THERE, bytes(8), ident=i // 8191, fragment=0x2000 * (i % 8191 > 0) | 8190 - i % 8191))
            for i in range(n))


def completed(rng, n):
    """Datagrams of 65,000 bytes in 44 fragments that arrive whole, each doubled."""
    for i in range(n // 88):
        for k in range(44):
            packet = capture.ipv4(HERE, THERE, bytes(1480), ident=i & 0xffff, fragment=0x2000 * (k < 43) | k * 185)
            yield 4, packet
            yield 4, packet


def floods(o, at):
    """New conversations of random addresses, up to a limit of memory."""
    for name, more, limit in (('a flood of SYNs', [], None), ('the same with --memory-limit 64M', ['--memory-limit', '64M'], 64),
                              ('the same with --memory-limit 500M --expire auto', ['--memory-limit', '500M', '--expire', 'auto'], 500)):
        n = int(FRAMES * 10 * o.scale)
        run = measured.run(o.tcpreuse, ['-j1', *more, '-'], measured.tracegen(o.build, '--frames', n, '--new', 100), ('reuse', 'summary'))
        wrong = []
        if run.status == 2 and 'memory limit of' in run.err and '--expire' not in more:
            run.status = 0      # as it has to be
        if limit and run.peak > limit * 1.15 * (1 << 20) + 24e6:
            wrong.append('%.0f MB' % (run.peak / MB))
        yield name, run, 80 * run.frames(), wrong


ZEROS = 16 << 20            # of a member or block


def gzip_member(data):
    deflate = zlib.compressobj(9, zlib.DEFLATED, 31)
    return deflate.compress(data) + deflate.flush()


def bomb_gzip(o, at):
    """10 GB of zeros behind a pcap header, in 10 MB: 671 million empty frames."""
    path = at('zeros.pcap.gz')
    with open(path, 'wb') as file:
        file.write(gzip_member(pcap.file_header()))
        file.write(gzip_member(bytes(ZEROS)) * int(640 * o.scale))
    yield None, measured.run(o.tcpreuse, ['-j1', path]), os.path.getsize(path), []


def bomb_zstd(o, at):
    """The same by zstd: blocks of 128 KiB that are one byte, repeated; 328 KB."""
    path = at('zeros.pcap.zst')
    blocks = int(81920 * o.scale)
    header = pcap.file_header()
    with open(path, 'wb') as file:
        file.write(b'\x28\xb5\x2f\xfd\0' + bytes([7 << 3]) + struct.pack('<I', len(header) << 3)[:3] + header)
        file.write((struct.pack('<I', 1 << 1 | (128 << 10) << 3)[:3] + b'\0') * blocks + struct.pack('<I', 1)[:3])
    yield None, measured.run(o.tcpreuse, ['-j1', path]), os.path.getsize(path), []


def refused(run, word):
    """A run that is to end with an error that has this word."""
    wrong = [] if run.status == 2 and word in run.err else ['exit %d: %s' % (run.status, run.err.strip())]
    run.status = 0
    return wrong


def large_windows(o, at):
    """Streams that want 2 GB to be read: a zstd window of 2 GiB, and an xz dictionary of 1.5 GiB."""
    header, path = pcap.file_header(), at('window.pcap.zst')
    with open(path, 'wb') as file:
        file.write(b'\x28\xb5\x2f\xfd\0' + bytes([21 << 3]) + struct.pack('<I', 1 | len(header) << 3)[:3] + header)
    run = measured.run(o.tcpreuse, ['-j1', path])
    yield 'a zstd window of 2 GiB', run, os.path.getsize(path), refused(run, 'window')
    data = bytearray(lzma.compress(header, preset=0))
    size = (data[12] + 1) * 4
    where = data.index(b'\x21\x01', 12) + 2
    data[where] = 37            # (2 | 37 & 1) << 37 / 2 + 11: 1.5 GiB
    data[12 + size - 4:12 + size] = struct.pack('<I', zlib.crc32(bytes(data[12:12 + size - 4])))
    path = at('dictionary.pcap.xz')
    with open(path, 'wb') as file:
        file.write(data)
    run = measured.run(o.tcpreuse, ['-j1', path])
    yield 'an xz dictionary of 1.5 GiB', run, os.path.getsize(path), refused(run, 'memory')


# The limits: nanoseconds of processor time a frame, megabytes at most, and what summary.json has to count (of its "frames").
CASES = {
    'collisions': (collisions, 2000, None, 'with_tcp'),
    'floods': (floods, 2000, None, 'with_tcp'),
    'tunnels': (frames_of(tunnels_4), 20000, 60, 'unsupported'),
    'tunnels-60': (frames_of(tunnels_to_the_limit), 20000, 60, 'with_tcp'),
    'icmp': (frames_of(icmp_in_icmp), 20000, 60, None),
    'extension-headers': (frames_of(extension_headers), 20000, 60, None),
    'tcp-options': (frames_of(tcp_options), 5000, 60, 'with_tcp'),
    'hop-by-hop': (frames_of(hop_by_hop), 20000, 60, 'with_tcp'),
    'first-fragments': (frames_of(first_fragments), 20000, 200, 'unsupported'),
    'large-fragments': (frames_of(large_fragments), 20000, 250, 'unsupported'),
    'overlapping': (frames_of(overlapping), 20000, 250, 'unsupported'),
    'backwards': (frames_of(backwards), 20000, 200, None),
    'completed': (frames_of(completed), 20000, 200, None),
    'bomb-gzip': (bomb_gzip, 200, 100, 'malformed'),
    'bomb-zstd': (bomb_zstd, 200, 100, 'malformed'),
    'windows': (large_windows, None, 100, None),
}


def judge(run, limits):
    nanoseconds, megabytes, counted = limits
    out = [] if run.status == 0 else ['exit %d: %s' % (run.status, run.err.strip())]
    if run.summary:
        frames = run.summary['frames']
        # Of a run that is over at once, most is the start of the program.
        if nanoseconds and run.processor > 0.2 and run.a_frame() > nanoseconds:
            out.append('%.0f ns a frame, at most %d' % (run.a_frame(), nanoseconds))
        if not frames['conserved'] or (counted and frames[counted] < frames['read'] * 0.99):
            out.append('frames: %s' % frames)
    if megabytes and run.peak > megabytes * MB:
        out.append('%.0f MB, at most %d' % (run.peak / MB, megabytes))
    return out


def where(summary):
    names = ('with_tcp', 'without_tcp', 'truncated', 'malformed', 'unsupported')
    return ', '.join('%s %d' % (n, summary['frames'][n]) for n in names if summary['frames'][n])


def main():
    o = measured.arguments(__doc__.split('\n')[0], CASES)
    failed = False
    print('case | frames | bytes of input a frame | ns a frame | MB at most | counted as')
    for name in o.cases:
        case, *limits = CASES[name]
        with tempfile.TemporaryDirectory(prefix='tcpreuse-attackers-') as directory:
            for label, run, size, wrong in case(o, lambda file: os.path.join(directory, file)):
                wrong += judge(run, limits)
                n = run.frames() if run.summary else 0
                print('%s | %d | %.1f | %.0f | %.0f | %s' % (label or case.__doc__.strip(), n, size / max(n, 1), run.a_frame() if n else 0,
                                                         run.peak / MB, where(run.summary) if run.summary else ''), flush=True)
                failed |= measured.tell_wrong(name, wrong)
    return failed


if __name__ == '__main__':
    sys.exit(main())
