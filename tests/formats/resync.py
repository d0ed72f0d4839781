#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: resync.py TCPREUSE

--resync: captures of each format that can be read on behind damage, damaged in their midst. Frames before the damage are
those of the whole file; behind it all are there again, but for some that the damage may take with it; the same bytes come
of 1, 2, 3 and 8 threads, and the same rows of a pipe. What was passed over is told, and counted in summary.json.
"""
import gzip
import os
import random
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
sys.path.insert(0, HERE)
import cuts  # noqa: E402
import program  # noqa: E402
from run import (block, conversations, erf, interface, micros, options, packet, pcap, pcapng, section, simple, snoop)  # noqa: E402

# Frames that may be lost behind the damage: the one whose header a wrong length makes the reader miss, and one more.
AND_MORE = 2
FILES = ('reuse.csv', 'conversations.csv', 'packets.csv')

LINUX = struct.pack('<IHBB', 2, 0x800, 1, 0)
# A writer, and where in a record the length stands that leads to the next.
FLAVOURS = {
    'pcap': (pcap, 8),
    'pcap, big endian': (lambda f: pcap(f, '>'), 8),
    'pcap, nanoseconds': (lambda f: pcap(f, magic=0xa1b23c4d, unit=1), 8),
    'pcap, nanoseconds, big endian': (lambda f: pcap(f, '>', 0xa1b23c4d, unit=1), 8),
    'pcap, lengths swapped': (lambda f: pcap(f, version=(2, 2), swap=True), 12),
    'pcap, modified': (lambda f: pcap(f, magic=0xa1b2cd34, extra=LINUX), 8),
    'pcap, modified, more processors': (lambda f: pcap(f, magic=0xa1b2cd34, extra=LINUX + bytes(4)), 8),
    'pcap, modified without a mark': (lambda f: pcap(f, extra=LINUX), 8),
    'pcap of Nokia': (lambda f: pcap(f, extra=bytes(4)), 8),
    'pcap of Ixia': (lambda f: pcap(f, magic=0x1c0001ac, unit=1, header=struct.pack('<I', 1000)), 8),
    'pcapng': (pcapng, 4),
    'pcapng, big endian': (lambda f: pcapng(f, '>'), 4),
    'pcapng, obsolete packets': (lambda f: pcapng(f, kind=2), 4),
    'pcapng, options': (lambda f: pcapng(f, more=options('<', (2, bytes(4)), (1, b'a comment'))), 4),
    'ERF': (erf, 10),
    'snoop': (snoop, 8),
    'snoop, padded': (lambda f: snoop(f, pad=7), 8),
}


def noise(seed, n):
    return random.Random(seed).getrandbits(8 * n).to_bytes(n, 'big')


# name: (data, a record's offset, where in it its length stands) -> (damaged data, bytes from the record on that are not its own)
DAMAGE = {
    'length destroyed': lambda d, at, field: (d[:at + field] + b'\xff' * 4 + d[at + field + 4:], field + 4),
    'length one too large': lambda d, at, field: (one_more(d, at + field), field + 4),
    'header is noise': lambda d, at, field: (d[:at] + noise(at, 16) + d[at + 16:], 16),
    'a byte zeroed': lambda d, at, field: (zeros(d, at + field, 4), field + 4),
    '100 bytes zeroed': lambda d, at, field: (zeros(d, at + 3, 100), 103),
    '5000 bytes zeroed': lambda d, at, field: (zeros(d, at + 3, 5000), 5003),
    '3000 bytes of noise': lambda d, at, field: (d[:at + 5] + noise(at + 1, 3000) + d[at + 3005:], 3005),
    'a byte inserted': lambda d, at, field: (d[:at + 30] + b'x' + d[at + 30:], 30),
    '997 bytes inserted': lambda d, at, field: (d[:at] + noise(at, 997) + d[at:], 0),
    'a byte removed': lambda d, at, field: (d[:at + 30] + d[at + 31:], 31),
    '777 bytes removed': lambda d, at, field: (d[:at + 30] + d[at + 807:], 807),
}


def zeros(data, at, n):
    return data[:at] + bytes(n) + data[at + n:]


def one_more(data, at):
    """The number at this place has its lowest byte in either of two: where it is not zero."""
    low = at if data[at] else at + 1 if data[at + 1] and not data[at + 2] and data[at + 3] == 0 else at + 3
    return data[:low] + bytes([(data[low] + 1) % 256]) + data[low + 1:]


class Place:
    def __init__(self, tcpreuse, directory):
        self.tcpreuse, self.directory = tcpreuse, directory

    def run(self, data, *arguments, pipe=False):
        """(exit status, standard error, reports by their names)"""
        path, out = program.write(self.directory, 'input', data), os.path.join(self.directory, 'out')
        for name in FILES + ('summary.json',):
            if os.path.exists(os.path.join(out, name)):
                os.remove(os.path.join(out, name))
        command = [self.tcpreuse, '-q', '-o', out, '--reports', 'reuse,conversations,packets,summary', *arguments,
                   '-' if pipe else path]
        with open(path, 'rb') as file:
            done = subprocess.run(command, stdin=file, capture_output=True, timeout=120)
        reports = {}
        for name in FILES + ('summary.json',):
            if os.path.exists(os.path.join(out, name)):
                with open(os.path.join(out, name), 'rb') as file:
                    reports[name] = file.read()
        if 'summary.json' in reports:
            reports['summary.json'] = cuts.facts(reports['summary.json'], 'summary').replace(b'"-"', b'"%s"' % path.encode())
        return done.returncode, done.stderr.decode(errors='replace').replace(': -: ', ': %s: ' % path), reports


def rows(reports):
    """What each frame with TCP is, by its time; without what depends on the frames before it."""
    out = {}
    for line in reports['packets.csv'].decode().splitlines()[1:]:
        frame, time, _, _, _, *more = line.split(',')
        out[time] = (int(frame), more)
    return out


def compare(clean, damaged, whole, from_frame, to_frame):
    """clean and damaged: reports; frames before from_frame, and those behind to_frame, are to be there."""
    out = []
    want, got = rows(clean), rows(damaged)
    by_frame = {frame: (time, more) for time, (frame, more) in want.items()}
    for frame in range(1, whole + 1):
        if frame not in by_frame:
            continue
        time, more = by_frame[frame]
        if frame < from_frame and got.get(time) != (frame, more):
            out.append('frame %d, before the damage: %s' % (frame, got.get(time)))
        if frame > to_frame and (time not in got or got[time][1] != more):
            out.append('frame %d, behind the damage (%d to %d): %s' % (frame, from_frame, to_frame, got.get(time)))
    return out[:3]


def same_for_threads(place, data, first, threads=('2', '3', '8')):
    out = []
    for threads in threads:
        again = place.run(data, '--resync', '-j', threads)
        for what, a, b in zip(('exit status', 'messages'), first, again):
            if a != b:
                out.append('-j %s: %s: %s, and with -j 1 %s' % (threads, what, b, a))
        out += ['-j %s: %s differs: %s' % (threads, name, program.first_difference(first[2][name], again[2][name]))
                for name in first[2] if first[2][name] != again[2].get(name)]
    piped = place.run(data, '--resync', '-j', '2', pipe=True)
    out += ['pipe: %s: %s' % (piped[0], piped[1])] if piped[:2] != first[:2] else []
    out += ['pipe: %s: %s' % (name, program.first_difference(first[2][name], piped[2][name]))
            for name in FILES if first[2].get(name) != piped[2].get(name)]
    return out


def check_damage(tap, place, frames, flavour):
    make, field = FLAVOURS[flavour]
    data = make(frames)
    clean = place.run(data)
    tap.ok(flavour + ': a whole file is no other with --resync',
           [str(got[:2]) for got in [place.run(data, '--resync')] if got[0] or any(got[2][name] != clean[2][name] for name in FILES)])
    offsets = [len(make(frames[:i])) for i in range(len(frames) // 2, len(frames))]
    for name, damage in DAMAGE.items():
        damaged, touched = damage(data, offsets[0], field)
        status, error, reports = place.run(damaged, '--resync', '-j', '1')
        first = len(frames) // 2                       # the frames before the damage, but for one that it may lengthen
        last = first + sum(offset - offsets[0] < max(touched, 1) for offset in offsets) + AND_MORE
        complaints = [] if status in (0, 2) else ['exit %d: %s' % (status, error)]
        complaints += compare(clean[2], reports, len(frames), first, last)
        if status == 2 and 'skipped' not in error:
            complaints.append('nobody said what was skipped: ' + error)
        complaints += same_for_threads(place, damaged, (status, error, reports), ('3',))
        tap.ok('%s: %s' % (flavour, name), complaints)


def check_told(tap, place, frames):
    """Without --resync reading ends; with it, message and summary say the same."""
    data = pcap(frames)
    at = len(pcap(frames[:700]))
    damaged = data[:at + 8] + b'\xff' * 4 + data[at + 12:]
    n = 16 + len(frames[700][1])
    status, error, reports = place.run(damaged)
    tap.ok('by default reading ends', [] if status == 2 and len(rows(reports)) == 700 and 'skipped' not in error else [error])
    status, error, reports = place.run(damaged, '--resync')
    words = 'offset %d: expected a captured length of at most 262144 bytes, found 4294967295; skipped %d bytes, from offset %d up to %d, ' \
        'about 1 frame lost' % (at, n, at, at + n)
    tap.ok('where, how many bytes and frames', [] if status == 2 and words in error else [str(status), error])
    tap.ok('one frame is lost', [] if len(rows(reports)) == len(frames) - 1 else ['%d rows' % len(rows(reports))])
    text = reports['summary.json'].decode()
    for member in ('"places": 1', '"skipped_bytes": %d' % n, '"frames_lost_estimate": 1', '"resumed_at": %d' % (at + n), '"complete": false'):
        tap.ok('summary.json: ' + member, [] if member in text else [text])
    status, error, reports = place.run(data[:-20], '--resync')
    tap.ok('a record that the end cuts is one as ever', [] if status == 2 and len(rows(reports)) == len(frames) - 1 and
           'found the end of the file' in error and 'no record found in the last' in error else [str(status), error])
    status, error, reports = place.run(data[:at] + noise(3, 9000), '--resync')
    tap.ok('noise up to the end', [] if status == 2 and len(rows(reports)) == 700 and 'no record found in the last' in error
           else [str(status), error])
    many = bytearray(data)
    for i in range(100, len(frames), 40):
        offset = len(pcap(frames[:i]))
        many[offset + 8:offset + 12] = b'\xff' * 4
    many, places = bytes(many), len(range(100, len(frames), 40))
    got = place.run(many, '--resync', '-j', '1')
    tap.ok('many places', same_for_threads(place, many, got) +
           ([] if '"places": %d' % places in got[2]['summary.json'].decode() and len(rows(got[2])) == len(frames) - places
            else [got[1][-500:], '%d rows' % len(rows(got[2]))]))
    few = [(t, d[:54]) for t, d in frames] * 12
    more = b''.join(pcap(few[i:i + 9])[24:] + b'\xff' * 20 for i in range(0, 1200 * 9, 9))
    status, error, reports = place.run(pcap([]) + more, '--resync', '-j', '2')
    told = error.count('skipped')
    tap.ok('more than a thousand places are summed up', [] if told == 1001 and 'more damaged places from here on' in error and
           '"places": 1200' in reports['summary.json'].decode() else ['%d told' % told, error[-400:]])
    for option in (['--piece', '1/2', '-o', 'p'], ['--state', 's', '-o', 'o'], ['--combine'], ['--mpi'], ['--follow', place.directory],
                   ['-i', 'lo']):
        path = [] if option[0] in ('--follow', '-i') else ['input']
        result = program.bare([place.tcpreuse, '--resync', *option, *path], cwd=place.directory)
        tap.ok('not with ' + option[0], [] if result.status == 1 and b'--resync' in result.err or b'takes no files' in result.err
               else [result.describe()])


def check_inner(tap, place, frames):
    """Frames that hold records of captures: they are no records of the file."""
    for name, make, inner in (('pcap', pcap, pcap), ('pcapng', pcapng, pcapng), ('pcapng with pcap', pcapng, pcap),
                              ('snoop', snoop, snoop), ('ERF', erf, erf)):
        records = inner([(t - 400 * 86400 * 10**6, d) for t, d in frames[:14]])[24:]
        big = [(t, d + records + b'more') for t, d in frames[:400]]
        data = make(big)
        at, following = len(make(big[:200])), len(make(big[:201]))
        damaged = data[:at] + noise(5, 16) + data[at + 16:]
        status, error, reports = place.run(damaged, '--resync', '-j', '1')
        tap.ok(name + ': records in frames are passed over', same_for_threads(place, damaged, (status, error, reports)) +
               ([] if len(rows(reports)) == 399 and error.count('skipped') == 1 and 'up to %d' % following in error else [error]))


def check_pcapng(tap, place, frames):
    """What is described in the midst of a file, and lost."""
    one, two = pcapng(frames[:400]), pcapng(frames[400:], '>')
    at = len(one)
    status, error, reports = place.run(one + zeros(two, 4, 8), '--resync', '-j', '1')
    tap.ok('pcapng: a section of another byte order whose header is lost', same_for_threads(place, one + zeros(two, 4, 8), (status, error, reports)) +
           ([] if len(rows(reports)) == 400 and 'offset %d' % at in error and 'no record found' in error else [error]))
    third = pcapng(frames[800:])
    lost = one + zeros(pcapng(frames[400:800], '>'), 4, 8) + third
    status, error, reports = place.run(lost, '--resync', '-j', '1')
    tap.ok('pcapng: the next section is found', same_for_threads(place, lost, (status, error, reports)) +
           ([] if len(rows(reports)) == len(frames) - 400 and 'up to %d' % (len(lost) - len(third)) in error else [error]))
    head = section() + interface()
    blocks = [packet(d, ticks=micros(t), number=i % 2 if i > 400 else 0) for i, (t, d) in enumerate(frames)]
    lost = head + b''.join(blocks[:400]) + zeros(interface(), 4, 4) + b''.join(blocks[400:])
    status, error, reports = place.run(lost, '--resync', '-j', '1')
    want = [i for i in range(len(frames)) if i <= 400 or not i % 2]
    tap.ok('pcapng: packets of an interface that is lost', same_for_threads(place, lost, (status, error, reports)) +
           ([] if len(rows(reports)) == len(want) and 'interface number 1' in error else ['%d rows' % len(rows(reports)), error[-600:]]))
    names = block('<', 4, bytes(4))
    lost = head + b''.join(names + b for b in blocks[:401])
    cut = len(head + b''.join(names + b for b in blocks[:200]))
    lost = lost[:cut] + zeros(lost[cut:], 4, 4)
    status, error, reports = place.run(lost, '--resync', '-j', '1')
    tap.ok('pcapng: a block that holds no packet', same_for_threads(place, lost, (status, error, reports)) +
           ([] if len(rows(reports)) == 401 else [error]))


def check_others(tap, place, frames):
    data = pcap(frames)
    at = len(pcap(frames[:700]))
    damaged = data[:at + 8] + b'\xff' * 4 + data[at + 12:]
    want = place.run(damaged, '--resync')
    got = place.run(gzip.compress(damaged, 1), '--resync')
    tap.ok('gzip', [got[1]] if got[:2] != want[:2] or any(got[2][name] != want[2][name] for name in FILES) else [])
    for name, arguments in (('sorted', ('--sort-window', '1')), ('clock', ('--clock', os.path.join(place.directory, 'input') + '=0')),
                            ('append', ('--append',)), ('filter', ('-f', 'tcp'))):
        got = place.run(damaged, '--resync', *arguments)
        tap.ok('with ' + name, [got[1]] if got[:2] != want[:2] or got[2]['packets.csv'] != want[2]['packets.csv'] else [])
    # two files that overlap, one of them damaged: merged frame by frame
    halves = [pcap(frames[i::2]) for i in (0, 1)]
    at = len(pcap(frames[0::2][:300]))
    halves[0] = halves[0][:at] + noise(1, 16) + halves[0][at + 16:]
    paths = [program.write(place.directory, 'half%d' % i, half) for i, half in enumerate(halves)]
    results = [program.run(place.tcpreuse, ['--resync', '-j', j, *paths], ('packets', 'reuse')) for j in ('1', '2', '3', '8')]
    tap.ok('merged with another file', [r.describe() for r in results if r.status != 2 or r.reports != results[0].reports or r.err.count(b'skipped') != 1
                                        or len(r.reports['packets'].splitlines()) != len(frames)])
    extract = os.path.join(place.directory, 'x.pcapng')
    program.write(place.directory, 'input', damaged)
    path = os.path.join(place.directory, 'input')
    result = program.run(place.tcpreuse, ['--resync', '--extract', extract, path], ('reuse', 'summary'))
    again = program.run(place.tcpreuse, [extract], ('reuse',))
    tap.ok('--extract reads as the run did', [result.describe(), again.describe()] if result.status != 2 or again.status or
           result.err.count(b'skipped') != 1 or len(again.rows('reuse')) != len(result.rows('reuse')) else [])
    # interfaces, sizes: large enough for several batches, and for several chunks of a pipe
    many = conversations(9, 12000)
    data = pcap(many)
    at = len(pcap(many[:20000]))
    damaged = data[:at] + noise(2, 200000) + data[at:]
    first = place.run(damaged, '--resync', '-j', '1')
    tap.ok('a large file', same_for_threads(place, damaged, first) +
           ([] if len(rows(first[2])) >= len(many) - AND_MORE else [first[1]]))
    large = data[:at] + noise(2, 300000) * 24 + data[at:]
    first = place.run(large, '--resync', '-j', '1')
    tap.ok('more damage than a pipe is read ahead', same_for_threads(place, large, first) +
           ([] if len(rows(first[2])) >= len(many) - AND_MORE else [first[1]]))


def main():
    tap = program.Tap()
    with tempfile.TemporaryDirectory(prefix='tcpreuse-resync-') as directory:
        place = Place(os.path.abspath(sys.argv[1]), directory)
        frames = conversations(4, 300)
        check_told(tap, place, frames)
        check_inner(tap, place, frames)
        check_pcapng(tap, place, frames)
        check_others(tap, place, frames)
        for flavour in FLAVOURS:
            check_damage(tap, place, frames, flavour)
        data = simple(frames)
        at = len(simple(frames[:500]))
        damaged = data[:at] + noise(3, 16) + data[at + 16:]
        first = place.run(damaged, '--resync', '-j', '1')
        count = len(first[2]['packets.csv'].splitlines()) - 1
        tap.ok('pcapng, simple packets', same_for_threads(place, damaged, first) + ([] if count == len(frames) - 1 else [first[1]]))
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
