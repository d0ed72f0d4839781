/* The table of columns, report by report.
 *
 * A column is added at the end of the row, but before those that only some runs have. ndjson_members.c, the writers of
 * CSV rows and the tables in docs/reports.md follow; tests/spreadsheet holds them against this table. */
#include "io/columns/columns.h"
#include "io/reports/names.h"

#define COLUMN(column, kind, text, from)                                                                     \
    {                                                                                                        \
        .name = (column), kind, .meaning = (text), .source = (from)                                          \
    }

#define NUMBER      .type = COLUMN_NUMBER
#define NUMBERS     .type = COLUMN_NUMBERS
#define BYTES       .type = COLUMN_NUMBER, .unit = "bytes"
#define TIME        .type = COLUMN_TIME, .unit = "s"
#define SECONDS     .type = COLUMN_SECONDS, .unit = "s"
#define RATIO       .type = COLUMN_RATIO
#define FLAG        .type = COLUMN_FLAG
#define ADDRESS     .type = COLUMN_ADDRESS
#define TEXT        .type = COLUMN_TEXT
#define UTC         .type = COLUMN_UTC, .when = WHEN_SPREADSHEET
#define WORD(list)  .type = COLUMN_WORD, .words = (list), .word_count = ARRAY_LEN(list)
#define WORDS(list) .type = COLUMN_WORDS, .words = (list), .word_count = ARRAY_LEN(list)
#define MAYBE(kind) kind, .may_be_empty = true
#define FOUND(kind) kind, .when = WHEN_VERDICTS

/* Sources. */
#define FRAMES      "order of the input"
#define CLOCK       "time stamp of the capture"
#define STREAMS     "counted, as `tcp.stream`"
#define IP          "IP header"
#define TCP         "TCP header (RFC 9293)"
#define COUNTED     "counted"
#define COMPUTED    "computed"
#define WIRESHARK   "as `tcp.completeness`"
#define RULES       "docs/rules.md"
#define VERDICTS    "docs/verdicts.md"
#define OPTION(opt) "`" opt "`"

#define ORIGIN_COLUMNS                                                                                       \
    COLUMN("file", TEXT COMMA.when = WHEN_ORIGIN, "the file that the frame is in", "command line"),          \
        COLUMN("file_frame", NUMBER COMMA.when = WHEN_ORIGIN, "the frame's number in it", FRAMES)
#define COMMA ,
#define COMMUNITY_ID_COLUMN                                                                                  \
    COLUMN("community_id", TEXT COMMA.when = WHEN_COMMUNITY_ID,                                              \
           "hash of addresses, ports and protocol, the same for all conversations of a tuple",               \
           "Community ID v1")
#define KEY_COLUMNS                                                                                          \
    COLUMN("vlan", MAYBE(NUMBER) COMMA.when = WHEN_VLAN,                                                     \
           "VLAN of the conversation, 1 to 4095; empty without one", "IEEE 802.1Q tag"),                     \
        COLUMN("interface", NUMBER COMMA.when = WHEN_INTERFACE,                                              \
               "number of the interface in its file, or of the port, from 0 on",                             \
               "pcapng interface, DPDK port"),                                                               \
        COLUMN("vni", MAYBE(NUMBER) COMMA.when = WHEN_VNI,                                                   \
               "overlay network, 0 to 16777215; empty outside of one", "VXLAN or Geneve header")
#define TIME_UTC(text) COLUMN("time_utc", UTC, text, CLOCK)

static const char *const roles[] = {"client", "server"};
static const char *const endings[] = {"rst", "fin", "open"};

