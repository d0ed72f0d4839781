# SPDX-License-Identifier: BSD-2-Clause
"""Runs tcpreuse on virtual DPDK ports."""
import argparse
import os
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, '..', 'lib'))
import pcap as pcap_file  # noqa: E402
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
    header = pcap_file.header(data)
    if not header or header.link != pcap_file.ETHERNET:
        return None
    return [(record.time, record.data) for record in pcap_file.records(data)]


def write(path, records):
    """What a port can give of frames: microseconds of years before 2038, and no word of bytes that were cut off before."""
    before_2038 = lambda time: (time // pcap_file.SECOND & 0x7fffffff) * pcap_file.SECOND + time % pcap_file.SECOND
    return pcap_file.write(path, [(before_2038(time), len(frame), frame) for time, frame in records])


def same_rows(file_run, port_run):
    out = [r.describe() for r in (file_run, port_run) if r.status]
    for report in ROWS:
        if not out and file_run.reports[report] != port_run.reports[report]:
            out.append(report + ': ' + program.first_difference(file_run.reports[report], port_run.reports[report]))
    return out
