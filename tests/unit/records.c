/* Records of formats that are read one after the other: where they end, as streams have to know it before all bytes are there. */
#include "io/formats/registry.h"

#include <criterion/criterion.h>

/* Opens the format on a file that begins with these bytes. */
static void begin(struct capture *c, const struct capture_format *format, const uint8_t *file, size_t size)
{
    *c = (struct capture){.format = format, .path = "test", .records_end = UINT64_MAX};
    cr_assert_eq(format->open(c, file, size, true), OPEN_DONE);
}

static uint64_t length_of(const struct capture *c, const uint8_t *file, size_t available)
{
    return c->format->record_length(c, NULL, file + c->first_record, available);
}

/* Walks what is in the file; returns the frames. */
static unsigned walk(const struct capture *c, const uint8_t *file, size_t size, struct record_reader *reader)
{
    struct walk walk = {.end = 1, .reader = {reader}};
    const struct window window = {.bytes = file, .end = size};
    *reader = (struct record_reader){.position = c->first_record, .limit = size, .state = LANE_OPEN};
    c->format->walk(c, &window, &walk);
    return walk.count[0];
}

/* EtherPeek 7 pads records to an even length. A stream that has all but the padding must wait for it: else the next record
 * would be taken to begin one byte early. At the end of a file it may be missing. */
Test(records, padding_belongs_to_a_record)
{
    enum { HEADER = 50, RECORD = 16, CAPTURED = 3 };
    uint8_t file[HEADER + RECORD + CAPTURED + 1] = {7};
    struct capture c;
    struct record_reader reader;
    file[HEADER + 3] = file[HEADER + 5] = CAPTURED;
    begin(&c, &format_peek, file, sizeof file);
    cr_expect_eq(length_of(&c, file, RECORD + CAPTURED), RECORD + CAPTURED + 1);
    cr_expect_eq(length_of(&c, file, RECORD + CAPTURED + 1), RECORD + CAPTURED + 1);
    cr_expect_eq(walk(&c, file, sizeof file - 1, &reader), 1);
    cr_expect_eq(reader.position, sizeof file - 1);
    cr_expect_eq(reader.state, LANE_DONE);
    c.format->close(&c);
}

/* The Sniffer's end record ends the file, whatever follows, and whenever it comes. */
Test(records, nothing_counts_behind_an_end)
{
    enum { HEADER = 17 + 6 + 18, RECORD = 6, FRAME = 14, TYPE_END = 3, TYPE_FRAME = 4 };
    uint8_t file[HEADER + RECORD + RECORD + FRAME] = "TRSNIFF data    \x1a";
    struct capture c;
    struct record_reader reader;
    file[17] = 1;          /* a version record: */
    file[17 + 6 + 9] = 1;  /* Ethernet */
    file[17 + 6 + 10] = 1; /* not compressed */
    file[HEADER] = TYPE_END;
    file[HEADER + RECORD] = TYPE_FRAME;
    file[HEADER + RECORD + 2] = FRAME;
    begin(&c, &format_sniffer, file, sizeof file);
    cr_expect_gt(length_of(&c, file, RECORD), sizeof file);
    cr_expect_eq(walk(&c, file, sizeof file, &reader), 0);
    cr_expect_eq(reader.position, sizeof file);
    cr_expect_eq(reader.state, LANE_DONE);
    c.format->close(&c);
}
