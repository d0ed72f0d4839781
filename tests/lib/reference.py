# SPDX-License-Identifier: BSD-2-Clause
"""The rules of tcpreuse a second time: slow, plain, and written without a look at the program.

It judges random traffic under the rule generations for which no tshark is at hand, and is itself judged by tshark 4.0.
It knows the layers that lib/capture.py builds: Ethernet, VLAN, LLC/SNAP, IPv4 with fragments, IPv6 with extension
headers, ICMP errors, TCP.
"""
import struct

from pcap import records

FIN, SYN, RST, ACK = 1, 2, 4, 16
C_SYN, C_SYNACK, C_ACK, C_DATA, C_FIN, C_RST = 1, 2, 4, 8, 16, 32


class Conversation:
    def __init__(self, stream, frame):
        self.stream, self.first, self.last = stream, frame, frame
        self.completeness, self.frames, self.base = 0, 0, {}
        self.ways = {}      # endpoint: its frames and payload bytes


class Reference:
    """Feed it segments in order; each call of segment() returns the row that packets.csv has for it."""

    def __init__(self, rules):
        self.rules, self.newest, self.conversations, self.reuses = rules, {}, [], []

    def create(self, key, frame):
        conversation = Conversation(len(self.conversations), frame)
        self.conversations.append(conversation)
        self.newest[key] = conversation
        return conversation

    def why(self, conversation, sender, seq, closed_counts):
        """The trigger of a reuse, without syn- or synack-; None when it is none."""
        if sender not in conversation.base:
            return None
        if conversation.base[sender] != seq:
            return 'isn'
        if closed_counts and conversation.completeness & C_RST:
            return 'after-rst'
        if closed_counts and conversation.completeness & C_FIN:
            return 'after-fin'
        return None

    def segment(self, frame, src, sport, dst, dport, seq, ack, flags, length, doff, quoted):
        """length is the segment length, None when unknown. Returns (stream, completeness, reused)."""
        sender, receiver = (src, sport), (dst, dport)
        key = (min(sender, receiver), max(sender, receiver))
        conversation = self.newest.get(key)
        new = created = conversation is None
        if created:
            conversation = self.create(key, frame)
        trigger = None
        if flags & SYN:
            known = sender in conversation.base
            old = conversation.__dict__.copy()
            old['base'] = dict(conversation.base)
            if flags & ACK:
                why = self.why(conversation, sender, seq, self.rules == '4.4')
                if why and self.rules != '4.4':
                    conversation.base[sender] = seq
                elif why:
                    conversation, new = self.create(key, frame), True
                trigger = why and 'synack-' + why
            else:
                why = self.why(conversation, sender, seq, self.rules != '4.0')
                if why:
                    conversation, new = self.create(key, frame), True
                    if self.rules == '4.0':
                        conversation.completeness, new = C_SYN, False
                elif not known and self.rules != '4.0':
                    new = True
                trigger = why and 'syn-' + why
            if trigger:
                self.reuses.append({'frame': frame, 'stream': conversation.stream, 'previous_stream': old['stream'],
                                    'trigger': trigger, 'isn': seq, 'previous_isn': old['base'][sender],
                                    'previous_completeness': old['completeness'],
                                    'previous_first_frame': old['first'], 'previous_last_frame': old['last']})
        if not quoted and (self.rules != '4.0' or length is not None):
            conversation.base.setdefault(sender, seq if flags & SYN else seq - 1 & 0xffffffff)
            if flags & ACK:
                conversation.base.setdefault(receiver, ack - 1 & 0xffffffff)
        shown = conversation.completeness
        if doff >= 5:
            self.complete(conversation, flags, length, new, created)
        conversation.last = frame
        conversation.frames += 1
        frames, payload = conversation.ways.get(sender, (0, 0))
        conversation.ways[sender] = frames + 1, payload + (length or 0)
        return conversation.stream, shown, int(trigger is not None)

    def complete(self, conversation, flags, length, new, created):
        value = 0 if new else conversation.completeness
        data = C_DATA if length else 0
        if flags & SYN and not flags & ACK:
            if new:
                value |= C_SYN | data
        elif self.rules == '4.0' and created:
            return
        elif flags & SYN:
            value |= C_SYNACK
        elif flags & ACK:
            value |= data or C_ACK
        if flags & FIN and flags & ACK:
            value |= C_FIN
        if flags & RST and not (self.rules == '4.0' and created):
            value |= C_RST
        conversation.completeness = value


