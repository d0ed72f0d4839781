#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: decode_as.py TCPREUSE

--decode-as and tshark's -d: for each rule, frames of all tunnels to ports of all kinds (those that the rule names, known ones, and
ones that are another protocol's) give TCP where they do in the installed tshark. Without one, in each tunnel's own rule. TAP output.
"""
import os
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import capture  # noqa: E402
import program  # noqa: E402
import tshark  # noqa: E402

HOSTS = b'\x0a\xff\0\1', b'\x0a\xff\0\2'
ETHERNET = '0200000000020200000000010800'
# What stands before an IPv4 packet of 40 bytes.
TUNNELS = {
    'vxlan': '0800000000000100' + ETHERNET, 'geneve': '0000655800000100' + ETHERNET, 'gtp': '30ff002800000001', 'gre': '00000800',
    'l2tp': '000200010001ff030021', 'mpls': '00010140', 'vxlan_gpe': '0c00000100000100', 'amt': '0600', 'eth': ETHERNET, 'ip': '',
    'llc': 'aaaa030000000800', 'lisp-data': '0000000000000000', 'tzsp': '0100000101' + ETHERNET,
}
RULED, RULED_ALSO = 48879, 40001
PORTS = (RULED, 50000), (50000, RULED), (RULED, 4789), (4789, 50000), (RULED, 7), (7, 4789), (RULED, RULED_ALSO), (RULED_ALSO, 50000), (6081, RULED)


def frames():
    """Pairs of a name and a frame: each tunnel to each pair of ports. The tuple inside is its own."""
    number = 0
    for name, head in TUNNELS.items():
        for source, destination in PORTS:
            number += 1
            inner = bytes.fromhex(head) + capture.ipv4(struct.pack('>I', 0x0a000000 + number), HOSTS[0], capture.tcp(40000, 8081, capture.SYN, 7))
            udp = struct.pack('>4H', source, destination, 8 + len(inner), 0) + inner
            yield '%s from %d to %d' % (name, source, destination), capture.ethernet(capture.ipv4(*HOSTS, udp, protocol=17))


def ruled():
    """Lists of rules."""
    for name in TUNNELS:
        yield ['udp.port==%d,%s' % (RULED, name)]
    yield ['udp.port==4789,data']
    yield ['udp.port==4789,geneve', 'udp.port==6081,vxlan']
    yield ['udp.port==40000-40002,gre']
    yield ['udp.port==40000:2,gre']
    yield ['udp.port==%d,vxlan' % RULED, 'udp.port==%d,gre' % RULED]
    yield ['udp.port==%d,vxlan' % RULED, 'udp.port==%d,gre' % RULED_ALSO]
    yield ['udp.port==7,vxlan']


def judged(judge, path, rules):
    """The frames in which tshark finds TCP."""
    command = judge.command + ['-n', '-T', 'fields', '-e', 'frame.number', '-Y', 'tcp'] + [a for rule in rules for a in ('-d', rule)]
    with open(path, 'rb') as file:
        several = len(judge.command) > 1
        done = subprocess.run(command + ['-r', '-' if several else path], env=judge.environment, check=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, stdin=file if several else subprocess.DEVNULL)
    return {int(line) for line in done.stdout.split()}


def main():
    tap, judge = program.Tap(), tshark.Tshark()
    made = list(frames())
    pcap = capture.Pcap()
    for number, (_, data) in enumerate(made, 1):
        pcap.add(number, data)
    with tempfile.TemporaryDirectory(prefix='decode-as-') as directory:
        path = program.write(directory, 'tunnels.pcap', pcap.data())
        for rules in ruled():
            result = program.run(sys.argv[1], ['--rules', judge.rules or '4.4', path] + [a for rule in rules for a in ('--decode-as', rule)],
                                 ('packets',))
            ours = {int(row['frame']) for row in result.rows('packets')}
            own = [n for n, (name, _) in enumerate(made, 1) if len(rules) == 1 and rules[0].endswith(',' + name.split()[0]) and
                   ' %d ' % RULED in name and str(RULED) in rules[0]]
            tap.ok(' '.join(rules), ['%s has no TCP' % made[n - 1][0] for n in own if n not in ours])
            if judge.rules:
                truth = judged(judge, path, rules)
                if rules[0].endswith(',mpls'):      # what other tunnels mean as labels is the business of the MPLS decoder
                    ours, truth = ({n for n in numbers if made[n - 1][0].startswith('mpls ')} for numbers in (ours, truth))
                tap.ok('%s, as tshark %s' % (' '.join(rules), judge.version), ['%s: %s here' % (
                    made[n - 1][0], 'TCP' if n in ours else 'no TCP') for n in sorted(ours ^ truth)])
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
