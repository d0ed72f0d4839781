# SPDX-License-Identifier: BSD-2-Clause
"""What scripts/check.sh runs: analyzers over the compile commands of two builds, and what they find.

usage: check.py [-j N] BUILD TOOL[,TOOL]... FOLDER-OR-FILE...

BUILD has the directories gcc and clang, set up by Meson. A finding of gcc or scan-build is explained, as one of clang-tidy is, by
NOLINT(CHECK): REASON on its line or NOLINTNEXTLINE(CHECK): REASON on the one before. CHECK is analyzer-... for gcc and
clang-analyzer-... for scan-build. An explanation without a name or a reason is a finding, too.
"""
import argparse
import concurrent.futures
import glob
import json
import os
import plistlib
import re
import shlex
import subprocess
import sys
import tempfile
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
WARNING = re.compile(r'^(?P<file>[^\s:][^:]*):(?P<line>\d+):(?:\d+:)? (?:warning|error|fatal error): (?P<text>.*)$', re.MULTILINE)
EXPLAINS = re.compile(r'NOLINT(NEXTLINE|BEGIN|END)?\b(?P<names>\([^)]*\))?(?P<reason>:\s*\S)?')
# Checks of gcc 12 that are off. too-complex: is about its own limits. malloc-leak: it loses memory whose only pointer is in an
# element of an array, or in what a pointer points to: all of the 28 leaks that it found were freed later. Leaks are looked for
# by scan-build, and by tests with AddressSanitizer and with an allocator that fails.
GCC_OFF = ('-Wno-analyzer-too-complex', '-Wno-analyzer-malloc-leak')


def commands(build, compiler, wanted):
    """One compile command a file, with paths from the root: a file that is compiled twice is checked once."""
    found = {}
    with open(os.path.join(build, compiler, 'compile_commands.json')) as file:
        for entry in json.load(file):
            path = os.path.relpath(os.path.join(entry['directory'], entry['file']), ROOT)
            if any(path == w or path.startswith(w + '/') for w in wanted):
                found.setdefault(path, {'file': os.path.join(ROOT, path), 'directory': entry['directory'],
                                        'command': entry['command'].removeprefix('ccache ')})
    return found


def database(directory, found):
    path = os.path.join(directory, 'compile_commands.json')
    with open(path, 'w') as file:
        json.dump(list(found.values()), file)
    return path


def explained(path, line, check, texts={}):
    """Does its line, or the one before, say why this is none?"""
    if path not in texts:
        with open(os.path.join(ROOT, path), encoding='utf-8') as file:
            texts[path] = file.read().split('\n')
    here = texts[path][max(line - 2, 0):line]
    words = re.search(r'NOLINT\(([^)]*)\)', here[-1]), re.search(r'NOLINTNEXTLINE\(([^)]*)\)', here[0])
    return any(w and check in w.group(1) for w in words)


def from_root(path, directory=ROOT):
    return os.path.relpath(os.path.join(directory, path), ROOT)


def each(jobs, work, entries):
    with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
        return {finding for findings in pool.map(work, entries) for finding in findings}


def warnings_of(output, directory):
    """(file, line, text, check) of each warning in what a compiler or clang-tidy prints."""
    for m in WARNING.finditer(output):
        names = re.search(r'\[-?W?([\w.,-]+)\]$', m['text'])
        yield from_root(m['file'], directory), int(m['line']), m['text'], names.group(1) if names else ''


def run_gcc(build, wanted, jobs):
    def work(entry):
        words = shlex.split(entry['command'])
        for name in ('-o', '-MF', '-MQ'):
            words[words.index(name) + 1] = '/dev/null'
        words = [w for w in words if not w.startswith('-fdiagnostics')] + ['-fanalyzer', '-fdiagnostics-plain-output',
                                                                         *GCC_OFF]
        done = subprocess.run(words, cwd=entry['directory'], capture_output=True, text=True)
        found = [w for w in warnings_of(done.stderr, entry['directory']) if not explained(w[0], w[1], w[3])]
        if done.returncode and not found:
            found.append((from_root(entry['file']), 0, done.stderr.strip(), ''))
        return [w[:3] for w in found]
    return each(jobs, work, commands(build, 'gcc', wanted).values())


def run_tidy(build, wanted, jobs):
    """The checks of clang-analyzer are left to scan-build: they take most of the time, and would take it twice."""
    entries = commands(build, 'clang', wanted)
    with tempfile.TemporaryDirectory() as directory:
        database(directory, entries)

        def work(path):
            done = subprocess.run(['clang-tidy', '--quiet', '-p', directory, '--checks=-clang-analyzer-*', os.path.join(ROOT, path)],
                                  cwd=ROOT, capture_output=True, text=True)
            found = [w[:3] for w in warnings_of(done.stdout, entries[path]['directory'])]
            return found if found or not done.returncode else [(path, 0, done.stderr.strip())]
        return each(jobs, work, entries)


