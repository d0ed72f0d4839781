#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: run.py TCPREUSE TRACEGEN

Pieces of a set, read each by a process of its own and put together, give all reports of one run, byte for byte. A piece that
begins where no record does is read again; files that are no pieces, or not all of one set, are told.
"""
import fcntl
import gzip
import os
import shlex
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import ftp  # noqa: E402
import hostile  # noqa: E402
import in_order  # noqa: E402
import pcap  # noqa: E402
import program  # noqa: E402
from cuts import PLAIN, REPORTS, differences, facts, fragments, pcapng, silent, traps  # noqa: E402
from pieces import Pieces  # noqa: E402


def contents(path):
    with open(path, 'rb') as file:
        return file.read()


def test_answers(tap, pieces, directory, tracegen):
    few = program.write(directory, 'few.pcap', hostile.pcap(1, 40))
    odd = program.write(directory, 'odd.pcap', hostile.pcap(2, 3000))
    ordinary = os.path.join(directory, 'ordinary.pcap')
    subprocess.run([tracegen, '--frames', '20000', '--flows', '200', '--size', '90', '--reuse', '40', '--seed', '5', '-w', ordinary],
                   check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    tap.ok('a cut at every frame, and none in some pieces', pieces.compare([few], 90))
    for count in (2, 3, 5, 8):
        tap.ok('odd frames in %d pieces' % count, pieces.compare([odd], count))
    tap.ok('ordinary traffic in 3 pieces, any number of threads', pieces.compare(['-j3', ordinary], 3, more=['-j2']))
    tap.ok('--verdicts off', pieces.compare(['--verdicts', 'off', odd], 4, PLAIN))
    tap.ok('--rules 4.2', pieces.compare(['--rules', '4.2', odd], 4))
    tap.ok('datagrams whose fragments lie on both sides of cuts',
           pieces.compare([program.write(directory, 'fragments.pcap', fragments(3, 300))], 24))
    for link, records in in_order.link_types().items():
        path = pcap.write(os.path.join(directory, 'in-order-%d.pcap' % link), records, link=link)
        tap.ok('fragments and sessions, link type %d' % link, pieces.compare([path], 9))
    for key in ('vlan', 'interface', 'vni', 'vlan,interface,vni'):
        keyed = program.write(directory, 'keyed.pcapng', pcapng(hostile.pcap(14, 900, odd=0.7), ((0, 6), (300, 6), (600, 9))))
        tap.ok('--key tuple,' + key, [c for n in (3, 7) for c in pieces.compare(['--key', 'tuple,' + key, keyed], n)])
    tap.ok('FTP under --rules 4.0',
           pieces.compare(['--rules', '4.0', program.write(directory, 'ftp.pcap', ftp.pcap(4, 1200))], 7))
    tap.ok('a filter, decode-as and copies',
           pieces.compare(['-f', 'ip or vlan', '-d', 'udp.port==5000,vxlan', '--drop-copies', '0.0005', odd], 3))


def test_sets(tap, pieces, directory):
    parts, records = [], list(pcap.records(hostile.pcap(6, 2400)))
    for i in range(6):
        path = os.path.join(directory, 'set%d.pcap' % i)
        parts.append(pcap.write(path, records[i * 400:(i + 1) * 400]))
    for count in (2, 5, 8):
        tap.ok('six files in %d pieces' % count, pieces.compare(parts, count))
    with open(parts[1], 'rb') as file:
        data = file.read()
    parts[1] = program.write(directory, 'set1.pcap.gz', gzip.compress(data))
    with open(parts[4], 'rb') as file:
        parts[4] = program.write(directory, 'set4.pcapng', pcapng(file.read()))
    tap.ok('compressed ones are cut at their borders', pieces.compare(parts, 9))
    one_file = hostile.pcap(12, 1500)
    tap.ok('pcapng', pieces.compare([program.write(directory, 'one.pcapng', pcapng(one_file))], 7))
    tap.ok('pcapng, a cut at every frame',
           pieces.compare([program.write(directory, 'few.pcapng', pcapng(hostile.pcap(13, 40)))], 90))
    names = program.write(directory, 'names.pcapng', silent(pcapng(one_file)))
    tap.ok('a piece without a frame of the file that it ends in', [c for n in (2, 3, 8) for c in pieces.compare([names], n)])
    later = program.write(directory, 'later.pcapng', pcapng(one_file, ((0, 6), (400, 9), (900, 6), (901, 3))))
    tap.ok('pcapng with interfaces that are described later', pieces.compare([later], 8))
    tap.ok('--append, with times that go back', pieces.compare(['--append'] + parts[::-1], 5))
    tap.ok('one small file and more pieces than frames', pieces.compare([program.write(directory, 'tiny.pcap', hostile.pcap(7, 2))], 8))
    tap.ok('an empty file among others', pieces.compare([pcap.write(os.path.join(directory, 'empty.pcap'), [])] + parts, 3))
    missing = parts[:2] + [os.path.join(directory, 'nowhere.pcap')] + parts[2:]
    tap.ok('a file that is not there', pieces.compare(missing, 4))
    with open(parts[0], 'rb') as file:
        data = bytearray(file.read())
    tap.ok('a file that was cut', pieces.compare([program.write(directory, 'cut.pcap', bytes(data[:-20]))] + parts[1:], 5))
    at = pcap.FILE_HEADER
    while at < len(data) // 3:
        at += pcap.RECORD_HEADER + int.from_bytes(data[at + 8:at + 12], 'little')
    data[at + 8:at + 12] = b'\xff\xff\xff\x7f'
    tap.ok('a broken record, behind which its file does not count',
           pieces.compare([program.write(directory, 'broken.pcap', bytes(data))] + parts[2:], 8))


def test_overlaps(tap, pieces, directory):
    records = list(pcap.records(hostile.pcap(21, 1200)))

    def files(name, parts, form=lambda data: data):
        return [program.write(directory, '%s%d' % (name, i), form(pcap.file_header() + b''.join(pcap.record(t, d, n) for t, n, d in part)))
                for i, part in enumerate(parts)]
    swapped = [list(records[i * 300:i * 300 + 300]) for i in range(4)]
    for a, b in zip(swapped, swapped[1:]):
        a[-1], b[0] = b[0], a[-1]
    jumps = [list(part) for part in (records[:600], records[600:])]
    jumps[0][200] = jumps[0][200]._replace(time=records[900].time)
    for what, parts in (('one frame at each border', swapped), ('all the time', [records[i::3] for i in range(3)]),
                        ('one inside another', [records[:300] + records[900:], records[300:900]]),
                        ('a clock that jumps', jumps), ('alike', [records[:300], records[:300]])):
        for form, name in ((lambda data: data, ''), (pcapng, ', pcapng'), (gzip.compress, ', compressed')):
            paths = files('overlap', parts, form)
            tap.ok('files that overlap, %s%s' % (what, name), [c for n in (2, 5, 9) for c in pieces.compare(paths, n)])
    paths = files('overlap', swapped)
    tap.ok('the same file twice', [c for n in (2, 3) for c in pieces.compare([paths[0]] + paths, n)])


def test_guesses(tap, pieces, directory):
    path = program.write(directory, 'traps.pcap', traps(8))
    one = program.run(pieces.tcpreuse, [path], REPORTS)
    files, complaints = pieces.split([path], 7)
    tap.ok('pieces of a capture of captures', complaints)
    done = program.run(pieces.tcpreuse, ['--combine'] + files, REPORTS)
    again = b'reading the piece again' in done.err
    tap.ok('a wrong guess is read again, and the answer is that of one run',
           differences(one, done) + ([] if again else ['no piece was read again, so this shows nothing: ' + done.describe()]))
    done = program.run(pieces.tcpreuse, ['--combine'] + files, REPORTS)
    tap.ok('and only once', differences(one, done) + (['again: ' + done.describe()] if b'again' in done.err else []))
    files, _ = pieces.split([path], 7)
    os.rename(path, path + '.away')
    done = program.run(pieces.tcpreuse, ['--combine'] + files, REPORTS)
    complaints = [] if done.status == 2 and b"with '--piece" in done.err and not done.reports else [done.describe()]
    tap.ok('where the inputs cannot be reached, it is said what to do', complaints)
    os.rename(path + '.away', path)
    data = contents(path)
    stat, kept = os.stat(path), [contents(f) for f in files]
    for what, new, ns in (('other bytes', data[:60] + bytes([data[60] ^ 1]) + data[61:], stat.st_mtime_ns),
                          ('other bytes at the end', data[:-1] + bytes([data[-1] ^ 1]), stat.st_mtime_ns),
                          ('another size', data + data[24:2000], stat.st_mtime_ns), ('another time', data, stat.st_mtime_ns + 1)):
        program.write(directory, 'traps.pcap', new)
        os.utime(path, ns=(stat.st_atime_ns, ns))
        result = program.run(pieces.tcpreuse, ['--combine'] + files, REPORTS)
        tap.ok('inputs that are no more what pieces were made of: ' + what, refused(result, 2, path + ' is not what it was made of') + (
            [] if not result.reports and [contents(f) for f in files] == kept else ['something was written']))
    program.write(directory, 'traps.pcap', data)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    for word in done.err.decode().split("'"):
        if word.startswith('--piece '):
            index = int(word.split()[1].split('/')[0])
            result = program.bare([pieces.tcpreuse] + word.split() + ['-o', files[index - 1], '-q', path])
            complaints += [] if result.status == 0 else [result.describe()]
    tap.ok('and that helps', complaints + differences(one, program.run(pieces.tcpreuse, ['--combine'] + files, REPORTS)))


def refused(result, status, *words):
    missing = [w for w in words if w.encode() not in result.err]
    if result.status == status and not missing:
        return []
    return ['expected exit %d and %s: %s' % (status, ', '.join(missing) or 'this text', result.describe())]


def test_files(tap, pieces, directory):
    path = program.write(directory, 'a.pcap', hostile.pcap(9, 60))
    other = program.write(directory, 'b.pcap', hostile.pcap(10, 60))
    tcpreuse, (files, complaints) = pieces.tcpreuse, pieces.split([path], 3)

    def combine(*names):
        return program.bare([tcpreuse, '--combine', '-q'] + list(names))
    tap.ok('three pieces', complaints + refused(combine(*files), 0))
    tap.ok('one is missing', refused(combine(files[0], files[2]), 2, 'piece 2 of 3 is missing'))
    tap.ok('one is there twice', refused(combine(files[0], *files), 2, 'are both piece 1 of 3'))
    strange, _ = pieces.make(['-f', 'tcp or ip or udp', path, '/nowhere'], 2, 3)
    shown = program.bare([tcpreuse, '--describe', strange])
    words = ('piece          2 of 3', 'begins         offset ', 'ends           offset ', ' of ' + path, 'frames         ',
             "options        --rules 4.4 --verdicts on --filter 'tcp or ip or udp'", "-f 'tcp or ip or udp' " + path,
             'input          %s, %d bytes' % (path, os.path.getsize(path)), 'problem        /nowhere: ', 'section        batches',
             'checksums      right')
    tap.ok('--describe of a piece', [] if shown.status == 0 and not [w for w in words if w.encode() not in shown.out] else
           [shown.describe(), shown.out.decode()])
    odd, _ = pieces.make([b'/now\x1b\x7f\x9b\xc2\x9b here', path], 2, 3)
    shown = program.bare([tcpreuse, '--describe', odd]).out
    tap.ok('and what names hold does not steer the terminal', [] if shown.count(b'/now\\x1b\\x7f\\x9b\\xc2\\x9b here') >= 3 and
           b'\x1b' not in shown and b'\x9b' not in shown else [repr(shown)])
    strange, _ = pieces.make([other], 2, 3)
    tap.ok('one is of another set', refused(combine(files[0], strange, files[2]), 2, files[0], strange, 'inputs differ'))
    data, stat = contents(path), os.stat(path)
    kept = os.path.join(directory, 'kept.piece')
    os.rename(files[1], kept)
    program.write(directory, 'a.pcap', data[:50] + bytes([data[50] ^ 1]) + data[51:])
    strange, _ = pieces.make([path], 2, 3)
    tap.ok('one is of another file with this name and size', refused(combine(files[0], strange, files[2]), 2, 'inputs differ, of ' + path))
    program.write(directory, 'a.pcap', data)
    os.utime(path, ns=(stat.st_atime_ns, stat.st_mtime_ns))
    os.rename(kept, files[1])
    strange, _ = pieces.make(['--rules', '4.2', path], 2, 3)
    tap.ok('one has other options', refused(combine(files[0], strange, files[2]), 2, 'options differ'))
    strange, _ = pieces.make(['--key', 'tuple,vlan', path], 2, 3)
    tap.ok('one has another key', refused(combine(files[0], strange, files[2]), 2, 'options differ'))
    whole, _ = pieces.make(['--key', 'tuple,vni', path], 1, 1)
    tap.ok('the key cannot be changed', refused(combine('--key', 'tuple', whole), 1, '--key tuple,vni', 'this run has tuple') +
           refused(combine('--key', 'tuple,vni', whole), 0) + refused(combine('--print-filter', whole), 1, 'vni'))
    tap.ok('a capture is no piece', refused(combine(files[0], path, files[2]), 2, path))
    tap.ok('a file that is not there', refused(combine(files[0], files[1], '/nowhere'), 2, '/nowhere'))
    before = os.stat(files[1]).st_mtime_ns
    result = program.bare([tcpreuse, '--piece', '2/3', '-o', files[1], path])
    tap.ok('a piece that is there and fits is not read again', refused(result, 0, 'is there') + (
        [] if os.stat(files[1]).st_mtime_ns == before else ['it was written']))
    hurt = [pieces.name(), '/nowhere', path]
    first = [program.bare([tcpreuse, '--piece', '2/3', '-o'] + hurt) for _ in range(2)]
    tap.ok('nor is one with a problem, which is told again', [c for r in first for c in refused(r, 2, '/nowhere: ')] +
           refused(first[1], 2, 'is there'))
    locked = os.path.join(directory, 'locked.piece')
    with open(locked + '.tcpreuse-part', 'wb') as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        tap.ok('a piece that another process writes', refused(program.bare([tcpreuse, '--piece', '2/3', '-o', locked, path]), 3,
                                                              locked, 'another run'))
    result = program.bare([tcpreuse, '--piece', '2/3', '--fsync', '-o', locked, path])
    tap.ok('and no more', refused(result, 0) + (['not removed'] if os.path.exists(locked + '.tcpreuse-part') else []))
    result = program.bare([tcpreuse, '--piece', '2/3', '-o', other, path])
    tap.ok('no other file is overwritten', refused(result, 3, other) + ([] if pcap.count(other) == 60 else ['it was']))
    with open(files[1], 'rb') as file:
        data = file.read()
    wrong = []
    for at in range(0, len(data), 7):
        damaged = bytearray(data)
        damaged[at] ^= 1 + at % 255
        bad = program.write(directory, 'bad.piece', bytes(damaged))
        wrong += ['byte %d: %s' % (at, c) for c in refused(combine(files[0], bad, files[2]), 2, bad)]
    for length in range(0, len(data), 97):
        bad = program.write(directory, 'bad.piece', data[:length])
        wrong += ['%d bytes: %s' % (length, c) for c in refused(combine(files[0], bad, files[2]), 2, bad)]
    tap.ok('damaged bytes and cut files are told, and nothing is reported', wrong[:5])
    tap.ok('standard input', refused(pieces.make(['-'], 1, 2)[1], 1, 'regular files'))
    tap.ok('--expire with --piece', refused(pieces.make(['--expire', '9', path], 1, 2)[1], 1, '--expire', '--combine'))
    for option in (['--ignore', '3'], ['--sort-window', '1'], ['--max-conversations', '9'], ['--expire', 'auto']):
        tap.ok('%s with --piece' % option[0], refused(pieces.make(option + [path], 1, 2)[1], 1, option[0]))
        tap.ok('%s with --combine' % option[0], refused(combine(*(option + files)), 1, option[0]))
    for option in (['--filter', 'tcp'], ['--append'], ['--drop-copies', '1']):
        tap.ok('%s with --combine' % option[0], refused(combine(*(option + files)), 1, '--piece'))
    tap.ok('reports with --piece', refused(pieces.make(['--reports', 'reuse', path], 1, 2)[1], 1, '--combine'))
    for text in ('0/3', '4/3', '2', '2/', '/3', 'a/b', '1/2@', '1/2@x', '1/2@5', '1/2@0:5', '1/2@1:'):
        result = program.bare([tcpreuse, '--piece', text, '-o', '/nowhere/x', path])
        tap.ok('--piece %s' % text, refused(result, 1, 'piece'))
    for place, words in (('9:100', "the number of a file, 1 to 1, found '9'"), ('2:1', "found '2'"),
                         ('1:99999999', 'an offset of at most %d in %s' % (os.path.getsize(path), path))):
        where = os.path.join(directory, 'beyond')
        result = program.bare([tcpreuse, '-q', '--piece', '2/2@' + place, '-o', where, path])
        tap.ok('--piece 2/2@%s' % place, refused(result, 1, words) + (['it is there'] if os.path.exists(where) else []))
    tap.ok('episodes without verdicts', refused(
        program.bare([tcpreuse, '--combine', '--reports', 'episodes'] + pieces.split(['--verdicts', 'off', path], 2)[0]), 1, 'verdicts'))


def recipes():
    """The first block of docs/cluster.md that is marked as one for xargs."""
    with open(os.path.join(HERE, '..', '..', 'docs', 'cluster.md'), encoding='utf-8') as file:
        return [block.split('\n', 1)[1] for block in file.read().split('```')[1::2] if 'xargs' in block]


def test_recipe(tap, pieces, directory):
    """What docs/cluster.md says is run as it stands."""
    place = os.path.join(directory, 'recipe')
    os.makedirs(os.path.join(place, 'captures'))
    for i in range(3):
        pcap.write(os.path.join(place, 'captures', '%d.pcap' % i),
                   [r._replace(time=r.time + i * pcap.SECOND) for r in pcap.records(hostile.pcap(20 + i, 300))])
    one = program.run(pieces.tcpreuse, ['captures/'], ('reuse', 'conversations', 'summary'), cwd=place)
    path = os.path.dirname(os.path.abspath(pieces.tcpreuse)) + ':' + os.environ.get('PATH', '')
    for recipe in recipes():
        done = program.bare(['sh', '-ec', recipe], cwd=place, env=dict(os.environ, PATH=path))
        complaints = [] if done.status == 0 else [shlex.quote(recipe), done.describe()]
        for name in ('reuse', 'conversations', 'summary'):
            with open(os.path.join(place, 'reports', program.NAMES[name]), 'rb') as file:
                if not complaints and facts(file.read(), name) != facts(one.reports[name], name):
                    complaints.append(name + ' differs from one run')
        tap.ok('the recipe for xargs', complaints)


def main():
    tcpreuse, tracegen = sys.argv[1:3]
    tap = program.Tap()
    with tempfile.TemporaryDirectory(prefix='tcpreuse-pieces-') as directory:
        pieces = Pieces(os.path.abspath(tcpreuse), directory)
        test_answers(tap, pieces, directory, tracegen)
        test_sets(tap, pieces, directory)
        test_overlaps(tap, pieces, directory)
        test_guesses(tap, pieces, directory)
        test_files(tap, pieces, directory)
        test_recipe(tap, pieces, directory)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
