#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: decode_as.py TCPREUSE

--decode-as and tshark's -d: for each rule, frames of all tunnels to ports of all kinds (those that the rule names, known ones, and
ones that are another protocol's), and of all protocols behind ether types, IP protocol numbers, MPLS labels and users' link types,
give TCP where they do in the installed tshark. Without one, in each protocol's own rule. TAP output.
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


ETHERTYPE, PROTOCOL, LABEL, USER0 = 0x88b5, 253, 4711, 147
# What stands before an IPv4 packet of 40 bytes, behind an ether type, a protocol number, a label, or in a frame of a user's link type.
BEHIND = {
    'ethertype': {'ip': '', 'eth': ETHERNET, 'mpls': '00010140', 'llc': 'aaaa030000000800', 'vlan': '00050800', 'ieee8021ad': '00060800',
                  'etag': '0000000100000800', 'hsr': '000000010800', 'vntag': '000000000800', 'pppoes': '11000001002a0021', 'data': '',
                  'ieee8021ah': '0000000102000000000202000000000108' + '00'},
    'ip.proto': {'ip': '', 'eth': ETHERNET, 'gre': '00000800', 'mpls': '00010140', 'etherip': '3000' + ETHERNET, 'data': '',
                 'ah': '04040000' + '00000001' * 5, 'udp': 'c35012b50046000008000000000001' + '00' + ETHERNET},
    'mpls.label': {'pwethnocw': ETHERNET, 'pwethcw': '00000000' + ETHERNET, 'data': ''},
    'wtap_encap': {'ip': '', 'eth_withoutfcs': ETHERNET, 'mpls': '00010140', 'llc': 'aaaa030000000800', 'ppp': '0021', 'ppp_hdlc': 'ff030021',
                   'data': ''},
}


def inner(number):
    return capture.ipv4(struct.pack('>I', 0x0a000000 + number), HOSTS[0], capture.tcp(40000, 8081, capture.SYN, 7))


def around():
    """What an ether type, a protocol number or a label may stand in: a name, and the frame with its payload."""
    mac, kind = bytes.fromhex(ETHERNET)[:12], struct.pack('>H', ETHERTYPE)
    yield 'ethertype', 'Ethernet', lambda p: mac + kind + p
    yield 'ethertype', 'VLAN', lambda p: mac + bytes.fromhex('81000005') + kind + p
    yield 'ethertype', 'SNAP', lambda p: mac + struct.pack('>H', 8 + len(p)) + bytes.fromhex('aaaa03000000') + kind + p
    yield 'ethertype', 'GRE', lambda p: capture.ethernet(capture.ipv4(*HOSTS, bytes(2) + kind + p, protocol=47))
    yield 'ethertype', 'Geneve', lambda p: capture.ethernet(capture.ipv4(
        *HOSTS, struct.pack('>4H', 50000, 6081, 16 + len(p), 0) + bytes(2) + kind + bytes(4) + p, protocol=17))
    yield 'ip.proto', 'IPv4', lambda p: capture.ethernet(capture.ipv4(*HOSTS, p, protocol=PROTOCOL))
    yield 'ip.proto', 'IPv6', lambda p: mac + bytes.fromhex('86dd60000000') + struct.pack('>HBB', len(p), PROTOCOL, 64) + bytes(31) + b'\1' + p
    yield 'mpls.label', 'Ethernet', lambda p: mac + bytes.fromhex('8847') + struct.pack('>I', LABEL << 12 | 0x140) + p
    yield 'mpls.label', 'MPLS', lambda p: mac + bytes.fromhex('884700010040') + struct.pack('>I', LABEL << 12 | 0x140) + p


def numbered():
    """Frames of Ethernet: pairs of a name and a frame."""
    number = 0
    for kind, where, frame in around():
        for name, head in BEHIND[kind].items():
            number += 1
            yield '%s %s in %s' % (kind, name, where), frame(bytes.fromhex(head) + inner(number))
    yield 'TCP', capture.ethernet(inner(number + 1))
    yield 'TCP in %d' % PROTOCOL, capture.ethernet(capture.ipv4(*HOSTS, capture.tcp(40001, 8081, capture.SYN, 7), protocol=PROTOCOL))


