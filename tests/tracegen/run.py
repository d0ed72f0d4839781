#!/usr/bin/env python3
# SPDX-License-Identifier: BSD-2-Clause
"""Checks the trace generator: run.py TRACEGEN"""

import os
import struct
import subprocess
import sys
import tempfile
import unittest

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "lib"))
import pcap  # noqa: E402

TRACEGEN = None
FIN, SYN, RST, ACK = 1, 2, 4, 16


def run(*options):
    return subprocess.run([TRACEGEN, *options], capture_output=True, check=False)


def trace(*options):
    result = run("-w", "-", *options)
    assert result.returncode == 0, result.stderr
    return result.stdout


def records(data):
    assert pcap.header(data).link == pcap.ETHERNET
    found = list(pcap.records(data, whole=True))
    assert all(len(r.data) <= r.length for r in found)
    return found


class Segment:
    """An ordinary frame, taken apart; checks both checksums."""

    def __init__(self, frame):
        at, self.tags = 12, 0
        while frame[at : at + 2] in (b"\x81\x00", b"\x88\xa8"):
            at, self.tags = at + 4, self.tags + 1
        self.ipv6 = frame[at : at + 2] == b"\x86\xdd"
        ip = frame[at + 2 :]
        if self.ipv6:
            source, destination = ip[8:24], ip[24:40]
            tcp = ip[40 : 40 + struct.unpack_from(">H", ip, 4)[0]]
        else:
            assert ones_sum(ip[:20]) == 0xFFFF
            source, destination = ip[12:16], ip[16:20]
            tcp = ip[20 : struct.unpack_from(">H", ip, 2)[0]]
        assert ones_sum(source + destination + struct.pack(">HH", 6, len(tcp)) + tcp) == 0xFFFF
        ports = struct.unpack_from(">HH", tcp)
        self.seq, self.ack = struct.unpack_from(">II", tcp, 4)
        self.flags = tcp[13]
        self.payload = tcp[(tcp[12] >> 4) * 4 :]
        self.tuple = tuple(sorted([(source, ports[0]), (destination, ports[1])]))


