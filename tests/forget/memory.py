#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: memory.py TCPREUSE TRACEGEN

Runs under a limit of memory: what was found before it is reported, whole, and nobody is killed; with --expire auto all is read,
and the reports are the same for any number of threads.
"""
import bisect
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import program  # noqa: E402

THREADS = (1, 2, 3)
MIB = 1 << 20
REPORTS = ('reuse', 'conversations', 'endpoints', 'summary')
GROUPS = '/sys/fs/cgroup'


def flood(tracegen, path, frames):
    """Each frame begins a conversation."""
    subprocess.run([tracegen, '--frames', str(frames), '--new', '100', '-w', path], check=True)
    return path


def ends_early(result, limit, whole):
    """Complaints unless the run says so, and has reported all that it had read."""
    if result.status != 2:
        return ['expected exit 2: ' + result.describe()]
    summary, out = result.summary(), []
    n = summary['conversations']
    said = 'memory limit of %s reached: the reports end before the input does, with %d conversations; see --expire, --memory-limit' % (
        limit, n)
    if result.err.decode() != 'tcpreuse: %s\n' % said:
        out.append('printed: %r' % result.err)
    if [e['message'] for e in summary['input']['errors']] != [said] or summary['complete'] or summary['input']['interrupted']:
        out.append('summary.json: %r, complete: %s' % (summary['input'], summary['complete']))
    if not 10000 < n < whole or summary['frames']['read'] != n or not summary['frames']['conserved']:
        out.append('%d conversations in %d frames' % (n, summary['frames']['read']))
    if 'conversations' in result.reports:
        streams = [int(r['stream']) for r in result.rows('conversations')]
        if streams != list(range(n)):
            out.append('%d rows of %d conversations' % (len(streams), n))
    if 'endpoints' in result.reports and sum(int(r['conversations']) for r in result.rows('endpoints') if r['role'] == 'client') != n:
        out.append('endpoints.csv has not all conversations')
    return out


def limited(tap, tcpreuse, path, whole):
    plain = program.run(tcpreuse, ['-q', path], ('reuse', 'summary'))
    # What became of a reuse that waits for its answer is another question.
    found = lambda run: [(r['frame'], r['stream'], r['previous_stream'], r['trigger']) for r in run.rows('reuse')]  # noqa: E731
    first = found(plain)
    for threads in THREADS:
        for reports in (('reuse', 'summary'), ('reuse', 'conversations', 'summary'), REPORTS):
            got = program.run(tcpreuse, ['-q', '-j', threads, '--memory-limit', '64M', path], reports)
            out = ends_early(got, '64 MiB', whole)
            rows = found(got)
            if len(rows) < 100 or first[:len(rows)] != rows:
                out.append('%d reuses are not the first ones' % len(rows))
            own = got.summary()['performance']['memory']['own']
            if own > 64 * MIB * 1.1 or got.summary()['performance']['memory_limit'] != 64 * MIB:
                out.append('%.1f MiB' % (own / MIB))
            tap.ok('--memory-limit 64M, %d threads: %s' % (threads, ', '.join(reports)), out)
    got = program.run(tcpreuse, ['-q', '--memory-limit', 'none', path], ('summary',))
    tap.ok('--memory-limit none', [] if got.status == 0 and got.summary()['performance']['memory_limit'] is None else [got.describe()])
    pages = os.sysconf('SC_PHYS_PAGES') * os.sysconf('SC_PAGE_SIZE')
    tap.ok('by default it is less than the machine has',
           [] if 0 < plain.summary()['performance']['memory_limit'] <= pages - pages // 10 and plain.status == 0 else [plain.describe()])


def with_state(tap, tcpreuse, path, at):
    """What a state says of a run at the limit: nothing. One with more memory goes on as if there had been none."""
    state, out = at('limit.state'), at('with-state')
    options = ['-q', '--state', state, '-o', out, '--reports', ','.join(REPORTS[:2] + REPORTS[3:])]
    limit = ['--memory-limit', '64M']
    half = program.bare([tcpreuse] + options + limit + [path])
    complaints = []
    if half.status != 2 or b'conversations; %s stays as it was, and the next run needs a higher --memory-limit\n' % state.encode() \
            not in half.err:
        complaints.append(half.describe())
    if os.path.exists(state):
        complaints.append('there is a state')
    more = program.bare([tcpreuse] + options + [path])
    whole = program.run(tcpreuse, ['-q', path], REPORTS[:2] + REPORTS[3:])
    for name in REPORTS[:2]:
        with open(os.path.join(out, name + '.csv'), 'rb') as file:
            if [r[:40] for r in file.read().split(b'\n')] != [r[:40] for r in whole.reports[name].split(b'\n')]:
                complaints.append('%s.csv is not that of one run' % name)
    if more.status or not os.path.exists(state):
        complaints.append(more.describe())
    with open(state, 'rb') as file:
        saved = file.read()
    again = program.bare([tcpreuse] + options + limit + [path])
    with open(state, 'rb') as file:
        if file.read() != saved and again.status:
            complaints.append('a run at the limit changed the state')
    tap.ok('--state at the limit', complaints)


def forgets(tap, tcpreuse, tracegen, path, at):
    mix = at('mix.pcap')
    subprocess.run([tracegen, '--frames', '600000', '--reuse', '30', '-w', mix], check=True)
    for name, limit, trace in (('a flood', '500M', path), ('connections', '64M', mix)):
        runs = [program.run(tcpreuse, ['-j', j, '--memory-limit', limit, '--expire', 'auto', trace],
                            ('reuse', 'conversations', 'summary')) for j in THREADS]
        out = []
        with open(trace, 'rb') as file:     # whose batches are others
            piped = program.run(tcpreuse, ['-j', 2, '--memory-limit', limit, '--expire', 'auto', '-'],
                                ('reuse', 'conversations', 'summary'), stdin=file)
        if piped.reports['reuse'] != runs[0].reports['reuse']:
            out.append('in a pipe: ' + program.first_difference(runs[0].reports['reuse'], piped.reports['reuse']))
        for threads, run in zip(THREADS, runs):
            if run.status:
                out.append(run.describe())
                continue
            summary = run.summary()
            forgotten = summary['forgotten']
            rows = run.rows('conversations')
            if sum(r['ended_by'] == 'expired' for r in rows) != forgotten['expired'] or not forgotten['expired']:
                out.append('%d threads: %s' % (threads, forgotten))
            if len(rows) != summary['conversations'] or not summary['complete']:
                out.append('%d threads: %d rows of %d conversations' % (threads, len(rows), summary['conversations']))
            if b'conversations are forgotten once some' not in run.err:
                out.append('the summary does not say so: %r' % run.err)
            for report in ('reuse', 'conversations'):
                if run.reports[report] != runs[0].reports[report]:
                    out.append('%d threads: %s' % (threads, program.first_difference(runs[0].reports[report], run.reports[report])))
        tap.ok('--expire auto, %s' % name, out)
        if not out:
            tap.ok('--expire auto, %s: those that were idle longest' % name, longest_idle(tcpreuse, runs[0], trace))


def longest_idle(tcpreuse, run, trace):
    """By how many conversations began since the last frame of the old one: up to the limit, and an epoch or three beyond it."""
    idle, epoch = run.summary()['forgotten']['idle_conversations'], 1 << 15
    begun = sorted(int(r['first_frame']) for r in run.rows('conversations'))
    found, out = {r['frame'] for r in run.rows('reuse')}, []
    for r in program.run(tcpreuse, ['-q', '--memory-limit', 'none', trace], ('reuse',)).rows('reuse'):
        since = bisect.bisect_right(begun, int(r['frame'])) - bisect.bisect_right(begun, int(r['previous_last_frame']))
        if since <= idle and r['frame'] not in found:
            out.append('the reuse in frame %s is missing, after %d others' % (r['frame'], since))
        if since > idle + 3 * epoch and r['frame'] in found:
            out.append('there is a reuse in frame %s, after %d others' % (r['frame'], since))
    return out[:5]


def group(limit):
    """A control group of version 1 or 2 with this limit; None where none can be made."""
    for top, name in ((os.path.join(GROUPS, 'memory'), 'memory.limit_in_bytes'), (GROUPS, 'memory.max')):
        path = os.path.join(top, 'tcpreuse-test-%d' % os.getpid())
        try:
            os.mkdir(path)
        except OSError:
            continue
        try:
            with open(os.path.join(path, name), 'w') as file:
                file.write(str(limit))
            return path
        except OSError:
            os.rmdir(path)
    return None


def in_a_group(tap, tcpreuse, path, whole):
    """The kernel kills whoever needs more than the group has."""
    where = group(96 * MIB)
    if not where:
        tap.skip('in a control group', 'no group can be made')
        return
    try:
        def enter():
            with open(os.path.join(where, 'cgroup.procs'), 'w') as file:
                file.write(str(os.getpid()))
        for threads in THREADS[::2]:
            got = program.run(tcpreuse, ['-q', '-j', threads, path], REPORTS, preexec_fn=enter)
            tap.ok('in a control group with 96 MiB, %d threads' % threads, ends_early(got, '86.4 MiB', whole))
    finally:
        os.rmdir(where)


def wrong(tap, tcpreuse, path):
    for arguments, words in ((['--memory-limit', '5'], b"'5' for '--memory-limit'"), (['--memory-limit', '0M'], b"'0M'"),
                             (['--memory-limit', ''], b'--memory-limit'), (['--expire', 'never'], b"invalid time 'never'"),
                             (['--expire', 'auto', '--memory-limit', 'none'], b"leave out '--memory-limit none'")):
        got = program.bare([tcpreuse] + arguments + [path])
        tap.ok(' '.join(arguments), [] if got.status == 1 and words in got.err else [got.describe()])


def main():
    tcpreuse, tracegen = (os.path.abspath(a) for a in sys.argv[1:3])
    tap = program.Tap()
    with tempfile.TemporaryDirectory(prefix='forget-memory-') as directory:
        at = lambda name: os.path.join(directory, name)     # noqa: E731
        whole = 600000
        path = flood(tracegen, at('flood.pcap'), whole)
        limited(tap, tcpreuse, path, whole)
        with_state(tap, tcpreuse, path, at)
        forgets(tap, tcpreuse, tracegen, path, at)
        in_a_group(tap, tcpreuse, path, whole)
        wrong(tap, tcpreuse, path)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
