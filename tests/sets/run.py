#!/usr/bin/env python3
"""Sets of files and streams: the same rows as for the capture that mergecap makes of them.

usage: run.py TCPREUSE TRACEGEN

Generated traffic is dealt out to files in many ways: one after the other as ring buffers, overlapping a little or
altogether, with equal times, times that run backwards, empty files, in the wrong order, through FIFOs and compressed
where the tools for it are there. MERGECAP names the judge (default: mergecap); without it, an own merge of the same
rules judges, and says so. TAP output.
"""
import csv, gzip, os, random, shutil, struct, subprocess, sys, tempfile, threading

MICRO = 0xa1b2c3d4
NANO = 0xa1b23c4d
HEADER = struct.Struct('<IHHiIII')
RECORD = struct.Struct('<IIII')


def read_pcap(path):
    """[(time in ns, original length, bytes)]"""
    with open(path, 'rb') as f:
        data = f.read()
    unit = 1000 if HEADER.unpack_from(data)[0] == MICRO else 1
    at, frames = 24, []
    while at < len(data):
        sec, frac, cap, length = RECORD.unpack_from(data, at)
        frames.append((sec * 10**9 + frac * unit, length, data[at + 16:at + 16 + cap]))
        at += 16 + cap
    return frames


def write_pcap(path, frames, nano=False):
    unit = 1 if nano else 1000
    with open(path, 'wb') as f:
        f.write(HEADER.pack(NANO if nano else MICRO, 2, 4, 0, 0, 262144, 1))
        for t, length, data in frames:
            f.write(RECORD.pack(t // 10**9, t % 10**9 // unit, len(data), length) + data)


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


class Tap:
    def __init__(self):
        self.n = self.failed = 0

    def result(self, ok, name, why=''):
        self.n += 1
        self.failed += not ok
        print(f'{"ok" if ok else "not ok"} {self.n} - {name}')
        if not ok:
            print('# ' + str(why).replace('\n', '\n# '))
        sys.stdout.flush()


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
                row['origin'] = origin
            for key in row:
                if key.endswith('time') or key in ('gap', 'duration'):
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
    raise ValueError(way)


def main():
    tcpreuse, tracegen = sys.argv[1:3]
    tap, rng = Tap(), random.Random(7)
    judge = os.environ.get('MERGECAP', 'mergecap')
    have_judge = shutil.which(judge) is not None
    if not have_judge:
        print('# no mergecap: an own merge judges')
    with tempfile.TemporaryDirectory(prefix='tcpreuse-sets-') as tmp:
        at = lambda *names: os.path.join(tmp, *names)
        subprocess.run([tracegen, '--frames', '40000', '--flows', '300', '--size', '80', '--reuse', '40', '--seed', '11',
                        '-w', at('all.pcap')], check=True)
        frames = read_pcap(at('all.pcap'))
        for way in ('ring', 'edges', 'interleaved', 'inside', 'two rings', 'backwards', 'coarse'):
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
                tap.result(read_pcap(at('judged.pcap')) == read_pcap(merged), f'{way}: mergecap merges as expected')
            want = rows(tcpreuse, [merged], at('want'))
            for threads in ('1', '2', '5'):
                name = f'{way}, {threads} threads'
                try:
                    got = rows(tcpreuse, paths, at('got'), '-j', threads, keep=True)
                    origins = [r.pop('origin') for r in got['packets']]
                    for table in ('reuse', 'conversations'):
                        for r in got[table]:
                            r.pop('origin')
                    expect = [(paths[i], str(k + 1)) for i, k in order]
                    expect = [expect[int(r['frame']) - 1] for r in want['packets']]
                    why = next((f'{t} row {i}: {g}, expected {w}' for t in want
                                for i, (g, w) in enumerate(zip(got[t], want[t])) if g != w), '')
                    ok = got == want
                    tap.result(ok, name, why or 'other numbers of rows')
                    if ok:
                        tap.result(origins == expect, name + ': file and frame in it')
                except RuntimeError as e:
                    tap.result(False, name, e)
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
                tap.result(got == want, f'{way}: a FIFO, gzip and nanoseconds among them', why or 'other numbers of rows')
            except (RuntimeError, subprocess.TimeoutExpired) as e:
                tap.result(False, f'{way}: a FIFO, gzip and nanoseconds among them', e)
            feeder.join(10)
            # --append takes them as given.
            write_pcap(merged, [f for part in files for f in part])
            want = rows(tcpreuse, [merged], at('want'))
            got = rows(tcpreuse, paths, at('got'), '-j', '3', '--append')
            tap.result(got == want, f'{way}: --append')
        with open(at('all.pcap'), 'rb') as f:
            tap.result(rows(tcpreuse, ['-'], at('got'), '-j', '2', stdin=f) == rows(tcpreuse, [at('all.pcap')], at('want')),
                       'standard input')
    print(f'1..{tap.n}')
    return 1 if tap.failed else 0


if __name__ == '__main__':
    sys.exit(main())
