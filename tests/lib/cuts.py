# SPDX-License-Identifier: BSD-2-Clause
"""What runs that read an input in pieces are compared by, and inputs that are hard to cut."""
import json
import random
from ipaddress import ip_address

import capture
import hostile
import pcap
import program

REPORTS = ('reuse', 'conversations', 'packets', 'episodes', 'endpoints', 'summary')
PLAIN = ('reuse', 'conversations', 'packets', 'summary')       # without verdicts


def facts(report, name):
    """What of a report does not depend on how fast the run was."""
    if name != 'summary':
        return report
    summary = json.loads(report)
    del summary['performance']
    summary.pop('ranks', None)
    return json.dumps(summary, indent=1).encode()


def differences(one, all_of_them):
    out = []
    if one.status != all_of_them.status:
        out.append('%s, and in pieces %s' % (one.describe(), all_of_them.describe()))
    for name in one.reports:
        a, b = facts(one.reports[name], name), facts(all_of_them.reports.get(name, b'{"performance": 0}'), name)
        if a != b:
            out.append('%s: %s' % (name, program.first_difference(b, a)))
    return out


def fragments(seed, count):
    """SYNs and more on few tuples, many of them in IP fragments that are mixed with those of others."""
    rng, out, waiting = random.Random(seed), capture.Pcap(), []
    hosts = [ip_address('192.0.2.%d' % i) for i in (1, 2, 3)]
    while len(out.records) < count:
        src, dst = rng.sample(hosts, 2)
        segment = capture.tcp(rng.choice((40000, 40001)), rng.choice((40000, 40001)), rng.choice(hostile.USUAL),
                              rng.choice((1, 1000)), rng.choice((1, 1000)), 40)
        ident = rng.randrange(12)
        if rng.random() < 0.4:
            waiting.append(capture.ipv4(src.packed, dst.packed, segment))
        else:
            waiting += [capture.ipv4(src.packed, dst.packed, segment[:32], ident=ident, fragment=0x2000),
                        capture.ipv4(src.packed, dst.packed, segment[32:], ident=ident, fragment=4)]
        while len(waiting) > 9:
            out.records.append(hostile.record(len(out.records) * 100, capture.ethernet(waiting.pop(rng.randrange(len(waiting)))), None))
    return out.data()


def pcapng(data, units=((0, 6),)):
    """A pcap file's records as pcapng. units: (number of the record before which an interface is described, decimals of its
    times): its frames follow."""
    def block(kind, body):
        body += bytes(-len(body) % 4)
        length = (12 + len(body)).to_bytes(4, 'little')
        return kind.to_bytes(4, 'little') + length + body + length
    out, interface, decimals = block(0x0a0d0d0a, bytes.fromhex('4d3c2b1a01000000ffffffffffffffff')), -1, 6
    for i, r in enumerate(pcap.records(data)):
        for at, unit in units:
            if at == i:
                interface, decimals = interface + 1, unit
                out += block(1, bytes.fromhex('0100000000000000') + bytes((9, 0, 1, 0, unit, 0, 0, 0)) + bytes(4))
        time = r.time * 10 ** decimals // 10 ** 9
        out += block(6, b''.join(n.to_bytes(4, 'little') for n in (interface, time >> 32, time & 0xffffffff, len(r.data), r.length)) + r.data)
    return out


def silent(data):
    """A pcapng file of one interface with names, as a block that holds no frame, before its first frame: twice as many bytes as
    the rest."""
    at = sum(int.from_bytes(data[i:i + 4], 'little') for i in (4, 4 + int.from_bytes(data[4:8], 'little')))
    length = (12 + 2 * (len(data) & ~3)).to_bytes(4, 'little')
    return data[:at] + (4).to_bytes(4, 'little') + length + bytes(2 * (len(data) & ~3)) + length + data[at:]


def traps(seed):
    """Frames whose data are records of pcap files, so that whoever looks for one from the middle on finds the wrong ones: longer than
    guesses look back (io/formats/pcap_guess.c)."""
    out = capture.Pcap()
    inner = hostile.pcap(seed, 600)[pcap.FILE_HEADER:]
    for i in range(40):
        segment = capture.tcp(40000 + i % 3, 80, capture.SYN if i % 2 else capture.ACK, 1000 + i, 5, payload=inner[:1000])
        packet = capture.ipv4(bytes((192, 0, 2, 1)), bytes((192, 0, 2, 2)), segment)
        out.records.append(hostile.record(i * 1000, capture.ethernet(packet) + (inner * 5)[:200000], None))
    return out.data()
