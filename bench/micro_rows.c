/* A row of each report. */
#include "bench/micro.h"
#include "io/reports/csv.h"
#include "io/reports/text.h"

#include <stdlib.h>

enum { ROWS = 1024 };

struct formatting {
    struct sink *sink;
    struct text text;
    struct segment4 segments[ROWS];
    struct segment6 segments6[ROWS];
    union conversation_any conversations[ROWS];
    struct reuse reuses[ROWS];
};

static void format_reuses(void *argument)
{
    struct formatting *f = argument;
    f->text.length = 0;
    for (unsigned i = 0; i < ROWS; i++) {
        struct reuse_row row = {.reuse = &f->reuses[i], .family = FAMILY_IPV4};
        f->sink->ops->format_reuse(f->sink, &f->text, &row);
    }
}

static void format_conversations(void *argument)
{
    struct formatting *f = argument;
    static const struct ways ways = {.frames = {7, 6}, .payload = {517, 4096}};
    f->text.length = 0;
    for (unsigned i = 0; i < ROWS; i++) {
        struct conversation_row row = {.stream = 1000000 + i,
                                       .ways = &ways,
                                       .conversation = &f->conversations[i],
                                       .family = FAMILY_IPV4};
        f->sink->ops->format_conversation(f->sink, &f->text, &row);
    }
}

static void format_packets_of(struct formatting *f, enum family family)
{
    struct packet_row rows[PACKET_ROWS];
    f->text.length = 0;
    for (unsigned i = 0; i < ROWS; i += PACKET_ROWS) {
        for (unsigned k = 0; k < PACKET_ROWS; k++)
            rows[k] = (struct packet_row){.frame = 10000000 + i + k,
                                          .stream = 1000000 + i + k,
                                          .segment = family == FAMILY_IPV4 ? &f->segments[i + k].s
                                                                           : &f->segments6[i + k].s,
                                          .family = family};
        f->sink->ops->format_packets(f->sink, &f->text, rows, PACKET_ROWS);
    }
}

static void format_packets(void *argument)
{
    format_packets_of(argument, FAMILY_IPV4);
}

static void format_packets6(void *argument)
{
    format_packets_of(argument, FAMILY_IPV6);
}

static void fill(struct formatting *f)
{
    for (unsigned i = 0; i < ROWS; i++) {
        struct segment s = {.time = 1700000000123456000 + (int64_t)i * 1000,
                            .seq = (uint32_t)micro_mix(i),
                            .ack = (uint32_t)(micro_mix(i) >> 32),
                            .payload = 1460,
                            .wire = 1514,
                            .port = {40000, 443},
                            .flags = 6 << 12 | TCP_ACK | TCP_PSH,
                            .bits = SEGMENT_LENGTH_KNOWN,
                            .completeness = 15};
        f->segments[i] = (struct segment4){s, {0x0a000001 + i, 0x0a800001}};
        f->segments6[i].s = s;
        static const uint8_t prefix[16] = {0x20, 0x01, 0x0d, 0xb8, 0, 0, 0, 0, 0, 0, 0, 0, 0x0a};
        memcpy(f->segments6[i].address[0], prefix, 16);
        memcpy(f->segments6[i].address[1], prefix, 16);
        f->segments6[i].address[0][15] = (uint8_t)i;
        f->segments6[i].address[1][13] = 0x80;
        struct conversation c = {.first_time = s.time - 2500000000,
                                 .last_time = s.time - 1500000000,
                                 .isn = {s.seq, s.ack},
                                 .port = {40000, 443},
                                 .state = 6 << STATE_DECIMALS_SHIFT | 31 << STATE_COMPLETENESS_SHIFT};
        conversation_set_first_frame(&c, 9000000 + i);
        for (unsigned k = 0; k < 14; k++)
            conversation_add_frame(&c, 9900000 + i, k ? 700 : 776);
        f->conversations[i].v4 = (struct conversation4){c, {0x0a000001 + i, 0x0a800001}};
        f->reuses[i] = (struct reuse){.position = i << 8,
                                      .trigger = TRIGGER_SYN_ISN,
                                      .decimals = 6,
                                      .flags = TCP_SYN,
                                      .time = s.time,
                                      .frame = 10000000 + i,
                                      .isn = 77,
                                      .previous_isn = 66,
                                      .stream = 1000000 + i,
                                      .previous_stream = 900000 + i,
                                      .previous = f->conversations[i]};
    }
    f->segments[0].s.seq = f->segments6[0].s.seq = f->conversations[0].c.isn[0] = 4000000001;
    f->segments[0].s.ack = f->segments6[0].s.ack = f->conversations[0].c.isn[1] = 5;
}

/* The first row is checked as it stands, then all are timed. */
static void time_rows(struct formatting *f, const char *what, void (*run)(void *), const char *first)
{
    run(f);
    micro_check(f->text.length > strlen(first) && !memcmp(f->text.bytes, first, strlen(first)), what);
    size_t lines = 0;
    for (size_t i = 0; i < f->text.length; i++)
        lines += f->text.bytes[i] == '\n';
    micro_check(lines == ROWS, what);
    micro_time("rows", what, ROWS, run, f);
}

void micro_rows(void)
{
    static struct formatting f;
    struct csv_sink *sink = csv_sink_create(&(struct csv_params){0}); /* it writes no report */
    micro_check(sink != NULL, "a sink");
    f.sink = csv_sink_sink(sink);
    fill(&f);
    time_rows(
        &f, "reuse.csv", format_reuses,
        "10000000,1700000000.123456,1000000,900000,syn-isn,10.0.0.1,40000,10.128.0.1,443,77,66,31,9000000,"
        "9900000,1699999998.623456,1.500000,1699999997.623456,14,9876,fin\n");
    time_rows(&f, "conversations.csv", format_conversations,
              "1000000,9000000,9900000,1699999997.623456,1699999998.623456,10.0.0.1,40000,10.128.0.1,443,31,"
              "14,9876,"
              "1.000000,4000000001,5,fin\n");
    time_rows(
        &f, "packets.csv", format_packets,
        "10000000,1700000000.123456,1000000,15,0,10.0.0.1,40000,10.128.0.1,443,0x0018,4000000001,5,1460\n");
    time_rows(&f, "packets.csv, IPv6", format_packets6,
              "10000000,1700000000.123456,1000000,15,0,2001:db8::a00:0,40000,2001:db8::a80:0,443,0x0018,"
              "4000000001,5,"
              "1460\n");
    free(f.text.bytes);
    f.text = (struct text){0};
    csv_sink_destroy(sink);
}
