#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: entries.py TCPREUSE [--table]

entries.csv holds the entries of tshark's tables of protocol numbers (4.6.9), and what becomes of each: `decoded`, `not decoded`
and why, or `no TCP`: none was reached behind headers of 0 to 40 bytes. A decoded one has the header that stands between the
number and an IPv4 packet, and what stands behind that packet after a `|` (`-`: none that is of bytes alone; other suites have
it), and `since`, the version of tshark that brought it. wtap_encap has no numbers of its own in files: the link type stands before the
header, with a `/`; those that have none (`no link type`) are of other file formats.

For each header a frame is made, which has to give TCP, and does so in the installed tshark. The table in docs/formats.md has
to be the one that --table prints.
"""
import csv
import os
import re
import struct
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import capture  # noqa: E402
import program  # noqa: E402
import tshark  # noqa: E402

ETHERNET = bytes.fromhex('020000000002020000000001')
HOSTS = b'\x0a\xff\0\1', b'\x0a\xff\0\2'
DOCS = os.path.join(HERE, '..', '..', 'docs', 'formats.md')

# Which rules know what a version brought; 4.6 has those of 4.4, so tshark 4.4 does not know all that they do.
RULES = {'4.2': 4.2, '4.4': 4.4, '4.6': 4.4}
ETHERNET_LINK, LLC_LINK = 1, 100
OUI = {'apple_atalk': 0x080007, 'apple_awdl': 0x0017f2, 'bluetooth': 0x001958, 'cimetrics': 0x001090, 'cisco': 0x00000c,
       'extreme': 0x00e02b, 'force10': 0x0001e8, 'foundry': 0x00e052, 'hpteam': 0x00805f, 'iana': 0x00005e, 'nortel': 0x000081,
       'wfa': 0x506f9a, 'wlccp': 0x004096}


def ether_type(entry, inner):
    return ETHERNET + struct.pack('>H', entry) + inner


def ip(entry, inner):
    return capture.ethernet(capture.ipv4(*HOSTS, inner, protocol=entry))


def udp(entry, inner):
    return ip(17, struct.pack('>HHHH', 60999, entry, 8 + len(inner), 0) + inner)


def channel(entry, inner):
    return ether_type(0x8847, bytes.fromhex('000101ff1000') + struct.pack('>H', entry) + inner)


def sflow(entry, inner):
    """A flow sample of version 5 with one raw header."""
    record = struct.pack('>IIII', entry, len(inner), 0, len(inner)) + inner + bytes(-len(inner) % 4)
    sample = struct.pack('>IIIIIIIIII', 1, 0, 100, 1000, 0, 1, 2, 1, 1, len(record)) + record
    return udp(6343, struct.pack('>IIIIIIIII', 5, 1, 0, 0, 1, 2, 1, 1, len(sample)) + sample)


# the link type, and the frame of an entry around what follows its number
TABLES = {
    'ethertype': (ETHERNET_LINK, ether_type),
    'ip.proto': (ETHERNET_LINK, ip),
    'gre.proto': (ETHERNET_LINK, lambda entry, inner: ip(47, struct.pack('>HH', 0, entry) + inner)),
    'udp.port': (ETHERNET_LINK, udp),
    'nsh.next_proto': (ETHERNET_LINK, lambda entry, inner: ether_type(0x894f, bytes((15, 0xc2, 2, entry, 0, 0, 1, 255)) + inner)),
    'vxlan.next_proto': (ETHERNET_LINK, lambda entry, inner: udp(4790, bytes((12, 0, 0, entry, 0, 0, 1, 0)) + inner)),
    'pwach.channel_type': (ETHERNET_LINK, channel),
    'mcc.proto': (ETHERNET_LINK, lambda entry, inner: channel(1, struct.pack('>H', entry) + inner)),
    'tzsp.encap': (ETHERNET_LINK, lambda entry, inner: udp(37008, struct.pack('>HHB', 0x0100, entry, 1) + inner)),
    'sflow_245.header_protocol': (ETHERNET_LINK, sflow),
    'ppp.protocol': (9, lambda entry, inner: b'\xff\3' + struct.pack('>H', entry) + inner),
    'llc.dsap': (LLC_LINK, lambda entry, inner: bytes((entry, entry, 3)) + inner),
    'osinl.incl': (LLC_LINK, lambda entry, inner: bytes((254, 254, 3, entry)) + inner),
    'osinl.excl': (LLC_LINK, lambda entry, inner: bytes((254, 254, 3, entry)) + inner),
    'chdlc.protocol': (104, lambda entry, inner: b'\x0f\0' + struct.pack('>H', entry) + inner),
    'sll.ltype': (113, lambda entry, inner: struct.pack('>HHHQH', 0, 1, 6, 0, entry) + inner),
    'sll.hatype': (113, lambda entry, inner: struct.pack('>HHHQH', 0, entry, 6, 0, 0) + inner),
    'fr.nlpid': (107, lambda entry, inner: b'\x18\x41\3' + bytes((entry,)) + inner),
    'juniper.proto': (133, lambda entry, inner: b'MGC\0' + struct.pack('<I', entry) + inner),
    'null.type': (0, lambda entry, inner: struct.pack('<I', entry) + inner),
    'arcnet.protocol_id': (129, lambda entry, inner: bytes((1, 2, 0, 0, entry)) + inner),
    'ax25.pid': (3, lambda entry, inner: bytes.fromhex('a2a6a8404040609c6086829898e103') + bytes((entry,)) + inner),
    'erf.types.type': (197, lambda entry, inner: struct.pack('>8xBBHHH', entry, 4, 16 + len(inner), 0, len(inner)) + inner),
}
for owner, number in OUI.items():
    TABLES['llc.%s_pid' % owner] = (LLC_LINK, lambda entry, inner, oui=number: (
        b'\xaa\xaa\3' + struct.pack('>I', oui)[1:] + struct.pack('>H', entry) + inner))


def link_type(row):
    return int(row['header'].split('/')[0]) if row['table'] == 'wtap_encap' else TABLES[row['table']][0]


def entries():
    with open(os.path.join(HERE, 'entries.csv'), newline='') as file:
        return list(csv.DictReader(file))


def frame(row, number):
    """A SYN of a tuple of its own behind the entry's header."""
    before, _, behind = row['header'].rpartition('/')[2].partition('|')
    packet = capture.ipv4(struct.pack('>I', 0x0a000000 + number), HOSTS[0], capture.tcp(40000, 8081, capture.SYN, 7))
    inner = bytes.fromhex(before) + packet + bytes.fromhex(behind)
    return inner if row['table'] == 'wtap_encap' else TABLES[row['table']][1](int(row['number'], 0), inner)


