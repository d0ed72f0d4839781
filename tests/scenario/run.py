#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: run.py TCPREUSE [--in FOLDER] [--judge | --accept] [SCENARIO...]

Each folder here is a scenario: scenario.txt says what it shows and describes the frames (tests/lib/capture.py explains the
words), and the .csv files hold what tcpreuse has to answer, in the columns that stand in their first line:

    expected.csv         the rows of reuse.csv, all of them; every scenario has it
    conversations.csv    the rows of conversations.csv
    packets.csv          the rows of packets.csv
    episodes.csv         the rows of episodes.csv
    endpoints.csv        the rows of endpoints.csv

Each file holds for all generations of rules but those that have a file of their own: expected-4.0.csv, say. Any other file in
a scenario's folder is an error, and so is a generation without expected rows.

Each capture is decided under each generation of rules, or those that scenario.txt names, by 1, 2, 3 and 8 threads (or those in $TCPREUSE_SCENARIO_THREADS),
which all have to write the same bytes.

--accept writes what came out into the files, in the columns that they have (expected.csv is made where it is missing), and
generations that agree share a file. A person reviews the result.
--judge compares the expected rows themselves with the installed tshark ($TSHARK), for its generation of rules.
--in FOLDER takes the scenarios from there.
"""
import argparse
import collections
import csv
import decimal
import io
import os
import re
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import capture  # noqa: E402
import pcap  # noqa: E402
import program  # noqa: E402
import tshark  # noqa: E402

THREADS = [int(n) for n in os.environ.get('TCPREUSE_SCENARIO_THREADS', '1 2 3 8').split()]
STEMS = {'expected': 'reuse', 'conversations': 'conversations', 'packets': 'packets', 'episodes': 'episodes',
         'endpoints': 'endpoints'}
COLUMNS = ['frame', 'stream', 'previous_stream', 'trigger']     # of an expected.csv that --accept makes


def read(path):
    """The header and rows of a file of expected rows."""
    with open(path, newline='') as file:
        header, *rows = list(csv.reader(file)) or [[]]
    return header, rows


def expectation(folder, stem, rules):
    """The header and rows of stem-RULES.csv or stem.csv, None when there is neither."""
    for name in ('%s-%s.csv' % (stem, rules), stem + '.csv'):
        path = os.path.join(folder, name)
        if os.path.exists(path):
            return read(path)
    return None


def check_files(folder):
    """Complaints about the names of the folder's files: a file that nobody reads expects nothing."""
    own = {'%s-%s.csv' % (stem, rules) for stem in STEMS for rules in program.RULES}
    shared = {stem + '.csv' for stem in STEMS}
    names = set(os.listdir(folder))
    out = ['%s: no such file belongs here' % name for name in sorted(names - own - shared - {'scenario.txt'})]
    if 'scenario.txt' not in names:
        out.append('no scenario.txt')
    for rules in program.RULES:
        if not names & {'expected.csv', 'expected-%s.csv' % rules}:
            out.append('no expected.csv and no expected-%s.csv' % rules)
    for stem in STEMS:
        if stem + '.csv' in names and names.issuperset('%s-%s.csv' % (stem, rules) for rules in program.RULES):
            out.append('%s.csv is never read: each generation of rules has a file of its own' % stem)
        texts = set()
        for name in sorted(names & own):
            if name.startswith(stem):
                with open(os.path.join(folder, name), 'rb') as file:
                    texts.add(file.read())
        if len(texts) == 1 and names.issuperset('%s-%s.csv' % (stem, rules) for rules in program.RULES):
            out.append('all generations of rules agree: %s.csv can hold for all (run.py --accept)' % stem)
    return out


def arguments(scenario, paths):
    """The scenario's further arguments and its files. @NAME in an argument is the path of a file."""
    by_name = {os.path.basename(path): path for path in paths}
    return [re.sub(r'@([\w.-]+)', lambda match: by_name[match[1]], text) for text in scenario.arguments] + paths


