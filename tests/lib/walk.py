# SPDX-License-Identifier: BSD-2-Clause
"""Reads pcap files, as plainly as possible: what the tests count with."""
import struct

MAGICS = {b'\xd4\xc3\xb2\xa1': ('<', 1000000), b'\xa1\xb2\xc3\xd4': ('>', 1000000),
          b'\x4d\x3c\xb2\xa1': ('<', 1000000000), b'\xa1\xb2\x3c\x4d': ('>', 1000000000)}


def records(data):
    """Yields (seconds, fraction, bytes, original length) of each whole record; stops at the first that is not whole."""
    order, _ = MAGICS[bytes(data[:4])]
    header = struct.Struct(order + 'IIII')
    at = 24
    while at + 16 <= len(data):
        seconds, fraction, captured, original = header.unpack_from(data, at)
        at += 16
        if at + captured > len(data):
            return
        yield seconds, fraction, data[at:at + captured], original
        at += captured


def count(path):
    """The number of frames of a pcap file."""
    with open(path, 'rb') as file:
        return sum(1 for _ in records(file.read()))
