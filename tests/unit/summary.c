/* The summary, as JSON and for people, and --stats: all that they say of a run, word for word. Each number of
 * the run is another one, so that none can stand for another.
 *
 * Length: the texts that are expected. */
#include "io/reports/statistics.h"

#include <criterion/criterion.h>
#include <stdlib.h>
#include <unistd.h>

enum { THREADS = 2, NOTES = 10, PORTS = 2 };

/* A run, and what it points to. */
struct run {
    struct summary summary;
    struct pipeline_totals totals;
    struct problems problems, failures;
    struct worker_times times[THREADS];
    struct note notes[NOTES];
    struct port_counters ports[PORTS];
};

static void fill_notes(struct run *r)
{
    /* Not in order. The ninth and tenth are counted only in the summary for people. */
    static const struct note notes[NOTES] = {
        {OUTCOME_MALFORMED, SUBJECT_TCP, 0, 7},
        {OUTCOME_UNSUPPORTED, SUBJECT_IP_PROTOCOL, 50, 1200},
        {OUTCOME_TRUNCATED, SUBJECT_IPV4, 0, 7},
        {OUTCOME_UNSUPPORTED, SUBJECT_ETHER_TYPE, 0x88f7, 6},
        {OUTCOME_UNSUPPORTED, SUBJECT_ETHER_TYPE, 0x0801, 6},
        {OUTCOME_MALFORMED, SUBJECT_IPV6, 0, 7},
        {OUTCOME_UNSUPPORTED, SUBJECT_SNAP_OUI, 0x00000c, 5},
        {OUTCOME_UNSUPPORTED, SUBJECT_DEPTH, 64, 4},
        {OUTCOME_UNSUPPORTED, SUBJECT_FRAGMENT, 9, 2},
        {OUTCOME_UNSUPPORTED, SUBJECT_LINK_TYPE, 147, 1},
    };
    memcpy(r->notes, notes, sizeof notes);
    r->totals.decoded.notes = (struct notes){.items = r->notes, .count = NOTES, .capacity = NOTES};
}

static void fill_times(struct run *r)
{
    for (int i = 0; i < THREADS; i++)
        for (int k = 0; k < STEPS; k++) {
            r->times[i].seconds[k] = (i + 1) * 0.5 + k;
            r->times[i].steps[k] = (uint64_t)(100 * (i + 1) + k);
        }
    r->times[0].processor = 30.25;
    r->times[1].processor = 33.125;
    r->totals.times = r->times;
}

static void fill(struct run *r)
{
    *r = (struct run){.problems = PROBLEMS_INIT};
    r->totals = (struct pipeline_totals){
        .decoded.frames = {11, 1234567, 12, 14, 1224, 16}, /* by outcome */
        .decoded.segments = 1234600,
        .decoded.segments_truncated = 17,
        .decoded.wire_bytes = 98765432,
        .decoded.captured_bytes = 87654321,
        .decoded.order = {.frames_back = 17, .furthest_back = 2500000000},
        .frames = 1235844,
        .conversations = 3500,
        .tuples = 3100,
        .reuses = {0, 1301, 22, 23, 24, 0, 25}, /* by trigger */
        .expired = 31,
        .displaced = 32,
        .batches = 41,
        .lanes = 42,
        .lanes_redone = 43,
        .seconds = 0.5,
        .conserved = true,
    };
    fill_notes(r);
    fill_times(r);
    r->totals.tables[FAMILY_IPV4] =
        (struct table_measures){3000, 4096, 3001, 1300000, 2700000, 2000, 1900, 80, 20, 3};
    problems_add(&r->problems, PROBLEM_ERROR, 0, "a.pcap", 77, "expected a record");
    problems_add(&r->problems, PROBLEM_NOTE, 1, "b.pcap", -1, "not in order");
    r->summary = (struct summary){.totals = &r->totals,
                                  .problems = &r->problems,
                                  .failures = &r->failures,
                                  .rules = RULES_4_2,
                                  .threads = THREADS,
                                  .files = 5,
                                  .files_opened = 4,
                                  .bytes = 99000000,
                                  .bytes_total = 198000000,
                                  .memory_limit = 17000000000,
                                  .memory = {.peak = 7200000, .own = 6300000}};
}

static void fill_ports(struct run *r)
{
    static const struct port_counters ports[PORTS] = {
        {0,
         "net_tap0",
         "net_tap",
         5000,
         {51, 52, 53},
         2,
         {{2000, {54, 0, PORT_LOSS_UNKNOWN}}, {3000, {0, 0, PORT_LOSS_UNKNOWN}}}},
        {3, "0000:01:00.0", "net_ice", 6000, {0, 0, 0}, 1, {{6000, {0, 0, 0}}}},
    };
    memcpy(r->ports, ports, sizeof ports);
    r->summary.ports = r->ports;
    r->summary.port_count = PORTS;
    r->summary.unread = 61;
    r->summary.forgets = true;
}

