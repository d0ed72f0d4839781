#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: run.py TCPREUSE PROBE SOURCE-ROOT

What a confined run may not do, tried from within by a preloaded library (probe.c); that runs of every form report the same with
--sandbox on as without; and what becomes of it on kernels that have no sandbox, or an older one.
"""
import gzip
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import hostile  # noqa: E402
import pcap  # noqa: E402
import program  # noqa: E402

# What a run may still do, if it is confined. All else fails, with one of these errors.
MAY = {'read-input', 'memory', 'thread'}
MAY_IN_OUTPUT = {'make-in-output', 'rename-in-output', 'remove-in-output'}
REFUSED = {'EACCES', 'EPERM', 'ENOSYS', 'EXDEV'}
FREE = 'move-out', 'rename-in-output', 'remove-in-output'      # the first of them takes the file away


class World:
    def __init__(self, tcpreuse, probe, root, where):
        self.tcpreuse, self.probe, self.where = tcpreuse, probe, where
        self.example = os.path.join(root, 'examples', 'verdicts.pcap')

    def at(self, *names):
        return os.path.join(self.where, *names)

    def run(self, arguments, **more):
        return program.bare([self.tcpreuse] + [str(a) for a in arguments], cwd=self.where, **more)

    def environment(self, **more):
        return dict(os.environ, LD_PRELOAD=self.probe, **more)


def read(path):
    with open(path, 'rb') as file:
        return file.read()


def attempts(world, arguments, output=None, **more):
    """What the probe could do, by its name, and the result of the run."""
    log = world.at('log')
    if os.path.exists(log):
        os.remove(log)
    environment = world.environment(PROBE_LOG=log, PROBE_INPUT=world.example, **({'PROBE_OUTPUT': output} if output else {}))
    result = world.run(arguments, env=environment, **more)
    lines = read(log).decode().splitlines() if os.path.exists(log) else []
    return dict(line.split() for line in lines), result


def refused(tap, world):
    out = world.at('probed')
    for name, arguments, output in (('standard output', [world.example], None), ('a directory', ['-o', out, world.example], out),
                                    ('a piece', ['--piece', '1/1', '-o', world.at('probed', 'p'), world.example], out)):
        os.makedirs(out, exist_ok=True)
        for threads in (1, 3):
            if os.path.exists(world.at('probed', 'p')):
                os.remove(world.at('probed', 'p'))
            tried, result = attempts(world, ['-q', '-j', threads, '--sandbox', 'on'] + arguments, output)
            may = MAY | (MAY_IN_OUTPUT if output else set())
            complaints = ['%s: %s' % (k, v) for k, v in tried.items() if (v != 'ok' if k in may else v not in REFUSED)]
            if result.status or len(tried) < 25 + (6 if output else 0):
                complaints.append('%s, %d attempts' % (result.describe(), len(tried)))
            tap.ok('to %s, %d threads: nothing else may be done' % (name, threads), complaints)
        shutil.rmtree(out)
    os.makedirs(out)
    tried, result = attempts(world, ['-q', '--sandbox', 'off', '-o', out, world.example], out)
    # What nobody may do who is not root, or whom the kernel refuses it.
    failed = [k for k, v in tried.items() if v != 'ok' and k not in FREE + ('unknown-call', 'mount', 'bpf', 'keyctl', 'init_module', 'io_uring', 'read-memory')]
    tap.ok('without a sandbox all of it may be done', ['%s: %s' % (k, tried[k]) for k in failed] + ([] if not result.status else [result.describe()]))
    if os.path.exists('/tmp/tcpreuse-probe'):
        os.remove('/tmp/tcpreuse-probe')


def made(place):
    """The files below it, but for what differs from run to run."""
    files = {}
    for folder, _, names in os.walk(place):
        for name in names:
            data = read(os.path.join(folder, name))
            if name == 'summary.json':
                summary = json.loads(data)
                del summary['performance']
                data = json.dumps(summary).encode()
            if name not in ('reuse.xlsx', 'report.html') and not name.endswith('.state'):
                files[os.path.relpath(os.path.join(folder, name), place)] = data
            else:
                files[os.path.relpath(os.path.join(folder, name), place)] = b''
    return files


def forms(world):
    """Runs, each a name and commands; OUT is a directory of its own."""
    directory = world.at('captures', 'more')
    os.makedirs(directory)
    data = hostile.pcap(5, 3000, odd=0.1)
    plain = program.write(world.where, 'hostile.pcap', data)
    records = list(pcap.records(data))
    half = len(records) // 2
    first, second = (pcap.write(world.at('captures', name), part) for name, part in (('a.pcap', records[:half]), ('b.pcap', records[half:])))
    program.write(directory, 'c.pcap', data)
    os.symlink(plain, world.at('captures', 'link.pcap'))
    zipped = program.write(world.where, 'hostile.pcap.gz', gzip.compress(data, mtime=0))
    listed = program.write(world.where, 'list', ('%s\n%s\n' % (first, second)).encode())
    timers = program.write(world.where, 'timers', b'x,fin,5\n')
    overlapping = [pcap.write(world.at('part-%d.pcap' % i), records[i::5]) for i in range(5)]
    everything = ['-o', 'OUT', '--reports', 'reuse,conversations,packets,episodes,endpoints,summary,schema']
    features = world.run(['--version']).out.decode()
    more = [name for name, word in (('xlsx', 'Workbooks (xlsx): libxlsxwriter'), ('page', 'Report page: Chart.js')) if word in features]
    runs = [
        ('a file', [[world.example]]),
        ('a file by a name that is relative', [['hostile.pcap']]),
        ('all reports', [everything + [plain]]),
        ('a directory', [['-o', 'OUT', 'captures']]),
        ('a directory with those beneath it', [['--recursive', '-o', 'OUT', world.at('captures') + '/']]),
        ('a directory and a file', [[directory, plain]]),
        ('files from a list', [['--files-from', listed]]),
        ('gzip', [everything + [zipped]]),
        ('files that overlap', [everything + overlapping]),
        ('a sort window', [['--sort-window', '1', plain]]),
        ('rotation', [['-o', 'OUT', '--reports', 'packets', '--rotate', '50K', plain]]),
        ('split rows', [['-o', 'OUT', '--spreadsheet', '--split-rows', '50', plain]]),
        ('names that are synchronised', [['-o', 'OUT', '--fsync', plain]]),
        ('a filter', [['-f', 'tcp or udp', plain]]),
        ('timers', [['--timers', timers, plain]]),
        ('the same directory twice', [['-o', 'OUT', plain], ['-o', 'OUT', world.example]]),
        ('an extract', [['-o', 'OUT', '--extract', 'OUT/x.pcapng', plain]]),
        ('an extract elsewhere', [['--extract', 'OUT/x.pcapng', 'captures']]),
        ('an extract on standard output', [['-o', 'OUT', '--extract', '-', plain]]),
        ('a display filter', [['--print-filter', plain]]),
        ('a state', [['-o', 'OUT/r', '--state', 'OUT/s.state', first], ['-o', 'OUT/r', '--state', 'OUT/s.state', first, second]]),
        ('pieces', [['--piece', '1/2', '-o', 'OUT/1.state', plain], ['--piece', '2/2', '-o', 'OUT/2.state', plain],
                    ['--combine', '-o', 'OUT/r', 'OUT/1.state', 'OUT/2.state']]),
        ('a file of metrics', [['-o', 'OUT', '--metrics', 'metrics', plain]]),
        ('a file that is not there', [['-o', 'OUT', plain, 'nothing.pcap']]),
        ('a file that is cut', [['-o', 'OUT', program.write(world.where, 'cut.pcap', data[:-3])]]),
        ('NDJSON', [['--format', 'ndjson', '--details', plain][:2] + [plain]]),
        ('the listing', [['--format', 'text', '-V', plain]]),
    ]
    if more:
        runs.append(('a workbook and a page', [['-o', 'OUT', '--reports', 'reuse,summary,' + ','.join(more), plain]]))
    return runs, plain, data


def same(tap, world, runs, data):
    for name, commands in runs:
        got = []
        for mode in ('off', 'on'):
            out = world.at('OUT')
            shutil.rmtree(out, ignore_errors=True)
            os.mkdir(out)
            results = [world.run(['-q', '-j', 2, '--sandbox', mode] + c) for c in commands]
            got.append(([(r.status, r.out, r.err) for r in results], made(out), results))
        complaints = [r.describe() for r in got[1][2] if r.status not in ([0, 2] if 'that is' in name else [0])]
        if got[0][0] != got[1][0]:
            complaints.append('it says something else: %s' % [r.describe() for r in got[1][2]])
        complaints += ['%s differs' % n for n in set(got[0][1]) | set(got[1][1]) if got[0][1].get(n) != got[1][1].get(n)]
        tap.ok(name, complaints)
    whole = world.run(['-q', '--sandbox', 'off', world.at('hostile.pcap')]).out
    for name, arguments, more in (('standard input', ['-'], {'input': data}), ('/dev/stdin', ['/dev/stdin'], {'input': data})):
        done = subprocess.run([world.tcpreuse, '-q', '--sandbox', 'on'] + arguments, stdout=subprocess.PIPE, stderr=subprocess.PIPE, check=False, **more)
        tap.ok(name, [] if (done.returncode, done.stdout) == (0, whole) else ['exit %d: %r' % (done.returncode, done.stderr)])
    os.mkfifo(world.at('fifo'))
    with subprocess.Popen(['sh', '-c', 'cat hostile.pcap >fifo'], cwd=world.where):
        done = world.run(['-q', '--sandbox', 'on', 'fifo'])
    tap.ok('a FIFO', [] if (done.status, done.out) == (0, whole) else [done.describe()])


def goes_on(tap, world, data):
    """Runs that go on: what comes after the process was confined."""
    followed, out = world.at('followed'), world.at('follow-out')
    os.mkdir(followed)
    run = subprocess.Popen([world.tcpreuse, '-q', '--sandbox', 'on', '-o', out, '--follow', followed, '--idle-exit', '2'], stderr=subprocess.PIPE)
    time.sleep(0.5)
    program.write(world.where, 'coming', data)
    os.rename(world.at('coming'), os.path.join(followed, 'new.pcap'))
    message = run.communicate(timeout=60)[1]
    whole = world.run(['-q', '--sandbox', 'off', world.at('hostile.pcap')]).out.splitlines()
    rows = read(os.path.join(out, 'reuse.csv')).splitlines()
    tap.ok('a directory that is followed', [] if run.returncode == 0 and len(rows) == len(whole) else ['exit %d: %r, %d rows' % (
        run.returncode, message, len(rows))])

    for place in ('tcp:0', 'unix:' + world.at('socket')):
        run = subprocess.Popen([world.tcpreuse, '--progress', 'never', '--sandbox', 'on', '--metrics', place, '-'], stdin=subprocess.PIPE,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        line = run.stderr.readline().decode().strip()
        run.stdin.write(data[:4096])
        run.stdin.flush()
        complaints = []
        time.sleep(0.3)
        if place == 'tcp:0':
            with urllib.request.urlopen(line.split(' at ')[1], timeout=10) as answer:
                page = answer.read()
        else:
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(world.at('socket'))
                client.sendall(b'GET /metrics HTTP/1.1\r\n\r\n')
                page = b''.join(iter(lambda: client.recv(65536), b''))
        resident = [p for p in page.decode().splitlines() if p.startswith('tcpreuse_resident_memory_bytes ')]
        if not resident or float(resident[0].split()[1]) < 1e6:
            complaints.append('metrics: %r' % page[-300:])
        run.communicate(data[4096:], timeout=60)
        if run.returncode or os.path.exists(world.at('socket')):
            complaints.append('exit %d, the socket is there: %s' % (run.returncode, os.path.exists(world.at('socket'))))
        tap.ok('metrics at %s' % place.split(':')[0], complaints)

    told = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    told.bind(world.at('notify'))
    told.settimeout(10)
    done = world.run(['-q', '--sandbox', 'on', world.example], env=dict(os.environ, NOTIFY_SOCKET=world.at('notify'), WATCHDOG_USEC='3000000'))
    says = [told.recv(100) for _ in range(2)] if not done.status else [done.describe()]
    tap.ok('a service manager is told', [] if says == [b'READY=1', b'STOPPING=1'] else [str(says)])


def replaced(tap, world, data):
    """While a FIFO before them is read, another file takes the name of one that is an input."""
    place = world.at('replaced')
    os.mkdir(place)
    for i in range(40):         # not all are opened at once
        program.write(place, '%02d.pcap' % i, data)
    os.mkfifo(world.at('first'))
    last = os.path.join(place, '39.pcap')
    run = subprocess.Popen([world.tcpreuse, '-q', '-j', '1', '--append', '--sandbox', 'on', world.at('first')] +
                           [os.path.join(place, name) for name in sorted(os.listdir(place))], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
    with open(world.at('first'), 'wb') as first:
        first.write(data[:70000])
        first.flush()
        time.sleep(0.5)
        os.rename(program.write(world.where, 'other', data), last)
        first.write(data[70000:])
    message = run.communicate(timeout=60)[1].decode()
    expected = 'tcpreuse: %s: Permission denied by the sandbox: it was not among the inputs when the run began (--sandbox)\n' % last
    tap.ok('a file that takes the name of an input is told', [] if (run.returncode, message) == (2, expected) else [
        'exit %d: %r' % (run.returncode, message)])


def interfaces(tap, world):
    for more in ([], ['--user', 'nobody']):
        name = ' '.join(['an interface'] + more)
        run = subprocess.Popen([world.tcpreuse, '-v', '--sandbox', 'on', '-i', 'lo', '-f', 'tcp', '--duration', '2', '--reports', 'packets'] + more,
                               stdout=subprocess.PIPE, stderr=subprocess.PIPE)
        time.sleep(0.7)
        with socket.socket() as server:
            server.bind(('127.0.0.1', 0))
            server.listen()
            with socket.create_connection(server.getsockname()):
                pass
        out, err = run.communicate(timeout=60)
        if b'CAP_NET_RAW' in err or b'only root' in err or b'this build has no' in err:
            tap.skip(name, 'no right to capture')
            continue
        tap.ok(name, [] if run.returncode == 0 and len(out.splitlines()) > 3 and b'sandbox: landlock' in err else [
            'exit %d: %r, %d rows' % (run.returncode, err, len(out.splitlines()))])


def kernels(tap, world):
    """What applies is said, and reports are the same; `on` where it cannot be had is an error before anything is written."""
    whole = world.run(['-q', '--sandbox', 'off', world.example]).out
    version = json.loads(read(os.path.join(summary_of(world, []), 'summary.json')))['performance']['sandbox']
    tap.ok('here: %s' % version, [] if version.startswith('landlock') and version.endswith(', seccomp') else [version])
    if not version.startswith('landlock'):
        return
    newest = int(version.split()[1].rstrip(','))
    cases = [('landlock=%d' % v, 'landlock %d, seccomp' % v, None) for v in range(1, newest)] + [
        ('landlock=0', 'seccomp (none: Landlock: Operation not supported)', '--sandbox on: Landlock: Operation not supported'),
        ('seccomp=0', 'landlock %d' % newest, '--sandbox on: a filter of system calls: Invalid argument'),
        ('landlock=0,seccomp=0', 'none: a filter of system calls: Invalid argument', '--sandbox on: Landlock'),
    ]
    for kernel, applies, error in cases:
        environment = world.environment(PROBE_KERNEL=kernel)
        out = summary_of(world, [], env=environment)
        says = json.loads(read(os.path.join(out, 'summary.json')))['performance']['sandbox']
        complaints = [] if says == applies else ['it says %r' % says]
        complaints += [] if world.run(['-q', world.example], env=environment).out == whole else ['other rows']
        on = world.run(['-q', '--sandbox', 'on', '-o', world.at('on'), world.example], env=environment)
        if error and (on.status != 1 or error.encode() not in on.err or os.path.exists(world.at('on'))):
            complaints.append('--sandbox on: %s' % on.describe())
        if not error and on.status:
            complaints.append('--sandbox on: %s' % on.describe())
        shutil.rmtree(world.at('on'), ignore_errors=True)
        tap.ok('a kernel with %s' % kernel, complaints)
    off = summary_of(world, ['--sandbox', 'off'])
    says = json.loads(read(os.path.join(off, 'summary.json')))['performance']['sandbox']
    tap.ok('--sandbox off', [] if says == 'none: --sandbox off' else [says])
    verbose = world.run(['-v', world.example])
    tap.ok('-v says so', [] if ('tcpreuse: sandbox: %s\n' % version).encode() in verbose.err else [verbose.describe()])
    for option in (['--mpi'], ['--dpdk', '--no-huge']):
        on = world.run(['--sandbox', 'on'] + option + ([world.example] if option == ['--mpi'] else []))
        tap.ok('%s --sandbox on' % option[0], [] if on.status == 1 and b'--sandbox on: ' in on.err else [on.describe()])
    tap.ok('--describe', [r.describe() for r in [world.run(['--piece', '1/1', '-o', world.at('d.piece'), '-q', world.example]),
                                                  world.run(['--sandbox', 'on', '--describe', world.at('d.piece')])] if r.status])


def summary_of(world, arguments, **more):
    out = world.at('summary-of')
    shutil.rmtree(out, ignore_errors=True)
    done = world.run(['-q', '-o', out] + arguments + [world.example], **more)
    if done.status:
        raise ValueError(done.describe())
    return out


def main():
    tcpreuse, probe = (os.path.abspath(a) for a in sys.argv[1:3])
    tap = program.Tap()
    signal.alarm(280)
    with tempfile.TemporaryDirectory(prefix='tcpreuse-sandbox-') as where:
        world = World(tcpreuse, probe, os.path.abspath(sys.argv[3]), where)
        on = world.run(['-q', '--sandbox', 'on', world.example])
        if on.status == 1:
            tap.skip('the sandbox', on.err.decode().strip())
            return tap.done()
        kernels(tap, world)
        refused(tap, world)
        runs, _, data = forms(world)
        same(tap, world, runs, data)
        goes_on(tap, world, data)
        replaced(tap, world, data)
        interfaces(tap, world)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
