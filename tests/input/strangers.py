#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""usage: strangers.py TCPREUSE

Files that are no captures, beside one that is: none is taken for one, and each is named for what it is.
"""
import bz2
import gzip
import io
import lzma
import os
import random
import struct
import sys
import tarfile
import tempfile
import zipfile

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), '..', 'lib'))
import pcap  # noqa: E402
import program  # noqa: E402


def capture():
    return pcap.file_header() + pcap.record_header(1, 0, 60, 60) + bytes(60)


def packed(make, name, mode):
    out = io.BytesIO()
    with make(out, mode) as archive:
        if mode == 'w' and hasattr(archive, 'writestr'):
            archive.writestr(name, capture())
        else:
            info = tarfile.TarInfo(name)
            info.size = len(capture())
            archive.addfile(info, io.BytesIO(capture()))
    return out.getvalue()


def trace(pointer):
    """The head of a Windows event trace: a buffer's header of 72 bytes, and that of the system's first record."""
    return struct.pack('<III', 0x10000, 0x300, 0x300) + bytes(60) + struct.pack('<HBB', 2, pointer, 0xc0) + bytes(100)


# What begins like this is called that.
MORE = bytes(range(1, 200))
KINDS = [
    (packed(zipfile.ZipFile, 'a.pcap', 'w'), 'a zip archive'), (b'PK\5\6' + bytes(18), 'an empty zip archive'),
    (packed(lambda out, mode: tarfile.open(fileobj=out, mode=mode), 'a.pcap', 'w'), 'a tar archive'),
    (b'7z\xbc\xaf\x27\x1c\0\4' + MORE, 'a 7z archive'), (b'Rar!\x1a\7\1\0' + MORE, 'a rar archive'),
    (b'MSCF\0\0\0\0' + MORE, 'a Windows cabinet'), (b'!<arch>\ndebian-binary   ', 'an ar archive or a Debian package'),
    (b'\xed\xab\xee\xdb\3\0' + MORE, 'an RPM package'), (b'070701000081A4', 'a cpio archive'),
    (bz2.compress(capture()), 'bzip2 data'), (lzma.compress(capture(), lzma.FORMAT_ALONE), 'lzma data'),
    (gzip.compress(gzip.compress(capture())), 'gzip data'), (gzip.compress(lzma.compress(capture())), 'xz data'),
    (gzip.compress(b'\x28\xb5\x2f\xfd' + MORE), 'zstd data'), (gzip.compress(b'\x04\x22\x4d\x18' + MORE), 'lz4 data'),
    (b'LZIP\1' + MORE, 'lzip data'), (b'\x89LZO\0\r\n\x1a\n' + MORE, 'lzop data'), (b'\x1f\x9d\x90' + MORE, 'data of compress'),
    (b'Salted__' + MORE, 'data that openssl encrypted'), (trace(1), 'a Windows event trace (ETL)'),
    (trace(2), 'a Windows event trace (ETL)'), (b'ElfFile\0' + MORE, 'a Windows event log'),
    (b'LPKSHHRH' + MORE, 'a journal of systemd'), (b'SQLite format 3\0' + MORE, 'an SQLite database'),
    (b'PAR1' + MORE, 'a Parquet file'), (b'\x7fELF\2\1\1' + MORE, 'an ELF program or library'), (b'MZ\x90\0' + MORE, 'a Windows program'),
    (b'\xca\xfe\xba\xbe\0\0' + MORE, 'a Java class or a macOS program'), (b'\xcf\xfa\xed\xfe' + MORE, 'a macOS program'),
    (b'%PDF-1.7\n', 'a PDF document'), (b'\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1' + MORE, 'an Office document'),
    (b'\x89PNG\r\n\x1a\n' + MORE, 'a PNG picture'), (b'\xff\xd8\xff\xe0' + MORE, 'a JPEG picture'), (b'GIF89a' + MORE, 'a GIF picture'),
    (b'RIFF' + MORE, 'a RIFF file (sound, video or picture)'), (b'\0\0\0\x20ftypisom' + MORE, 'an MP4 video'),
    (b'#!/bin/sh\n', 'a script'), (b'-----BEGIN CERTIFICATE-----\n', 'a PEM file (a key or a certificate)'),
    ('no capture'.encode('utf-16'), 'text in UTF-16'), (b'\xfe\xff\0n\0o', 'text in UTF-16'), (bytes(5000), 'zeros'),
    (b'<?xml version="1.0"?>', 'XML'), (b'\xef\xbb\xbf<?xml version="1.0"?>', 'XML'), (b'\n<!DOCTYPE html>\n', 'HTML'),
    (b'<HTML><head>', 'HTML'), (b'{"a": 1}', 'JSON'), (b'{\n  "a": 1}', 'JSON'), (b'[{}]', 'JSON'), (b'[\n  {}]', 'JSON'),
    (b'12:34:56.123456 IP 192.0.2.1.40000 > 192.0.2.2.80: Flags [S]', 'text that tcpdump printed'),
    (b'2026-01-02 12:34:56.123456 IP 192.0.2.1.1 > 192.0.2.2.80:', 'text that tcpdump printed'),
    (b'0000  45 00 00 28\n', 'a hex dump'), (b'000000 45 00 00 28\n', 'a hex dump'), (b'00000000  45 00 00 28\n', 'a hex dump'),
    (b'00000000: 4500 0028 0000', 'a hex dump'), (b'2026-01-02T12:34:56 started', 'a log'), (b'2026/01/02 12:34:56 started', 'a log'),
    (b'[2026-01-02 12:34:56] started', 'a log'), (b'Jan  2 12:34:56 host sshd[1]:', 'a log'), (b'Jan 12 12:34:56 host sshd[1]:', 'a log'),
    (b'btsnoop\0\0\0\0\1' + MORE, 'a Bluetooth capture (btsnoop)'),
    (b'DLT\1' + MORE, 'an AUTOSAR DLT log'), (b'TTL \x0a\0\0\0' + MORE, 'a TTL log of TTTech'), (b'cpse' + MORE, 'a capture of Colasoft Capsa'),
    (b'\x42\xd2\0\x34\x12\x66\x22\x88' + MORE, 'a RADCOM capture'), (b'\0\0\2\0\x12\5\0\x10' + MORE, 'a K12 or K15 capture (rf5)'),
    (b'MPCSII\0' + MORE, 'a smart card log of Micropross'), (b'V0208' + MORE, 'a trace of Aethra'),
    (b'\x78\x9f\x3e\x22' + MORE, 'mail attachments (TNEF)'), (b'#!rtpplay1.0 192.0.2.1/5004\n', 'RTP data of rtpdump'),
    (b'(1600000000.123456) can0 123#0102\n', 'a CAN log of candump'), (b'***BUSMASTER Ver 2.4.0***\n', 'a CAN log of BUSMASTER'),
    (b';$FILEVERSION=1.1\n', 'a CAN trace of PEAK'), (b'Session Transcript\n', 'a trace of Catapult DCT2000'),
    (b'#Format=4\n', 'a Daintree SNA capture'), (b'(nothing of the kind) can0\n', 'text'),
    (b' COMMUNICATIONS TRACE       Title: a trace    10/28/05', 'a communications trace of IBM i that is not of Ethernet'),
    (b'--------- beginning of main\n', 'a log of Android'),
    ('Grüße an alle, die das lesen\n'.encode(), 'text'), (gzip.compress(b'no capture either\n'), 'text'),
    (b'\x12\x34\x56\x78' + MORE, 'not a capture'), (gzip.compress(b'\x12\x34\x56\x78' + MORE), 'not a capture'),
    (b'', 'not a capture'), (gzip.compress(b''), 'not a capture'),
]
TOLD_WHAT_TO_DO = (
    (KINDS[0][0], 'expected a capture, found a zip archive: unpack it first'),
    (trace(2), 'expected a capture, found a Windows event trace (ETL): convert it with etl2pcapng'),
    (gzip.compress(b'<!doctype html>'), 'found HTML: this may be the page of a download that failed'),
    (b'\x12\x34\x56\x78' + MORE, 'expected the magic number of a capture file, found 12 34 56 78'))


def says(result, status, *words):
    text = result.err.decode(errors='replace')
    return ([result.describe()] if result.status != status else []) + \
        ['no %r: %s' % (word, text[-400:]) for word in words if word not in text]


def fill(directory, files):
    os.mkdir(directory)
    program.write(directory, 'capture.pcap', capture())
    for i, data in enumerate(files):
        program.write(directory, 'stranger%04d' % i, data)
    return directory


def kinds(tcpreuse, tap, at):
    result = program.run(tcpreuse, ['-v', fill(at('kinds'), [data for data, _ in KINDS])])
    tap.ok('only the capture is read', says(result, 0, '1 frames read'))
    notes = dict(line.split('/')[-1].split(': skipped: ') for line in result.err.decode().splitlines() if ': skipped: ' in line)
    for i, (data, name) in enumerate(KINDS):
        got = notes.get('stranger%04d' % i)
        tap.ok('%d: %s' % (i, name), [] if got == name else ['%r, %r' % (got, data[:40])])
    for data, words in TOLD_WHAT_TO_DO:
        path = at('told')
        with open(path, 'wb') as file:
            file.write(data)
        tap.ok(words, says(program.run(tcpreuse, [path]), 2, words))
        with open(path, 'rb') as file:
            tap.ok(words + ', through a pipe', says(program.run(tcpreuse, ['-'], stdin=file), 2, words))


def texts(rng):
    """Text whose first letters are types and lengths of ERF records: blanks, tabs, line feeds, '!', '0'."""
    for i in range(400):
        letters = rng.choice((' ', '\t ', '\n', ' !\n', '0', ' 0!\n\tabcdeLog:', ' etaoinsrh\n'))
        size = int(10 ** rng.uniform(0, 6 if i % 20 == 0 else 4.6))
        text = ''.join(rng.choices(letters, k=min(size, 50000)))
        yield (text * (size // len(text) + 1))[:size].encode('utf-16-le' if i % 10 == 9 else 'ascii')


def bytes_of_any_kind(rng):
    for i in range(1500):
        size = int(10 ** rng.uniform(0, 6 if i % 50 == 0 else 4.3))
        data = rng.randbytes(size)
        if i % 3 == 1:
            data = data.translate(bytes(b & 0x3f for b in range(256)))
        elif i % 3 == 2:
            data = data.translate(bytes(b if b < 80 else 0 for b in range(256)))
        yield data


def erf_first(length, wire, seconds=1):
    """One plausible record of ERF, as far as its header shows."""
    return struct.pack('<II', 0, seconds) + struct.pack('>BBHHH', 2, 4, length, 0, wire)


def taken_for_none(tcpreuse, tap, at):
    rng = random.Random(7)
    for name, files in (('texts', texts(rng)), ('bytes', bytes_of_any_kind(rng))):
        files = list(files)
        result = program.run(tcpreuse, [fill(at(name), files)])
        tap.ok('%d %s are taken for no capture' % (len(files), name),
               says(result, 0, '1 frames read', 'skipped: %d files that are no captures (-v' % len(files)))
    # What follows decides, however far away it is.
    long = erf_first(50000, 49990) + bytes(49984)
    for name, data, status in (
            ('one long record', long, 0), ('a record that the file does not have', long[:-1], 2), ('two and a cut one', long * 2 + long[:99], 2),
            ('three and a cut one', long * 3 + long[:99], 2), ('nineteen, and text', long * 19 + b'some more text than a header', 2),
            ('twenty', long * 20, 0), ('times two years apart', long + erf_first(50000, 49990, 1 << 26) + bytes(49984), 2)):
        path = at('long.erf')
        with open(path, 'wb') as file:
            file.write(data)
        is_erf = status == 0 or name == 'three and a cut one'
        for way, result in (('', program.run(tcpreuse, [path])), (', through a pipe', program.run(tcpreuse, ['-'], stdin=open(path, 'rb')))):
            complaints = says(result, status)
            if is_erf != (b'expected a capture' not in result.err and b'magic' not in result.err):
                complaints.append(result.describe())
            tap.ok('ERF: ' + name + way, complaints)


def directories(tcpreuse, tap, at):
    d = fill(at('entries'), [b'text\n', b'more text\n'])
    os.mkdir(os.path.join(d, 'below'))
    os.symlink('nowhere', os.path.join(d, 'dangling'))
    os.symlink('below', os.path.join(d, 'link'))
    os.mkfifo(os.path.join(d, 'fifo'))
    result = program.run(tcpreuse, [d])
    tap.ok('what is skipped is counted', says(result, 0, '1 frames read', d + ': skipped: 2 files that are no captures, 2 symbolic '
                                              'links, 1 subdirectory, 1 other entry (-v names them, --recursive'))
    result = program.run(tcpreuse, ['--recursive', '-v', d])
    tap.ok('and named', says(result, 0, 'dangling: skipped: a symbolic link', 'link: skipped: a symbolic link',
                             'fifo: skipped: neither', 'stranger0000: skipped: text'))
    tap.ok('and neither with -q', [] if not program.run(tcpreuse, ['-q', d]).err else ['notes with -q'])
    path = program.write(d, 'broken.gz', gzip.compress(capture())[:20])
    tap.ok('a compressed file that is broken is not skipped', says(program.run(tcpreuse, [d]), 2, 'broken.gz'))
    os.remove(path)
    path = os.path.join(d, 'capture.pcap')
    os.link(path, os.path.join(d, 'other.pcap'))
    os.symlink('capture.pcap', os.path.join(d, 'third.pcap'))
    result = program.run(tcpreuse, [d, path])
    tap.ok('a file that is there again is told', says(
        result, 0, '4 frames read', *('%s: the same file as %s' % (os.path.join(d, name), path) for name in
                                      ('other.pcap', 'third.pcap', 'capture.pcap'))))


def main():
    tcpreuse = os.path.abspath(sys.argv[1])
    tap = program.Tap()
    with tempfile.TemporaryDirectory(prefix='strangers-') as directory:
        at = lambda name: os.path.join(directory, name)
        kinds(tcpreuse, tap, at)
        taken_for_none(tcpreuse, tap, at)
        directories(tcpreuse, tap, at)
    return tap.done()


if __name__ == '__main__':
    sys.exit(main())
