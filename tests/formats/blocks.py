#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: blocks.py TCPREUSE

What Wireshark makes of each type of pcapng block: it numbers it as a frame, skips it, or ends the file there with an
error. The table below holds the answers of tshark 4.6.9, and where older ones differ, those of 4.4.19 and 4.0.17. tcpreuse
has to agree with 4.6.9. A tshark that is installed is asked again, and has to give the answers of its generation;
the environment variable TSHARK names another one (tests/lib/tshark.py).
"""
import os
import struct
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, HERE)
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import program as programs  # noqa: E402
import tshark  # noqa: E402
from run import block, ethernet, interface, options, packet, section, segment  # noqa: E402

NUMBERED, SKIPPED, ERROR = 'numbered', 'skipped', 'error'
CUSTOM, CUSTOM_NO_COPY = 0xbad, 0x40000bad
NETFLIX = 10949


def frame(seq):
    return ethernet(b'\x0a\0\0\1', b'\x0a\0\0\2', segment(1000, 80, 16, seq, 1, b'x'))


BEFORE, AFTER, OTHER = packet(frame(1)), packet(frame(2)), frame(3)


def words(*values):
    return struct.pack('<%dI' % len(values), *values)


def custom(pen, *data, kind=CUSTOM, more=b''):
    return block('<', kind, words(pen, *data) + more)


def event(kind, length=None, size=None):
    """A Sysdig event. length: what it claims; size: bytes of the block's body."""
    flags = kind in (0x208, 0x217, 0x222)
    parameters = kind not in (0x204, 0x208)
    body = struct.pack('<H', 1) + bytes(4) * flags
    least = 26 if parameters else 22
    body += struct.pack('<QQIH', 1, 1, least if length is None else length, 1) + bytes(4) * parameters
    body += bytes(-len(body) % 4)
    return block('<', kind, body if size is None else body[:size])


def option_in(kind, option):
    return {'interface': lambda: interface(more=option), 'packet': lambda: packet(OTHER, more=option),
            'obsolete packet': lambda: packet(OTHER, kind=2, more=option),
            'names': lambda: block('<', 4, bytes(4) + option),
            'statistics': lambda: block('<', 5, bytes(12) + option),
            'secrets': lambda: block('<', 10, words(0x544c534b, 4) + b'keys' + option)}[kind]()


