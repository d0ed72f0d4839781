#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: run.py TCPREUSE TRACEGEN

Runs that forget conversations: --expire and --max-conversations. What was forgotten has its row, the numbers add up, streams
keep their numbers, memory stays flat; and reports that are rotated are whole.

TCPREUSE_FORGET_FRAMES is how many frames an hour has for the test of memory (20 million).
"""
import argparse
import json
import os
import random
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import capture  # noqa: E402
import program  # noqa: E402

address = capture.ipaddress.ip_address
SERVER = address('192.0.2.1')


def syn(out, time, client, seq, flags=capture.SYN):
    out.add(time, capture.ethernet(capture.ip(address('198.51.100.1') + client // 60000, SERVER,
                                              capture.tcp(1024 + client % 60000, 80, flags, seq))))


def adds_up(result):
    """Complaints unless each conversation has one row, and the summary's numbers are those of the rows."""
    if result.status:
        return [result.describe()]
    rows, summary, out = result.rows('conversations'), result.summary(), []
    if sorted(int(r['stream']) for r in rows) != list(range(summary['conversations'])):
        out.append('%d conversations, %d rows' % (summary['conversations'], len(rows)))
    if sum(int(r['frames']) for r in rows) != summary['segments']['decoded']:
        out.append('segments are missing')
    by = {end: sum(r['ended_by'] == end for r in rows) for end in ('run', 'reuse', 'expired')}
    forgotten = summary['forgotten']
    if by['expired'] != forgotten['expired'] + forgotten['displaced'] or by['reuse'] != summary['reuses']['total']:
        out.append('%s, but %s and %s' % (by, forgotten, summary['reuses']))
    if summary['tuples'] != by['run'] + by['expired']:
        out.append('%d tuples, but %s' % (summary['tuples'], by))
    reuses = result.rows('reuse')
    if len(reuses) != summary['reuses']['total']:
        out.append('rows of reuses are missing')
    pairs = sorted((int(r['previous_stream']), int(r['stream'])) for r in reuses if r['previous_stream'] != r['stream'])
    for name, chained in (('reused_by', [(int(r['stream']), int(r['reused_by'])) for r in rows if r['reused_by']]),
                          ('reuses', [(int(r['reuses']), int(r['stream'])) for r in rows if r['reuses']])):
        if sorted(chained) != pairs:
            out.append('%s names other conversations than the reuses do' % name)
    return out


def small_cases(tap, tcpreuse, at):
    out = capture.Pcap()
    for i, (time, client, seq) in enumerate((('1.0', 1, 10), ('2.0', 2, 20), ('4.0', 1, 11), ('5.9', 2, 20), ('6.1', 1, 12))):
        syn(out, time, client, seq)
    path = program.write(at(''), 'small.pcap', out.data())
    got = program.run(tcpreuse, ['--expire', '3', path])
    rows = [(r['stream'], r['reuses'], r['reused_by'], r['last_frame'], r['ended_by']) for r in got.rows('conversations')]
    # 1 -> 3 are 3 s apart, which is not more; 2 -> 4 are.
    want = [('0', '', '2', '1', 'reuse'), ('1', '', '', '2', 'expired'), ('2', '0', '4', '3', 'reuse'), ('3', '', '', '4', 'run'),
            ('4', '2', '', '5', 'run')]
    tap.ok('what comes after more than 3 s is another conversation, and no reuse',
           adds_up(got) + ([] if rows == want else [rows]))

    out = capture.Pcap()
    for client in range(20):
        syn(out, 10 + client, client, 1)
    for client in (3, 7, 0):
        syn(out, 40 + client, client, 2, capture.ACK)
    path = program.write(at(''), 'most.pcap', out.data())
    got = program.run(tcpreuse, ['-j', 1, '--max-conversations', 5, path])
    kept = sorted(int(r['stream']) for r in got.rows('conversations') if r['ended_by'] == 'run')
    tap.ok('those that were idle longest go first', adds_up(got) + ([] if kept == [0, 3, 7, 18, 19] else [kept]))
    gone = [int(r['stream']) for r in got.rows('conversations') if r['ended_by'] == 'expired']
    tap.ok('their rows come first', [] if gone == [s for s in range(18) if s not in (0, 3, 7)] else [gone])


def backward_cases(tap, tcpreuse, at):
    """Time that goes back, within a file and at the border of two. Which conversations share a shard is chance, and must not show."""
    rng, names = random.Random(5), []
    for name, starts in ('within', (9000, 4710, 9100, 4800)), ('behind', (100,)):
        out = capture.Pcap()
        for start in starts:
            for i in range(6000):
                syn(out, start + i * 0.02, rng.randrange(900), rng.randrange(1, 100), rng.choice((0, 0, capture.ACK)))
        names.append(program.write(at(''), name + '.pcap', out.data()))
    for options in (names[:1], ['--append'] + names):
        seen = {program.run(tcpreuse, ['-j', j, '--expire', 30] + options).reports['conversations'] for j in (1, 2, 3, 3, 8, 8)}
        tap.ok('the same ones are forgotten where time goes back: %d inputs' % len(options), [] if len(seen) == 1 else ['%d answers' % len(seen)])
        result = program.run(tcpreuse, ['--expire', 30] + options)
        tap.ok('and all have their rows', adds_up(result) + ([] if result.summary()['forgotten']['expired'] > 100 else ['few are forgotten']))


