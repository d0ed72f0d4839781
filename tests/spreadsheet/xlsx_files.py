#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: xlsx_files.py TCPREUSE SOURCE

reuse.xlsx, read as what it is, XML in a ZIP archive: each cell is what the CSV has, as a number, a date or a text; verdicts
have colours, the header stays in view, each column has a filter; a sheet that is full is continued in another one. TAP output.
"""
import datetime
import decimal
import os
import re
import resource
import sys
import tempfile
import xml.etree.ElementTree
import zipfile

import sheets
from sheets import program

MAIN = '{http://schemas.openxmlformats.org/spreadsheetml/2006/main}'
LINK = '{http://schemas.openxmlformats.org/officeDocument/2006/relationships}id'
COLOURS = {'in-order': 'FFC6EFCE', 'early-accepted': 'FFDDEBF7', 'challenged': 'FFFFEB9C', 'delayed': 'FFFFEB9C', 'refused': 'FFFFC7CE',
           'lost': 'FFFFC7CE', 'stale-open': 'FFE4DFEC', 'copy': 'FFEDEDED', 'retry': 'FFEDEDED', 'unknown': 'FFEDEDED'}
DATE = 'yyyy-mm-dd hh:mm:ss.000'


def available(tcpreuse):
    """['xlsx'] if the build has it."""
    text = program.bare([tcpreuse, '--version']).out.decode()
    return [] if re.search(r'xlsx.*not in this build', text) else ['xlsx']


def same_time(date, text, within='0.000002'):
    """Whether a date is the time of the CSV: a double of days holds microseconds."""
    seconds, _, fraction = date.partition('.')
    moment = datetime.datetime.fromisoformat(seconds).replace(tzinfo=datetime.timezone.utc)
    exact = decimal.Decimal(int(moment.timestamp())) + decimal.Decimal('0.' + (fraction or '0'))
    return abs(exact - decimal.Decimal(text)) <= decimal.Decimal(within)


def date_of(days):
    """A number of days since 1899-12-30 as text."""
    return (datetime.datetime(1899, 12, 30) + datetime.timedelta(days=float(days))).isoformat()


def shown(text):
    """A field of the CSV of --spreadsheet as the sheet has it: control characters as their pictures."""
    return re.sub('[\0-\x1f]', lambda match: chr(0x2400 + ord(match[0])), text)


class Book:
    """Cells by sheet: rows of (type, value, fill colour, format of numbers)."""

    def __init__(self, path):
        with zipfile.ZipFile(path) as archive:
            def tree(name):
                return xml.etree.ElementTree.fromstring(archive.read(name))
            styles = tree('xl/styles.xml')
            fills = [f.find('.//%sfgColor' % MAIN) for f in styles.find(MAIN + 'fills')]
            formats = {f.get('numFmtId'): f.get('formatCode') for f in styles.iter(MAIN + 'numFmt')}
            self.styles = [(getattr(fills[int(x.get('fillId'))], 'attrib', {}).get('rgb'), formats.get(x.get('numFmtId'), x.get('numFmtId')))
                           for x in styles.find(MAIN + 'cellXfs')]
            targets = {r.get('Id'): r.get('Target') for r in tree('xl/_rels/workbook.xml.rels')}
            self.trees = {s.get('name'): tree('xl/' + targets[s.get(LINK)]) for s in tree('xl/workbook.xml').iter(MAIN + 'sheet')}

    def rows(self, sheet):
        out = []
        for row in self.trees[sheet].iter(MAIN + 'row'):
            out.append({})
            for cell in row:
                column = 0
                for letter in re.match('[A-Z]+', cell.get('r'))[0]:
                    column = 26 * column + ord(letter) - 64
                kind = 'text' if cell.get('t') == 'inlineStr' else 'number'
                value = ''.join(cell.itertext())
                out[-1][column - 1] = (kind, value) + self.styles[int(cell.get('s', 0))]
        return out

    def frozen(self, sheet):
        pane = self.trees[sheet].find('.//%spane' % MAIN)
        return None if pane is None else (int(pane.get('ySplit', 0)), int(pane.get('xSplit', 0)))

    def filtered(self, sheet):
        found = self.trees[sheet].find(MAIN + 'autoFilter')
        return None if found is None else found.get('ref')


def faults(field, text, cell):
    if cell is None or text == '':
        return [] if cell is None and text == '' else ['%r, not %r' % (cell, text)]
    kind, value, colour, code = cell
    if field['kind'] == 'time':
        good = kind == 'number' and code == DATE and same_time(date_of(value), text)
    elif field['kind'] in ('number', 'seconds', 'ratio', 'flag'):
        good = kind == 'number' and abs(float(value) - float(text)) < 1e-9
    else:
        good = kind == 'text' and value == shown(text)
    good = good and (field['name'] != 'verdict' or colour == COLOURS[text])
    return [] if good else ['%r, not %r' % (cell, text)]


def check(out, book, report, name, sheets_of):
    """Complaints: these sheets have the rows of the report."""
    _, fields = sheets.package(out)[report]
    header, *should = sheets.rows(sheets.read(out, report + '.csv'))
    have = []
    for sheet in sheets_of:
        first, *rows = book.rows(sheet)
        names = [first[i][1] for i in range(len(first))]
        have += [{names[i]: cell for i, cell in row.items()} for row in rows]
        if sorted(names) != sorted(header) or any(first[i][2] != 'FF1F3864' for i in first):
            return ['%s: header %s' % (sheet, first)]
        if book.frozen(sheet) != (1, 3) or not re.fullmatch(r'A1:[A-Z]+%d' % (len(rows) + 1), book.filtered(sheet) or ''):
            return ['%s: frozen at %s, filter %s' % (sheet, book.frozen(sheet), book.filtered(sheet))]
    wrong = [] if len(have) == len(should) else ['%s: %d rows, not %d' % (report, len(have), len(should))]
    for number, (row, values) in enumerate(zip(have, should), 2):
        for field, text in zip(fields, values):
            wrong += ['%s, row %d: %s: %s' % (name, number, field['name'], f) for f in faults(field, text, row.get(field['name']))]
    return wrong[:20]


def check_summary(out, book):
    import json
    summary = json.loads(sheets.read(out, 'summary.json'))
    cells = {row[0][1]: float(row[1][1]) for row in book.rows('Summary') if row.get(0) and row.get(1, ('',))[0] == 'number'}
    should = {'frames': summary['frames']['read'], 'conversations': summary['conversations'], 'reuses': summary['reuses']['total'],
              **summary['reuses']['by_verdict'], **summary['reuses']['by_trigger']}
    return ['%s is %s, not %s' % (name, cells.get(name), n) for name, n in should.items() if cells.get(name) != n]


def main():
    tcpreuse, source = map(os.path.abspath, sys.argv[1:3])
    tap = program.Tap()
    example = os.path.join(source, 'examples', 'verdicts.pcap')
    if not available(tcpreuse):
        result = program.bare([tcpreuse, '-o', 'x', '--reports', 'xlsx', example])
        tap.ok('a build without it says so', [] if result.status == 1 and b'this build has no' in result.err else [result.describe()])
        tap.skip('reuse.xlsx', 'this build has no xlsx')
        return tap.done()
    with tempfile.TemporaryDirectory() as top:
        paths = [os.path.basename(p) for p in sheets.copies(top, example, sheets.FORMULAS)]
        reports = ['reuse', 'endpoints', 'schema', 'summary', 'xlsx']
        books, files = [], []
        for threads in ('1', '3', '8'):
            out = os.path.join(top, 'out-' + threads)
            # Without an apostrophe before names: a text is no formula in a workbook.
            sheets.run(tcpreuse, out, reports, ['-j', threads, '--append', '--', *paths], cwd=top)
            books.append(Book(os.path.join(out, 'reuse.xlsx')))
            files.append(sheets.read(out, 'reuse.xlsx'))
        book = books[0]
        tap.ok('sheets', [] if list(book.trees) == ['Summary', 'Reuses', 'Endpoints', 'Columns'] else [list(book.trees)])
        tap.ok('the same cells for any number of threads', [
            '%s differs' % name for other in books[1:] for name in book.trees if other.rows(name) != book.rows(name)])
        tap.ok('the same bytes, too', [] if len(set(files)) == 1 else ['other bytes'])
        spread = os.path.join(top, 'spread')        # for the column time_utc
        sheets.run(tcpreuse, spread, ['reuse', 'endpoints', 'schema', 'summary', 'xlsx'], ['--spreadsheet', example])
        for report, name in (('reuse', 'Reuses'), ('endpoints', 'Endpoints')):
            tap.ok('cells of ' + name, check(spread, Book(os.path.join(spread, 'reuse.xlsx')), report, name, [name]))
        names = {row[max(row) - 1][1] for row in book.rows('Reuses')[1:]}
        tap.ok('names are text as they are', [] if names == {shown(n) for n in sheets.FORMULAS} else [sorted(names)])
        tap.ok('the summary', check_summary(out, book))

        split = os.path.join(top, 'split')
        sheets.run(tcpreuse, split, ['schema', 'reuse', 'xlsx'], ['--spreadsheet', example])
        sheets.run(tcpreuse, os.path.join(top, 'parts'), ['xlsx'], ['--spreadsheet', '--split-rows', '5', example])
        parts = Book(os.path.join(top, 'parts', 'reuse.xlsx'))
        several = [n for n in parts.trees if n.startswith('Reuses')]
        tap.ok('a full sheet is continued', check(split, parts, 'reuse', 'Reuses', several) + (
            [] if several[:2] == ['Reuses', 'Reuses 2'] and all(len(parts.rows(s)) <= 5 for s in several) else [several]))
        tap.ok('without other reports', [] if sorted(os.listdir(os.path.join(top, 'parts'))) == ['reuse.xlsx'] else
               [os.listdir(os.path.join(top, 'parts'))])

        off = os.path.join(top, 'off')
        sheets.run(tcpreuse, off, ['xlsx'], ['--verdicts', 'off', example])
        tap.ok('without verdicts', [] if list(Book(os.path.join(off, 'reuse.xlsx')).trees) == ['Summary', 'Reuses', 'Columns'] else ['other sheets'])
        result = program.bare([tcpreuse, '-o', os.path.join(top, 'json'), '--reports', 'reuse,xlsx', '--format', 'ndjson', example])
        tap.ok('not with ndjson', [] if result.status == 1 and b"report 'xlsx' is about csv" in result.err else [result.describe()])
        for size in (0, 3000, 12000):     # the workbook has some 18,000 bytes
            full = os.path.join(top, 'full-%d' % size)
            result = program.bare([tcpreuse, '-q', '-o', full, '--reports', 'xlsx', example],
                                  preexec_fn=lambda size=size: resource.setrlimit(resource.RLIMIT_FSIZE, (size, size)))
            left = os.listdir(full) if os.path.exists(full) else []
            tap.ok('no room: an error, and no part of it, at %d bytes' % size, [] if result.status == 3 and b'cannot write' in result.err and
                   not left else [result.describe(), left])
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