def reports_of(scenario):
    """All reports that the scenario's arguments allow."""
    given = scenario.arguments
    without_verdicts = ('--verdicts', 'off') in zip(given, given[1:])
    forgets = {'--expire', '--max-conversations'} & set(given)
    return ('reuse', 'conversations', 'packets') + (() if without_verdicts else ('episodes',)) + (
        () if without_verdicts or forgets else ('endpoints',)) + ('summary',)


def check_endpoints(result):
    """The rows of clients count all conversations and reuses once, and so do those of servers."""
    out, reuses = [], result.rows('reuse')
    columns = {'reuses': len(reuses), 'conversations': len(result.rows('conversations')), 'failed_reuses': sum(
        row['verdict'] in ('refused', 'challenged', 'lost') for row in reuses)}
    for kind in ('trigger', 'verdict'):
        for word, count in collections.Counter(row[kind] for row in reuses).items():
            columns['reuses_' + word.replace('-', '_')] = count
    for role in ('client', 'server'):
        rows = [row for row in result.rows('endpoints') if row['role'] == role]
        sums = {name: sum(int(row[name]) for row in rows) for name in (rows or [{}])[0]
                if name in columns or re.match('reuses_', name)}
        if {name: n for name, n in sums.items() if n} != {name: n for name, n in columns.items() if n}:
            out.append('endpoints.csv: the rows of %ss add up to %r, not %r' % (role, sums, columns))
    return out


def compare(report, expected, rows):
    """Complaints about the rows of a report."""
    header, want = expected
    if not header:
        return ['%s: the file of expected rows names no columns' % program.NAMES[report]]
    missing = [c for c in header if rows and c not in rows[0]]
    if missing:
        return ['%s: no column %s' % (program.NAMES[report], ', '.join(missing))]
    got = [[row[c] for c in header] for row in rows]
    if got == want:
        return []
    out = ['%s: the rows differ ("-" expected, "+" found)' % program.NAMES[report], '  ' + ','.join(header)]
    out += ['- ' + ','.join(row) for row in want if row not in got]
    out += ['+ ' + ','.join(row) for row in got if row not in want]
    return out if len(out) > 2 else out + ['  the same rows in another order or number']


def check_conservation(summary):
    """Each frame read is counted in exactly one of the other places."""
    try:
        counts = program.conservation(summary)
    except (ValueError, KeyError) as error:
        return ['summary.json: no account of the frames (%r)' % error]
    if counts['read'] != sum(n for place, n in counts.items() if place != 'read'):
        return ['summary.json: the account of the frames does not add up: %r' % counts]
    return []


def check(tcpreuse, folder, scenario, paths, rules):
    complaints, first = [], None
    reports = reports_of(scenario)
    for threads in THREADS:
        result = program.run(tcpreuse, ['--rules', rules, '-j', threads] + arguments(scenario, paths), reports)
        if result.status or len(result.reports) != len(reports):
            return ['%s (%s)' % (result.describe(), ' '.join(result.command))]
        if first is None:
            first = result
            for stem, report in STEMS.items():
                expected = expectation(folder, stem, rules)
                if expected:
                    complaints += compare(report, expected, result.rows(report))
            complaints += check_conservation(result.reports['summary'])
            complaints += check_endpoints(result) if 'endpoints' in reports else []
            marked = sum(row['reused'] == '1' for row in result.rows('packets'))
            if marked != len(result.rows('reuse')):
                complaints.append('packets.csv marks %d reuses, reuse.csv has %d rows' % (marked, len(result.rows('reuse'))))
        else:
            for report in reports[:-1]:
                if result.reports[report] != first.reports[report]:
                    complaints.append('%s with %d threads: %s' % (program.NAMES[report], threads, program.first_difference(
                        first.reports[report], result.reports[report])))
    if complaints:
        complaints.append('command: ' + ' '.join(['tcpreuse', '--rules', rules] + arguments(scenario, paths)))
    return complaints


