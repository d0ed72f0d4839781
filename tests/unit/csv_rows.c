/* Rows of packets.csv, of which those of one call share what they have in common, beside rows that printf
 * writes. */
#include "io/reports/csv_rows.h"
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

/* The same, with nothing left out. */
static size_t print_row(char *out, size_t room, const struct packet_row *row, bool with_origin)
{
    const struct segment *s = row->segment;
    const unsigned flow = s->bits & SEGMENT_FLOW, decimals = SEGMENT_DECIMALS(s);
    char time[40], length[16] = "", origin[64] = "", address[2][INET6_ADDRSTRLEN];
    const uint64_t value = s->time < 0 ? -(uint64_t)s->time : (uint64_t)s->time;
    int n = sprintf(time, "%s%" PRIu64, s->time < 0 ? "-" : "", value / SECOND);
    if (decimals)
        sprintf(time + n, ".%0*" PRIu64, (int)decimals, value % SECOND / powers[9 - decimals]);
    for (unsigned side = 0; side < 2; side++) {
        if (row->family == FAMILY_IPV4) {
            const uint32_t a = htonl(((const struct segment4 *)s)->address[side]);
            inet_ntop(AF_INET, &a, address[side], sizeof address[side]);
        } else {
            inet_ntop(AF_INET6, ((const struct segment6 *)s)->address[side], address[side],
                      sizeof address[side]);
        }
    }
    if (s->bits & SEGMENT_LENGTH_KNOWN)
        sprintf(length, "%" PRIu32, s->payload);
    if (with_origin)
        sprintf(origin, ",%s,%" PRIu64, row->origin.file, row->origin.frame);
    n = snprintf(
        out, room, "%" PRIu64 ",%s,%" PRIu64 ",%u,%d,%s,%u,%s,%u,0x%04x,%" PRIu32 ",%" PRIu32 ",%s%s\n",
        row->frame, time, row->stream, s->completeness, (s->bits & SEGMENT_REUSE) != 0, address[flow],
        s->port[flow], address[!flow], s->port[!flow], SEGMENT_FLAGS(s), s->seq, s->ack, length, origin);
    return (size_t)n;
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
            rows[i] = (struct packet_row){.frame = frame,
                                          .stream = random_below(&random, 8)
                                                        ? any_number(&random, 48)
                                                        : UINT64_C(10000000000) - random_below(&random, 2),
                                          .segment = &segments[i].s,
                                          .family = family,
                                          .origin = {.file = "a.pcap", .frame = frame / 2}};
            n += print_row(expected + n, sizeof expected - n, &rows[i], sink.wants_origin);
            /* Mostly a little later, now and then a second or so later or earlier. */
            const int64_t step = random_below(&random, random_below(&random, 8) ? 1000 : 2 * SECOND);
            time += random_below(&random, 4) || time < step ? step : -step;
            frame += random_below(&random, random_below(&random, 4) ? 3 : 700);
        }
        cr_assert_eq(csv_format_packets(&sink, &text, rows, count), 0);
        cr_assert_eq(text.length, n, "call %u: %zu bytes, expected %zu\n%.*s%s", call, text.length, n,
                     (int)text.length, text.bytes, expected);
        cr_assert(!n || !memcmp(text.bytes, expected, n), "call %u:\n%.*s%s", call, (int)text.length,
                  text.bytes, expected);
        free(text.bytes);
    }
}