static const struct column reuse[] = {
    COLUMN("frame", NUMBER, "number of the frame that reuses the ports", FRAMES),
    COLUMN("time", TIME, "of that frame", CLOCK),
    TIME_UTC("the same as date and time"),
    COLUMN("stream", NUMBER, "the conversation that it opens", STREAMS),
    COLUMN("previous_stream", NUMBER,
           "the conversation that had the ports before; under `--rules 4.0` and `4.2` a SYN/ACK continues "
           "the old "
           "one, and both are the same",
           STREAMS),
    COLUMN("trigger", WORD(trigger_names),
           "which rule fired: another initial sequence number (`isn`), or the same after an RST or a FIN; if "
           "several "
           "apply, isn before rst before fin",
           RULES),
    COLUMN("src", ADDRESS, "sender of the segment", IP),
    COLUMN("src_port", NUMBER, "its port", TCP),
    COLUMN("dst", ADDRESS, "receiver of the segment", IP),
    COLUMN("dst_port", NUMBER, "its port", TCP),
    COLUMN("isn", NUMBER, "the segment's sequence number", TCP),
    COLUMN("previous_isn", NUMBER,
           "the sender's initial sequence number in the old conversation, seen or inferred", TCP),
    COLUMN("previous_completeness", NUMBER, "completeness of the old conversation at its end", WIRESHARK),
    COLUMN("previous_first_frame", NUMBER, "first frame of the old conversation", FRAMES),
    COLUMN("previous_last_frame", NUMBER, "last frame of the old conversation", FRAMES),
    COLUMN("previous_last_time", TIME, "of that frame", CLOCK),
    COLUMN("gap", SECONDS,
           "from the old conversation's last segment to this one: `time` - `previous_last_time`; negative if "
           "time "
           "stamps go back",
           COMPUTED),
    COLUMN("previous_first_time", TIME, "when the old conversation began", CLOCK),
    COLUMN("previous_frames", NUMBER, "segments of the old conversation", COUNTED),
    COLUMN("previous_bytes", BYTES, "of their frames on the wire", COUNTED),
    COLUMN("previous_end", WORD(endings), "how the old conversation ended", TCP),
    COLUMN("previous_closed_by", FOUND(WORD(closer_names)),
           "who sent the old conversation's first FIN, else its first RST", VERDICTS),
    COLUMN("previous_close", FOUND(WORD(close_names)), "how it ended; finer than `previous_end`", VERDICTS),
    COLUMN("undercuts", FOUND(MAYBE(.type = COLUMN_WORDS)),
           "the timers of hosts and devices that the gap is below; of an open conversation the idle timers "
           "that it "
           "exceeds",
           OPTION("--timers")),
    COLUMN("acceptable", FOUND(WORD(acceptable_names)), "may a host in TIME_WAIT accept the SYN?",
           "RFC 1122, RFC 6191"),
    COLUMN("isn_distance", FOUND(MAYBE(NUMBER)),
           "the ISN minus the number that the old conversation expects next of the same side, modulo 2^32, "
           "signed",
           COMPUTED),
    COLUMN("origin", FOUND(WORD(origin_names)), "where the ISN comes from", VERDICTS),
    COLUMN("answer", FOUND(MAYBE(WORD(answer_names))),
           "what the SYN was answered with, first of all; empty for a SYN/ACK", VERDICTS),
    COLUMN("episode", FOUND(NUMBER), "the stream with which this series of attempts began", VERDICTS),
    COLUMN("attempt", FOUND(NUMBER), "which attempt of it this is, from 1", COUNTED),
    COLUMN("episode_delay", FOUND(MAYBE(SECONDS)),
           "from the episode's first SYN to the SYN/ACK that got through", COMPUTED),
    COLUMN("episode_outcome", FOUND(WORD(episode_outcome_names)),
           "how the episode ended; `open`: not before the capture did", VERDICTS),
    COLUMN("answer_delay", FOUND(MAYBE(SECONDS)), "from this SYN to the SYN/ACK that took it up", COMPUTED),
    COLUMN("syn_retries", FOUND(NUMBER), "how often this SYN was sent again before its answer", COUNTED),
    COLUMN("verdict", FOUND(WORD(verdict_names)), "all of it in one word", VERDICTS),
    COLUMN("certainty", FOUND(MAYBE(WORDS(certainty_names))),
           "what lowers the verdict's certainty; empty when nothing does", VERDICTS),
    COMMUNITY_ID_COLUMN,
    KEY_COLUMNS,
    ORIGIN_COLUMNS,
};

