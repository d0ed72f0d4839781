#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: csv_files.py TCPREUSE SOURCE

--bom, --split-rows and --spreadsheet: whatever they add and however they split, the rows are those of the run without them,
and no field of a spreadsheet begins like a formula. TAP output.
"""
import datetime
import glob
import os
import re
import sys
import tempfile

import sheets
from sheets import program

UTC_BEHIND = {'reuse': 'time', 'conversations': 'first_time', 'packets': 'time', 'episodes': 'first_time'}
FORMULA = tuple('=+-@\t\r\n\uff1d\uff0b\uff0d\uff20')
WRONG = (
    (['--split-rows', '5'], b"option '--split-rows' requires '-o'"),
    (['-o', 'x', '--split-rows', '1'], b"(2 or more)"),
    (['--bom', '--format', 'ndjson'], b"option '--bom' is about csv, not '--format ndjson'"),
    (['--spreadsheet', '-V'], b"option '--spreadsheet' is about csv, not '--format text'"),
    (['--reports', 'schema'], b'standard output takes one of'),
    (['-o', 'x', '--reports', 'schema'], b"report 'schema' describes the csv of other reports"),
    (['-o', 'x', '--reports', 'reuse,schema', '--format', 'ndjson'], b"report 'schema' is about csv"),
)


def parts(out, report):
    """The files of a report in their order: reuse.csv, reuse-2.csv, reuse.1.csv ..."""
    def place(path):
        match = re.search(r'%s(?:\.(\d+))?(?:-(\d+))?\.csv$' % report, path)
        return int(match[1] or 0), int(match[2] or 1)
    return sorted(glob.glob(os.path.join(out, report + '*.csv')), key=place)


def joined(paths):
    """The rows of several files under their one header."""
    out = []
    for path in paths:
        with open(path, 'rb') as file:
            header, *rows = sheets.rows(file.read())
        out += [header] * (not out) + rows
        if header != out[0]:
            raise SystemExit('Bail out! %s: header %s' % (path, header))
    return out


def check_split(out, whole, lines):
    wrong = []
    for report in sheets.REPORTS:
        paths = parts(out, report)
        should = sheets.rows(whole[report])
        sizes = [len(sheets.rows(open(p, 'rb').read())) for p in paths]
        if joined(paths) != should:
            wrong.append('%s: other rows in %s' % (report, paths))
        if any(size != lines for size in sizes[:-1]) or sizes[-1] > lines or (len(sizes) > 1 and sizes[-1] < 2):
            wrong.append('%s: files of %s lines, at most %d' % (report, sizes, lines))
    return wrong


def utc(text):
    """A time of the CSV as date and time, by Python's own calendar."""
    seconds, point, fraction = text.partition('.')
    date = datetime.datetime.fromtimestamp(int(seconds), datetime.timezone.utc)
    return date.strftime('%Y-%m-%dT%H:%M:%S') + point + fraction + 'Z'


def check_spreadsheet(data, plain, report):
    wrong, column = [], UTC_BEHIND.get(report)
    if not data.startswith(sheets.MARK) or data.count(sheets.MARK) != 1:
        wrong.append('%s: byte order marks: %d' % (report, data.count(sheets.MARK)))
    have, should = sheets.rows(data), sheets.rows(plain)
    if column:
        at = have[0].index(column)
        if have[0][at + 1] != 'time_utc':
            wrong.append('%s: %s' % (report, have[0]))
        wrong += ['%s: %s is %s' % (report, row[at], row[at + 1]) for row in have[1:] if row[at + 1] != utc(row[at])]
        have = [row[:at + 1] + row[at + 2:] for row in have]
    numbers = re.compile(r'-?\d+(\.\d+)?')
    for a, b in zip(have, should, strict=True):
        for x, y in zip(a, b, strict=True):
            if x != y and not (x == "'" + y and y.startswith(FORMULA)):
                wrong.append('%s: %r, not %r' % (report, x, y))
            if x.startswith(FORMULA) and not numbers.fullmatch(x):
                wrong.append('%s: %r begins like a formula' % (report, x))
    return wrong[:20]