class Decoder:
    """Frames to segments. A segment: (src, sport, dst, dport, seq, ack, flags, length, doff, quoted)."""

    def __init__(self, rules):
        self.least, self.pending = (14 if rules == '4.4' else 16), {}

    def frame(self, data, original):
        """The segments of an Ethernet frame; data is what was captured of its original bytes."""
        self.out = []
        at, original = 12, max(original, len(data))
        try:
            kind, = struct.unpack_from('>H', data, at)
            at += 2
            while kind in (0x8100, 0x88a8, 0x9100):
                kind, = struct.unpack_from('>H', data, at + 2)
                at += 4
            if kind <= 1500:
                original = min(original, at + kind)
                if data[at:at + 6] != b'\xaa\xaa\x03\0\0\0':
                    return self.out
                kind, = struct.unpack_from('>H', data, at + 6)
                at += 8
            if kind in (0x0800, 0x86dd):
                self.ip(data[at:original], original - at, kind == 0x86dd, False)
        except (struct.error, IndexError):
            pass
        return self.out

    def ip(self, data, reported, six, quoted):
        (self.ipv6 if six else self.ipv4)(data, reported, quoted)

    def ipv4(self, data, reported, quoted):
        size, total = (data[0] & 15) * 4, struct.unpack_from('>H', data, 2)[0]
        if size < 20 or (total and total < size) or len(data) < 20:
            return
        claimed = total or reported
        there = claimed if quoted else min(claimed, reported)
        data = data[:there]
        ident, fragment = struct.unpack_from('>HH', data, 4)
        src, dst, protocol = data[12:16], data[16:20], data[9]
        body, length = data[size:], there - size
        if fragment & 0x3fff:
            offset, more = (fragment & 0x1fff) * 8, fragment & 0x2000
            if len(body) == length and not quoted:
                body = self.reassemble((src, dst, ident, protocol), offset, body, more)
                if body is None:
                    return
                self.upper(4, src, dst, protocol, body, len(body), quoted, True)
            elif offset == 0:
                self.upper(4, src, dst, protocol, body, length, quoted, False)
            return
        self.upper(4, src, dst, protocol, body, length, quoted, True)

    def reassemble(self, key, offset, body, more):
        """The whole payload once its last missing piece came, else None."""
        pieces = self.pending.setdefault(key, [{}, None])
        pieces[0].setdefault(offset, body)
        if not more:
            pieces[1] = offset + len(body)
        end, out = pieces[1], b''
        while end is not None and len(out) < end:
            if len(out) not in pieces[0]:
                return None
            out += pieces[0][len(out)]
        if end is None:
            return None
        del self.pending[key]
        return out

    def ipv6(self, data, reported, quoted):
        if len(data) < 40:
            return
        claimed, protocol = struct.unpack_from('>HB', data, 4)
        src, dst = data[8:24], data[24:40]
        if not claimed:         # only a jumbogram may say so, and none is built here
            return
        there = claimed if (quoted or claimed <= reported - 40) else reported - 40
        body = data[40:40 + there]
        at = 0
        while protocol in (0, 43, 60, 44, 51):
            following, size = body[at], body[at + 1]
            at += 8 if protocol == 44 else size * 4 + 8 if protocol == 51 else size * 8 + 8
            protocol = following
        self.upper(6, src, dst, protocol, body[at:], there - at, quoted, True)

    def upper(self, version, src, dst, protocol, body, length, quoted, known):
        if protocol == 6:
            if min(len(body), length) < self.least:
                return
            sport, dport, seq, ack, doff, flags = struct.unpack_from('>HHIIBB', body)
            doff >>= 4
            payload = length - doff * 4
            if quoted or not known or payload < 0:
                payload = None
            self.out.append(((version, src), sport, (version, dst), dport, seq, ack, flags, payload, doff, quoted))
        elif not quoted and ((protocol == 1 and body[0] in (3, 4, 5, 11, 12)) or (protocol == 58 and body[0] in (1, 2, 3, 4))):
            self.ip(body[8:], length - 8, protocol == 58, True)


def rows(data, rules):
    """A pcap file's packets rows [(frame, stream, completeness, reused)] and the Reference that decided them."""
    decoder, reference, out = Decoder(rules), Reference(rules), []
    for frame, (_, original, kept) in enumerate(records(data), 1):
        for segment in decoder.frame(kept, original):
            out.append((frame,) + reference.segment(frame, *segment))
    return out, reference
