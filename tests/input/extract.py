#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: extract.py TCPREUSE SOURCE

--extract: the frames of the conversations that take part in a reuse, with their interfaces, times and lengths as they were. What
the frames are is taken from the reports, what they hold from the inputs. Where there is a tshark (the environment variable TSHARK
names it), it finds in the extract exactly the reuses that it finds in the whole; so it does in captures of the corpus that
TCPREUSE_CORPUS names. TAP output.
"""
import gzip
import os
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import pcap  # noqa: E402
import program  # noqa: E402
import tshark  # noqa: E402

CORPUS_FILES, CORPUS_BYTES = 10, 1 << 20


def option(order, number, value):
    return struct.pack(order + 'HH', number, len(value)) + value + bytes(-len(value) % 4)


def block(order, kind, body):
    return struct.pack(order + 'II', kind, len(body) + 12) + body + struct.pack(order + 'I', len(body) + 12)


# (name, if_tsresol or None, seconds of if_tsoffset)
INTERFACES = (('eth0', None, 0), ('eth1', 9, 0), (None, 6, 1000), ('veth', 0x80 | 20, 0), ('slow', 3, 0))


def write_pcapng(path, records, order='<', interfaces=INTERFACES, options=True, kind=6):
    """Each packet is of the next interface, and has a comment and flags of its own."""
    out = [block(order, 0x0a0d0d0a, struct.pack(order + 'IHHq', 0x1a2b3c4d, 1, 0, -1))]
    for name, resolution, offset in interfaces:
        body = struct.pack(order + 'HHI', 1, 0, 65535)
        body += option(order, 2, name.encode()) if name else b''
        body += option(order, 8, struct.pack(order + 'Q', 10**9))
        body += option(order, 9, bytes([resolution])) if resolution is not None else b''
        body += option(order, 14, struct.pack(order + 'q', offset)) if offset else b''
        out.append(block(order, 1, body + bytes(4)))
    for i, record in enumerate(records):
        name, resolution, offset = interfaces[i % len(interfaces)]
        units = 10**6 if resolution is None else 1 << (resolution & 0x7f) if resolution & 0x80 else 10**resolution
        ticks = (record.time - offset * 10**9) * units // 10**9
        more = option(order, 1, b'number %d' % i) + option(order, 2, struct.pack(order + 'I', 1)) + bytes(4) if options else b''
        if kind == 3:
            body = struct.pack(order + 'I', record.length)
        else:
            body = struct.pack(order + '5I', i % len(interfaces), ticks >> 32, ticks & 0xffffffff, len(record.data), record.length)
        out.append(block(order, kind, body + record.data + bytes(-len(record.data) % 4) + more))
    with open(path, 'wb') as file:
        file.write(b''.join(out))
    return path


def options_of(order, body):
    found, at = [], 0
    while at + 4 <= len(body):
        number, size = struct.unpack_from(order + 'HH', body, at)
        if not number:
            break
        found.append((number, body[at + 4:at + 4 + size]))
        at += 4 + size + -size % 4
    return found


def read_pcapng(data):
    """(interface, ticks, original length, bytes, options) of each packet; interface: (link type, snapshot length, options)."""
    packets, interfaces, at, order = [], [], 0, '<'
    while at < len(data):
        if data[at:at + 4] == b'\n\r\r\n':
            order, interfaces = '<' if data[at + 8:at + 12] == b'\x4d\x3c\x2b\x1a' else '>', []
        kind, length = struct.unpack_from(order + 'II', data, at)
        body, at = data[at + 8:at + length - 4], at + length
        native = lambda pairs, wide: tuple((n, v[::-1] if order == '>' and n in wide else v) for n, v in pairs)
        if kind == 1:
            link, snapshot = struct.unpack_from(order + 'HxxI', body)
            interfaces.append((link, snapshot, native(options_of(order, body[8:]), (8, 14))))
        elif kind == 6:
            number, high, low, captured, original = struct.unpack_from(order + '5I', body)
            packets.append((interfaces[number], high << 32 | low, original, body[20:20 + captured],
                            native(options_of(order, body[20 + captured + -captured % 4:]), (2,))))
        elif kind == 3:
            original = struct.unpack_from(order + 'I', body)[0]
            packets.append((interfaces[0], 0, original, body[4:4 + original], ()))
    return packets


def read_whole(path):
    """As read_pcapng(), of a pcap or a pcapng file, compressed or not."""
    with (gzip.open if path.endswith('.gz') else open)(path, 'rb') as file:
        data = file.read()
    head = pcap.header(data)
    if head is None:
        return read_pcapng(data)
    interface = (head.link, pcap.SNAPLEN, ((9, bytes([6 if head.unit == 1000 else 9])),))
    return [(interface, r.time // head.unit, r.length, r.data, ()) for r in pcap.records(data)]


def extract(tcpreuse, arguments, *more):
    """The result, its rows, and the bytes of the extract."""
    with tempfile.TemporaryDirectory() as directory:
        path = os.path.join(directory, 'extract.pcapng')
        result = program.run(tcpreuse, [*arguments, '--extract', path, *more], ('reuse', 'packets'))
        result.extract = None
        if os.path.exists(path):
            with open(path, 'rb') as file:
                result.extract = file.read()
        return result


def around(result, n):
    """The frames that are to be extracted: all of the streams, or n before and after each reuse."""
    frames = {}
    for row in result.rows('packets'):
        frames.setdefault(row['stream'], set()).add(int(row['frame']))
    chosen = set()
    for row in result.rows('reuse'):
        both, at = sorted(frames[row['stream']] | frames[row['previous_stream']]), int(row['frame'])
        before, after = [f for f in both if f < at], [f for f in both if f > at]
        chosen.update([*before[-n:], at, *after[:n]] if n else both)
    return sorted(chosen)


def compare(tcpreuse, tap, name, files, arguments=(), n=0, moved=None):
    """The extract has the frames of the files, in the run's order, as they were. moved: times of packets in ns, where an
    option changes them."""
    result = extract(tcpreuse, [*arguments, *files], *(['--extract-frames', str(n)] if n else []))
    if result.status or result.extract is None:
        tap.ok(name, [result.describe()])
        return
    whole = [packet for path in files for packet in read_whole(path)]
    # where frames come from: the n-th of a file
    origin, starts = {}, {}
    for path in files:
        starts[path] = sum(len(read_whole(f)) for f in files[:files.index(path)])
    for row in result.rows('packets'):
        source = (starts[row['file']] + int(row['file_frame'])) if len(files) > 1 else int(row['frame'])
        origin[int(row['frame'])] = whole[source - 1]
    reusing = {int(row['frame']) for row in result.rows('reuse')}
    frames, complaints = around(result, n), []
    found = read_pcapng(result.extract)
    if len(found) != len(frames) or not frames:
        complaints.append('it has %d frames, not %d' % (len(found), len(frames)))
    for frame, packet in zip(frames, found):
        want = origin[frame]
        comments = [v.decode() for k, v in packet[4] if k == 1 and v.startswith(b'TCP port reuse: ')]
        rest = tuple(o for o in packet[4] if o[0] != 1 or not o[1].startswith(b'TCP port reuse: '))
        got = packet[:4] + (rest,)
        if moved:
            want, got = (want[0][0], moved(want[1])) + want[2:4], (got[0][0], got[1]) + got[2:4]
        if got != want:
            complaints.append('frame %d is %r, not %r' % (frame, got, want))
        if bool(comments) != (frame in reusing):
            complaints.append('frame %d has the comments %r' % (frame, comments))
    tap.ok(name, complaints[:5])


def reuses(judge, path):
    """What tshark says of the reuses: times and tuples."""
    with open(path, 'rb') as file:
        several = len(judge.command) > 1
        command = judge.command + ['-n', '-r', '-' if several else path, '-Y', 'tcp.analysis.reused_ports', '-T', 'fields']
        for field in ('frame.time_epoch', 'ip.src', 'ip.dst', 'ipv6.src', 'ipv6.dst', 'tcp.srcport', 'tcp.dstport', 'tcp.seq_raw'):
            command += ['-e', field]
        return subprocess.run(command, env=judge.environment, stdin=file if several else subprocess.DEVNULL, check=True,
                              stdout=subprocess.PIPE, stderr=subprocess.PIPE).stdout.decode().splitlines()


def judged(tcpreuse, tap, judge, name, path):
    if judge.version is None:
        tap.skip('tshark finds the same reuses: ' + name, 'no tshark')
        return
    with tempfile.TemporaryDirectory() as directory:
        part = os.path.join(directory, 'part.pcapng')
        result = program.run(tcpreuse, ['--rules', judge.rules, '--extract', part, path], ('reuse',))
        if result.status:
            tap.ok('tshark finds the same reuses: ' + name, [result.describe()])
            return
        whole, found = reuses(judge, path), reuses(judge, part)
        # simple packet blocks have no time; in the extract it is 0
        whole = ['0.000000000' + line if line.startswith('\t') else line for line in whole]
        tap.ok('tshark finds the same reuses: ' + name, [] if whole == found else ['%s, not %s' % (found[:5], whole[:5])])


def corpus(tcpreuse, tap, judge):
    root, done = os.environ.get('TCPREUSE_CORPUS'), 0
    if not root or judge.version is None:
        tap.skip('the corpus', 'TCPREUSE_CORPUS names none, or no tshark')
        return
    for folder, folders, names in os.walk(os.path.join(root, 'corpus')):
        folders.sort()
        for name in sorted(names):
            path = os.path.join(folder, name)
            if done == CORPUS_FILES or os.path.getsize(path) > CORPUS_BYTES:
                continue
            result = program.run(tcpreuse, ['--rules', judge.rules, path], ('reuse',))
            if result.status == 0 and result.rows('reuse') and len(result.rows('reuse')) == len(reuses(judge, path)):
                judged(tcpreuse, tap, judge, os.path.relpath(path, root), path)
                done += 1


def errors(tcpreuse, tap, directory, example):
    out = os.path.join(directory, 'x.pcapng')
    fifo, own = os.path.join(directory, 'fifo'), program.write(directory, 'own.pcap', open(example, 'rb').read())
    os.mkfifo(fifo)
    for arguments, status, words in (
            (['--extract', out, '-'], 1, 'standard input'), (['--extract', out, fifo], 1, 'read once only'),
            (['--extract', out, '--dpdk', '--no-huge'], 1, 'ports'), (['--extract', own, own], 1, 'overwrite'),
            (['--extract', '-', example], 1, "'--extract -'"), (['--extract-frames', '3', example], 1, "requires '--extract'"),
            (['--extract', out, '--max-conversations', '9', example], 1, "'--max-conversations'"),
            (['--extract', out, '--extract-frames', '0', example], 1, '1 or more'), (['--extract', '', example], 1, 'file name'),
            (['--extract', os.path.join(directory, 'no', 'x.pcapng'), example], 3, 'cannot write'),
            (['--extract', '/dev/full', example], 3, 'cannot write'), (['--extract', out, example + '.none'], 2, 'none')):
        result = program.bare([tcpreuse, *arguments])
        complaints = [] if result.status == status and words in result.err.decode() else [result.describe()]
        if os.path.exists(out):
            complaints.append('it leaves a file')
        tap.ok(' '.join(arguments), complaints)
    tap.ok('an input is not overwritten', [] if open(own, 'rb').read() == open(example, 'rb').read() else ['it is'])
    result = program.bare([tcpreuse, '-q', '-o', directory, '--extract', '-', example])
    want = extract(tcpreuse, [example]).extract
    tap.ok('an extract on standard output', [] if result.out == want and not result.status else [result.describe()])
    tap.ok('any number of threads', ['-j %d' % n for n in (1, 3) if extract(tcpreuse, ['-j', n, example]).extract != want])
    empty = pcap.write(os.path.join(directory, 'empty.pcap'), [])
    tap.ok('nothing to extract', [] if read_pcapng(extract(tcpreuse, [empty]).extract) == [] else ['there is'])


def main():
    tcpreuse, source = sys.argv[1:]
    tap, judge = program.Tap(), tshark.Tshark()
    example = os.path.join(source, 'examples', 'port-reuse.pcap')
    records = pcap.read(example)
    with tempfile.TemporaryDirectory() as directory:
        at = lambda name: os.path.join(directory, name)
        packed = program.write(directory, 'packed.pcap.gz', gzip.compress(open(example, 'rb').read()))
        nano = pcap.write(at('nano.pcap'), [r._replace(time=r.time + 7) for r in records], order='>', unit=1)
        files = [write_pcapng(at('little.pcapng'), records), write_pcapng(at('big.pcapng'), records, '>'),
                 write_pcapng(at('plain.pcapng'), records, options=False),
                 write_pcapng(at('simple.pcapng'), records, options=False, kind=3, interfaces=INTERFACES[:1])]
        cut = pcap.write(at('cut.pcap'), [r._replace(data=r.data[:60], length=r.length + 5) for r in records])
        for path in (example, packed, nano, cut, *files):
            compare(tcpreuse, tap, os.path.basename(path), [path])
            judged(tcpreuse, tap, judge, os.path.basename(path), path)
            compare(tcpreuse, tap, os.path.basename(path) + ', some frames', [path], n=2)
        # sections that differ in the names of their interfaces only
        halves = [write_pcapng(at('half%d' % i), part, interfaces=((name, 6, 0),))
                  for i, (part, name) in enumerate(((records[:40], 'left'), (records[40:], 'right')))]
        joined = program.write(directory, 'joined.pcapng', b''.join(open(half, 'rb').read() for half in halves))
        compare(tcpreuse, tap, 'sections', [joined])
        compare(tcpreuse, tap, 'one file after the other', halves)
        parts = [pcap.write(at('part0.pcap'), records[::3]), write_pcapng(at('part1.pcapng'), records[1::3], '>'),
                 program.write(directory, 'part2.pcapng.gz', gzip.compress(open(write_pcapng(at('p'), records[2::3]), 'rb').read()))]
        compare(tcpreuse, tap, 'files that overlap', parts)
        compare(tcpreuse, tap, 'files in the order given', parts[::-1], ['--append'])
        compare(tcpreuse, tap, 'moved times', [example], ['--clock', example + '=0.000000005'], moved=lambda t: t * 1000 + 5)
        late = list(records)
        late[10:14] = late[13:9:-1]
        late = pcap.write(at('late.pcap'), late)
        result, want = extract(tcpreuse, ['--sort-window', '1', late]), extract(tcpreuse, [example])
        tap.ok('sorted frames', [] if result.extract == want.extract else ['not those of the file in order'])
        compare(tcpreuse, tap, 'three frames of sets', parts, n=3)
        errors(tcpreuse, tap, directory, example)
    corpus(tcpreuse, tap, judge)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
