/* Rows of the reports beside rows that printf writes: numbers, times and addresses of every length, and names
 * of files that have to be quoted. */
#include "io/reports/csv_rows.h"
#include "engine/conversations/events.h"
#include "tests/support/random.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { SECOND = 1000000000, CALLS = 4000 };

static const uint64_t powers[] = {1, 10, 100, 1000, 10000, 100000, 1000000, 10000000, 100000000, 1000000000};

/* A number of any length up to the given number of bits. */
static uint64_t any_number(uint64_t *random, unsigned bits)
{
    return random_next(random) >> (64 - bits) >> random_below(random, bits);
}

static union {
    struct segment s;
    struct segment4 v4;
    struct segment6 v6;
} segments[PACKET_ROWS];

static void draw_segment(uint64_t *random, unsigned i, enum family family, int64_t time)
{
    struct segment *s = &segments[i].s;
    *s = (struct segment){.time = time,
                          .seq = (uint32_t)any_number(random, 32),
                          .ack = (uint32_t)any_number(random, 32),
                          .payload = (uint32_t)any_number(random, 32),
                          .port = {(uint16_t)any_number(random, 16), (uint16_t)any_number(random, 16)},
                          .flags = (uint16_t)(any_number(random, 12) | random_below(random, 10) << 12),
                          .bits = (uint8_t)random_next(random) &
                                  (SEGMENT_FLOW | SEGMENT_REUSE | SEGMENT_LENGTH_KNOWN),
                          .completeness = (uint8_t)random_below(random, 64)};
    for (unsigned side = 0; side < 2; side++) {
        if (family == FAMILY_IPV4)
            segments[i].v4.address[side] = (uint32_t)random_next(random);
        else
            for (unsigned k = 0; k < 16; k++)
                segments[i].v6.address[side][k] = (uint8_t)random_next(random);
    }
}

static void print_time(char *out, int64_t ns, unsigned decimals)
{
    const uint64_t value = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
    const int n = sprintf(out, "%s%" PRIu64, ns < 0 ? "-" : "", value / SECOND);
    if (decimals)
        sprintf(out + n, ".%0*" PRIu64, (int)decimals, value % SECOND / powers[9 - decimals]);
}

static void print_address(char out[INET6_ADDRSTRLEN], enum family family, const void *address)
{
    if (family == FAMILY_IPV4) {
        const uint32_t a = htonl(*(const uint32_t *)address);
        inet_ntop(AF_INET, &a, out, INET6_ADDRSTRLEN);
    } else {
        inet_ntop(AF_INET6, address, out, INET6_ADDRSTRLEN);
    }
}

/* Names of files, and how RFC 4180 writes them. */
static const struct {
    const char *is, *written;
} names[] = {
    {"a.pcap", "a.pcap"},
    {"a,b.pcap", "\"a,b.pcap\""},
    {"\"", "\"\"\"\""},
    {"say \"no\".pcap", "\"say \"\"no\"\".pcap\""},
    {"\"\"\"", "\"\"\"\"\"\"\"\""},
    {"two\nlines", "\"two\nlines\""},
    {"two\r", "\"two\r\""},
    {"'a' b;c", "'a' b;c"},
    {"", ""},
};

static const char *written(const char *name)
{
    for (size_t i = 0; i < ARRAY_LEN(names); i++)
        if (!strcmp(names[i].is, name))
            return names[i].written;
    return NULL;
}

static void print_origin(char *out, const struct sink *sink, const struct origin *origin)
{
    *out = 0;
    if (sink->wants_origin)
        sprintf(out, ",%s,%" PRIu64, written(origin->file), origin->frame);
}

/* The same as csv_format_packets() of one row, with nothing left out. */
static size_t print_packet(char *out, size_t room, const struct packet_row *row, const struct sink *sink)
{
    const struct segment *s = row->segment;
    const unsigned flow = s->bits & SEGMENT_FLOW;
    char time[40], length[16] = "", origin[64], address[2][INET6_ADDRSTRLEN];
    print_time(time, s->time, SEGMENT_DECIMALS(s));
    for (unsigned side = 0; side < 2; side++)
        print_address(address[side], row->family,
                      row->family == FAMILY_IPV4 ? (const void *)&((const struct segment4 *)s)->address[side]
                                                 : ((const struct segment6 *)s)->address[side]);
    if (s->bits & SEGMENT_LENGTH_KNOWN)
        sprintf(length, "%" PRIu32, s->payload);
    print_origin(origin, sink, &row->origin);
    return (size_t)snprintf(
        out, room, "%" PRIu64 ",%s,%" PRIu64 ",%u,%d,%s,%u,%s,%u,0x%04x,%" PRIu32 ",%" PRIu32 ",%s%s\n",
        row->frame, time, row->stream, s->completeness, (s->bits & SEGMENT_REUSE) != 0, address[flow],
        s->port[flow], address[!flow], s->port[!flow], SEGMENT_FLAGS(s), s->seq, s->ack, length, origin);
}

