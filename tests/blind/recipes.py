# SPDX-License-Identifier: BSD-2-Clause
"""How captures are damaged and recombined. Each recipe is a function (case) that works on case.path, a capture, and leaves
another one there; it returns a line that says what it did, or raises Unfit where the capture is none for it."""
import os
import struct
import subprocess

import hostile
import pcap
import tunnels

RANDOM = 0.25       # of the sources are random traffic with many reuses
MOST = 600         # frames that tunnels are put around
LINK_KINDS = {1: 'eth', 12: 'ip', 14: 'ip', 101: 'ip', 228: 'ip', 229: 'ip'}


class Unfit(Exception):
    """Nothing comes of this recipe and this capture."""


class Case:
    """.rng: all that is drawn; .path: the capture; .source(): another one, from the sources of the campaign."""

    def __init__(self, rng, directory, sources, formats):
        self.rng, self.directory, self.sources, self.formats, self.number = rng, directory, sources, formats, 0
        self.sources_used = 1
        self.path = self.source()
        self.told = [os.path.basename(self.path)]

    def source(self):
        if self.rng.random() < RANDOM:
            return self.write(hostile.pcap(self.rng.randrange(1 << 30), 300, self.rng.choice((0.0, 0.1, 0.5))), 'random')
        return self.rng.choice(self.sources)

    def next(self, name=''):
        self.number += 1
        return os.path.join(self.directory, '%s%d' % (name, self.number))

    def write(self, data, name=''):
        path = self.next(name)
        with open(path, 'wb') as file:
            file.write(data)
        return path

    def data(self):
        with open(self.path, 'rb') as file:
            return file.read()

    def tool(self, arguments, path=None):
        """Runs a tool that writes the file at the end of its arguments; that is the capture now."""
        out = self.next()
        done = subprocess.run(arguments + [path or self.path, out], stdin=subprocess.DEVNULL, capture_output=True)
        if not os.path.exists(out) or not os.path.getsize(out):
            raise Unfit(done.stderr.decode(errors='replace')[-200:])
        self.path = out

    def frames(self):
        """(link type, [pcap.Record]) of the capture, if it has one link type."""
        kept = self.path
        self.tool(['editcap', '-F', 'pcap'])
        data, self.path = self.data(), kept
        head = pcap.header(data)
        if not head:
            raise Unfit('no pcap')
        return head.link, list(pcap.records(data))[:MOST]


def damage(case):
    share = case.rng.choice((0.0005, 0.002, 0.01, 0.05, 0.2))
    more = ['-o', str(case.rng.choice((12, 14, 34)))] if case.rng.random() < 0.4 else []
    case.tool(['editcap', '-E', str(share), '--seed', str(case.rng.randrange(1 << 30))] + more)
    return 'bytes changed, %s of them %s' % (share, ' '.join(more))


def chop(case):
    first, length = case.rng.choice((0, 0, 12, 14, 18)), case.rng.choice((2, 4, 8, 14, 20, 26, -1, -4, -6, -20))
    more = ['-L'] if case.rng.random() < 0.5 else []
    where = '%d:%d' % (first, length) if first else '%d' % length
    case.tool(['editcap', '-C', where] + more)
    return 'chopped %s %s' % (where, ' '.join(more))


def snap(case):
    length = case.rng.choice((20, 33, 34, 47, 48, 50, 53, 54, 60, 66, 74, 90, 110, 150))
    case.tool(['editcap', '-s', str(length)])
    return 'at most %d bytes a frame' % length


def shift(case):
    how = case.rng.choice((['-t', '-1000000.5'], ['-t', '0.001'], ['-t', '3600'], ['-S', '0.000001'], ['-S', '-0.0001'], ['-S', '0']))
    case.tool(['editcap'] + how)
    return 'times: ' + ' '.join(how)


def select(case):
    parts = []
    for _ in range(case.rng.randrange(1, 5)):
        first = case.rng.randrange(1, 60)
        parts.append('%d-%d' % (first, first + case.rng.randrange(60)))
    keep = ['-r'] if case.rng.random() < 0.5 else []
    out = case.next()
    subprocess.run(['editcap'] + keep + [case.path, out] + parts, stdin=subprocess.DEVNULL, capture_output=True)
    if not os.path.exists(out):
        raise Unfit('no frames')
    case.path = out
    return 'frames %s %s' % ('kept' if keep else 'left out', ' '.join(parts))


def repeat(case):
    how = case.rng.choice((['-d'], ['-D', '5'], ['-w', '0.5']))
    case.tool(['editcap'] + how)
    return 'without copies: ' + ' '.join(how)


def cut(case):
    data = case.data()
    at = case.rng.randrange(24, len(data)) if len(data) > 25 else len(data)
    case.path = case.write(data[:at])
    return 'cut at byte %d of %d' % (at, len(data))


def corrupt(case):
    """Bytes of the file, with those of its headers."""
    data = bytearray(case.data())
    places = [case.rng.randrange(24, len(data)) if len(data) > 25 else 0 for _ in range(case.rng.choice((1, 1, 2, 5)))]
    for at in places:
        data[at] ^= 1 << case.rng.randrange(8)
    case.path = case.write(bytes(data))
    return 'bits changed in bytes ' + ' '.join(map(str, places))