def large_cases(tap, tcpreuse, tracegen, at):
    path = at('large.pcap')
    subprocess.run([tracegen, '--frames', '300000', '--flows', '2000', '--reuse', '30', '--ipv6', '30', '--refused', '10',
                    '-w', path], check=True)
    plain = program.run(tcpreuse, [path])
    all_kept = program.run(tcpreuse, ['--expire', 1000, path])
    without = lambda r: sorted(tuple((k, v) for k, v in row.items() if k != 'ended_by') for row in r.rows('conversations'))
    out = adds_up(all_kept)
    if without(plain) != without(all_kept) or any(plain.reports[r] != all_kept.reports[r] for r in ('reuse', 'packets')):
        out.append('rows differ')
    tap.ok('a limit that is never reached changes only the order of conversations', out)
    mixed = at('mixed.pcap')
    subprocess.run([tracegen, '--frames', '100000', '--flows', '1000', '--reuse', '30', '--mix', 'imix', '-w', mixed], check=True)
    for options in (['--expire', 0.01, path], ['--expire', 0.05, '--rules', '4.0', path], ['--expire', 0.01, mixed]):
        runs = [program.run(tcpreuse, ['-j', j] + options) for j in (1, 2, 5)]
        out = adds_up(runs[0]) if '4.0' not in options else []
        for other in runs[1:]:
            for report in ('reuse', 'conversations', 'packets'):
                if runs[0].reports[report] != other.reports[report]:
                    out.append(program.first_difference(runs[0].reports[report], other.reports[report]))
        # Frames that a filter looks at go another way, and that way, too, tells the time of the last one.
        filtered = program.run(tcpreuse, ['-f', 'ip or ip6'] + options)
        if filtered.reports != dict(runs[0].reports, summary=filtered.reports['summary']):
            out.append('a filter that takes everything changes the reports')
        if not runs[0].summary()['forgotten']['expired']:
            out.append('nothing expired')
        tap.ok(' '.join(map(str, options[:-1])) + ', ' + os.path.basename(options[-1]) + ': the same from 1, 2 and 5 threads', out)
    for most in (1, 500, 3000):
        for threads in (1, 3):
            got = program.run(tcpreuse, ['-j', threads, '--max-conversations', most, path])
            left = sum(r['ended_by'] == 'run' for r in got.rows('conversations'))
            tap.ok('--max-conversations %d, %d threads' % (most, threads),
                   adds_up(got) + ([] if left <= max(most, threads) else ['%d are left' % left]))
            short = program.run(tcpreuse, ['-j', threads, '--max-conversations', most, '--expire', 0.02, path])
            tap.ok('the same, and --expire', adds_up(short))


class Tally:
    """How many rows conversations.csv has, and by how their conversations ended."""

    def __init__(self, path):
        self.rows, self.by = -1, dict.fromkeys(('run', 'reuse', 'expired'), 0)
        with open(path, 'rb') as file:
            for line in file:
                self.rows += 1
                end = line[line.rfind(b',') + 1:-1].decode()
                if end in self.by:
                    self.by[end] += 1


