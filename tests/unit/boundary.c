/* What is noted of a segment with SYN, FIN or RST, out of headers that are whole, cut, or nonsense. */
#include "engine/conversations/boundary.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { HEADER = 20, OPTIONS_MAX = 40, FEWEST = 14 };

static struct segment syn = {.flags = TCP_SYN, .time = 1, .position = 5};

static unsigned went_the_usual_way;

/* The list has one boundary, of this header. The way for usual ones notes the same, or nothing. */
static void expect_the_usual_way(struct boundary_list *list, const uint8_t *tcp, uint32_t captured)
{
    const struct boundary b = list->items[0];
    if (!boundary_add_usual(list, &syn, tcp, captured, b.ip_id)) {
        cr_assert_eq(list->count, 1);
        return;
    }
    went_the_usual_way++;
    cr_assert_eq(list->count, 2);
    const struct boundary *const usual = &list->items[1];
    cr_expect(usual->timestamp == b.timestamp && usual->ip_id == b.ip_id &&
              usual->bits == (b.bits | BOUNDARY_IP_ID) && usual->position == b.position &&
              usual->clock == b.clock);
    cr_expect_eq(syn.boundary, 1 | (b.bits & BOUNDARY_TIMESTAMP ? SEGMENT_BOUNDARY_STAMPED : 0));
}

/* What is noted of a header with these options; its length is in words of 4. captured: 0: all of it. The
 * header lies at the end of its memory, so that a sanitizer sees who reads further. */
static struct boundary note(const uint8_t *options, size_t length, uint32_t captured, int32_t ip_id)
{
    const uint32_t header = HEADER + (uint32_t)(length + 3) / 4 * 4;
    uint8_t whole[HEADER + OPTIONS_MAX] = {0};
    struct boundary_list list = {0};
    captured = captured ? captured : header;
    whole[12] = (uint8_t)(header / 4 << 4);
    memcpy(whole + HEADER, options, length);
    uint8_t *tcp = malloc(captured);
    cr_assert(tcp);
    memcpy(tcp, whole, MIN(captured, sizeof whole));
    cr_assert_eq(boundary_add(&list, &syn, tcp, captured, ip_id), 0);
    cr_assert_eq(list.count, 1);
    const struct boundary b = list.items[0];
    expect_the_usual_way(&list, tcp, captured);
    free(list.items);
    free(tcp);
    return b;
}

#define NOTE(...) note((const uint8_t[]){__VA_ARGS__}, sizeof(const uint8_t[]){__VA_ARGS__}, 0, -1)

static void expect_timestamp(struct boundary b, uint32_t timestamp)
{
    cr_expect(b.bits & BOUNDARY_TIMESTAMP);
    cr_expect_eq(b.timestamp, timestamp);
    cr_expect_not(b.bits & BOUNDARY_CUT);
}

#define STAMP 8, 10, 0x12, 0x34, 0x56, 0x78, 9, 9, 9, 9

Test(boundary, finds_the_time_stamp_behind_any_option)
{
    expect_timestamp(NOTE(STAMP), 0x12345678);
    expect_timestamp(NOTE(1, 1, STAMP), 0x12345678);
    expect_timestamp(NOTE(2, 4, 5, 0xb4, 4, 2, STAMP, 1, 3, 3, 7), 0x12345678);
    expect_timestamp(NOTE(254, 2, STAMP), 0x12345678);
    expect_timestamp(NOTE(STAMP, 8, 10, 1, 1, 1, 1, 0, 0, 0, 0), 0x12345678);
}

Test(boundary, has_a_short_way_for_what_most_hosts_send)
{
    (void)note((const uint8_t[]){0}, 0, 0, 0);
    cr_expect_eq(went_the_usual_way, 1, "no options");
    (void)NOTE(1, 1, STAMP);
    cr_expect_eq(went_the_usual_way, 2, "any segment of a connection with time stamps");
    (void)NOTE(2, 4, 5, 0xb4, 4, 2, STAMP, 1, 3, 3, 7);
    cr_expect_eq(went_the_usual_way, 3, "a SYN");
    (void)NOTE(2, 4, 5, 0xb4, 1, 1, 4, 2);
    cr_expect_eq(went_the_usual_way, 4, "a SYN without a time stamp");
}

/* Past 128, too, where its lowest bits come again. */
Test(boundary, leaves_its_place_in_the_segment)
{
    uint8_t tcp[HEADER] = {[12] = 0x50};
    struct boundary_list list = {0};
    for (unsigned i = 0; i < 600; i++) {
        struct segment s = {.flags = TCP_FIN, .position = i << 9};
        if (i % 2 || !boundary_add_usual(&list, &s, tcp, sizeof tcp, 0))
            cr_assert_eq(boundary_add(&list, &s, tcp, sizeof tcp, 0), 0);
        cr_expect_eq(s.boundary, i % 128);
    }
    cr_expect_eq(boundary_count_up_to(&list, 0), 1);
    cr_expect_eq(boundary_count_up_to(&list, (300 << 9) - 1), 300);
    cr_expect_eq(boundary_count_up_to(&list, 300 << 9), 301);
    cr_expect_eq(boundary_count_up_to(&list, UINT32_MAX), 600);
    free(list.items);
}

