#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""That check.py notices: each of its rules, on a small tree that breaks it."""
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
import check  # noqa: E402
from check import program  # noqa: E402

GOOD = {
    'engine/util.h': '/* Shared. */\n',
    'engine/rules.h': '/* The rules. LINKTYPE_ values of the pcap registry, USBPcap. */\n',
    'engine/pipeline/merge.c': '/* Merges. */\n#include "engine/util.h"\n#include <stdio.h>\n\nint merge(void)\n{\n    return 0;\n}\n',
    'io/problems.h': '/* Problems. */\n',
    'io/formats/pcap.c': '/* pcap. */\n#include "engine/util.h"\n#include "io/problems.h"\n',
    'cli/main.c': '// The program.\n#include "io/problems.h"\n',
    'tests/unit/meson.build': "test('x', suite: 'unit')\n",
    'tests/unit/x.c': '/* A test. */\n#include "engine/pipeline/merge.h"\n',
    'tests/lib/program.py': "print('ok %d - %s')\n",
    'engine/pipeline/merge.h': '/* Merges. */\n',
    'CONTRIBUTING.md': '| suite | what it shows |\n| --- | --- |\n| `unit` | modules |\n',
}
LONG = '/* A file. */\n' + 'int x;\n' * 400
LONG_FUNCTION = '%s\nstatic int take_all(void)\n{\n' + '    x++;\n' * 61 + '}\n'
INCLUDE = '/* A file. */\n#include "%s"\n'

# What it is, the files that differ, and what the complaint says; None: there is none.
CASES = (
    ('as it should be', {}, None),
    ('the engine includes io', {'engine/a.c': INCLUDE % 'io/problems.h'}, 'engine/a.c:2: engine may not include'),
    ('a conversation includes the pipeline', {'engine/conversations/a.c': INCLUDE % 'engine/pipeline/merge.h'}, 'may not include'),
    ('a decoder includes the pipeline', {'engine/decode/ip/a.c': INCLUDE % 'engine/pipeline/merge.h'}, 'may not include'),
    ('io includes cli', {'io/sets/a.c': INCLUDE % 'cli/options.h', 'cli/options.h': '/* Options. */\n'}, 'may not include'),
    ('io includes the inside of the engine', {'io/sets/a.c': INCLUDE % 'engine/pipeline/merge.h'}, 'may not include'),
    ('a format includes sets', {'io/formats/a.c': INCLUDE % 'io/sets/a.h', 'io/sets/a.h': '/* Sets. */\n'}, 'may not include'),
    ('an unknown room', {'io/rooms/a.c': INCLUDE % 'io/problems.h'}, 'io/rooms may not include'),
    ('cli includes all', {'cli/a.c': INCLUDE % 'io/formats/a.h', 'io/formats/a.h': '/* A format. */\n'}, None),
    ('an include that is not from the root', {'tests/unit/a.c': INCLUDE % 'decoding.h'}, 'may not include "decoding.h"'),
    ('an include of nothing', {'cli/a.c': INCLUDE % 'io/nothing.h'}, 'no "io/nothing.h"'),
    ('the engine names a format', {'engine/a.h': '/* A header. */\nenum { RUN_PCAP };\n'}, 'names a capture format: PCAP'),
    ('the engine names one in a comment', {'engine/a.h': '/* As pcapng has it. */\n'}, 'names a capture format: pcap'),
    ('io names a format', {'io/a.h': '/* As pcapng has it. */\n'}, None),
    ('no comment at the head', {'cli/a.c': '#include "io/problems.h"\n/* Late. */\n'}, 'cli/a.c: no comment at its head'),
    ('a long file', {'cli/a.c': LONG}, '401 lines'),
    ('a long file with a reason', {'cli/a.c': LONG.replace('file.', 'file.\n *\n * Length: one table.')}, None),
    ('a reason without need', {'cli/a.c': '/* A file.\n *\n * Length: one table. */\n'}, 'is not long'),
    ('a long function', {'cli/a.c': LONG_FUNCTION % '/* A file. */'}, 'take_all has 61 lines'),
    ('a long function with a reason', {'cli/a.c': LONG_FUNCTION % '/* A file.\n *\n * Length of take_all: a case each. */'}, None),
    ('with the reason of another one', {'cli/a.c': LONG_FUNCTION % '/* A file.\n *\n * Length of take: a case each. */'}, 'take_all has'),
    ('a long test', {'tests/unit/a.c': (LONG_FUNCTION % '/* A file. */').replace('static int take_all(void)', 'Test(unit, all)')}, 'all has 61'),
    ('a folder that is no suite', {'tests/b/meson.build': "test('x', suite: 'unit')\n"}, 'the suite is unit, the folder b'),
    ('a folder without tests', {'tests/b/run.py': '\n'}, 'no meson.build'),
    ('a suite that is not explained', {'tests/b/meson.build': "test('x', suite: 'b')\n"}, 'the table of suites lacks b'),
    ('a suite that is not there', {'CONTRIBUTING.md': GOOD['CONTRIBUTING.md'] + '| `b` | nothing |\n'}, 'there is no suite b'),
    ('a test without a folder', {'tests/a.py': '\n'}, 'tests/a.py'),
    ('another writer of TAP', {'tests/unit/run.py': "print('ok %d - %s' % (1, 'x'))\n"}, 'TAP is the business of tests/lib'),
    ('another writer of pcap files', {'tests/unit/run.py': "struct.pack('<IHHiIII')\n"}, 'pcap files is the business'),
)


def complaints(root):
    paths = check.sources(root)
    return (check.check_includes(root, paths) + check.check_names(root, paths) + check.check_heads(root, paths) +
            check.check_lengths(root, paths) + check.check_suites(root) + check.check_python(root))


def main():
    tap = program.Tap()
    for name, files, words in CASES:
        with tempfile.TemporaryDirectory(prefix='tree-') as root:
            for path, text in dict(GOOD, **files).items():
                os.makedirs(os.path.join(root, os.path.dirname(path)), exist_ok=True)
                program.write(root, path, text.encode())
            found = complaints(root)
        good = not found if words is None else len(found) >= 1 and any(words in line for line in found)
        tap.ok(name, [] if good else ['expected %s' % (words or 'nothing')] + found)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
