#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: python_rows.py TCPREUSE LIBRARY ROOT CAPTURE

The Python module, field by field against the command's CSV: all options that change rows, files and pushed frames, problems, and
wrong calls. Nothing may be printed. What pandas makes of rows is looked at where a Python has it.
"""
import csv
import decimal
import io
import os
import signal
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import capture  # noqa: E402
import pcap  # noqa: E402
import program  # noqa: E402

FILES = {'reuse': 'reuse.csv', 'conversation': 'conversations.csv'}
# Options of the command, and of the module.
OPTIONS = (
    ([], {}),
    (['--verdicts', 'off'], {'verdicts': False}),
    (['--rules', '4.0'], {'rules': '4.0'}),
    (['--rules', '4.2', '--answer-window', '0.5'], {'rules': '4.2', 'answer_window': 0.5}),
    (['--key', 'tuple,vlan,vni,interface'], {'key': ('vlan', 'vni', 'interface')}),
    (['--community-id=7'], {'community_id': 7}),
    (['--community-id'], {'community_id': True}),
    ([], {'community_id': False}),
    (['--expire', '2', '-j', '3'], {'expire': decimal.Decimal(2), 'threads': 3}),
    (['--drop-copies', '0.001', '--append'], {'drop_copies': 0.001, 'append': True}),
    (['--sort-window', '1'], {'sort_window': 1}),
    (['-f', 'tcp port 80 or ip6'], {'filter': 'tcp port 80 or ip6'}),
)
FRAME_SCRIPT = '''
import sys, tcpreuse
frame = tcpreuse.reuses(sys.argv[1]).dataframe()
rows = list(tcpreuse.reuses(sys.argv[1]))
assert len(frame) == len(rows) and list(frame.columns) == list(rows[0]), frame
for column, kind in (('time', 'datetime64[ns, UTC]'), ('gap', 'timedelta64[ns]'), ('verdict', 'category'), ('isn_distance', 'Int64')):
    assert str(frame[column].dtype) == kind, (column, frame[column].dtype)
assert [int(value.value) for value in frame['time']] == [int(row['time'].scaleb(9)) for row in rows]
assert list(frame['verdict']) == [row['verdict'] for row in rows]
assert len(tcpreuse.conversations(sys.argv[1]).dataframe()) > len(rows)
'''


def text(value):
    """As it stands in the CSV."""
    if isinstance(value, decimal.Decimal):
        return format(value, 'f')
    return '' if value is None else ' '.join(value) if isinstance(value, tuple) else str(value)


def csv_rows(tcpreuse, arguments, kind):
    with tempfile.TemporaryDirectory(prefix='tcpreuse-test-') as out:
        done = program.bare([tcpreuse, '-q', '-o', out, '--reports', 'reuse,conversations'] + arguments)
        with open(os.path.join(out, FILES[kind]), encoding='utf-8', newline='') as file:
            return list(csv.DictReader(file)), done


def differences(rows, wanted, several):
    """Complaints unless the module's rows have the columns of the CSV, in this order, and their values."""
    if len(rows) != len(wanted):
        return ['%d rows, not %d' % (len(rows), len(wanted))]
    for number, (row, line) in enumerate(zip(rows, wanted), 1):
        have = {name: text(value) for name, value in row.items() if several or name not in ('file', 'file_frame')}
        if list(have.items()) != list(line.items()):
            return ['row %d: %s' % (number, sorted(set(have.items()) ^ set(line.items())) or 'another order: %s' % list(have))]
    return []


def compare(module, tcpreuse, paths):
    out = []
    for arguments, options in OPTIONS:
        # What is forgotten is forgotten between batches, which read and mapped files are cut into differently.
        if 'expire' in options and os.path.getsize(paths[0]) > 1 << 20:
            continue
        for kind, rows_of in (('reuse', module.reuses), ('conversation', module.conversations)):
            wanted, done = csv_rows(tcpreuse, arguments + paths, kind)
            rows = list(rows_of(*paths, **options))
            complaints = [done.describe()] if done.status else differences(rows, wanted, len(paths) > 1)
            if not wanted and '-f' not in arguments:
                complaints.append('no rows')
            out += ['%s of %s: %s' % (kind, options, complaint) for complaint in complaints]
    return out