def accept(tcpreuse, folder, scenario, paths):
    """Makes the expected rows those that come out; complaints when none do. Returns them, and the names of changed files."""
    answers = {stem: {} for stem in STEMS}
    for rules in scenario.rules or program.RULES:
        reports = reports_of(scenario)
        result = program.run(tcpreuse, ['--rules', rules, '-j', 1] + arguments(scenario, paths), reports)
        if result.status or len(result.reports) != len(reports):
            return ['%s (%s)' % (result.describe(), ' '.join(result.command))], []
        for stem, report in STEMS.items():
            expected = expectation(folder, stem, rules) or ((COLUMNS, []) if stem == 'expected' else None)
            if expected:
                columns, out = expected[0], io.StringIO()
                header, *rows = list(csv.reader(io.StringIO(result.reports[report].decode())))
                missing = [c for c in columns if c not in header]
                if missing:
                    return ['%s: no column %s' % (program.NAMES[report], ', '.join(missing))], []
                writer = csv.writer(out, lineterminator='\n')
                writer.writerows([[row[header.index(c)] for c in columns] for row in [header] + rows])
                answers[stem][rules] = out.getvalue()
    changed = []
    for stem, texts in answers.items():
        files = {'%s-%s.csv' % (stem, rules): None for rules in program.RULES}
        files.update({'%s-%s.csv' % (stem, rules): text for rules, text in texts.items()})
        # What most generations say is in the file that they share; where all differ, each has its own.
        count = collections.Counter(texts.values())
        most = max(count.values(), default=0)
        shared = next((t for t in texts.values() if count[t] == most), None) if most > 1 else None
        files = {name: None if text == shared else text for name, text in files.items()}
        files[stem + '.csv'] = shared
        for name, text in files.items():
            path = os.path.join(folder, name)
            old = None
            if os.path.exists(path):
                with open(path, newline='') as file:
                    old = file.read()
            if text == old:
                continue
            changed.append(name)
            if text is None:
                os.remove(path)
            else:
                with open(path, 'w', newline='') as file:
                    file.write(text)
    return [], changed


def ignored(scenario):
    """The frame numbers of --ignore."""
    out = set()
    for option, value in zip(scenario.arguments, scenario.arguments[1:]):
        if option == '--ignore':
            for part in value.split(','):
                first, _, last = part.partition('-')
                out.update(range(int(first), int(last or first) + 1))
    return out


def clocks(scenario):
    """The nanoseconds of each file of --clock."""
    given = [value for option, value in zip(scenario.arguments, scenario.arguments[1:]) if option == '--clock']
    return {name.lstrip('@'): int(decimal.Decimal(seconds) * pcap.SECOND) for name, seconds in (text.split('=') for text in given)}


def merged(scenario):
    """The scenario's frames as one capture, without the ignored ones, and the number that each of them has in the scenario."""
    files = [file for _, file in scenario.files]
    moved = clocks(scenario)
    parts = [[record._replace(time=record.time + moved.get(name, 0)) for record in pcap.records(file.data())]
             for name, file in scenario.files]
    records = sum(parts, [])
    if '--sort-window' in scenario.arguments:       # wide enough
        records.sort(key=lambda record: record.time)
    elif '--append' not in scenario.arguments:      # as mergecap: the earliest of the next frames
        records = []
        while any(parts):
            records.append(min(reversed(list(filter(None, parts))), key=lambda part: part[0].time).pop(0))
    left_out = ignored(scenario)
    numbers = [n for n in range(1, len(records) + 1) if n not in left_out]
    return pcap.file_header(magic=pcap.NANO, link=files[0].link) + b''.join(
        pcap.record(time, data, length, unit=1) for time, length, data in (records[n - 1] for n in numbers)), numbers


