# SPDX-License-Identifier: BSD-2-Clause
"""The decisions of C files: conditions of if, while, for and ?:, and other expressions with && or ||."""
import collections
import os
import re

# first, last: lines, from 1; from that on where the statement begins, since compilers may count there. text: in one line, with
# single spaces.
Decision = collections.namedtuple('Decision', 'file function text first last')

TOKEN = re.compile(r'[A-Za-z_]\w*|\d[\w.]*|->|\+\+|--|<<=|>>=|<<|>>|&&|\|\||[-+*/%&|^=!<>]=|.', re.DOTALL)
ASSIGNMENTS = {'=', '+=', '-=', '*=', '/=', '%=', '&=', '|=', '^=', '<<=', '>>='}
OPENS, CLOSES = {'(': ')', '[': ']', '{': '}'}, {')': '(', ']': '[', '}': '{'}
CHOICES = {'MIN', 'MAX', 'LIST_ADD'}    # macros that decide


def blank(match):
    return re.sub(r'[^\n]', ' ', match.group())


def tokens(text):
    """What the compiler sees, without directives, as long as the text; and where each of its tokens begins and ends."""
    text = re.sub(r'/\*.*?\*/|//[^\n]*', blank, text, flags=re.DOTALL)
    text = re.sub(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'', lambda m: '"%s"' % ('_' * (len(m.group()) - 2)), text)
    text = re.sub(r'^[ \t]*#(?:\\\n|[^\n])*', blank, text, flags=re.MULTILINE)
    return text, [match.span() for match in TOKEN.finditer(text) if not match.group().isspace()]


def pairs(words):
    """For each bracket, the place of its partner."""
    partner, stack = {}, []
    for i, word in enumerate(words):
        if word in OPENS:
            stack.append(i)
        elif word in CLOSES:
            start = stack.pop()
            partner[start], partner[i] = i, start
    return partner


def bounds(words, partner, at):
    """The operand around an operator: from its first to behind its last word, up to a comma, an assignment, ? or :."""
    ends = ASSIGNMENTS | {',', ';', '?', ':', 'return', 'else'}
    first = partner[at] if words[at] in CLOSES else at
    while first > 0 and words[first - 1] not in ends and words[first - 1] not in OPENS:
        if words[first - 1] == '}':
            break
        first = partner[first - 1] if words[first - 1] in CLOSES else first - 1
    last = at
    while words[last] not in ends and words[last] not in CLOSES or last == at:
        last = partner[last] + 1 if words[last] in OPENS else last + 1
    return first, last


def functions(words, partner):
    """(first, last, name) of each function's body."""
    i = 0
    while i < len(words):
        if words[i] == '{':
            if words[i - 1] == ')':
                yield i, partner[i], words[partner[i - 1] - 1]
            i = partner[i]
        i += 1


def spans(words, partner, first, last):
    """Where decisions are in a function, outermost ones only, from their first to behind their last word."""
    found = []
    for i in range(first, last):
        if words[i] in ('if', 'while'):
            found.append((i + 2, partner[i + 1]))
        elif words[i] == 'for':
            parts = [j for j in range(i + 2, partner[i + 1]) if words[j] == ';']
            if parts[1] > parts[0] + 1:
                found.append((parts[0] + 1, parts[1]))
        elif words[i] == '?':
            found.append(bounds(words, partner, i - 1)[:1] + (i,))
        elif words[i] in CHOICES and words[i + 1] == '(':
            found.append((i, partner[i + 1] + 1))
    for i in range(first, last):
        if words[i] in ('&&', '||') and not any(a <= i < b for a, b in found):
            found.append(bounds(words, partner, i))
    return sorted(set(found))


def decisions(root, file):
    with open(os.path.join(root, file), encoding='utf-8') as source:
        text, places = tokens(source.read())
    words = [text[a:b] for a, b in places]
    partner = pairs(words)
    for first, last, name in functions(words, partner):
        for a, b in spans(words, partner, first, last):
            begin, end, statement = places[a][0], places[b - 1][1], a
            while words[statement - 1] not in (';', '{', '}', 'else') and words[statement] not in ('if', 'while', 'for'):
                statement -= 1
            yield Decision(file, name, ' '.join(text[begin:end].split()), text.count('\n', 0, places[statement][0]) + 1,
                           text.count('\n', 0, end) + 1)
