# SPDX-License-Identifier: BSD-2-Clause
"""Random FTP: control connections that announce data connections in any spelling, and data connections, announced or not.

A few hosts and a few ports, so that all meet, and after some hundred frames other hosts, since only what has no conversation
yet can be announced. Everything follows from the seed.

Left out on purpose: acknowledgements of what nobody has sent (tshark 4.0 then may take a retransmission for a fast one, and
reads it); a SYN that is sent again when data followed it (what then counts as new is another question); and two data connections whose first segments come from the end that was announced (for any port of the
other), before the other has sent anything. tshark 4.0 puts them into one stream. So the other end answers at once.
"""
import random
from ipaddress import ip_address

import capture
import hostile
from capture import ACK, FIN, PSH, RST, SYN

CONTROL_PORTS = (40000, 40001)
DATA_PORTS = (41000, 41001, 41002)
LISTENING = (3000, 3001, 256, 65535)


class Flow:
    """One end of a control connection."""

    def __init__(self, rng):
        self.next = rng.choice((1, 1000, 0xfffffff0))
        self.sent = None        # the number behind the last byte of all that was sent


class Traffic:
    def __init__(self, seed):
        self.rng = random.Random(seed)
        self.meet(0)

    def meet(self, number):
        """Two clients and two servers that were not there before."""
        self.flows, net = {}, (10 << 16 | number) << 8
        self.clients = {4: [ip_address(net + i) for i in (1, 2)], 6: [ip_address('2001:db8::%x:%d' % (number, i)) for i in (1, 2)]}
        self.servers = {4: [ip_address(net + i) for i in (3, 4)], 6: [ip_address('2001:db8::%x:%d' % (number, i)) for i in (3, 4)]}

    def chance(self, percent):
        return self.rng.randrange(100) < percent

    def host_port(self, address, port):
        """As h1,h2,h3,h4,p1,p2, more or less."""
        numbers = [str(n) for n in address.packed[-4:]] + [str(port >> 8), str(port & 255)]
        if self.chance(20):
            i = self.rng.randrange(6)
            numbers[i] = self.rng.choice(('0' + numbers[i], '+' + numbers[i], ' ' + numbers[i], '256', '-1', numbers[i] + ' ',
                                          str(int(numbers[i]) + 256), '99999999999999999999', str(int(numbers[i]) + (1 << 32)), ''))
        if self.chance(5):
            numbers.insert(self.rng.randrange(7), '7')
        return (',' if self.chance(97) else '.').join(numbers)

    def extended(self, port):
        mark = self.rng.choice('||||||!z a:\t~(')
        text = '(%s%s%s)' % (mark * self.rng.choice((3, 3, 3, 3, 2, 4, 0)),
                             self.rng.choice((str(port), str(port), str(port), str(port + 65536), ' %d' % port, '+%d' % port, '')),
                             self.rng.choice((mark, mark, '|', '', 'x|')))
        return text if self.chance(95) else text.replace(')', '')

    def line(self, request, address, port):
        """What a segment of a control connection says."""
        rng = self.rng
        if request:
            word = rng.choice(('PORT ', 'PORT ', 'PORT ', 'PORT  ', 'port ', ' PORT ', 'PORT', 'EPRT ', 'PORT x'))
            text = rng.choice((word + self.host_port(address, port), word + self.host_port(address, port), 'PASV', 'NOOP x',
                               'EPRT |1|%s|%d|' % (address, port)))
        else:
            code = rng.choice(('227 ', '227 ', '227 ', '227-', '227', '220 ', ' 227 ', '227 Passive Mode (', '227 1 '))
            text = rng.choice((code + self.host_port(address, port), code + self.host_port(address, port),
                               rng.choice(('229 ', '229 ', '229-x', '229')) + self.extended(port), '200 fine'))
        text += rng.choice(('\r\n', '\r\n', '\r\n', '\n', '\r', '', '\0\r\n', ')\r\nand more\r\n'))
        if self.chance(3):
            text = 'x\r\n' + text
        return text.encode()

    def control(self):
        """A segment of a control connection."""
        rng = self.rng
        version = rng.choice((4, 4, 6))
        client, server = rng.choice(self.clients[version]), rng.choice(self.servers[version])
        port, request = rng.choice(CONTROL_PORTS), self.chance(40)
        key = (client, port, server)
        if key not in self.flows:
            self.flows[key] = (Flow(rng), Flow(rng))
        mine, other = self.flows[key] if request else self.flows[key][::-1]
        flags = rng.choice((PSH | ACK,) * 12 + (ACK, ACK, FIN | ACK, RST, RST | ACK, SYN, SYN, SYN | ACK, PSH, 0))
        address = rng.choice((client, client, rng.choice(self.clients[4])) if request else (server, server, rng.choice(self.servers[4])))
        silent = flags & SYN and mine.sent is not None or flags == RST and self.chance(80)
        payload = b'' if silent else self.line(request, address, rng.choice(LISTENING))
        if self.chance(10):
            payload = payload[:rng.randrange(len(payload) + 1)]
        if flags == SYN:
            mine.next = rng.randrange(1 << 32)
        seq = mine.next
        if flags != SYN and self.chance(20):
            seq += rng.choice((-1, -1, -2, 1, -len(payload), len(payload), -1000, 1000))
        ack = other.sent if other.sent is not None else other.next
        if mine.sent is not None and seq < mine.sent:
            ack -= 1000
        elif self.chance(10):
            ack += rng.choice((-1, -10, -30, -1000))
        doff = 6 if self.chance(1) else 3 if self.chance(1) else None
        options = rng.choice((0, 0, 12)) if doff is None else 0
        length = len(payload) + (20 + options - 4 * doff if doff else 0)
        quoted = self.chance(2)
        if not quoted and length >= 0:
            end = seq + length + (1 if flags & (SYN | FIN) else 0)
            mine.sent = end if mine.sent is None or flags == SYN else max(mine.sent, end)
            if self.chance(95):
                mine.next = max(mine.next, end)
        ports = (port, 21) if request else (21, port)
        ends = (client, server) if request else (server, client)
        segment = capture.tcp(*ports, flags, seq & 0xffffffff, ack & 0xffffffff, options=options, doff=doff, payload=payload)
        snap = None
        if self.chance(3) and payload:
            snap = 14 + (20 if version == 4 else 40) + 20 + options + rng.randrange(len(payload))
        return self.packets(ends, segment, version, snap, quoted)

    def data(self):
        """A segment of a data connection, or its first two."""
        rng = self.rng
        version = rng.choice((4, 4, 6))
        client, server = rng.choice(self.clients[version]), rng.choice(self.servers[version])
        if self.chance(60):
            ends, ports = (client, server), (rng.choice(DATA_PORTS), rng.choice(LISTENING))
        elif self.chance(80):
            ends, ports = (server, client), (20, rng.choice(LISTENING))
        else:
            ends, ports = (server, client), (rng.choice(DATA_PORTS), rng.choice(LISTENING))
        key, answered = ends + ports, False
        if key in self.flows and self.chance(50):
            ends, ports = ends[::-1], ports[::-1]
        elif key not in self.flows:
            answered = True
        self.flows[key] = None
        packets = []
        for _ in range(1 + answered):
            flags = rng.choice((SYN, SYN, SYN | ACK, ACK, ACK, PSH | ACK, FIN | ACK, RST, RST | ACK))
            segment = capture.tcp(*ports, flags, rng.choice((1000, 1000, 1001, 2000)), rng.choice((0, 1001)), rng.choice((0, 0, 10)))
            packets += self.packets(ends, segment, version, None, self.chance(2))
            ends, ports = ends[::-1], ports[::-1]
        return packets

    def packets(self, ends, segment, version, snap, quoted):
        """Mostly one frame; sometimes fragments, or quoted in an ICMP error."""
        rng = self.rng
        if snap is None and quoted:
            packet = capture.ip(*ends, segment)
            kind, protocol = (b'\3\1', 1) if version == 4 else (b'\1\0', 58)
            return [(capture.ethernet(capture.ip(*ends[::-1], kind + bytes(6) + packet, protocol=protocol), version), None)]
        if snap is None and version == 4 and len(segment) > 32 and self.chance(5):
            cut, ident = 8 * rng.randrange(1, (len(segment) - 1) // 8 + 1), rng.randrange(65536)
            parts = [(segment[:cut], 0x2000), (segment[cut:], cut // 8)]
            rng.shuffle(parts)
            return [(capture.ethernet(capture.ip(*ends, part, ident=ident, fragment=field)), None) for part, field in parts]
        return [(capture.ethernet(capture.ip(*ends, segment), version), snap)]


def pcap(seed, frames, step_us=100):
    """The bytes of a capture of about that many frames."""
    traffic, out = Traffic(seed), capture.Pcap()
    while len(out.records) < frames:
        if traffic.rng.random() * 400 < 1:
            traffic.meet(len(out.records))
        for data, snap in (traffic.control if traffic.chance(60) else traffic.data)():
            out.records.append(hostile.record(len(out.records) * step_us, data, snap))
    return out.data()
