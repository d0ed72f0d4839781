#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: texts.py TCPREUSE [NAME...]

Traces in text, and others whose frames have to be made from what they show. The same frames are written in each format; the
rows have to be those of the plain pcap file. What is broken is said with its place, and what stands before it is reported. A
tshark that is installed has to find the same frames; the environment variable TSHARK names another one (tests/lib/tshark.py).
"""
import gzip
import os
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import program as programs  # noqa: E402
import tshark  # noqa: E402
from run import Program, conversations, nanoseconds, pcap, same  # noqa: E402

START = 1500000000          # 2017-07-14 02:40:00 UTC


# writers: of [(microseconds, Ethernet frame)]

def dots(data):
    return ''.join(chr(b) if 32 < b < 127 else '.' for b in data)


def rows_of(data, width=16):
    return [data[i:i + width] for i in range(0, len(data), width)]


def netscreen(frames, interface='ethernet2/1', words=2, end='\n', cut=None, strip=0):
    out = ['ns5-> get dbuf stream']
    for t, data in frames:
        out.append('%d.%d: %s(%s) len=%d:020000000001->020000000002/0800' % (
            t // 1000000, t // 100000 % 10, interface, 'io'[t & 1], len(data) - strip))
        out += ['              10.0.0.1 -> 10.0.1.1/6', '              vhl=45, tos=00, id=0, frag=0000, ttl=64'][:words]
        for row in rows_of(data[strip:cut]):
            out.append('              %-47s     %s' % (row.hex(' '), dots(row)))
        out.append('')
    return (end.join(out) + end).encode()


def k12text(frames, end='\r\n', kind='ETHER', words='', strip=0, head=b''):
    out = []
    for t, data in frames:
        seconds = 16 * 3600 + t // 1000000
        out += ['+---------+---------------+----------+',
                '%02d:%02d:%02d,%03d,%03d   %s' % (seconds // 3600, seconds // 60 % 60, seconds % 60, t // 1000 % 1000, t % 1000, kind),
                '|0   |%s|%s' % ((head + data[strip:]).hex('|'), words), '']
    return (end.join(out) + end).encode()


def iplog(frames, swapped=False):
    out = []
    for t, data in frames:
        data = bytearray(data[14:])
        if swapped:
            data[:6] = data[1], data[0], data[3], data[2], data[5], data[4]
        out.append(struct.pack('>IHH', START + t // 1000000, 0, len(data)) + data)
    return b''.join(out)


def toshiba(frames, channel='B1:1', head=b'\xff\3\0\x21', strip=14, magic='T O S H I B A'):
    out = ['Login:admin', '|      %s    T R - 6 0 0     |' % magic, '(tr600)>snoop dump b1', '']
    for n, (t, data) in enumerate(frames):
        data, seconds = head + data[strip:], t // 1000000
        out += ['[No.%d] %02d:%02d:%02d.%02d %s %s 10.0.0.1->10.0.1.1 TCP' % (
                    n + 1, seconds // 3600, seconds // 60 % 60, seconds % 60, t // 10000 % 100, channel, ('Tx', 'Rx')[n & 1]),
                'OFFSET 0001-0203-0405-0607-0809-0A0B-0C0D-0E0F 0123456789ABCDEF LEN=%d' % len(data)]
        for i, row in enumerate(rows_of(data)):
            out.append('%04X : %-39s %s' % (i * 16, ' '.join(pair.hex().upper() for pair in rows_of(row, 2)), dots(row)))
        out.append('')
    return ('\n'.join(out) + '\n').encode()


def vms_time(t):
    seconds = t // 1000000
    return '14-JUL-2017 02:%02d:%02d.%02d' % (40 + seconds // 60, seconds % 60, t // 10000 % 100)


def etherwatch(frames, protocol='08-00 00 00-00-00-00-00', title='ETHERWATCH  X5-008'):
    out = [title, '42 IO buffers', '']
    for t, data in frames:
        out += ['From 02-00-00-00-00-01 [MF1] to 02-00-00-00-00-02 [PSERVB]',
                'Protocol %s, %4d byte buffer at %s' % (protocol, len(data) - 14, vms_time(t))]
        for i, row in enumerate(rows_of(data[14:])):
            out.append('  [%-16s]-%5d-[%s]' % (dots(row), i * 16, row.hex(' ').upper()))
        out.append('')
    return ('\n'.join(out) + '\n').encode()


def vms(frames, first='TCPIPtrace full display RCV packet %d', bar='   ', headless=False):
    out = ['$ TCPTRACE HOST1 /FULL', '']
    for n, (t, data) in enumerate(frames):
        data = data[14:]
        if not headless or n % 2 == 0:
            out += ['   %s at %s' % (first % (n + 1), vms_time(t)), '']
        out += ['   IP Version = 4,  IHL = 5,  TOS = 00,   Total Length = %d = ^x%04X' % (len(data), len(data)),
                '   IP Source Address      = 10.0.0.1', '']
        for i, row in enumerate(rows_of(data)):
            groups = [group[::-1].hex().upper().rjust(8) for group in rows_of(row, 4)]
            groups += [' ' * 8] * (4 - len(groups))
            out.append('   %s    %04X    %s' % ((bar if i else '   ').join(groups[::-1]), i * 16, dots(row)))
        out.append('')
    return ('\n'.join(out) + '\n').encode()


def cosine(frames, interface='ETH', before=(0, 0), head=b'', strip=0, timed=True):
    """before: bytes before a packet that was sent, and received."""
    out = ['IPNOS: CONFIG VPN(200) VR(3.3.3.3)#', '']
    for n, (t, data) in enumerate(frames):
        data, seconds = bytes(before[n & 1]) + head + data[strip:], t // 1000000
        time = '2017-7-14,02:%02d:%02d.%d:  ' % (40 + seconds // 60, seconds % 60, t // 10000 % 100)
        out.append('%sl2-%s (%s:3/7/1:100), Length:%d, Pro:0, Off:0, Pri:0, RM:0, Err:0 [0x4000, 0x0]' % (
            time if timed else '', ('tx', 'rx')[n & 1], interface, len(data)))
        out += [row.hex(' ').upper() for row in rows_of(data)] + ['']
    return ('\n'.join(out) + '\n').encode()


def ascend(frames, kind='wandsess', words=False, head=b'\xff\3\0\x21', strip=14):
    out = ['TNT> wandsess iguana', '']
    for n, (t, data) in enumerate(frames):
        data = head + data[strip:]
        if kind == 'wdd':
            out += ['Date: 07/14/2017.  Time: 02:40:00', 'Cause an attempt to place call to 14082750382',
                    'WD_DIALOUT_DISP: chunk 2515EE type IP.']
        before = {'wdd': '(task: 251790', 'ETHER': 'ETHER3ND RECV: (task "_sarTask" at 0x802c6eb0',
                  'wandsess': '%s-iguana:241:(task: B02614C0' % ('XMIT', 'RECV')[n & 1]}[kind]
        out.append('%s, time: %d.%02d) %d octets @ %s' % (
            before, 1000 + t // 1000000, t // 10000 % 100, len(data), ('8003BD94', '0xa8fb2020')[kind == 'ETHER']))
        for i, row in enumerate(rows_of(data[:128])):
            out.append('  [%04x]: %s' % (i * 16, ('%-47s    %s' % (row.hex(' '), dots(row)) if words else row.hex(' ').upper() + ' ')))
    return ('\n'.join(out) + '\n').encode()


def iseries(frames, digits=6, end='\n', pages=False, encoding='ascii', left=27):
    columns = [' Record       Data    Record           Controller  Destination   Source        Frame',
               ' Number  S/R  Length  Timer            Name        MAC Address   MAC Address   Format',
               ' ------  ---  ------  ---------------  ----------  ------------  ------------  ------']
    title = ' COMMUNICATIONS TRACE       Title: OS400 - OS400 trace               07/14/17  02:55:50               Page:       1'
    out = [title, ' Object protocol  . . . . . . :   ETHERNET', ' Start date/Time . . . . . .  :   07/14/17  02:40:00.341', ''] + columns
    for n, (t, data) in enumerate(frames):
        seconds, ip, link = t // 1000000, data[14:], data[:14].hex().upper()
        first, second = (ip[0] & 15) * 4, (ip[(ip[0] & 15) * 4 + 12] >> 4) * 4
        out += ['%7d   %s   %6d  02:%02d:%02d.%-6s              %s  %s   ETHV2   Type: %s' % (
                    n + 1, 'SR'[n & 1], len(ip), 40 + seconds // 60, seconds % 60, ('%06d' % (t % 1000000))[:digits], link[:12], link[12:24],
                    link[24:]),
                '                      Frame Type :  IP          DSCP: 0   ECN: 00-NECT  Length: %5d   Protocol: TCP' % len(ip),
                '                                    Src Addr: 10.0.0.1            Dest Addr: 10.0.1.1            Fragment Flags: MAY,LAST',
                '                      IP Header  :  ' + ip[:first].hex().upper(), '                      IP Options :  NONE',
                '                      TCP  . . . :  Src Port:  6006,Unassigned    Dest Port: 35366,Unassigned',
                '                      TCP Header :  ' + ip[first:first + second].hex().upper()]
        for i, row in enumerate(rows_of(ip[first + second:], 32)):
            groups = [group.hex().upper() for group in rows_of(row, 8)]
            groups += [''] * (4 - len(groups))
            out.append('%s%-16s %-16s  %-16s %-16s   *%-32s*' % (
                (' ' * left if i else '         Data . . . . . :  '), *groups, dots(row).replace('*', '.')))
            if pages:
                out += ['', title] + columns
    return (end.join(out) + end).encode(encoding)


def escaped(data):
    return b''.join(bytes((0xfe, byte - 2)) if byte >= 0xfe else bytes((byte,)) for byte in data)


def eyesdn(frames, head=b'\xff\3\0\x21', strip=14, channel=1, kind=0, between=b''):
    out = b'EyeSDN'
    for n, (t, data) in enumerate(frames):
        data, time = head + data[strip:], START * 1000000 + t
        out += between + b'\xff' + escaped((time % 1000000).to_bytes(3, 'big') + (time // 1000000).to_bytes(5, 'big') +
                                          struct.pack('>BBH', channel, kind << 1 | n & 1, len(data)) + data)
    return out


def i4b(frames, order='<', head=b'\xff\3\0\x21', strip=14, kind=2):
    out = b''
    for n, (t, data) in enumerate(frames):
        data = head + data[strip:]
        out += struct.pack(order + '8I', 32 + len(data), 0, kind, n & 1, 0, n, START + t // 1000000, t % 1000000) + data
    return out


def hcidump(frames):
    """As ACL data, of which nothing here knows what it is."""
    out = b''
    for n, (t, data) in enumerate(frames):
        packet = struct.pack('<BHH', 2, 0x2001, len(data)) + data
        out += struct.pack('<HBBII', len(packet), n & 1, 0, START + t // 1000000, t % 1000000) + packet
    return out


def ppp(frames, head='0021'):
    return [(t, bytes.fromhex(head) + data[14:]) for t, data in frames]


SECOND, TENTH, HUNDREDTH, MICRO = 1000000, 100000, 10000, 1
K12_START = 946681200 + 16 * 3600
# name: (writer, microseconds of its unit of time, or None: times are not compared; seconds that its times begin at)
FLAVOURS = {
    'NetScreen': (netscreen, TENTH, 0),
    'NetScreen, no words': (lambda frames: netscreen(frames, words=0, end='\r\n'), TENTH, 0),
    'NetScreen, ADSL': (lambda frames: netscreen(frames, 'adsl1'), TENTH, 0),
    'NetScreen, ADSL with PPP': (lambda frames: netscreen(ppp(frames), 'adsl1'), TENTH, 0),
    'K12 text': (k12text, MICRO, K12_START),
    'K12 text, lines': (lambda frames: k12text(frames, '\n', words='\n|more|\nIP: and more'), MICRO, K12_START),
    'K12 text, HDLC': (lambda frames: k12text(frames, kind='HDLC', strip=14, head=b'\x0f\0\x08\0'), MICRO, K12_START),
    'IPLog': (iplog, SECOND, START),
    'IPLog, swapped': (lambda frames: iplog(frames, True), SECOND, START),
    'Toshiba': (toshiba, HUNDREDTH, 0),
    'Toshiba, Ethernet': (lambda frames: toshiba(frames, 'E0', b'', 0), HUNDREDTH, 0),
    'Etherwatch': (etherwatch, HUNDREDTH, START),
    'Etherwatch, SNAP': (lambda frames: etherwatch(frames, 'AA-AA 03 00-00-00-08-00'), HUNDREDTH, START),
    'TCPIPtrace': (vms, HUNDREDTH, START),
    'TCPIPtrace, UCX': (lambda frames: vms(frames, ' UCX INTERnet trace RCV packet seq # = %d', ' | '), HUNDREDTH, START),
    'TCPIPtrace, fragments': (lambda frames: vms(frames, headless=True), None, START),
    'CoSine': (cosine, HUNDREDTH, START),
    'CoSine, PPP': (lambda frames: cosine(frames, 'PPP', (4, 4), b'\0\x21', 14), HUNDREDTH, START),
    'CoSine, HDLC': (lambda frames: cosine(frames, 'HDLC', (2, 4), b'\x0f\0\x08\0', 14), HUNDREDTH, START),
    'CoSine, Frame Relay': (lambda frames: cosine(frames, 'FR', (4, 4), b'\x18\x41\3\xcc', 14), HUNDREDTH, START),
    'CoSine, PPP over Frame Relay': (lambda frames: cosine(frames, 'PPoFR', (4, 4), b'\x18\x41\3\xcf\0\x21', 14), HUNDREDTH, START),
    'CoSine, ATM': (lambda frames: cosine(frames, 'ATM', (16, 16), b'\xaa\xaa\3\0\0\0\x08\0', 14), HUNDREDTH, START),
    'CoSine, without times': (lambda frames: cosine(frames, timed=False), None, 0),
    'Ascend': (ascend, HUNDREDTH, 1000),
    'Ascend, Ethernet': (lambda frames: ascend(frames, 'ETHER', True, b'', 0), HUNDREDTH, 1000),
    'Ascend, wdd': (lambda frames: ascend(frames, 'wdd', False, b'', 0), HUNDREDTH, START),
    'IBM i': (iseries, MICRO, START),
    'IBM i, five digits': (lambda frames: iseries(frames, 5), 10, START),
    'IBM i, pages': (lambda frames: iseries(frames, 6, '\r\n', True, left=36), MICRO, START),
    'IBM i, UTF-16': (lambda frames: iseries(frames, encoding='utf-16'), MICRO, START),
    'IBM i, UTF-16, the other order': (lambda frames: iseries(frames, encoding='utf-16-be'), MICRO, START),
    'EyeSDN': (eyesdn, MICRO, START),
    'EyeSDN, B channel 30': (lambda frames: eyesdn(frames, channel=30, between=b'what is none'), MICRO, START),
    'EyeSDN, HDLC': (lambda frames: eyesdn(frames[:1]) + eyesdn(frames, b'\x0f\0\x08\0')[6 + len(eyesdn(frames[:1], b'\x0f\0\x08\0')) - 6:],
                     MICRO, START),
    'isdn4bsd': (i4b, MICRO, START),
    'isdn4bsd, the other order': (lambda frames: i4b(frames, '>', kind=3), MICRO, START),
    'isdn4bsd, the driver': (lambda frames: i4b(frames, '<', struct.pack('<I', 2), kind=0), MICRO, START),
    'isdn4bsd, PPP without its address': (lambda frames: i4b(frames[:1]) + i4b(frames, head=b'\0\x21')[len(i4b(frames[:1], head=b'\0\x21')):],
                                          MICRO, START),
    'Toshiba, PPP without its address': (lambda frames: toshiba(frames[:1]) + toshiba(frames, head=b'\0\x21').partition(b'[No.2]')[2].join(
        (b'[No.2]', b'')), HUNDREDTH, 0),
    'NetScreen, serial': (lambda frames: netscreen(ppp(frames), 'serial3/0'), TENTH, 0),
}


def broken(frames):
    """(name, data, whole frames before it, words of the error)"""
    def replaced(make, old, new, after=3):
        """The first occurrence of old behind some frames is replaced."""
        before, data = make(frames[:after]), make(frames)
        at = data.index(old, len(before) - 1)
        return data[:at] + new + data[at + len(old):]
    yield 'NetScreen, header', replaced(netscreen, b'.', b','), 3, ('offset', 'first line of a NetScreen packet')
    yield 'NetScreen, length', replaced(netscreen, b'len=', b'len=9999999'), 3, ('at most 262144 bytes',)
    yield 'NetScreen, digit', replaced(netscreen, b' 06 ', b' 0x '), 3, ('two hexadecimal digits',)
    yield 'NetScreen, first line', replaced(netscreen, b'              02 ', b' 02\n'), 3, ('at least 6 bytes, found one of 1',)
    yield 'K12 text, kind', replaced(k12text, b'ETHER', b'FRELAY'), 3, ('found one of an unknown kind',)
    yield 'K12 text, SSCOP', replaced(k12text, b'ETHER', b'SSCOP'), 3, ('found one of SSCOP',)
    yield 'K12 text, length', replaced(k12text, b'|0   |', b'|0   |' + b'00|' * 262144), 3, ('at most 262144 bytes',)
    yield 'K12 text, cut', k12text(frames[:4])[:-2], 3, ('ends with an empty line', 'the end of the file')
    yield 'IPLog, cut', iplog(frames[:4])[:-2], 3, ('expected a record of',)
    yield 'IPLog, header', iplog(frames[:3]) + b'\0\0', 3, ('a record header of 8 bytes', 'the end of the file after 2')
    yield 'Toshiba, header', replaced(toshiba, b'[No.4] ', b'[No.4 '), 3, ('time, channel and direction',)
    yield 'Toshiba, length', replaced(toshiba, b'LEN=', b'LAN='), 3, ('LEN=',)
    yield 'Toshiba, long', replaced(toshiba, b'LEN=', b'LEN=999999'), 3, ('at most 262144 bytes',)
    yield 'Toshiba, offset', replaced(toshiba, b'0010 :', b'0020 :'), 3, ('begins with 0010',)
    yield 'Toshiba, cut', toshiba(frames[:4])[:len(toshiba(frames[:4])) - len(toshiba(frames[:4]).rpartition(b'0020 :')[2]) - 6], 3, ('more bytes of a packet', 'the end of the file')
    yield 'Etherwatch, address', replaced(etherwatch, b'] to 02-', b'] to xx-'), 3, ('two Ethernet addresses',)
    yield 'Etherwatch, header', replaced(etherwatch, b'byte buffer', b'bit buffer'), 3, ('protocol, length and time',)
    yield 'Etherwatch, long', replaced(etherwatch, b' byte buffer', b'9999999 byte buffer'), 3, ('at most 262144 bytes',)
    yield 'Etherwatch, short', replaced(etherwatch, b', ', b',    1 byte buffer at 1-JAN-2001 00:00:00.00'), 3, ('no more bytes',)
    yield 'Etherwatch, offset', replaced(etherwatch, b'-   16-', b'-   17-'), 3, ('with their offset',)
    yield 'Etherwatch, digit', replaced(etherwatch, b' 06 ', b' 0x '), 3, ('two hexadecimal digits',)
    yield 'Etherwatch, cut', etherwatch(frames[:4])[:-60], 3, ('expected',)
    yield 'TCPIPtrace, time', replaced(vms, b'2017 02:', b'2017 02.'), 3, ('number and time of a packet',)
    yield 'TCPIPtrace, length', replaced(vms, b'Total Length =', b'Total:'), 3, ('the length of a packet before its bytes',)
    yield 'TCPIPtrace, long', replaced(vms, b'Length = ', b'Length = 999999'), 3, ('at most 262144 bytes',)
    yield 'TCPIPtrace, offset', replaced(vms, b'    0010    ', b'    0020    '), 3, ('with their offset',)
    yield 'TCPIPtrace, digit', replaced(vms, b'   5000', b'   50x0'), 3, ('two hexadecimal digits',)
    yield 'TCPIPtrace, cut', vms(frames[:4])[:-90], 3, ('expected',)
    yield 'CoSine, header', replaced(cosine, b', Pro:', b', Per:'), 3, ('time, interface, length and codes',)
    yield 'CoSine, long', replaced(cosine, b'Length:', b'Length:999999'), 3, ('at most 262144 bytes',)
    yield 'CoSine, digit', replaced(cosine, b' 06 ', b' 0x '), 3, ('16 bytes in hexadecimal digits',)
    yield 'CoSine, cut', b'\n'.join(cosine(frames[:4]).split(b'\n')[:-4]) + b'\n', 3, ('more bytes of a packet',)
    yield 'IBM i, header', replaced(iseries, b'ETHV2   Type', b'ETHV2   Tipe'), 3, ('direction, length, time, addresses and type',)
    yield 'IBM i, long', replaced(iseries, b'  02:', b'99999  02:'), 3, ('at most 262144 bytes',)
    yield 'IBM i, digit', replaced(iseries, b'TCP Header :  ', b'TCP Header :  0'), 3, ('hexadecimal digits',)
    yield 'IBM i, more than there is', replaced(iseries, b'TCP Header :  ', b'TCP Header :  ' + 2000 * b'00'), 3, ('found more of it',)
    at = len(eyesdn(frames[:3]))
    yield 'EyeSDN, cut by the next', eyesdn(frames)[:at + 20] + eyesdn(frames[:3])[6:], 3, ('more bytes of a frame, found the next record',)
    yield 'EyeSDN, cut', eyesdn(frames)[:at + 20], 3, ('more bytes of a frame, found the end of the file',)
    yield 'EyeSDN, header', eyesdn(frames)[:at + 4], 3, ('more bytes of a record header, found the end of the file',)
    yield 'EyeSDN, cell', eyesdn(frames[:3]) + eyesdn(frames[3:6], kind=3)[6:], 3, ('a cell of ATM of 53 bytes',)
    at = len(i4b(frames[:6]))
    yield 'isdn4bsd, short', i4b(frames[:6]) + bytes(3) + i4b(frames[6:]), 6, ('a record of 32 to 262176 bytes',)
    yield 'isdn4bsd, cut', i4b(frames)[:at + 40], 6, ('expected a record of', 'the end of the file after 40')
    yield 'isdn4bsd, header', i4b(frames)[:at + 4], 6, ('expected a record header of 32 bytes',)
    yield 'Ascend, header', replaced(ascend, b' octets', b' bytes'), 3, ('the time and length of a packet',)
    yield 'Ascend, long', replaced(ascend, b' octets', b'999999 octets'), 3, ('at most 262144 bytes',)
    yield 'Ascend, digit', replaced(ascend, b' 06 ', b' 0x '), 3, ('in hexadecimal digits',)
    yield 'Ascend, no bytes', ascend(frames[:3]) + ascend(frames[3:4]).partition(b'  [')[0], 3, ('bytes of a packet', 'the end of the file')


IPV4 = bytes.fromhex('450000280000000040060000' + '0a0000010a000002' + '9c401f91' + '0000000700000000' + '5002ffff00000000')
# no traces, though they look like them
OTHERS = {
    'NetScreen, in a sentence': b'The line begins with ethernet1(i) len=98: and so on.\n' * 3,
    'K12 text, a table': b'+---------+---------------+----------+\n| id      | name          | number   |\n' * 40,
    'Toshiba, without its name': toshiba([(0, bytes(40))], magic='OTHER'),
    'Etherwatch, without its name': etherwatch([(0, bytes(40))], title='ETHERWITCH'),
    'TCPIPtrace, in a sentence': b'TCPIPtrace prints each packet 8 times.\n' * 9,
    'CoSine, in a sentence': b'Each line begins with l2-tx (PPP:1/1) or l2-rx, and so on.\n' * 9,
    'Ascend, of a scheduler': b'Each (task: 17, time: 3.5) had 7 octets @ 77\n' * 9,
    'IBM i, token ring': iseries([(0, bytes(14) + IPV4)]).replace(b'ETHERNET', b'TOKENRING'),
    'IBM i, in a sentence': b'A COMMUNICATIONS TRACE has an Object protocol. It is ETHERNET: or another.\n' * 9,
    'isdn4bsd, one record': i4b([(0, bytes(14) + IPV4)]),
    'isdn4bsd, the second is none': i4b([(0, bytes(14) + IPV4)]) + struct.pack('<8I', 44, 9, 2, 0, 0, 0, START, 0) + bytes(12),
    'isdn4bsd, small numbers': b''.join(struct.pack('<I', i % 40) for i in range(2000)),
    'hcidump, a packet of another length': hcidump([(0, bytes(30))] * 3).replace(b'\2\x01\x20\x1e', b'\2\x01\x20\x1d'),
    'hcidump, cut': hcidump([(0, bytes(30))])[:-1],
    'hcidump, type': hcidump([(0, bytes(30))] * 3).replace(b'\2\x01\x20', b'\5\x01\x20'),
    'IPLog, zeros': bytes(5000),
    'IPLog, another length': iplog([(0, bytes(14) + b'\x45\0\0\x20' + bytes(30))]),
    'text': b'From here to there.\n' * 400,
}


def is_wanted(name):
    return not sys.argv[2:] or any(name.startswith(word) for word in sys.argv[2:])


def check_formats(tap, program, frames, want):
    few = frames[:3]
    for name, (make, unit, start) in FLAVOURS.items():
        if not is_wanted(name):
            continue
        data = make(frames)
        complaints = same(program, data, want)
        times = [nanoseconds(t) for t in program.times()] if unit and not complaints else []
        unit = unit or 1
        expected = [(start * 1000000 + t) // unit * unit * 1000 for t, _ in frames]
        wrong = [(got, time) for got, time in zip(times, expected) if got != time]
        tap.ok(name, complaints + ['time %d, expected %d ns' % pair for pair in wrong[:1]])
        tap.ok(name + ', 8 threads', same(program, data, want, threads=8))
        tap.ok(name + ', gzip', same(program, gzip.compress(data), want))
        if ', ' not in name and name not in ('IPLog', 'EyeSDN', 'isdn4bsd'):
            quoted = b''.join(b' * ' + line for line in make(few).splitlines(True))
            tap.ok(name + ', in a comment', same(program, quoted, [], 2, says=('expected a capture, found text',)))
        out, data = [], make(few)
        for n in list(range(len(make(few[:2])) - 9, len(data) - 3, 43)) + list(range(len(data) - 3, len(data))):
            status, rows, error = program.run(data[:n])
            if rows[:len(few) - 1] != want[:len(rows)][:len(few) - 1] or len(rows) > len(few) or \
                    status not in (0, 2) or (status == 2 and ('expected' not in error or 'found' not in error)):
                out.append('cut at %d: exit %d, %d rows: %s' % (n, status, len(rows), error.strip()[-200:]))
        tap.ok(name + ', cut', out[:5])
    for name, data, count, says in broken(frames[:12]):
        if is_wanted(name):
            tap.ok('broken: ' + name, same(program, data, want[:count], 2, says=('expected', 'found') + says))
    for name, data in OTHERS.items():
        if is_wanted(name):
            tap.ok('no trace: ' + name, same(program, data, [], 2, says=('expected', 'found')))


def check_without_tcp(tap, program):
    """What is of no use here is read to its end, and said where it is broken."""
    frames = [(i * 1000, bytes((i,)) * i) for i in range(1, 40)]
    odd = [(t, b'\x7f' + data) for t, data in frames]
    for name, data, count, says in (
            ('hcidump', hcidump(frames), 39, ''), ('hcidump, one packet', hcidump(frames[:1]), 1, ''),
            ('hcidump, cut', hcidump(frames)[:-3], 38, 'expected a record of'),
            ('hcidump, header cut', hcidump(frames) + bytes(5), 39, 'expected a record header of 12 bytes'),
            ('EyeSDN, D channel', eyesdn(odd, b'', 0, 0), 39, ''), ('EyeSDN, no PPP', eyesdn(odd, b'', 0), 39, ''),
            ('EyeSDN, layer 1', eyesdn(odd, b'', 0, kind=1), 39, ''), ('EyeSDN, V5', eyesdn(odd, b'', 0, kind=8), 39, ''),
            ('EyeSDN, no records', b'EyeSDN', 0, ''), ('isdn4bsd, D channel', i4b(odd, head=b'', strip=0, kind=1), 39, ''),
            ('isdn4bsd, no PPP', i4b(odd, head=b'', strip=0), 39, '')):
        if not is_wanted(name):
            continue
        result = programs.run(program.path, [programs.write(program.directory, 'without', data)])
        read = result.summary()['frames']['read'] if 'summary' in result.reports else -1
        error = result.err.decode()
        tap.ok('without TCP: ' + name, [] if (read, result.status) == (count, 2 if says else 0) and says in error and not result.rows('packets')
               else ['%d frames, expected %d; %s' % (read, count, result.describe())])


def check_with_wireshark(tap, program, frames):
    judge = tshark.Tshark()
    if not judge.version:
        tap.skip('traces, as tshark reads them', 'no tshark')
        return
    path = os.path.join(program.directory, 'judged')
    for name, (make, _, _) in FLAVOURS.items():
        if not is_wanted(name):
            continue
        data = make(frames)
        with open(path, 'wb') as file:
            file.write(data)
        with open(path, 'rb') as file:
            done = subprocess.run(judge.command + ['-n', '-r', '-', '-Y', 'tcp', '-T', 'fields', '-e', 'frame.number', '-e', 'tcp.stream',
                                                   '-e', 'tcp.analysis.reused_ports', '-e', 'tcp.len'],
                                  stdin=file, capture_output=True, text=True, env=judge.environment)
        judged = [tuple(line.split('\t')) for line in done.stdout.splitlines()]
        status, rows, error = program.run(data, '--rules', judge.rules)
        got = [(row[0], row[1], '1' if row[3] == '1' else '', row[-1]) for row in rows]
        wrong = [pair for pair in zip(got, judged) if pair[0] != pair[1]]
        tap.ok(name + ', as tshark reads it', ['%d frames, tshark: %d: %s' % (len(got), len(judged), done.stderr[-200:])] *
               (len(got) != len(judged)) + ['%r, tshark: %r' % pair for pair in wrong[:1]])


def main():
    tap = programs.Tap()
    with tempfile.TemporaryDirectory(prefix='tcpreuse-texts-') as directory:
        program = Program(os.path.abspath(sys.argv[1]), directory)
        frames = conversations(0, 30)
        status, want, error = program.run(pcap(frames))
        tap.ok('pcap', [] if status == 0 and len(want) == len(frames) else [error])
        check_formats(tap, program, frames, want)
        check_without_tcp(tap, program)
        check_with_wireshark(tap, program, frames)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
