#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: check.py ROOT

Each decision of the rules, of the table and of settling is in decisions.txt with a case, or with the reason why it has none, and
nothing else is. That source.py sees what a compiler sees is shown by count.py.
"""
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import listed  # noqa: E402
import program  # noqa: E402
import source  # noqa: E402

# A function with each form of decision, and what of it are decisions.
FORMS = '''
#define NO(x) ((x) ? 1 : 0)
static int f(int a, int b) /* if (comment) */
{
    for (int i = 0; i < a; i++)
        while (a && (b || g("if (text)")))
            b = a ? b : 2;
    for (;;)
        if (!(a > b))
            return a == 1 || (b && a);
    do
        a = (b ? MIN(a, b) : 3) ? 4 : 5;
    while (--a);
    bool c = a > b;
    h(a, b && a, c);
    return c;
}
'''
DECISIONS = ['i < a', 'a && (b || g("_________"))', 'a', '!(a > b)', 'a == 1 || (b && a)', '(b ? MIN(a, b) : 3)', 'b', 'MIN(a, b)',
             '--a', 'b && a']


def check_forms(tap, folder):
    path = os.path.join(folder, 'forms.c')
    with open(path, 'w', encoding='utf-8') as out:
        out.write(FORMS)
    found = [d.text for d in source.decisions(folder, 'forms.c')]
    tap.ok('each form of decision is found', [] if found == DECISIONS else ['found %s' % found])


def check_list(tap, root):
    entries, there = listed.read(), []
    for file in listed.FILES:
        there += source.decisions(root, file)
    lines = dict(zip(listed.keys(there), (d.first for d in there)))
    missing = ['%s:%d: in %s: %s' % (key[0], line, key[1], key[2]) for key, line in lines.items() if key not in entries]
    stale = ['%s, %s: %s' % key[:3] for key in entries if key not in lines]
    bare = ['%s, %s: %s' % key[:3] for key, e in entries.items() if not (e.cases or e.open or e.branchless) or e.open and e.why == 'TODO']
    tap.ok('each decision is listed', missing)
    tap.ok('each that is listed is there', stale)
    tap.ok('each has a case or a reason', bare)


def main():
    root = sys.argv[1]
    tap = program.Tap()
    with tempfile.TemporaryDirectory() as folder:
        check_forms(tap, folder)
    check_list(tap, root)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
