#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: runs.py TCPREUSE TRACEGEN

How a run on ports begins and ends: what cannot be begins with a message that says what to do, and every way of ending leaves
whole reports.
"""
import json
import os
import re
import signal
import subprocess
import sys
import tempfile
import time

import ports  # says where the next one is
import program


def fails(tcpreuse, status, message, arguments):
    """Complaints unless it ends so, with such a message and no report."""
    result = program.bare([tcpreuse] + arguments, timeout=60)
    out = [] if result.status == status else ['exit %s, not %d' % (result.status, status)]
    lines = [line for line in result.err.decode(errors='replace').splitlines() if not line.startswith('Try ')]
    if not re.search(message, lines[-1] if lines else ''):
        out.append('no %r: %s' % (message, result.describe()))
    return out + (['output: %r' % result.out[:200]] if result.out else [])


def errors(tap, args, at, file):
    device = ports.pcap(file)
    for name, status, message, arguments in (
            ('no such EAL argument', 1, 'does not take these arguments', ['--dpdk', '--bogus']),
            ('a word that is no argument', 1, '"bogus" is not an argument', ['--dpdk', ports.eal(device) + ' bogus']),
            ('no port', 1, 'found no port; bind a NIC', ['--dpdk', ports.EAL]),
            ('a quotation without end', 1, 'quotation mark', ['--dpdk', ports.eal("'" + device)]),
            ('no such driver', 1, 'no driver for one of these devices', ['--dpdk', ports.eal('net_nonsense0')]),
            ('no such file', 2, '--vdev net_pcap0: the EAL has no port for it', ['--dpdk', ports.eal(ports.pcap(at('nothing.pcap')))]),
            ('one file of two', 2, '--vdev net_pcap1: the EAL has no port for it',
             ['--dpdk', ports.eal(device, ports.pcap(at('nothing.pcap'), number=1)), '--ports', '0']),
            ('no such interface', 2, '--vdev net_pcap0: the EAL has no port for it', ['--dpdk', ports.EAL + ' --vdev=net_pcap0,iface=nothing0']),
            ('no such port', 1, 'no port 7; the EAL found 1', ['--dpdk', ports.eal(device), '--ports', '7']),
            ('no such queue', 1, '1 queues at most, not 2', ['--dpdk', ports.eal(device), '--queues', '2']),
            ('a port that cannot be started', 2, 'port 0 .* more buffers .--mbufs.',
             ['--dpdk', ports.eal(ports.pcap(file, infinite_rx=1)), '--mbufs', '1024']),
            ('too many buffers', 2, 'no room for .* give the EAL more memory',
             ['--dpdk', ports.eal(device), '--mbufs', '10000000']),
            ('ports twice', 1, "invalid port list '0,0' for '--ports'", ['--dpdk', ports.eal(device), '--ports', '0,0']),
            ('files and ports', 1, 'takes no files', ['--dpdk', ports.eal(device), file]),
            ('an option for ports, with files', 1, "'--idle-exit' requires '-i', '--dpdk' or '--follow'", ['--idle-exit', '1', file]),
            ('no such format', 1, "invalid argument 'xml' for '--stats-format' .text or json",
             ['--dpdk', ports.eal(device), '--stats-format', 'xml']),
            ('no seconds', 1, "invalid time '1s' for '--duration'", ['--dpdk', ports.eal(device), '--duration', '1s'])):
        tap.ok(name, fails(args.tcpreuse, status, message, arguments))
    result = program.bare([args.tcpreuse, '--dpdk', '-l 99 --no-huge -m 512'])
    tap.ok('what is wrong is not lost in a long text', [] if result.status == 1 and len(result.err.splitlines()) < 6 else [result.describe()])
    result = program.bare([args.tcpreuse, '--dpdk', '-h'])
    tap.ok('the EAL\'s own help', [] if result.status == 0 and b'--vdev' in result.err and not result.out else [result.describe()])
    huge = '-l 0 -m 64 --no-pci --no-telemetry --in-memory'
    result = program.bare([args.tcpreuse, '-q', '--dpdk', huge + ' --vdev ' + device, '--idle-exit', '0.1'])
    if result.status == 0:
        tap.skip('no huge pages', 'there are some')
    else:
        tap.ok('no huge pages', fails(args.tcpreuse, 2, 'EAL cannot start: .*--no-huge', ['--dpdk', huge + ' --vdev ' + device]))


def signals(tcpreuse, device, numbers, pause=0.3):
    """Sends signals to an endless run; its end, with reports."""
    with tempfile.TemporaryDirectory(prefix='dpdk-') as out:
        process = subprocess.Popen([tcpreuse, '-o', out, '--dpdk', ports.eal(device), '--mbufs', '20000'],
                                   stderr=subprocess.PIPE, stdout=subprocess.PIPE)
        while not os.path.exists(os.path.join(out, 'reuse.csv')) and process.poll() is None:
            time.sleep(0.02)
        time.sleep(pause)
        for number in numbers:
            process.send_signal(number)
        begun = time.monotonic()
        try:
            process.communicate(timeout=30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.communicate()
        reports = {}
        for name in os.listdir(out):
            with open(os.path.join(out, name)) as file:
                reports[name] = file.read()
        return process.returncode, time.monotonic() - begun, reports


def adds_up(summary):
    """Frames received are frames read, and each has one outcome."""
    frames, received = summary['frames'], sum(p['received'] for p in summary['input']['ports'])
    out = [] if frames['conserved'] else ['not conserved']
    if received != frames['read'] + summary['input']['unread']:
        out.append('%d received, %d read, %d unread' % (received, frames['read'], summary['input']['unread']))
    return out


def json_lines(run, well_placed, interval, least):
    """Complaints unless each line that begins with { is an object, they go up, and the last one has what the summary has."""
    if run.status:
        return [run.describe()]
    summary, port = run.summary(), run.summary()['input']['ports'][0]
    objects = [json.loads(line) for line in run.err.decode().splitlines() if line.startswith('{')]
    want = {'frames': summary['frames']['read'], 'bytes': summary['frames']['captured_bytes'], 'conversations': summary['conversations'],
            'reuses': summary['reuses']['total'], 'received': port['received'], 'missed': 0, 'errors': 0, 'no_mbuf': 0}
    out = [] if well_placed else ['other lines among them']
    if len(objects) < least or {k: objects[-1].get(k) for k in want} != want:
        return out + ['%d objects, %s, not %s' % (len(objects), objects[-1:], want)]
    before = dict.fromkeys(want, 0)
    before.update(seconds=0.0)
    for i, o in enumerate(objects):
        if any(o[k] < before[k] for k in before) or abs(o['time'] - time.time()) > 60 or o['memory'] < 1 << 20:
            out.append('after %s comes %s' % (before, o))
        if i < len(objects) - 1 and o['interval'] < interval:
            out.append('too early: %s' % o)
        if abs(o['seconds'] - before['seconds'] - o['interval']) > 1e-5:
            out.append('the intervals leave something out: %s' % o)
        # Both are rounded.
        if abs(o['frames_per_second'] * o['interval'] - (o['frames'] - before['frames'])) > 2 + 1e-6 * o['frames_per_second']:
            out.append('its rate is not that of its frames: %s' % o)
        before = {k: o[k] for k in before}
    return out


def endings(tap, args, at):
    # Its frames come again and again.
    loop = ports.generate(args.tracegen, at('loop.pcap'), '--frames', 5000, '--flows', 300, '--reuse', 0)
    endless = ports.pcap(loop, infinite_rx=1)
    more = ['--mbufs', 20000]
    for frames in (1, 4999, 1000003):
        for threads in (1, 2):
            run = ports.run(args.tcpreuse, [endless], more + ['--frames', frames, '-j', threads], idle=0)
            out = adds_up(run.summary()) if run.status == 0 else [run.describe()]
            if not out and run.summary()['frames']['read'] != frames:
                out = ['%d frames' % run.summary()['frames']['read']]
            tap.ok('--frames %d, %d workers' % (frames, threads), out)
    for threads in (1, 2):
        run = ports.run(args.tcpreuse, [ports.pcap(at('reuse.pcap')), ports.pcap(at('loop.pcap'), number=1)],
                        ['--frames', 5001, '-j', threads], idle=0)
        out = adds_up(run.summary()) if run.status == 0 else [run.describe()]
        tap.ok('--frames of two ports in the order of time, %d workers' % threads,
               out + ([] if run.summary()['frames']['read'] == 5001 else [run.describe()]))
    # The same as a file that has the frames as often as they came.
    records = ports.frames(loop)
    often = ports.write(at('often.pcap'), (records * 21)[:100000])
    # (The file's times go back, which verdicts look at.)
    run = ports.run(args.tcpreuse, [endless], more + ['--verdicts', 'off', '--frames', 100000], idle=0)
    file_run = program.run(args.tcpreuse, ['--verdicts', 'off', often])
    without_times = lambda r: [{k: v for k, v in row.items() if 'time' not in k and k not in ('gap', 'duration')}
                               for row in r.rows('reuse') + r.rows('conversations')]
    tap.ok('frames in a loop', [] if without_times(run) == without_times(file_run) else [run.describe()])
    times = [float(r['time']) for r in run.rows('reuse')]
    tap.ok('without time stamps, the clock counts', [] if abs(times[0] - time.time()) < 60 and times == sorted(times) else [times[:3]])

    begun = time.monotonic()
    run = ports.run(args.tcpreuse, [endless], more + ['--duration', 1], idle=0)
    took = time.monotonic() - begun
    out = adds_up(run.summary()) if run.status == 0 else [run.describe()]
    tap.ok('--duration', out + ([] if 1 <= run.summary()['performance']['seconds'] < 20 else ['%.1f s' % took]))
    run = ports.run(args.tcpreuse, [ports.pcap(loop)], [], idle=0.7)
    tap.ok('--idle-exit', adds_up(run.summary()) + ([] if run.summary()['performance']['seconds'] >= 0.7 else ['too early']))

    for name, numbers in (('SIGINT', [signal.SIGINT]), ('SIGTERM', [signal.SIGTERM])):
        status, _, reports = signals(args.tcpreuse, endless, numbers)
        out = [] if status == 130 else ['exit %d' % status]
        summary = json.loads(reports['summary.json'])
        out += adds_up(summary) + ([] if summary['input']['interrupted'] else ['not interrupted'])
        rows = reports['conversations.csv'].count('\n') - 1
        if rows != summary['conversations'] or reports['reuse.csv'].count('\n') - 1 != summary['reuses']['total']:
            out.append('rows are missing')
        tap.ok(name, out)
    status, took, _ = signals(args.tcpreuse, endless, [signal.SIGINT, signal.SIGTERM, signal.SIGINT])
    tap.ok('a second signal ends it at once', [] if status in (-signal.SIGINT, 130) and took < 5 else ['exit %d, %.1f s' % (status, took)])

    run = ports.run(args.tcpreuse, [endless], more + ['--duration', 1.2, '--stats-interval', 0.5], idle=0)
    lines = re.findall(r'^\d+ s: [\d.]+ million frames/s, [\d.]+ Gbit/s, \d+ frames, 0 missed, 0 errors, 0 without buffer, '
                       r'\d+ conversations, \d+ reuses, \d+ MB$', run.err.decode(), re.M)
    tap.ok('--stats-interval', [] if len(lines) >= 2 else [run.describe()])
    run = ports.run(args.tcpreuse, [endless], more + ['--duration', 1.2, '--stats-interval', 0.5, '--stats-format', 'json'], idle=0)
    tap.ok('--stats-format json', json_lines(run, run.err.decode().split('\n{', 1)[0].startswith('{'), 0.5, 3))
    run = ports.run(args.tcpreuse, [ports.pcap(at('reuse.pcap'))], ['-q', '--stats-format', 'json'])
    tap.ok('--stats-format json, quiet and short', json_lines(run, all(line.startswith('{') for line in run.err.decode().splitlines()), 1, 1))
    # Rows come while it runs.
    with tempfile.TemporaryDirectory(prefix='dpdk-') as out:
        process = subprocess.Popen([args.tcpreuse, '-q', '-o', out, '--dpdk', ports.eal(ports.pcap(at('reuse.pcap')))],
                                   stderr=subprocess.DEVNULL)
        rows, until = 0, time.monotonic() + 20
        while not rows and time.monotonic() < until:
            time.sleep(0.1)
            if os.path.exists(os.path.join(out, 'reuse.csv')):
                with open(os.path.join(out, 'reuse.csv')) as file:
                    rows = file.read().count('\n') - 1
        running = process.poll() is None
        process.send_signal(signal.SIGINT)
        process.wait()
        tap.ok('rows are written while it runs', [] if rows > 0 and running else ['%d rows' % rows])


def losses(tap, args, at):
    """A port with errors: a file whose last frame is cut. net_pcap does not say in which queue."""
    with open(at('reuse.pcap'), 'rb') as file:
        data = file.read()
    cut = program.write(at(''), 'cut.pcap', data[:-10])
    for files, errors, by_queue in (([cut, at('reuse.pcap')], 1, None), ([at('reuse.pcap')] * 2, 0, 0)):
        run = ports.run(args.tcpreuse, [ports.pcap(*files)])
        summary = run.summary()
        port, received = summary['input']['ports'][0], [5000 - errors, 5000]
        want = [{'queue': i, 'received': n, 'missed': None, 'errors': by_queue, 'no_mbuf': None} for i, n in enumerate(received)]
        out = adds_up(summary) + ([] if port['queues'] == want else ['%s, not %s' % (port['queues'], want)])
        if port['errors'] != errors or summary['input']['lost'] != bool(errors) or (b'1 frames were lost' in run.err) != bool(errors):
            out.append('%s: %s' % (port, run.describe()))
        tap.ok('%d errors, by queue %s' % (errors, by_queue), out)


def flat_memory(tap, args, at):
    """A loop in which hardly any conversation is still known when its frames come again: memory, and where all of them went."""
    loop = ports.generate(args.tracegen, at('loop.pcap'), '--frames', 14000, '--flows', 100, '--reuse', 0)
    options = ['--mbufs', 30000, '--max-conversations', 100, '-j', 2]
    frames = int(os.environ.get('TCPREUSE_FORGET_FRAMES', '10000000'))
    own = []
    for n in (frames // 10, frames):
        run = ports.run(args.tcpreuse, [ports.pcap(loop, infinite_rx=1)], options + ['--frames', n], ('reuse', 'summary'), idle=0, timeout=3600)
        if run.status:
            tap.ok('%d frames' % n, [run.describe()])
            return
        summary, out = run.summary(), adds_up(run.summary())
        rest = summary['conversations'] - summary['forgotten']['displaced'] - summary['reuses']['total']
        if summary['frames']['read'] != n or summary['segments']['decoded'] != n:
            out.append('%d frames' % summary['frames']['read'])
        if not 0 < rest <= 100 or summary['tuples'] != rest + summary['forgotten']['displaced'] or summary['conversations'] < n // 20:
            out.append('%d are left: %s' % (rest, run.reports['summary']))
        own.append(summary['performance']['memory']['own'] / 1e6)
        print('# %.1f MB of its own, %.1f s' % (own[-1], summary['performance']['seconds']))
        tap.ok('--max-conversations, %d frames' % n, out)
    if frames < 10000000:
        tap.skip('memory does not grow with frames', 'too few frames')
        return
    tap.ok('memory does not grow with frames', [] if own[1] < 1.1 * own[0] + 5 else ['%s MB' % own])


def main():
    args = ports.arguments(__doc__)
    tap = program.Tap()
    with tempfile.TemporaryDirectory(prefix='dpdk-') as directory:
        at = lambda name: os.path.join(directory, name)
        file = ports.generate(args.tracegen, at('reuse.pcap'), '--frames', 5000, '--flows', 100, '--reuse', 50)
        errors(tap, args, at, file)
        losses(tap, args, at)
        endings(tap, args, at)
        flat_memory(tap, args, at)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
