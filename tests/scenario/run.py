#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: run.py TCPREUSE [--judge] [SCENARIO...]

Each folder here is a scenario: scenario.txt says what it shows and describes the frames (tests/lib/capture.py explains the
words), and the .csv files hold what tcpreuse has to answer, in the columns that stand in their first line:

    expected-R.csv                             the rows of reuse.csv under --rules R, all of them
    conversations.csv, conversations-R.csv     the rows of conversations.csv, under all rules or under R
    packets.csv, packets-R.csv                 the rows of packets.csv

Each capture is decided under each generation of rules, by 1, 2, 3 and 8 threads, which all have to write the same bytes.
With --judge the expected rows themselves are compared with the installed tshark ($TSHARK), for its generation of rules.
"""
import argparse
import csv
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import capture  # noqa: E402
import program  # noqa: E402
import tshark  # noqa: E402

THREADS = (1, 2, 3, 8)


def expectation(folder, stem, rules):
    """The header and rows of stem-RULES.csv or stem.csv, None when there is neither."""
    for name in ('%s-%s.csv' % (stem, rules), stem + '.csv'):
        path = os.path.join(folder, name)
        if os.path.exists(path):
            with open(path, newline='') as file:
                header, *rows = list(csv.reader(file))
            return header, rows
    return None


def compare(report, expected, rows):
    """Complaints about the rows of a report."""
    header, want = expected
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
    for threads in THREADS:
        result = program.run(tcpreuse, ['--rules', rules, '-j', threads] + scenario.arguments + paths)
        if result.status or len(result.reports) != len(program.REPORTS):
            return ['%s (%s)' % (result.describe(), ' '.join(result.command))]
        if first is None:
            first = result
            for report, stem in (('reuse', 'expected'), ('conversations', 'conversations'), ('packets', 'packets')):
                expected = expectation(folder, stem, rules)
                if expected:
                    complaints += compare(report, expected, result.rows(report))
            complaints += check_conservation(result.reports['summary'])
            marked = sum(row['reused'] == '1' for row in result.rows('packets'))
            if marked != len(result.rows('reuse')):
                complaints.append('packets.csv marks %d reuses, reuse.csv has %d rows' % (marked, len(result.rows('reuse'))))
        else:
            for report in program.REPORTS[:3]:
                if result.reports[report] != first.reports[report]:
                    complaints.append('%s with %d threads: %s' % (program.NAMES[report], threads, program.first_difference(
                        first.reports[report], result.reports[report])))
    if complaints:
        complaints.append('command: ' + ' '.join(['tcpreuse', '--rules', rules] + scenario.arguments + paths))
    return complaints


def ignored(scenario):
    """The frame numbers of --ignore."""
    out = set()
    for option, value in zip(scenario.arguments, scenario.arguments[1:]):
        if option == '--ignore':
            for part in value.split(','):
                first, _, last = part.partition('-')
                out.update(range(int(first), int(last or first) + 1))
    return out


def merged(scenario):
    """The scenario's frames as one capture, without the ignored ones, and the number that each of them has in the scenario."""
    pcaps = [p for _, p in scenario.files]
    one = capture.Pcap()
    one.header, one.order = pcaps[0].header, pcaps[0].order
    records = [r for p in pcaps for r in p.records]
    if '--append' not in scenario.arguments:
        records.sort(key=lambda r: capture.struct.unpack(one.order + 'II', r[:8]))
    left_out = ignored(scenario)
    numbers = [n for n in range(1, len(records) + 1) if n not in left_out]
    one.records = [records[n - 1] for n in numbers]
    return one.data(), numbers


def judge(program_, folder, scenario, directory):
    """Complaints when the expected rows are not tshark's."""
    data, numbers = merged(scenario)
    answer = program_.ask(program.write(directory, 'judged.pcap', data))
    header, rows = expectation(folder, 'expected', program_.rules)
    want = {int(row[header.index('frame')]): int(row[header.index('stream')]) for row in rows}
    out = []
    for frame, (streams, _, reused) in answer.items():
        number = numbers[frame - 1]
        if reused is not None and reused != (number in want):
            out.append('frame %d: %s here, not so in tshark' % (number, 'a reuse' if number in want else 'no reuse'))
        if number in want and want[number] not in streams:
            out.append('frame %d: stream %d here, %s in tshark' % (number, want[number], streams))
    expected = expectation(folder, 'conversations', program_.rules)
    if expected:
        header, rows = expected
        column = lambda row, name: int(row[header.index(name)])
        for row in rows:
            frames = [numbers[f - 1] for f, a in answer.items() if column(row, 'stream') in a[0]]
            told = (column(row, 'first_frame'), column(row, 'last_frame'), column(row, 'frames'))
            if (min(frames, default=0), max(frames, default=0), len(frames)) != told:
                out.append('stream %d: frames %s in tshark' % (column(row, 'stream'), frames))
    expected = expectation(folder, 'packets', program_.rules)
    if expected:
        header, rows = expected
        told = {int(row[header.index('frame')]): int(row[header.index('completeness')]) for row in rows}
        shown = {numbers[f - 1]: a[1][0] for f, a in answer.items()}
        if told != shown:
            out.append('completeness by frame: %s in tshark' % shown)
    return out


def main():
    parser = argparse.ArgumentParser(usage=__doc__)
    parser.add_argument('tcpreuse')
    parser.add_argument('scenario', nargs='*')
    parser.add_argument('--judge', action='store_true')
    args = parser.parse_intermixed_args()
    names = args.scenario or sorted(n for n in os.listdir(HERE) if os.path.exists(os.path.join(HERE, n, 'scenario.txt')))
    tap, referee = program.Tap(), tshark.Tshark() if args.judge else None
    if referee and not referee.rules:
        sys.exit('no tshark: ' + ' '.join(referee.command))
    for name in names:
        folder = os.path.join(HERE, os.path.basename(os.path.normpath(name)))
        with open(os.path.join(folder, 'scenario.txt')) as file:
            scenario = capture.Scenario(file.read(), os.path.join(name, 'scenario.txt'))
        with tempfile.TemporaryDirectory(prefix='scenario-') as directory:
            if referee:
                tap.ok('%s, tshark %s' % (name, referee.version), judge(referee, folder, scenario, directory))
                continue
            paths = [program.write(directory, file_name, pcap.data()) for file_name, pcap in scenario.files]
            for rules in program.RULES:
                tap.ok('%s, rules %s' % (name, rules), check(os.path.abspath(args.tcpreuse), folder, scenario, paths, rules))
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