def table(rows):
    """How many there are, and the table of those that lead to TCP and are not decoded: a line for all of one reason."""
    reasons = {}
    for row in rows:
        if row['state'] == 'not decoded':
            reasons.setdefault((row['table'], row['why']), []).append(row)
    states = [row['state'] for row in rows]
    lines = ['%d entries of %d tables: %d are decoded, %d led to no TCP, %d can and are not decoded, %d are of '
        'no pcap link type.' % (len(rows), len({row['table'] for row in rows}),
                                *(states.count(state) for state in ('decoded', 'no TCP', 'not decoded', 'no link type'))),
        '', '| table | number | name | why |', '| --- | --- | --- | --- |']
    for (name, why), group in reasons.items():
        names = dict.fromkeys(row['name'] for row in group)
        lines.append('| %s | %s | %s | %s |' % (name, ', '.join(row['number'] for row in group), ', '.join(names), why))
    return lines


def check(tap, tcpreuse, judge, link, rows):
    """The frames of one link type."""
    pcap = capture.Pcap(link=link)
    for number, row in enumerate(rows, 1):
        pcap.add(number, frame(row, number))
    with tempfile.TemporaryDirectory(prefix='entries-') as directory:
        path = program.write(directory, 'entries.pcap', pcap.data())
        for rules in ('4.0', '4.4'):
            found = program.run(tcpreuse, ['--rules', rules, path], ('packets',)).rows('packets')
            ours = {int(row['frame']) for row in found}
            wrong = ['%(table)s %(number)s, %(name)s' % row for number, row in enumerate(rows, 1)
                     if (number in ours) != (not row['since'] or RULES[row['since']] <= float(rules))]
            tap.ok('link type %d, --rules %s decodes each entry that it is to decode' % (link, rules), wrong)
            if judge.rules == rules:
                differ = [number for number in sorted(ours ^ set(judge.ask(path)))
                          if rows[number - 1]['since'] != '4.6' or not judge.version.startswith('4.4')]
                tap.ok('link type %d, tshark %s agrees' % (link, judge.version),
                       ['%(table)s %(number)s, %(name)s' % rows[number - 1] for number in differ])


def main():
    rows = entries()
    if '--table' in sys.argv:
        print('\n'.join(table(rows)))
        return 0
    tap, judge = program.Tap(), tshark.Tshark()
    made = [row for row in rows if row['header'] != '-' and row['state'] == 'decoded']
    for link in sorted({link_type(row) for row in made}):
        check(tap, sys.argv[1], judge, link, [row for row in made if link_type(row) == link])
    with open(DOCS) as file:
        found = re.search(r'<!-- entries.py --table -->\n(.*?)\n<!-- end -->', file.read(), re.S)
    tap.ok('docs/formats.md has the table', [] if found and found[1] == '\n'.join(table(rows)) else ['put in what --table prints'])
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
