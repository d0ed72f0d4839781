#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: outputs.py TCPREUSE SOURCE-ROOT [--kills N]

Files are whole or absent: what is under the name of a report is complete, or summary.json says that it is not; links in its
place are not followed; two runs do not mix; a run that is killed, at N random moments, leaves nothing incomplete.
"""
import json
import os
import random
import resource
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import pcap  # noqa: E402
import program  # noqa: E402

LOCK, PART = '.tcpreuse.lock', program.PART
REPORTS = ['reuse.csv', 'conversations.csv', 'packets.csv', 'episodes.csv', 'endpoints.csv', 'summary.json']
ALL = 'reuse,conversations,packets,episodes,endpoints,summary'


def read(path):
    with open(path, 'rb') as file:
        return file.read()


def differs(directory, whole):
    """Files of a directory that are neither absent nor as they should be."""
    out = []
    for name in sorted(os.listdir(directory)):
        if name in whole and read(os.path.join(directory, name)) != whole[name]:
            out.append('%s is neither absent nor whole: %s' % (name, program.first_difference(whole[name], read(os.path.join(directory, name)))))
    return out


def expect(result, status, *words):
    out = [] if result.status == status else ['expected exit %d: %s' % (status, result.describe())]
    return out + ['standard error does not say %r: %s' % (w, result.describe()) for w in words if w.encode() not in result.err]


def left(directory, *more):
    """Files that should not be there."""
    extra = set(os.listdir(directory)) - set(REPORTS) - set(more)
    return ['left in the directory: %s' % ', '.join(sorted(extra))] if extra else []


def links(tcpreuse, tap, where, example):
    out = os.path.join(where, 'links')
    whole = run_into(tcpreuse, out, example)
    for how in ('symbolic', 'hard', 'dangling'):
        shutil.rmtree(out)
        os.mkdir(out)
        victim = program.write(where, 'victim', b'precious\n')
        for name in REPORTS + [LOCK] + [r + PART for r in REPORTS]:
            at = os.path.join(out, name)
            if how == 'hard':
                os.link(victim, at)
            else:
                os.symlink(victim if how == 'symbolic' else os.path.join(where, 'nowhere'), at)
        result = program.bare([tcpreuse, '-q', '-o', out, '--reports', ALL, example])
        complaints = expect(result, 0) + left(out)
        if read(victim) != b'precious\n' or os.path.exists(os.path.join(where, 'nowhere')):
            complaints.append('a link was followed')
        if os.stat(victim).st_nlink != 1 and how == 'hard':
            complaints.append('a report is still a name of the victim')
        for name in REPORTS[:-1]:
            if not os.path.isfile(os.path.join(out, name)) or os.path.islink(os.path.join(out, name)):
                complaints.append('%s is no file' % name)
            elif read(os.path.join(out, name)) != whole[name]:
                complaints.append('%s is another one' % name)
        tap.ok('%s links in the place of reports' % how, complaints)
    extract, victim = os.path.join(where, 'link.pcapng'), program.write(where, 'victim', b'precious\n')
    os.symlink(victim, extract)
    result = program.bare([tcpreuse, '-q', '--extract', extract, example])
    tap.ok('a link in the place of an extract', expect(result, 0) + (
        [] if read(victim) == b'precious\n' and not os.path.islink(extract) else ['it was followed']))


def run_into(tcpreuse, out, *arguments):
    """All reports of a run but the summary, which has times."""
    program.bare([tcpreuse, '-q', '-o', out, '--reports', ALL] + list(arguments))
    return {name: read(os.path.join(out, name)) for name in REPORTS[:-1]}


def in_the_way(tcpreuse, tap, where, example):
    for kind in ('FIFO', 'directory', 'device'):
        out = os.path.join(where, 'way-' + kind)
        os.mkdir(out)
        at = os.path.join(out, 'conversations.csv')
        try:
            if kind == 'FIFO':
                os.mkfifo(at)
            elif kind == 'directory':
                os.mkdir(at)
            else:
                os.mknod(at, 0o600 | stat.S_IFCHR, os.makedev(1, 3))
        except PermissionError as error:
            tap.skip('a %s in the place of a report' % kind, str(error))
            continue
        result = program.bare([tcpreuse, '-q', '-o', out, example], timeout=20)
        tap.ok('a %s in the place of a report' % kind, expect(result, 3, at, 'FIFO') + left(out))
    source = os.path.join(where, 'source')
    os.mkdir(source)
    data = read(example)
    for arguments in (['-o', source, os.path.join(source, 'reuse.csv')], ['-o', source, source]):
        program.write(source, 'reuse.csv', data)
        result = program.bare([tcpreuse, '-q'] + arguments)
        complaints = expect(result, 3, 'reuse.csv', 'input') + left(source)
        if read(os.path.join(source, 'reuse.csv')) != data:
            complaints.append('the input is another one')
        tap.ok('a report in the place of an input, %s' % ('a file' if arguments[-1] != source else 'a directory'), complaints)


def modes(tcpreuse, tap, where, example):
    for mask, mode in ((0o022, 0o644), (0o077, 0o600), (0o002, 0o664)):
        out = os.path.join(where, 'mode-%o' % mask)
        program.bare([tcpreuse, '-q', '-o', out, example], preexec_fn=lambda: os.umask(mask))
        found = {n: stat.S_IMODE(os.stat(os.path.join(out, n)).st_mode) for n in os.listdir(out)}
        tap.ok('umask %03o' % mask, ['%s has %o' % (n, m) for n, m in found.items() if m != mode] + ([] if found else ['no files']))


def two_runs(tcpreuse, tap, where, example):
    out = os.path.join(where, 'two')
    first = subprocess.Popen([tcpreuse, '-q', '-o', out, '-'], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    first.stdin.write(read(example))
    first.stdin.flush()
    wait_for(os.path.join(out, 'reuse.csv' + PART))
    names = sorted(n for n in os.listdir(out) if n in REPORTS)
    second = program.bare([tcpreuse, '-q', '-o', out, example])
    complaints = expect(second, 3, 'another run', str(first.pid))
    complaints += ['there under its own name: %s' % n for n in names]
    first.stdin.close()
    message = first.stderr.read()
    if first.wait() != 0:
        complaints.append('the first run ended with %d: %r' % (first.returncode, message))
    tap.ok('a second run into a directory', complaints + left(out))

    first = subprocess.Popen([tcpreuse, '-q', '-o', out, '-'], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    wait_for(os.path.join(out, 'reuse.csv' + PART))
    first.kill()
    first.communicate()
    complaints = [] if os.path.exists(os.path.join(out, LOCK)) else ['a killed run left no lock']
    complaints += expect(program.bare([tcpreuse, '-q', '-o', out, example]), 0)
    tap.ok('a run after one that was killed', complaints + left(out))


def wait_for(path, seconds=20):
    end = time.monotonic() + seconds
    while not os.path.exists(path) and time.monotonic() < end:
        time.sleep(0.01)


def interrupted(tcpreuse, tap, where, example):
    out = os.path.join(where, 'interrupted')
    whole = run_into(tcpreuse, os.path.join(where, 'not-interrupted'), example)
    for number in (signal.SIGINT, signal.SIGTERM):
        run = subprocess.Popen([tcpreuse, '-o', out, '--reports', ALL, '-'], stdin=subprocess.PIPE, stderr=subprocess.PIPE)
        run.stdin.write(read(example))
        run.stdin.flush()
        part = os.path.join(out, 'packets.csv' + PART)
        wait_for(part)
        end = time.monotonic() + 20
        while os.path.getsize(part) < 500 and time.monotonic() < end:
            time.sleep(0.02)
        run.send_signal(number)
        message = run.stderr.read()
        status = run.wait()
        run.stdin.close()
        complaints = [] if status == 130 else ['exit %d' % status]
        complaints += [] if b'interrupted' in message else ['standard error: %r' % message]
        summary = json.loads(read(os.path.join(out, 'summary.json')))
        if not summary['input']['interrupted'] or summary['complete'] or not summary['input']['errors']:
            complaints.append('summary.json says that it is complete')
        for name in ('reuse.csv', 'packets.csv'):
            if not whole[name].startswith(read(os.path.join(out, name))):
                complaints.append('%s is no beginning of the whole' % name)
        if len(read(os.path.join(out, 'packets.csv'))) < 500:
            complaints.append('packets.csv has no rows')
        tap.ok('interrupted by %s' % number.name, complaints + left(out))


def rotated(tcpreuse, tap, where, example):
    """A file gets its name when the next one begins, while the run goes on."""
    out, data = os.path.join(where, 'rotated'), read(example)
    records = list(pcap.records(data))
    half = pcap.FILE_HEADER + sum(pcap.RECORD_HEADER + len(r.data) for r in records[:len(records) // 2])
    whole = read(os.path.join(where, 'not-interrupted', 'packets.csv')).split(b'\n', 1)
    run = subprocess.Popen([tcpreuse, '-q', '-o', out, '--reports', 'packets,summary', '--rotate', '1s', '-'],
                           stdin=subprocess.PIPE, stderr=subprocess.PIPE)
    run.stdin.write(data[:half])
    run.stdin.flush()
    wait_for(os.path.join(out, 'packets.csv' + PART))
    time.sleep(2)
    complaints = ['%s is there before its end' % n for n in os.listdir(out) if n in REPORTS]
    run.stdin.write(data[half:])
    run.stdin.flush()
    wait_for(os.path.join(out, 'packets.csv'))
    complaints += [] if run.poll() is None and os.path.exists(os.path.join(out, 'packets.csv')) else ['no packets.csv while the run went on']
    run.stdin.close()
    run.wait()
    parts = [read(os.path.join(out, n)).split(b'\n', 1) for n in ('packets.csv', 'packets.1.csv') if os.path.exists(os.path.join(out, n))]
    if b''.join(rows for _, rows in parts) != whole[1] or any(header != whole[0] for header, _ in parts):
        complaints.append('%d files are not the whole' % len(parts))
    tap.ok('--rotate', complaints + left(out, 'packets.1.csv'))


def full(tcpreuse, tap, where, example):
    """No room behind so many bytes of each file."""
    whole = run_into(tcpreuse, os.path.join(where, 'not-full'), example)
    size = max(len(d) for d in whole.values())
    for limit in [0, 1, 100] + list(range(400, size + 400, max(1, size // 12))):
        out = os.path.join(where, 'full')
        shutil.rmtree(out, ignore_errors=True)
        result = program.bare([tcpreuse, '-q', '-o', out, '--reports', ALL, example],
                              preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit)))
        complaints = left(out)
        found = {n: read(os.path.join(out, n)) for n in os.listdir(out)}
        short = [n for n in whole if found.get(n) != whole[n]]
        for name, data in found.items():
            if name in whole and not (whole[name].startswith(data) and data.endswith(b'\n')):
                complaints.append('%s is no beginning of the whole' % name)
        if short or 'summary.json' not in found:
            complaints += expect(result, 3, 'File too large')
        if 'summary.json' in found:
            summary = json.loads(found['summary.json'])
            if summary['complete'] != (not short):
                complaints.append('summary.json says complete: %s' % summary['complete'])
            if short and not any('File too large' in e['message'] for e in summary['input']['errors']):
                complaints.append('summary.json does not say why')
        tap.ok('files of at most %d bytes' % limit, complaints)


def closed(tcpreuse, tap, where, example):
    for streams in ((1,), (2,), (0, 1, 2), (0,)):
        out = os.path.join(where, 'closed')
        shutil.rmtree(out, ignore_errors=True)
        broken = program.write(where, 'broken.pcap', read(example)[:-3])
        shell = 'exec "$0" "$@" %s' % ' '.join('%d%s&-' % (fd, '<' if fd == 0 else '>') for fd in streams)
        result = program.bare(['sh', '-c', shell, tcpreuse, '-o', out, broken], stdin=None)
        complaints = expect(result, 2)
        for name in os.listdir(out) if os.path.isdir(out) else ():
            if b'tcpreuse:' in read(os.path.join(out, name)):
                complaints.append('a message is in %s' % name)
        tap.ok('closed: %s' % ', '.join('descriptor %d' % fd for fd in streams), complaints + left(out))
    tap.ok('standard input is closed', expect(program.bare(['sh', '-c', 'exec "$0" - <&-', tcpreuse], timeout=20), 2, 'Bad file descriptor'))
    tap.ok('standard output is closed', expect(
        program.bare(['sh', '-c', 'exec "$0" "$1" >&-', tcpreuse, example], timeout=20), 3, 'standard output', 'Bad file descriptor'))


def in_place(tcpreuse, tap, where, example):
    extract = os.path.join(where, 'x.pcapng')
    program.bare([tcpreuse, '-q', '--extract', extract, example])
    whole = read(extract)
    result = program.bare([tcpreuse, '-q', '-o', os.path.join(where, 'place'), '--extract', '/dev/stdout', example])
    tap.ok('--extract /dev/stdout', expect(result, 0) + ([] if result.out == whole else ['another extract']))
    fifo = os.path.join(where, 'fifo')
    os.mkfifo(fifo)
    reader = subprocess.Popen(['cat', fifo], stdout=subprocess.PIPE)
    result = program.bare([tcpreuse, '-q', '--extract', fifo, example], timeout=20)
    tap.ok('--extract to a FIFO', expect(result, 0) + ([] if reader.communicate()[0] == whole else ['another extract']))
    before = read(program.write(where, 'kept.pcapng', b'from before'))
    result = program.bare([tcpreuse, '-q', '--extract', os.path.join(where, 'kept.pcapng'), example + '.none'])
    tap.ok('an extract that fails leaves what was there', expect(result, 2) + (
        [] if read(os.path.join(where, 'kept.pcapng')) == before else ['it is another one']))
    tap.ok('--fsync', expect(program.bare([tcpreuse, '-q', '--fsync', '-o', os.path.join(where, 'sync'), '--extract', extract, example]), 0))


def collisions(tcpreuse, tap, where, example):
    """An extract with the name of a file of the run is refused before anything is written; others are no such names."""
    out, reports = os.path.join(where, 'collide'), ['--reports', 'reuse,conversations,summary,schema', '--rotate', '1M']
    os.mkdir(out)
    for name in ('summary.json', 'reuse.csv', 'reuse.3.csv', 'conversations.csv', 'datapackage.json', 'schema.sql'):
        for at in (os.path.join(out, name), os.path.join(out, '..', 'collide', name)):
            result = program.bare([tcpreuse, '-q', '-o', out] + reports + ['--extract', at, example])
            tap.ok('--extract %s' % at[len(where):], expect(result, 1, '--extract', name) + ['%s was written' % n for n in os.listdir(out)])
    for name in ('reuse.pcapng', 'packets.csv', 'reuses.csv', 'reuse.x.csv'):
        result = program.bare([tcpreuse, '-q', '-o', out] + reports + ['--extract', os.path.join(out, name), example])
        tap.ok('--extract %s' % name, expect(result, 0) + ([] if os.path.exists(os.path.join(out, name)) else ['no extract']))


def listed(tcpreuse, tap, where, example):
    """The schema lists the files that are there: not one that could not be made, nor one that could not be completed."""
    for name, arguments in (('reuse-2.csv', ['--split-rows', '4']), ('reuse.1.csv', ['--rotate', '1K'])):
        out = os.path.join(where, 'listed-' + name)
        os.makedirs(os.path.join(out, name))
        result = program.bare([tcpreuse, '-q', '-o', out, '--reports', 'reuse,schema', '--append'] + arguments + [example] * 60)
        paths = [r['path'] for r in json.loads(read(os.path.join(out, 'datapackage.json')))['resources']]
        complaints = expect(result, 3, name) + ([] if paths == ['reuse.csv'] else ['datapackage.json lists %s' % paths])
        complaints += ['schema.sql loads it'] if name.encode() in read(os.path.join(out, 'schema.sql')) else []
        tap.ok('files that are not there are not listed: %s' % name, complaints)


def no_empty_files(tcpreuse, tap, where, example):
    """A file that is rotated has rows, and together they have all, however small the limit is."""
    whole = read(os.path.join(where, 'not-full', 'packets.csv')).split(b'\n', 1)
    for limit in ('1K', '4K', '10K'):
        out = os.path.join(where, 'rows-' + limit)
        result = program.bare([tcpreuse, '-q', '-j', '1', '-o', out, '--reports', 'packets', '--rotate', limit, example])
        names = ['packets%s.csv' % ('.%d' % i if i else '') for i in range(len(os.listdir(out)))]
        parts = [read(os.path.join(out, n)).split(b'\n', 1) for n in names]
        complaints = expect(result, 0) + ['%s has only a header' % n for n, p in zip(names, parts) if not p[1]]
        tap.ok('--rotate %s' % limit, complaints + ([] if b''.join(p[1] for p in parts) == whole[1] else ['not all rows']))


def kills(tcpreuse, tap, where, example, count, seed):
    """Killed at random moments of a run that takes long enough, which is one over the same file many times."""
    choose = random.Random(seed)
    out, inputs = os.path.join(where, 'killed'), [example] * 400
    command = [tcpreuse, '-q', '--append', '-o', out, '--reports', ALL, '--rotate', '20K'] + inputs
    start = time.monotonic()
    program.bare(command)
    seconds = time.monotonic() - start
    whole = {n: read(os.path.join(out, n)) for n in os.listdir(out) if n != 'summary.json'}
    complaints, killed, names = left(out, *whole), 0, 0
    for i in range(count):
        if i % 5 == 0:
            shutil.rmtree(out)
        run = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        time.sleep(choose.uniform(0, seconds))
        run.kill()
        killed += run.wait() == -signal.SIGKILL
        if not os.path.isdir(out):
            os.mkdir(out)
        names += sum(n in whole for n in os.listdir(out))
        complaints += ['kill %d: %s' % (i, c) for c in differs(out, whole)]
        try:
            json.loads(read(os.path.join(out, 'summary.json')))
        except FileNotFoundError:
            pass
        except ValueError as error:
            complaints.append('kill %d: summary.json: %s' % (i, error))
    complaints += expect(program.bare(command), 0) + left(out, *whole) + differs(out, whole)
    print('# %d of %d runs of %.2f s were killed before they ended; %d files were under their names' % (killed, count, seconds, names))
    tap.ok('killed at %d moments, seed %d' % (count, seed), complaints)


def main():
    tcpreuse, root = os.path.abspath(sys.argv[1]), sys.argv[2]
    count = int(sys.argv[sys.argv.index('--kills') + 1]) if '--kills' in sys.argv else 30
    example, tap = os.path.join(root, 'examples', 'verdicts.pcap'), program.Tap()
    with tempfile.TemporaryDirectory(prefix='tcpreuse-outputs-') as where:
        for test in (links, in_the_way, modes, two_runs, interrupted, rotated, full, closed, in_place, collisions, listed, no_empty_files):
            test(tcpreuse, tap, where, example)
        kills(tcpreuse, tap, where, example, count, 1)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