def pushed(module, tcpreuse, path):
    """Frames of the file, pushed, with a flush now and then."""
    records = list(pcap.read(path))
    with open(path, 'rb') as file:
        link = int.from_bytes(file.read(24)[20:22], 'little')
    rows = []
    with module.Stream(events=('reuse', 'conversation')) as stream:
        for number, (time, length, data) in enumerate(records):
            rows += stream.push(data, time, link_type=link, length=length, decimals=6)
            if number % 1000 == 7:
                rows += stream.flush()
        rows += stream.finish()
        frames = stream.counts['frames']
    out = [] if frames == len(records) else ['%d frames, not %d' % (frames, len(records))]
    for kind in FILES:
        wanted, _ = csv_rows(tcpreuse, [path], kind)
        out += differences([row for row in rows if row.kind == kind], wanted, True)
    return out


def raises(what, call, *arguments, **options):
    try:
        call(*arguments, **options)
    except what:
        return []
    except Exception as other:      # pylint: disable=broad-except
        return ['%r, not %s' % (other, what.__name__)]
    return ['nothing is raised, instead of %s' % what.__name__]


def failures(module, path):
    out = raises(module.OptionError, module.reuses)
    out += raises(module.OptionError, module.reuses, path, rules='5.0')
    out += raises(ValueError, module.reuses, path, key='mpls')
    out += raises(module.OptionError, module.reuses, path, threads=1000)
    out += raises(module.OptionError, module.reuses, path, filter='no such filter')
    out += raises(module.OptionError, module.reuses, path, expire=-1)
    out += raises(module.OptionError, module.Stream, events='packets')
    out += raises(TypeError, module.reuses, path, colour='red')
    rows = module.reuses('no-such.pcap', path)
    try:
        while True:
            next(rows)
    except module.InputError as error:
        if [problem.file for problem in error.problems] != ['no-such.pcap'] or not rows.counts['reuses']:
            out.append('%r, %r' % (error.problems, rows.counts))
    out += raises(StopIteration, next, rows)
    early = module.reuses(path, threads=2)
    next(early)
    early.close()
    out += raises(module.Error, next, early)
    stream = module.Stream()
    stream.finish()
    return out + raises(module.Error, stream.push, b'', 0)


def numbers(module, path):
    """What the structures have no room for is refused, and not cut."""
    stream, out = module.Stream(), []
    for options in ({'time': 2 ** 63}, {'link_type': 65537}, {'decimals': 257}, {'interface': -1}, {'length': 2 ** 32}, {'fcs': 256}):
        out += raises(module.OptionError, stream.push, b'', **{'time': 0, **options})
    for seconds in (2e10, 'x', float('nan'), float('inf'), 1e-10):
        out += raises(module.OptionError, module.Stream, expire=seconds)
    out += raises(module.OptionError, module.reuses, path + '\0x') + raises(module.OptionError, module.Stream, filter='tcp\0x')
    out += raises(module.OptionError, module.Stream(sort_window=1).push, b'', 0)
    return out


def last_rows(module, path):
    """A stream that ends with an error has its last rows all the same."""
    rows = []
    stream = module.Stream(events=('conversation',), filter='not ether src 1:2:3:4:5:6')
    for time, length, data in pcap.read(path):
        rows += stream.push(data, time, length=length, decimals=6)
    rows += stream.push(b'', time, link_type=101)   # for which there is no such filter
    try:
        stream.finish()
    except module.InputError as error:
        return [] if rows + error.rows == list(module.conversations(path)) else ['%d rows' % len(rows + error.rows)]
    return ['nothing is raised']


def forked(module, path):
    """A child may drop what its parent has: a run whose threads the child has not."""
    rows = module.reuses(path, threads=2)
    child = os.fork()
    if not child:
        signal.alarm(5)
        rows.close()
        os._exit(0)     # pylint: disable=protected-access
    status = os.waitpid(child, 0)[1]
    return ([] if status == 0 else ['it ended with %d' % status]) + ([] if list(rows) else ['no rows'])


