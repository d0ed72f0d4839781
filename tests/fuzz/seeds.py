#!/usr/bin/env python3
"""Seeds for the fuzz targets: seeds.py FOLDER writes FOLDER/TARGET/* for each of them, the same in every run, and FOLDER/TARGET.dict:
words that libFuzzer puts into what it changes."""

import gzip
import lzma
import pathlib
import random
import re
import struct
import sys

for room in ("formats", "lib"):
    sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / room))
import in_order  # noqa: E402
import pcap as pcap_file  # noqa: E402
import rare  # noqa: E402
import translated  # noqa: E402

SYN, SYNACK, ACK, DATA, FINACK, RST = 0x02, 0x12, 0x10, 0x18, 0x11, 0x04


def tcp(sport, dport, seq, ack, flags, words=5, payload=b""):
    options = b"\x01" * max(0, words * 4 - 20)
    return struct.pack("!HHIIHHHH", sport, dport, seq, ack, words << 12 | flags, 8192, 0, 0) + options + payload


def ipv4(payload, source=0x0A000001, destination=0x0A000002, protocol=6, options=b"", total=None, fragment=0):
    words = 5 + len(options) // 4
    length = words * 4 + len(payload) if total is None else total
    return struct.pack("!BBHHHBBHII", 0x40 | words, 0, length, 1, fragment, 64, protocol, 0, source, destination) + \
        options + payload


def ipv6(payload, source=b"\x20" + 14 * b"\0" + b"\1", destination=b"\x20" + 14 * b"\0" + b"\2", following=6, length=None):
    return struct.pack("!IHBB", 6 << 28, len(payload) if length is None else length, following, 64) + source + \
        destination + payload


def extension(following, size, kind=None):
    units = size // 4 - 2 if kind == "ah" else 0 if kind == "fragment" else size // 8 - 1
    return bytes([following, units]) + bytes(size - 2)


def ethernet(payload, kind, tags=()):
    frame = b"\2\0\0\0\0\1\2\0\0\0\0\2"
    for tag in tags:
        frame += struct.pack("!HH", tag, 5)
    return frame + struct.pack("!H", kind) + payload


def icmp_error(quoted):
    return b"\3\1\0\0\0\0\0\0" + quoted


def frames():
    """Name, link type, bytes: one for each thing that a frame can be made of."""
    segment = tcp(1000, 80, 7, 8, SYN)
    yield "ipv4", 1, ethernet(ipv4(segment), 0x0800)
    yield "ipv4-options", 1, ethernet(ipv4(segment, options=b"\1" * 40), 0x0800)
    yield "ipv4-length-0", 1, ethernet(ipv4(segment, total=0), 0x0800)
    yield "ipv4-first-fragment", 1, ethernet(ipv4(segment, fragment=0x2000), 0x0800)
    yield "ipv4-last-fragment", 1, ethernet(ipv4(segment, fragment=2), 0x0800)
    yield "ipv4-padding", 1, ethernet(ipv4(segment) + bytes(6), 0x0800)
    yield "ipv4-icmp", 1, ethernet(ipv4(icmp_error(ipv4(segment)), protocol=1), 0x0800)
    yield "ipv4-udp", 1, ethernet(ipv4(bytes(8), protocol=17), 0x0800)
    yield "ipv4-in-ipv4", 1, ethernet(ipv4(ipv4(segment), protocol=4), 0x0800)
    yield "ipv6-in-ipv4", 1, ethernet(ipv4(ipv6(segment), protocol=41), 0x0800)
    yield "gre", 1, ethernet(ipv4(b"\0\0\x08\0" + ipv4(segment), protocol=47), 0x0800)
    yield "data-offset", 1, ethernet(ipv4(tcp(1, 2, 3, 4, DATA, words=15, payload=b"data")), 0x0800)
    yield "short-offset", 1, ethernet(ipv4(tcp(1, 2, 3, 4, DATA, words=2)), 0x0800)
    yield "vlan", 1, ethernet(ipv4(segment), 0x0800, tags=(0x8100,))
    yield "qinq", 1, ethernet(ipv6(segment), 0x86DD, tags=(0x88A8, 0x8100, 0x9100))
    yield "deep", 1, ethernet(ipv4(segment), 0x0800, tags=(0x8100,) * 70)
    yield "llc", 1, ethernet(b"\6\6\3" + ipv4(segment), 43)
    yield "snap", 1, ethernet(b"\xaa\xaa\3\0\0\0\x08\0" + ipv4(segment), 48)
    yield "mpls", 1, ethernet(b"\0\1\1\x40" + ipv4(segment), 0x8847)
    yield "pppoe", 1, ethernet(b"\x11\0\0\1\0\x2a\0\x21" + ipv4(segment), 0x8864)
    yield "ipv6", 1, ethernet(ipv6(segment), 0x86DD)
    chain = extension(43, 8) + extension(60, 24) + extension(51, 16) + extension(44, 24, "ah") + \
        extension(135, 8, "fragment") + extension(6, 16)
    yield "ipv6-extensions", 1, ethernet(ipv6(chain + segment, following=0), 0x86DD)
    jumbo = b"\6\0\xc2\4" + struct.pack("!I", 28)
    yield "ipv6-jumbogram", 1, ethernet(ipv6(jumbo + segment, following=0, length=0), 0x86DD)
    yield "ipv6-icmp", 1, ethernet(ipv6(b"\1\1\0\0\0\0\0\0" + ipv6(segment), following=58), 0x86DD)
    for link, records in in_order.link_types().items():
        for number, record in enumerate(records[:400:7]):
            yield "in-order-%d-%d" % (link, number), link, record.data
    for link in (0, 9, 12, 101, 105, 113, 147, 228, 229, 276):
        yield "link-%d" % link, link, ipv4(segment)


