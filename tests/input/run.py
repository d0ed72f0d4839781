#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: run.py TCPREUSE [--jobs N]

Bad input and wrong usage. What is promised: the exit status says what was wrong (1 usage, 2 an input that could not be read to
its end, 3 an output that could not be written), standard error names the file, the offset in bytes, what was expected and what
was found, or the option; and whatever could be read is reported all the same.
"""
import argparse
import concurrent.futures
import csv
import fcntl
import io
import json
import os
import re
import resource
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import termios
import threading
import time
import zlib

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import capture  # noqa: E402
import pcap  # noqa: E402
import program  # noqa: E402

# every frame has one TCP segment, so that rows can be counted; three reuses
FRAMES = """
name: C 10.0.0.1:40000
name: S 10.0.0.2:5001
name: D [2001:db8::1]:40000
name: T [2001:db8::2]:5001
0.000  C > S  S   seq 1000
0.001  S > C  SA  seq 5000 ack 1001
0.002  C > S  A   seq 1001 ack 5001
0.003  C > S  PA  seq 1001 ack 5001 len 7
0.004  D > T  S   seq 1 options 4
0.005  T > D  RA  seq 0 ack 2
0.006  C > S  FA  seq 1008 ack 5001
0.007  S > C  FA  seq 5001 ack 1009
0.008  D > T  S   seq 9 vlan 5
0.009  C > S  S   seq 1000
0.010  S > C  SA  seq 7000 ack 1001
0.011  C > S  R   seq 1001
0.012  T > D  SA  seq 4 ack 10
0.013  C > S  S   seq 1000
0.014  S > C  A   seq 4 ack 4 pad 6
0.015  C > S  S   seq 4000
0.016  S > C  RA  seq 0 ack 4001
0.017  D > T  A   seq 10 ack 5
0.018  D > T  R   seq 10
0.019  C > S  S   seq 5000 len 3
"""


def says(result, status, *words):
    """Complaints unless the run ended with this status and its standard error has all the words (or one of a tuple of them)."""
    error = re.sub(r'(?<=\d),(?=\d{3})', '', result.err.decode(errors='replace'))      # 262,145 is 262145
    out = []
    if result.status != status:
        out.append('expected exit %d' % status)
    for word in words:
        choices = word if isinstance(word, tuple) else (word,)
        if not any(re.search(r'(?<!\w)%s(?!\w)' % re.escape(str(c)), error, re.I) for c in choices):
            out.append('standard error does not say ' + ' or '.join(repr(str(c)) for c in choices))
    return out + ['it ended with ' + result.describe(), 'command: ' + ' '.join(result.command)] if out else []


# how a message says what was wanted and what was there
WANTED, FOUND = ('expected', 'expects'), ('found', 'got', 'is', 'has', 'ends', 'but')


def lines(result, report):
    return result.reports.get(report, b'').splitlines()


def inputs(tcpreuse, tap, directory, whole):
    """Files that are none, one after the other."""
    data, complete = whole.data(), program.run(tcpreuse, [program.write(directory, 'whole.pcap', whole.data())])
    tap.ok('the whole capture', says(complete, 0))
    packets = lines(complete, 'packets')

    def bad(name, contents, offset, rows, *words):
        """rows: of how many frames there have to be rows, None when there may be no report at all."""
        path = program.write(directory, 'bad.pcap', contents)      # no digits in its name: offsets are looked for
        result = program.run(tcpreuse, [path])
        complaints = says(result, 2, os.path.basename(path), offset, WANTED, FOUND, *words)
        if rows is not None and lines(result, 'packets') != packets[:1 + rows]:
            complaints.append('packets.csv has %d lines, expected %d' % (len(lines(result, 'packets')), 1 + rows))
        tap.ok(name, complaints)

    at = whole.boundaries()
    bad('an empty file', b'', 0, None)
    bad('a wrong magic', b'\x12\x34\x56\x78' + data[4:], 0, None)
    bad('a text file', b'This is no capture file at all, but it is long enough to be one.\n', 0, None)
    bad('a cut file header', data[:20], (0, 20), None)
    bad('a cut record header', data[:at[5] + 9], (at[5], at[5] + 9), 5)
    bad('a cut record', data[:at[6] - 1], (at[5], at[5] + 16, at[6] - 1), 5)
    for length in (262145, 0x7fffffff, 0xffffffff):
        record = pcap.record_header(0, 6000, length, length)
        bad('a record of %d bytes that are not there' % length, data[:at[5]] + record + bytes(100), (at[5], at[5] + 8), 5, length)
    record = pcap.record_header(0, 6000, 262145, 262145) + bytes(262145)
    bad('a record of 262145 bytes that are there', data[:at[5]] + record + data[at[5]:], (at[5], at[5] + 8), 5, 262145)
    record = pcap.record_header(0, 6000, 262144, 262144) + bytes(262144)
    largest = program.run(tcpreuse, [program.write(directory, 'largest.pcap', data + record)])
    tap.ok('a record of 262144 bytes is read', says(largest, 0))
    tap.ok('a file header without records is a whole capture',
           says(program.run(tcpreuse, [program.write(directory, 'no-records.pcap', data[:24])]), 0))

    os.mkdir(os.path.join(directory, 'nothing'))
    program.write(os.path.join(directory, 'nothing'), 'notes.txt', b'no capture\n')
    tap.ok('a directory without captures', says(program.run(tcpreuse, [os.path.join(directory, 'nothing')]), 2, 'nothing'))
    os.mkdir(os.path.join(directory, 'unreadable'))
    program.write(os.path.join(directory, 'unreadable'), 'good.pcap', data)
    os.symlink('/proc/self/mem', os.path.join(directory, 'unreadable', 'memory.pcap'))  # it opens, and reading it fails
    tap.ok('a file of a directory that cannot be read',
           says(program.run(tcpreuse, [os.path.join(directory, 'unreadable')]), 2, 'memory.pcap'))
    tap.ok('a file that is not there', says(program.run(tcpreuse, [os.path.join(directory, 'absent.pcap')]), 2, 'absent.pcap',
                                            'No such file or directory'))
    os.symlink('loop.pcap', os.path.join(directory, 'loop.pcap'))
    tap.ok('a file that cannot be opened', says(program.run(tcpreuse, [os.path.join(directory, 'loop.pcap')]), 2, 'loop.pcap'))
    result = program.run(tcpreuse, [os.path.join(directory, 'whole.pcap'), os.path.join(directory, 'absent.pcap')])
    complaints = says(result, 2, 'absent.pcap')
    # Of several files, rows tell file and frame in it, too.
    if [line.rsplit(b',', 2)[0] for line in lines(result, 'packets')] != packets:
        complaints.append('the other file is not reported')
    tap.ok('a file that is not there beside one that is', complaints)
    lists(tcpreuse, tap, directory)
    forbidden(tcpreuse, tap, directory, data)

    for name, contents, status in (('whole', data, 0), ('cut', data[:at[5] + 9], 2), ('empty', b'', 2)):
        path = program.write(directory, 'stdin.pcap', contents)
        with open(path, 'rb') as file:
            result = program.run(tcpreuse, ['-'], stdin=file)
        complaints = says(result, status)
        if contents and lines(result, 'packets') != (packets if not status else packets[:6]):
            complaints.append('packets.csv has %d lines' % len(lines(result, 'packets')))
        tap.ok('standard input, %s' % name, complaints)


def lists(tcpreuse, tap, directory):
    """--files-from: a list that cannot be read, or names nothing, is an error."""
    path = os.path.join(directory, 'whole.pcap')
    for name, contents, status, words in (
            ('a list', '\n%s\n\n' % path, 0, []),
            ('a list without a newline at its end', path, 0, []),
            ('an empty list', '', 2, ['list.txt', 'found none']),
            ('a list of empty lines', '\n\n', 2, ['list.txt', 'found none']),
            ('a list with zeros between names', path + '\0absent.pcap\0', 2, ['list.txt', 'zero byte in line 1']),
            ('a list with a zero in a later line', path + '\n\nab\0c\n', 2, ['list.txt', 'zero byte in line 3']),
            ('a list of a file that is not there', path + '\nabsent.pcap\n', 2, ['absent.pcap'])):
        listing = program.write(directory, 'list.txt', contents.encode())
        tap.ok(name, says(program.bare([tcpreuse, '--files-from', listing]), status, *words))
    for name, listing, why in (('a list that is not there', 'absent.txt', 'No such file or directory'),
                               ('a list that is a directory', directory, 'Is a directory'),
                               ('a list that cannot be read', '/proc/self/mem', 'Input/output error')):
        tap.ok(name, says(program.bare([tcpreuse, '--files-from', listing, path]), 2, os.path.basename(listing), why))


def forbidden(tcpreuse, tap, directory, data):
    """Root may read everything, so the program runs as nobody where the tests run as root."""
    path, name = program.write(directory, 'forbidden.pcap', data), 'a file without read permission'
    os.chmod(path, 0)
    user = {'user': 65534} if os.geteuid() == 0 else {}
    try:
        os.chmod(directory, 0o755)
        result = program.bare([tcpreuse, path], **user)
    except (PermissionError, OSError) as error:
        tap.skip(name, 'nobody cannot run the program (%s)' % error)
        return
    tap.ok(name, says(result, 2, 'forbidden.pcap', 'Permission denied'))


def outputs(tcpreuse, tap, directory):
    path, plain = os.path.join(directory, 'whole.pcap'), program.write(directory, 'plain', b'')
    under = os.path.join(plain, 'reports')
    tap.ok('an output directory under a file', says(program.bare([tcpreuse, '-o', under, path]), 3, under))
    tap.ok('an output directory that is a file', says(program.bare([tcpreuse, '-o', plain, path]), 3, plain))
    taken = os.path.join(directory, 'taken')
    os.makedirs(os.path.join(taken, 'reuse.csv'))
    tap.ok('a directory in the place of a report', says(program.bare([tcpreuse, '-o', taken, path]), 3, 'reuse.csv'))
    with open('/dev/full', 'wb') as full:
        tap.ok('standard output is full', says(program.bare([tcpreuse, path], stdout=full), 3, 'No space left on device'))
        tap.ok('and so it is for --help', says(program.bare([tcpreuse, '--help'], stdout=full), 3, 'No space left on device'))
    limited = os.path.join(directory, 'limited')
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (200, 200))
    tap.ok('a report that is full', says(program.bare([tcpreuse, '-o', limited, '--reports', 'packets', path], preexec_fn=limit), 3,
                                         'packets.csv', 'File too large'))
    fresh = os.path.join(directory, 'a', 'b')
    made = program.bare([tcpreuse, '-o', os.path.dirname(fresh), path])
    complaints = says(made, 0)
    for report in ('reuse.csv', 'conversations.csv', 'summary.json'):
        if not os.path.exists(os.path.join(os.path.dirname(fresh), report)):
            complaints.append('no %s' % report)
    if os.path.exists(os.path.join(os.path.dirname(fresh), 'packets.csv')):
        complaints.append('a packets.csv that nobody asked for')
    tap.ok('a missing output directory is made', complaints)


def names(tcpreuse, tap, directory, whole):
    """File names may hold anything: terminals get no control characters, summary.json stays valid UTF-8, and CSV is quoted."""
    odd, where = b'caf\xe9 \x1b[31m"a",\xc2\x9bb\n.pcap', os.path.join(directory, 'names')
    os.mkdir(where)
    for name, data in (odd, whole.data()), (b'cut ' + odd, whole.data()[:-1]):
        with open(os.path.join(os.fsencode(where), name), 'wb') as file:
            file.write(data)
    result = program.run(tcpreuse, [where], ('reuse', 'summary'))
    complaints = says(result, 2)
    shown = rb'cut caf\xe9 \x1b[31m"a",\xc2\x9bb\x0a.pcap: offset'
    complaints += [] if shown in result.err else ['standard error does not name the file: %r' % result.err]
    complaints += ['control characters in %r' % result.err] if re.search(rb'[\x00-\x09\x0b-\x1f\x7f-\xff]', result.err) else []
    tap.ok('a file name with control characters and invalid UTF-8, on a terminal', complaints)
    error = json.loads(result.reports['summary'].decode('utf-8', 'strict'))['input']['errors'][0]['file']
    wanted = 'cut caf\ufffd \x1b[31m"a",\u009bb\n.pcap'
    tap.ok('the same in summary.json', [] if error.endswith('/' + wanted) else ['found %r' % error])
    files = {row[-2] for row in csv.reader(io.StringIO(result.reports['reuse'].decode('latin-1'), newline=''))} - {'file'}
    tap.ok('the same in reuse.csv', [] if os.path.join(where, odd.decode('latin-1')) in files else ['found %r' % files])


def usage(tcpreuse, tap, directory):
    path, out = os.path.join(directory, 'whole.pcap'), os.path.join(directory, 'usage')
    tap.ok('no file at all', says(program.bare([tcpreuse]), 1))
    for name, arguments, words in (
            ('an unknown option', ['--nonsense=1'], ["unknown option '--nonsense'"]),
            ('an unknown letter', ['-Z'], ["unknown option '-Z'"]),
            ('an abbreviation of two options', ['--re'], ["option '--re' is ambiguous", '--recursive', '--reports']),
            ('an argument for an option that takes none', ['--quiet=1'], ["option '--quiet' takes no argument"]),
            ('unknown rules', ['--rules', '5.0'], [('--rules', 'rules'), '5.0']),
            ('empty rules', ['--rules', ''], [('--rules', 'rules')]),
            ('no threads', ['-j', '0'], ["invalid number '0' for '-j'"]),
            ('fewer than no threads', ['-j', '-1'], [('-j', '--threads', 'threads')]),
            ('threads that are no number', ['--threads', '2x'], [('-j', '--threads', 'threads'), '2x']),
            ('threads beyond any number', ['-j', '99999999999999999999'], [('-j', '--threads', 'threads')]),
            ('an unknown report', ['-o', out, '--reports', 'reuse,nonsense'], [('--reports', 'reports', 'report'), 'nonsense']),
            ('an empty list of reports', ['-o', out, '--reports', ''], [('--reports', 'reports', 'report')]),
            ('reports without a directory to hold them', ['--reports', 'conversations,packets'], [('--reports', 'reports')]),
            ('unknown progress', ['--progress', 'sometimes'], [('--progress', 'progress'), 'sometimes']),
            ('a filter that is none', ['-f', 'tcp port port'], [('-f', '--filter', 'filter')]),
            *(('--ignore ' + repr(text), ['--ignore', text], [('--ignore', 'ignore')])
              for text in ('', 'x', '5-', '-5', '9-5', '1,,2', '1,', '0', '1-2-3', '1 2', '99999999999999999999', '5;6'))):
        tap.ok(name, says(program.bare([tcpreuse] + arguments + [path]), 1, *words))
    for option in ('--rules', '--ignore', '-j', '-o', '--reports', '-f', '--progress'):
        tap.ok('%s without its value' % option, says(program.bare([tcpreuse, path, option]), 1, "option '%s' requires an argument" % option))
    tap.ok('wrong usage leaves nothing behind', ['%s was made' % out] if os.path.exists(out) else [])


def filters(tcpreuse, tap, directory):
    """The part of the program that they need is a file of its own."""
    path, name = os.path.join(directory, 'whole.pcap'), 'tcpreuse_libpcap.so'
    plain = program.run(tcpreuse, [path], ('packets', 'reuse'))
    same = program.run(tcpreuse, ['-f', 'greater 1', path], ('packets', 'reuse'))
    none = program.run(tcpreuse, ['-f', 'less 1', path], ('packets', 'reuse'))
    complaints = says(same, 0) + says(none, 0)
    complaints += ['"greater 1" leaves segments out'] if same.reports != plain.reports else []
    complaints += ['"less 1" leaves segments in'] if len(lines(none, 'packets')) != 1 else []
    tap.ok('capture filters', complaints)
    data = b'\0' * 40       # of two link types that have no Ethernet addresses, the one with the higher number first
    paths = [pcap.write(os.path.join(directory, 'link-%d.pcap' % link), [(second * pcap.SECOND, len(data), data)], link=link)
             for second, link in ((1, 108), (2, 101))]
    told = program.run(tcpreuse, ['-f', 'ether host 1:2:3:4:5:6', *paths], ('reuse',))
    links = re.findall(r'filter: .* link type (\d+)', told.err.decode())
    tap.ok('link types that a filter does not fit are told in order', says(told, 2) +
           ([] if links == ['101', '108'] else ['expected 101, 108; found ' + ', '.join(links)]))
    alone = os.path.join(directory, 'alone')
    os.mkdir(alone)
    copy = shutil.copy(tcpreuse, alone)
    complaints = says(program.bare([copy, path]), 0)
    program.write(alone, name, b'no shared object')
    complaints += says(program.bare([copy, '-f', 'tcp', path]), 2, '--filter', name)
    tap.ok('capture filters whose part cannot be loaded', complaints)


def cuts(tcpreuse, tap, directory, whole, jobs):
    """The capture cut at each of its bytes. A verdict may depend on what was cut off."""
    data, at = whole.data(), whole.boundaries()
    complete = program.run(tcpreuse, ['--verdicts', 'off', os.path.join(directory, 'whole.pcap')])
    packets, reuse = lines(complete, 'packets'), lines(complete, 'reuse')

    def one(size):
        path = program.write(directory, 'cut-%d.pcap' % size, data[:size])
        result = program.run(tcpreuse, ['--verdicts', 'off', '-j', size % 3 + 1, path], ('packets', 'reuse'))
        os.unlink(path)
        frames = sum(end <= size for end in at) - 1
        if size in at:
            complaints = says(result, 0)
        else:
            complaints = says(result, 2, 'cut-%d.pcap' % size)
        if frames < 0 and not result.reports:
            return complaints
        frames = max(frames, 0)
        if lines(result, 'packets') != packets[:1 + frames]:
            complaints.append('packets.csv has %d rows, expected the first %d' % (len(lines(result, 'packets')) - 1, frames))
        wanted = reuse[:1] + [row for row in reuse[1:] if int(row.split(b',')[0]) <= frames]
        if lines(result, 'reuse') != wanted:
            complaints.append('reuse.csv has %d rows, expected the first %d' % (len(lines(result, 'reuse')) - 1, len(wanted) - 1))
        return ['cut after %d of %d bytes, %d whole frames:' % (size, len(data), frames)] + complaints if complaints else []

    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        answers = [a for a in pool.map(one, range(len(data) + 1)) if a]
    complaints = ['%d of %d cuts go wrong, the first:' % (len(answers), len(data) + 1)] + answers[0] if answers else []
    tap.ok('a capture of %d frames cut at each of its %d bytes' % (len(at) - 1, len(data)), complaints)


def statistics(tcpreuse, tap, directory):
    path = os.path.join(directory, 'whole.pcap')
    plain = program.bare([tcpreuse, '-q', '-j', '2', path])
    told = program.bare([tcpreuse, '-q', '--stats', '-j', '2', path])
    complaints = says(told, 0)
    complaints += ['standard output differs'] if told.out != plain.out else []
    complaints += ['no "%s"' % word for word in ('decode', 'drain', 'thread 2', 'IPv4 table', 'wrong guesses', 'memory')
                   if word not in told.err.decode()]
    tap.ok('--stats', complaints)
    performance = json.loads(program.run(tcpreuse, ['-j', '3', path], ('summary',)).reports['summary'])['performance']
    complaints = ['%d workers' % len(performance['workers'])] if len(performance['workers']) != 3 else []
    table = performance['tables']['ipv4']
    shares = table['in_own_bucket'] + table['in_next_bucket'] + table['further']
    complaints += ['shares of the table: %s' % table] if table['tuples'] and abs(shares - 1) > 1e-5 else []
    complaints += ['memory: %s' % performance['memory']] if not 0 < performance['memory']['own'] else []
    tap.ok('performance in summary.json', complaints)


def wait_until(what, seconds=30):
    end = time.monotonic() + seconds
    while not what():
        if time.monotonic() > end:
            raise TimeoutError('still not so after %d s' % seconds)
        time.sleep(0.01)


def catches_interrupts(process):
    with open('/proc/%d/status' % process.pid) as file:
        return any(int(line.split()[1], 16) >> (signal.SIGINT - 1) & 1 for line in file if line.startswith('SigCgt'))


def unread(descriptor):
    """Bytes that wait in a pipe."""
    return struct.unpack('i', fcntl.ioctl(descriptor, termios.FIONREAD, bytes(4)))[0]


def interrupts(tcpreuse, tap, directory, whole):
    """An interrupt while nothing comes: what came is reported, at once, and the exit status is 130."""
    data, at = whole.data(), whole.boundaries()
    rows = program.run(tcpreuse, [os.path.join(directory, 'whole.pcap')]).reports
    fifo, out = os.path.join(directory, 'fifo'), os.path.join(directory, 'interrupted')
    packed = zlib.compressobj(9, zlib.DEFLATED, 31)
    packed = packed.compress(data[:at[7] + 5]) + packed.flush(zlib.Z_SYNC_FLUSH)

    def one(name, contents, frames, before=(), number=signal.SIGINT, through_fifo=False):
        """contents: written before the interrupt; None: nothing, and of a FIFO there is no writer."""
        for threads in '1', '2', '3':
            shutil.rmtree(out, ignore_errors=True)
            if os.path.exists(fifo):
                os.remove(fifo)
            os.mkfifo(fifo)
            ends = os.pipe()
            command = [tcpreuse, '-j', threads, '--append', '-o', out, '--reports', 'packets,summary', *before,
                       fifo if through_fifo else '-']
            process = subprocess.Popen(command, stdin=ends[0], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
            descriptor, complaints = ends[1], []
            try:
                wait_until(lambda: catches_interrupts(process))
                if through_fifo and contents is not None:
                    descriptor = os.open(fifo, os.O_WRONLY)
                if contents:
                    os.write(descriptor, contents)
                    wait_until(lambda: not unread(descriptor))
                else:
                    time.sleep(0.1)
                process.send_signal(number)
                _, error = process.communicate(timeout=20)
                if process.returncode != 130:
                    complaints.append('expected exit 130, found %d' % process.returncode)
                if b'expected' in error:
                    complaints.append(error.decode())
                with open(os.path.join(out, 'packets.csv'), 'rb') as file:
                    found = [line.split(b',')[:2] for line in file.read().splitlines()]
                if found != [line.split(b',')[:2] for line in rows['packets'].splitlines()[:1 + frames]]:
                    complaints.append('%d rows, expected %d' % (len(found) - 1, frames))
                with open(os.path.join(out, 'summary.json')) as file:
                    if not json.load(file)['input']['interrupted']:
                        complaints.append('summary.json does not say that it was interrupted')
            except (TimeoutError, subprocess.TimeoutExpired, OSError) as error:
                complaints.append('%s: %s' % (type(error).__name__, error))
            finally:
                process.kill()
                process.wait()
                process.stderr.close()
                for end in {*ends, descriptor}:
                    os.close(end)
            tap.ok('an interrupt, %s, %s threads' % (name, threads), complaints)

    other = os.path.join(directory, 'whole.pcap')
    for through_fifo, where in (False, 'standard input'), (True, 'a FIFO'):
        one('no byte in ' + where, b'', 0, through_fifo=through_fifo)
        one('half a file header in ' + where, data[:20], 0, through_fifo=through_fifo)
        one('a file header in ' + where, data[:24], 0, through_fifo=through_fifo)
        one('whole records in ' + where, data[:at[7]], 7, through_fifo=through_fifo)
        one('half a record in ' + where, data[:at[7] + 20], 7, through_fifo=through_fifo)
        one('gzip in ' + where, packed, 7, through_fifo=through_fifo)
    one('SIGTERM', data[:at[7]], 7, number=signal.SIGTERM)
    one('a FIFO without a writer', None, 0, through_fifo=True)
    one('a file before a FIFO without a writer', None, len(at) - 1, before=[other], through_fifo=True)


def interrupt_while_opening(tcpreuse, tap, directory):
    """Files in the order of their times: a FIFO's first frame is waited for before anything else happens."""
    fifo = os.path.join(directory, 'fifo')
    process = subprocess.Popen([tcpreuse, os.path.join(directory, 'whole.pcap'), fifo], stdout=subprocess.PIPE,
                               stderr=subprocess.PIPE)
    complaints = []
    try:
        wait_until(lambda: catches_interrupts(process))
        time.sleep(0.1)
        process.send_signal(signal.SIGINT)
        output, error = process.communicate(timeout=20)
        complaints += ['expected exit 130, found %d' % process.returncode] if process.returncode != 130 else []
        complaints += ['no report'] if not output.startswith(b'frame,') else []
    except (TimeoutError, subprocess.TimeoutExpired) as error:
        complaints.append(str(error))
    finally:
        process.kill()
        process.communicate()
    tap.ok('an interrupt before the first frame of a FIFO that is one of several files', complaints)


