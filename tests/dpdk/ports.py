# SPDX-License-Identifier: BSD-2-Clause
"""Runs tcpreuse on virtual DPDK ports."""
import argparse
import os
import struct
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import program  # noqa: E402

# No huge pages, no NIC; several at a time.
EAL = '-l 0 --no-huge -m 512 --no-pci --no-telemetry --no-shconf'
ROWS = ('reuse', 'conversations', 'packets')


def arguments(usage):
    """The command line of a test; ends it, as skipped, where DPDK is not built in."""
    parser = argparse.ArgumentParser(usage=usage)
    parser.add_argument('tcpreuse', type=os.path.abspath)
    parser.add_argument('tracegen', type=os.path.abspath)
    args = parser.parse_args()
    probe = program.bare([args.tcpreuse, '--dpdk', EAL])
    if b'built without DPDK' in probe.err:
        print('1..0 # SKIP tcpreuse was built without DPDK')
        sys.exit(0 if probe.status == 1 else 1)
    return args


def eal(*devices):
    """Arguments of the EAL for these devices."""
    return ' '.join([EAL] + ['--vdev ' + device for device in devices])


def pcap(*paths, number=0, **more):
    """A net_pcap device: a queue for each file."""
    return ','.join(['net_pcap%d' % number] + ['rx_pcap=' + path for path in paths] +
                    ['%s=%s' % (key, value) for key, value in more.items()])


def run(tcpreuse, devices, options=(), reports=program.REPORTS, idle=0.3, **more):
    """Until no frame has come for a while."""
    ending = ['--idle-exit', idle] if idle else []
    return program.run(tcpreuse, ['--dpdk', eal(*devices)] + ending + list(options), reports, **more)


def generate(tracegen, path, *options):
    done = program.bare([tracegen] + [str(o) for o in options] + ['-w', path])
    if done.status:
        raise RuntimeError('tracegen: ' + done.describe())
    return path


def frames(path):
    """(ns, captured bytes) of each whole frame of an Ethernet pcap file; None when it is no such file."""
    with open(path, 'rb') as file:
        data = file.read()
    if len(data) < 24:
        return None
    for order in '<>':
        magic, _, _, _, _, _, link = struct.unpack_from(order + 'IHHiIII', data)
        if magic in (0xa1b2c3d4, 0xa1b23c4d):
            break
    else:
        return None
    if link != 1:
        return None
    out, at = [], 24
    while at + 16 <= len(data):
        seconds, fraction, captured, _ = struct.unpack_from(order + 'IIII', data, at)
        if captured > 262144 or at + 16 + captured > len(data):
            break
        out.append((seconds * 10**9 + fraction * (1000 if magic == 0xa1b2c3d4 else 1), data[at + 16:at + 16 + captured]))
        at += 16 + captured
    return out


def write(path, records):
    """What a port can give of frames: microseconds of years before 2038, and no word of bytes that were cut off before."""
    with open(path, 'wb') as file:
        file.write(struct.pack('<IHHiIII', 0xa1b2c3d4, 2, 4, 0, 0, 262144, 1))
        for time, frame in records:
            file.write(struct.pack('<IIII', time // 10**9 & 0x7fffffff, time % 10**9 // 1000, len(frame), len(frame)) + frame)
    return path


def same_rows(file_run, port_run):
    out = [r.describe() for r in (file_run, port_run) if r.status]
    for report in ROWS:
        if not out and file_run.reports[report] != port_run.reports[report]:
            out.append(report + ': ' + program.first_difference(file_run.reports[report], port_run.reports[report]))
    return out