def traffic(seed, count):
    """Frames of few tuples, so that all rules have something to decide."""
    r = random.Random(seed)
    for _ in range(count):
        host, port = r.randrange(3), r.randrange(2)
        flags = r.choice((SYN, SYN, SYNACK, SYNACK, ACK, DATA, FINACK, RST))
        ends = [(1000 + port, 0x0A000001), (80, 0x0A000010 + host)]
        if r.random() < 0.5:
            ends.reverse()
        segment = tcp(ends[0][0], ends[1][0], r.choice((100, 100, 101)), r.choice((100, 101)), flags,
                      payload=b"x" * r.choice((0, 0, 3)))
        if r.random() < 0.3:
            addresses = [b"\x20" + bytes(11) + struct.pack("!I", end[1]) for end in ends]
            yield ethernet(ipv6(segment, *addresses), 0x86DD)
        elif r.random() < 0.2:
            pieces = [(0x2000, segment[:8]), (0x2001, segment[8:16]), (2, segment[16:])]
            r.shuffle(pieces)
            for fragment, piece in pieces:
                yield ethernet(ipv4(piece, ends[0][1], ends[1][1], fragment=fragment), 0x0800)
        else:
            yield ethernet(ipv4(segment, ends[0][1], ends[1][1]), 0x0800)