static const struct column conversations[] = {
    COLUMN("stream", NUMBER, "the conversation's number", STREAMS),
    COLUMN("first_frame", NUMBER, "its first frame in the order of the input", FRAMES),
    COLUMN("last_frame", NUMBER, "its last frame", FRAMES),
    COLUMN("first_time", TIME, "of its first frame", CLOCK),
    TIME_UTC("`first_time` as date and time"),
    COLUMN("last_time", TIME, "of its last frame", CLOCK),
    COLUMN("client", ADDRESS,
           "who sent the SYN or received the SYN/ACK; without either, the side with the higher port; where "
           "ports are "
           "equal, who sent the first segment",
           IP),
    COLUMN("client_port", NUMBER, "its port", TCP),
    COLUMN("server", ADDRESS, "the other side", IP),
    COLUMN("server_port", NUMBER, "its port", TCP),
    COLUMN("completeness", NUMBER, "what the conversation had, at its end", WIRESHARK),
    COLUMN("frames", NUMBER, "segments of both directions", COUNTED),
    COLUMN("bytes", BYTES, "of their frames on the wire", COUNTED),
    COLUMN("duration", SECONDS, "`last_time` - `first_time`", COMPUTED),
    COLUMN("client_isn", MAYBE(NUMBER),
           "the client's initial sequence number, seen or inferred; empty when unknown", TCP),
    COLUMN("server_isn", MAYBE(NUMBER), "the server's, likewise", TCP),
    COLUMN("ended", WORD(endings), "how it ended", TCP),
    COLUMN("client_by", FOUND(WORD(client_by_names)), "how client and server were told apart", COMPUTED),
    COLUMN(
        "handshake", FOUND(WORD(handshake_names)),
        "`complete`: the client acknowledged the SYN/ACK, or the server went on; `half-open`: neither, and a "
        "RST is no such ACK; `challenged`: the SYN got an ACK of something else",
        TCP),
    COLUMN("rtt", FOUND(MAYBE(SECONDS)),
           "from the first SYN to the SYN/ACK, where the capture was taken; empty when either is missing",
           COMPUTED),
    COLUMN("close", FOUND(WORD(close_names)), "how it ended, as `previous_close` of reuse.csv says",
           VERDICTS),
    COLUMN("closed_by", FOUND(WORD(closer_names)), "who ended it, as `previous_closed_by` says", VERDICTS),
    COLUMN("syn_retries", FOUND(NUMBER), "how often a SYN came again", COUNTED),
    COLUMN("trigger", FOUND(MAYBE(WORD(trigger_names))),
           "of the reuse that it began with; empty when it reused nothing", RULES),
    COLUMN("reuses", FOUND(MAYBE(NUMBER)),
           "stream of the conversation before it on the same tuple; empty without one, and when that was "
           "forgotten",
           STREAMS),
    COLUMN("reused_by", FOUND(MAYBE(NUMBER)), "stream of the one after it, likewise", STREAMS),
    COLUMN("client_frames", NUMBER,
           "segments that the client sent; one that an ICMP error quotes is its own sender's; tshark's `-z "
           "conv,tcp` leaves such segments, and impossible headers, out",
           COUNTED),
    COLUMN("server_frames", NUMBER, "those that the server sent; both together are `frames`", COUNTED),
    COLUMN("client_payload", BYTES,
           "of TCP payload that the client sent, as Wireshark's `tcp.len` adds up: what is sent again counts "
           "again, and so do bytes that the capture has not; `bytes` counts whole frames",
           COUNTED),
    COLUMN("server_payload", BYTES, "of TCP payload that the server sent, likewise", COUNTED),
    COLUMN(
        "ended_by", WORD(ending_names) COMMA.when = WHEN_ENDING,
        "`reuse`: its ports were reused; `expired`: it was forgotten; `run`: it was still there at the end",
        COMPUTED),
    COMMUNITY_ID_COLUMN,
    KEY_COLUMNS,
};

