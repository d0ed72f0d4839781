# SPDX-License-Identifier: BSD-2-Clause
"""The list of decisions: decisions.txt, whose head explains it."""
import collections
import os
import re

HERE = os.path.dirname(os.path.abspath(__file__))
PATH = os.path.join(HERE, 'decisions.txt')

# Those of which each is listed.
FILES = ('engine/rules.h', 'engine/conversations/table.h', 'engine/conversations/table.c',
         'engine/conversations/shard_rules.c', 'engine/pipeline/settle.c', 'engine/pipeline/settle_fragments.c',
         'engine/pipeline/settle_ftp.c')


BRANCHLESS = 'no branch'


class Entry:
    """What the list says of a decision: cases that show it, how many outcomes of conditions none shows, and why; or that it is
    compiled without a branch."""

    def __init__(self):
        self.cases, self.open, self.why, self.branchless = [], 0, '', False


def keys(decisions):
    """(file, function, text, how many of the same text come before it in the function) of each."""
    before = collections.Counter()
    for d in decisions:
        key = (d.file, d.function, d.text)
        yield key + (before[key],)
        before[key] += 1


def read(path=PATH):
    """The entries by key, in order. Lines are told apart by how far they are indented."""
    entries, before, file, function, entry = {}, collections.Counter(), None, None, None
    with open(path, encoding='utf-8') as lines:
        for number, line in enumerate(lines, 1):
            indent, text = len(line) - len(line.lstrip()), line.strip()
            if not text or text.startswith('#'):
                continue
            if indent == 0:
                file = text
            elif indent == 2:
                function = text
            elif indent == 4:
                key = (file, function, text)
                entry = entries[key + (before[key],)] = Entry()
                before[key] += 1
            elif text.startswith('- '):
                entry.cases += text[2:].split(', ')
            elif text == BRANCHLESS:
                entry.branchless = True
            else:
                match = re.fullmatch(r'(\d+) not shown: (.+)', text)
                if not match:
                    raise SystemExit('%s:%d: not understood: %s' % (path, number, text))
                entry.open, entry.why = int(match.group(1)), match.group(2)
    return entries


def write(entries, path=PATH):
    with open(path, encoding='utf-8') as lines:
        text = ''.join(line for line in lines if line.startswith('#'))
    file = function = None
    for key, entry in entries.items():
        if key[0] != file:
            file, function = key[0], None
            text += '\n' + file + '\n'
        if key[1] != function:
            function = key[1]
            text += '  ' + function + '\n'
        text += '    ' + key[2] + '\n'
        if entry.cases:
            text += '      - ' + ', '.join(entry.cases) + '\n'
        if entry.branchless:
            text += '      ' + BRANCHLESS + '\n'
        if entry.open:
            text += '      %d not shown: %s\n' % (entry.open, entry.why or 'TODO')
    with open(path, 'w', encoding='utf-8') as out:
        out.write(text)
