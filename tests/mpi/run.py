#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: run.py TCPREUSE TRACEGEN

Runs by the ranks of an MPI job give all reports of one run, byte for byte, for any number of ranks; with Open MPI and with MPICH,
as far as they are there. What a rank cannot do ends the job with a message, and nothing looks complete then.

With TCPREUSE_CORPUS, 200 captures below that directory are compared, too.
"""
import gzip
import os
import random
import shlex
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import ftp  # noqa: E402
import hostile  # noqa: E402
import pcap  # noqa: E402
import program  # noqa: E402
from cuts import PLAIN, REPORTS, differences, fragments, pcapng, silent, traps  # noqa: E402
from jobs import LAUNCHERS, RANK, RANKS, Job  # noqa: E402


def test_answers(tap, job, directory):
    odd = program.write(directory, 'odd.pcap', hostile.pcap(2, 3000))
    few = program.write(directory, 'few.pcap', hostile.pcap(1, 5))
    for name in LAUNCHERS:
        for path, what in ((odd, 'odd frames'), (few, 'fewer frames than ranks')):
            counts = RANKS if path == odd else RANKS[-1:]
            if name in job.launchers:
                tap.ok('%s: %s on %s ranks' % (name, what, counts), job.compare(['-j2', path], counts, launcher=name))
            else:
                tap.skip('%s: %s' % (name, what), 'there is no launcher of it, or the build has no part for it')
    tap.ok('an example', job.compare([os.path.join(HERE, '..', '..', 'examples', 'verdicts.pcap')], (2,)))
    tap.ok('--rules 4.2, --verdicts off', job.compare(['--rules', '4.2', '--verdicts', 'off', odd], (3,), PLAIN))
    tap.ok('--key', job.compare(['--key', 'tuple,vlan,interface,vni', odd], (3,)))
    tap.ok('FTP under --rules 4.0', job.compare(['--rules', '4.0', program.write(directory, 'ftp.pcap', ftp.pcap(4, 1200))], (5,)))
    tap.ok('datagrams whose fragments lie on both sides of cuts',
           job.compare([program.write(directory, 'fragments.pcap', fragments(3, 300))], (8,)))
    tap.ok('a filter, decode-as and copies',
           job.compare(['-f', 'ip or vlan', '-d', 'udp.port==5000,vxlan', '--drop-copies', '0.0005', odd]))
    one, out = program.run(job.tcpreuse, [odd], REPORTS), os.path.join(directory, 'threads')
    result = job.shell(4, 'set -- "$@" -j$((%s + 1))' % RANK, ['-o', out, '--reports', ','.join(REPORTS), odd])
    for report in REPORTS:
        with open(os.path.join(out, program.NAMES[report]), 'rb') as file:
            result.reports[report] = file.read()
    tap.ok('ranks of 1, 2, 3 and 4 threads', differences(one, result))
    tap.ok('time that goes back, and --expire', job.compare(['--append', '--expire', '0.01', odd, few], (3,), tuple(r for r in REPORTS if r != 'endpoints')))
    one = program.bare([job.tcpreuse, odd])
    tap.ok('something was sent', [] if job.sent > 1 << 20 else ['%d bytes' % job.sent])
    for name in sorted(job.launchers):
        # -q, since mpirun of Open MPI 5 mixes the two streams of a process: some bytes of one come out of the other.
        many = program.bare(job.command(2, [job.tcpreuse, '-q', '--mpi', odd], name))
        tap.ok('%s: rows on standard output' % name, [] if one.out == many.out and many.status == 0 else [many.describe()])


def test_sets(tap, job, directory):
    parts, records = [], list(pcap.records(hostile.pcap(6, 2400)))
    for i in range(6):
        parts.append(pcap.write(os.path.join(directory, 'set%d.pcap' % i), records[i * 400:(i + 1) * 400]))
    with open(parts[1], 'rb') as file:
        parts[1] = program.write(directory, 'set1.pcap.gz', gzip.compress(file.read()))
    with open(parts[4], 'rb') as file:
        parts[4] = program.write(directory, 'set4.pcapng', pcapng(file.read()))
    with open(parts[0], 'rb') as file:
        cut = program.write(directory, 'cut.pcap', file.read()[:-20])
    empty = pcap.write(os.path.join(directory, 'empty.pcap'), [])
    folders = []
    for i in range(2):
        folders.append(os.path.join(directory, 'folder%d' % i))
        os.mkdir(folders[i])
        for path in parts[3 * i:3 * i + 3]:
            shutil.copy(path, folders[i])
    tap.ok('two directories, of which some files are compressed or pcapng', job.compare(folders, (2, 5)))
    tap.ok('--append, with times that go back', job.compare(['--append'] + parts[::-1]))
    later = program.write(directory, 'later.pcapng', pcapng(hostile.pcap(12, 1500), ((0, 6), (400, 9), (900, 6), (901, 3))))
    tap.ok('pcapng with interfaces that are described later', job.compare([later], (8,)))
    names = program.write(directory, 'names.pcapng', silent(pcapng(hostile.pcap(12, 1500))))
    tap.ok('a piece without a frame of the file that it ends in', job.compare([names], (3,)))
    nowhere = os.path.join(directory, 'nowhere.pcap')
    tap.ok('files that are cut, empty or not there', job.compare([cut, empty, nowhere] + parts[1:]))
    tap.ok('no input at all', job.compare([nowhere], (2,)))
    records = list(pcap.records(hostile.pcap(21, 900)))
    beside = [pcap.write(os.path.join(directory, 'beside%d.pcap' % i), records[i::2]) for i in range(2)]
    near = [pcap.write(os.path.join(directory, 'near%d.pcap' % i), part) for i, part in
            enumerate((records[:400] + records[401:402], records[400:401] + records[402:]))]
    tap.ok('files that overlap all the time', job.compare(beside, (2, 5)))
    tap.ok('files that overlap by a frame', job.compare(near, (3, 8)))
    path = program.write(directory, 'traps.pcap', traps(8))
    one, done = program.run(job.tcpreuse, [path], REPORTS), job.run([path], 7, REPORTS)
    again = sum(rank['read_again'] for rank in done.summary()['ranks']) if 'summary' in done.reports else 0
    tap.ok('a wrong guess is read again', differences(one, done) + ([] if again else ['none was: ' + done.describe()]))


def refused(result, status, *words):
    missing = [w for w in words if w.encode() not in result.err]
    if result.status == status and not missing:
        return []
    return ['expected exit %d and %s: %s' % (status, ', '.join(missing) or 'this text', result.describe())]


def left(out):
    """What looks like a report in a directory."""
    return [name for name in sorted(os.listdir(out)) if not name.startswith('.') and program.PART not in name] if os.path.isdir(out) else []


def test_refused(tap, job, directory):
    path = program.write(directory, 'a.pcap', hostile.pcap(9, 600))
    late = pcap.write(os.path.join(directory, 'late.pcap'), list(pcap.records(hostile.pcap(11, 600))))
    out = os.path.join(directory, 'refused')

    def none_left(complaints):
        return complaints + ['%s is there' % name for name in left(out)]
    tap.ok('standard input', refused(program.bare(job.command(2, [job.tcpreuse, '--mpi', '-'])), 1, 'regular files'))
    tap.ok('a directory that cannot be made', refused(
        program.bare(job.command(2, [job.tcpreuse, '--mpi', '-o', '/proc/nowhere', path])), 3, '/proc/nowhere'))
    for option in (['--ignore', '3'], ['--sort-window', '1'], ['--max-conversations', '9'], ['--expire', 'auto'],
                   ['--extract', out], ['--late', 'refuse'], ['--piece', '1/2'], ['--combine'], ['--dpdk', '']):
        tap.ok('%s with --mpi' % option[0], refused(program.bare([job.tcpreuse, '--mpi'] + option + [path]), 1, option[0]))
    for name in sorted(job.launchers):
        other = tempfile.mkdtemp(dir=directory)
        script = 'test %s -ne 1 || cd %s' % (RANK, shlex.quote(other))

        def run(*more):
            return none_left(refused(job.shell(3, 'cd %s; ' % shlex.quote(directory) + script, ['-o', out, 'a.pcap'], name),
                                     2, 'rank 1 on ', 'a.pcap', *more))
        tap.ok('%s: an input that one rank lacks' % name, run('No such file'))
        shutil.copy(late, os.path.join(other, 'a.pcap'))
        tap.ok('%s: another file on one rank' % name, run('another file'))
        script = 'test %s -ne 1 || set -- "$@" --rules 4.2' % RANK
        tap.ok('%s: other options on one rank' % name, none_left(refused(
            job.shell(3, script, ['-o', out, path], name), 1, 'rank 1 on ', 'other options')))


def test_kills(tap, job, directory, tracegen):
    """Ranks that are killed, some moments apart: the job fails, or was done."""
    path = os.path.join(directory, 'long.pcap')
    subprocess.run([tracegen, '--frames', '300000', '--flows', '2000', '--size', '90', '--reuse', '40', '--seed', '5', '-w', path],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    one, rng = program.run(job.tcpreuse, [path]), random.Random(1)
    for name in sorted(job.launchers):
        complaints, failed = [], 0
        for victim in (0, 1, 2):
            out = os.path.join(directory, 'killed-%s-%d' % (name, victim))
            delay = 0.1 + rng.random() * 0.6
            script = 'test %s -ne %d || { (sleep %.3f; kill -9 $$) & }' % (RANK, victim, delay)
            done = job.shell(3, script, ['-o', out, '--reports', ','.join(program.REPORTS), path], name)
            failed += done.status != 0
            for report in left(out):
                with open(os.path.join(out, report), 'rb') as file:
                    done.reports[next(r for r in program.NAMES if program.NAMES[r] == report)] = file.read()
            # Those that are there are whole; and the summary, which comes last, speaks for all.
            whole = done.status == 0 or 'summary' in done.reports
            expected = program.Result(one.command, done.status, b'', b'', one.reports if whole else
                                      {name: one.reports[name] for name in done.reports})
            complaints += ['rank %d after %.3f s, exit %d: %s' % (victim, delay, done.status, c) for c in differences(expected, done)]
        tap.ok('%s: ranks that are killed (%d of 3 jobs failed)' % (name, failed), complaints)


def test_corpus(tap, job):
    root = os.environ.get('TCPREUSE_CORPUS')
    if not root:
        return tap.skip('real captures', 'TCPREUSE_CORPUS names no corpus')
    paths = sorted(os.path.join(folder, name) for folder, _, names in os.walk(root) for name in names)
    paths = [path for path in paths if os.path.isfile(path) and os.path.getsize(path) < 50 << 20]
    random.Random(20).shuffle(paths)
    compared, complaints = 0, []
    for path in paths:
        if compared == 200:
            break
        if program.bare([job.tcpreuse, '-q', path]).out.count(b'\n') < 1:
            continue        # no capture
        found = job.compare(['-q', path], (RANKS[compared % len(RANKS)],))
        complaints += ['%s: %s' % (path, c) for c in found]
        compared += 1
    tap.ok('%d real captures' % compared, complaints)


def main():
    tcpreuse, tracegen = (os.path.abspath(path) for path in sys.argv[1:3])
    tap = program.Tap()
    with tempfile.TemporaryDirectory(prefix='tcpreuse-mpi-') as directory:
        job = Job(tcpreuse, directory)
        if not job.launchers:
            tap.skip('ranks', 'no launcher of Open MPI or MPICH, or the build has no part for it')
            return tap.done()
        test_answers(tap, job, directory)
        test_sets(tap, job, directory)
        test_refused(tap, job, directory)
        test_kills(tap, job, directory, tracegen)
        test_corpus(tap, job)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