/* What print() prints, freed by the caller. */
static char *printed(const struct summary *s, void (*print)(const struct summary *, FILE *))
{
    char *text = NULL;
    size_t size;
    FILE *f = open_memstream(&text, &size);
    cr_assert(f);
    print(s, f);
    cr_assert_eq(fclose(f), 0);
    return text;
}

static void expect_printed(const struct summary *s, void (*print)(const struct summary *, FILE *),
                           const char *expected)
{
    char *text = printed(s, print);
    cr_expect_str_eq(text, expected);
    free(text);
}

/* That the summary for people has this text in it. */
static void expect_within(const struct summary *s, const char *expected)
{
    char *text = printed(s, summary_print);
    cr_expect(strstr(text, expected), "no %s in %s", expected, text);
    free(text);
}

/* summary.json behind its first member, the version, and with ' for ". Freed by the caller. */
static char *json_of(const struct summary *s)
{
    enum { SIZE = 16384 };
    char *text = calloc(1, SIZE);
    cr_assert(text);
    FILE *f = fmemopen(text, SIZE, "w");
    cr_assert(f);
    summary_write_json(s, f);
    cr_assert_eq(fclose(f), 0);
    for (char *c = text; (c = strchr(c, '"'));)
        *c = '\'';
    static const char begin[] = "{\n  'tcpreuse': '";
    cr_assert(!strncmp(text, begin, sizeof begin - 1), "%s", text);
    const char *rest = strchr(text + 2, '\n') + 1;
    memmove(text, rest, strlen(rest) + 1);
    return text;
}

static void expect_in_json(const struct summary *s, const char *expected)
{
    char *text = json_of(s);
    cr_expect(strstr(text, expected), "no %s in %s", expected, text);
    free(text);
}

static const char expected_json[] =
    "  'rules': '4.2',\n"
    "  'complete': false,\n"
    "  'input': {\n"
    "    'files': 5,\n"
    "    'files_read': 4,\n"
    "    'bytes': 99000000,\n"
    "    'errors': [\n"
    "      {'file': 'a.pcap', 'offset': 77, 'message': 'expected a record'}\n"
    "    ],\n"
    "    'notes': [\n"
    "      {'file': 'b.pcap', 'message': 'not in order'}\n"
    "    ],\n"
    "    'interrupted': false\n"
    "  },\n"
    "  'frames': {\n"
    "    'read': 1235844,\n"
    "    'with_tcp': 1234567,\n"
    "    'without_tcp': 11,\n"
    "    'truncated': 12,\n"
    "    'malformed': 14,\n"
    "    'unsupported': 1224,\n"
    "    'ignored': 16,\n"
    "    'conserved': true,\n"
    "    'wire_bytes': 98765432,\n"
    "    'captured_bytes': 87654321,\n"
    "    'back_in_time': {'frames': 17, 'seconds': 2.500000000}\n"
    "  },\n"
    "  'left_out': [\n"
    "    {'why': 'unsupported', 'what': 'IP protocol 50', 'frames': 1200},\n"
    "    {'why': 'truncated', 'what': 'IPv4', 'frames': 7},\n"
    "    {'why': 'malformed', 'what': 'IPv6', 'frames': 7},\n"
    "    {'why': 'malformed', 'what': 'TCP', 'frames': 7},\n"
    "    {'why': 'unsupported', 'what': 'ether type 0x0801', 'frames': 6},\n"
    "    {'why': 'unsupported', 'what': 'ether type 0x88f7', 'frames': 6},\n"
    "    {'why': 'unsupported', 'what': 'SNAP OUI 00:00:0c', 'frames': 5},\n"
    "    {'why': 'unsupported', 'what': 'encapsulation depth 64', 'frames': 4},\n"
    "    {'why': 'unsupported', 'what': 'IP fragment', 'frames': 2},\n"
    "    {'why': 'unsupported', 'what': 'link type 147', 'frames': 1}\n"
    "  ],\n"
    "  'segments': {\n"
    "    'decoded': 1234600,\n"
    "    'truncated': 17\n"
    "  },\n"
    "  'conversations': 3500,\n"
    "  'tuples': 3100,\n"
    "  'reuses': {\n"
    "    'total': 1395,\n"
    "    'by_trigger': {\n"
    "      'syn-isn': 1301,\n"
    "      'syn-after-fin': 23,\n"
    "      'syn-after-rst': 22,\n"
    "      'synack-isn': 24,\n"
    "      'synack-after-fin': 25,\n"
    "      'synack-after-rst': 0\n"
    "    }\n"
    "  },\n"
    "  'performance': {\n"
    "    'threads': 2,\n"
    "    'seconds': 0.500000,\n"
    "    'frames_per_second': 2471688,\n"
    "    'bytes_per_second': 198000000,\n"
    "    'batches': 41,\n"
    "    'lanes': 42,\n"
    "    'lanes_redone': 43,\n"
    "    'memory_limit': 17000000000,\n"
    "    'memory': {'peak': 7200000, 'own': 6300000},\n"
    "    'seconds_in_steps': {'claim': 1.500000, 'decode': 3.500000, 'settle': 5.500000, 'drain': "
    "7.500000, 'merge': 9.500000, 'format': 11.500000, 'write': 13.500000, 'prepare': 15.500000, 'idle': "
    "17.500000, 'processor': 63.375000},\n"
    "    'steps': {'claim': 300, 'decode': 302, 'settle': 304, 'drain': 306, 'merge': 308, 'format': 310, "
    "'write': 312, 'prepare': 314, 'idle': 316},\n"
    "    'workers': [\n"
    "      {'claim': 0.500000, 'decode': 1.500000, 'settle': 2.500000, 'drain': 3.500000, 'merge': "
    "4.500000, 'format': 5.500000, 'write': 6.500000, 'prepare': 7.500000, 'idle': 8.500000, 'processor': "
    "30.250000},\n"
    "      {'claim': 1.000000, 'decode': 2.000000, 'settle': 3.000000, 'drain': 4.000000, 'merge': "
    "5.000000, 'format': 6.000000, 'write': 7.000000, 'prepare': 8.000000, 'idle': 9.000000, 'processor': "
    "33.125000}\n"
    "    ],\n"
    "    'tables': {\n"
    "      'ipv4': {'tuples': 3000, 'slots': 4096, 'load': 0.7324, 'records': 3001, 'index_bytes': "
    "1300000, 'record_bytes': 2700000,\n"
    "        'sampled': 2000, 'in_own_bucket': 0.950000, 'in_next_bucket': 0.040000, 'further': 0.010000, "
    "'furthest': 3},\n"
    "      'ipv6': {'tuples': 0, 'slots': 0, 'load': 0.0000, 'records': 0, 'index_bytes': 0, "
    "'record_bytes': 0,\n"
    "        'sampled': 0, 'in_own_bucket': 0.000000, 'in_next_bucket': 0.000000, 'further': 0.000000, "
    "'furthest': 0}\n"
    "    }\n"
    "  }\n"
    "}\n";