def numbered_rules():
    for kind, number in ('ethertype', hex(ETHERTYPE)), ('ip.proto', PROTOCOL), ('mpls.label', LABEL):
        for name in BEHIND[kind]:
            yield ['%s==%s,%s' % (kind, number, name)]
    yield ['ip.proto==253,tcp']
    yield ['ip.proto==6,data']
    yield ['ethertype==0x0800,data']
    yield ['ethertype==0x0800,ipv6']
    yield ['ethertype==34900:200,ip', 'ethertype==0x88b5,data']
    yield ['ip.proto==250-254,ip', 'ethertype==0104265,eth']


def judged(judge, path, options):
    """The frames in which tshark finds TCP."""
    command = judge.command + ['-n', '-T', 'fields', '-e', 'frame.number', '-Y', 'tcp'] + options
    with open(path, 'rb') as file:
        several = len(judge.command) > 1
        done = subprocess.run(command + ['-r', '-' if several else path], env=judge.environment, check=True, stdout=subprocess.PIPE,
                              stderr=subprocess.PIPE, stdin=file if several else subprocess.DEVNULL)
    return {int(line) for line in done.stdout.split()}


def found(judge, path, rules):
    """The frames in which tcpreuse finds TCP."""
    result = program.run(sys.argv[1], ['--rules', judge.rules or '4.4', path] + [a for rule in rules for a in ('--decode-as', rule)],
                         ('packets',))
    return {int(row['frame']) for row in result.rows('packets')}


def compare(tap, judge, rules, path, made, own, options):
    """own: of a name, whether that frame must have TCP. options: tshark's for the rules."""
    ours = found(judge, path, rules)
    tap.ok(' '.join(rules), ['%s has no TCP' % name for n, (name, _) in enumerate(made, 1) if own(name) and n not in ours])
    if judge.rules:
        truth = judged(judge, path, options)
        if rules[0].endswith(',mpls'):      # what other tunnels mean as labels is the business of the MPLS decoder
            ours, truth = ({n for n in numbers if made[n - 1][0].startswith(('mpls ', 'ethertype mpls', 'ip.proto mpls'))}
                           for numbers in (ours, truth))
        elif 'mpls.label' not in rules[0]:  # and what a pseudowire is, where nobody says so, is guessed
            ours, truth = ({n for n in numbers if not made[n - 1][0].startswith('mpls.label')} for numbers in (ours, truth))
        tap.ok('%s, as tshark %s' % (' '.join(rules), judge.version), ['%s: %s here' % (
            made[n - 1][0], 'TCP' if n in ours else 'no TCP') for n in sorted(ours ^ truth)])


def write(directory, name, made, **more):
    pcap = capture.Pcap(**more)
    for number, (_, data) in enumerate(made, 1):
        pcap.add(number, data)
    return program.write(directory, name, pcap.data())


def dash_d(rules):
    return [a for rule in rules for a in ('-d', rule)]


def users_links(tap, judge, directory):
    """For these tshark has a table of its own: which protocol User N is."""
    made = [(name, bytes.fromhex(head) + inner(n)) for n, (name, head) in enumerate(BEHIND['wtap_encap'].items(), 1)]
    for user in 0, 15:
        path = write(directory, 'user%d.pcap' % user, made, link=USER0 + user)
        for name in BEHIND['wtap_encap']:
            table = 'uat:user_dlts:"User %d (DLT=%d)","%s","0","","0",""' % (user, USER0 + user, name)
            compare(tap, judge, ['wtap_encap==%d,%s' % (45 + user, name)], path, made, lambda n, name=name: n == name != 'data', ['-o', table])


def main():
    tap, judge = program.Tap(), tshark.Tshark()
    with tempfile.TemporaryDirectory(prefix='decode-as-') as directory:
        made = list(frames())
        path = write(directory, 'tunnels.pcap', made)
        for rules in ruled():
            tunnel = rules[0].partition(',')[2] if len(rules) == 1 and str(RULED) in rules[0] else None
            compare(tap, judge, rules, path, made, lambda name: name.split()[0] == tunnel and ' %d ' % RULED in name, dash_d(rules))
        made = list(numbered())
        path = write(directory, 'numbers.pcap', made)
        for rules in numbered_rules():
            kind, name = rules[0].split('==')[0], rules[0].partition(',')[2]
            number = hex(ETHERTYPE), str(PROTOCOL), str(LABEL)
            own = len(rules) == 1 and rules[0].split('==')[1].split(',')[0] in number and name != 'data'
            compare(tap, judge, rules, path, made, lambda n: own and n.startswith('%s %s in' % (kind, name)) and 'GRE' not in n, dash_d(rules))
        users_links(tap, judge, directory)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