/* Gives the text's memory back. */
static void expect_rows(struct text *text, const char *expected, size_t n, unsigned call)
{
    cr_assert_eq(text->length, n, "call %u: %zu bytes, expected %zu\n%.*s%.*s", call, text->length, n,
                 (int)text->length, text->bytes, (int)n, expected);
    cr_assert(!n || !memcmp(text->bytes, expected, n), "call %u:\n%.*s%.*s", call, (int)text->length,
              text->bytes, (int)n, expected);
    free(text->bytes);
}

Test(csv_rows, packets_as_printf)
{
    uint64_t random = 7;
    for (unsigned call = 0; call < CALLS; call++) {
        struct sink sink = {.wants_origin = call % 4 == 0};
        struct packet_row rows[PACKET_ROWS];
        struct text text = {0};
        const unsigned count = random_below(&random, PACKET_ROWS + 1);
        uint64_t frame = 1 + any_number(&random, 47);
        int64_t time = (int64_t)any_number(&random, 63);
        if (call % 8 == 1)
            time = -time;
        if (call % 8 == 2)
            time = 0;
        static char expected[PACKET_ROWS * 512];
        size_t n = 0;
        for (unsigned i = 0; i < count; i++) {
            const enum family family = random_below(&random, 2) ? FAMILY_IPV6 : FAMILY_IPV4;
            draw_segment(&random, i, family, time);
            rows[i] = (struct packet_row){
                .frame = frame,
                .stream = random_below(&random, 8) ? any_number(&random, 48)
                                                   : UINT64_C(10000000000) - random_below(&random, 2),
                .segment = &segments[i].s,
                .family = family,
                .origin = {.file = names[(call + i) % ARRAY_LEN(names)].is, .frame = frame / 2}};
            n += print_packet(expected + n, sizeof expected - n, &rows[i], &sink);
            /* Mostly a little later, now and then a second or so later or earlier. */
            const int64_t step = random_below(&random, random_below(&random, 8) ? 1000 : 2 * SECOND);
            time += random_below(&random, 4) || time < step ? step : -step;
            frame += random_below(&random, random_below(&random, 4) ? 3 : 700);
        }
        cr_assert_eq(csv_format_packets(&sink, &text, rows, count), 0);
        expect_rows(&text, expected, n, call);
    }
}

/* A conversation that may be anything, with the parts of its rows. */
struct drawn {
    union conversation_any any;
    enum family family;
    uint64_t first_frame, last_frame, frames, bytes;
    unsigned completeness, decimals, known;
    char address[2][INET6_ADDRSTRLEN], first_time[40], last_time[40];
    const char *end;
};

static void draw_conversation(uint64_t *random, struct drawn *d)
{
    struct conversation *c = &d->any.c;
    memset(d, 0, sizeof *d);
    d->family = random_below(random, 2) ? FAMILY_IPV6 : FAMILY_IPV4;
    d->first_frame = any_number(random, 48);
    d->last_frame = any_number(random, 48);
    d->frames = any_number(random, 47);
    d->bytes = any_number(random, 55);
    d->completeness = random_below(random, 64);
    d->decimals = random_below(random, 10);
    d->known = random_below(random, 4);
    conversation_set_first_frame(c, d->first_frame);
    c->f16_frames += d->frames;
    c->f8_bytes += d->bytes;
    c->last_frame_low = (uint32_t)d->last_frame;
    c->last_frame_high = (uint16_t)(d->last_frame >> 32);
    c->first_time = (int64_t)any_number(random, 62);
    c->last_time = (int64_t)any_number(random, 62);
    if (random_below(random, 8) == 0)
        c->first_time = -c->first_time;
    c->state = (uint16_t)(d->completeness << STATE_COMPLETENESS_SHIFT | d->decimals << STATE_DECIMALS_SHIFT |
                          (random_below(random, 2) ? STATE_CLIENT_1 : 0) |
                          (random_below(random, 2) ? STATE_CLIENT_KNOWN : 0));
    c->bits = (uint8_t)((~d->known & 3) << CONVERSATION_UNKNOWN_SHIFT);
    for (unsigned side = 0; side < 2; side++) {
        c->isn[side] = (uint32_t)any_number(random, 32);
        c->port[side] = (uint16_t)any_number(random, 16);
        if (d->family == FAMILY_IPV4)
            d->any.v4.address[side] = (uint32_t)random_next(random);
        else
            for (unsigned k = 0; k < 16; k++)
                d->any.v6.address[side][k] = (uint8_t)random_next(random);
        print_address(d->address[side], d->family,
                      d->family == FAMILY_IPV4 ? (const void *)&d->any.v4.address[side]
                                               : d->any.v6.address[side]);
    }
    print_time(d->first_time, c->first_time, d->decimals);
    print_time(d->last_time, c->last_time, d->decimals);
    d->end = d->completeness & 32 ? "rst" : d->completeness & 16 ? "fin" : "open";
}