Test(summary, json)
{
    struct run r;
    fill(&r);
    char *text = json_of(&r.summary);
    cr_expect_str_eq(text, expected_json);
    free(text);
    r.totals.stopped = true;
    expect_in_json(&r.summary, "'interrupted': true\n");
    r.totals.conserved = false;
    expect_in_json(&r.summary, "'conserved': false,\n");
    problems_free(&r.problems);
}

Test(summary, json_of_ports)
{
    struct run r;
    fill(&r);
    fill_ports(&r);
    expect_in_json(&r.summary,
                   "    'ports': [\n"
                   "      {'port': 0, 'name': 'net_tap0', 'driver': 'net_tap', 'received': 5000, 'missed': "
                   "51, 'errors': 52, 'no_mbuf': 53, 'queues': [\n"
                   "        {'queue': 0, 'received': 2000, 'missed': 54, 'errors': 0, 'no_mbuf': null},\n"
                   "        {'queue': 1, 'received': 3000, 'missed': 0, 'errors': 0, 'no_mbuf': null}]},\n"
                   "      {'port': 3, 'name': '0000:01:00.0', 'driver': 'net_ice', 'received': 6000, "
                   "'missed': 0, 'errors': 0, 'no_mbuf': 0, 'queues': [\n"
                   "        {'queue': 0, 'received': 6000, 'missed': 0, 'errors': 0, 'no_mbuf': 0}]}\n"
                   "    ],\n"
                   "    'unread': 61,\n"
                   "    'lost': true,\n");
    expect_in_json(&r.summary, "  'tuples': 3100,\n"
                               "  'forgotten': {\n"
                               "    'expired': 31,\n"
                               "    'displaced': 32\n"
                               "  },\n");
    for (unsigned k = 0; k < LOSSES; k++)
        r.ports[0].lost[k] = 0;
    expect_in_json(&r.summary, "'lost': false,\n");
    problems_free(&r.problems);
}

