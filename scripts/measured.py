# SPDX-License-Identifier: BSD-2-Clause
"""Runs tcpreuse for scripts/load.py and scripts/attackers.py: processor seconds, peak memory and what summary.json says."""
import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time

ROOT = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(ROOT, 'tests', 'lib'))


# A process takes over the peak of the memory of the one that starts it, up to exec. So a small one does, which writes exit status,
# processor seconds and kilobytes to a descriptor.
LAUNCHER = '''
import os, sys
told = int(sys.argv[1])
os.set_inheritable(told, False)
_, status, used = os.wait4(os.posix_spawn(sys.argv[2], sys.argv[2:], os.environ), 0)
os.write(told, b'%d %f %d' % (os.waitstatus_to_exitcode(status), used.ru_utime + used.ru_stime, used.ru_maxrss))
'''


class Run:
    """status, err (text), seconds, processor (seconds of user and system), peak (bytes), summary (dict, or None), rows (the lines of
    reuse.csv behind its header, where they were wanted)."""

    def frames(self):
        return self.summary['frames']['read']

    def a_frame(self):
        """Nanoseconds of processor time."""
        return self.processor * 1e9 / max(self.frames(), 1)

    def describe(self):
        return '%d frames, %d conversations, %d reuses, %.1f s, %.1f s of processor time, %.0f ns a frame, %d MB at most' % (
            self.frames(), self.summary['conversations'], self.summary['reuses']['total'], self.seconds, self.processor, self.a_frame(),
            self.peak / 1e6)


def run(tcpreuse, arguments, feed=None, reports=('summary',), keep_rows=False):
    """feed: writes a capture into the file that it is given, which is a pipe to standard input."""
    result = Run()
    with tempfile.TemporaryDirectory(prefix='tcpreuse-measured-') as out:
        command = [tcpreuse, '-q', '-o', out, '--reports', ','.join(reports)] + [str(a) for a in arguments]
        start = time.monotonic()
        tells, told = os.pipe()
        with tempfile.TemporaryFile() as errors, open(tells, encoding='ascii') as tells:
            child = subprocess.Popen([sys.executable, '-I', '-S', '-c', LAUNCHER, str(told)] + command, pass_fds=[told],
                                     stdin=subprocess.PIPE if feed else subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=errors)
            os.close(told)
            if feed:
                thread = threading.Thread(target=feed_pipe, args=(feed, child.stdin))
                thread.start()
            status, processor, kilobytes = tells.read().split()
            child.wait()
            if feed:
                thread.join()
            errors.seek(0)
            result.err = errors.read().decode(errors='replace')
        result.seconds = time.monotonic() - start
        result.status, result.processor, result.peak = int(status), float(processor), int(kilobytes) * 1024
        path = os.path.join(out, 'summary.json')
        result.summary = None
        if os.path.exists(path):
            with open(path, encoding='utf-8') as file:
                result.summary = json.load(file)
        result.rows = []
        path = os.path.join(out, 'reuse.csv')
        if keep_rows and os.path.exists(path):     # a run that failed may have none
            with open(path, encoding='utf-8') as file:
                result.rows = file.read().split('\n')[1:-1]
    return result


def feed_pipe(feed, pipe):
    try:
        with pipe:
            feed(pipe)
    except BrokenPipeError:     # it has ended, and says why
        pass


def tracegen(build, *options):
    """The feed that is what tracegen writes."""
    def feed(pipe):
        # A run that ends at a limit does not read all of it.
        subprocess.run([os.path.join(build, 'bench', 'tracegen'), *[str(o) for o in options], '-w', '-'], stdout=pipe,
                       stderr=subprocess.DEVNULL, check=False)
    return feed


def file(path):
    """The feed that is a file. Pages of files that the program maps would count as its memory."""
    def feed(pipe):
        with open(path, 'rb') as source:
            shutil.copyfileobj(source, pipe, 1 << 20)
    return feed


def tell_wrong(name, wrong):
    """Prints what is wrong with a case; true if anything is."""
    for w in wrong:
        print('%s: wrong: %s' % (name, w), flush=True)
    return bool(wrong)


def arguments(about, cases):
    parser = argparse.ArgumentParser(description=about)
    parser.add_argument('--scale', type=float, default=1, help='sizes are multiplied by this')
    parser.add_argument('build')
    parser.add_argument('cases', nargs='*', help='of: ' + ', '.join(cases))
    options = parser.parse_args()
    unknown = [c for c in options.cases if c not in cases]
    if unknown:
        parser.error('no such case: ' + ' '.join(unknown))
    options.build = os.path.abspath(options.build)
    options.tcpreuse = os.path.join(options.build, 'tcpreuse')
    options.cases = options.cases or list(cases)
    return options
