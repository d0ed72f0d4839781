# SPDX-License-Identifier: BSD-2-Clause
"""What scripts/load.sh runs: large inputs, whose results are known.

usage: load.py [--scale X] BUILD [CASE...]
"""
import os
import struct
import subprocess
import sys
import tempfile

import measured
import pcap

ROUND = 1_000_000           # frames
EMPTY_BLOCK = 1 << 20       # records


def counts(run):
    s = run.summary
    return [s['frames']['read'], s['conversations'], s['reuses']['total']]


def complaints(run, expected):
    """expected: frames, conversations and reuses; None: not looked at."""
    out = [] if run.status == 0 and run.summary and run.summary['complete'] and run.summary['frames']['conserved'] else [
        'exit %d: %s' % (run.status, run.err.strip())]
    if run.summary:
        out += ['%s: %d, not %d' % (name, got, wanted) for name, got, wanted in
                zip(('frames', 'conversations', 'reuses'), counts(run), expected) if wanted is not None and got != wanted]
    return out


def repeated(path, rounds):
    """The feed that has the records of a pcap file so many times."""
    with open(path, 'rb') as file:
        data = file.read()

    def feed(pipe):
        pipe.write(data[:pcap.FILE_HEADER])
        for _ in range(rounds):
            pipe.write(memoryview(data)[pcap.FILE_HEADER:])
    return feed


def frames(o, directory):
    """10^9 frames in a pipe: the same million again and again, so what each round adds is known from the first three."""
    rounds = max(int(1000 * o.scale), 4)
    path = os.path.join(directory, 'round.pcap')
    subprocess.run([os.path.join(o.build, 'bench', 'tracegen'), '--frames', str(ROUND), '--flows', '2000', '--conversation-frames', '400',
                    '--fin', '20', '--unclosed', '80', '-w', path], check=True)
    first, second, third = (counts(measured.run(o.tcpreuse, ['-'], repeated(path, n), ('reuse', 'summary'))) for n in (1, 2, 3))
    each = [b - a for a, b in zip(first, second)]
    if [c - b for b, c in zip(second, third)] != each:
        raise SystemExit('load: rounds differ: %s, %s, %s' % (first, second, third))
    run = measured.run(o.tcpreuse, ['-'], repeated(path, rounds), ('reuse', 'summary'))
    return run, complaints(run, [a + (rounds - 1) * e for a, e in zip(first, each)])


def beyond(o, directory):
    """More than 2^32 frames, nearly all of them empty; then a reuse, whose rows have the right numbers."""
    empty = int((1 << 32) * o.scale) // EMPTY_BLOCK * EMPTY_BLOCK
    source = os.path.join(measured.ROOT, 'examples', 'port-reuse.pcap')
    with open(source, 'rb') as file:
        data = file.read()
    # The time of the example's first frame, so that none goes back.
    block = data[pcap.FILE_HEADER:pcap.FILE_HEADER + 8] + bytes(8)

    def feed(pipe):
        pipe.write(data[:pcap.FILE_HEADER])
        for _ in range(empty // EMPTY_BLOCK):
            pipe.write(block * EMPTY_BLOCK)
        pipe.write(data[pcap.FILE_HEADER:])
    alone = measured.run(o.tcpreuse, [source], reports=('reuse', 'summary'), keep_rows=True)
    run = measured.run(o.tcpreuse, ['-'], feed, ('reuse', 'summary'), keep_rows=True)
    numbers = [[int(r.split(',')[0]) for r in x.rows] for x in (alone, run)]
    out = complaints(run, [empty + alone.frames()] + counts(alone)[1:])
    if numbers[1] != [n + empty for n in numbers[0]]:
        out.append('the reuses are in frames %s' % numbers[1])
    return run, out


def conversations(count, *options):
    def case(o, directory):
        n = int(count * o.scale)
        run = measured.run(o.tcpreuse, [*options, '--memory-limit', 'none', '-'],
                           measured.tracegen(o.build, '--frames', n, '--new', 100, '--reuse', 0), ('reuse', 'summary'))
        run.more = ', %.1f bytes a conversation' % (run.peak / n)
        return run, complaints(run, [n, n, 0])
    case.__doc__ = '%d conversations of one SYN each%s.' % (count, ', without verdicts' if options else '')
    return case


def files(o, directory):
    """100,000 files of one connection each, which are one capture; every second one uses the ports of the one before."""
    count = int(100000 * o.scale) // 2 * 2
    os.mkdir(os.path.join(directory, 'set'))
    for i in range(count):
        a, b = b'\x0a' + (i // 2).to_bytes(3, 'big'), b'\xc0\0\2\1'
        tcp = struct.pack('>HHIIBBHHH', 40000, 80, i + 1, 0, 5 << 4, 2, 1024, 0, 0)
        packet = struct.pack('>BBHHHBBH', 0x45, 0, 40, 0, 0, 64, 6, 0) + a + b + tcp
        pcap.write(os.path.join(directory, 'set', '%06d.pcap' % i), [(pcap.SECOND * i, 54, b'\2' * 12 + b'\x08\0' + packet)])
    run = measured.run(o.tcpreuse, [os.path.join(directory, 'set')], reports=('reuse', 'summary'))
    return run, complaints(run, [count, count, count // 2])


def interfaces(o, directory):
    """10^6 interfaces in a pcapng, and then a SYN on each thousandth of them."""
    count = int(1_000_000 * o.scale)

    def block(kind, body):
        return struct.pack('<II', kind, 12 + len(body)) + body + struct.pack('<I', 12 + len(body))

    def feed(pipe):
        pipe.write(block(0x0a0d0d0a, struct.pack('<IHHq', 0x1a2b3c4d, 1, 0, -1)))
        one = block(1, struct.pack('<HHI', 1, 0, 0))
        for i in range(0, count, 1000):
            pipe.write(one * min(1000, count - i))
        for i in range(0, count, 1000):
            tcp = struct.pack('>HHIIBBHHH', 40000, 80, i + 1, 0, 5 << 4, 2, 1024, 0, 0)
            packet = b'\2' * 12 + b'\x08\0' + struct.pack('>BBHHHBBH', 0x45, 0, 40, 0, 0, 64, 6, 0) + b'\x0a\0\0\1\x0a\0\0\2' + tcp
            pipe.write(block(6, struct.pack('<IIIII', i, 0, i, len(packet), len(packet)) + packet + b'\0\0'))
    run = measured.run(o.tcpreuse, ['--key', 'tuple,interface', '-'], feed, ('reuse', 'summary'))
    return run, complaints(run, [-(-count // 1000), -(-count // 1000), 0])


CASES = {
    'frames': frames,
    'beyond': beyond,
    'conversations-10M': conversations(10_000_000),
    'conversations-10M-without-verdicts': conversations(10_000_000, '--verdicts', 'off'),
    'conversations-50M': conversations(50_000_000),
    'conversations-50M-without-verdicts': conversations(50_000_000, '--verdicts', 'off'),
    'conversations-100M': conversations(100_000_000),
    'files': files,
    'interfaces': interfaces,
}


def main():
    o = measured.arguments(__doc__, CASES)
    failed = False
    for name in o.cases:
        with tempfile.TemporaryDirectory(prefix='tcpreuse-load-') as directory:
            run, wrong = CASES[name](o, directory)
        print('%s: %s%s' % (name, run.describe() if run.summary else 'no summary', getattr(run, 'more', '')), flush=True)
        failed |= measured.tell_wrong(name, wrong)
    return failed


if __name__ == '__main__':
    sys.exit(main())
