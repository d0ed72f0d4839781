#!/usr/bin/env python3
"""Write examples/verdicts.pcap: a small capture in which each verdict about a reuse is met once.

usage: make_verdicts.py [FILE]

Each story below has a client of its own, which reuses one of its ports, and is named after the verdict that tcpreuse gives:
docs/verdicts.md goes through them. Addresses are of ranges set aside for documentation, checksums are right, and the same bytes
come out at every run. Needs Python's standard library and make_port_reuse.py beside it.
"""
import os
import sys

from make_port_reuse import ACK, FIN, MINUTE, RST, SYN, Connection, frames, write

SERVER = "198.51.100.80"


def connection(start, client, isn, server_isn=0x51000000):
    return Connection(start, "192.0.2.%d" % client, 40000 + client, SERVER, 443, isn, server_isn)


def closed(start, client, isn):
    """A whole connection, which the client closes: the server expects isn + 10 next, and has its TIME_WAIT behind it."""
    old = connection(start, client, isn)
    old.handshake()
    old.say(0, "request\n")
    old.close()
    return old


def in_order(start):
    """Five minutes after the close no timer runs any more. The SYN is answered at once."""
    closed(start, 11, 0x11000000)
    connection(start + 5 * MINUTE, 11, 0x11800000).handshake()


def early_accepted(start):
    """Half a minute after the close, well within the TIME_WAIT of Linux, and the server accepts it: the ISN is higher."""
    closed(start, 12, 0x12000000)
    connection(start + 30, 12, 0x12800000).handshake()


def challenged(start):
    """The same, but the ISN is lower: a server in TIME_WAIT answers with the last ACK of the old connection, and the client
    resets that. This one gives up; most would send the SYN again a second later."""
    old = closed(start, 13, 0x13000000)
    new = connection(start + 30, 13, 0x12FFF000)
    new.segment(0, SYN, after=0)
    new.next_seq = [old.next_seq[0], old.next_seq[1]]
    new.segment(1, ACK)
    new.segment(0, RST, after=0.0002)


def refused(start):
    """The server was closed meanwhile, and nobody listens any more."""
    closed(start, 14, 0x14000000)
    new = connection(start + 5 * MINUTE, 14, 0x14800000)
    new.next_seq[1] = 0
    new.segment(0, SYN, after=0)
    new.segment(1, RST | ACK)


def delayed(start):
    """A device on the way drops the first SYN, since it still knows the old connection. A second later it lets the next one
    through: what IPVS does."""
    closed(start, 15, 0x15000000)
    new = connection(start + 90, 15, 0x15800000)
    new.segment(0, SYN, after=0)
    new.next_seq[0] -= 1
    new.segment(0, SYN, after=1)
    new.segment(1, SYN | ACK)
    new.segment(0, ACK, after=0.0004)


def lost(start):
    """A firewall with a stale entry drops all SYNs, until the client gives up."""
    closed(start, 16, 0x16000000)
    new = connection(start + 10, 16, 0x16800000)
    for after in (0, 1, 2):
        new.next_seq[0] = 0x16800000
        new.segment(0, SYN, after=after)


def stale_open(start):
    """The client's power fails, and it comes back on the same port. The server has forgotten the old connection as well."""
    old = connection(start, 17, 0x17000000)
    old.handshake()
    old.say(0, "request\n")
    connection(start + 6 * MINUTE, 17, 0x17800000).handshake()


def retry(start):
    """The server is about to start: the first SYN is refused. Windows sends the same SYN once more, half a second later."""
    first = connection(start, 18, 0x18000000, 0)
    first.segment(0, SYN, after=0)
    first.segment(1, RST | ACK)
    second = connection(start + 0.5, 18, 0x18000000)
    second.sent = 2
    second.handshake()


def copy(start):
    """Captured on two interfaces, whose frames were written in blocks: all of it comes again 0.4 ms later."""
    for delay in (0, 0.0004):
        attempt = connection(start + delay, 19, 0x19000000, 0)
        attempt.segment(0, SYN, after=0)
        attempt.segment(1, RST | ACK, after=0.0001)


def unknown(start):
    """The way back is not captured: what the SYN was answered with cannot be told, only that there was an answer."""
    for delay, isn in ((0, 0x1A000000), (5 * MINUTE, 0x1A800000)):
        half = connection(start + delay, 20, isn)
        half.segment(0, SYN, after=0)
        half.segment(1, SYN | ACK, seen=False)
        half.segment(0, ACK, after=0.0004)
        half.segment(0, FIN | ACK, after=0.05)


def main():
    here = os.path.dirname(os.path.abspath(__file__))
    path = sys.argv[1] if len(sys.argv) > 1 else os.path.join(here, "verdicts.pcap")
    for number, story in enumerate((in_order, early_accepted, challenged, refused, delayed, lost, stale_open, retry, copy, unknown)):
        story(1 + 10 * number)
    # A device's keep-alive at the end lets time go on, so that no answer is waited for any more.
    connection(8 * MINUTE, 21, 0x1B000000).handshake()
    assert len(frames) < 200
    write(path)


if __name__ == "__main__":
    main()
