#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: schema.py TCPREUSE SOURCE [--accept]

schema.sql and datapackage.json describe the CSV that they stand beside: names, types, words, what may be empty. SQLite, and
DuckDB where there is one, load the reports by them and join a reuse with its conversations. The tables of docs/reports.md
are those of the program; --accept writes them anew. TAP output.
"""
import collections
import decimal
import ipaddress
import os
import re
import shutil
import sqlite3
import subprocess
import sys
import tempfile

import sheets
from sheets import duck, program

# duckdb_keywords() where the category is reserved (DuckDB 1.1), and what SQLite takes for no name (parse.y).
RESERVED = set('''
    all analyse analyze and any array as asc asymmetric both case cast check collate column constraint create default deferrable
    desc describe distinct do else end except false fetch for foreign from group having in initially intersect into lambda
    lateral leading limit not null offset on only or order pivot pivot_longer pivot_wider placing primary qualify references
    returning select show some summarize symmetric table then to trailing true union unique unpivot using variadic when where
    window with
    add alter autoincrement between commit delete drop escape exists index insert is isnull join nothing notnull set
    transaction update values'''.split())
KINDS = {
    'number': r'-?\d{1,20}', 'time': r'-?\d{1,11}(\.\d{1,9})?', 'seconds': r'-?\d{1,11}(\.\d{1,9})?', 'ratio': r'\d+\.\d+', 'flag': '[01]',
    'words': r"[\w.-]+( [\w.-]+)*", 'numbers': r'\d+( \d+)*', 'UTC': r'\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,9})?Z',
}
# Of examples/verdicts.pcap.
QUESTIONS = (
    ("select src, count(*)::int from reuse where verdict = 'refused' and gap < 60 group by src", []),
    ("select src, count(*)::int from reuse where verdict = 'refused' and gap < 600 group by src", [('192.0.2.14', 1)]),
    ("select src, verdict from reuse where verdict in ('refused', 'challenged', 'lost') and gap < 60 order by src",
     [('192.0.2.13', 'challenged'), ('192.0.2.16', 'lost')]),
)
BEGUN = '| column | type, unit | meaning | source |'


def faults(field, text):
    """What a field's text lacks to be what the package says of it."""
    constraints, kind = field['constraints'], field['kind']
    if text == '':
        return ['is empty'] if constraints['required'] else []
    if 'enum' in constraints:
        return [] if text in constraints['enum'] else ['is none of the words']
    if kind == 'address':
        return [] if str(ipaddress.ip_address(text)) else ['is no address']
    if kind in KINDS and not re.fullmatch(KINDS[kind], text):
        return ['is no %s' % kind]
    return ['has other words'] if 'words' in field and set(text.split()) - set(field['words']) else []


def described(out, reports):
    """Complaints: each file is described, and is what its description says."""
    wrong, package = [], sheets.package(out)
    files = sorted(n for n in os.listdir(out) if n.endswith('.csv'))
    if sorted(path for path, _ in package.values()) != files:
        wrong.append('%s are described, %s there' % (sorted(package), files))
    if len(files) < len(reports):
        wrong.append('only %s' % files)
    for name, (path, fields) in package.items():
        header, *rows = sheets.rows(sheets.read(out, path))
        if header != [f['name'] for f in fields]:
            wrong.append('%s: header %s' % (path, header))
        if not rows:
            wrong.append('%s: no rows, so nothing is shown' % path)
        for number, row in enumerate(rows, 2):
            for field, text in zip(fields, row, strict=True):
                wrong += ['%s: line %d: %s: %r %s' % (path, number, field['name'], text, f) for f in faults(field, text)]
    return wrong[:20]


def kinds(field):
    """The cell of the documentation that says what a column holds."""
    words = field['constraints'].get('enum') or field.get('words')
    text = ', '.join('`%s`' % w for w in words) if words else field['kind']
    if words and field['kind'] == 'words':
        text += ', separated by spaces'
    elif field['kind'] in ('words', 'numbers'):
        text += ', separated by spaces'
    if field.get('unit') and field['kind'] not in ('time', 'seconds'):
        text += ', ' + field['unit']
    return text + ('' if field['constraints']['required'] else '; may be empty')


def table(fields):
    lines = [BEGUN, '| --- | --- | --- | --- |']
    for field in fields:
        only = field.get('only', '')
        meaning = field['description'] + (' (%s)' % only if only and 'verdicts' not in only else '')
        lines.append('| `%s` | %s | %s | %s |' % (field['name'], kinds(field), meaning, field['source']))
    return lines