def hour(tcpreuse, tracegen, frames, flows, options):
    """So many frames in an hour by their times, from a pipe: what was generated, rows of conversations, and the summary."""
    with tempfile.TemporaryDirectory(prefix='forget-') as directory:
        with subprocess.Popen([tracegen, '--frames', str(frames), '--flows', str(flows), '--reuse', '20', '--rate', str(frames // 3600),
                               '--summary', '-w', '-'], stdout=subprocess.PIPE, stderr=subprocess.PIPE) as sender:
            reader = subprocess.Popen([tcpreuse, '-q', '-j', '2', '-o', directory, '--reports', 'reuse,conversations,summary'] + options + ['-'],
                                      stdin=sender.stdout)
            sender.stdout.close()
            generated = {k: int(v) for k, v in (word.split('=') for word in sender.stderr.read().decode().split())}
            status = reader.wait()
        if status:
            raise SystemExit('exit %d' % status)
        tally = Tally(os.path.join(directory, 'conversations.csv'))
        with open(os.path.join(directory, 'summary.json')) as file:
            return generated, tally, json.load(file)


def counts_add_up(run, most):
    """Complaints unless all that was generated is accounted for."""
    generated, tally, summary = run
    forgotten, reuses = summary['forgotten']['displaced'], summary['reuses']['total']
    rest, out = summary['conversations'] - forgotten - reuses, []
    if not summary['frames']['conserved'] or summary['frames']['read'] != generated['frames'] != 0:
        out.append('%d frames, not %d' % (summary['frames']['read'], generated['frames']))
    if summary['segments']['decoded'] != generated['frames']:
        out.append('%d segments' % summary['segments']['decoded'])
    # What is active is never forgotten, so each conversation is one; a reuse is not seen where the one before was forgotten.
    if summary['conversations'] != generated['conversations'] or not reuses <= generated['reuses'] <= reuses + forgotten:
        out.append('%d conversations and %d reuses of %s' % (summary['conversations'], reuses, generated))
    if tally.by != {'run': rest, 'reuse': reuses, 'expired': forgotten} or tally.rows != summary['conversations']:
        out.append('%d rows, %s, but %s' % (tally.rows, tally.by, (rest, reuses, forgotten)))
    if not most / 2 < rest <= most or summary['tuples'] != rest + forgotten or not forgotten:
        out.append('%d are left, %d tuples, %d forgotten' % (rest, summary['tuples'], forgotten))
    return out


def flat_memory(tap, tcpreuse, tracegen):
    """1 in 14 frames begins a conversation. The longer run keeps a twentieth of its conversations, the shorter one half."""
    frames = int(os.environ.get('TCPREUSE_FORGET_FRAMES', '20000000'))
    most = frames // 300
    options = ['--max-conversations', str(most)]
    runs = [hour(tcpreuse, tracegen, n, frames // 1000, options) for n in (frames // 10, frames)]
    own, all_memory = ([run[2]['performance']['memory'][k] / 1e6 for run in runs] for k in ('own', 'peak'))
    for name, run in zip(('a tenth of it', 'an hour'), runs):
        tap.ok('%s, %d frames: every frame and every conversation is accounted for' % (name, run[2]['frames']['read']),
               counts_add_up(run, most))
        print('# %.1f MB of its own, %.1f MB at most, %.1f s' % tuple(
            [run[2]['performance']['memory'][k] / 1e6 for k in ('own', 'peak')] + [run[2]['performance']['seconds']]))
    if frames < 10000000:
        tap.skip('memory does not grow with frames', 'too few frames')
        return
    # What is read ahead of a pipe, and rows that wait to be written, come and go: some 10 MB. The longer run's conversations, none
    # forgotten, would take 90 MB.
    tap.ok('memory does not grow with frames', [] if own[1] < 1.1 * own[0] + 10 and all_memory[1] < 1.1 * all_memory[0] + 20
           else ['%s and %s MB' % (own, all_memory)])


def rotation(tap, tcpreuse, at):
    path = at('large.pcap')
    whole = program.run(tcpreuse, [path])
    with tempfile.TemporaryDirectory(prefix='forget-') as directory:
        done = program.bare([tcpreuse, '-o', directory, '--rotate', '200K', path])
        out = [] if done.status == 0 else [done.describe()]
        for report in ('reuse', 'conversations'):
            parts, header = [], b''
            for i in range(1000):
                name = os.path.join(directory, report + ('.%d' % i if i else '') + '.csv')
                if not os.path.exists(name):
                    break
                with open(name, 'rb') as file:
                    header, rows = file.read().split(b'\n', 1)
                parts.append(rows)
            if header + b'\n' + b''.join(parts) != whole.reports[report] or len(parts) < 3:
                out.append('%s: %d files' % (report, len(parts)))
        tap.ok('--rotate 200K', out)
    for wrong in ('100', '1x', 'K', '0s'):
        done = program.bare([tcpreuse, '-o', at('nothing'), '--rotate', wrong, path])
        tap.ok('--rotate ' + wrong, [] if done.status == 1 and b"for '--rotate'" in done.err else [done.describe()])


def ended_as_left(tap, tcpreuse, tracegen, at):
    """What ends early is told as what is left at the end, but for ended_by: no segment comes too late for a million seconds."""
    path = at('hostile.pcap')
    subprocess.run([tracegen, '--hostile', '--frames', '20000', '-w', path], check=True)
    runs = [program.run(tcpreuse, options + [path]) for options in ([], ['--expire', '1000000'])]
    told = [{r['stream']: {k: v for k, v in r.items() if k != 'ended_by'} for r in run.rows('conversations')} for run in runs]
    wrong = [(told[0][stream], told[1].get(stream)) for stream in told[0] if told[0][stream] != told[1].get(stream)]
    tap.ok('conversations that end early are told as others are, %d of them' % len(told[0]),
           ['%d rows, such as %s' % (len(wrong), wrong[0])] if wrong or len(told[0]) != len(told[1]) else [])


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('tcpreuse', type=os.path.abspath)
    parser.add_argument('tracegen', type=os.path.abspath)
    args = parser.parse_args()
    tap = program.Tap()
    with tempfile.TemporaryDirectory(prefix='forget-') as directory:
        at = lambda name: os.path.join(directory, name)
        flat_memory(tap, args.tcpreuse, args.tracegen)
        small_cases(tap, args.tcpreuse, at)
        backward_cases(tap, args.tcpreuse, at)
        large_cases(tap, args.tcpreuse, args.tracegen, at)
        ended_as_left(tap, args.tcpreuse, args.tracegen, at)
        rotation(tap, args.tcpreuse, at)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
