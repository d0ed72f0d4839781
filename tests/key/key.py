#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: key.py TCPREUSE

--key: conversations apart by VLAN, interface and overlay network. The captures have few tuples, which all realms share.

 - What is found of a realm is what is found in a capture of its frames alone: every column of reuse.csv and conversations.csv.
 - The number of threads does not show in any report.
 - tshark 4.6 or later agrees frame for frame where its preference can do the same. Its keys also have the MAC addresses, so here
   all frames have the same; and it leaves Ethernet's interfaces and VLANs alone only, so here all frames are Ethernet.
 - Interfaces count by their number in their file, across files; without pcapng they are all 0.
"""
import os
import random
import struct
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
sys.path.insert(0, os.path.join(HERE, '..', 'formats'))
import capture  # noqa: E402
import hostile  # noqa: E402
import pcap  # noqa: E402
import program as programs  # noqa: E402
import tshark  # noqa: E402
from run import block, interface, section  # noqa: E402

PARTS = ('vlan', 'interface', 'vni')
KEYS = ('vlan', 'interface', 'vni', 'vlan,interface', 'vlan,interface,vni')
PREFERENCES = {'vlan': 'VM.', 'interface': '.MI', 'vlan,interface': 'VMI'}
THREADS = (2, 3, 8)
INTERFACES = 5
REPORTS = ('reuse', 'conversations', 'packets', 'episodes', 'endpoints', 'summary')
# numbers of frames, and of streams, in the rows
FRAMES = {'frame', 'previous_first_frame', 'previous_last_frame', 'first_frame', 'last_frame'}
STREAMS = {'stream', 'previous_stream', 'episode', 'reuses', 'reused_by'}
TAGGED = (b'\x81\x00', b'\x88\xa8', b'\x91\x00')


class Frame:
    """.data, .captured, and the realm: .vlan, .interface, .vni, as the columns show them."""

    def __init__(self, rng):
        data, snap = hostile.frame(rng, 0.1)
        while data[12:14] in TAGGED:
            data, snap = hostile.frame(rng, 0.1)
        cut = 0 if snap is None else max(len(data) - snap, 0)
        self.vlan, self.vni, self.interface = '', '', str(rng.randrange(INTERFACES))
        if rng.random() < 0.3:
            data = self.tag(rng, data)
        if rng.random() < 0.5:
            self.vni = str(rng.choice((0, 7, 0xffffff)))
            if rng.random() < 0.5:
                header, port = struct.pack('>II', 0x08000000, int(self.vni) << 8), 4789
            else:
                header, port = struct.pack('>II', 0x6558, int(self.vni) << 8), 6081
            length = 8 + len(header) + len(data)
            data = capture.ethernet(capture.ipv4(bytes((192, 168, 0, 1)), bytes((192, 168, 0, 2)), struct.pack(
                '>HHHH', 50000, port, length, 0) + header + data, protocol=17))
            if rng.random() < 0.7:
                data = self.tag(rng, data)
        self.data, self.captured = data, len(data) - cut

    def tag(self, rng, data):
        """Tags in front of all that the frame has: the outermost one of 802.1Q that is not 0 counts."""
        tags = [(rng.choice(TAGGED), rng.choice((0, 10, 20, 30)) | rng.randrange(8) << 13) for _ in range(rng.choice((1, 1, 1, 2)))]
        for kind, control in tags:
            if kind != b'\x88\xa8' and control & 0xfff:
                self.vlan = str(control & 0xfff)
                break
        return data[:12] + b''.join(kind + struct.pack('>H', control) for kind, control in tags) + data[12:]

    def realm(self, key):
        return tuple(getattr(self, part) for part in key.split(','))


def generate(seed, count):
    rng = random.Random(seed)
    return [Frame(rng) for _ in range(count)]


def packet(number, ticks, data, captured):
    head = struct.pack('<IIIII', number, ticks >> 32, ticks & 0xffffffff, captured, len(data))
    return block('<', 6, head + data[:captured])


def write(directory, name, frames):
    """A pcapng file; frames: (number, Frame), of which the number makes the time."""
    blocks = [section()] + [interface()] * INTERFACES
    blocks += [packet(int(f.interface), n * 100, f.data, f.captured) for n, f in frames]
    return programs.write(directory, name, b''.join(blocks))


def told(result, report, numbers, streams):
    """The rows, with the frames of the whole capture, without what is of the realm, and with streams by their first frames."""
    if result.status:
        raise ValueError(result.describe())
    rows = []
    for row in result.rows(report):
        realm = tuple(row.pop(part) for part in PARTS if part in row)
        for column in FRAMES & row.keys():
            row[column] = numbers[int(row[column]) - 1]
        for column in STREAMS & row.keys():
            row[column] = streams[row[column]] if row[column] else ''
        rows.append((realm, row))
    return rows


def run(tcpreuse, path, numbers, more=()):
    result = programs.run(tcpreuse, [*more, path], REPORTS)
    if result.status:
        raise ValueError(result.describe())
    streams = {row['stream']: numbers[int(row['first_frame']) - 1] for row in result.rows('conversations')}
    return {report: told(result, report, numbers, streams) for report in ('reuse', 'conversations')}


def check_alone(tcpreuse, directory, frames, key):
    """Each realm alone gives the rows that it has among the others."""
    out = []
    frames = list(enumerate(frames, 1))
    whole = run(tcpreuse, write(directory, 'whole.pcapng', frames), [n for n, _ in frames], ['--key', 'tuple,' + key])
    realms = sorted({f.realm(key) for _, f in frames})
    if len(realms) < 3 or not whole['reuse']:
        out.append('%d realms and %d reuses show nothing' % (len(realms), len(whole['reuse'])))
    for realm in realms:
        part = [(n, f) for n, f in frames if f.realm(key) == realm]
        alone = run(tcpreuse, write(directory, 'part.pcapng', part), [n for n, _ in part])
        for report, rows in alone.items():
            want, have = [row for _, row in rows], [row for r, row in whole[report] if r == realm]
            if want != have:
                first = next((a, b) for a, b in zip(want + [None], have + [None]) if a != b)
                out.append('%s of %s: alone %s, among others %s' % (report, realm, *first))
    strange = {realm for rows in whole.values() for realm, _ in rows} - set(realms)
    return out + (['realms that are not there: %s' % strange] if strange else [])


def check_threads(tcpreuse, path, arguments):
    left_out = {'--expire': ('endpoints',), '--verdicts': ('episodes', 'endpoints')}
    out, reports = [], [r for r in REPORTS if not any(r in left_out.get(a, ()) for a in arguments)]
    one = programs.run(tcpreuse, [*arguments, '-j', 1, path], reports)
    if one.status or len(one.reports) != len(reports):
        return [one.describe()]
    printed = programs.bare([tcpreuse, '-q', '-j', '1', '--format', 'ndjson', *arguments, path])
    for threads in THREADS:
        other = programs.run(tcpreuse, [*arguments, '-j', threads, path], reports)
        for report in reports[:-1]:
            if other.reports.get(report) != one.reports[report]:
                out.append('%s with %d threads: %s' % (report, threads, programs.first_difference(
                    one.reports[report], other.reports.get(report, b''))))
        again = programs.bare([tcpreuse, '-q', '-j', str(threads), '--format', 'ndjson', *arguments, path])
        if again.status or again.out != printed.out:
            out.append('ndjson with %d threads: %s' % (threads, programs.first_difference(printed.out, again.out)))
    return out


def check_tshark(tcpreuse, judge, path, key):
    plain = judge.command
    judge.command = plain + ['-o', 'protocols.conversation_deinterlacing_key:' + PREFERENCES[key]]
    try:
        asked = judge.ask(path)
    finally:
        judge.command = plain
    result = programs.run(tcpreuse, ['--key', 'tuple,' + key, path])
    if result.status:
        return [result.describe()]
    ours = {}
    for row in result.rows('packets'):
        streams, completeness, reused = ours.get(int(row['frame']), ((), (), 0))
        ours[int(row['frame'])] = (streams + (int(row['stream']),), completeness + (int(row['completeness']),),
                                   reused + int(row['reused']))
    if not sum(reused for _, _, reused in ours.values()):
        return ['no reuse: this shows nothing']
    return ['frame %d: %s' % d for d in tshark.differences(asked, ours)][:5]


def check_files(tcpreuse, directory):
    """The same number in two files is the same interface; a pcap file has number 0."""
    def syn(seq):
        return capture.ethernet(capture.ip(*hostile.ADDRESSES[:2], capture.tcp(1, 2, capture.SYN, seq)))

    def pcapng(name, time, seq, number):
        return programs.write(directory, name, section() + interface() * 2 + packet(number, time, syn(seq), len(syn(seq))))
    old = os.path.join(directory, 'old.pcap')
    pcap.write(old, [(4000, None, syn(4))])
    paths = [pcapng('a.pcapng', 1, 1, 1), pcapng('b.pcapng', 2, 2, 0), pcapng('c.pcapng', 3, 3, 1), old]
    result = programs.run(tcpreuse, ['--key', 'tuple,interface', *paths])
    rows = [(row['frame'], row['interface'], row['previous_stream']) for row in result.rows('reuse')]
    return [] if rows == [('3', '1', '0'), ('4', '0', '1')] else [result.describe(), rows]


def check_extract(tcpreuse, directory, path, frames):
    """An extract has all frames of the streams that take part, and the filter says for what preference it is."""
    extract = os.path.join(directory, 'extract.pcapng')
    arguments = ['--key', 'tuple,vlan,vni', path]
    result = programs.run(tcpreuse, ['--extract', extract, *arguments])
    part = {row[name] for row in result.rows('reuse') for name in ('stream', 'previous_stream')}
    want = {row['frame'] for row in result.rows('packets') if row['stream'] in part}
    again = programs.run(tcpreuse, ['--key', 'tuple,vlan,vni', extract])
    out = [] if not result.status and not again.status else [result.describe(), again.describe()]
    if again.summary()['frames']['read'] != len(want) or len(again.rows('reuse')) != len(result.rows('reuse')):
        out.append('%d frames in the extract, %d expected; %d and %d reuses' % (
            again.summary()['frames']['read'], len(want), len(again.rows('reuse')), len(result.rows('reuse'))))
    for key, preference in PREFERENCES.items():
        said = programs.bare([tcpreuse, '--print-filter', '--key', 'tuple,' + key, path])
        if said.status or not said.out.startswith(b'tcp.stream in {') or preference.encode() not in said.err:
            out.append('--print-filter with %s: %s' % (key, said.describe()))
    return out


def in_words(row):
    """The realm of a row of reuse.csv as listings, stories and comments name it."""
    return ', '.join('%s %s' % (word, row[column]) for column, word in
                     (('vlan', 'VLAN'), ('interface', 'interface'), ('vni', 'VNI')) if row[column])


def check_words(tcpreuse, directory, path):
    """The listing, the story and the comments of an extract name the realm of each reuse."""
    key = ['--key', 'tuple,vlan,interface,vni', path]
    rows = programs.run(tcpreuse, key).rows('reuse')
    extract = os.path.join(directory, 'words.pcapng')
    out = [] if rows else ['no reuses']
    for arguments, form in ((['--format', 'text'], '\n         %s\n'), (['-V'], '    [Conversations of %s]\n'),
                            (['--extract', extract], '; %s')):
        said = programs.bare([tcpreuse, '-q', *arguments, *key])
        text = said.out.decode()
        if '--extract' in arguments:
            with open(extract, 'rb') as file:
                text = file.read().decode('latin-1')
        at = 0
        for row in rows:
            at = text.find(form % in_words(row), at + 1)
            if at < 0:
                out.append('%s: frame %s: no "%s": %s' % (arguments[0], row['frame'], in_words(row), text[-300:]))
                break
    return out


def main():
    tcpreuse, tap = os.path.abspath(sys.argv[1]), programs.Tap()
    with tempfile.TemporaryDirectory(prefix='key-') as directory:
        few = generate(1, 1200)
        for key in KEYS:
            try:
                tap.ok('%s: realms alone' % key, check_alone(tcpreuse, directory, few, key))
            except ValueError as error:
                tap.ok('%s: realms alone' % key, [error])
        many = write(directory, 'many.pcapng', list(enumerate(generate(2, 20000), 1)))
        for key in KEYS:
            tap.ok('%s: threads' % key, check_threads(tcpreuse, many, ['--key', 'tuple,' + key]))
        for more in (['--expire', '0.01'], ['--sort-window', '1'], ['--drop-copies', '1'], ['--verdicts', 'off']):
            tap.ok('threads, ' + ' '.join(more), check_threads(tcpreuse, many, ['--key', 'tuple,vlan,interface,vni', *more]))
        tap.ok('several files', check_files(tcpreuse, directory))
        tap.ok('extract and filter', check_extract(tcpreuse, directory, os.path.join(directory, 'whole.pcapng'), few))
        tap.ok('in words', check_words(tcpreuse, directory, os.path.join(directory, 'whole.pcapng')))
        judge = tshark.Tshark()
        for key in PREFERENCES:
            if judge.version and tuple(map(int, judge.version.split('.'))) >= (4, 6):
                path = write(directory, 'judged.pcapng', list(enumerate(generate(3, 3000), 1)))
                tap.ok('%s: tshark %s' % (key, judge.version), check_tshark(tcpreuse, judge, path, key))
            else:
                tap.skip('%s: tshark' % key, 'no tshark with a deinterlacing key: that takes Wireshark 4.6')
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
