# SPDX-License-Identifier: BSD-2-Clause
"""What is set side by side, and how it is timed."""
import os
import shutil
import statistics
import time

from . import traces

# Frames of a trace that the slower tools are given. They are timed by the frame.
ALL, PART, LITTLE = None, 400000, 50000

# name, program, arguments ({file}, {scratch}), frames, what it is
OTHERS = [
    ('capinfos', 'capinfos', ['-c', '-M', '{file}'], ALL),
    ('tcpdump', 'tcpdump', ['-n', '-r', '{file}', '-w', '/dev/null', 'tcp[tcpflags] & (tcp-syn|tcp-fin|tcp-rst) != 0'], ALL),
    ('tcptrace', 'tcptrace', ['-n', '{file}'], PART),
    ('nfpcapd', 'nfpcapd', ['-r', '{file}', '-w', '{scratch}'], PART),
    ('softflowd', 'softflowd', ['-r', '{file}', '-d', '-n', '127.0.0.1:9'], PART),
    ('argus', 'argus', ['-X', '-r', '{file}', '-w', '/dev/null'], PART),
    ('ndpiReader', 'ndpiReader', ['-q', '-i', '{file}'], PART),
    ('tshark', 'tshark', ['-n', '-r', '{file}', '-Y', 'tcp.analysis.reused_ports', '-T', 'fields', '-e', 'frame.number'], LITTLE),
]


class Tool:
    """A command; {file} in it is the trace."""

    def __init__(self, name, command, frames=ALL, threads=0):
        self.name, self.command, self.frames, self.threads = name, command, frames, threads

    def on(self, path, scratch):
        return [word.format(file=path, scratch=scratch) for word in self.command]


def tcpreuse(program, threads, *options):
    return Tool('tcpreuse -j%d' % threads, [program, '-q', '-j', str(threads)] + list(options) + ['{file}'], threads=threads)


def others(wanted):
    """Those that are installed (and wanted, if there is a list of names)."""
    found = []
    for name, program, arguments, frames in OTHERS:
        path = shutil.which(program)
        if path and (not wanted or name in wanted):
            found.append(Tool(name, [path] + arguments, frames))
    return found


class Run:
    def __init__(self, seconds, processor, peak, status):
        self.seconds, self.processor, self.peak, self.status = seconds, processor, peak, status


def run(command, out=os.devnull, errors=os.devnull):
    """Wall and processor time of a command from its start to its end."""
    actions = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0),
               (os.POSIX_SPAWN_OPEN, 1, out, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600),
               (os.POSIX_SPAWN_OPEN, 2, errors, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)]
    start = time.perf_counter()
    child = os.posix_spawn(command[0], command, os.environ, file_actions=actions)
    _, status, usage = os.wait4(child, 0)
    seconds = time.perf_counter() - start
    return Run(seconds, usage.ru_utime + usage.ru_stime, usage.ru_maxrss * 1024, os.waitstatus_to_exitcode(status))


class Result:
    """One tool on one trace: all runs."""

    def __init__(self, suite, label, tool, trace, runs, x=None, rows=None):
        self.suite, self.label, self.tool, self.trace, self.runs, self.x, self.rows = suite, label, tool, trace, runs, x, rows
        seconds = [r.seconds for r in runs]
        self.median, self.least, self.most = statistics.median(seconds), min(seconds), max(seconds)
        self.processor = statistics.median(r.processor for r in runs)
        self.peak = max(r.peak for r in runs)
        self.ns, self.processor_ns = self.median * 1e9 / trace.frames, self.processor * 1e9 / trace.frames
        self.own = None  # bytes of memory that are of no file, where it is known
        self.cat = None  # how many times as long as cat, by the frame


def interleave(suite, label, work, rounds, scratch, cold=False, x=None):
    """work: (tool, trace, path, rows) each. One round runs all of them, each round in another order, so that a busy machine slows all
    of them alike. A tool that fails is left out."""
    runs = [[] for _ in work]
    broken = set()
    for round_number in range(rounds):
        for k in range(len(work)):
            i = (k + round_number) % len(work)
            tool, _, path, _ = work[i]
            if i in broken:
                continue
            if cold:
                traces.evict(path)
            else:
                traces.warm(path)
            one = run(tool.on(path, scratch))
            if one.status:
                broken.add(i)
                print('compare: %s ended with status %d: left out' % (tool.name, one.status), flush=True)
            runs[i].append(one)
    results = [Result(suite, label, tool, trace, runs[i], x, rows)
               for i, (tool, trace, _, rows) in enumerate(work) if i not in broken]
    cat = [r for r in results if r.tool.name == 'cat']
    for r in results:
        r.cat = r.ns / cat[0].ns if cat else None
    return results