def run_scan_build(build, wanted, jobs):
    """analyze-build is the scan-build for compile commands; it takes as many processors as there are."""
    tool = min(glob.glob('/usr/bin/analyze-build*'), key=len, default='analyze-build')
    found = set()
    with tempfile.TemporaryDirectory() as directory:
        path = database(directory, commands(build, 'clang', wanted))
        done = subprocess.run([tool, '--cdb', path, '--plist', '--keep-empty', '-o', directory],
                              cwd=ROOT, capture_output=True, text=True)
        reports = glob.glob(os.path.join(directory, '*', '*.plist'))
        if done.returncode or not reports:
            found.add(('scan-build', 0, done.stderr.strip()))
        for report in reports:
            with open(report, 'rb') as file:
                data = file.read()
            if not data.strip():
                continue        # of a file without findings, in some versions
            plist = plistlib.loads(data)
            for d in plist['diagnostics']:
                place, check = d['location'], 'clang-analyzer-' + d['check_name']
                file = from_root(plist['files'][place['file']])
                if not explained(file, place['line'], check):
                    found.add((file, place['line'], '%s [%s]' % (d['description'], check)))
    return found


def run_cppcheck(build, wanted, jobs):
    entries = commands(build, 'clang', wanted)
    for entry in entries.values():     # it does not know -iquote
        entry['command'] = entry['command'].replace('-iquote ', '-I')
    with tempfile.TemporaryDirectory() as directory:
        done = subprocess.run(
            ['cppcheck', '--project=' + database(directory, entries), '-j', str(jobs), '--std=c11', '--library=posix,gnu',
             '--enable=warning,performance,portability', '--inline-suppr', '--quiet', '--error-exitcode=1',
             '--suppressions-list=' + os.path.join(ROOT, 'scripts', 'cppcheck.txt'),
             '--template={file}:{line}:{column}: warning: {message} [{id}]'], cwd=ROOT, capture_output=True, text=True)
    found = {w[:3] for w in warnings_of(done.stderr, ROOT)}
    if done.returncode and not found:
        found.add(('cppcheck', 0, (done.stdout + done.stderr).strip()))
    return found


def explanations(wanted):
    """Those that lack a name or a reason."""
    out = set()
    for top in wanted:
        paths = [top] if os.path.isfile(top) else [os.path.join(d, n) for d, _, names in os.walk(top) for n in names]
        for path in (p for p in paths if p.endswith(('.c', '.h'))):
            with open(path, encoding='utf-8') as file:
                for number, line in enumerate(file, 1):
                    for m in EXPLAINS.finditer(line):
                        if not m['names'] or (m.group(1) != 'END' and not m['reason']):
                            out.add((path, number, 'an explanation needs the name of a check and a reason'))
                    if re.search(r'cppcheck-suppress\s+\S+\s*(\*/)?$', line):
                        out.add((path, number, 'a suppression needs a reason'))
    return out


TOOLS = {'gcc': run_gcc, 'clang-tidy': run_tidy, 'scan-build': run_scan_build, 'cppcheck': run_cppcheck}


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('-j', type=int, default=os.cpu_count())
    parser.add_argument('build')
    parser.add_argument('tools')
    parser.add_argument('wanted', nargs='+')
    options = parser.parse_args()
    tools = options.tools.split(',')
    unknown = [t for t in tools if t not in TOOLS]
    if unknown:
        parser.error('no such tool: %s; there are %s' % (', '.join(unknown), ', '.join(TOOLS)))
    build = os.path.abspath(options.build)
    wanted = [os.path.relpath(w, ROOT) for w in options.wanted]
    os.chdir(ROOT)
    count = len(commands(build, 'gcc', wanted))
    if not count:
        sys.exit('check: no file is compiled from: ' + ' '.join(wanted))
    all_found = 0
    for name, find in [('explanations', lambda *_: explanations(wanted))] + [(t, TOOLS[t]) for t in tools]:
        start = time.monotonic()
        found = find(build, wanted, options.j)
        for path, line, text in sorted(found):
            print('%s:%d: %s: %s' % (path, line, name, text))
        print('%s: %d findings in %d files, %.0f s' % (name, len(found), count, time.monotonic() - start), flush=True)
        all_found += len(found)
    return all_found > 0


if __name__ == '__main__':
    sys.exit(main())
