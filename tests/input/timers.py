#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: timers.py TCPREUSE

--timers FILE: what it says, and that a line that makes no sense is named with the file and its number. A file with such a line
is wrong usage (1), one that cannot be read is an input that cannot be read (2); neither leaves a report.
"""
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import capture  # noqa: E402
import program  # noqa: E402

# A connection closed by FIN and reused after 10 s; one reset, the same; and one left open, reused after 100 s.
FRAMES = """
name: A 10.0.0.1:40001
name: B 10.0.0.1:40002
name: C 10.0.0.1:40003
name: S 10.0.0.2:80
0.0   A > S  S   seq 1000
0.1   S > A  SA  seq 5000 ack 1001
0.2   A > S  FA  seq 1001 ack 5001
0.3   B > S  S   seq 1000
0.4   S > B  SA  seq 5000 ack 1001
0.5   B > S  R   seq 1001
0.6   C > S  S   seq 1000
0.7   S > C  SA  seq 5000 ack 1001
10.2  A > S  S   seq 70000
10.5  B > S  S   seq 70000
100.7 C > S  S   seq 70000
"""
# What it is, the file, and the names in the three rows.
GOOD = (
    ('one timer of each kind', 'f,fin,11\nr,rst,11\nc,close,11\ni,idle,99\n', ('c f', 'c r', 'i')),
    ('shortest first, and by name', 'b,fin,20\nz,fin,10.5\na,fin,20\n', ('z a b', '', '')),
    ('exactly the gap', 'f,fin,10\nr,rst,10\ni,idle,100\n', ('', '', '')),
    ('a nanosecond aside', 'f,fin,10.000000001\nr,rst,10.000000001\ni,idle,99.999999999\n', ('f', 'r', 'i')),
    ('names of columns, comments, empty lines and spaces', 'name,kind,seconds\n\n# old\n  \n f\t, fin , 11 \n', ('f', '', '')),
    ('lines end in CR LF', 'name,kind,seconds\r\nf,fin,11\r\n\r\nr,rst,11\r\n', ('f', 'r', '')),
    ('no newline at the end', 'f,fin,11', ('f', '', '')),
    ('no timer at all', '', ('', '', '')),
    ('the longest name, of all characters', 'Az09-_.%s,fin,11\n' % ('x' * 24), ('Az09-_.' + 'x' * 24, '', '')),
    ('the longest time', 'f,fin,1000000000\n', ('f', '', '')),
    ('64 timers', ''.join('t%02d,fin,%d\n' % (i, 20 + i) for i in range(64)), (' '.join('t%02d' % i for i in range(64)), '', '')),
)
FIELDS, NAME, KIND, SECONDS = 'expected three fields', 'expected a name', 'expected a kind', 'expected seconds'
BAD = (
    ('two fields', 'f,fin\n', FIELDS), ('four fields', 'f,fin,1,2\n', FIELDS), ('an empty fourth field', 'f,fin,1,\n', FIELDS),
    ('no fields', 'linux\n', FIELDS), ('names of columns once more', 'name,kind,seconds\n', KIND),
    ('no name', ',fin,1\n', NAME), ('a space in a name', 'a b,fin,1\n', NAME), ('a quoted name', '"a",fin,1\n', NAME),
    ('a formula', '=a,fin,1\n', NAME), ('a name of 32', 'x' * 32 + ',fin,1\n', NAME), ('an accent', 'caf\u00e9,fin,1\n', NAME),
    ('no kind', 'f,,1\n', KIND), ('an unknown kind', 'f,open,1\n', KIND), ('a kind in capitals', 'f,FIN,1\n', KIND),
    ('no seconds', 'f,fin,\n', SECONDS), ('no time at all', 'f,fin,0\n', SECONDS), ('less than none', 'f,fin,-1\n', SECONDS),
    ('less than a nanosecond', 'f,fin,1e-12\n', SECONDS), ('a unit', 'f,fin,60s\n', SECONDS), ('words', 'f,fin,soon\n', SECONDS),
    ('no number', 'f,fin,nan\n', SECONDS), ('for ever', 'f,fin,inf\n', SECONDS), ('too long', 'f,fin,1000000001\n', SECONDS),
    ('a zero byte', 'f,fin,1\0\n', 'zero byte'),
    ('the 65th timer', ''.join('t%d,fin,1\n' % i for i in range(61)), 'at most 64'),    # behind four good ones
)


def main():
    tcpreuse, tap = os.path.abspath(sys.argv[1]), program.Tap()
    with tempfile.TemporaryDirectory(prefix='timers-') as directory:
        path = program.write(directory, 'capture.pcap', capture.Scenario(FRAMES).files[0][1].data())
        listing = os.path.join(directory, 'timers.txt')

        def run(text):
            program.write(directory, 'timers.txt', text.encode())
            return program.run(tcpreuse, ['--timers', listing, path])

        for name, text, names in GOOD:
            result = run(text)
            got = tuple(row['undercuts'] for row in result.rows('reuse')) if result.status == 0 else result.describe()
            tap.ok(name, [] if got == names else ['%r, not %r' % (got, names)])
        before = 'a,fin,1\n# two\nb,rst,2\nc,idle,3\nd,close,4\n'
        for name, text, words in BAD:
            result, line = run(before + text), 5 + text.count('\n')
            error = result.err.decode()
            complaints = [] if result.status == 1 else ['expected exit 1']
            complaints += [word for word in ('timers.txt: line %d: ' % line, words) if word not in error]
            if error.count('\n') != 1 or result.reports:
                complaints.append('more than one line, or a report')
            tap.ok(name, complaints + [result.describe()] if complaints else [])
        for name, where, words in (('a file that is not there', os.path.join(directory, 'absent.txt'), 'No such file or directory'),
                                   ('a directory', directory, 'Is a directory'),
                                   ('a file that cannot be read', '/proc/self/mem', 'Input/output error')):
            result = program.run(tcpreuse, ['--timers', where, path])
            error = result.err.decode()
            complaints = [] if result.status == 2 and not result.reports else ['expected exit 2 and no report']
            complaints += [word for word in (where + ': ', words) if word not in error]
            tap.ok(name, complaints + [result.describe()] if complaints else [])
        result = program.run(tcpreuse, ['--verdicts', 'off', path])
        tap.ok('--verdicts off: no column', [c for c in result.rows('reuse')[0] if c in ('undercuts', 'verdict')])
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
