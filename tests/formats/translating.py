#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: translating.py TCPREUSE [TEXT]

Formats that tcpreuse translates from their first byte on (translated.py): rows, times, threads, pipes, cuts, broken fields, other
compression, and, where a tshark is there, what it makes of them. TEXT: only those whose name has it.
"""
import gzip
import os
import shutil
import subprocess
import sys
import tempfile

import run as formats
import translated

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import program as programs  # noqa: E402


TEXT = sys.argv[2] if len(sys.argv) > 2 else ''
FLAVOURS = {name: how for name, how in translated.FLAVOURS.items() if TEXT in name}


def check_flavours(tap, program, frames, want):
    for name, (make, time_of) in FLAVOURS.items():
        data = make(frames)
        complaints = formats.same(program, data, want)
        times = program.times() if not complaints else []
        wrong = [(got, time_of(t)) for got, (t, _) in zip(times, frames) if formats.nanoseconds(got) != time_of(t)]
        tap.ok(name, complaints + ['time %s, expected %d ns' % pair for pair in wrong[:1]])
        tap.ok(name + ', 1 thread', formats.same(program, data, want, threads=1))
    for name, make, count in translated.NUMBERED:
        if TEXT in name:
            tap.ok(name, formats.same(program, make(frames), formats.shifted(want, count)))


def check_cuts(tap, program, frames, want):
    """Cut anywhere, a file gives the rows of the frames before, and no others."""
    few = frames[:4]
    for name, (make, _) in FLAVOURS.items():
        if ', ' in name:
            continue
        out, data = [], make(few)
        for n in list(range(40, len(data), 23)) + list(range(len(data) - 6, len(data))):
            status, rows, error = program.run(data[:n])
            if rows != want[:len(rows)] or status not in (0, 2) or (status == 2 and 'expected' not in error) or len(rows) > len(few):
                out.append('cut at %d: exit %d, %d rows: %s' % (n, status, len(rows), error.strip()[-200:]))
        tap.ok(name + ', cut', out[:5])
        packed = gzip.compress(data)
        tap.ok(name + ', gzip', formats.same(program, packed, want[:4]))
        status, rows, error = program.run(packed[:-20])
        tap.ok(name + ', gzip, cut', [] if status == 2 and rows == want[:len(rows)] and error.count('expected') == 1 else [
            'exit %d, %d rows: %s' % (status, len(rows), error)])
        p = subprocess.run([program.path, '-q', '-o', os.path.join(program.directory, 'piped'), '-'], input=packed, capture_output=True)
        error = p.stderr.decode()
        tap.ok(name + ', gzip, through a pipe', [] if p.returncode == 2 and ('decompress it first' in error or name == 'pppd') else [error])
        p = subprocess.run([program.path, '-q', '-o', os.path.join(program.directory, 'piped'), '-'], input=data, capture_output=True)
        tap.ok(name + ', through a pipe', [] if p.returncode == 0 else [p.stderr.decode()])


def check_broken(tap, program, frames, want):
    for name, data, count, words in translated.broken(frames[:12]):
        if TEXT not in name:
            continue
        tap.ok('broken: ' + name, formats.same(program, data, want[:count], 2, says=('expected', 'found') + words))


def check_large(tap, program):
    wide = formats.conversations(4, 1200, lambda rng: bytes(rng.randrange(0, 1200)))
    status, rows, error = program.run(formats.pcap(wide), threads=1)
    for name in translated.LARGE:
        if TEXT not in name:
            continue
        data = translated.FLAVOURS[name][0](wide)
        for threads in (1, 3):
            tap.ok('%s, %d KB, %d threads' % (name, len(data) >> 10, threads), formats.same(program, data, rows, threads=threads))
        tap.ok('%s, %d KB, gzip' % (name, len(data) >> 10), formats.same(program, gzip.compress(data), rows))


def check_lookalikes(tap, program):
    """What only begins like such a file is not one."""
    for name, data, words in translated.LOOKALIKES:
        status, rows, error = program.run(data)
        tap.ok('not a capture: ' + name, [] if status == 2 and not rows and all(word in error for word in words) else [error])


def check_with_tshark(tap, program, frames, want):
    if not shutil.which('tshark'):
        tap.skip('as tshark reads them', 'no tshark')
        return
    path = os.path.join(program.directory, 'judged')
    for name, (make, _) in FLAVOURS.items():
        if translated.UNJUDGED in name:
            continue
        with open(path, 'wb') as f:
            f.write(make(frames))
        p = subprocess.run(['tshark', '-n', '-r', path, '-Y', 'tcp', '-T', 'fields', '-e', 'frame.number', '-e', 'frame.time_epoch'],
                           capture_output=True, text=True, env=program.environment)
        judged = [line.split('\t') for line in p.stdout.splitlines()]
        if not judged:
            tap.skip(name + ', as tshark reads it', 'this tshark does not')
            continue
        complaints = formats.same(program, make(frames), want)
        got = [(row[0], time) for row, time in zip(want, program.times())] if not complaints else []
        if len(judged) != len(want):
            complaints.append('tshark has %d frames of TCP, expected %d' % (len(judged), len(want)))
        for (number, time), (frame, mine) in zip(judged, got):
            if number != frame or formats.nanoseconds(time) != formats.nanoseconds(mine):
                complaints.append('frame %s at %s, tshark: %s at %s' % (frame, mine, number, time))
                break
        tap.ok(name + ', as tshark reads it', complaints)


def main():
    tap = programs.Tap()
    with tempfile.TemporaryDirectory(prefix='tcpreuse-formats-') as directory:
        program = formats.Program(os.path.abspath(sys.argv[1]), directory)
        frames = formats.conversations(0, 60)
        status, want, error = program.run(formats.pcap(frames))
        tap.ok('pcap', [] if status == 0 and len(want) == len(frames) else [error])
        check_flavours(tap, program, frames, want)
        check_cuts(tap, program, frames, want)
        check_broken(tap, program, frames, want)
        check_large(tap, program)
        check_lookalikes(tap, program)
        check_with_tshark(tap, program, frames, want)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