def tables_of(text):
    """{report: (first line, last line)} of the tables in docs/reports.md."""
    out, report, lines = {}, None, text.split('\n')
    for i, line in enumerate(lines):
        match = re.match(r'## (\w+)\.csv', line)
        report = match[1] if match else None if line.startswith('## ') else report
        if line == BEGUN and report:
            end = next(k for k in range(i, len(lines)) if not lines[k].startswith('|'))
            out[report] = (i, end)
    return out


def check_docs(fields, path, accept):
    with open(path, encoding='utf-8') as file:
        text = file.read()
    places, lines = tables_of(text), text.split('\n')
    wrong = ['%s: no table for %s' % (path, name) for name in fields if name not in places]
    for name, (begin, end) in sorted(places.items(), key=lambda item: -item[1][0]):
        should = table(fields[name])
        if lines[begin:end] != should and accept:
            lines[begin:end] = should
        elif lines[begin:end] != should:
            wrong += ['%s: %r, not %r' % (name, a, b) for a, b in zip(lines[begin:end], should) if a != b][:3] or [
                '%s: %d lines, not %d' % (name, end - begin, len(should))]
    if accept:
        with open(path, 'w', encoding='utf-8') as file:
            file.write('\n'.join(lines))
    return wrong


def load_lines(sql, tag):
    return [line.removeprefix('-- %s> ' % tag) for line in sql.splitlines() if line.startswith('-- %s> ' % tag)]


def sqlite(out):
    """A data base in memory with the reports, loaded as the lines of schema.sql say; .import is done by hand."""
    base = sqlite3.connect(':memory:')
    sql = sheets.read(out, 'schema.sql').decode()
    base.executescript(sql)
    for line in load_lines(sql, 'SQLite'):
        match = re.fullmatch(r'\.import --csv --skip 1 (\S+) (\w+)', line)
        if not match:
            base.execute(line)
            continue
        for row in sheets.rows(sheets.read(out, match[1]))[1:]:
            base.execute('INSERT INTO %s VALUES (%s)' % (match[2], ','.join('?' * len(row))), row)
    return base


def same(value, text, kind):
    """Whether a data base has what the CSV has."""
    if text == '' or value is None:
        return text == '' and value is None
    if kind in ('number', 'flag'):
        return int(value) == int(text)
    if kind in ('time', 'seconds', 'ratio'):
        return abs(decimal.Decimal(str(value)) - decimal.Decimal(text)) < decimal.Decimal('0.000001')
    return value == text


def check_base(out, select):
    """Complaints: the tables have what the files have. select: rows of a query."""
    wrong, files = [], collections.defaultdict(list)
    for name, (path, fields) in sheets.package(out).items():
        report = re.split('[.-]', name)[0]
        files[report] += [(fields, row) for row in sheets.rows(sheets.read(out, path))[1:]]
    for report, should in files.items():
        have = select('SELECT * FROM %s' % report)
        if len(have) != len(should):
            wrong.append('%s: %d rows, not %d' % (report, len(have), len(should)))
        for values, (fields, row) in zip(have, should):
            wrong += ['%s.%s: %r, not %r' % (report, f['name'], v, t)
                      for v, t, f in zip(values, row, fields) if not same(v, t, f['kind'])]
    joined = select('SELECT stream, new_client, src, previous_stream, old_last_frame, previous_last_frame, trigger, new_trigger '
                    'FROM reuse_conversations')
    if len(joined) != len(files['reuse']):
        wrong.append('the view has %d rows' % len(joined))
    wrong += ['the view joins wrongly: %s' % (row,) for row in joined
              if row[4] != row[5] or (row[6].startswith('syn-') and row[1] != row[2]) or row[6] != row[7]]
    return wrong[:20]


def check_shell(out, command, tag, tap):
    """The lines of schema.sql in the shell of a data base."""
    name = 'loaded by the shell of %s' % tag
    if not shutil.which(command):
        tap.skip(name, 'there is no %s' % command)
        return
    base = os.path.join(out, tag + '.db')
    sql = sheets.read(out, 'schema.sql').decode()
    text = sql + '\n'.join(load_lines(sql, tag)) + '\nSELECT count(*) FROM reuse_conversations;\n'
    done = subprocess.run([command, base], input=text.encode(), cwd=out, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=60)
    count = sum(len(sheets.rows(sheets.read(out, path))) - 1 for n, (path, _) in sheets.package(out).items() if n.startswith('reuse'))
    said = done.stdout.decode(errors='replace')
    tap.ok(name, [] if done.returncode == 0 and re.search(r'\b%d\b' % count, said) else ['exit %d: %s' % (done.returncode, said[-400:])])


