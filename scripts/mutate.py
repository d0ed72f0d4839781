# SPDX-License-Identifier: BSD-2-Clause
"""The program behind scripts/mutate.sh, which explains it."""
import argparse
import ctypes
import os
import random
import re
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = os.path.normpath(os.path.join(os.path.dirname(os.path.abspath(__file__)), '..'))
SUITES = ('unit', 'scenario')
# Tests of these suites that take longer than all others together.
SLOW = re.compile(r'allocation')
# Lines of which no test can tell whether they are there.
WITHOUT_EFFECT = re.compile(r'\bassert\(|_Static_assert|prefetch|_fetch\(|clock|sched_yield|\bunlikely\(false|fprintf\(stderr')
STATEMENT = re.compile(r'(?!return|break|continue|goto|case|default|else|do\b)[\w.\->\[\]*()&!]+( [-+*/|&^]?=|\+\+;|--;|\().*;$')


def blank(match):
    return re.sub(r'[^\n]', ' ', match[0])


def code_only(text):
    """The text with comments, literals and preprocessor lines blanked out: offsets stay the same."""
    text = re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])+\'', blank, text, flags=re.DOTALL)
    return re.sub(r'^[ \t]*#(?:[^\n]*\\\n)*[^\n]*', blank, text, flags=re.MULTILINE)


def bodies(code):
    """(begin, end, is void) of each function's body."""
    for match in re.finditer(r'^\{\n(.*?)^\}', code, re.DOTALL | re.MULTILINE):
        before = code[:match.start()].rstrip().rsplit('\n\n', 1)[-1]
        yield match.start(1), match.end(1), bool(re.search(r'\bvoid\s+\w+\s*\(', before))


def closing(code, at):
    """The offset behind the parenthesis that closes the one at `at`."""
    depth = 0
    for i in range(at, len(code)):
        depth += (code[i] == '(') - (code[i] == ')')
        if depth == 0:
            return i + 1
    return None


SWAPS = {'<': ('<=', '>='), '<=': ('<', '>'), '>': ('>=', '<='), '>=': ('>', '<'), '==': ('!=',), '!=': ('==',), '&&': ('||',), '||': ('&&',),
         '+': ('-',), '-': ('+',), '+=': ('-=',), '-=': ('+=',), '++': ('--',), '--': ('++',), '|=': ('&=',), '&': ('|',), '|': ('&',)}
OPERATORS = re.compile(r'(?<= )(<=|>=|==|!=|&&|\|\||\+=|-=|\|=|<|>|\+|-|&|\|)(?= )|(?<=\w)(\+\+|--)')


def changes(code, begin, end, is_void):
    """(offset, length, new text, what) of each change to a function's body."""
    body = code[begin:end]
    for match in OPERATORS.finditer(body):
        for new in SWAPS[match[0]]:
            yield begin + match.start(), len(match[0]), new, '%s for %s' % (new, match[0])
    for match in re.finditer(r'(?<![\w.])(\d+)(?![\w.])', body):
        if body[:match.start()].endswith('-'):
            continue        # -1 is an error, and so is -2
        for new in sorted({str(int(match[1]) + 1), str(max(0, int(match[1]) - 1))} - {match[1]}):
            yield begin + match.start(), len(match[1]), new, 'another constant'
    for match in re.finditer(r'\bif \(', body):
        at = begin + match.end() - 1
        last = closing(code, at)
        if last:
            yield at, last - at, lambda old: '(!%s)' % old, 'the condition negated'
    for match in re.finditer(r'^[ \t]+(\S[^\n]*;)$', body, re.MULTILINE):
        if STATEMENT.match(match[1]):
            yield begin + match.start(1), len(match[1]), ';', 'a statement left out'
    for match in re.finditer(r'\breturn ([^;]+);', body):
        for new in ('0', '1', '-1'):
            if match[1] not in (new, 'true' if new == '1' else 'false'):
                yield begin + match.start(1), len(match[1]), new, 'another value returned'
    if is_void:
        yield begin, 0, '    return;\n', 'returned at once'
        for match in re.finditer(r';\n(?=    \w)', body):
            yield begin + match.end(), 0, '    return;\n', 'returned early'


def candidates(files):
    """(file, offset, old text, new text, what) of all changes, in order."""
    out = []
    for name in files:
        with open(os.path.join(ROOT, name), encoding='utf-8') as file:
            text = file.read()
        code = code_only(text)
        for begin, end, is_void in bodies(code):
            for at, length, new, what in changes(code, begin, end, is_void):
                line = text[text.rfind('\n', 0, at) + 1:text.find('\n', at)]
                if not WITHOUT_EFFECT.search(line):
                    old = text[at:at + length]
                    out.append((name, at, old, new(old) if callable(new) else new, what))
    return out


def sources(arguments):
    out = []
    for argument in arguments:
        path = os.path.join(ROOT, os.path.relpath(os.path.abspath(argument), ROOT))
        if not os.path.exists(path):
            sys.exit('mutate: no %s' % argument)
        for folder, _, names in os.walk(path):
            out += [os.path.relpath(os.path.join(folder, n), ROOT) for n in names if n.endswith(('.c', '.h'))]
        if os.path.isfile(path):
            out.append(os.path.relpath(path, ROOT))
    return sorted(set(out))


def confine():
    """A loop that does not end any more must not take the machine with it."""
    resource.setrlimit(resource.RLIMIT_DATA, (4 << 30, 4 << 30))
    resource.setrlimit(resource.RLIMIT_FSIZE, (1 << 30, 1 << 30))
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))


