#!/usr/bin/env python3
"""Sets of files and streams: the same rows as for the capture that mergecap makes of them.

usage: run.py TCPREUSE TRACEGEN

Generated traffic is dealt out to files in many ways: one after the other as ring buffers, overlapping a little or
altogether, with equal times, times that run backwards, empty files, in the wrong order, through FIFOs and compressed
where the tools for it are there; and as files of several formats, each with its own resolution. MERGECAP names the judge
(default: mergecap); without it, an own merge of the same rules judges, and says so. TAP output.
"""
import csv, gzip, lzma, os, random, shutil, struct, subprocess, sys, tempfile, threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import pcap  # noqa: E402
import program  # noqa: E402


def write_pcap(path, frames, nano=False):
    pcap.write(path, frames, unit=1 if nano else 1000)


def write_pcapng(path, frames):
    """Interfaces of which each packet takes the next: of microseconds, of nanoseconds, of nanoseconds behind an offset."""
    block = lambda kind, body: struct.pack('<II', kind, len(body) + 12) + body + struct.pack('<I', len(body) + 12)
    resolution = struct.pack('<HHB3x', 9, 1, 9)
    offset = struct.pack('<HHq', 14, 8, 10**9)
    out = [block(0x0a0d0d0a, struct.pack('<IHHq', 0x1a2b3c4d, 1, 0, -1)),
           block(1, struct.pack('<HHI', 1, 0, 262144)),
           block(1, struct.pack('<HHI', 1, 0, 262144) + resolution + bytes(4)),
           block(1, struct.pack('<HHI', 1, 0, 262144) + resolution + offset + bytes(4))]
    for i, (t, length, data) in enumerate(frames):
        interface = i % 3 if t % 1000 == 0 else 1 + i % 2
        ticks = (t // 1000, t, t - 10**18)[interface]
        out.append(block(6, struct.pack('<5I', interface, ticks >> 32, ticks & 0xffffffff, len(data), length) + data +
                         bytes(-len(data) % 4)))
    with open(path, 'wb') as f:
        f.write(b''.join(out))


def write_snoop(path, frames):
    with open(path, 'wb') as f:
        f.write(b'snoop\0\0\0' + struct.pack('>II', 2, 4))
        for t, length, data in frames:
            pad = -len(data) % 4
            f.write(struct.pack('>6I', length, len(data), 24 + len(data) + pad, 0, t // 10**9, t % 10**9 // 1000) + data + bytes(pad))


def write_erf(path, frames):
    with open(path, 'wb') as f:
        for t, length, data in frames:
            f.write(struct.pack('<IIBBHHHH', ((t % 10**9 << 32) + 10**9 - 1) // 10**9, t // 10**9, 2, 4,
                                *(struct.unpack('<H', struct.pack('>H', n))[0] for n in (18 + len(data), 0, length)), 0) + data)


def write_netmon(path, frames):
    """Network Monitor 2.3, whose frames have times of their own, of 100 ns."""
    out, table, at = [], b'', 64
    for t, length, data in frames:
        out.append(struct.pack('<QII', 0, length, len(data)) + data +
                   struct.pack('<HIQB', 1, 0xffffffff, t // 100 + 11644473600 * 10**7, 0xff))
        table += struct.pack('<I', at)
        at += len(out[-1])
    with open(path, 'wb') as f:
        f.write(struct.pack('<4sBBH8HII32x', b'GMBU', 3, 2, 1, 2017, 7, 5, 14, 2, 40, 0, 0, at, len(table)) + b''.join(out) + table)


# Format, how to write it, nanoseconds of its resolution, compression.
KINDS = (
    ('pcap', write_pcap, 1000, None), ('pcapng', write_pcapng, 1, 'zstd'), ('snoop', write_snoop, 1000, None),
    ('erf', write_erf, 1, None), ('pcap', write_pcap, 1000, 'gzip'), ('pcap', lambda p, f: write_pcap(p, f, nano=True), 1, 'xz'),
    ('pcapng', write_pcapng, 1, None), ('netmon', write_netmon, 100, None), ('erf', write_erf, 1, 'gzip'),
    ('snoop', write_snoop, 1000, 'lz4'), ('netmon', write_netmon, 100, 'zstd'), ('pcapng', write_pcapng, 1, 'gzip'))


def compress(path, how):
    """The path of the compressed file; that of the file itself where the tool is not there."""
    with open(path, 'rb') as f:
        data = f.read()
    if how == 'gzip':
        data = gzip.compress(data, 1)
    elif how == 'xz':
        data = lzma.compress(data, preset=0)
    elif how and shutil.which(how):
        data = subprocess.run([how, '-1', '-c', '-q'], input=data, stdout=subprocess.PIPE, check=True).stdout
    else:
        return path
    with open(path + '.' + how, 'wb') as f:
        f.write(data)
    return path + '.' + how


def merge(files):
    """As mergecap does: the earliest of the next frames; of equal ones that of the file named last."""
    heads, merged = [0] * len(files), []
    while True:
        best = None
        for i, frames in enumerate(files):
            if heads[i] < len(frames) and (best is None or frames[heads[i]][0] <= files[best][heads[best]][0]):
                best = i
        if best is None:
            return merged
        merged.append((best, heads[best]))
        heads[best] += 1


def result(tap, ok, name, why=''):
    tap.ok(name, [] if ok else [why or 'not as expected'])


def rows(tcpreuse, files, out, *options, keep=False, stdin=None):
    """The rows of packets.csv, times as integers of ns; with keep, file and file_frame, too."""
    shutil.rmtree(out, ignore_errors=True)
    p = subprocess.run([tcpreuse, '--reports', 'packets,reuse,conversations', '-o', out, *options, *files],
                       stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, stdin=stdin, timeout=60)
    if p.returncode:
        raise RuntimeError(f'exit {p.returncode}: {p.stderr}')
    result = {}
    for report in ('packets', 'reuse', 'conversations'):
        with open(os.path.join(out, report + '.csv'), newline='') as f:
            table = list(csv.DictReader(f))
        for row in table:
            origin = (row.pop('file', None), row.pop('file_frame', None))
            if keep:
                row['place'] = origin
            for key in row:
                if (key.endswith(('time', 'delay')) or key in ('gap', 'duration', 'rtt')) and row[key]:
                    whole, _, part = row[key].partition('.')
                    row[key] = whole + '.' + (part + '0' * 9)[:9]
        result[report] = table
    return result


def deal(frames, way, rng):
    """Deals frames (in order) out to files."""
    if way == 'ring':
        cuts = sorted(rng.sample(range(1, len(frames)), 5))
        return [frames[a:b] for a, b in zip([0] + cuts, cuts + [len(frames)])]
    if way == 'edges':  # a few frames at each border are on the wrong side
        parts = deal(frames, 'ring', rng)
        for a, b in zip(parts, parts[1:]):
            k = min(3, len(a) - 1, len(b) - 1)
            if k > 0:
                moved = [b.pop(rng.randrange(min(len(b), 5))) for _ in range(k)]
                a.extend(sorted(moved))
        return parts
    if way == 'interleaved':
        parts = [[] for _ in range(4)]
        for f in frames:
            parts[rng.randrange(4)].append(f)
        return parts
    if way == 'inside':  # a long file, and short ones within its time
        short = [[], [], []]
        long = []
        n = len(frames)
        for i, f in enumerate(frames):
            for k, s in enumerate(short):
                if n * (3 * k + 1) // 10 <= i < n * (3 * k + 2) // 10 and rng.random() < 0.3:
                    s.append(f)
                    break
            else:
                long.append(f)
        return [long] + short
    if way == 'two rings':
        a, b = [], []
        for f in frames:
            (a if rng.random() < 0.5 else b).append(f)
        return deal(a, 'ring', rng) + deal(b, 'ring', rng)
    if way == 'backwards':  # times that run backwards within files
        parts = deal(frames, 'interleaved', rng)
        for p in parts:
            for _ in range(20):
                i = rng.randrange(len(p) - 1)
                p[i], p[i + 1] = p[i + 1], p[i]
        return parts
    if way == 'coarse':  # many equal times
        parts = deal([(t // 10**8 * 10**8, l, d) for t, l, d in frames], 'two rings', rng)
        return parts + [[]]
    if way == 'small':  # files that are read at once; times are equal at many borders, and some files reach far into the next
        frames = [(t // 10**5 * 10**5, l, d) for t, l, d in frames]
        cuts = sorted(rng.sample(range(1, len(frames)), 150))
        parts = [frames[a:b] for a, b in zip([0] + cuts, cuts + [len(frames)])]
        for a, b in zip(parts[::7], parts[1::7]):
            a.extend([b.pop(i) for i in range(len(b) // 2, 0, -2)][::-1])
        for part in parts[::5]:  # a first frame that a first look does not see the end of
            t, _, data = part[0]
            part[0] = (t, 6000, data + bytes(6000 - len(data)))
        return parts
    raise ValueError(way)


def difference(got, want):
    return next((f'{t} row {i}: {g}, expected {w}' for t in want for i, (g, w) in enumerate(zip(got[t], want[t])) if g != w),
                'other numbers of rows')


def check_mixed(tap, tcpreuse, at, frames, judge, rng):
    """Files of all formats and compressions, merged by the finer times that some of them have."""
    for first, way in enumerate(('ring', 'edges', 'interleaved', 'inside', 'two rings', 'coarse')):
        files, plain, paths = deal(frames, way, rng), [], []
        rng.shuffle(files)
        files = [part for part in files if part]  # not every format has files without frames
        for i, part in enumerate(files):
            name, write, unit, how = KINDS[(5 * first + i) % len(KINDS)]
            if way != 'coarse':
                part = sorted((t + rng.randrange(1000) // unit * unit, length, data) for t, length, data in part)
            files[i] = part
            plain.append(at(f'mixed-{first}-{i}.{name}'))
            write(plain[-1], part)
            paths.append(compress(plain[-1], how))
            if name == 'netmon':  # no interfaces, say those of mergecap's versions that ask for one
                plain[-1] += '.pcap'
                write_pcap(plain[-1], part, nano=True)
        order = merge(files)
        merged = at('merged.pcap')
        write_pcap(merged, [files[i][k] for i, k in order], nano=True)
        want = rows(tcpreuse, [merged], at('want'))
        if judge:
            subprocess.run([judge, '-F', 'pcapng', '-w', at('judged.pcapng'), *plain], check=True)
            # Lengths of ERF frames are with their headers in what mergecap writes.
            without = lambda tables: {t: [{k: v for k, v in r.items() if not k.endswith('bytes')} for r in tables[t]] for t in tables}
            got, expect = without(rows(tcpreuse, [at('judged.pcapng')], at('got'))), without(want)
            result(tap, got == expect, f'mixed formats, {way}: mergecap agrees', difference(got, expect))
        for threads in ('1', '2', '3', '8'):
            name = f'mixed formats, {way}, {threads} threads'
            try:
                got = rows(tcpreuse, paths, at('got'), '-j', threads, keep=True)
            except RuntimeError as e:
                result(tap, False, name, e)
                continue
            origins = [r.pop('place') for r in got['packets']]
            for table in ('reuse', 'conversations'):
                for r in got[table]:
                    r.pop('place')
            result(tap, got == want, name, difference(got, want))
            expect = [(paths[order[int(r['frame']) - 1][0]], str(order[int(r['frame']) - 1][1] + 1)) for r in want['packets']]
            result(tap, origins == expect, name + ': file and frame in it')
        write_pcap(merged, [f for part in files for f in part], nano=True)
        want = rows(tcpreuse, [merged], at('want'))
        result(tap, rows(tcpreuse, paths, at('got'), '-j', '3', '--append') == want, f'mixed formats, {way}: --append')


def main():
    tcpreuse, tracegen = sys.argv[1:3]
    tap, rng = program.Tap(), random.Random(7)
    judge = os.environ.get('MERGECAP', 'mergecap')
    have_judge = shutil.which(judge) is not None
    if not have_judge:
        print('# no mergecap: an own merge judges')
    with tempfile.TemporaryDirectory(prefix='tcpreuse-sets-') as tmp:
        at = lambda *names: os.path.join(tmp, *names)
        subprocess.run([tracegen, '--frames', '40000', '--flows', '300', '--size', '80', '--reuse', '40', '--seed', '11',
                        '-w', at('all.pcap')], check=True)
        frames = pcap.read(at('all.pcap'))
        for way in ('ring', 'edges', 'interleaved', 'inside', 'two rings', 'backwards', 'coarse', 'small'):
            files = deal(frames, way, rng)
            rng.shuffle(files)
            paths = []
            for i, part in enumerate(files):
                paths.append(at(f'{way.replace(" ", "-")}-{i}.pcap'))
                write_pcap(paths[-1], part)
            order = merge(files)
            merged = at('merged.pcap')
            write_pcap(merged, [files[i][k] for i, k in order])
            if have_judge:
                subprocess.run([judge, '-F', 'pcap', '-w', at('judged.pcap'), *paths], check=True,
                               stderr=subprocess.DEVNULL)
                result(tap, pcap.read(at('judged.pcap')) == pcap.read(merged), f'{way}: mergecap merges as expected')
            want = rows(tcpreuse, [merged], at('want'))
            for threads in ('1', '2', '5'):
                name = f'{way}, {threads} threads'
                try:
                    got = rows(tcpreuse, paths, at('got'), '-j', threads, keep=True)
                    origins = [r.pop('place') for r in got['packets']]
                    for table in ('reuse', 'conversations'):
                        for r in got[table]:
                            r.pop('place')
                    expect = [(paths[i], str(k + 1)) for i, k in order]
                    expect = [expect[int(r['frame']) - 1] for r in want['packets']]
                    why = next((f'{t} row {i}: {g}, expected {w}' for t in want
                                for i, (g, w) in enumerate(zip(got[t], want[t])) if g != w), '')
                    ok = got == want
                    result(tap, ok, name, why or 'other numbers of rows')
                    if ok:
                        result(tap, origins == expect, name + ': file and frame in it')
                except RuntimeError as e:
                    result(tap, False, name, e)
            # The same through a FIFO, gzip and a nanosecond copy: another mix of regions and streams.
            mixed = list(paths)
            fifo = at('fifo')
            if os.path.exists(fifo):
                os.remove(fifo)
            os.mkfifo(fifo)
            mixed[0] = fifo
            with open(paths[1], 'rb') as f, gzip.open(at('one.gz'), 'wb', 1) as g:
                g.write(f.read())
            mixed[1] = at('one.gz')
            write_pcap(at('nano.pcap'), files[2], nano=True)
            mixed[2] = at('nano.pcap')

            def feed(source=paths[0]):
                with open(source, 'rb') as f, open(fifo, 'wb') as g:
                    g.write(f.read())

            feeder = threading.Thread(target=feed, daemon=True)
            feeder.start()
            try:
                got = rows(tcpreuse, mixed, at('got'), '-j', '3')
                why = next((f'{t} row {i}: {g}, expected {w}' for t in want
                            for i, (g, w) in enumerate(zip(got[t], want[t])) if g != w), '')
                result(tap, got == want, f'{way}: a FIFO, gzip and nanoseconds among them', why or 'other numbers of rows')
            except (RuntimeError, subprocess.TimeoutExpired) as e:
                result(tap, False, f'{way}: a FIFO, gzip and nanoseconds among them', e)
            feeder.join(10)
            if way == 'small':  # named in the order in which they are given
                os.mkdir(at('directory'))
                for i, path in enumerate(paths):
                    os.link(path, at('directory', f'{i:03}.pcap'))
                with open(at('directory', 'note'), 'w') as f:
                    f.write('no capture')
                for threads in ('1', '4'):
                    got = rows(tcpreuse, [at('directory')], at('got'), '-j', threads)
                    result(tap, got == want, f'a directory of small files, {threads} threads', difference(got, want))
            # --append takes them as given.
            write_pcap(merged, [f for part in files for f in part])
            want = rows(tcpreuse, [merged], at('want'))
            got = rows(tcpreuse, paths, at('got'), '-j', '3', '--append')
            result(tap, got == want, f'{way}: --append')
        check_mixed(tap, tcpreuse, at, frames[:12000], judge if have_judge else None, rng)
        with open(at('all.pcap'), 'rb') as f:
            result(tap, rows(tcpreuse, ['-'], at('got'), '-j', '2', stdin=f) == rows(tcpreuse, [at('all.pcap')], at('want')),
                       'standard input')
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
