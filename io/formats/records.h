/* Formats of which a file is a header and records, one after the other, that nothing tells from other bytes:
 * a format says how one record is read, and this does the rest. Such files are read by one thread, since no
 * region of them can be begun by guessing; they are rare, and seldom large. */
#ifndef TCPREUSE_RECORDS_H
#define TCPREUSE_RECORDS_H

#include "io/formats/format.h"

#include <inttypes.h>

/* What is wrong with a record: expected and found are numbers that the fault's words need. */
enum record_fault {
    RECORD_FINE,
    RECORD_CUT_HEADER, /* a header of expected bytes, and found are there */
    RECORD_CUT,        /* a record of expected bytes, and found are there */
    RECORD_CAPTURED,   /* at most expected captured bytes */
    RECORD_LENGTH,     /* a record of at least expected bytes */
    RECORD_MARK,       /* a record that begins with expected */
    RECORD_LINK,       /* a link type that is known here */
    RECORD_NONSENSE,   /* record headers that make sense */
};

/* A record's length where nothing behind it counts. */
#define RECORDS_END (UINT64_C(1) << 62)

/* One record, as it is read. Zeros before it is. The length may reach beyond the file's end, which is the end then. */
struct record {
    uint64_t length; /* to the next record */
    bool has_frame;  /* else it is skipped */
    enum record_fault fault;
    uint32_t expected, found;
};

/* A fault; returns false. */
static inline bool record_fault(struct record *r, enum record_fault fault, uint64_t expected, uint64_t found)
{
    r->fault = fault;
    r->expected = (uint32_t)MIN(expected, (uint64_t)UINT32_MAX);
    r->found = (uint32_t)MIN(found, (uint64_t)UINT32_MAX);
    return false;
}

/* Are the bytes of its header there? */
static inline bool record_has_header(struct record *r, uint64_t header, uint64_t available)
{
    return available >= header || record_fault(r, RECORD_CUT_HEADER, header, available);
}

/* Sets its length. Are its bytes there, and were no more captured than a frame may have? */
static inline bool record_has(struct record *r, uint64_t length, uint64_t captured, uint64_t available)
{
    r->length = length;
    if (captured > RECORD_LENGTH_MAX)
        return record_fault(r, RECORD_CAPTURED, RECORD_LENGTH_MAX, captured);
    return available >= length || record_fault(r, RECORD_CUT, length, available);
}

/* Members of struct capture_format for formats with read_record. */
uint64_t records_guess(const struct capture *c, const struct window *window,
                       const struct record_reader *reader);
void records_walk(const struct capture *c, const struct window *window, struct walk *walk);
void records_fault(struct capture *c, const struct window *window, const struct record_reader *reader);
uint64_t records_record_length(const struct capture *c, const void *context, const uint8_t *p,
                               uint64_t available);

#define RECORDS_FORMAT                                                                                       \
    .guess = records_guess, .walk = records_walk, .fault = records_fault,                                    \
    .record_length = records_record_length, .close = capture_free_data

/* For open: adds the problem. */
enum capture_open_result records_refuse(struct capture *c, int64_t offset, const char *expected,
                                        uint64_t found);
/* For open: count bytes of a header of size are there. OPEN_DONE: it is. Else what open returns. */
enum capture_open_result records_need_header(struct capture *c, uint64_t size, uint64_t count, bool whole);
/* Nanoseconds since 1970, or the end of time. */
int64_t records_time(int64_t seconds, int64_t nanoseconds);
/* Seconds since 1970 of a date and time in this process's time zone, as Wireshark takes those without one;
 * fields beyond their ranges carry over. */
int64_t records_local_seconds(int year, int month, int day, int hour, int minute, int second);

#endif