static const struct column episodes[] = {
    COLUMN("episode", NUMBER, "the stream with which it began, as in reuse.csv", STREAMS),
    COLUMN("client", ADDRESS, "who sent the SYNs", IP),
    COLUMN("client_port", NUMBER, "its port", TCP),
    COLUMN("server", ADDRESS, "the other side", IP),
    COLUMN("server_port", NUMBER, "its port", TCP),
    COLUMN("first_frame", NUMBER, "frame of the first SYN", FRAMES),
    COLUMN("first_time", TIME, "of that frame", CLOCK),
    TIME_UTC("the same as date and time"),
    COLUMN("attempts", NUMBER, "how many there were", COUNTED),
    COLUMN("outcome", WORD(episode_outcome_names), "how it ended; `open`: not before the capture did",
           VERDICTS),
    COLUMN("delay", MAYBE(SECONDS), "from the first SYN to the SYN/ACK that got through; empty without one",
           COMPUTED),
    COLUMN("answers", .type = COLUMN_WORDS,
           "what each attempt got: `none`, `rst`, `challenge-ack`, `syn-ack`, `unseen`; of a first one that "
           "was no "
           "reuse `refused` or `unanswered`",
           VERDICTS),
    COLUMN("frames", NUMBERS, "the frames with their SYNs", FRAMES),
    KEY_COLUMNS,
};

/* Those of triggers and verdicts in the order of their enums. */
static const struct column endpoints[] = {
    COLUMN("role", WORD(roles), "what the endpoint is", COMPUTED),
    COLUMN("address", ADDRESS, "of the endpoint", IP),
    COLUMN("port", MAYBE(NUMBER), "of a server; a client has none", TCP),
    COLUMN("conversations", NUMBER, "with this endpoint", COUNTED),
    COLUMN("reuses", NUMBER, "of its ports", COUNTED),
    COLUMN("reuse_rate", RATIO, "reuses for each conversation, four decimals", COMPUTED),
    COLUMN("failed_reuses", NUMBER, "with the verdict `refused`, `challenged` or `lost`", COUNTED),
    COLUMN("failed_share", MAYBE(RATIO), "of the reuses; empty without any", COMPUTED),
    COLUMN("reuses_syn_isn", NUMBER, "reuses with the trigger `syn-isn`", COUNTED),
    COLUMN("reuses_syn_after_rst", NUMBER, "with `syn-after-rst`", COUNTED),
    COLUMN("reuses_syn_after_fin", NUMBER, "with `syn-after-fin`", COUNTED),
    COLUMN("reuses_synack_isn", NUMBER, "with `synack-isn`", COUNTED),
    COLUMN("reuses_synack_after_rst", NUMBER, "with `synack-after-rst`", COUNTED),
    COLUMN("reuses_synack_after_fin", NUMBER, "with `synack-after-fin`", COUNTED),
    COLUMN("reuses_unknown", NUMBER, "reuses with the verdict `unknown`", COUNTED),
    COLUMN("reuses_copy", NUMBER, "with `copy`", COUNTED),
    COLUMN("reuses_retry", NUMBER, "with `retry`", COUNTED),
    COLUMN("reuses_in_order", NUMBER, "with `in-order`", COUNTED),
    COLUMN("reuses_early_accepted", NUMBER, "with `early-accepted`", COUNTED),
    COLUMN("reuses_challenged", NUMBER, "with `challenged`", COUNTED),
    COLUMN("reuses_refused", NUMBER, "with `refused`", COUNTED),
    COLUMN("reuses_delayed", NUMBER, "with `delayed`", COUNTED),
    COLUMN("reuses_lost", NUMBER, "with `lost`", COUNTED),
    COLUMN("reuses_stale_open", NUMBER, "with `stale-open`", COUNTED),
    COLUMN("least_gap", MAYBE(SECONDS),
           "from the old conversation's last segment to the reuse; empty without any", COMPUTED),
    COLUMN("median_gap", MAYBE(SECONDS), "likewise; of an even number of gaps the lower one in the middle",
           COMPUTED),
    COLUMN("refused", NUMBER, "conversations whose handshake ended so, as in conversations.csv", COUNTED),
    COLUMN("unanswered", NUMBER, "likewise", COUNTED),
    COLUMN("delayed", NUMBER, "conversations that got a SYN/ACK, but whose SYN was sent more than once",
           COUNTED),
    COLUMN("most_open", NUMBER, "conversations at once; each is open from its first to its last segment",
           COUNTED),
    COLUMN("most_new", NUMBER, "conversations that began within one second, whichever that is", COUNTED),
    COLUMN("ports", NUMBER, "distinct ports of clients", COUNTED),
    COLUMN("lowest_port", NUMBER, "the lowest of them", TCP),
    COLUMN("highest_port", NUMBER, "the highest of them", TCP),
    COLUMN("ports_in_range", NUMBER, "how many of them lie in `--port-range` (32768-60999)", COUNTED),
    COLUMN("range_ports", NUMBER, "the ports that this range has", OPTION("--port-range")),
    COLUMN("ports_seconds", SECONDS,
           "how long `ports` would last at `most_new` a second, if no port were used twice and one client "
           "with one "
           "server took them all",
           COMPUTED),
    COLUMN("range_seconds", SECONDS, "how long the whole range would last, likewise", COMPUTED),
    COLUMN("port_order", WORD(port_order_names), "in which order clients take their ports, see below",
           COMPUTED),
};