def odd_addresses(directory):
    """Addresses that have more than one way to be written."""
    lines, at = [], 0
    for source, target in (('::ffff:10.0.0.1', '::ffff:10.0.0.2'), ('::1', '::'), ('::1.2.3.4', '2001:db8:0:0:1:0:0:1'),
                           ('2001:0:0:1:0:0:0:1', '1:0:0:2:0:0:3:0'), ('0:0:1::', 'fe80::1:0:0')):
        for seq in (1000, 2000):
            lines.append('%d.000000  [%s]:40000 > [%s]:80  S  seq %d' % (at, source, target, seq))
            at += 1
    scenario = capture.Scenario('shows: addresses\n' + '\n'.join(lines) + '\n', 'odd')
    return program.write(directory, 'odd.pcap', scenario.files[0][1].data())


def pandas(root, library, path):
    """Complaints, or None where no Python has pandas."""
    environment = dict(os.environ, TCPREUSE_LIBRARY=library, PYTHONPATH=os.path.join(root, 'python'))
    for python in (sys.executable, '/usr/bin/python3'):
        if not program.bare([python, '-c', 'import pandas']).status:
            done = program.bare([python, '-W', 'error', '-c', FRAME_SCRIPT, path], env=environment)
            return [done.describe()] if done.status or done.out or done.err else []
    return None


def quiet(root, library, path):
    """Complaints if the library prints anything about a broken file."""
    environment = dict(os.environ, TCPREUSE_LIBRARY=library, PYTHONPATH=os.path.join(root, 'python'))
    with tempfile.TemporaryDirectory(prefix='tcpreuse-test-') as directory:
        with open(path, 'rb') as file:
            broken = program.write(directory, 'broken.pcap', file.read()[:-5])
        script = '''
import sys, tcpreuse
try:
    for row in tcpreuse.reuses(*sys.argv[1:]):
        pass
except tcpreuse.InputError as error:
    sys.exit(0 if len(error.problems) == 3 else str(error.problems))
'''
        done = subprocess.run([sys.executable, '-c', script, broken, os.path.join(directory, 'none'), sys.executable], env=environment,
                              stdout=subprocess.PIPE, stderr=subprocess.STDOUT, check=False)
    return [] if done.returncode == 0 and not done.stdout else [done.returncode, done.stdout]


def main():
    tcpreuse, library, root, path = sys.argv[1:5]
    os.environ['TCPREUSE_LIBRARY'] = library
    sys.path.insert(0, os.path.join(root, 'python'))
    sys.dont_write_bytecode = True
    import tcpreuse as module  # pylint: disable=import-outside-toplevel
    tap = program.Tap()
    examples = [os.path.join(root, 'examples', name) for name in ('port-reuse.pcap', 'verdicts.pcap')]
    for paths in ([examples[0]], [examples[1]], examples, [path]):
        tap.ok('rows of %s' % ' and '.join(map(os.path.basename, paths)), compare(module, tcpreuse, paths))
    for pushed_path in examples + [path]:
        tap.ok('%s, pushed' % os.path.basename(pushed_path), pushed(module, tcpreuse, pushed_path))
    with tempfile.TemporaryDirectory(prefix='tcpreuse-test-') as directory:
        odd = odd_addresses(directory)
        wanted, _ = csv_rows(tcpreuse, [odd], 'reuse')
        tap.ok('addresses', differences(list(module.reuses(odd)), wanted, False) + ([] if len(wanted) == 5 else ['no rows']))
    tap.ok('what goes wrong is raised', failures(module, path))
    tap.ok('numbers that do not fit', numbers(module, path))
    tap.ok('the rows before an error', last_rows(module, examples[1]))
    tap.ok('a fork', forked(module, path))
    tap.ok('nothing is printed', quiet(root, library, path))
    complaints = pandas(root, library, path)
    if complaints is None:
        tap.skip('a DataFrame', 'no Python has pandas')
    else:
        tap.ok('a DataFrame', complaints)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
