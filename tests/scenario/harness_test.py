#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: harness_test.py TCPREUSE

That run.py notices: wrong rows, files that nobody would read, and folders that expect nothing.
"""
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import program  # noqa: E402

SCENARIO = '''shows: A SYN with another sequence number begins a new conversation.
0.000000  10.0.0.1:40000 > 10.0.0.2:80  S  seq 1000
1.000000  10.0.0.1:40000 > 10.0.0.2:80  S  seq 2000
'''
EXPECTED = 'frame,stream,previous_stream,trigger\n2,1,0,syn-isn\n'
CONVERSATIONS = 'stream,frames\n0,1\n1,1\n'
GOOD = {'scenario.txt': SCENARIO, 'expected.csv': EXPECTED}


def without(name):
    return {n: text for n, text in GOOD.items() if n != name}


def each(text):
    return {'expected-%s.csv' % rules: text for rules in program.RULES}


# What it is, the folder's files, and what the complaint has to say (None: there must be none).
CASES = (
    ('as it should be', GOOD, None),
    ('with conversations', dict(GOOD, **{'conversations.csv': CONVERSATIONS}), None),
    ('a generation with its own file', dict(GOOD, **{'expected-4.0.csv': EXPECTED}), None),
    ('no expected rows', without('expected.csv'), 'no expected.csv and no expected-4.0.csv'),
    ('expected rows of two generations', dict(without('expected.csv'), **{'expected-4.0.csv': EXPECTED, 'expected-4.2.csv': EXPECTED}),
     'no expected-4.4.csv'),
    ('no rows but of conversations', dict(without('expected.csv'), **{'conversations.csv': CONVERSATIONS}), 'no expected.csv'),
    ('an empty file', dict(GOOD, **{'expected.csv': ''}), 'no columns'),
    ('no scenario.txt', without('scenario.txt'), 'no scenario.txt'),
    ('an empty folder', {}, 'no scenario.txt'),
    ('a scenario that shows nothing', dict(GOOD, **{'scenario.txt': SCENARIO.split('\n', 1)[1]}), 'shows'),
    ('a file that is misspelt', dict(GOOD, **{'conversation.csv': CONVERSATIONS}), 'conversation.csv'),
    ('a generation that is misspelt', dict(GOOD, **{'expected-4.1.csv': EXPECTED}), 'expected-4.1.csv'),
    ('a file that is never read', dict(GOOD, **each(EXPECTED)), 'never read'),
    ('generations that agree', dict(without('expected.csv'), **each(EXPECTED)), 'all generations of rules agree'),
    ('another row', dict(GOOD, **{'expected.csv': EXPECTED.replace('syn-isn', 'syn-after-rst')}), '- 2,1,0,syn-after-rst'),
    ('a row too few', dict(GOOD, **{'expected.csv': EXPECTED.split('\n')[0] + '\n'}), '+ 2,1,0,syn-isn'),
    ('a column that does not exist', dict(GOOD, **{'expected.csv': 'frame,steam\n2,1\n'}), 'no column steam'),
    ('a conversation that is not there', dict(GOOD, **{'conversations.csv': CONVERSATIONS + '2,1\n'}), '- 2,1'),
)


def fill(folder, files):
    os.makedirs(folder)
    for name, text in files.items():
        program.write(folder, name, text.encode())


def contents(folder):
    out = {}
    for name in os.listdir(folder):
        with open(os.path.join(folder, name), newline='') as file:
            out[name] = file.read()
    return out


def main():
    tap, tcpreuse = program.Tap(), os.path.abspath(sys.argv[1])
    command = [sys.executable, os.path.join(HERE, 'run.py'), tcpreuse, '--in']
    with tempfile.TemporaryDirectory(prefix='harness-') as directory:
        for number, (name, files, words) in enumerate(CASES):
            where = os.path.join(directory, str(number))
            fill(os.path.join(where, 'case'), files)
            result = program.bare(command + [where])
            text = result.out.decode()
            good = result.status == 0 and 'not ok' not in text if words is None else result.status == 1 and any(
                words in line for line in text.splitlines() if line.startswith('#'))
            tap.ok(name, [] if good else ['exit %d, %s expected' % (result.status, words or 'no complaint'), text])

        accept = command[:-1] + ['--accept', '--in']
        where = os.path.join(directory, 'accept')
        for name, files, want in (
                ('accept makes expected rows', without('expected.csv'), GOOD),
                ('accept corrects rows', dict(GOOD, **{'expected.csv': EXPECTED.replace('2,1', '7,7')}), GOOD),
                ('accept lets generations that agree share a file', dict(without('expected.csv'), **each(EXPECTED)), GOOD),
                ('accept keeps the columns', dict(GOOD, **{'conversations.csv': 'stream,frames\n'}),
                 dict(GOOD, **{'conversations.csv': CONVERSATIONS}))):
            folder = os.path.join(where, name.replace(' ', '-'))
            fill(folder, files)
            result = program.bare(accept + [where, folder])
            got = contents(folder)
            tap.ok(name, [] if result.status == 0 and got == want else [result.out.decode(), repr(got)])
        # An RST after which a SYN has the old number: 4.0 does not know that.
        folder = os.path.join(where, 'generations-differ')
        reset = SCENARIO.replace('seq 2000', 'seq 1000').replace('1.000000', '0.500000  10.0.0.2:80 > 10.0.0.1:40000  RA\n1.000000')
        fill(folder, {'scenario.txt': reset})
        result = program.bare(accept + [where, folder])
        head = EXPECTED.split('\n')[0] + '\n'
        want = {'scenario.txt': reset, 'expected.csv': head + '3,1,0,syn-after-rst\n', 'expected-4.0.csv': head}
        got = contents(folder)
        tap.ok('accept keeps apart what differs', [] if result.status == 0 and got == want else [repr(got)])
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
