#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: entries.py TCPREUSE [--table]

entries.csv holds the entries of tshark's tables of protocol numbers (4.6.9), and what becomes of each: `decoded`, `not decoded`
and why, or `no TCP`: none was reached behind headers of 0 to 40 bytes. A decoded one has the header that stands between the
number and an IPv4 packet (`-`: none that is of bytes alone; other suites have it), and `since`: older rules do not know it.

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


def entries():
    with open(os.path.join(HERE, 'entries.csv'), newline='') as file:
        return list(csv.DictReader(file))


def frame(row, number):
    """A SYN of a tuple of its own behind the entry's header."""
    inner = bytes.fromhex(row['header']) + capture.ipv4(struct.pack('>I', 0x0a000000 + number), HOSTS[0],
                                                        capture.tcp(40000, 8081, capture.SYN, 7))
    entry = int(row['number'], 0)
    if row['table'] == 'ethertype':
        return ETHERNET + struct.pack('>H', entry) + inner
    if row['table'] == 'gre.proto':
        entry, inner = 47, struct.pack('>HH', 0, entry) + inner
    return capture.ethernet(capture.ipv4(*HOSTS, inner, protocol=entry))


def table(rows):
    """The lines of the table of entries that lead to TCP and are not decoded."""
    lines = ['| table | number | name | why |', '| --- | --- | --- | --- |']
    return lines + ['| %(table)s | %(number)s | %(name)s | %(why)s |' % row for row in rows if row['state'] == 'not decoded']


def with_tcp(tcpreuse, path, rules):
    result = program.run(tcpreuse, ['--rules', rules, path], ('packets',))
    return {int(row['frame']) for row in result.rows('packets')}


def main():
    rows = entries()
    if '--table' in sys.argv:
        print('\n'.join(table(rows)))
        return 0
    tap, judge = program.Tap(), tshark.Tshark()
    made = [row for row in rows if row['header'] != '-' and row['state'] == 'decoded']
    pcap = capture.Pcap()
    for number, row in enumerate(made, 1):
        pcap.add(number, frame(row, number))
    with tempfile.TemporaryDirectory(prefix='entries-') as directory:
        path = program.write(directory, 'entries.pcap', pcap.data())
        truth = judge.ask(path) if judge.rules else None
        for rules in ('4.0', '4.4'):
            ours = with_tcp(sys.argv[1], path, rules)
            wrong = ['%(table)s %(number)s, %(name)s' % row for number, row in enumerate(made, 1)
                     if (number in ours) != (not row['since'] or float(rules) >= float(row['since']))]
            tap.ok('--rules %s decodes each entry that it is to decode' % rules, wrong)
            if judge.rules == rules:
                tap.ok('tshark %s agrees' % judge.version, ['%(table)s %(number)s, %(name)s' % made[number - 1]
                                                            for number in sorted(ours ^ set(truth))])
    with open(DOCS) as file:
        found = re.search(r'<!-- entries.py --table -->\n(.*?)\n<!-- end -->', file.read(), re.S)
    tap.ok('docs/formats.md has the table', [] if found and found[1] == '\n'.join(table(rows)) else ['put in what --table prints'])
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
