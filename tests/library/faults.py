#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: faults.py SHIM ROOT EXAMPLE-REUSES EXAMPLE-PUSH

Programs that use the library, where one call of the system or all later ones fail (tests/faults/shim.c): they get an error, or
all events, never neither, and go on to their own ends.
"""
import os
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import program  # noqa: E402

ERRORS = {'memory': 'ENOMEM', 'read': 'EIO', 'open': 'EMFILE', 'thread': 'EAGAIN'}
RUNS = 40       # of a kind of fault


def run(shim, command, path, fault, log):
    with open(path, 'rb') as file:
        return program.bare(command, timeout=30, stdin=file, env=dict(os.environ, LD_PRELOAD=shim, FAULT=fault, FAULT_LOG=log))


def check(shim, command, path):
    out, good = [], program.bare(command, stdin=open(path, 'rb'))      # pylint: disable=consider-using-with
    with tempfile.TemporaryDirectory(prefix='tcpreuse-test-') as directory:
        log = os.path.join(directory, 'log')
        run(shim, command, path, 'memory:999999999', log)
        with open(log, encoding='utf-8') as file:
            counts = {words[0]: int(words[2]) for words in map(str.split, file) if words[1] == 'all'}
        if not counts.get('memory') or good.status or not good.out:
            return ['no calls are counted: %s' % good.describe()]
        for kind, error in ERRORS.items():
            for number in range(1, counts.get(kind, 0) + 1, max(1, counts.get(kind, 0) // RUNS)):
                for later in ('', '+'):
                    fault = '%s:%d%s:%s' % (kind, number, later, error)
                    done = run(shim, command, path, fault, log)
                    told = done.status == 1 and done.err
                    if not told and (done.status or done.out != good.out):
                        out.append('%s: %s, %d bytes of output instead of %d' % (fault, done.describe(), len(done.out), len(good.out)))
    return out


def main():
    shim, root, reuses, push = sys.argv[1:5]
    tap, path = program.Tap(), os.path.join(root, 'examples', 'verdicts.pcap')
    tap.ok('frames are pushed', check(shim, [push], path))
    tap.ok('files are read, with threads', check(shim, [reuses, path, os.path.join(root, 'examples', 'port-reuse.pcap')], path))
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
