#!/usr/bin/env python3
"""Write examples/port-reuse.pcap: a small capture in which TCP ports are used again, and some in which they are not.

usage: make_port_reuse.py [FILE]

Every address is of a range set aside for documentation (RFC 5737, RFC 3849, RFC 9542), every checksum is right, and
the same bytes come out at every run. Each story below says what tcpreuse and Wireshark find in it. Needs Python's
standard library and nothing else.
"""
import datetime
import ipaddress
import os
import struct
import sys

SYN, ACK, PSH, FIN, RST = 0x02, 0x10, 0x08, 0x01, 0x04
START = datetime.datetime(2026, 3, 2, 9, 0, 0, tzinfo=datetime.timezone.utc)
CLIENT_MAC = bytes.fromhex("00005e005301")
SERVER_MAC = bytes.fromhex("00005e005302")
NETWORK_DELAY = 0.018       # one way, between the capture point and the server, in seconds
MINUTE, HOUR = 60, 3600

frames = []                 # (microseconds since START, order of creation, bytes)


def checksum(data):
    """The Internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def tcp_segment(src, dst, src_port, dst_port, seq, ack, flags, window, options, payload):
    """A TCP segment with its checksum over the pseudo header (RFC 9293, RFC 8200)."""
    options += b"\1" * (-len(options) % 4)
    offset = (20 + len(options)) // 4
    header = struct.pack("!HHIIBBHHH", src_port, dst_port, seq, ack, offset << 4, flags, window, 0, 0) + options
    length = len(header) + len(payload)
    if src.version == 4:
        pseudo = src.packed + dst.packed + struct.pack("!BBH", 0, 6, length)
    else:
        pseudo = src.packed + dst.packed + struct.pack("!IHBB", length, 0, 0, 6)
    return header[:16] + struct.pack("!H", checksum(pseudo + header + payload)) + header[18:] + payload


def ip_packet(src, dst, ttl, identification, segment):
    if src.version == 6:
        return struct.pack("!IHBB", 6 << 28, len(segment), 6, ttl) + src.packed + dst.packed + segment
    header = struct.pack("!BBHHHBBH", 0x45, 0, 20 + len(segment), identification, 0x4000, ttl, 6, 0)
    header += src.packed + dst.packed
    return header[:10] + struct.pack("!H", checksum(header)) + header[12:] + segment


class Connection:
    """One connection seen at the client's edge: its methods put down segments in the order in which they happen."""

    def __init__(self, start, client, client_port, server, server_port, client_isn, server_isn, client_ttl=64):
        self.now = start
        self.ends = (ipaddress.ip_address(client), client_port), (ipaddress.ip_address(server), server_port)
        self.next_seq = [client_isn, server_isn]
        self.ttl = (client_ttl, 56)
        self.sent = 0

    def segment(self, sender, flags, payload=b"", after=NETWORK_DELAY, seen=True):
        """sender: 0 the client, 1 the server. after: seconds since the segment before. seen: it is in the capture."""
        self.now += after
        receiver = 1 - sender
        (src, src_port), (dst, dst_port) = self.ends[sender], self.ends[receiver]
        mss = 1460 if src.version == 4 else 1440
        options = struct.pack("!BBHBBBBB", 2, 4, mss, 4, 2, 3, 3, 7) if flags & SYN else b""
        window = 64240 if flags & SYN else 502
        if flags & RST:
            window = 0
        ack = self.next_seq[receiver] if flags & ACK else 0
        tcp = tcp_segment(src, dst, src_port, dst_port, self.next_seq[sender], ack, flags, window, options, payload)
        self.sent += 1
        packet = ip_packet(src, dst, self.ttl[sender], (src_port + self.sent) & 0xFFFF, tcp)
        macs = SERVER_MAC + CLIENT_MAC if sender == 0 else CLIENT_MAC + SERVER_MAC
        frame = macs + struct.pack("!H", 0x0800 if src.version == 4 else 0x86DD) + packet
        self.next_seq[sender] = (self.next_seq[sender] + len(payload) + bool(flags & SYN) + bool(flags & FIN)) % 2**32
        if seen:
            frames.append((round(self.now * 1e6), len(frames), frame.ljust(60, b"\0")))

    def handshake(self, syn_seen=True):
        self.segment(0, SYN, after=0, seen=syn_seen)
        self.segment(1, SYN | ACK)
        self.segment(0, ACK, after=0.0004)

    def say(self, sender, text):
        """Text from one end, acknowledged by the other."""
        self.segment(sender, PSH | ACK, text.encode())
        self.segment(1 - sender, ACK, after=0.0006 if sender else NETWORK_DELAY)

    def close(self):
        """FIN from the client, FIN from the server, the last ACK."""
        self.segment(0, FIN | ACK, after=0.05)
        self.segment(1, FIN | ACK)
        self.segment(0, ACK, after=0.0003)

    def four_way_close(self):
        self.segment(0, FIN | ACK, after=0.05)
        self.segment(1, ACK)
        self.segment(1, FIN | ACK, after=0.002)
        self.segment(0, ACK, after=0.0003)