def pcap(packets, order="<", nano=False, link=1):
    data = pcap_file.file_header(order, pcap_file.NANO if nano else pcap_file.MICRO, snaplen=65535, link=link)
    for i, packet in enumerate(packets):
        data += pcap_file.record_header(1700000000 + i // 3, i * 1000, len(packet), len(packet), order) + packet
    return data


def block(kind, body, order="<"):
    body += bytes(-len(body) % 4)
    length = len(body) + 12
    return struct.pack(order + "II", kind, length) + body + struct.pack(order + "I", length)


def pcapng(packets, order="<", sections=1):
    data = b""
    packets = list(packets)
    for section in range(sections):
        data += block(0x0A0D0D0A, struct.pack(order + "IHHq", 0x1A2B3C4D, 1, 0, -1), order)
        data += block(1, struct.pack(order + "HHI", 1, 0, 65535) + struct.pack(order + "HHB3x", 9, 1, 9), order)
        data += block(1, struct.pack(order + "HHI", 1, 0, 65535), order)
        for i, packet in enumerate(packets[section::sections]):
            if i % 5 == 4:
                data += block(3, struct.pack(order + "I", len(packet)) + packet, order)
            else:
                data += block(6, struct.pack(order + "IIIII", i % 2, 1, i * 1000, len(packet), len(packet)) + packet,
                              order)
        data += block(5, struct.pack(order + "III", 0, 1, 1), order)
    return data


def captures():
    yield "empty", b""
    for link, records in in_order.link_types().items():
        yield "in-order-%d" % link, pcap([record.data for record in records], link=link)
    yield "no-records", pcap([])
    yield "micro", pcap(traffic(1, 40))
    yield "nano", pcap(traffic(2, 40), nano=True)
    yield "swapped", pcap(traffic(3, 40), order=">")
    yield "fcs", pcap(traffic(4, 10), link=0x24000001)
    yield "cut", pcap(traffic(5, 30))[:-5]
    yield "large", pcap(traffic(6, 300))
    yield "length", pcap(traffic(7, 20)) + pcap_file.record_header(1, 1, 0x7FFFFFFF, 1)
    yield "all-kinds", pcap(frame for _, link, frame in frames() if link == 1)
    yield "pcapng", pcapng(traffic(8, 40))
    yield "pcapng-swapped", pcapng(traffic(9, 40), order=">")
    yield "pcapng-sections", pcapng(traffic(10, 40), sections=4)
    packets = [(i * 1000, packet) for i, packet in enumerate(traffic(11, 12))]
    for name, (make, _) in [*rare.FLAVOURS.items(), *translated.FLAVOURS.items()]:
        yield re.sub("[^a-z0-9]+", "-", name.lower()), make(packets)


def segments(seed, count):
    """Segments of few tuples, as rules.c has them."""
    rng = random.Random(seed)
    out = b""
    for _ in range(count):
        flags = rng.choice((SYN, SYN, SYNACK, SYNACK, ACK, DATA, FINACK, RST, 1, 0, rng.randrange(256)))
        kind = 0 if rng.randrange(8) else rng.randrange(256)
        out += struct.pack("<BBBBh", rng.randrange(3) | rng.choice((0, 128)), flags, kind, rng.randrange(256), rng.randrange(-9, 30000))
    return out


def fragment(datagram, kind, more, offset, length, content=0):
    """As fragments.c has it; each counts."""
    return struct.pack("<BHHB", datagram | kind << 2 | more << 5 | 64, offset, length, content)


def any_fragments(seed, count):
    r = random.Random(seed)
    return b"".join(fragment(r.randrange(4), r.randrange(8), r.randrange(8) > 0, r.choice((0, 8, 16, 100, r.randrange(4000))),
                             r.choice((8, 16, 100, 1400)), i % 256) for i in range(count))


def datagrams(kind, pieces, shuffle=None):
    """Whole datagrams, one after the other; shuffled, where there is what shuffles."""
    out = b""
    for number in range(4):
        there = [fragment(number, kind, i + 1 < pieces, i if kind in (3, 5) else 200 * i, 200, 28 * i) for i in range(pieces)]
        if shuffle:
            shuffle.shuffle(there)
        out += b"".join(there)
    return out


# Packed batches with a lane in which a bool is 255, as (value, how many bytes have it).
BOOL_OF_255 = (
    (4, 1), (40, 1), (1, 1), (0, 17), (43, 1), (0, 4), (1, 1), (0, 27), (5, 1), (0, 22), (25, 6), (0, 12), (74, 1), (0, 8),
    (255, 55), (67, 1), (0, 1), (1, 1), (0, 2), (108, 1), (255, 1), (2, 1), (255, 1), (99, 1), (0, 5), (40, 1), (0, 77),
    (80, 1), (142, 1), (1, 1), (0, 1), (112, 1), (96, 1), (1, 1), (0, 7), (1, 1), (0, 8), (2, 1), (0, 8), (43, 1), (0, 4),
    (1, 1), (40, 1), (0, 28), (1, 1), (0, 1))

# As in formats.c, by how the names of their flavours begin.
FORMATS = ("pcap-", "pcapng", "snoop", "netmon", "netxray", "sniffer", "visual", "5view", "nettl", "observer", "lanalyzer", "iptrace",
           "peek-tagged", "peek", "erf", "commview", "commview-ncfx")


def words_of_frames():
    """What layers tell each other by: the numbers that the decoders know, of two bytes each, and of one."""
    decode = pathlib.Path(__file__).resolve().parent.parent.parent / "engine" / "decode"
    ether = re.findall(r"= 0x([0-9a-f]{4})\b", (decode / "link" / "ethernet.c").read_text())
    ports = re.findall(r"case (\d+):", (decode / "ip" / "udp.c").read_text())
    for number in sorted({int(n, 16) for n in ether} | {int(n) for n in ports}):
        yield struct.pack("!H", number)
    for protocol in sorted(set(re.findall(r"= (\d+),", (decode / "ip" / "ip.c").read_text())) | {"6", "4", "41", "44"}):
        yield bytes([int(protocol)])
    yield from (b"\xaa\xaa\x03\0\0\0", b"\x45\0", b"\x60\0\0\0", b"\xff\x03\0\x21", b"\x20\x01\0\0", b"\xff\xff\0\x03")


def words_of_captures():
    """How files of each format begin, and types of blocks and options of pcapng."""
    yield from sorted({data[:n] for _, data in captures() for n in (4, 16) if data})
    for kind in (1, 2, 3, 4, 5, 6, 9, 10, 0x0A0D0D0A, 0x1A2B3C4D, 0xBAD, 0x40000BAD):
        yield struct.pack("<I", kind)
        yield struct.pack(">I", kind)
    for option in (0, 1, 2, 9, 11, 14, 2988):
        yield struct.pack("<HH", option, 1)


WORDS_OF_STREAMS = (b"\x1f\x8b\x08", b"\x28\xb5\x2f\xfd", b"\x04\x22\x4d\x18", b"\xfd7zXZ\0", b"YZ\0\0", b"\x5a\x2a\x4d\x18",
                    b"LOGG", b"EyeSDN", b"BZh9", b"\x5d\0\0\x80\0")
WORDS_OF_COMMANDS = (b"--reports\0", b"reuse,packets", b"--rules\0", b"4.0", b"4.2", b"--key\0", b"tuple,vlan,interface,network", b"--clock\0",
                     b"--ignore\0", b"--rotate\0", b"--piece\0", b"1/2", b"--sort-window\0", b"--expire\0", b"auto", b"--format\0",
                     b"ndjson", b"--timers\0", b"-d\0udp.port==", b",vxlan", b"--memory-limit\0", b"idle,", b"fin,", b"tcp[", b"vlan ")
WORDS_OF_TEXTS = (b"\xe2\x80\xa8", b"\xf0\x9f\x98\x80", b"</script>", b"<!--", b"]]>", b"\x1b[", b"\\u2028", b"&amp;", b"\xed\xa0\x80")


def write_dictionary(path, words):
    text = "".join('"%s"\n' % "".join("\\x%02x" % byte for byte in word) for word in words)
    path.write_text(text)


def write_dictionaries(folder):
    words = list(words_of_captures())
    for target in ("capture", "compressed", "formats"):
        write_dictionary(folder / (target + ".dict"), words + list(words_of_frames()) if target != "formats" else words)
    write_dictionary(folder / "streams.dict", list(WORDS_OF_STREAMS) + words)
    write_dictionary(folder / "decode.dict", words_of_frames())
    write_dictionary(folder / "command.dict", WORDS_OF_COMMANDS)
    write_dictionary(folder / "escapes.dict", WORDS_OF_TEXTS)


def main():
    folder = pathlib.Path(sys.argv[1])
    for name in ("decode", "capture", "rules", "formats", "streams", "merge", "escapes", "saved", "command", "fragments", "states", "compressed"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    write_dictionaries(folder)
    for i, (name, link, frame) in enumerate(frames()):
        head = struct.pack("<HBB", link, i % 6, (i % 3) << 4 | 6)
        (folder / "decode" / name).write_bytes(head + frame)
    for i, (name, data) in enumerate(captures()):
        (folder / "capture" / name).write_bytes(bytes([i % 3, (i * 37) % 256]) + data)
        if name in ("micro", "nano", "swapped", "cut", "pcapng", "pcapng-swapped", "pcapng-sections", "erf", "snoop"):
            (folder / "compressed" / name).write_bytes(bytes([i % 11, (i * 37) % 256]) + data)
        if name in ("micro", "swapped", "large", "pcapng", "pcapng-sections", "erf", "snoop"):
            at = len(data) // 2
            broken = data[:at] + b"\xff" * 12 + data[at + 9:]
            (folder / "capture" / (name + "-resync")).write_bytes(bytes([0x80 + i % 3, (i * 37) % 256]) + broken)
    magic = {b"\xd4\xc3": 0, b"\xa1\xb2": 0, b"\n\r\r\n": 1}
    for i, (name, data) in enumerate(captures()):
        number = next((n for start, n in magic.items() if data.startswith(start)), i % 17)
        (folder / "formats" / name).write_bytes(bytes([number]) + data[:16000])
        for number, flavour in enumerate(FORMATS):
            if name.startswith(flavour):
                (folder / "formats" / name).write_bytes(bytes([number]) + data[:16000])
        (folder / "streams" / name).write_bytes(bytes([0, i, 0, 0, 0]) + data[:16000])
    (folder / "streams" / "blf-without-objects").write_bytes(bytes([0, 78, 0, 0, 0]) + translated.blf([]))
    (folder / "streams" / "eyesdn-without-records").write_bytes(bytes([0, 67, 0, 0, 0]) + b"EyeSDN" + bytes(50))
    few = pcap(traffic(12, 12))
    for way in range(1, 12):
        (folder / "streams" / ("way-%d" % way)).write_bytes(bytes([way, 3 * way, 40 + way, 0, 1]) + few)
    for name, data in (("gzip", gzip.compress(few)), ("xz", lzma.compress(few)), ("gzip-two", gzip.compress(few) * 2)):
        (folder / "streams" / name).write_bytes(bytes([0, 3, 0, 0, 0]) + data)
    for i in range(6):
        r = random.Random(i)
        out = bytes([i, r.randrange(256)])
        for _ in range(10 << i):
            flags = r.choice((SYN, SYN, SYNACK, ACK, RST, FINACK)) | r.choice((0, 0x80))
            out += struct.pack("<BBh", r.randrange(256), flags, r.randrange(-50, 2000))
        (folder / "merge" / ("records-%d" % i)).write_bytes(out)
    for i, text in enumerate((b"plain", b'"\\<script>&amp;</script>', "a\u2028b\u20ac\U0001f600".encode(), bytes(range(1, 256)),
                              b"\xed\xa0\x80\xf4\x90\x80\x80\xc0\xaf\xe2\x80", b"\x1b[31m\r\n\x9b")):
        (folder / "escapes" / str(i)).write_bytes(text)
    text = struct.pack("<I", 4) + b"name"
    for what in range(5):
        (folder / "saved" / ("numbers-%d" % what)).write_bytes(bytes([what]) + b"".join(struct.pack("<Q", n) for n in range(40)))
        (folder / "saved" / ("texts-%d" % what)).write_bytes(bytes([what]) + text * 30)
    batch = struct.pack("<QQQIIBBBB4x", 40, 0, 0, 0, 0, 0, 1, 0, 0)
    (folder / "saved" / "batches").write_bytes(bytes([4]) + batch * 3)
    (folder / "saved" / "bool-of-255").write_bytes(b"".join(bytes([value]) * count for value, count in BOOL_OF_255))
    for i, words in enumerate((b"-j\0" b"3\0-o\0out\0a.pcap", b"--reports=reuse,packets\0--rules\0" b"4.2\0x", b"--ignore\0" b"5,9-12\0x",
                               b"--clock\0b.pcap=-0.003\0b.pcap", b"-d\0udp.port==48879,vxlan\0x", b"--port-range\0" b"1-9\0--key\0tuple,vlan\0x",
                               b"--piece\0" b"2/8\0-o\0p\0x", b"--rotate\0" b"60s\0-o\0d\0x", b"--resync\0--sort-window\0" b"0.5\0x")):
        (folder / "command" / ("words-%d" % i)).write_bytes(bytes([0]) + words)
    (folder / "command" / "list").write_bytes(bytes([1]) + b"a\n\nb c\r\n\xff\n")
    (folder / "command" / "timers").write_bytes(bytes([2]) + b"name,kind,seconds\n# x\nfw,idle,3600\nnat,fin,0.5\nx,close,5\n")
    for i, text in enumerate((b"tcp port 80 and host 192.0.2.1", b"tcp[tcpflags] & (tcp-syn|tcp-fin) != 0", b"not (vlan 5 or ip6)")):
        (folder / "command" / ("filter-%d" % i)).write_bytes(bytes([3]) + text)
    for i in range(6):
        (folder / "rules" / ("segments-%d" % i)).write_bytes(bytes([i * 4]) + segments(i, 30 << i))
        head = bytes([i * 45, 40 * i, i, i, i])
        (folder / "states" / ("segments-%d" % i)).write_bytes(head + segments(i, 20 << i))
        (folder / "fragments" / ("any-%d" % i)).write_bytes(any_fragments(i, 10 << i))
    (folder / "fragments" / "empty-and-alone").write_bytes(fragment(0, 3, 0, 0, 0))
    for kind in range(6):
        (folder / "fragments" / ("in-order-%d" % kind)).write_bytes(datagrams(kind, 8))
        (folder / "fragments" / ("shuffled-%d" % kind)).write_bytes(datagrams(kind, 8, random.Random(kind)))


main()