Test(summary, for_people)
{
    struct run r;
    fill(&r);
    expect_printed(&r.summary, summary_print,
                   "1,395 reuses of TCP ports in 3,500 conversations on 3,100 tuples\n"
                   "  syn-isn          1,301\n"
                   "  syn-after-fin    23\n"
                   "  syn-after-rst    22\n"
                   "  synack-isn       24\n"
                   "  synack-after-fin 25\n"
                   "1,235,844 frames read: 1,234,567 with TCP, 11 without, 12 truncated, 14 malformed, 1,224 "
                   "unsupported, 16 ignored\n"
                   "  unsupported IP protocol 50: 1,200 frames\n"
                   "  truncated IPv4: 7 frames\n"
                   "  malformed IPv6: 7 frames\n"
                   "  malformed TCP: 7 frames\n"
                   "  unsupported ether type 0x0801: 6 frames\n"
                   "  unsupported ether type 0x88f7: 6 frames\n"
                   "  unsupported SNAP OUI 00:00:0c: 5 frames\n"
                   "  unsupported encapsulation depth 64: 4 frames\n"
                   "  and 2 more kinds (see summary.json)\n"
                   "17 frames go back in time, by 2.500000000 s at most; reuses may come from that\n"
                   "0.500 s on 2 threads, 2.5 million frames/s, 198 MB/s\n");
    problems_free(&r.problems);
}

Test(summary, few_notes_and_one_thread)
{
    struct run r;
    fill(&r);
    r.totals.decoded.notes.count = 8;
    r.summary.threads = 1;
    expect_within(&r.summary, "  malformed TCP: 7 frames\n");
    expect_within(&r.summary, ": 4 frames\n17 frames go back in time");
    expect_within(&r.summary, "from that\n0.500 s on 1 thread, ");
    problems_free(&r.problems);
}

Test(summary, interrupted)
{
    struct run r;
    fill(&r);
    r.totals.stopped = true;
    expect_within(&r.summary,
                  "\ninterrupted after 50.0 % of the input: 99,000,000 of 198,000,000 bytes\n1,235,844 ");
    r.summary.bytes = 198000000;
    expect_within(&r.summary, "\ninterrupted after 100.0 % of the input: ");
    r.summary.bytes = 198000001;
    expect_within(&r.summary, "\ninterrupted after 198,000,001 bytes of the input\n1,235,844 ");
    r.summary.bytes = r.summary.bytes_total = 0;
    expect_within(&r.summary, "\ninterrupted after 0 bytes of the input\n1,235,844 ");
    r.summary.ports = r.ports;
    expect_within(&r.summary, "  synack-after-fin 25\n1,235,844 ");
    problems_free(&r.problems);
}

Test(summary, ports_for_people)
{
    struct run r;
    fill(&r);
    fill_ports(&r);
    expect_within(&r.summary,
                  "\nconversations forgotten: 31 expired (--expire), 32 displaced (--max-conversations)\n"
                  "1,235,844 ");
    expect_within(&r.summary,
                  "port 0 (net_tap0): 5,000 received, 51 missed, 52 errors, 53 without buffer\n"
                  "  queue 0: 2,000 received, 54 missed\n"
                  "port 3 (0000:01:00.0): 6,000 received, 0 missed, 0 errors, 0 without buffer\n");
    expect_printed(
        &r.summary, summary_print_drops,
        "tcpreuse: 156 frames were lost and 11,000 received; reuses among the lost frames are missing from "
        "the reports\n");
    for (unsigned k = 0; k < LOSSES; k++)
        r.ports[0].lost[k] = 0;
    expect_printed(&r.summary, summary_print_drops, "");
    problems_free(&r.problems);
}

Test(summary, statistics)
{
    struct run r;
    fill(&r);
    expect_printed(
        &r.summary, statistics_print,
        "seconds         claim   decode   settle    drain    merge   format    write  prepare     idle     "
        " all      CPU\n"
        "  thread 1     0.5000   1.5000   2.5000   3.5000   4.5000   5.5000   6.5000   7.5000   8.5000  "
        "40.5000  30.2500\n"
        "  thread 2     1.0000   2.0000   3.0000   4.0000   5.0000   6.0000   7.0000   8.0000   9.0000  "
        "45.0000  33.1250\n"
        "  all          1.5000   3.5000   5.5000   7.5000   9.5000  11.5000  13.5000  15.5000  17.5000  "
        "85.5000  63.3750\n"
        "  per cent        1.8      4.1      6.4      8.8     11.1     13.5     15.8     18.1     20.5    "
        "100.0     74.1\n"
        "  ns a frame   1213.7   2832.1   4450.4   6068.7   7687.1   9305.4  10923.7  12542.0  14160.4  "
        "69183.5  51280.7\n"
        "IPv4 table: 3000 tuples in 4096 slots (load 0.73); 95.00 % in their own bucket, 4.00 % in the "
        "next, 1.00 % further (at most 3); 1.3 MB index, 2.7 MB records\n"
        "41 batches, 42 lanes, 43 wrong guesses\n"
        "memory: 6.3 MB of its own (1800 bytes a conversation), at most 7.2 MB with mapped captures\n");
    problems_free(&r.problems);
}