def main():
    tcpreuse, source = map(os.path.abspath, sys.argv[1:3])
    tap = program.Tap()
    capture = os.path.join(source, 'examples', 'verdicts.pcap')
    with tempfile.TemporaryDirectory() as top:
        paths = sheets.copies(top, capture, sheets.FORMULAS)
        timers = program.write(top, 'timers', b'-1e5,close,600\n')
        several = ['--append', '--timers', timers, *paths]
        plain_out = os.path.join(top, 'plain')
        sheets.run(tcpreuse, plain_out, sheets.REPORTS, several)
        whole = {r: sheets.read(plain_out, r + '.csv') for r in sheets.REPORTS}
        rows = len(sheets.rows(whole['packets']))

        for lines in (2, 3, 7, rows - 1, rows, rows + 1):
            out = os.path.join(top, 'split-%d' % lines)
            sheets.run(tcpreuse, out, sheets.REPORTS, ['--split-rows', str(lines), *several])
            tap.ok('--split-rows %d' % lines, check_split(out, whole, lines))
        outs = []
        for threads in ('1', '2', '3', '8'):
            out = os.path.join(top, 'threads-' + threads)
            sheets.run(tcpreuse, out, [*sheets.REPORTS, 'schema'], ['-j', threads, '--spreadsheet', '--split-rows', '50', *several])
            outs.append({name: sheets.read(out, name) for name in sorted(os.listdir(out))})
        tap.ok('the same files for any number of threads', [
            '%s differs' % name for other in outs[1:] for name in sorted(outs[0] | other) if outs[0].get(name) != other.get(name)])

        out = os.path.join(top, 'rotated')
        sheets.run(tcpreuse, out, ['packets'], ['--rotate', '4K', '--split-rows', '10', *several])
        files = parts(out, 'packets')
        tap.ok('beside --rotate', ([] if joined(files) == sheets.rows(whole['packets']) else ['other rows']) + [
            'no %s' % name for name in ('packets.csv', 'packets.1.csv', 'packets.1-2.csv') if not os.path.exists(os.path.join(out, name))])

        out = os.path.join(top, 'bom')
        sheets.run(tcpreuse, out, sheets.REPORTS, ['--bom', *several])
        tap.ok('--bom', [r for r in sheets.REPORTS if sheets.read(out, r + '.csv') != sheets.MARK + whole[r]])
        result = program.bare([tcpreuse, '-q', '--bom', *several])
        tap.ok('--bom on standard output', [] if result.out == sheets.MARK + whole['reuse'] else [result.out[:80]])

        out = os.path.join(top, 'spreadsheet')
        sheets.run(tcpreuse, out, sheets.REPORTS, ['--spreadsheet', *several])
        for report in sheets.REPORTS:
            tap.ok('--spreadsheet: ' + report, check_spreadsheet(sheets.read(out, report + '.csv'), whole[report], report))
        names = {row[-2] for row in sheets.rows(sheets.read(out, 'packets.csv'))[1:]}
        safe = {os.path.join(top, n) for n in sheets.FORMULAS}
        tap.ok('names with a directory begin with none', [] if names == safe else [sorted(names)])
        result = program.bare([tcpreuse, '-q', '--spreadsheet', '--append', '--timers', timers, *sheets.FORMULAS[:1], *sheets.FORMULAS[4:]],
                              cwd=top)
        plain = program.bare([tcpreuse, '-q', '--append', '--timers', timers, *sheets.FORMULAS[:1], *sheets.FORMULAS[4:]], cwd=top)
        guarded = {row[-2] for row in sheets.rows(result.out)[1:]}
        tap.ok('bare names are made safe', check_spreadsheet(result.out, plain.out, 'reuse') + (
            [] if guarded == {"'" + n for n in sheets.FORMULAS[:1] + sheets.FORMULAS[4:]} else [sorted(guarded)]))
        tap.ok('so are names of timers', [] if any(row[sheets.rows(result.out)[0].index('undercuts')] == "'-1e5"
                                                   for row in sheets.rows(result.out)) else ["no '-1e5"])
        for arguments, message in WRONG:
            result = program.bare([tcpreuse, *arguments, capture], cwd=top)
            tap.ok('wrong usage: ' + ' '.join(arguments), [] if result.status == 1 and message in result.err else [result.describe()])
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