def judge(program_, folder, scenario, directory):
    """Complaints when the expected rows are not tshark's."""
    data, numbers = merged(scenario)
    answer = program_.ask(program.write(directory, 'judged.pcap', data))
    header, rows = expectation(folder, 'expected', program_.rules)
    if 'frame' not in header:
        return ['its expected rows have no column frame, by which tshark is asked']
    told = [dict(zip(header, row)) for row in rows]
    want = {int(row['frame']): int(row['stream']) if 'stream' in row else None for row in told}     # by frame
    out = []
    for frame, (streams, _, reused) in answer.items():
        number = numbers[frame - 1]
        if reused is not None and reused != (number in want):
            out.append('frame %d: %s here, not so in tshark' % (number, 'a reuse' if number in want else 'no reuse'))
        if want.get(number) is not None and want[number] not in streams:
            out.append('frame %d: stream %d here, %s in tshark' % (number, want[number], streams))
    expected = expectation(folder, 'conversations', program_.rules)
    if expected and 'stream' in expected[0]:
        header, rows = expected
        for row in rows:
            told = dict(zip(header, row))
            frames = [numbers[f - 1] for f, a in answer.items() if int(told['stream']) in a[0]]
            judged = {'first_frame': min(frames, default=0), 'last_frame': max(frames, default=0), 'frames': len(frames)}
            if any(int(told.get(name, value)) != value for name, value in judged.items()):
                out.append('stream %s: frames %s in tshark' % (told['stream'], frames))
    expected = expectation(folder, 'packets', program_.rules)
    if expected and {'frame', 'completeness'} <= set(expected[0]):
        header, rows = expected
        told = {int(row[header.index('frame')]): int(row[header.index('completeness')]) for row in rows}
        shown = {numbers[f - 1]: a[1][0] for f, a in answer.items()}
        if told != shown:
            out.append('completeness by frame: %s in tshark' % shown)
    return out


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('tcpreuse', type=os.path.abspath)
    parser.add_argument('scenario', nargs='*')
    parser.add_argument('--in', dest='where', default=HERE)
    parser.add_argument('--judge', action='store_true')
    parser.add_argument('--accept', action='store_true')
    args = parser.parse_intermixed_args()
    names = [os.path.basename(os.path.normpath(n)) for n in args.scenario] or sorted(
        n for n in os.listdir(args.where) if os.path.isdir(os.path.join(args.where, n)) and n != '__pycache__')
    tap, referee = program.Tap(), tshark.Tshark() if args.judge else None
    if referee and not referee.rules:
        sys.exit('no tshark: ' + ' '.join(referee.command))
    for name in names:
        folder = os.path.join(args.where, name)
        if not args.accept:
            tap.ok(name + ', its files', check_files(folder))
        try:
            with open(os.path.join(folder, 'scenario.txt')) as file:
                scenario = capture.Scenario(file.read(), os.path.join(name, 'scenario.txt'))
            if not scenario.shows:
                raise ValueError('scenario.txt: no line "shows:"')
        except (OSError, ValueError) as error:
            tap.ok(name, [error])
            continue
        with tempfile.TemporaryDirectory(prefix='scenario-') as directory:
            paths = [program.write(directory, file_name, file.data()) for file_name, file in scenario.files]
            if referee and {'--drop-copies', '--decode-as', '--key'} & set(scenario.arguments):
                tap.skip(name, 'it is asked without options')
            elif referee:
                tap.ok('%s, tshark %s' % (name, referee.version), judge(referee, folder, scenario, directory))
            elif '--community-id' in ' '.join(scenario.arguments) and b'Community ID: not' in program.bare(
                    [args.tcpreuse, '--version']).out:
                tap.skip(name, 'a build without Community IDs')
            elif args.accept:
                complaints, changed = accept(args.tcpreuse, folder, scenario, paths)
                tap.ok('%s, %s' % (name, 'changed: ' + ', '.join(changed) if changed else 'as it was'), complaints)
            else:
                for rules in scenario.rules or program.RULES:
                    tap.ok('%s, rules %s' % (name, rules), check(args.tcpreuse, folder, scenario, paths, rules))
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
