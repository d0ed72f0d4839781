#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: run.py TCPREUSE SOURCE

The plug-in for Wireshark: with it, tshark has the fields of reuse.csv at the frames that it marks, typed, and says what is wrong
with a report that it cannot use. tshark has to be one with Lua.
"""
import csv
import os
import shutil
import subprocess
import sys
import tempfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import program  # noqa: E402

TCPREUSE, SOURCE = sys.argv[1:]
SCRIPT = os.path.join(SOURCE, 'wireshark', 'tcpreuse.lua')
EXAMPLE = os.path.join(SOURCE, 'examples', 'verdicts.pcap')
OTHER = os.path.join(SOURCE, 'examples', 'port-reuse.pcap')
FIELDS = ('verdict', 'previous_stream', 'gap', 'isn_distance', 'undercuts', 'episode_delay')


def tshark(*arguments, **environment):
    """Lines of standard output, and all of standard error."""
    run = subprocess.run(['tshark', '-X', 'lua_script:' + SCRIPT, *arguments], stdin=subprocess.DEVNULL, stdout=subprocess.PIPE,
                         stderr=subprocess.PIPE, env={**os.environ, **environment}, timeout=60)
    return run.stdout.decode().splitlines(), run.stderr.decode()


def show(name):
    return [word for field in FIELDS for word in ('-e', 'tcpreuse.' + field)] if name == 'all' else ['-e', 'tcpreuse.' + name]


def rows_of(path):
    with open(path, newline='') as file:
        return list(csv.DictReader(file))


def same(shown, rows):
    """Complaints where a line of tshark's is not the row; numbers are compared as such."""
    wrong = [] if len(shown) == len(rows) else ['%d frames for %d rows' % (len(shown), len(rows))]
    for line, row in zip(shown, rows):
        for field, value in zip(('frame',) + FIELDS, line.split('\t')):
            text = row[field]
            if not (value == text or value and text and field != 'verdict' and float(value) == float(text)):
                wrong.append('frame %s, %s: %r for %r' % (row['frame'], field, value, text))
    return wrong


def check(tap, directory):
    report = os.path.join(directory, 'reuse.csv')
    subprocess.run([TCPREUSE, '-q', '-o', directory, '--reports', 'reuse', EXAMPLE], check=True)
    rows = rows_of(report)
    fields = ['-T', 'fields', '-e', 'frame.number', *show('all')]
    marked = ['-r', EXAMPLE, '-Y', 'tcpreuse', *fields]
    for what, arguments, environment in (('its argument', ['-X', 'lua_script1:' + report], {}),
                                         ('its preference', ['-o', 'tcpreuse.report:' + report], {}),
                                         ('the environment', [], {'TCPREUSE_REPORT': report})):
        shown, _ = tshark(*arguments, *marked, **environment)
        tap.ok('the report of ' + what, same(shown, rows) if rows else ['no rows'])
    shown, _ = tshark('-X', 'lua_script1:' + report, '-r', EXAMPLE, '-Y', 'tcpreuse.gap < 20 && tcpreuse.isn_distance >= 0',
                      '-T', 'fields', '-e', 'frame.number')
    wanted = [row['frame'] for row in rows if float(row['gap']) < 20 and row['isn_distance'] and int(row['isn_distance']) >= 0]
    tap.ok('filters compare numbers', [] if shown == wanted and wanted else ['%s for %s' % (shown, wanted)])

    # Two files in one report: frames of the one that the preference names.
    odd = os.path.join(directory, 'a "b", c.pcap')
    shutil.copy(OTHER, odd)
    both = os.path.join(directory, 'both')
    subprocess.run([TCPREUSE, '-q', '-o', both, '--reports', 'reuse', EXAMPLE, odd], check=True)
    report = os.path.join(both, 'reuse.csv')
    shown, errors = tshark('-X', 'lua_script1:' + report, '-r', odd, '-Y', 'tcpreuse', *fields)
    tap.ok('several files are told', [] if not shown and 'several files' in ''.join(shown) + errors else [shown, errors])
    rows = [{**row, 'frame': row['file_frame']} for row in rows_of(report) if row['file'] == odd]
    shown, _ = tshark('-X', 'lua_script1:' + report, '-o', 'tcpreuse.file:' + odd, '-r', odd, '-Y', 'tcpreuse', *fields)
    tap.ok('one file of several, its name quoted', same(shown, rows) if rows else ['no rows'])

    single = os.path.join(directory, 'reuse.csv')
    shown, errors = tshark('-X', 'lua_script1:' + single, '-o', 'tcpreuse.file:' + EXAMPLE, *marked)
    tap.ok('a file is named, and the report has none', [] if not shown and "no column 'file_frame'" in errors else [shown, errors])
    without = program.write(directory, 'without.csv', b'frame,verdict\n,lost\n')
    shown, errors = tshark('-X', 'lua_script1:' + without, *marked)
    tap.ok('a row without a frame', [] if not shown and 'without a number' in errors else [shown, errors])

    for what, path, told in (('no report', '/nonexistent/reuse.csv', 'No such file'), ('a report that is none', SCRIPT, 'not a reuse.csv')):
        shown, errors = tshark('-X', 'lua_script1:' + path, *marked)
        tap.ok(what, [] if not shown and told in errors else [shown, errors])


def main():
    tap = program.Tap()
    if not shutil.which('tshark'):
        print('1..0 # SKIP no tshark here')
        return 0
    # Newer ones run no script for root.
    if "aren't valid" in tshark('-r', EXAMPLE, '-T', 'fields', '-e', 'tcpreuse.verdict')[1]:
        print('1..0 # SKIP this tshark has no Lua, or runs no scripts for this user')
        return 0
    with tempfile.TemporaryDirectory() as directory:
        check(tap, directory)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