static const struct column packets[] = {
    COLUMN("frame", NUMBER,
           "number of the frame; one with several TCP headers has several rows, the outermost first", FRAMES),
    COLUMN("time", TIME, "of the frame", CLOCK),
    TIME_UTC("the same as date and time"),
    COLUMN("stream", NUMBER, "the conversation that the segment belongs to", STREAMS),
    COLUMN("completeness", NUMBER, "of the conversation *before* this segment, as Wireshark shows it",
           WIRESHARK),
    COLUMN("reused", FLAG, "1 if the segment is a reuse", RULES),
    COLUMN("src", ADDRESS, "sender", IP),
    COLUMN("src_port", NUMBER, "its port", TCP),
    COLUMN("dst", ADDRESS, "receiver", IP),
    COLUMN("dst_port", NUMBER, "its port", TCP),
    COLUMN("flags", TEXT, "four hexadecimal digits after `0x`, as `tcp.flags` of tshark", TCP),
    COLUMN("seq", NUMBER, "sequence number, absolute", TCP),
    COLUMN("ack", NUMBER, "acknowledgment number, whether or not the ACK flag is set", TCP),
    COLUMN("len", MAYBE(BYTES),
           "of data; empty when unknown (a quoted packet, a fragment that was not reassembled, a header "
           "longer than "
           "the packet)",
           "IP and TCP header"),
    KEY_COLUMNS,
    ORIGIN_COLUMNS,
};

#define REPORT(text, list)                                                                                   \
    {                                                                                                        \
        .about = (text), .items = (list), .count = ARRAY_LEN(list)                                           \
    }

const struct report_columns report_columns[REPORTS] = {
    [REPORT_REUSE] = REPORT("one row a reuse, in the order of frames", reuse),
    [REPORT_CONVERSATIONS] = REPORT("one row a conversation, in the order of streams", conversations),
    [REPORT_PACKETS] = REPORT("one row a TCP segment, in the order of frames", packets),
    [REPORT_EPISODES] = REPORT("one row an episode of more than one attempt", episodes),
    [REPORT_ENDPOINTS] = REPORT("one row a client address, one a server address and port", endpoints),
};
