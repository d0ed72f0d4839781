#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: office.py TCPREUSE SOURCE [--rows N]

What LibreOffice makes of the reports in a German locale, where a comma begins the decimals: the CSV of --spreadsheet, imported
as docs/reports.md says, and reuse.xlsx, opened as it is, cell by cell; and a report in several files, whole. --rows N writes
so many rows in files of 1,048,576 lines instead (1200000 takes some minutes and 8 GiB). TAP output; skipped without soffice.
"""
import ipaddress
import os
import re
import shutil
import struct
import subprocess
import sys
import tempfile
import time
import xml.etree.ElementTree

import sheets
import xlsx_files
from sheets import program

import capture
import pcap

OFFICE = 'urn:oasis:names:tc:opendocument:xmlns:office:1.0'
TABLE = 'urn:oasis:names:tc:opendocument:xmlns:table:1.0'
TEXT = 'urn:oasis:names:tc:opendocument:xmlns:text:1.0'
GERMAN = '''<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry">
<item oor:path="/org.openoffice.Setup/L10N"><prop oor:name="ooSetupSystemLocale" oor:op="fuse"><value>de-DE</value></prop></item>
</oor:items>
'''
# Separator, quote, UTF-8, first line, formats of columns (none), language: English (USA), quoted fields as text, dates.
IMPORT = 'Text - txt - csv (StarCalc):44,34,76,1,,1033,false,true'
HUNDREDTH = '0.01'     # of a second: more the dates of OpenDocument do not have, as LibreOffice 7.4 writes them
NUMBERS = 'number', 'time', 'seconds', 'ratio', 'flag'


class Office:
    def __init__(self, top):
        self.profile, self.out = os.path.join(top, 'profile'), os.path.join(top, 'converted')
        os.makedirs(os.path.join(self.profile, 'user'))
        with open(os.path.join(self.profile, 'user', 'registrymodifications.xcu'), 'w', encoding='utf-8') as file:
            file.write(GERMAN)

    def convert(self, paths, kind, *more, timeout=600):
        """The paths of the files that LibreOffice makes of these."""
        command = ['soffice', '--headless', '-env:UserInstallation=file://' + self.profile, *more, '--convert-to', kind, '--outdir', self.out]
        done = subprocess.run(command + paths, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, stdin=subprocess.DEVNULL, timeout=timeout)
        suffix = kind.split(':')[0]
        made = [os.path.join(self.out, os.path.splitext(os.path.basename(p))[0] + '.' + suffix) for p in paths]
        if done.returncode or not all(map(os.path.exists, made)):
            raise SystemExit('Bail out! %s: %s' % (' '.join(command), done.stdout.decode(errors='replace')[-400:]))
        return made


def cell_of(cell):
    """(type, value) as LibreOffice has it, exactly."""
    kind = cell.get('{%s}value-type' % OFFICE)
    if kind == 'date':
        return kind, cell.get('{%s}date-value' % OFFICE)
    if kind in ('float', 'percentage'):
        return 'float', cell.get('{%s}value' % OFFICE)
    return kind, '\n'.join(''.join(p.itertext()) for p in cell.findall('{%s}p' % TEXT))


def tables(path):
    """{sheet: rows of (type, value)} of a flat OpenDocument file, without what is empty at the ends."""
    out = {}
    for table in xml.etree.ElementTree.parse(path).getroot().iter('{%s}table' % TABLE):
        rows = out[table.get('{%s}name' % TABLE)] = []
        for row in table.iter('{%s}table-row' % TABLE):
            cells = []
            for cell in row:
                cells += [cell_of(cell)] * min(int(cell.get('{%s}number-columns-repeated' % TABLE, 1)), 100)
            while cells and cells[-1][0] is None:
                cells.pop()
            if cells:
                rows += [cells] * min(int(row.get('{%s}number-rows-repeated' % TABLE, 1)), 100)
    return out


def plain(text):
    """Without blanks: spaces, tabs and line breaks are elements in OpenDocument."""
    return re.sub(r'\s+', '', text)


def compare(field, text, cell, dates):
    """What is wrong with a cell, or None. dates: times are dates."""
    kind, value = cell
    if text == '':
        return None if kind is None else 'is not empty'
    if field['kind'] == 'time' and dates:
        return None if kind == 'date' and xlsx_files.same_time(value, text, HUNDREDTH) else 'is no such date'
    if field['kind'] in NUMBERS:
        return None if kind == 'float' and abs(float(value) - float(text)) <= 1e-6 else 'is no such number'
    return None if kind == 'string' and plain(value) == plain(text) else 'is no such text'


def check_csv(out, name, converted):
    path, fields = sheets.package(out)[name]
    header, *rows = sheets.rows(sheets.read(out, path))
    (have,) = tables(converted).values()
    wrong = [] if [plain(v) for _, v in have[0]] == header and len(have) == len(rows) + 1 else [
        '%s: %d rows, not %d, of %s' % (name, len(have) - 1, len(rows), have[0])]
    for number, (cells, row) in enumerate(zip(have[1:], rows), 2):
        cells += [(None, '')] * (len(row) - len(cells))
        wrong += ['%s, line %d: %s: %r %s: %r' % (name, number, f['name'], c, w, t)
                  for f, t, c in zip(fields, row, cells) if (w := compare(f, t, c, False))]
    return wrong[:20]


def check_sheet(out, report, have):
    """A sheet of reuse.xlsx beside the CSV."""
    _, fields = sheets.package(out)[report]
    header, *rows = sheets.rows(sheets.read(out, report + '.csv'))
    names = [v for _, v in have[0]]
    if sorted(names) != sorted(header) or len(have) != len(rows) + 1:
        return ['%s: %d rows, not %d, of %s' % (report, len(have) - 1, len(rows), names)]
    wrong, at = [], [names.index(f['name']) for f in fields]
    for number, (cells, row) in enumerate(zip(have[1:], rows), 2):
        cells += [(None, '')] * (len(row) - len(cells))
        for field, text, column in zip(fields, row, at):
            what = compare(field, xlsx_files.shown(text), cells[column], True)
            wrong += ['%s, row %d: %s: %r %s: %r' % (report, number, field['name'], cells[column], what, text)] * bool(what)
    return wrong[:20]


def write_many(path, reuses):
    """A capture with so many reuses: SYNs of 40,000 ports at most, again and again, each with another number."""
    ports = min(40000, reuses // 3)
    frame = bytearray(capture.ethernet(capture.ip(*map(ipaddress.ip_address, ('192.0.2.1', '198.51.100.80')), capture.tcp(0, 80, capture.SYN))))
    with open(path, 'wb') as file:
        file.write(pcap.file_header())
        for i in range(reuses + ports):
            struct.pack_into('>HHI', frame, 34, 20000 + i % ports, 80, (i * 2654435761) & 0xffffffff)
            file.write(pcap.record_header(i // 10000, i % 10000 * 100, len(frame), len(frame)) + frame)


def check_many(tcpreuse, office, top, reuses, lines, tap):
    path, out = os.path.join(top, 'many.pcap'), os.path.join(top, 'many')
    write_many(path, reuses)
    sheets.run(tcpreuse, out, ['reuse'], ['--spreadsheet', *(['--split-rows', str(lines)] if lines else []), path])
    names = sorted(n for n in os.listdir(out) if n.startswith('reuse'))
    since = time.monotonic()
    seen = []
    for name in names:
        # As CSV again, which takes less than a tenth of the memory of a flat document: every cell as it is, a line a row.
        (made,) = office.convert([os.path.join(out, name)], 'csv:Text - txt - csv (StarCalc):44,34,76,1,,1033,false,false', '--infilter=' + IMPORT,
                                 timeout=1800)
        with open(os.path.join(out, name), encoding='utf-8-sig') as before, open(made, encoding='utf-8') as after:
            seen.append(sum(1 for _ in after))
            wrong = seen[-1] != sum(1 for _ in before)
        tap.ok('%s is opened whole: %d lines' % (name, seen[-1]), ['the file has another number'] if wrong else [])
    tap.ok('%d reuses in %d files' % (reuses, len(names)), [] if sum(seen) == reuses + len(names) and len(names) == 2 else [seen])
    print('# %.0f s in LibreOffice' % (time.monotonic() - since))


def main():
    tcpreuse, source = map(os.path.abspath, sys.argv[1:3])
    rows = int(sys.argv[sys.argv.index('--rows') + 1]) if '--rows' in sys.argv else 0
    if not shutil.which('soffice'):
        print('1..0 # SKIP there is no LibreOffice (soffice)')
        return 0
    tap = program.Tap()
    with tempfile.TemporaryDirectory() as top:
        office = Office(top)
        if rows:
            check_many(tcpreuse, office, top, rows, 0, tap)
            return tap.done()
        paths = sheets.copies(top, os.path.join(source, 'examples', 'verdicts.pcap'), sheets.FORMULAS)
        out = os.path.join(top, 'out')
        made = xlsx_files.available(tcpreuse)
        sheets.run(tcpreuse, out, [*sheets.REPORTS, 'schema', *made], ['--append', '--spreadsheet', '--', *map(os.path.basename, paths)], cwd=top)
        csv = [os.path.join(out, r + '.csv') for r in sheets.REPORTS]
        for report, converted in zip(sheets.REPORTS, office.convert(csv, 'fods', '--infilter=' + IMPORT)):
            tap.ok('--spreadsheet in LibreOffice: ' + report, check_csv(out, report, converted))
        if made:
            # Away from reuse.csv, whose name it would share.
            (converted,) = office.convert([shutil.copy(os.path.join(out, 'reuse.xlsx'), os.path.join(top, 'book.xlsx'))], 'fods')
            book = tables(converted)
            tap.ok('sheets of reuse.xlsx', [] if list(book) == ['Summary', 'Reuses', 'Endpoints', 'Columns'] else [list(book)])
            for report, name in (('reuse', 'Reuses'), ('endpoints', 'Endpoints')):
                tap.ok('reuse.xlsx in LibreOffice: ' + report, check_sheet(out, report, book[name]))
        else:
            tap.skip('reuse.xlsx in LibreOffice', 'this build has no xlsx')
        check_many(tcpreuse, office, top, 3000, 2000, tap)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