def merge(case):
    others = [case.source() for _ in range(case.rng.choice((1, 2, 4, 8)))]
    case.sources_used += len(others)
    inputs = [case.path] + others
    if case.rng.random() < 0.3:
        inputs.append(case.path)
    how = ['-a'] if case.rng.random() < 0.4 else []
    how += ['-I', case.rng.choice(('none', 'all', 'any'))]
    out = case.next()
    subprocess.run(['mergecap'] + how + ['-w', out] + inputs, stdin=subprocess.DEVNULL, capture_output=True)
    if not os.path.exists(out):
        raise Unfit('not merged')
    case.path = out
    return 'merged %s with %s' % (' '.join(how), ', '.join(map(os.path.basename, inputs[1:])))


def join(case):
    """Behind each other, as cat does: a pcapng file of several sections."""
    kept = case.path
    case.tool(['editcap', '-F', 'pcapng'])
    first = case.data()
    case.tool(['editcap', '-F', 'pcapng'], case.source())
    second = case.data()
    case.path = case.write(first + second)
    return 'two sections, of %s' % os.path.basename(kept)


def convert(case):
    for form in case.rng.sample(case.formats, 4):
        try:
            case.tool(['editcap', '-F', form])
            return 'as ' + form
        except Unfit:
            continue
    raise Unfit('no format')


def dump(case):
    """Through text2pcap: frames as what stands in made-up headers, or as they are."""
    link, records = case.frames()
    rng = case.rng
    drop = 14 if link == 1 and rng.random() < 0.6 else 0
    if drop:
        how = rng.choice((['-e', '0x800'], ['-e', '0x86dd'], ['-i', '4'], ['-i', '41'], ['-u', '50000,4341'], ['-T', '40000,40001'],
                          ['-u', '2152,2152'], ['-l', '101'], ['-i', '4', '-4', '10.9.9.1,10.9.9.2'],
                          ['-i', '4', '-6', '2001:db8::1,2001:db8::2']))
    else:
        how = rng.choice((['-l', str(link)], ['-i', '143'], ['-T', '40000,8081'], ['-e', '0x6558'], ['-i', '97'], ['-u', '50000,4789']))
    lines = []
    for record in records[:300]:
        seconds, data = record.time // pcap.SECOND, record.data[drop:]
        lines.append('%d.%06d' % (seconds, record.time % pcap.SECOND // 1000))
        lines += ['%06x %s' % (at, data[at:at + 16].hex(' ')) for at in range(0, len(data), 16)] + ['']
    text = case.write(('\n'.join(lines) + '\n').encode())
    case.tool(['text2pcap', '-q', '-t', '%s.%f'] + how, text)
    return 'through text2pcap, %d bytes left out, %s' % (drop, ' '.join(how))


def wrap_one(case, path, out_link):
    """(words, link type, [pcap.Record]) of a capture in a stack of tunnels; out_link: that the file has to have, or None."""
    case.path = path
    link, records = case.frames()
    if link not in LINK_KINDS:
        raise Unfit('link type %d' % link)
    rng = case.rng
    kind, strip = LINK_KINDS[link], False
    if kind == 'eth' and rng.random() < 0.5:
        kind, strip = 'ip', True
    names, out_link, put = tunnels.nest(rng, kind, rng.choice((1, 1, 2, 2, 3, 4, 6)), out_link)
    out = []
    for record in records:
        data = record.data
        if strip:
            if data[12:14] not in (b'\x08\0', b'\x86\xdd'):
                continue
            data = data[14:]
        missing = max(record.length - len(data) - 14 * strip, 0)
        try:
            frame = put(data)
        except struct.error:        # a packet that its header cannot tell
            continue
        out.append(pcap.Record(record.time % (pcap.SECOND << 32), min(len(frame) + missing, 0x7fffffff), frame))
    return '%s (%s) in %s' % (os.path.basename(path), kind, ' in '.join(names)), out_link, out


def wrap(case):
    """Captures, each in a stack of tunnels of its own, in one file: behind each other, or mixed."""
    paths = [case.path] + [case.source() for _ in range(case.rng.choice((0, 1, 3, 5, 7)))]
    link, told, records = None, [], []
    for path in paths:
        try:
            words, link, some = wrap_one(case, path, link)
        except Unfit:
            continue
        told.append(words)
        records.append(some)
        case.sources_used += 1
    out = [record for some in records for record in some]
    if case.rng.random() < 0.3:         # one of each in turn
        out = [some[i] for i in range(max(map(len, records), default=0)) for some in records if i < len(some)]
    if not out:
        raise Unfit('no IP')
    case.path = case.next()
    pcap.write(case.path, out, unit=1, link=link)
    return '%s, link type %d' % ('; '.join(told), link)


# name: (function, how often)
RECIPES = {
    'damage': (damage, 4), 'chop': (chop, 3), 'snap': (snap, 3), 'shift': (shift, 2), 'select': (select, 2), 'repeat': (repeat, 1),
    'cut': (cut, 2), 'corrupt': (corrupt, 3), 'merge': (merge, 4), 'join': (join, 1), 'convert': (convert, 4), 'dump': (dump, 3),
    'wrap': (wrap, 12),
}