def adopt_orphans():
    """From here on a process whose parent has ended is this one's child, whatever session it has made for itself."""
    PR_SET_CHILD_SUBREAPER = 36
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def children():
    """The process ids of this process's children."""
    out = []
    for name in filter(str.isdigit, os.listdir('/proc')):
        try:
            with open('/proc/%s/stat' % name) as file:
                parent = file.read().rpartition(')')[2].split()[1]
        except OSError:
            continue        # it has ended
        if int(parent) == os.getpid():
            out.append(int(name))
    return out


def end_children():
    """Ends what a run has left: meson's tests, and Criterion's workers, are in sessions and groups of their own. Their
    children become this process's once they have ended."""
    left = children()
    while left:
        for pid in left:
            os.kill(pid, signal.SIGKILL)
        for pid in left:
            os.waitpid(pid, 0)
        left = children()


def run(command, limit=None, show=False):
    """Its exit status, or None when it took too long; then all that it started is killed. show: its output."""
    process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=2 if show else subprocess.DEVNULL,
                               stderr=None if show else subprocess.DEVNULL, start_new_session=True, preexec_fn=confine)
    try:
        return process.wait(limit)
    except subprocess.TimeoutExpired:
        return None
    finally:
        if process.poll() is None:
            process.kill()
            process.wait()
        end_children()


class Copy:
    """A copy of the tree, built, in a temporary directory."""

    def __init__(self, directory):
        self.tree, self.build = os.path.join(directory, 'tree'), os.path.join(directory, 'build')
        names = subprocess.run(['git', '-C', ROOT, 'ls-files', '-z', '--cached', '--others', '--exclude-standard'],
                               stdout=subprocess.PIPE, check=True).stdout.decode().split('\0')
        for name in filter(None, names):
            if os.path.isfile(os.path.join(ROOT, name)):
                os.makedirs(os.path.dirname(os.path.join(self.tree, name)), exist_ok=True)
                shutil.copy2(os.path.join(ROOT, name), os.path.join(self.tree, name))
        if run(['meson', 'setup', '--buildtype=debugoptimized', '-Dbench=false', '-Dtests=true', self.build, self.tree]):
            sys.exit('mutate: meson setup failed')

    def compiles(self, show=False):
        return run(['ninja', '--quiet', '-C', self.build], show=show) == 0

    def passes(self, limit=None, show=False):
        """Whether all tests pass, within limit seconds."""
        return run(['meson', 'test', '-C', self.build, '--no-rebuild', '--maxfail', '1', '-t', '0'] + self.tests(), limit, show) == 0

    def tests(self):
        """The names of the quick tests."""
        listed = subprocess.run(['meson', 'test', '-C', self.build, '--no-rebuild', '--list'] + ['--suite=' + suite for suite in SUITES],
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, check=True).stdout
        names = [line.split(' / ')[-1].strip() for line in listed.splitlines() if ' / ' in line]
        return [name for name in names if not SLOW.search(name)]

    def write(self, name, text):
        path = os.path.join(self.tree, name)
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)

    def original(self, name):
        with open(os.path.join(ROOT, name), encoding='utf-8') as file:
            return file.read()


def show(name, text, at, old, new, what):
    """file:line and the change, as lines to read."""
    changed = text[:at] + new + text[at + len(old):]
    first = text.rfind('\n', 0, at) + 1
    before = text[first:text.find('\n', at + len(old))]
    after = changed[first:changed.find('\n', at + len(new))]
    lines = ['%s:%d: %s' % (name, text.count('\n', 0, at) + 1, what)]
    lines += ['  - ' + line for line in before.split('\n')] + ['  + ' + line for line in after.split('\n')]
    return '\n'.join(lines)


def main():
    parser = argparse.ArgumentParser(prog='mutate.sh')
    parser.add_argument('--seed', type=int, default=1)
    parser.add_argument('--limit', type=float)
    parser.add_argument('--list', action='store_true')
    parser.add_argument('what', nargs='+')
    args = parser.parse_args()
    count = int(args.what.pop(0)) if args.what[0].isdigit() else 20
    if not args.what:
        parser.error('no folder and no file')
    possible = candidates(sources(args.what))
    random.Random(args.seed).shuffle(possible)
    if args.list:
        for change in possible[:count]:
            with open(os.path.join(ROOT, change[0]), encoding='utf-8') as file:
                print(show(change[0], file.read(), *change[1:]))
        return 0
    os.environ['TCPREUSE_SCENARIO_THREADS'] = '3'
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    adopt_orphans()
    survivors, tried, invalid = [], 0, 0
    with tempfile.TemporaryDirectory(prefix='mutate-') as directory:
        copy = Copy(directory)
        if not copy.compiles(show=True):
            sys.exit('mutate: it does not compile as it is')
        began = time.monotonic()
        if not copy.passes(show=True):
            sys.exit('mutate: the suites %s do not pass as it is' % ' and '.join(SUITES))
        took = time.monotonic() - began
        limit = args.limit or 60 + 4 * took
        print('as it is, the suites pass in %.0f s' % took, flush=True)
        for name, at, old, new, what in possible:
            if tried == count:
                break
            text = copy.original(name)
            copy.write(name, text[:at] + new + text[at + len(old):])
            if copy.compiles():
                tried += 1
                survived = copy.passes(limit)
                print('%d: %s: %s' % (tried, 'SURVIVED' if survived else 'noticed', show(name, text, at, old, new, what)), flush=True)
                if survived:
                    survivors.append(show(name, text, at, old, new, what))
            else:
                invalid += 1
            copy.write(name, text)
    print('\n%d of %d changes noticed (%d others did not compile; seed %d)' % (tried - len(survivors), tried, invalid, args.seed))
    if survivors:
        print('survivors:')
        print('\n'.join(survivors))
    return 0


if __name__ == '__main__':
    sys.exit(main())
