/* Reading formats that are a header and records, one after the other. */
#include "io/formats/records.h"
#include "io/problems.h"

#include <time.h>

uint64_t records_guess(const struct capture *c, const struct window *window,
                       const struct record_reader *reader)
{
    (void)c;
    (void)window;
    (void)reader;
    return UINT64_MAX;
}

uint64_t records_record_length(const struct capture *c, const void *context, const uint8_t *p,
                               uint64_t available)
{
    struct record r = {0};
    struct frame frame;
    (void)context;
    c->format->read_record(c, p, available, &r, &frame);
    if (r.fault == RECORD_CUT_HEADER)
        return 0;
    if (r.fault == RECORD_CUT)
        return r.length;
    return r.fault != RECORD_FINE ? RECORD_BROKEN : r.length;
}

static bool walk_one(const struct capture *c, const struct window *window, struct record_reader *reader,
                     struct frame *f)
{
    for (;;) {
        const uint64_t at = reader->position, end = MIN(window->end, c->records_end);
        if (at >= reader->limit || at >= end) {
            reader->state = LANE_DONE;
            return false;
        }
        struct record r = {0};
        f->decimals = 6;
        f->fcs = 0;
        f->link_type = c->link_type;
        if (!c->format->read_record(c, window_at(window, at), end - at, &r, f)) {
            reader->state = LANE_FAULT;
            reader->fault = (uint32_t)r.fault;
            reader->fault_value = (uint64_t)r.expected << 32 | r.found;
            return false;
        }
        reader->position = MIN(at + r.length, end);
        if (r.has_frame)
            return true;
    }
}

void records_walk(const struct capture *c, const struct window *window, struct walk *walk)
{
#define NEXT(reader, frame) walk_one(c, window, reader, frame)
    WALK_READERS(walk, NEXT);
#undef NEXT
}

void records_fault(struct capture *c, const struct window *window, const struct record_reader *reader)
{
    (void)window;
    uint32_t expected = (uint32_t)(reader->fault_value >> 32), found = (uint32_t)reader->fault_value;
    int64_t at = (int64_t)reader->position;
    switch ((enum record_fault)reader->fault) {
    case RECORD_FINE:
        break;
    case RECORD_CUT_HEADER:
    case RECORD_CUT:
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, at,
                     "expected a record%s of %" PRIu32 " bytes, found the end of the file after %" PRIu32,
                     reader->fault == RECORD_CUT_HEADER ? " header" : "", expected, found);
        break;
    case RECORD_CAPTURED:
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, at,
                     "expected a captured length of at most %" PRIu32 " bytes, found %" PRIu32, expected,
                     found);
        break;
    case RECORD_LENGTH:
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, at,
                     "expected a record length of at least %" PRIu32 " bytes, found %" PRIu32, expected,
                     found);
        break;
    case RECORD_MARK:
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, at,
                     "expected a record that begins with %08" PRIx32 ", found %08" PRIx32, expected, found);
        break;
    case RECORD_LINK:
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, at,
                     "expected a record of a kind that is known here, found number %" PRIu32, found);
        break;
    case RECORD_NONSENSE:
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, at,
                     "expected a record header, found a field that none has: %" PRIu32, found);
        break;
    }
}

enum capture_open_result records_refuse(struct capture *c, int64_t offset, const char *expected,
                                        uint64_t found)
{
    problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, offset, "expected %s, found %" PRIu64,
                 expected, found);
    return OPEN_FAILED;
}

enum capture_open_result records_need_header(struct capture *c, uint64_t size, uint64_t count, bool whole)
{
    if (count >= size)
        return OPEN_DONE;
    if (!whole)
        return OPEN_MORE;
    problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, 0,
                 "expected a %s file header of %" PRIu64 " bytes, found the end of the file after %" PRIu64,
                 c->format->name, size, count);
    return OPEN_FAILED;
}

int64_t records_time(int64_t seconds, int64_t nanoseconds)
{
    int64_t ns;
    if (__builtin_mul_overflow(seconds, INT64_C(1000000000), &ns) ||
        __builtin_add_overflow(ns, nanoseconds, &ns))
        return seconds < 0 ? INT64_MIN : INT64_MAX;
    return ns;
}

int64_t records_local_seconds(int year, int month, int day, int hour, int minute, int second)
{
    struct tm tm = {
        .tm_year = year - 1900,
        .tm_mon = month - 1,
        .tm_mday = day,
        .tm_hour = hour,
        .tm_min = minute,
        .tm_sec = second,
        .tm_isdst = -1,
    };
    return mktime(&tm);
}