def cases():
    """Yields (name, block, answer, {version: another answer})."""
    journal = b'__REALTIME_TIMESTAMP=1500000000000000\nMESSAGE=x\n\n'
    whole = {'interface': interface(), 'obsolete packet': packet(OTHER, kind=2), 'enhanced packet': packet(OTHER),
             'simple packet': block('<', 3, words(len(OTHER)) + OTHER), 'names': block('<', 4, bytes(4)),
             'statistics': block('<', 5, bytes(12)), 'secrets': block('<', 10, words(0x544c534b, 4) + b'keys'),
             'journal': block('<', 9, journal)}
    for name, data in whole.items():
        yield name, data, NUMBERED if 'packet' in name or name == 'journal' else SKIPPED, {}
    for name, kind, size in (('interface', 1, 4), ('obsolete packet', 2, 16), ('simple packet', 3, 0), ('names', 4, 0),
                             ('statistics', 5, 8), ('enhanced packet', 6, 16), ('secrets', 10, 4), ('journal', 9, 20),
                             ('custom', CUSTOM, 0), ('custom, not to be copied', CUSTOM_NO_COPY, 0)):
        yield name + ', too short', block('<', kind, bytes(size)), ERROR, {}
    # nobody's: IRIG and ARINC (7, 8), systemd's neighbours, Hone's, Sysdig's other blocks, local use, and what a text-mode
    # transfer makes of a section
    for kind in (0, 7, 8, 11, 12, 0x101, 0x102, 0x7fffffff, 0x40000001, 0x80000000, 0x80000001, 0x80000bad, 0xc0000bad,
                 0xffffffff, 0x0a0d0a00, 0x0d0d0a0a, *(k for k in range(0x201, 0x224)
                                                      if k not in (0x204, 0x208, 0x216, 0x217, 0x221, 0x222))):
        yield 'type %#x' % kind, block('<', kind, bytes(12)), SKIPPED, {}
        if kind < 12:
            yield 'type %#x, empty' % kind, block('<', kind, b''), SKIPPED, {}
    for kind in (0x204, 0x208, 0x216, 0x217, 0x221, 0x222):
        known = {} if kind in (0x204, 0x216, 0x221) else dict.fromkeys(('4.0', '4.4'), SKIPPED)
        checked = {'4.0': SKIPPED, '4.4': SKIPPED} if known else {'4.0': NUMBERED, '4.4': NUMBERED}
        yield 'Sysdig event %#x' % kind, event(kind), NUMBERED, known
        yield 'Sysdig event %#x, of 1000 bytes' % kind, event(kind, 1000), NUMBERED, known
        yield 'Sysdig event %#x, of 21 bytes' % kind, event(kind, 21), ERROR, checked
        yield 'Sysdig event %#x, too short' % kind, event(kind, size=20), ERROR, known

    for pen in (0, 1, 9, 32473, 36724, 46254, 62652, 0xffffffff):
        for kind, name in ((CUSTOM, 'custom'), (CUSTOM_NO_COPY, 'custom, not to be copied')):
            yield '%s of %d' % (name, pen), custom(pen, 3, 4, kind=kind), NUMBERED, {}
            yield '%s of %d, empty' % (name, pen), custom(pen, kind=kind), NUMBERED, {}
    for kind in (1, 2):
        yield 'BBLog, type %d' % kind, custom(NETFLIX, kind, 0, 0), NUMBERED, {}
    yield 'BBLog, no type', custom(NETFLIX), NUMBERED, {'4.0': ERROR, '4.4': ERROR}
    for kind in (0, 3, 4, 255, 0x01000000, 0xffffffff):
        for type_ in (CUSTOM, CUSTOM_NO_COPY):
            yield 'BBLog, type %#x, block %#x' % (kind, type_), custom(NETFLIX, kind, 0, kind=type_), ERROR, {}

    # lengths
    for name, data in (*whole.items(), ('custom', custom(1, 2, 3)), ('type 0x4d', block('<', 77, bytes(8)))):
        size, = struct.unpack_from('<I', data, 4)
        other = NUMBERED if 'packet' in name or name in ('journal', 'custom') else SKIPPED

        def changed(first, last, data=data):
            return data[:4] + words(first) + data[8:-4] + words(last)
        yield name + ', other length at the end', changed(size, size + 4), ERROR, {}
        yield name + ', no padding counted at the end', changed(size, size - 3), other, {}
        # simple packets have no room for it, and a journal entry ends anywhere
        yield name + ', no padding counted', changed(size - 1, size - 1), ERROR, {'4.0': other, '4.4': other}
        yield name + ', length of 8', changed(8, 8), ERROR, {}
        yield name + ', length beyond the file', changed(4000, 4000), ERROR, {}
        yield name + ', length beyond all bounds', changed(0xfffffff0, 0xfffffff0), ERROR, {}

    # options
    for name in ('interface', 'packet', 'obsolete packet', 'names', 'statistics'):
        fine = NUMBERED if 'packet' in name else SKIPPED
        yield name + ', option beyond the block', option_in(name, struct.pack('<HHI', 1, 100, 0)), ERROR, {}
        yield name + ', no end of options', option_in(name, struct.pack('<HHI', 1, 4, 0)), fine, {}
        for number in (2988, 2989, 19372, 19373):
            yield '%s, custom option %d of 2 bytes' % (name, number), option_in(name, options('<', (number, b'ab'))), ERROR, {}
            yield '%s, custom option %d' % (name, number), option_in(name, options('<', (number, words(1)))), fine, {}
    yield 'secrets, option beyond the block', option_in('secrets', struct.pack('<HHI', 1, 100, 0)), SKIPPED, {}
    for name in ('interface', 'packet'):
        fine = NUMBERED if 'packet' in name else SKIPPED
        for number in (2989, 19373):
            for size, answer in ((4, ERROR), (8, ERROR), (20, ERROR), (24, fine), (28, fine)):
                value = (words(NETFLIX, 2) + bytes(20))[:size]
                yield ('%s, BBLog option %d of %d bytes' % (name, number, size), option_in(name, options('<', (number, value))),
                       answer, {'4.0': None, '4.4': None})
    for name in ('packet', 'obsolete packet'):
        for number, size, since in ((2, 3, {}), (2, 5, {}), (3, 0, {'4.0': NUMBERED}), (4, 7, {}), (5, 9, {}), (6, 3, {}),
                                    (7, 0, {}), (8, 4, {'4.0': NUMBERED, '4.4': NUMBERED})):
            yield '%s, option %d of %d bytes' % (name, number, size), option_in(name, options('<', (number, bytes(size)))), ERROR, since
        yield name + ', options of right lengths', option_in(name, options('<', (2, bytes(4)), (3, bytes(1)), (4, bytes(8)),
                                                                         (5, bytes(8)), (6, bytes(4)), (7, bytes(1)),
                                                                         (8, bytes(8)))), NUMBERED, {}
    for value, older in ((19, SKIPPED), (20, None), (0x80 | 63, SKIPPED), (0x80 | 64, None)):
        yield 'resolution %#x' % value, interface(more=options('<', (9, bytes([value])))), SKIPPED if older else ERROR, (
            {} if older else {'4.0': SKIPPED})