def behind_nat(start):
    """Two machines behind one NAT gateway. The gateway gives the port of a connection that was closed by FIN to the
    other machine two minutes later. One reuse: the second SYN."""
    for delay, isn, ttl, path in ((0, 0x1A2B3C4D, 63, "/a"), (2 * MINUTE, 0x7E57C0DE, 127, "/b")):
        connection = Connection(start + delay, "192.0.2.17", 40112, "198.51.100.80", 80, isn, isn ^ 0x5A5A5A5A, ttl)
        connection.handshake()
        connection.say(0, f"GET {path} HTTP/1.1\r\nHost: www.example.com\r\n\r\n")
        connection.say(1, "HTTP/1.1 204 No Content\r\n\r\n")
        connection.close()


def refused(start):
    """Nobody listens; the client tries three times from one port, half a second apart. Two reuses: the second and the
    third SYN. The third repeats the ISN of the second: only the RST between them tells that it opens a connection
    and is no retransmission, so --rules 4.0, which does not look at RST, finds one reuse less."""
    for attempt, isn in enumerate((0x20000000, 0x2F3E4D5C, 0x2F3E4D5C)):
        connection = Connection(start + attempt * 0.5, "192.0.2.23", 51034, "198.51.100.25", 25, isn, 0, 128)
        connection.segment(0, SYN, after=0)
        connection.segment(1, RST | ACK)


def long_pause(start):
    """A complete connection, and the same client port again 2 h 10 min later. One reuse: the late SYN."""
    for delay, isn in ((0, 0x30303030), (2 * HOUR + 10 * MINUTE, 0xC0FFEE00)):
        connection = Connection(start + delay, "203.0.113.44", 49820, "198.51.100.22", 22, isn, isn ^ 0x0F0F0F0F)
        connection.handshake()
        connection.say(1, "SSH-2.0-example\r\n")
        connection.say(0, "SSH-2.0-example\r\n")
        connection.four_way_close()


def missing_syn(start):
    """The capture lost the SYN of the second connection; its SYN/ACK gives it away. One reuse: that SYN/ACK."""
    for delay, isn, syn_seen in ((0, 0x40404040, True), (75, 0x9ABCDEF0, False)):
        connection = Connection(start + delay, "192.0.2.31", 33000, "198.51.100.143", 143, isn, isn ^ 0x33CC33CC)
        connection.handshake(syn_seen)
        connection.say(1, "* OK IMAP4rev1 ready\r\n")
        connection.segment(0, RST | ACK, after=0.4)


def ordinary(start):
    """One connection on its ports. No reuse."""
    connection = Connection(start, "192.0.2.17", 40200, "203.0.113.9", 80, 0x50505050, 0x5F5F5F5F)
    connection.handshake()
    connection.say(0, "GET / HTTP/1.1\r\nHost: www.example.org\r\n\r\n")
    connection.say(1, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
    connection.close()


def retransmitted_syn(start):
    """The first two SYNs get no answer and are sent again with the same ISN. No reuse."""
    connection = Connection(start, "192.0.2.40", 45001, "203.0.113.9", 8080, 0x60606060, 0x6F6F6F6F)
    for after in (0, 1, 2):
        connection.next_seq[0] = 0x60606060
        connection.segment(0, SYN, after=after)
    connection.segment(1, SYN | ACK)
    connection.segment(0, ACK, after=0.0004)
    connection.segment(0, RST | ACK, after=3)


def over_ipv6(start):
    """A connection reset by its client, and the same ports again 20 s later, over IPv6. One reuse: the second SYN."""
    for delay, isn in ((0, 0x06060606), (20, 0x16161616)):
        connection = Connection(start + delay, "2001:db8:1::10", 52000, "2001:db8:2::80", 80, isn, isn ^ 0x55AA55AA)
        connection.handshake()
        connection.say(0, "HEAD / HTTP/1.1\r\nHost: www.example.net\r\n\r\n")
        connection.segment(0, RST | ACK, after=0.2)


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    path = sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, "port-reuse.pcap")
    behind_nat(0.25)
    long_pause(3.1)
    refused(12.5)
    missing_syn(20)
    ordinary(41.7)
    retransmitted_syn(60.2)
    over_ipv6(150.9)
    write(path)


def write(path):
    """Everything that was put down so far, in the order of time."""
    epoch = int(START.timestamp())
    with open(path, "wb") as capture:
        # A pcap file, little-endian, microseconds, Ethernet.
        capture.write(struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 262144, 1))
        for micros, _, frame in sorted(frames):
            seconds, fraction = divmod(micros, 1000000)
            capture.write(struct.pack("<IIII", epoch + seconds, fraction, len(frame), len(frame)) + frame)


if __name__ == "__main__":
    main()
