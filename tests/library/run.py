#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: run.py TCPREUSE LIBRARY ROOT EXAMPLE-REUSES EXAMPLE-PUSH CAPTURE

What is around libtcpreuse: the symbols that it exports and the libraries that it brings, and the examples, which give what the
command does.
"""
import csv
import io
import os
import re
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import program  # noqa: E402

HARMLESS = ('in-order', 'early-accepted', 'copy')


def output(command):
    return subprocess.run(command, stdout=subprocess.PIPE, check=True).stdout.decode()


def declared(root):
    """The functions of the header."""
    with open(os.path.join(root, 'lib', 'tcpreuse.h'), encoding='utf-8') as file:
        text = re.sub(r'/\*.*?\*/', '', file.read(), flags=re.DOTALL)
    return set(re.findall(r'\b(tcpreuse_\w+)\(', text))


def exported(library):
    """name: version, of all that the library exports but the names of versions."""
    lines = [line.split() for line in output(['nm', '-D', '--defined-only', library]).splitlines()]
    return dict(fields[2].split('@@') for fields in lines if fields[1] != 'A')


def check_symbols(library, root):
    out, symbols = [], exported(library)
    if set(symbols) != declared(root):
        out.append('exported and in the header differ: %s' % sorted(set(symbols) ^ declared(root)))
    return out


def check_lists(library, root):
    """Complaints unless what is exported is what the linker's script and Debian's list of symbols say. A symbol that was in a
    release stays; one that is new gets a version of its own."""
    have, out = exported(library), []
    with open(os.path.join(root, 'lib', 'tcpreuse.map'), encoding='utf-8') as file:
        text = re.sub(r'#.*', '', file.read())
    script = {name: node for node, names in re.findall(r'(\S+) \{(.*?)\}', text, re.DOTALL) for name in re.findall(r'tcpreuse_\w+', names)}
    with open(os.path.join(root, 'debian', 'libtcpreuse0.symbols'), encoding='utf-8') as file:
        debian = dict(re.findall(r'^ (tcpreuse_\w+)@(\S+) ', file.read(), re.MULTILINE))
    for name, listed in (('lib/tcpreuse.map', script), ('debian/libtcpreuse0.symbols', debian)):
        if listed != have:
            out.append('%s: %s' % (name, sorted(set(listed.items()) ^ set(have.items()))))
    return out


def check_manual(root):
    """Complaints unless the man page has each function with its arguments."""
    with open(os.path.join(root, 'docs', 'tcpreuse.3'), encoding='utf-8') as file:
        text = file.read()
    with open(os.path.join(root, 'lib', 'tcpreuse.h'), encoding='utf-8') as file:
        header = re.sub(r'\s+', ' ', re.sub(r'/\*.*?\*/', '', file.read(), flags=re.DOTALL))
    out = []
    for name, arguments in re.findall(r'(tcpreuse_\w+)\(([^)]*)\);', header):
        wanted = '.Fn %s %s' % (name, ' '.join('"%s"' % a.strip() for a in arguments.split(',')) if arguments != 'void' else 'void')
        if wanted not in text.splitlines():
            out.append('docs/tcpreuse.3 lacks: ' + wanted)
        if not re.search(r'^\.Nm %s( ,)?$' % name, text, re.MULTILINE):
            out.append('docs/tcpreuse.3 is not named %s' % name)
    return out


def check_needed(library):
    """Complaints if the library brings what only the command needs."""
    text = output(['readelf', '-d', library])
    out = ['it needs lib' + name for name in ('pcap', 'dpdk', 'rte', 'jemalloc', 'xlsxwriter', 'stdc++') if '[lib' + name in text]
    return out if '[libtcpreuse.so.0]' in text else out + ['its SONAME is not libtcpreuse.so.0']


def rows_of(tcpreuse, paths):
    done = program.bare([tcpreuse, '-q', '--format', 'csv'] + paths)
    return list(csv.DictReader(io.StringIO(done.out.decode())))


def check_reuses(tcpreuse, example, path):
    """The example prints the rows that did harm, and nothing else."""
    done = program.bare([example, path])
    found = re.findall(r'^(.*), frame (\d+): (\S+) port (\d+) to (\S+) port (\d+), (\S+) s after .*: (\S+)$', done.out.decode(), re.M)
    wanted = [(path, row['frame'], row['src'], row['src_port'], row['dst'], row['dst_port'], '%.3f' % float(row['gap']), row['verdict'])
              for row in rows_of(tcpreuse, [path]) if row['verdict'] not in HARMLESS]
    if done.status or done.err or found != wanted or len(found) != len(done.out.splitlines()):
        return [done.describe(), '%d lines, not %d' % (len(done.out.splitlines()), len(wanted))]
    return []


def check_push(tcpreuse, example, path):
    with open(path, 'rb') as file:
        done = program.bare([example], stdin=file)
    wanted = ['frame %s: %s' % (row['frame'], row['verdict']) for row in rows_of(tcpreuse, [path])]
    return [] if not done.status and done.out.decode().splitlines() == wanted else [done.describe(), done.out.decode()[:200]]


def main():
    tcpreuse, library, root, reuses, push, path = sys.argv[1:7]
    tap = program.Tap()
    tap.ok('it exports what the header declares, and nothing else', check_symbols(library, root))
    tap.ok('they are those of the lists of symbols', check_lists(library, root))
    tap.ok('the man page has all functions', check_manual(root))
    tap.ok('it brings no library that only the command needs', check_needed(library))
    captures = [os.path.join(root, 'examples', name) for name in ('port-reuse.pcap', 'verdicts.pcap')] + [path]
    for capture in captures:
        tap.ok('examples/library/reuses.c on %s' % os.path.basename(capture), check_reuses(tcpreuse, reuses, capture))
        tap.ok('examples/library/push.c on %s' % os.path.basename(capture), check_push(tcpreuse, push, capture))
    done = program.bare([reuses, os.path.join(root, 'no-such.pcap')])
    tap.ok('an example without its file', [] if done.status == 1 and b'no-such.pcap' in done.err and not done.out else [done.describe()])
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