Test(csv_rows, conversations_as_printf)
{
    static const char *const endings[] = {
        [ENDING_RUN] = "run", [ENDING_REUSE] = "reuse", [ENDING_EXPIRED] = "expired"};
    uint64_t random = 8;
    for (unsigned call = 0; call < CALLS; call++) {
        struct sink sink = {.wants_ending = call % 2, .wants_origin = call % 4 / 2};
        struct text text = {0};
        struct drawn d;
        draw_conversation(&random, &d);
        const struct conversation *c = &d.any.c;
        const bool by_port = !(c->state & STATE_CLIENT_KNOWN) && c->port[0] != c->port[1];
        const unsigned client = by_port ? c->port[0] < c->port[1] : (c->state & STATE_CLIENT_1) != 0;
        const struct ways ways = {.frames = {any_number(&random, 48), any_number(&random, 48)},
                                  .payload = {any_number(&random, 63), any_number(&random, 63)}};
        const struct conversation_row row = {.stream = any_number(&random, 48),
                                             .ways = &ways,
                                             .ending = call % 3,
                                             .first_time = c->first_time,
                                             .conversation = &d.any,
                                             .family = d.family};
        char expected[640], duration[40], isn[2][16] = {"", ""};
        print_time(duration, c->last_time - c->first_time, d.decimals);
        for (unsigned i = 0; i < 2; i++)
            if (d.known >> (client ^ i) & 1)
                sprintf(isn[i], "%" PRIu32, c->isn[client ^ i]);
        const int n =
            snprintf(expected, sizeof expected,
                     "%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%s,%s,%s,%u,%s,%u,%u,%" PRIu64 ",%" PRIu64
                     ",%s,%s,%s,%s,%" PRIu64 ",%" PRIu64 ",%" PRIu64 ",%" PRIu64 "%s%s\n",
                     row.stream, d.first_frame, d.last_frame, d.first_time, d.last_time, d.address[client],
                     c->port[client], d.address[!client], c->port[!client], d.completeness, d.frames, d.bytes,
                     duration, isn[0], isn[1], d.end, ways.frames[client], ways.frames[!client],
                     ways.payload[client], ways.payload[!client], sink.wants_ending ? "," : "",
                     sink.wants_ending ? endings[row.ending] : "");
        cr_assert_eq(csv_format_conversation(&sink, &text, &row), 0);
        expect_rows(&text, expected, (size_t)n, call);
    }
}

Test(csv_rows, reuses_as_printf)
{
    static const char *const triggers[] = {
        "",           "syn-isn",          "syn-after-rst",   "syn-after-fin",
        "synack-isn", "synack-after-rst", "synack-after-fin"};
    _Static_assert(ARRAY_LEN(triggers) == TRIGGERS, "each has its word");
    uint64_t random = 9;
    for (unsigned call = 0; call < CALLS; call++) {
        struct sink sink = {.wants_origin = call % 4 == 0, .wants_ending = call % 2};
        struct text text = {0};
        struct drawn d;
        draw_conversation(&random, &d);
        const struct conversation *c = &d.any.c;
        const struct reuse reuse = {.trigger = (uint8_t)random_below(&random, TRIGGERS),
                                    .flow = (uint8_t)random_below(&random, 2),
                                    .decimals = (uint8_t)random_below(&random, 10),
                                    .time = (int64_t)any_number(&random, 62),
                                    .frame = any_number(&random, 48),
                                    .stream = any_number(&random, 48),
                                    .previous_stream = any_number(&random, 48),
                                    .isn = (uint32_t)any_number(&random, 32),
                                    .previous_isn = (uint32_t)any_number(&random, 32),
                                    .previous = d.any};
        const struct reuse_row row = {
            .reuse = &reuse,
            .family = d.family,
            .origin = {.file = names[call / 4 % ARRAY_LEN(names)].is, .frame = any_number(&random, 48)}};
        char expected[640], time[40], gap[40], origin[64];
        print_time(time, reuse.time, reuse.decimals);
        /* With all the digits that either of the two times has. */
        print_time(gap, reuse.time - c->last_time, reuse.decimals > d.decimals ? reuse.decimals : d.decimals);
        print_origin(origin, &sink, &row.origin);
        const int n =
            snprintf(expected, sizeof expected,
                     "%" PRIu64 ",%s,%" PRIu64 ",%" PRIu64 ",%s,%s,%u,%s,%u,%" PRIu32 ",%" PRIu32
                     ",%u,%" PRIu64 ",%" PRIu64 ",%s,%s,%s,%" PRIu64 ",%" PRIu64 ",%s%s\n",
                     reuse.frame, time, reuse.stream, reuse.previous_stream, triggers[reuse.trigger],
                     d.address[reuse.flow], c->port[reuse.flow], d.address[!reuse.flow], c->port[!reuse.flow],
                     reuse.isn, reuse.previous_isn, d.completeness, d.first_frame, d.last_frame, d.last_time,
                     gap, d.first_time, d.frames, d.bytes, d.end, origin);
        cr_assert_eq(csv_format_reuse(&sink, &text, &row), 0);
        expect_rows(&text, expected, (size_t)n, call);
    }
}
