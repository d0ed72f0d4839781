#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: run.py TCPREUSE TRACEGEN [--jobs N] [--only generated|corpus] [TEXT]

What is true of the verdicts of any capture: each reuse has one, no two columns contradict each other, summary.json counts what
the rows say, the other columns are those of --verdicts off, and the number of threads does not show.

The captures are generated: stories of clients that open, retry, give up, close and come back, headers at random on few pairs of
endpoints, and ordinary traffic; under each generation of rules. The environment variable TCPREUSE_CORPUS names a directory with
corpus/, real captures; unset: that part is skipped. TEXT picks captures by their name.
"""
import argparse
import collections
import concurrent.futures
import json
import os
import random
import subprocess
import sys
import tempfile
from decimal import Decimal

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import capture  # noqa: E402
import hostile  # noqa: E402
import program  # noqa: E402

THREADS = (2, 3, 8)
VERDICTS = ('unknown', 'copy', 'retry', 'in-order', 'early-accepted', 'challenged', 'refused', 'delayed', 'lost', 'stale-open')
CLOSES = ('open', 'fin', 'fin-one-way', 'rst', 'fin-rst', 'refused', 'unanswered')
CLOSED = ('fin', 'fin-one-way', 'rst', 'fin-rst')
SAME_ISN = ('syn-after-rst', 'syn-after-fin')
SYNS = ('syn-isn',) + SAME_ISN
SYNACKS = ('synack-isn', 'synack-after-rst', 'synack-after-fin')
# After a RST there is no TIME_WAIT that could reject the SYN, and a SYN without an answer may not have arrived.
NO_TIME_WAIT = {'rst': 'yes', 'fin-rst': 'yes', 'refused': 'yes', 'unanswered': 'unknown'}
TIMERS = (      # docs/verdicts.md: name, after which closes, seconds
    ('panos', CLOSED, 15), ('azure-rst', ('rst', 'fin-rst'), 16), ('netscaler', ('fin', 'fin-one-way'), 40),
    ('linux', ('fin', 'fin-one-way'), 60), ('azure-fin', ('fin', 'fin-one-way'), 65), ('conntrack', ('fin', 'fin-one-way'), 120),
    ('gcp-nat', ('fin', 'fin-one-way'), 120), ('ipvs', ('fin', 'fin-one-way'), 120), ('windows', ('fin', 'fin-one-way'), 120),
    ('azure-idle', ('open',), 240), ('rfc9293', ('fin', 'fin-one-way'), 240), ('aws-idle', ('open',), 350),
    ('gcp-idle', ('open',), 1200), ('panos-idle', ('open',), 3600))


class Not(tuple):
    """All values but these."""


def but(*values):
    return Not(values)


# Where a column has this value, another one has one of those: all other pairs are forbidden.
PAIRS = (
    ('verdict', 'copy', 'origin', ('copy',)),
    ('verdict', 'retry', 'trigger', SAME_ISN),
    ('verdict', 'retry', 'attempt', but('1')),
    ('verdict', 'retry', 'origin', but('copy', 'same-host', 'old-duplicate')),
    ('verdict', 'in-order', 'answer', ('syn-ack', '')),
    ('verdict', 'in-order', 'undercuts', ('',)),
    ('verdict', 'in-order', 'previous_close', but('open')),
    ('verdict', 'in-order', 'syn_retries', ('0',)),
    ('verdict', 'early-accepted', 'answer', ('syn-ack', '')),
    ('verdict', 'early-accepted', 'undercuts', but('')),
    ('verdict', 'early-accepted', 'previous_close', CLOSED),
    ('verdict', 'early-accepted', 'syn_retries', ('0',)),
    ('verdict', 'stale-open', 'answer', ('syn-ack', '')),
    ('verdict', 'stale-open', 'previous_close', ('open',)),
    ('verdict', 'challenged', 'answer', ('challenge-ack',)),
    ('verdict', 'refused', 'answer', ('rst',)),
    ('verdict', 'lost', 'answer', ('none',)),
    ('verdict', 'delayed', 'answer', ('syn-ack', '')),
    ('verdict', 'delayed', 'episode_outcome', ('connected',)),
    ('verdict', 'unknown', 'answer', ('none', 'unseen', '')),
    ('origin', 'copy', 'verdict', ('copy',)),
    ('origin', 'copy', 'trigger', SAME_ISN),
    ('origin', 'same-host', 'trigger', ('syn-isn',)),
    ('origin', 'old-duplicate', 'trigger', ('syn-isn', 'synack-isn')),
    ('answer', '', 'trigger', SYNACKS),
    ('answer', '', 'answer_delay', ('',)),
    ('answer', '', 'syn_retries', ('0',)),
    ('answer', '', 'acceptable', ('unknown',)),
    ('answer', 'syn-ack', 'answer_delay', but('')),
    ('answer', 'syn-ack', 'episode_outcome', ('connected',)),
    ('answer', 'none', 'answer_delay', ('',)),
    ('answer', 'unseen', 'answer_delay', ('',)),
    ('answer', 'unseen', 'verdict', ('unknown', 'copy', 'retry')),
    ('previous_close', 'open', 'previous_closed_by', ('nobody', 'unknown')),
    ('previous_close', 'unanswered', 'previous_closed_by', ('nobody',)),
    ('previous_close', 'refused', 'previous_closed_by', ('client', 'server')),
    ('previous_close', 'fin', 'previous_closed_by', ('client', 'server', 'both')),
    ('previous_close', 'fin-one-way', 'previous_closed_by', ('client', 'server', 'unknown')),
    ('previous_close', 'rst', 'previous_closed_by', ('client', 'server', 'unknown')),
    ('previous_close', 'fin-rst', 'previous_closed_by', but('nobody')),
    ('episode_outcome', 'failed', 'episode_delay', ('',)),
    ('episode_outcome', 'open', 'episode_delay', ('',)),
    ('episode_outcome', 'failed', 'verdict', but('in-order', 'early-accepted', 'stale-open', 'delayed')),
    ('episode_outcome', 'open', 'verdict', but('in-order', 'early-accepted', 'stale-open', 'delayed')),
) + tuple(('trigger', t, 'answer', but('')) for t in SYNS)
WORDS = {
    'previous_closed_by': ('unknown', 'nobody', 'both', 'client', 'server'), 'previous_close': CLOSES,
    'acceptable': ('unknown', 'no', 'yes'), 'origin': ('unknown', 'copy', 'recycled', 'old-duplicate', 'same-host'),
    'answer': ('', 'none', 'unseen', 'syn-ack', 'challenge-ack', 'rst'), 'episode_outcome': ('open', 'connected', 'failed'),
    'verdict': VERDICTS}
CERTAINTY = ('isn-inferred', 'one-direction', 'quoted', 'cut', 'clock-back')


def check_row(row):
    """What is wrong with one row."""
    out = ['%s is %r' % (column, row[column]) for column, words in WORDS.items() if row[column] not in words]
    for column, value, other, allowed in PAIRS:
        if row[column] == value and (row[other] in allowed) == isinstance(allowed, Not):
            out.append('%s is %r, %s %r' % (column, value, other, row[other]))
    gap, certainty = Decimal(row['gap']), row['certainty'].split()
    if certainty != [word for word in CERTAINTY if word in certainty]:
        out.append('certainty is %r' % row['certainty'])
    undercuts = [name for name, closes, seconds in TIMERS
                 if row['previous_close'] in closes and (gap > seconds if row['previous_close'] == 'open' else gap < seconds)]
    if row['undercuts'].split() != undercuts:
        out.append('undercuts is %r, not %r' % (row['undercuts'], ' '.join(undercuts)))
    if row['trigger'] in SYNS and row['acceptable'] != NO_TIME_WAIT.get(row['previous_close'], row['acceptable']):
        out.append('acceptable is %s after %s' % (row['acceptable'], row['previous_close']))
    if (gap < 0) != ('clock-back' in certainty):
        out.append('the gap is %s, certainty %r' % (gap, row['certainty']))
    if 'quoted' in certainty and (row['verdict'] != 'unknown' or row['answer'] not in ('unseen', '')):
        out.append('quoted, and %s' % row['verdict'])
    if row['verdict'] == 'unknown' and row['answer'] == 'none' and row['episode_outcome'] != 'open':
        out.append('unknown, though there was time for an answer')
    if row['answer'] == 'unseen' and not {'one-direction', 'quoted'} & set(certainty):
        out.append('unseen, and nothing lowers its certainty')
    if row['origin'] == 'recycled' and row['isn_distance'] != '65537' and not row['answer_delay']:
        out.append('recycled at a distance of %s' % row['isn_distance'])
    if row['isn_distance'] and not -2**31 <= int(row['isn_distance']) < 2**31:
        out.append('isn_distance is %s' % row['isn_distance'])
    if row['trigger'] in SYNS and (int(row['attempt']) == 1) != (row['episode'] == row['stream']):
        out.append('attempt %s of stream %s, its episode began with %s' % (row['attempt'], row['stream'], row['episode']))
    if int(row['attempt']) < 1 or int(row['episode']) > int(row['stream']) or int(row['syn_retries']) < 0:
        out.append('attempt %s, episode %s, stream %s' % (row['attempt'], row['episode'], row['stream']))
    return out


def check_episode(rows):
    """What is wrong with the rows of one episode, but those of SYN/ACKs that open one of their own."""
    out, syns = [], [row for row in rows if row['trigger'] in SYNS]
    for column in ('episode_outcome', 'episode_delay'):
        if len({row[column] for row in rows}) > 1:
            out.append('%s differs: %s' % (column, ', '.join('%s %r' % (row['frame'], row[column]) for row in rows)))
    if not syns:
        return out
    first = int(syns[0]['attempt'])
    if first > 2 or [int(row['attempt']) for row in syns] != list(range(first, first + len(syns))):
        out.append('attempts are ' + ' '.join(row['attempt'] for row in syns))
    if first == 2 and syns[0]['previous_stream'] != syns[0]['episode']:
        out.append('it began with a stream that is not the one before the first reuse')
    for before, row in zip(syns, syns[1:]):
        if row['previous_stream'] != before['stream']:
            out.append('attempt %s does not follow attempt %s' % (row['attempt'], before['attempt']))
        if before['answer_delay'] or before['answer'] in ('syn-ack', 'unseen'):
            out.append('attempt %s got through, and others follow' % before['attempt'])
    last = syns[-1]
    if last['episode_outcome'] == 'connected' and 'one-direction' not in last['certainty']:
        if not last['episode_delay'] or not last['answer_delay']:
            out.append('connected, and no delay')
        elif len(syns) == 1 == first and last['episode_delay'] != last['answer_delay']:
            out.append('one attempt, whose delay is %s of %s' % (last['answer_delay'], last['episode_delay']))
    return out


def check_rows(rows):
    out, episodes = [], collections.defaultdict(list)
    for row in rows:
        out += ['frame %s: %s' % (row['frame'], what) for what in check_row(row)]
        # Under the rules before 4.4 a SYN/ACK opens no stream, so that its own episode has the number of an older one.
        # A quoted SYN waits for nothing.
        if (row['trigger'] in SYNS or row['episode_delay']) and 'quoted' not in row['certainty']:
            episodes[row['episode']].append(row)
    for episode, of_it in episodes.items():
        out += ['episode %s: %s' % (episode, what) for what in check_episode(of_it)]
    return out


def without_verdicts(report):
    """reuse.csv without the columns of verdicts, as --verdicts off has it."""
    lines = [line.split(',') for line in report.decode().splitlines()]
    first, last = lines[0].index('previous_closed_by'), lines[0].index('certainty')
    return [line[:first] + line[last + 1:] for line in lines]


def check(tcpreuse, path, arguments=(), always=False):
    """Complaints about a capture, and how often each verdict was found. always: compare all runs, even without a reuse."""
    def run(*more):
        return program.run(tcpreuse, [*arguments, *more, path], ('reuse', 'summary'), timeout=300)
    result = run('-j', 1)
    if result.status not in (0, 2):
        return [result.describe()], {}
    if 'reuse' not in result.reports:
        return [], {}
    rows = result.rows('reuse')
    out, counts = check_rows(rows), collections.Counter(row['verdict'] for row in rows)
    said = result.summary()['by_verdict'] if 'by_verdict' in result.summary() else result.summary()['reuses']['by_verdict']
    if {word: n for word, n in said.items() if n} != dict(counts) or set(said) != set(VERDICTS):
        out.append('summary.json has %s, the rows %s' % (json.dumps(said), json.dumps(counts)))
    if not rows and not always:
        return out, counts
    off = run('-j', 1, '--verdicts', 'off')
    if [line.split(',') for line in off.reports['reuse'].decode().splitlines()] != without_verdicts(result.reports['reuse']):
        out.append('with --verdicts off other columns differ')
    if b'by_verdict' in off.reports['summary']:
        out.append('with --verdicts off summary.json has by_verdict')
    for threads in THREADS:
        other = run('-j', threads)
        if other.reports['reuse'] != result.reports['reuse']:
            out.append('%d threads: %s' % (threads, program.first_difference(result.reports['reuse'], other.reports['reuse'])))
    return out, counts


def stories(seed, attempts):
    """Clients on some pairs of endpoints that open, retry, give up, close and come back, each in its own time."""
    rng, frames = random.Random(seed), []
    address = capture.ipaddress.ip_address
    for client in range(12):
        version = rng.choice((4, 4, 6))
        ends = [address('192.0.2.1' if version == 4 else '2001:db8::1'), address('192.0.2.2' if version == 4 else '2001:db8::2')]
        ports, now, isn = (40000 + client, 80), rng.randrange(10**6), rng.randrange(2**32)
        stamped, ident, server = rng.random() < 0.5, rng.randrange(1000), 0

        def send(sender, flags, seq, ack=0, length=0):
            nonlocal ident
            ident += 1
            segment = capture.tcp(ports[sender], ports[1 - sender], flags, seq, ack, length, tsval=now // 1000 if stamped else None)
            more = {'ident': ident % 65536} if version == 4 else {}
            data = capture.ethernet(capture.ip(ends[sender], ends[1 - sender], segment, **more), version)
            snap = 54 if rng.random() < 0.01 else None
            if rng.random() > 0.02:      # or the capture lost it
                frames.append((now, len(frames), data, snap))
            if rng.random() < 0.02:      # or has it twice
                frames.append((now + rng.choice((300, 20000)), len(frames), data, snap))

        for _ in range(attempts):
            if rng.random() < 0.2:      # roles change
                ends.reverse()
                ports = ports[::-1]
            old, old_server = isn, server
            isn = rng.choice((isn, isn, (isn + 66538) % 2**32, rng.randrange(2**32), rng.randrange(2**32)))
            server = rng.choice(((server + 65540) % 2**32, rng.randrange(2**32)))
            for retry in range(rng.choice((1, 1, 1, 2, 3))):
                now += rng.choice((100, 10**6, 2 * 10**6)) if retry else 0
                send(0, capture.SYN, isn)
            now += rng.choice((100, 18000, 18000, 3 * 10**6, 4 * 10**6))
            answer = rng.choice('aaaaacrnu')
            if answer == 'c':
                send(1, capture.ACK, old_server + 1, old + 2)
                send(0, capture.RST, old + 2)
            elif answer == 'r':
                send(1, capture.RST | capture.ACK, 0, isn + 1)
            elif answer in 'au':
                if answer == 'a':
                    send(1, capture.SYN | capture.ACK, server, isn + 1)
                send(0, capture.ACK, isn + 1, server + 1, rng.choice((0, 100)))
                now += rng.randrange(10**6)
                how = rng.choice('fffhrco')
                if how in 'fhc':
                    first = rng.randrange(2)
                    numbers = (isn + 1, server + 1)
                    send(first, capture.FIN | capture.ACK, numbers[first], numbers[1 - first])
                    now += 200
                    if how != 'h':
                        send(1 - first, capture.FIN | capture.ACK, numbers[1 - first], numbers[first] + (how == 'f'))
                elif how == 'r':
                    send(rng.randrange(2), capture.RST, isn + 1)
            now += rng.choice((500, 10**5, 5 * 10**5, 10**6, 2999982, 3 * 10**6, 10**7, 15 * 10**6, 5 * 10**7, 10**8, 3 * 10**8, 2 * 10**9, -10**6))
    out = capture.Pcap()
    for when, _, data, snap in sorted(frames):
        out.records.append(hostile.record(max(when, 0), data, snap))
    return out.data()


ORDINARY = (    # what to call it, and arguments of tracegen
    ('ordinary traffic', '--frames 60000 --flows 300 --reuse 60 --rate 2000 --refused 20 --unclosed 20 --rst 20'),
    ('slow traffic with equal numbers', '--frames 40000 --flows 50 --reuse 90 --same-isn 50 --syn-retransmit 20 --rate 5 --refused 30'),
    ('handshakes out of order', '--frames 40000 --flows 100 --reuse 80 --syn-reorder 30 --midstream 20 --ipv6 50 --rate 100'),
    ('a flood of SYNs', '--frames 40000 --flows 200 --new 100 --reuse 90 --rate 100'),
    ('hostile', '--hostile --frames 30000 --rate 50 --fragments 10 --icmp 10'))


def generated(tcpreuse, tracegen, tap, directory, text):
    found, captures = collections.Counter(), []
    for seed in range(6):
        captures.append(('stories %d' % seed, stories(seed, 60 if seed else 400)))
    for seed, step in ((1, 100), (2, 40000), (3, 700000), (4, 9000000)):
        captures.append(('random headers, one each %g s' % (step / 1e6), hostile.pcap(seed, 4000, step_us=step)))
    for name, arguments in ORDINARY:
        captures.append((name, subprocess.run([tracegen, *arguments.split(), '-w', '-'], stdout=subprocess.PIPE, check=True).stdout))
    for name, data in captures:
        if text in name:
            path = program.write(directory, 'capture.pcap', data)
            for rules in program.RULES:
                complaints, counts = check(tcpreuse, path, ('--rules', rules), True)
                tap.ok('%s, rules %s: %d reuses' % (name, rules, sum(counts.values())), complaints[:12])
                found.update(counts)
    path = program.write(directory, 'capture.pcap', stories(99, 100))
    for more in (['--expire', '50'], ['--append'], ['--answer-window', '0.001'], ['--answer-window', '100000']):
        tap.ok('stories, ' + ' '.join(more), check(tcpreuse, path, more, True)[0][:12])
    if not text:
        missing = [word for word in VERDICTS if not found[word]]
        tap.ok('each verdict was met', ['none of ' + ', '.join(missing)] if missing else [])


def example(tcpreuse, tap, directory):
    """examples/verdicts.pcap is what its script writes, and shows each verdict once."""
    examples = os.path.join(HERE, '..', '..', 'examples')
    path, again = os.path.join(examples, 'verdicts.pcap'), os.path.join(directory, 'again.pcap')
    subprocess.run([sys.executable, os.path.join(examples, 'make_verdicts.py'), again], check=True,
                   env=dict(os.environ, PYTHONDONTWRITEBYTECODE='1'))
    complaints, counts = check(tcpreuse, path)
    with open(path, 'rb') as bundled, open(again, 'rb') as made:
        complaints += [] if bundled.read() == made.read() else ['its script writes something else']
    complaints += ['%d %s' % (counts[word], word) for word in VERDICTS if counts[word] != 1]
    tap.ok('examples/verdicts.pcap', complaints)


def corpus(tcpreuse, tap, text, jobs):
    root = os.environ.get('TCPREUSE_CORPUS')
    if not root:
        return tap.skip('real captures', 'TCPREUSE_CORPUS names no corpus')
    top = os.path.join(root, 'corpus')
    paths = sorted(os.path.join(folder, name) for folder, _, names in os.walk(top) for name in names)
    paths = [path for path in paths if text in os.path.relpath(path, top)]
    found, failed = collections.Counter(), []
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        for path, (complaints, counts) in zip(paths, pool.map(lambda p: check(tcpreuse, p), paths)):
            found.update(counts)
            failed += ['%s: %s' % (os.path.relpath(path, top), what) for what in complaints[:3]]
    told = ', '.join('%d %s' % (n, word) for word, n in found.most_common())
    tap.ok('%d real captures, %d reuses: %s' % (len(paths), sum(found.values()), told),
           failed[:60] if paths else ['no capture in ' + top])
    return None


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('tcpreuse', type=os.path.abspath)
    parser.add_argument('tracegen', type=os.path.abspath)
    parser.add_argument('text', nargs='?', default='')
    parser.add_argument('--only', choices=('generated', 'corpus'))
    parser.add_argument('--jobs', type=int, default=os.cpu_count())
    args, tap = parser.parse_intermixed_args(), program.Tap()
    with tempfile.TemporaryDirectory(prefix='verdicts-') as directory:
        if args.only != 'corpus':
            generated(args.tcpreuse, args.tracegen, tap, directory, args.text)
            example(args.tcpreuse, tap, directory)
        if args.only != 'generated':
            corpus(args.tcpreuse, tap, args.text, args.jobs)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
