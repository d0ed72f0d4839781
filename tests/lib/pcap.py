# SPDX-License-Identifier: BSD-2-Clause
"""Reads and writes pcap files, as plainly as possible. Times are integers of nanoseconds since the epoch.

Tests that need a file that is broken put it together from file_header() and record_header(), which check nothing.
"""
import collections
import struct

MICRO, NANO = 0xa1b2c3d4, 0xa1b23c4d
SECOND = 10**9
FILE_HEADER, RECORD_HEADER = 24, 16         # their lengths
SNAPLEN, ETHERNET = 262144, 1

# time: ns; length: of the frame on the wire; data: what was captured of it
Record = collections.namedtuple('Record', 'time length data')
# order: '<' or '>'; unit: ns of a time stamp's fraction; link: the LINKTYPE_ value
Header = collections.namedtuple('Header', 'order unit link')


def file_header(order='<', magic=MICRO, version=(2, 4), snaplen=SNAPLEN, link=ETHERNET):
    return struct.pack(order + 'IHHiIII', magic, *version, 0, 0, snaplen, link)


def record_header(seconds, fraction, captured, length, order='<'):
    return struct.pack(order + 'IIII', seconds, fraction, captured, length)


def record(time, data, length=None, order='<', unit=1000):
    """A record with its header. unit: ns of the file's time stamps; length: that of data, unless it is given."""
    return record_header(time // SECOND, time % SECOND // unit, len(data), len(data) if length is None else length, order) + data


def write(path, records, order='<', unit=1000, link=ETHERNET):
    """Makes a file of the records; returns its path."""
    with open(path, 'wb') as file:
        file.write(file_header(order, MICRO if unit == 1000 else NANO, link=link))
        for time, length, data in records:
            file.write(record(time, data, length, order, unit))
    return path


def header(data):
    """The Header of a capture; None when data is none."""
    for order in '<>':
        if len(data) >= FILE_HEADER:
            magic, _, _, _, _, _, link = struct.unpack_from(order + 'IHHiIII', data)
            if magic in (MICRO, NANO):
                return Header(order, 1000 if magic == MICRO else 1, link)
    return None


def records(data, whole=False):
    """Yields the Record of each record; stops at the first that is not whole, or, with whole, raises ValueError."""
    head, at = header(data), FILE_HEADER
    form = struct.Struct(head.order + 'IIII')
    while at < len(data):
        if at + RECORD_HEADER > len(data):
            break
        seconds, fraction, captured, length = form.unpack_from(data, at)
        at += RECORD_HEADER
        if captured > SNAPLEN or at + captured > len(data):
            break
        yield Record(seconds * SECOND + fraction * head.unit, length, data[at:at + captured])
        at += captured
    else:
        return
    if whole:
        raise ValueError('no whole record at %d' % at)


def read(path):
    """The records of a file, up to the first that is not whole."""
    with open(path, 'rb') as file:
        return list(records(file.read()))


def count(path):
    """The number of whole records of a file."""
    with open(path, 'rb') as file:
        return sum(1 for _ in records(file.read()))
