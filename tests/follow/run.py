#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: run.py TCPREUSE [TEXT]

--follow: files are read as they are closed, renamed or, with --follow-open, as they grow, and rows are there within a second;
with --state, however often the follower is killed, the reports are those of one run over all files. Writers are slow ones of
Python, dumpcap and tcpdump. What vanishes, is damaged, late or no capture is told, and following goes on.

TEXT picks cases by their name. TCPREUSE_FOLLOW_LONG=1: the ring of files is as one of a day, 200 files with ten kills.
"""
import concurrent.futures
import os
import random
import shutil
import signal
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import pcap  # noqa: E402
import program  # noqa: E402
from place import Follower, PATIENCE, Place, Writer, pcap_blocks, pcapng_blocks, shares, traffic  # noqa: E402

LONG = bool(os.environ.get('TCPREUSE_FOLLOW_LONG'))
LATEST = 1.0 + (0 if LONG else 4)   # s after which rows have to be there; CI's machines have more to do


def follow_and_kill(place, writer, kills, seed, *more):
    """Followers one after the other, killed at random moments, while the writer writes and for as many kills as that takes."""
    rng, killed = random.Random(seed), 0
    while killed < kills or writer.is_alive():
        run = subprocess.Popen(place.command('-j%d' % (1 + killed % 3), *more), stderr=subprocess.PIPE)
        time.sleep(0.02 + rng.random() * (writer.seconds * len(writer.files) / kills if LONG else 0.7))
        if run.poll() is not None:
            return killed, ['ended by itself: %d: %s' % (run.returncode, run.stderr.read().decode())]
        if killed < kills:
            run.kill()
        else:
            writer.join()
            run.send_signal(signal.SIGINT)
        run.communicate()
        killed += 1
    return killed, []


def ring(tcpreuse):
    """A ring of files by a slow writer, and a follower that is killed ten times."""
    files, each, frames = (200, 0.5, 100000) if LONG else (12, 0.3, 6000)
    for name, more, blocks, rename in (('closed', (), pcap_blocks, False),
                                       ('renamed', (), pcapng_blocks, True),
                                       ('read as they grow', ('--follow-open',), pcapng_blocks, False),
                                       ('polled', ('--follow-poll', '0.1'), pcap_blocks, False)):
        yield 'files that are %s, and ten kills' % name, ring_case, (tcpreuse, files, each, frames, more, blocks, rename)


def ring_case(tcpreuse, files, each, frames, more, blocks, rename):
    place = Place(tcpreuse)
    try:
        parts = shares(traffic(5, frames), files)
        writer = Writer(place, [('%03d.cap' % i, blocks(part)) for i, part in enumerate(parts)], each, rename=rename)
        begin = time.monotonic()
        killed, complaints = follow_and_kill(place, writer, 10, files, *more)
        writer.join()
        complaints += place.finish(*more)
        if LONG:
            print('# %s: %d files in %.0f s, %d kills, %d frames' % (' '.join(more), files, time.monotonic() - begin, killed, frames))
        return complaints or place.same()
    finally:
        place.close()


def rows_of(tcpreuse, name):
    """The number of rows of a file, and its records."""
    return program.bare([tcpreuse, '--format', 'csv', '-q', name]).out.count(b'\n') - 1


def prompt(tcpreuse):
    """Without a state: rows on standard output soon after a file is closed, renamed, moved in or linked, and not before."""
    for name in ('closed', 'renamed', 'moved in', 'linked'):
        yield 'rows of a file that is ' + name, prompt_case, (tcpreuse, name)


def prompt_case(tcpreuse, how):
    place, complaints = Place(tcpreuse), []
    try:
        parts = shares(traffic(6, 900), 2)
        outside = pcap.write(place.path('b.pcap'), parts[1])
        place.write('a.pcap', parts[0])
        run = Follower([tcpreuse, '--format', 'csv', '--verdicts', 'off', '--follow', place.followed])
        if run.wait_for(lambda r: r.rows() > 10) is None:
            complaints.append('no rows of the file that was there')
        data, before = open(outside, 'rb').read(), run.rows()
        if how in ('closed', 'renamed'):
            with open(place.file('b.pcap' if how == 'closed' else '.b'), 'wb', buffering=0) as file:
                file.write(data[:5000])
                time.sleep(0.8)
                file.write(data[5000:])
                if run.rows() != before:
                    complaints.append('rows of a file that was being written')
        if how == 'renamed':
            os.rename(place.file('.b'), place.file('b.pcap'))
        elif how == 'moved in':
            os.rename(outside, place.file('b.pcap'))
        elif how == 'linked':
            os.link(outside, place.file('b.pcap'))
        took = run.wait_for(lambda r: r.rows() > before + 10)
        if took is None or took > LATEST:
            complaints.append('rows after %s s' % took)
        status = run.end()
        if status != 130 or b'interrupted' not in run.err:
            complaints.append('%s: %s' % (status, run.err.decode()))
        wanted = program.bare([tcpreuse, '--format', 'csv', '--verdicts', 'off', '-q', place.followed]).out
        if bytes(run.out) != wanted:
            complaints.append(program.first_difference(wanted, bytes(run.out)))
        return complaints
    finally:
        place.close()


def growing(tcpreuse):
    """--follow-open: rows are there while the file is still written; its end is one only when it is closed."""
    for name, blocks in (('pcap', pcap_blocks), ('pcapng', pcapng_blocks)):
        yield 'rows of a %s that grows' % name, growing_case, (tcpreuse, blocks)


def growing_case(tcpreuse, blocks):
    place, complaints = Place(tcpreuse), []
    try:
        data, cuts = b''.join(blocks(traffic(7, 900))), 3
        run = Follower([tcpreuse, '--format', 'csv', '--verdicts', 'off', '--follow', place.followed, '--follow-open'])
        with open(place.file('growing'), 'wb', buffering=0) as file:
            for i in range(cuts):
                before = run.rows()
                file.write(data[len(data) * i // cuts:len(data) * (i + 1) // cuts - (i < cuts - 1)])
                took = run.wait_for(lambda r: r.rows() > before + 20)
                if took is None or took > LATEST:
                    complaints.append('step %d: rows after %s s' % (i, took))
                if i < cuts - 1:
                    file.write(data[len(data) * (i + 1) // cuts - 1:len(data) * (i + 1) // cuts])
        time.sleep(0.5)
        status = run.end()
        wanted = program.bare([tcpreuse, '--format', 'csv', '--verdicts', 'off', '-q', place.followed]).out
        rows = b''.join(line.rsplit(b',', 2)[0] + b'\n' for line in bytes(run.out).splitlines())    # a run over one file names none
        if status != 130 or rows != wanted:
            complaints.append('%s: %s: %s' % (status, run.err.decode(), program.first_difference(wanted, rows)))
        return complaints
    finally:
        place.close()


def interrupts(tcpreuse):
    """Interrupts at any moment, of followers that read files as they grow: status 130, and the next one goes on."""
    def case():
        place, complaints, rng = Place(tcpreuse), [], random.Random(3)
        try:
            writer = Writer(place, [('%02d.pcap' % i, pcap_blocks(part)) for i, part in enumerate(shares(traffic(8, 3000), 6))], 0.5)
            while writer.is_alive():
                run = subprocess.Popen(place.command('--follow-open'), stderr=subprocess.PIPE)
                time.sleep(0.3 + rng.random() * 0.5)
                run.send_signal(rng.choice((signal.SIGINT, signal.SIGTERM)))
                err = run.communicate()[1]
                if run.returncode != 130 or b'not saved' in err:
                    complaints.append('%d: %s' % (run.returncode, err.decode()))
            return complaints + place.finish() or place.same()
        finally:
            place.close()
    yield 'interrupts', case, ()


def troubles(tcpreuse):
    """What is damaged, no capture, late, or vanishes is told, and following goes on."""
    def damaged():
        place = Place(tcpreuse)
        try:
            parts = shares(traffic(9, 1200), 4)
            for i, part in enumerate(parts):
                place.write('%d.pcap' % i, part)
            whole = open(place.file('1.pcap'), 'rb').read()
            for name, data in (('1.pcap', whole[:-7]), ('2.pcap', whole[:24] + b'\xff' * 40), ('text', b'no capture'), ('empty', b'')):
                program.write(place.followed, name, data)
            os.mkdir(place.file('folder'))
            run = Follower([a for a in place.command('-v') if a != '-q'])
            complaints = [] if run.wait_for(lambda r: b'2.pcap: offset' in r.err) else ['not told: ' + run.err.decode()]
            place.write('4.pcap', traffic(10, 50, 20000000)[40:])
            time.sleep(0.6)
            run.end()
            for text in (b'1.pcap: offset', b'text: skipped: ', b'empty: skipped: not a capture'):
                if text not in run.err:
                    complaints.append('%s: not in %s' % (text, run.err.decode()))
            result = program.bare(place.command('--idle-exit', '0.3'))
            if result.status:
                complaints.append('once more: ' + result.describe())
            return complaints + [c for c in place.same(2) if not c.startswith('summary')]
        finally:
            place.close()

    def late():
        place, complaints = Place(tcpreuse), []
        try:
            parts = shares(traffic(11, 600), 3)
            for mode, frames in (('accept', 400), ('refuse', 200)):
                shutil.rmtree(place.followed)
                os.mkdir(place.followed)
                place.write('b.pcap', parts[1])
                run = Follower([tcpreuse, '--follow', place.followed, '--late', mode, '--idle-exit', '1', '--format', 'csv',
                                '--verdicts', 'off'])
                run.wait_for(lambda r: r.rows() > 5)
                place.write('a.pcap', parts[0])
                run.process.wait(PATIENCE)
                status = run.end()
                if status != 2 or run.err.count(b'a.pcap: is late') != 1 or b'%d frames read' % frames not in run.err:
                    complaints.append('%s: %s: %s' % (mode, status, run.err.decode()))
            return complaints
        finally:
            place.close()

    def vanishing():
        place = Place(tcpreuse)
        try:
            parts = shares(traffic(12, 900), 3)
            place.write('a.pcap', parts[0])
            run = Follower([tcpreuse, '--follow', place.followed, '--format', 'csv', '--verdicts', 'off', '-q'])
            run.wait_for(lambda r: r.rows() > 5)
            place.write('b.pcap', parts[1])
            shutil.rmtree(place.followed)
            complaints = [] if run.wait_for(lambda r: b'in: cannot be read: ' in r.err) else ['not told that it is gone']
            os.mkdir(place.followed)
            before = run.rows()
            place.write('c.pcap', parts[2])
            if not run.wait_for(lambda r: r.rows() > before + 5):
                complaints.append('no rows once it was back')
            # "was read", or "could be looked at". It comes a while later: the file might be back under another name.
            if not run.wait_for(lambda r: b'b.pcap: vanished before it ' in r.err):
                complaints.append(run.err.decode())
            return complaints if run.end() == 130 else complaints + ['status']
        finally:
            place.close()

    def renamed():
        """At once after they are written, to a new name or to one that had another file: nothing is missing."""
        place, complaints = Place(tcpreuse), []
        try:
            parts = shares(traffic(15, 900), 6)
            place.write('b', parts[0])
            run = Follower([tcpreuse, '--format', 'csv', '--verdicts', 'off', '-q', '--follow', place.followed])
            for i, part in enumerate(parts):
                before = run.rows()
                if i:
                    place.write('new', part)
                    time.sleep(0 if i % 2 else 0.1)
                if i > 3:
                    os.rename(place.file('a'), place.file('b'))
                if i:
                    os.rename(place.file('new'), place.file('a' if i > 2 else 'c%d' % i))
                if run.wait_for(lambda r, n=before: r.rows() > n + 5) is None:
                    complaints.append('no rows of file %d' % i)
            time.sleep(1)
            return complaints if run.end() == 130 and not run.err else complaints + [run.err.decode()]
        finally:
            place.close()
    def linked():
        """Written under a name of their own, then linked to the final one, and the first one removed, as who may not overwrite does it:
        each is read once, and nothing is missing."""
        place, complaints = Place(tcpreuse), []
        try:
            parts = shares(traffic(16, 900), 4)
            run = Follower([tcpreuse, '--format', 'csv', '--verdicts', 'off', '--follow', place.followed])
            for i, part in enumerate(parts):
                before = run.rows()
                place.write('.new', part)
                time.sleep((0, 0, 0.1, 0.5)[i])
                os.link(place.file('.new'), place.file('%d' % i))
                time.sleep((0, 0.1, 0.5, 0)[i])
                os.remove(place.file('.new'))
                if run.wait_for(lambda r, n=before: r.rows() > n + 5) is None:
                    complaints.append('no rows of file %d' % i)
            time.sleep(1)
            if run.end() != 130 or b'900 frames read' not in run.err or b'missing' in run.err or b'late' in run.err:
                complaints.append(run.err.decode())
            return complaints
        finally:
            place.close()

    def unseen():
        """The follower is held up, and a name is gone before it has looked: its file is there by a link, or is missing."""
        def link(place):
            os.link(place.file('.new'), place.file('1'))

        def copy(place):
            shutil.copyfile(place.file('.new'), place.file('1'))

        for how, is_open, is_missing in ((link, False, False), (link, True, False), (copy, False, True), (copy, True, True)):
            place = Place(tcpreuse)
            try:
                parts = shares(traffic(16, 900), 2)
                run = Follower([tcpreuse, '--format', 'csv', '--verdicts', 'off', '--follow', place.followed])
                place.write('0', parts[0])
                run.wait_for(lambda r: r.rows() > 5)
                if is_open:     # it is known, and empty
                    writer = open(place.file('.new'), 'wb')
                    time.sleep(0.3)
                os.kill(run.process.pid, signal.SIGSTOP)
                if is_open:
                    with writer:
                        writer.write(b''.join(pcap_blocks(parts[1])))
                else:
                    place.write('.new', parts[1])
                how(place)
                os.remove(place.file('.new'))
                os.kill(run.process.pid, signal.SIGCONT)
                run.wait_for(lambda r: r.rows() > 100)
                time.sleep(1)
                if run.end() != 130 or b'900 frames read' not in run.err or (b'missing' in run.err) != is_missing:
                    return ['%s, open: %s: %s' % (how.__name__, is_open, run.err.decode())]
            finally:
                place.close()
        return []

    def held_up():
        """The follower is held up while a file is completed and the next one is written: it reads them in order."""
        place = Place(tcpreuse)
        try:
            parts = shares(traffic(16, 900), 3)
            run = Follower([tcpreuse, '--format', 'csv', '--verdicts', 'off', '--follow', place.followed])
            place.write('0', parts[0])
            run.wait_for(lambda r: r.rows() > 5)
            blocks = pcap_blocks(parts[1])
            with open(place.file('1'), 'wb') as writer:
                writer.write(b''.join(blocks[:100]))
                writer.flush()
                time.sleep(0.4)
                os.kill(run.process.pid, signal.SIGSTOP)
                writer.write(b''.join(blocks[100:]))
            place.write('2', parts[2])
            time.sleep(0.4)
            os.kill(run.process.pid, signal.SIGCONT)
            run.wait_for(lambda r: r.rows() > 250)
            return [] if run.end() == 130 and b'900 frames read' in run.err and b'late' not in run.err else [run.err.decode()]
        finally:
            place.close()

    def idle():
        """A follower that has nothing to do sleeps."""
        place = Place(tcpreuse)
        try:
            place.write('a.pcap', shares(traffic(12, 300), 1)[0])
            run = Follower([tcpreuse, '-j3', '--format', 'csv', '--verdicts', 'off', '-q', '--follow', place.followed])
            run.wait_for(lambda r: r.rows() > 5)

            def switches():
                folder, total = '/proc/%d/task' % run.process.pid, 0
                for task in os.listdir(folder):
                    with open(os.path.join(folder, task, 'status'), encoding='ascii') as file:
                        total += sum(int(line.split()[1]) for line in file if line.startswith('voluntary'))
                return total
            time.sleep(1.2)
            before = switches()
            time.sleep(2)
            woken = switches() - before
            return [] if run.end() == 130 and woken < 40 else ['woken %d times in 2 s' % woken]
        finally:
            place.close()
    yield 'files that are linked to their names', linked, ()
    yield 'names that are gone before they are looked at', unseen, ()
    yield 'files that are completed while it is held up', held_up, ()
    yield 'nothing to do', idle, ()
    yield 'files that are damaged or no captures', damaged, ()
    yield 'files that are renamed at once', renamed, ()
    yield 'files that are late', late, ()
    yield 'a file and a directory that vanish', vanishing, ()


def programs(tcpreuse):
    """dumpcap and tcpdump, as they write rings of files."""
    def written_by(command, feed):
        place = Place(tcpreuse)
        try:
            parts = shares(traffic(13, 2400), 8)
            with open(place.path('all'), 'wb') as file:
                file.write(b''.join(pcap_blocks(sum(parts, []))))
            run = Follower(place.command('--follow-open'))
            writer = subprocess.Popen(command(place), stdin=subprocess.PIPE, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            for i, part in enumerate(parts if feed else []):
                writer.stdin.write(b''.join(pcap_blocks(part)[i > 0:]))
                writer.stdin.flush()
                time.sleep(0.15)
            err = writer.communicate()[1]
            files = len(os.listdir(place.followed))
            if writer.returncode or files < 2:
                return ['%s: %d: %d files: %s' % (command(place), writer.returncode, files, err.decode())]
            time.sleep(0.5)
            run.end(signal.SIGKILL)
            return place.finish() or place.same()
        finally:
            place.close()
    if shutil.which('dumpcap'):
        yield 'files that dumpcap writes', written_by, (
            lambda p: ['dumpcap', '-q', '-i', '-', '-b', 'packets:500', '-w', p.file('ring.pcapng')], True)
    else:
        yield 'files that dumpcap writes', None, ('there is no dumpcap',)


def usage(tcpreuse):
    def case():
        place, complaints = Place(tcpreuse), []
        place.write('a.pcap', traffic(14, 60))
        follow = ['--follow', place.followed]
        for arguments, status, words in (
                (follow + [place.file('a.pcap')], 1, 'name no files beside it'), (follow + ['--recursive'], 1, '--recursive'),
                (follow + ['--append'], 1, '--append'), (follow + ['--sort-window', '1'], 1, '--sort-window'),
                (follow + ['--files-from', '-'], 1, '--files-from'), (follow + ['--extract', 'x'], 1, '--extract'),
                (follow + ['--clock', 'a=1'], 1, '--clock'), (follow + ['--piece', '1/2', '-o', 'x'], 1, '--follow'),
                (follow + ['--dpdk', 'x'], 1, '--dpdk'), (['--follow-open', place.file('a.pcap')], 1, "requires '--follow'"),
                (['--follow-poll', '1', place.file('a.pcap')], 1, "requires '--follow'"),
                (['--idle-exit', '1', place.file('a.pcap')], 1, "requires '-i', '--dpdk' or '--follow'"),
                (follow + follow + ['--follow-open'], 1, 'follow one directory'),
                (follow + ['--follow', place.path('none'), '--idle-exit', '1'], 2, 'none: cannot be followed'),
                (['--follow', place.file('a.pcap')], 2, 'cannot be followed'),
                (follow + ['--frames', '1'], 1, "'--frames' requires '-i' or '--dpdk'"),
                (follow + follow + ['--duration', '0.5'], 0, '')):
            result = program.bare([tcpreuse] + arguments)
            if result.status != status or words.encode() not in result.err:
                complaints.append('%s: %s' % (' '.join(arguments), result.describe()))
        place.close()
        return complaints
    yield 'options', case, ()


def main():
    tap, text = program.Tap(), sys.argv[2] if len(sys.argv) > 2 else ''
    cases = [case for group in (ring, prompt, growing, interrupts, troubles, programs, usage) for case in group(sys.argv[1])
             if text in case[0]]
    # They mostly wait.
    with concurrent.futures.ThreadPoolExecutor(4) as pool:
        results = [(name, pool.submit(work, *arguments) if work else None, arguments) for name, work, arguments in cases]
        for name, result, arguments in results:
            if result:
                tap.ok(name, result.result())
            else:
                tap.skip(name, arguments[0])
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
