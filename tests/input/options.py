#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: options.py TCPREUSE SOURCE

Options and their documentation. --help is made from the program's table of options; the man page has an entry for each of them,
docs/usage.md, docs/live.md or docs/dpdk.md has a row for each, and none of these names an option that there is not.
"""
import itertools
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import program  # noqa: E402


def read(*path):
    with open(os.path.join(*path)) as file:
        return file.read()


def in_help(text):
    """Pairs of letter ('' for none) and long name."""
    return set(re.findall(r'^  (?:-(\w), |    )--([\w-]+)', text, re.M))


def in_manual(text):
    """The same, from the entries of the man page; what else it names, as words with their dashes."""
    entries = set()
    for line in re.findall(r'^\.It (Fl .*)$', text, re.M):
        letter, is_flag = '', False
        for word in line.split():
            if word in ('Fl', 'Ar', 'Cm', 'Ns', 'Op'):
                is_flag = word == 'Fl'
            elif is_flag and word.startswith('-'):
                entries.add((letter, word[1:]))
                letter = ''
            elif is_flag and word != ',':
                letter = word
        if letter:
            entries.add((letter, ''))
    return entries, {'-' + name for name in re.findall(r'\bFl ([\w-]+)', text)}


def heads(text, pattern):
    """Sections of options and options, in order: titles, and long names with two dashes."""
    found = (match.groups() for match in re.finditer(pattern, text, re.M))
    return [re.sub(r' \(require .*', '', title) if title else '--' + name for title, name in found]


def first_difference(ours, others):
    return ['%s, not %s' % pair for pair in itertools.zip_longest(others, ours) if pair[0] != pair[1]][:1]


def in_table(text):
    """Words that begin with a dash in the first cells of tables whose head is "option"."""
    words = set()
    for table in re.findall(r'^\| option \|.*\n\|[ -|]*\n((?:\|.*\n)+)', text, re.M):
        for row in table.splitlines():
            words.update(re.findall(r'(?<![\w-])--?[A-Za-z][\w-]*', row.split(' | ')[0]))
    return {word for word in words if not re.match('-D.', word)}      # Meson's


def main():
    tcpreuse, source = sys.argv[1:]
    text = subprocess.run([tcpreuse, '--help'], check=True, stdout=subprocess.PIPE).stdout.decode()
    options = in_help(text)
    words = {'-' + letter for letter, _ in options if letter} | {'--' + name for _, name in options}
    manual_text = read(source, 'docs', 'tcpreuse.1')
    entries, manual = in_manual(manual_text)
    in_order = heads(text, r'^(?:(\S.*):|  (?:-\w, |    )--([\w-]+).*)$')
    part = manual_text[manual_text.index('\n.Sh OPTIONS\n'):]
    manual_order = heads(part[:part.index('\n.Sh ', 1)], r'^(?:\.Ss (.*)|\.It Fl (?:\w , )?-([\w-]+)(?: .*)?)$')
    grouped = set(re.findall(r'^\.It .*Fl -[\w-]+ .*, Fl -([\w-]+)', manual_text, re.M))
    tables = set().union(*(in_table(read(source, 'docs', name)) for name in ('usage.md', 'live.md', 'dpdk.md')))
    results = (
        ('--help has options', [] if len(options) > 20 else ['only %d' % len(options)]),
        ('--help fits 80 columns', [line for line in text.splitlines() if len(line) > 80]),
        ('the man page has an entry for each option', sorted(options - entries)),
        ('the man page has no other entries', sorted(entries - options)),
        ('the man page names no other options', sorted(manual - words)),
        ('the man page has the sections and the order of --help',
         first_difference([head for head in in_order if head[2:] not in grouped], manual_order)),
        ('docs/usage.md, docs/live.md or docs/dpdk.md lists each option', sorted(words - tables)),
        ('docs/usage.md, docs/live.md and docs/dpdk.md list no others', sorted(tables - words)))
    tap = program.Tap()
    for name, complaints in results:
        tap.ok(name, complaints)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