def late_writer(tcpreuse, tap, directory):
    """A FIFO's writer may come late, pause, and write little by little."""
    fifo, path = os.path.join(directory, 'fifo'), os.path.join(directory, 'whole.pcap')

    def feed():
        time.sleep(0.3)
        with open(fifo, 'wb', buffering=0) as target, open(path, 'rb') as source:
            time.sleep(0.2)
            for piece in iter(lambda: source.read(299), b''):
                target.write(piece)
                time.sleep(0.01)

    feeder = threading.Thread(target=feed, daemon=True)
    feeder.start()
    result, want = program.run(tcpreuse, [fifo]), program.run(tcpreuse, [path])
    feeder.join(10)
    complaints = says(result, 0)
    complaints += ['other rows'] if result.reports.get('packets') != want.reports['packets'] else []
    tap.ok('a FIFO whose writer comes late', complaints)


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('tcpreuse', type=os.path.abspath)
    parser.add_argument('--jobs', type=int, default=os.cpu_count())
    args = parser.parse_args()
    whole, tap = capture.Scenario(FRAMES).files[0][1], program.Tap()
    with tempfile.TemporaryDirectory(prefix='input-') as directory:
        inputs(args.tcpreuse, tap, directory, whole)
        outputs(args.tcpreuse, tap, directory)
        names(args.tcpreuse, tap, directory, whole)
        usage(args.tcpreuse, tap, directory)
        filters(args.tcpreuse, tap, directory)
        statistics(args.tcpreuse, tap, directory)
        interrupts(args.tcpreuse, tap, directory, whole)
        interrupt_while_opening(args.tcpreuse, tap, directory)
        late_writer(args.tcpreuse, tap, directory)
        cuts(args.tcpreuse, tap, directory, whole, args.jobs)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
