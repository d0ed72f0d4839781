#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: check.py [ROOT]

What has to be true of the source tree: who includes whom, what the engine may name, how files begin, how long they and
their functions are, and that suites and folders of tests have the same names.
"""
import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import program  # noqa: E402

# Which rooms, or single headers, each room or single file may include. A room is a folder without those in it; each may
# include itself. What is not here is not allowed. `X/` means X and all folders in it.
ALLOWED = {
    # What all of the engine shares, and what it offers. A batch is made of what decoding hands to conversations.
    'engine': ['engine/conversations', 'engine/decode'],
    'engine/pipeline.h': ['engine/pipeline/step_clock.h'],      # what a run tells of its steps
    'engine/conversations': ['engine'],
    'engine/decode': ['engine', 'engine/conversations'],
    'engine/decode/ip': ['engine', 'engine/decode'],
    'engine/decode/link': ['engine', 'engine/decode'],
    'engine/decode/tunnel': ['engine', 'engine/decode', 'engine/decode/link/wlan.h'],
    'engine/pipeline': ['engine', 'engine/conversations', 'engine/decode'],

    'io': ['engine'],
    'io/capture.c': ['io/formats/format.h'],        # a capture knows its format by its operations only
    'io/columns': ['engine', 'io', 'io/reports/names.h'],
    'io/filters': ['engine', 'io'],
    # A run is decoded by code that a format makes from the engine's template, since only the format knows its headers.
    'io/formats': ['engine', 'io', 'engine/decode/run_template.h'],
    'io/formats/registry.c': ['io/streams/stream.h'],   # which of the files that have no format are compressed
    'io/html': ['engine', 'engine/conversations', 'io', 'io/reports'],
    'io/metrics': ['engine', 'io', 'io/ports/port_counters.h', 'io/reports/names.h'],
    'io/outputs': ['io'],
    'io/pieces': ['engine', 'io', 'io/sets/set_source.h', 'io/outputs/outputs.h'],
    'io/ports': ['engine', 'io'],
    'io/ranks': ['io'],
    'io/reports': ['engine', 'io', 'io/columns', 'io/ports/port_counters.h', 'io/outputs/outputs.h'],
    'io/sheets': ['engine', 'io', 'io/columns', 'io/reports', 'io/outputs/outputs.h'],
    'io/sets': ['engine', 'io', 'io/streams/stream.h', 'io/formats/format.h', 'io/formats/resync.h', 'io/formats/registry.h', 'io/formats/kinds.h'],
    'io/streams': ['engine', 'io', 'io/texts/text.h'],
    'io/texts': ['engine'],

    'cli': ['engine', 'io/'],
    'lib': ['engine', 'io/'],
    'bench': ['engine/', 'io/'],
    'tests/': ['engine/', 'io/', 'tests/'],
    'tests/fuzz/command.c': ['cli/options.h'],
    'tests/library': ['lib/tcpreuse.h'],        # what a user of the library has
    'examples/library': [],
}

# The engine knows frames, not files. `pcap registry` and LINKTYPE_ are about link types, as is USBPcap.
FORMATS = re.compile(r'(?<!USB)pcap|netmon|netxray|snoop|nettl|iptrace|lanalyzer|commview', re.IGNORECASE)
LINK_TYPES = re.compile(r'LINKTYPE|linktypes\.html|pcap registry')

FILE_LINES, FUNCTION_LINES = 400, 60
# In the comment at a file's head: `Length: why` and `Length of FUNCTION: why`.
REASON = re.compile(r'\bLength(?: of (\w+))?: \w')

SUPPORT = ('lib', 'support')        # the folders of tests that are no suites


def sources(root):
    """The C files, by their paths from the root."""
    out = []
    for top in ('engine', 'io', 'cli', 'lib', 'bench', 'tests', 'examples'):
        for folder, _, names in os.walk(os.path.join(root, top)):
            out += [os.path.relpath(os.path.join(folder, name), root) for name in names if name.endswith(('.c', '.h'))]
    return sorted(out)


def read(root, path):
    with open(os.path.join(root, path), encoding='utf-8') as file:
        return file.read()


def covers(entry, path):
    """Whether an entry of ALLOWED names this file, or its room."""
    return path.startswith(entry) if entry.endswith('/') else entry in (path, os.path.dirname(path))


def check_includes(root, paths):
    out = []
    for path in paths:
        own = os.path.dirname(path)
        entries = [entry for key, value in ALLOWED.items() if covers(key, path) for entry in value] + [own]
        for number, line in enumerate(read(root, path).splitlines(), 1):
            match = re.match(r'\s*#\s*include\s+"(.*)"', line)
            if match and not any(covers(entry, match[1]) for entry in entries):
                out.append('%s:%d: %s may not include "%s"' % (path, number, own, match[1]))
            elif match and not os.path.exists(os.path.join(root, match[1])):
                out.append('%s:%d: no "%s" from the root on' % (path, number, match[1]))
    return out


def check_cycles():
    """Rooms that include each other are one room. In the engine they do: what all share (engine/batch.h) is made of what
    decoding hands to conversations."""
    above = {room: {e.rstrip('/') for e in entries if not e.endswith('.h')} for room, entries in ALLOWED.items()}
    out = []
    for room in sorted(above):
        todo, seen = list(above[room]), set()
        while todo:
            at = todo.pop()
            if at not in seen:
                seen.add(at)
                todo += above.get(at, ())
        if room in seen and not room.startswith(('tests', 'engine')):
            out.append('%s includes itself by way of others' % room)
    return out


def check_names(root, paths):
    out = []
    for path in paths:
        if path.startswith('engine/'):
            for number, line in enumerate(read(root, path).splitlines(), 1):
                match = FORMATS.search(line)
                if match and not LINK_TYPES.search(line):
                    out.append('%s:%d: the engine names a capture format: %s' % (path, number, match[0]))
    return out


def head(text):
    """The comment with which a file opens; None without one."""
    match = re.match(r'\s*(/\*.*?\*/|(?://[^\n]*\n)+)', text, re.DOTALL)
    return match[0] if match else None


def check_heads(root, paths):
    return ['%s: no comment at its head that says what it is for' % path
            for path in paths if path.endswith('.c') and not head(read(root, path))]


def functions(text):
    """(name, line, lines of the body) of each function, and of each test of Criterion."""
    lines, start = text.split('\n'), None
    for i, line in enumerate(lines):
        if line == '{':
            start = i
        elif line == '}' and start is not None:
            first = start - 1
            while first > 0 and lines[first][:1] in (' ', '\t'):
                first -= 1
            declaration = ' '.join(lines[first:start])
            match = re.search(r'\bTest\(\w+,\s*(\w+)', declaration) or re.search(r'(\w+)\s*\(', re.sub(
                r'__attribute__\(\(.*?\)\)', '', declaration))
            yield match[1] if match else '?', first + 1, i - start - 1
            start = None


def check_lengths(root, paths):
    out = []
    for path in paths:
        text = read(root, path)
        reasons = set(REASON.findall(re.sub(r'\s*\n \* ', ' ', head(text) or '')))
        count = text.count('\n')
        if count > FILE_LINES and '' not in reasons:
            out.append('%s: %d lines, more than %d, and no "Length: ..." at its head says why' % (path, count, FILE_LINES))
        long = {name: (line, size) for name, line, size in functions(text) if size > FUNCTION_LINES}
        for name, (line, size) in long.items():
            if name not in reasons:
                out.append('%s:%d: %s has %d lines, more than %d, and no "Length of %s: ..." at the file\'s head says why' % (
                    path, line, name, size, FUNCTION_LINES, name))
        out += ['%s: gives a reason for the length of %s, which is not long' % (path, name)
                for name in sorted(reasons - set(long) - {''})]
        if '' in reasons and count <= FILE_LINES:
            out.append('%s: gives a reason for its length, and is not long' % path)
    return out


def check_suites(root):
    """Each folder of tests is a suite of the same name, which CONTRIBUTING.md explains."""
    out, tests = [], os.path.join(root, 'tests')
    table = set(re.findall(r'^\| `(\w+)` \|', read(root, 'CONTRIBUTING.md'), re.MULTILINE))
    folders = sorted(n for n in os.listdir(tests) if os.path.isdir(os.path.join(tests, n)) and n not in SUPPORT + ('__pycache__',))
    for name in folders:
        path = os.path.join('tests', name, 'meson.build')
        if not os.path.exists(os.path.join(root, path)):
            out.append('tests/%s: no meson.build' % name)
            continue
        suites = set(re.findall(r"suite:\s*'(\w+)'", read(root, path)))
        if suites != {name}:
            out.append('%s: the suite is %s, the folder %s' % (path, ' and '.join(sorted(suites)) or 'not named', name))
        if name not in table:
            out.append('CONTRIBUTING.md: the table of suites lacks %s' % name)
    out += ['CONTRIBUTING.md: there is no suite %s' % name for name in sorted(table - set(folders))]
    out += ['tests/%s: a test belongs into the folder of its suite' % name for name in sorted(os.listdir(tests))
            if name.endswith(('.py', '.c'))]
    return out


def check_python(root):
    """Only tests/lib writes TAP and the records of pcap files."""
    out = []
    for folder, _, names in os.walk(os.path.join(root, 'tests')):
        for name in sorted(names):
            path = os.path.relpath(os.path.join(folder, name), root)
            if not name.endswith('.py') or path.startswith(('tests/lib/', 'tests/tree/')):
                continue
            text = read(root, path)
            for what, pattern in (('TAP', r'\bnot ok\b.*- %|ok %d|class Tap\b'), ('the header of pcap files', r'IHHiIII|HHiIII')):
                if re.search(pattern, text):
                    out.append('%s: %s is the business of tests/lib' % (path, what))
    return out


def main():
    root = os.path.abspath(sys.argv[1]) if len(sys.argv) > 1 else os.path.join(HERE, '..', '..')
    paths, tap = sources(root), program.Tap()
    tap.ok('%d C files' % len(paths), [] if len(paths) > 100 else ['too few: is %s the root?' % root])
    tap.ok('rooms include only what they may', check_includes(root, paths))
    tap.ok('the table of rooms has no circle', check_cycles())
    tap.ok('the engine names no capture format', check_names(root, paths))
    tap.ok('each .c file opens with a comment', check_heads(root, paths))
    tap.ok('files of %d lines, functions of %d, or a reason' % (FILE_LINES, FUNCTION_LINES), check_lengths(root, paths))
    tap.ok('suites are folders', check_suites(root))
    tap.ok('one writer of TAP, and of pcap files', check_python(root))
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
