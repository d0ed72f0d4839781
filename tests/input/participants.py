#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: participants.py TCPREUSE SOURCE

--print-filter: the display filter shows exactly the frames of the conversations that take part in a reuse. tshark judges if
there is one (the environment variable TSHARK names it); what does not need it is tested without. TAP output.
"""
import os
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import capture  # noqa: E402
import program  # noqa: E402
import tshark  # noqa: E402

NONE = '''
name: C 10.0.0.1:40000
name: S 10.0.0.2:80
0.000  C > S  S   seq 1000
0.001  S > C  SA  seq 77 ack 1001
'''
# Streams 0, 2 and 3 take part, 1 does not; the ICMP error quotes stream 2.
SOME = '''
name: C 10.0.0.1:40000
name: D 10.0.0.1:40001
name: S 10.0.0.2:80
0.000  C > S  S   seq 1000
0.001  D > S  S   seq 1000
0.002  S > C  R   seq 0
0.010  C > S  S   seq 5000
0.011  S > D  SA  seq 9 ack 1001
0.012  C > S  S   seq 5000 quoted
0.020  S > C  SA  seq 70 ack 5001
0.030  C > S  FA  seq 5001 ack 71
0.031  S > C  FA  seq 71 ack 5002
9.500  C > S  S   seq 9000
'''


def make(directory, name, text):
    """The path of the capture that a scenario's text describes."""
    return program.write(directory, name + '.pcap', capture.Scenario(text).files[0][1].data())


def taking_part(tcpreuse, path, rules):
    """(streams, frames) of the conversations that take part in a reuse, from the reports."""
    result = program.run(tcpreuse, [*rules, path], ('reuse', 'packets'))
    streams = {row[column] for row in result.rows('reuse') for column in ('stream', 'previous_stream')}
    return streams, sorted({int(row['frame']) for row in result.rows('packets') if row['stream'] in streams})


def shown(judge, path, display):
    """The frames that tshark shows."""
    with open(path, 'rb') as file:
        several = len(judge.command) > 1
        out = subprocess.run(judge.command + ['-n', '-r', '-' if several else path, '-Y', display, '-T', 'fields', '-e', 'frame.number'],
                             env=judge.environment, stdin=file if several else subprocess.DEVNULL, stdout=subprocess.PIPE,
                             stderr=subprocess.PIPE, check=True).stdout
    return [int(line) for line in out.split()]


def filters(tcpreuse, tap, judge, paths):
    rules = ['--rules', judge.rules] if judge.rules else []
    for name, path in paths.items():
        streams, frames = taking_part(tcpreuse, path, rules)
        result = program.bare([tcpreuse, *rules, '--print-filter', path])
        complaints = [] if result.status == 0 else [result.describe()]
        if result.out.count(b'\n') != 1:
            complaints.append('not one line: %r' % result.out)
        if not streams and (result.out != b'!frame\n' or b'no conversation' not in result.err):
            complaints.append('it does not say that there is none: %r' % result.out)
        tap.ok('the filter of %s' % name, complaints)
        if judge.version is None:
            tap.skip('tshark shows these frames of %s' % name, 'no tshark')
            continue
        found = shown(judge, path, result.out.decode().strip())
        tap.ok('tshark shows these frames of %s' % name, [] if found == frames else ['it shows %s, not %s' % (found, frames)])


def usage(tcpreuse, tap, path):
    for arguments, words in ((['--print-filter', '--reports', 'reuse'], b"'--print-filter'"),
                             (['--print-filter', '--reports', 'summary'], b"'--print-filter'")):
        result = program.bare([tcpreuse, *arguments, path])
        tap.ok(' '.join(arguments), [] if result.status == 1 and words in result.err else [result.describe()])
    with tempfile.TemporaryDirectory() as out:
        result = program.bare([tcpreuse, '--print-filter', '-o', out, path])
        tap.ok('reports beside the filter', [] if result.status == 0 and result.out.startswith(b'tcp.stream in {') and
               'reuse.csv' in os.listdir(out) else [result.describe()])
    with open('/dev/full', 'wb') as full:
        result = program.bare([tcpreuse, '--print-filter', path], stdout=full)
        tap.ok('a filter that cannot be written', [] if result.status == 3 else [result.describe()])


def main():
    tcpreuse, source = sys.argv[1:]
    tap, judge = program.Tap(), tshark.Tshark()
    with tempfile.TemporaryDirectory() as directory:
        paths = {'a capture without reuses': make(directory, 'none', NONE), 'a capture with some': make(directory, 'some', SOME),
                 'the example': os.path.join(source, 'examples', 'port-reuse.pcap')}
        filters(tcpreuse, tap, judge, paths)
        usage(tcpreuse, tap, paths['the example'])
        filter_line = program.bare([tcpreuse, '--print-filter', paths['a capture with some']]).out
        tap.ok('ranges are written as such', [] if filter_line == b'tcp.stream in {0,2,3}\n' else [repr(filter_line)])
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