def at_places():
    """Yields (name, file, frames): numbered blocks at any place."""
    for name, data in (('custom', custom(62652, 1)), ('empty custom', custom(0)), ('custom, not to be copied', custom(9, kind=CUSTOM_NO_COPY)),
                       ('journal', block('<', 9, b'__REALTIME_TIMESTAMP=1500000000000000\n\n'))):
        yield name + ' before the interface', section() + data + interface() + BEFORE + AFTER, 3
        yield name + ' at the end', section() + interface() + BEFORE + AFTER + data, 3
        yield name + ' in a section of its own', section() + data + section() + interface() + BEFORE + AFTER, 3
        yield name + ', three', section() + interface() + BEFORE + data * 3 + AFTER, 5
    swapped = block('>', CUSTOM, struct.pack('>II', NETFLIX, 0x01000000))
    yield 'BBLog in a big-endian section, type 1', section('>') + interface('>') + packet(frame(1), '>') + swapped, 2


def whole_file(data):
    return section() + interface() + BEFORE + data + AFTER


class Judge:
    """A tshark. .generation: 4.0, 4.4 or 4.6, or None when there is none whose answers are known."""

    def __init__(self):
        self.tshark = tshark.Tshark()
        version = '.'.join((self.tshark.version or '').split('.')[:2])
        self.generation = version if version in ('4.0', '4.4', '4.6') else None

    def sequence_numbers(self, data):
        """Of each frame, '' where it is no TCP segment; and whether reading ended well."""
        done = subprocess.run(self.tshark.command + ['-n', '-r', '-', '-T', 'fields', '-e', 'frame.number', '-e', 'tcp.seq_raw'],
                              input=data, capture_output=True, env=self.tshark.environment)
        return [line.split(b'\t')[1].decode() for line in done.stdout.splitlines()], done.returncode == 0

    def answer_error(self, data):
        """Silence also counts: some damage ends a file in Wireshark without a word."""
        frames, _ = self.sequence_numbers(whole_file(data))
        return ERROR if frames == ['1'] else 'frames %s' % frames


def check_judge(tap, table):
    judge = Judge()
    if not judge.generation:
        tap.skip('tshark', 'none of 4.0, 4.4 or 4.6 is installed')
        return
    asked = [(name, data, other.get(judge.generation, answer)) for name, data, answer, other in table]
    fine = [(name, data, want) for name, data, want in asked if want in (NUMBERED, SKIPPED)]
    frames, _ = judge.sequence_numbers(b''.join(whole_file(data) for _, data, _ in fine))
    if not frames:      # 4.6.9 crashes on many custom blocks in one file
        tap.skip('tshark %s reads on' % judge.tshark.version, 'it gave no answer')
        return
    groups = ' '.join('B' if f == '1' else 'A' if f == '2' else '?' for f in frames).split('B')[1:]
    out = ['%d groups of %d' % (len(groups), len(fine))] if len(groups) != len(fine) else []
    for (name, _, want), group in zip(fine, groups):
        got = {'A': SKIPPED, '? A': NUMBERED}.get(group.strip(), group)
        if got != want:
            out.append('%s: %s, the table says %s' % (name, got, want))
    tap.ok('tshark %s reads on' % judge.tshark.version, out)
    if 'TSHARK' not in os.environ:
        return      # a run for each file that ends early takes minutes
    out = []
    for name, data, want in asked:
        if want == ERROR:
            got = judge.answer_error(data)
            if got != want:
                out.append('%s: %s, the table says %s' % (name, got, want))
    tap.ok('tshark %s stops' % judge.tshark.version, out)
    for name, data, want in at_places():
        frames, _ = judge.sequence_numbers(data)
        tap.ok('tshark %s, %s' % (judge.tshark.version, name), [] if len(frames) == want else ['%r, expected %d' % (frames, want)])


def read_frames(tcpreuse, directory, data):
    path = programs.write(directory, 'input', data)
    result = programs.run(tcpreuse, ['-q', '--threads', 1, path], reports=('summary',))
    return result.status, result.summary()['frames']['read'], result


def main():
    tcpreuse, tap = sys.argv[1], programs.Tap()
    table = list(cases())
    with tempfile.TemporaryDirectory(prefix='tcpreuse-blocks-') as directory:
        for name, data, answer, _ in table:
            want = {NUMBERED: (0, 3), SKIPPED: (0, 2), ERROR: (2, 1)}[answer]
            status, frames, result = read_frames(tcpreuse, directory, whole_file(data))
            out = [] if (status, frames) == want else ['exit %d, %d frames, expected %r' % (status, frames, want), result.describe()]
            if answer == ERROR and b'expected' not in result.err:
                out.append('no error with its place')
            tap.ok('%s: %s' % (name, answer), out)
        for name, data, want in at_places():
            status, frames, result = read_frames(tcpreuse, directory, data)
            tap.ok(name, [] if (status, frames) == (0, want) else ['%d frames, expected %d' % (frames, want), result.describe()])
        what = read_frames(tcpreuse, directory, whole_file(custom(9) * 3))[2].summary()['left_out']
        tap.ok('a note says what custom blocks are', [] if [note['frames'] for note in what if 'custom block' in note['what']] == [3] else [repr(what)])
    check_judge(tap, table)     # in one file, and with TSHARK set, each that ends early
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