def duck_in(folder, name, tap):
    """A data base of DuckDB in this folder; None: there is none, so the test of this name is skipped."""
    try:
        return duck.Base(folder)
    except duck.Missing as why:
        tap.skip(name, str(why))
        return None


def check_duckdb(out, tap, questions=()):
    """questions: pairs of a statement and the rows that it has to answer."""
    base = duck_in(out, 'DuckDB loads the reports', tap)
    if not base:
        return
    with base:
        sql = sheets.read(out, 'schema.sql').decode()
        base.rows(sql)
        for line in load_lines(sql, 'DuckDB'):
            base.rows(line)
        tap.ok('DuckDB loads the reports', check_base(out, base.rows))
        for statement, rows in questions:
            have = base.rows(statement)
            tap.ok('DuckDB answers: ' + statement, [] if have == rows else ['%s, not %s' % (have, rows)])


def check_ndjson(tcpreuse, source, capture, tap):
    """The statements on NDJSON that docs/reports.md has."""
    with open(os.path.join(source, 'docs', 'reports.md'), encoding='utf-8') as file:
        statements = re.findall(r'^(select .*reports/reuse\.ndjson.*);$', file.read(), re.M)
    with tempfile.TemporaryDirectory() as top:
        sheets.run(tcpreuse, os.path.join(top, 'reports'), ['reuse'], ['--format', 'ndjson', capture])
        base = duck_in(top, 'DuckDB reads NDJSON', tap)
        if not base:
            return
        with base:
            have = [base.rows(statement) for statement in statements]
    verdicts = sorted((str(row[0]), int(row[1])) for row in have[0])
    tap.ok('DuckDB reads NDJSON: verdicts', [] if len(verdicts) == 10 and {n for _, n in verdicts} == {1} else [str(verdicts)])
    times = {int(row[0]): decimal.Decimal(str(row[1])) for row in have[1]}
    tap.ok('DuckDB reads NDJSON: all digits of times',
           [] if len(times) == 10 and times[33] == decimal.Decimal('1772442041.000000000') else [str(times)])


def main():
    tcpreuse, source, accept = sys.argv[1], sys.argv[2], '--accept' in sys.argv
    tap = program.Tap()
    capture = os.path.join(source, 'examples', 'verdicts.pcap')
    has_hash = program.bare([tcpreuse, '-q', '--community-id', capture]).status == 0
    with tempfile.TemporaryDirectory() as top:
        paths = sheets.copies(top, capture, sheets.FORMULAS)
        more = ['--community-id'] if has_hash else []
        all_out, rest_out, split_out = (os.path.join(top, name) for name in ('all', 'rest', 'split'))
        sheets.run(tcpreuse, all_out, ['reuse', 'conversations', 'packets', 'episodes', 'schema'],
                   ['--append', '--spreadsheet', '--expire', '100000', '--key', 'tuple,vlan,interface,vni', *more, *paths])
        tap.ok('all columns are described', described(all_out, sheets.REPORTS[:4]))
        sheets.run(tcpreuse, rest_out, [*sheets.REPORTS, 'schema'], [capture])
        tap.ok('the default columns are described', described(rest_out, sheets.REPORTS))
        sheets.run(tcpreuse, split_out, ['reuse', 'conversations', 'schema'], ['--split-rows', '5', capture])
        tap.ok('files that were split are described', described(split_out, ['reuse'] * 3))
        off_out = os.path.join(top, 'off')
        sheets.run(tcpreuse, off_out, ['reuse', 'conversations', 'packets', 'schema'], ['--verdicts', 'off', capture])
        tap.ok('columns without verdicts are described', described(off_out, ['reuse', 'conversations', 'packets']))

        fields = {name: f for out in (rest_out, all_out) for name, (_, f) in sheets.package(out).items()}
        names = {f['name'] for columns in fields.values() for f in columns}
        tap.ok('no column has a reserved word for its name', sorted(names & RESERVED))
        docs = os.path.join(source, 'docs', 'reports.md')
        if has_hash:
            tap.ok('docs/reports.md has these tables', check_docs(fields, docs, accept))
        else:
            tap.skip('docs/reports.md has these tables', 'this build has no Community ID')

        for out, name in ((all_out, 'all columns'), (rest_out, 'default columns'), (split_out, 'split files')):
            base = sqlite(out)
            tap.ok('SQLite loads the reports: ' + name, check_base(out, lambda query: base.execute(query).fetchall()))
        check_duckdb(rest_out, tap, QUESTIONS)
        check_duckdb(split_out, tap)
        check_ndjson(tcpreuse, source, capture, tap)
        check_shell(rest_out, 'sqlite3', 'SQLite', tap)
        check_shell(rest_out, 'duckdb', 'DuckDB', tap)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