/* A SYN/ACK's time stamp is noted, but no shard looks for it. */
Test(boundary, tells_a_shard_where_a_time_stamp_is_to_be_looked_for)
{
    static const uint16_t flags[] = {TCP_SYN, TCP_SYN | TCP_ACK, TCP_FIN | TCP_ACK, TCP_RST};
    uint8_t tcp[HEADER + 12] = {[12] = 0x80, [HEADER] = 1, 1, STAMP};
    struct boundary_list list = {0};
    for (unsigned i = 0; i < 2 * ARRAY_LEN(flags); i++) {
        struct segment s = {.flags = flags[i / 2]};
        if (i % 2 || !boundary_add_usual(&list, &s, tcp, sizeof tcp, 0))
            cr_assert_eq(boundary_add(&list, &s, tcp, sizeof tcp, 0), 0);
        cr_expect_eq(list.items[i].bits & BOUNDARY_TIMESTAMP, BOUNDARY_TIMESTAMP);
        cr_expect_eq(!!(s.boundary & SEGMENT_BOUNDARY_STAMPED), i / 2 != 1);
    }
    free(list.items);
}

Test(boundary, finds_none_where_options_make_no_sense)
{
    cr_expect_not(NOTE(0, 1, STAMP).bits, "behind the end of the options");
    cr_expect_not(NOTE(2, 0, STAMP).bits, "behind an option that ends before it begins");
    cr_expect_not(NOTE(2, 1, STAMP).bits);
    cr_expect_not(NOTE(8, 9, 1, 2, 3, 4, 5, 6, 7).bits, "of another length");
    cr_expect_not(NOTE(8, 255, 1, 2, 3, 4, 5, 6, 7, 8).bits);
    cr_expect_not(NOTE(8, 10, 1, 2, 3, 4, 5, 6).bits, "the header ends within it");
    cr_expect_not(NOTE(3, 3, 7, 8).bits, "the header ends behind its kind");
    cr_expect_not(NOTE(2, 200, STAMP).bits, "behind one that is longer than the header");
    cr_expect_not(NOTE(1, 1, 1, 1).bits);
}

/* 2,000 headers full of anything: whatever is found lies within, which the sanitizers look after. */
Test(boundary, survives_any_options)
{
    uint32_t random = 1;
    for (unsigned i = 0; i < 2000; i++) {
        uint8_t options[OPTIONS_MAX];
        for (unsigned j = 0; j < OPTIONS_MAX; j++) {
            random = random * 1103515245 + 12345;
            options[j] = (uint8_t)(random >> 16) % (i % 2 ? 12 : 255);
        }
        const size_t length = i % (OPTIONS_MAX + 1);
        const uint32_t captured = FEWEST + (random >> 8) % (HEADER + OPTIONS_MAX - FEWEST);
        (void)note(options, length, MIN(captured, HEADER + (uint32_t)length / 4 * 4), 0);
    }
}

Test(boundary, tells_that_the_header_is_cut)
{
    const uint8_t options[] = {1, 1, STAMP, 1, 1, 1, 1};
    enum { STAMP_END = HEADER + 12, ALL = HEADER + 16 };
    for (uint32_t captured = FEWEST; captured <= ALL; captured++) {
        const struct boundary b = note(options, sizeof options, captured, -1);
        cr_expect_eq(!!(b.bits & BOUNDARY_CUT), captured < ALL, "%u bytes", captured);
        cr_expect_eq(!!(b.bits & BOUNDARY_TIMESTAMP), captured >= STAMP_END, "%u bytes", captured);
    }
}

Test(boundary, trusts_a_header_length_below_20_no_further)
{
    uint8_t tcp[HEADER + OPTIONS_MAX] = {[HEADER] = STAMP};
    for (unsigned words = 0; words <= 5; words++) {
        struct boundary_list list = {0};
        tcp[12] = (uint8_t)(words << 4);
        cr_assert_eq(boundary_add(&list, &syn, tcp, sizeof tcp, -1), 0);
        cr_expect_eq(list.items[0].bits, 0, "%u words", words);
        free(list.items);
    }
}

Test(boundary, keeps_the_ip_identification)
{
    const uint8_t nothing[] = {1};
    cr_expect_eq(note(nothing, 1, 0, 0).bits, BOUNDARY_IP_ID);
    cr_expect_eq(note(nothing, 1, 0, 0xffff).ip_id, 0xffff);
    cr_expect_eq(note(nothing, 1, 0, -1).bits, 0);
}

/* The latest time so far, whatever the order; of a first one its own, even before 1970. */
Test(boundary, is_a_clock_that_does_not_go_back)
{
    const int64_t times[] = {-5, -9, 3, 2, 3, 8, INT64_MIN}, clock[] = {-5, -5, 3, 3, 3, 8, 8};
    uint8_t tcp[HEADER] = {[12] = 0x50};
    struct boundary_list list = {0};
    for (unsigned i = 0; i < ARRAY_LEN(times); i++) {
        struct segment s = {.flags = TCP_FIN, .time = times[i], .position = i << 8};
        cr_assert_eq(boundary_add(&list, &s, tcp, sizeof tcp, 7), 0);
    }
    for (unsigned i = 0; i < ARRAY_LEN(times); i++) {
        cr_expect_eq(list.items[i].clock, clock[i]);
        cr_expect_eq(list.items[i].position, i << 8);
    }
    free(list.items);
}
