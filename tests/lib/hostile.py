# SPDX-License-Identifier: BSD-2-Clause
"""Random segments on very few tuples: every combination of flags, hardly any sequence numbers, odd headers.

With so few states each rule is met in each state within some thousand frames. Everything follows from the seed.
"""
import random
from ipaddress import ip_address

import capture
import pcap as pcap_file

ADDRESSES = [ip_address(a) for a in ('192.0.2.1', '192.0.2.2', '203.0.113.5', '2001:db8::1', '2001:db8::2',
                                     '::ffff:192.0.2.1', '::ffff:192.0.2.2')]
# ports on which no dissector of an application listens: one of those may open conversations of its own
PORTS = (40000, 40001, 61000)
SEQUENCES = (0, 1, 1000, 1001, 2000, 0xffffffff, 0x80000000)
USUAL = (capture.SYN, capture.SYN, capture.SYN | capture.ACK, capture.SYN | capture.ACK, capture.ACK, capture.ACK | capture.PSH,
         capture.FIN | capture.ACK, capture.RST, capture.RST | capture.ACK, capture.FIN)


def frame(rng, odd):
    """One random frame: (bytes, captured length or None). odd is the share of frames that are odd in some way."""
    src = rng.choice(ADDRESSES)
    dst = rng.choice([a for a in ADDRESSES if a.version == src.version])
    flags = rng.choice(USUAL) if rng.random() < 0.9 else rng.randrange(256)
    length = rng.choice((0, 0, 0, 1, 10, 300))
    options = rng.choice((0, 0, 12, 20))
    doff = None
    more, vlan, llc, pad, snap, quoted = {}, (), False, 0, None, 0
    if rng.random() < odd:
        what = rng.randrange(10)
        if what == 0:
            doff = rng.randrange(16)
        elif what == 1:
            vlan = tuple(rng.randrange(1, 4095) for _ in range(rng.randrange(1, 4)))
        elif what == 2:
            llc = True
        elif what == 3:
            pad = rng.randrange(1, 40)
        elif what == 4:
            snap = rng.randrange(14, 90)
        elif what == 5:
            if src.version == 4:
                more['total'] = 0 if rng.random() < 0.5 else 20 + rng.randrange(10, 30)
            else:
                more['total'] = rng.choice((0, rng.randrange(10, 30)))
        elif what == 6:
            if src.version == 4:
                more['options'] = 4 * rng.randrange(1, 11)
            else:
                more['ext'] = tuple(rng.choice(('hop', 'dst', 'rt', 'frag')) for _ in range(rng.randrange(1, 4)))
        elif what == 7:
            quoted = rng.choice((8, 13, 14, 16, 20, 60))
        elif what == 8:
            length = 1400
    segment = capture.tcp(rng.choice(PORTS), rng.choice(PORTS), flags, rng.choice(SEQUENCES), rng.choice(SEQUENCES),
                          length, options, doff)
    packet = capture.ip(src, dst, segment, **more)
    if quoted:
        head = 20 + more.get('options', 0) if src.version == 4 else 40
        kind, protocol = (b'\3\1', 1) if src.version == 4 else (b'\1\0', 58)
        packet = capture.ip(dst, src, kind + bytes(6) + packet[:head + quoted], protocol=protocol)
    return capture.ethernet(packet, src.version, vlan, llc) + bytes(pad), snap


def pcap(seed, frames, odd=0.15, step_us=100):
    """The bytes of a capture of that many random frames."""
    rng, out = random.Random(seed), capture.Pcap()
    for i in range(frames):
        data, snap = frame(rng, odd)
        out.records.append(record(i * step_us, data, snap))
    return out.data()


def record(microseconds, data, snap):
    kept = data if snap is None else data[:snap]
    return pcap_file.record(microseconds * 1000, kept, len(data))
