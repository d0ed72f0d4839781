#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: faults.py TCPREUSE SHIM PCAP-MODULE SOURCE-ROOT [--runs N | --all] [--only CASE] [--fault KIND:N[+]:HOW]

The N-th call fails, for each N: of memory, write, read, open, thread, rename, fsync, flush; in runs over several kinds of
input, on 1 and 3 threads. Each run has to end soon, to say what failed, to end with the promised status, and to leave no
report that looks complete and is not. Where an interrupt comes instead, while files are completed, all of them are. TCPREUSE is linked with the allocator of the C library, which the shim can replace.

--runs N: about N runs, evenly from all of them. --all: all. --fault: one, of one case, with what it said.
"""
import concurrent.futures
import gzip
import json
import os
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import hostile  # noqa: E402
import pcap  # noqa: E402
import program  # noqa: E402

SECONDS = 60    # a run takes some hundredths
ALL = 'reuse,conversations,packets,episodes,endpoints,summary'
MEMORY = ('memory', 'thread', 'shared object')      # of which these need some
# kind: how it fails, and what the message has to name; None: any message
HOWS = {
    'memory': [('', MEMORY), ('+', MEMORY)],
    'write': [(':ENOSPC', ('No space left',)), (':EIO', ('Input/output error',)), (':EPIPE', ('Broken pipe',)), (':short', ())],
    'read': [(':EIO', ('Input/output error',))],
    'open': [(':EMFILE', ('Too many open files',)), (':EACCES', ('Permission denied',))],
    'thread': [(':EAGAIN', ('thread',))],
    'rename': [(':EIO', ('Input/output error',))],
    'sync': [(':EIO', ('Input/output error',))],
    'flush': [(':ENOSPC', ('No space left',))],
}


def read(path):
    with open(path, 'rb') as file:
        return file.read()


def block(kind, body):
    body += bytes(-len(body) % 4)
    return struct.pack('<II', kind, 12 + len(body)) + body + struct.pack('<I', 12 + len(body))


def interfaces(data):
    """A pcapng of the same frames, in turn on three interfaces."""
    out = block(0x0a0d0d0a, struct.pack('<IHHq', 0x1a2b3c4d, 1, 0, -1))
    for _ in range(3):
        out += block(1, struct.pack('<HHI', 1, 0, 0))
    for i, r in enumerate(pcap.records(data)):
        us = r.time // 1000
        out += block(6, struct.pack('<IIIII', i % 3, us >> 32, us & 0xffffffff, len(r.data), r.length) + r.data)
    return out


class Case:
    """threads: to run with; 0: without the option."""

    def __init__(self, name, arguments, directory=True, threads=(1, 3)):
        self.name, self.arguments, self.directory, self.threads = name, arguments, directory, threads


def cases(where, root, tcpreuse):
    example = os.path.join(root, 'examples', 'verdicts.pcap')
    data = hostile.pcap(7, 3000, odd=0.1)
    records = list(pcap.records(data))
    hostile_file = program.write(where, 'hostile.pcap', data)
    several = program.write(where, 'several.pcapng', interfaces(data))
    zipped = program.write(where, 'hostile.pcap.gz', gzip.compress(data, mtime=0))
    overlapping = [pcap.write(os.path.join(where, 'part-%d.pcap' % i), records[i::20]) for i in range(20)]
    piece, state = os.path.join(where, 'piece'), os.path.join(where, 'state')
    program.bare([tcpreuse, '-q', '--piece', '1/1', '-o', piece, hostile_file])
    program.bare([tcpreuse, '-q', '--state', state, '-o', os.path.join(where, 'before'), hostile_file])
    return [
        Case('example', ['-o', None, '--reports', ALL, '--fsync', example]),
        Case('standard output', [example], False),
        Case('pcapng', ['-o', None, '--reports', ALL, several]),
        Case('gzip', ['-o', None, '--reports', ALL, zipped]),
        Case('overlapping files', ['-o', None, '--reports', ALL] + overlapping),
        Case('filter', ['-o', None, '--reports', ALL, '-f', 'tcp or udp', hostile_file]),
        Case('extract', ['-o', None, '--extract', None, example]),
        Case('piece', ['-o', None, '--reports', ALL, '--combine', piece]),
        Case('a look at a piece', ['--describe', piece], False, (0,)),
        Case('a look at a state', ['--describe', state], False, (0,)),
    ]


class Run:
    """One run of a case, with a fault or without."""

    def __init__(self, world, case, threads, fault):
        self.case, self.threads, self.fault = case, threads, fault
        self.where = tempfile.mkdtemp(prefix='run-', dir=world.where)
        out, extract = os.path.join(self.where, 'out'), os.path.join(self.where, 'x.pcapng')
        names = iter([out, extract])
        arguments = [next(names) if a is None else a for a in case.arguments]
        log = os.path.join(self.where, 'log')
        environment = dict(os.environ, LD_PRELOAD=world.shim, FAULT=fault, FAULT_LOG=log)
        self.result = program.bare([world.tcpreuse] + (['-j', str(threads)] if threads else []) + arguments, timeout=SECONDS, env=environment)
        self.files = {n: read(os.path.join(out, n)) for n in os.listdir(out)} if os.path.isdir(out) else {}
        self.files.update({n: read(os.path.join(self.where, n)) for n in os.listdir(self.where) if n.startswith('x.pcapng')})
        self.log = read(log).decode().split('\n') if os.path.exists(log) else []
        shutil.rmtree(self.where)

    def counts(self):
        return {line.split()[0]: int(line.split()[2]) for line in self.log if ' all ' in line}

    def place(self):
        lines = [line for line in self.log if line and ' all ' not in line]
        if not lines:
            return None
        path, _, offset = lines[0].split(' ', 2)[2].rpartition('+')
        found = subprocess.run(['addr2line', '-fse', path, offset], stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, check=False)
        return '%s (%s)' % (lines[0], ' '.join(found.stdout.decode().split()) or '?')


def judge(run, whole, words):
    result, files = run.result, run.files
    reached = any(' all ' not in line for line in run.log if line)
    out = []
    if result.status == -signal.SIGPIPE and run.fault.endswith('EPIPE') and not run.case.directory:
        return []   # as every program ends whose reader has gone
    if result.status < 0 and 'libpcap.so' in (run.place() or ''):
        return []   # its lexer crashes; a run makes sure that there is memory before it is called
    if result.status < 0:
        out.append(result.describe())
        return out
    if [n for n in files if n.endswith(program.PART) or n.startswith('.')]:
        if not (run.fault.startswith('memory') or run.fault.startswith('open')):
            out.append('left: %s' % ', '.join(sorted(files)))
    reports = {n: d for n, d in files.items() if not n.startswith('.') and not n.endswith(program.PART) and n != 'summary.json'}
    # Of several files, those that could not be read are left out, and named.
    others = run.case.name == 'overlapping files' and b'part-' in result.err
    broken = [] if others else [n for n, d in reports.items() if not whole.files.get(n, b'').startswith(d) or (d and not d.endswith(b'\n') and d != whole.files[n])]
    out += ['%s is no beginning of the whole: %s' % (n, program.first_difference(whole.files[n], reports[n])) for n in broken]
    if not whole.result.out.startswith(result.out):
        out.append('standard output is no beginning of the whole')
    if others and [n for n, d in reports.items() if d and not d.endswith(b'\n')]:
        out.append('a report ends within a row')
    short = [n for n, d in whole.files.items() if n not in ('summary.json', 'x.pcapng') and reports.get(n) != d] or result.out != whole.result.out
    summary = json.loads(files['summary.json']) if 'summary.json' in files else None
    if 'summary.json' in whole.files and summary is None and result.status == 0:
        out.append('no summary.json')
    if result.status == 0:
        if files.get('x.pcapng') != whole.files.get('x.pcapng'):
            out.append('exit 0, and the extract is another one')
        if short:
            out.append('exit 0, and not complete: %s' % short)
        if summary and not summary['complete']:
            out.append('exit 0, and summary.json says that it is not complete')
        return out
    if result.status not in (2, 3):
        out.append('exit %d' % result.status)
    if b'tcpreuse: ' not in result.err and b'out of dynamic memory' not in result.err:     # libpcap's, which ends the process
        out.append('no message: %r' % result.err[-300:])
    elif reached and words and not any(w.lower().encode() in result.err.lower() for w in words):
        out.append('the message does not name it (%s): %r' % (' or '.join(words), result.err[-300:]))
    if summary and short and summary['complete']:
        out.append('summary.json says that it is complete')
    if summary and not summary['complete'] and not summary['input']['errors']:
        out.append('summary.json names no error')
    return out


class World:
    def __init__(self, where, tcpreuse, shim, module):
        os.mkdir(os.path.join(where, 'bin'))
        self.where, self.shim = where, shim
        self.tcpreuse = shutil.copy(tcpreuse, os.path.join(where, 'bin'))
        os.symlink(module, os.path.join(where, 'bin', os.path.basename(module)))


def plan(world, all_cases):
    """All runs: (case, threads, whole run, fault, words)."""
    out = []
    for case in all_cases:
        for threads in case.threads:
            whole = Run(world, case, threads, '')
            if whole.result.status != 0 or not whole.counts():
                raise SystemExit('%s, %d threads: %s' % (case.name, threads, whole.result.describe()))
            for kind, hows in HOWS.items():
                for how, words in hows:
                    out += [(case, threads, whole, '%s:%d%s' % (kind, n, how), words) for n in range(1, whole.counts().get(kind, 0) + 1)]
    return out


def salvage(world, tap, where):
    """Late in a long run, what was found before memory ran out is reported, and is that of the frames before."""
    path = program.write(where, 'long.pcap', hostile.pcap(11, 20000, odd=0.05, step_us=1000))
    case = Case('a long run', ['-o', None, '--reports', ALL, path])
    whole = Run(world, case, 1, '')
    count, out, ends, salvaged = whole.counts()['memory'], [], 0, 0
    for n in range(count // 8, count, max(1, count // 40)):
        run = Run(world, case, 1, 'memory:%d' % n)
        rows = {name: run.files.get(name, b'').count(b'\n') - 1 for name in whole.files}
        ends += run.result.status == 2 and rows['packets.csv'] > 0
        if not whole.files['packets.csv'].startswith(run.files.get('packets.csv', b'')):
            out.append('memory:%d: packets.csv is no beginning of the whole' % n)
        if rows['conversations.csv'] > 0 and run.result.status == 2 and b'missing' not in run.result.err:
            summary = json.loads(run.files['summary.json'])
            salvaged += 1
            streams = {line.split(b',')[2] for line in run.files['packets.csv'].splitlines()[1:]}
            if not rows['conversations.csv'] == summary['conversations'] == len(streams):
                out.append('memory:%d: %d rows of conversations, of %d in %d packets' % (
                    n, rows['conversations.csv'], len(streams), rows['packets.csv']))
    print('# %d calls for memory; %d runs reported packets, %d conversations, too' % (count, ends, salvaged))
    tap.ok('what was found before memory ran out', out + ([] if ends and salvaged else ['nothing was reported']))


def closing(world, tap, all_cases):
    """An interrupt while files are completed, just before a call: they are, the exit status tells of it, and an extract is not begun."""
    for case in (c for c in all_cases if c.name in ('example', 'extract')):
        whole, out = Run(world, case, 1, ''), []
        faults = ['%s:%d:SIGINT' % (kind, n) for kind in ('rename', 'flush') for n in range(1, whole.counts().get(kind, 0) + 1)]
        for fault in faults:
            run = Run(world, case, 1, fault)
            wrong = [] if run.result.status == 130 else [run.result.describe()]
            wrong += [] if b'interrupted' in run.result.err else ['no word of it: %r' % run.result.err]
            extract = run.files.pop('x.pcapng', None)
            wrong += ['%s is not whole' % n for n, d in whole.files.items() if n not in ('summary.json', 'x.pcapng') and run.files.get(n) != d]
            wrong += ['left: %s' % n for n in set(run.files) - set(whole.files)]
            summary = json.loads(run.files.get('summary.json', b'{"complete": null, "input": {"errors": []}}'))
            if extract not in (None, whole.files.get('x.pcapng')):
                wrong.append('a part of an extract')
            if summary['complete'] != (extract == whole.files.get('x.pcapng')) or summary['complete'] != (not summary['input']['errors']):
                wrong.append('summary.json: complete is %s, errors are %s' % (summary['complete'], summary['input']['errors']))
            out += ['%s: %s' % (fault, w) for w in wrong]
        tap.ok('interrupted while files are completed: %s, %d moments' % (case.name, len(faults)), out + ([] if faults else ['no moment']))


def main():
    options = sys.argv[5:]
    tcpreuse, shim, module, root = [os.path.abspath(a) for a in sys.argv[1:5]]
    value = lambda name: options[options.index(name) + 1] if name in options else None
    tap = program.Tap()
    with tempfile.TemporaryDirectory(prefix='tcpreuse-faults-') as where:
        world = World(where, tcpreuse, shim, module)
        chosen = [c for c in cases(where, root, tcpreuse) if value('--only') in (None, c.name)]
        if value('--fault'):
            run = Run(world, chosen[0], 1, value('--fault'))
            print(run.result.describe(), run.place(), {n: len(d) for n, d in run.files.items()}, sep='\n')
            print(run.files.get('summary.json', b'').decode()[:1500])
            return 0
        runs = plan(world, chosen)
        if '--all' not in options:
            every = max(1, len(runs) // int(value('--runs') or 300))
            runs = runs[::every]
        start = time.monotonic()
        complaints, ends = {}, {}

        def one(item):
            case, threads, whole, fault, words = item
            run = Run(world, case, threads, fault)
            return case, threads, fault, judge(run, whole, words), run

        with concurrent.futures.ThreadPoolExecutor(int(value('--jobs') or 2)) as pool:
            for case, threads, fault, wrong, run in pool.map(one, runs):
                key = (case.name, threads)
                complaints.setdefault(key, [])
                end = ends.setdefault((fault.split(':')[0]), {})
                end[run.result.status] = end.get(run.result.status, 0) + 1
                if wrong:
                    complaints[key].append('%s at %s: %s' % (fault, run.place(), '; '.join(wrong)))
        for kind, end in ends.items():
            print('# %s: %s' % (kind, ', '.join('%d with status %d' % (n, status) for status, n in sorted(end.items()))))
        print('# %d faults in %.0f s' % (len(runs), time.monotonic() - start))
        if not value('--only'):
            salvage(world, tap, where)
            closing(world, tap, chosen)
        for (name, threads), wrong in complaints.items():
            tap.ok('%s, %d threads' % (name, threads), wrong[:20] + (['... and %d more' % (len(wrong) - 20)] if len(wrong) > 20 else []))
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