def ones_sum(data):
    data += b"\0" * (len(data) & 1)
    total = sum(struct.unpack(f">{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def segments(*options):
    return [Segment(r.data) for r in records(trace(*options))]


class Tracegen(unittest.TestCase):
    def test_seed_decides_the_bytes(self):
        for kind in ([], ["--hostile", "--fragments", "20", "--icmp", "20"]):
            options = ["--frames", "5000", "--flows", "100", *kind]
            self.assertEqual(trace(*options), trace(*options))
            self.assertNotEqual(trace(*options), trace(*options, "--seed", "2"))

    def test_file_and_stdout_agree(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "x.pcap")
            self.assertEqual(run("--frames", "30000", "-w", path).returncode, 0)
            with open(path, "rb") as file:
                self.assertEqual(file.read(), trace("--frames", "30000"))

    def test_wrong_usage(self):
        for wrong in (
            [],
            ["-w"],
            ["-w", "-", "--frames", "x"],
            ["-w", "-", "--frames", "-1"],
            ["-w", "-", "--size", "53"],
            ["-w", "-", "--fin", "101"],
            ["-w", "-", "--fin", "60", "--rst", "60"],
            ["-w", "-", "--fin", "10", "--rst", "10", "--unclosed", "10"],
            ["-w", "-", "--reuse", "nan"],
            ["-w", "-", "--mix", "x"],
            ["-w", "-", "--preset", "x"],
            ["-w", "-", "--icmp", "5"],
            ["-w", "-", "--midstream", "60", "--refused", "60"],
            ["-w", "-", "--heavy", "90", "--hostile"],
            ["-w", "-", "--payload", "x"],
            ["-w", "-", "--payload", "stale", "--hostile"],
            ["-w", "-", "--nonsense"],
            ["-w", "-", "left over"],
            ["-w", "-", "--carrier", "/nonexistent/file"],
            ["-w", "/nonexistent/file"],
        ):
            result = run("--frames", "10", *wrong)
            self.assertEqual((wrong, result.returncode), (wrong, 1))
            self.assertEqual(result.stdout, b"")
            self.assertNotEqual(result.stderr, b"")
        self.assertEqual(run("-h").returncode, 0)

    def test_frames_and_times(self):
        for variant in ([], ["--nanosecond"], ["--big-endian"], ["--nanosecond", "--big-endian"]):
            found = records(trace("--frames", "20000", "--rate", "10000", "--start", "1000", *variant))
            self.assertEqual(len(found), 20000)
            self.assertTrue(all(r.length == 64 == len(r.data) for r in found))
            times = [r.time for r in found]
            self.assertEqual(times, sorted(times))
            self.assertEqual(times[0], 1000 * 10**9)
            self.assertAlmostEqual((times[-1] - times[0]) / 10**9, 2, delta=0.1)

    def test_snaplen(self):
        for r in records(trace("--frames", "1000", "--snaplen", "60")):
            self.assertEqual((len(r.data), r.length), (60, 64))

    def test_mixes(self):
        for preset, size in (("mix", 491), ("mtu", 980)):
            found = records(trace("--preset", preset, "--frames", "60000", "--flows", "400", "--snaplen", "60"))
            self.assertAlmostEqual(sum(r.length for r in found) / len(found), size, delta=size * 0.03)

    def test_endings_and_reuses(self):
        found = segments("--frames", "60000", "--flows", "300", "--fin", "60", "--rst", "30", "--reuse", "25")
        opened, closed, reset = 0, 0, 0
        seen, finished = set(), set()
        for s in found:
            if s.flags & (SYN | ACK) == SYN:
                opened += 1
                finished.discard(s.tuple)
                seen.add(s.tuple)
            elif s.flags & FIN and s.tuple not in finished:
                closed += 1
                finished.add(s.tuple)
            elif s.flags & RST:
                reset += 1
        self.assertAlmostEqual(opened, 60000 / 14.3 + 150, delta=300)
        self.assertAlmostEqual((opened - len(seen)) / opened, 0.25, delta=0.03)
        self.assertAlmostEqual(closed / (opened - 300), 0.60, delta=0.05)
        self.assertAlmostEqual(reset / (opened - 300), 0.30, delta=0.05)

    def test_sequence_numbers_follow(self):
        expected = {}
        for s in segments("--frames", "20000", "--flows", "100", "--reuse", "0", "--mix", "imix"):
            ends = expected.setdefault(s.tuple, {})
            if not s.flags & SYN:
                self.assertIn(s.seq, ends.values())
            if s.flags & ACK:
                self.assertTrue(s.ack in ends.values())
            follow = (s.seq + len(s.payload) + bool(s.flags & (SYN | FIN))) & 0xFFFFFFFF
            for end, value in list(ends.items()):
                if value == s.seq:
                    ends[end] = follow
                    break
            else:
                ends[len(ends)] = follow

    def test_same_isn(self):
        isn, same, other = {}, 0, 0
        for s in segments("--frames", "40000", "--flows", "100", "--reuse", "50", "--same-isn", "40"):
            if s.flags & (SYN | ACK) == SYN:
                if s.tuple in isn:
                    same += isn[s.tuple] == s.seq
                    other += isn[s.tuple] != s.seq
                isn[s.tuple] = s.seq
        self.assertAlmostEqual(same / (same + other), 0.40, delta=0.06)

    def test_openings(self):
        first = {}
        options = ("--midstream", "20", "--syn-reorder", "20", "--syn-retransmit", "20", "--refused", "20", "--reuse", "0")
        for s in segments("--frames", "40000", "--flows", "100", *options):
            first.setdefault(s.tuple, []).append(s.flags)
        kinds = {"midstream": 0, "reorder": 0, "retransmit": 0, "refused": 0, "handshake": 0}
        for flags in first.values():
            kind = "handshake"
            if not flags[0] & SYN:
                kind = "midstream"
            elif flags[0] & ACK:
                kind = "reorder"
            elif flags[1:2] == [SYN]:
                kind = "retransmit"
            elif flags[1:2] == [RST | ACK]:
                kind = "refused"
            kinds[kind] += 1
        for kind, count in kinds.items():
            self.assertAlmostEqual(count / len(first), 0.20, delta=0.04, msg=kind)

    def test_ipv6_and_vlan_shares(self):
        flows = {}
        options = ("--ipv6", "40", "--vlan", "30", "--vlans", "3", "--size", "200", "--reuse", "0")
        for s in segments("--frames", "40000", "--flows", "200", *options):
            flows.setdefault(s.tuple, []).append(s)
        self.assertAlmostEqual(sum(f[0].ipv6 for f in flows.values()) / len(flows), 0.40, delta=0.04)
        self.assertAlmostEqual(sum(f[0].tags == 3 for f in flows.values()) / len(flows), 0.30, delta=0.04)
        self.assertTrue(all(s.tags == f[0].tags for f in flows.values() for s in f))

    def test_syn_flood(self):
        found = segments("--frames", "5000", "--new", "100", "--reuse", "0")
        self.assertEqual({s.flags for s in found}, {SYN})
        self.assertEqual(len({s.tuple for s in found}), 5000)

    def test_heavy(self):
        count = {}
        for s in segments("--frames", "20000", "--flows", "100", "--heavy", "90"):
            count[s.tuple] = count.get(s.tuple, 0) + 1
        self.assertAlmostEqual(max(count.values()) / 20000, 0.9, delta=0.02)
        self.assertGreater(len(count), 150)

    def test_carrier(self):
        with tempfile.TemporaryDirectory() as folder:
            path = os.path.join(folder, "inner.pcap")
            inner = trace("--frames", "3000", "--start", "1234567", "--nanosecond", "--big-endian")
            with open(path, "wb") as file:
                file.write(inner)
            outer = trace("--carrier", path)
            self.assertEqual(outer[:4], inner[:4])
            found = records(outer)
            self.assertEqual(found[0].time, records(inner)[0].time)
            carried = [Segment(r.data) for r in found]
            self.assertEqual(len({s.tuple for s in carried}), 4)
            self.assertEqual(b"".join(s.payload for s in carried), inner)
            self.assertEqual(len(records(trace("--carrier", path, "--frames", "1000"))), 1000)

    def test_payloads_are_old_records(self):
        stale = trace("--preset", "stale", "--frames", "5000", "--flows", "100")
        other = trace("--preset", "stale", "--frames", "5000", "--flows", "100", "--payload", "random")
        self.assertEqual([(r.time, r.length) for r in records(stale)], [(r.time, r.length) for r in records(other)])
        self.assertNotEqual(stale, other)
        carrying = 0
        at = pcap.FILE_HEADER
        for record in records(stale):
            payload, times = Segment(record.data).payload, []
            if len(payload) > 1000 and payload.strip(b"x"):
                inner = list(pcap.records(stale[: pcap.FILE_HEADER] + payload, whole=True))
                for old in inner:
                    self.assertIn(stale[pcap.FILE_HEADER:].find(old.data), range(at))
                times = [old.time for old in inner]
                self.assertEqual(times, sorted(times))
                self.assertLess(times[-1], record.time)
                carrying += 1
            at += pcap.RECORD_HEADER + len(record.data)
        self.assertGreater(carrying, 2000)

    def test_hostile_has_what_it_promises(self):
        found = records(trace("--hostile", "--frames", "20000", "--vlan", "0", "--ipv6", "0"))
        whole = [r.data for r in found if len(r.data) == r.length >= 54 and r.data[12:15] == b"\x08\x00\x45"]
        self.assertTrue(any(len(r.data) < r.length for r in found))
        self.assertTrue(any(d[14] & 15 < 5 for d in (r.data for r in found) if len(d) > 14))
        self.assertFalse(any(struct.unpack_from(">H", d, 20)[0] & 0x3FFF for d in whole))
        self.assertEqual({d[23] for d in whole}, {6})
        self.assertEqual({d[47] for d in whole}, set(range(256)))
        self.assertEqual({d[46] >> 4 for d in whole}, set(range(16)))
        totals = [struct.unpack_from(">H", d, 16)[0] for d in whole]
        self.assertIn(0, totals)
        self.assertTrue(any(0 < t < 40 for t in totals))
        self.assertTrue(any(t > len(d) - 14 for t, d in zip(totals, whole)))
        self.assertTrue(any(d[26:30] == d[30:34] and d[34:36] == d[36:38] for d in whole))
        mixed = records(trace("--hostile", "--frames", "20000", "--vlan", "0", "--ipv6", "0", "--fragments", "20", "--icmp", "20"))
        whole = [r.data for r in mixed if len(r.data) >= 54 and r.data[12:15] == b"\x08\x00\x45"]
        self.assertTrue(any(struct.unpack_from(">H", d, 20)[0] & 0x3FFF for d in whole))
        self.assertEqual({d[23] for d in whole}, {1, 6})


if __name__ == "__main__":
    TRACEGEN = sys.argv.pop(1)
    unittest.main()
