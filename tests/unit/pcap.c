/* The reader of pcap files: headers of all kinds, guessed boundaries, and damage.
 *
 * Length: cases of one reader, which share what builds its files. */
#include "io/formats/pcap.h"
#include "engine/record_run.h"
#include "io/formats/registry.h"
#include "io/guard.h"
#include "io/problems.h"
#include "tests/support/random.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

enum { RECORD_MAX = 3000 };

struct image {
    uint8_t bytes[400000];
    size_t size;
    bool swapped;
    uint64_t at[RECORD_MAX + 1]; /* of each record, and the end */
    unsigned records;
};

static struct image image;
static struct problems problems;
static char path[64];
static int fd = -1;
static unsigned in_runs; /* frames of lanes that lay in runs */

static void put_raw(const void *bytes, size_t n)
{
    cr_assert(image.size + n <= sizeof image.bytes);
    memcpy(image.bytes + image.size, bytes, n);
    image.size += n;
}

static void put32(uint32_t v)
{
    if (image.swapped)
        v = __builtin_bswap32(v);
    put_raw(&v, 4);
}

static void put_header(uint32_t magic, uint32_t link)
{
    put32(magic);
    put32(4 << 16 | 2); /* version 2.4 */
    put32(0);
    put32(0);
    put32(65535);
    put32(link);
    image.at[0] = image.size;
}

static void put_record(uint32_t seconds, uint32_t fraction, uint32_t captured, uint32_t length)
{
    put32(seconds);
    put32(fraction);
    put32(captured);
    put32(length);
    for (uint32_t i = 0; i < captured; i++)
        put_raw(&(uint8_t){(uint8_t)(i * 7 + seconds)}, 1);
    image.at[++image.records] = image.size;
}

/* Records of random sizes, time going on by seconds at most. */
static void put_records(unsigned count, uint64_t seed)
{
    uint32_t seconds = 1700000000;
    for (unsigned i = 0; i < count; i++) {
        uint32_t captured = 40 + random_below(&seed, 150);
        put_record(seconds += random_below(&seed, 2), random_below(&seed, 1000000), captured,
                   captured + random_below(&seed, 100));
    }
}

static struct capture *open_image(void)
{
    fd = memfd_create("capture", MFD_CLOEXEC);
    cr_assert(fd >= 0 && write(fd, image.bytes, image.size) == (ssize_t)image.size);
    sprintf(path, "/proc/self/fd/%d", fd);
    return capture_open(path, 5, false, NULL, &problems);
}

static void start(void)
{
    image.size = image.records = in_runs = 0;
    image.swapped = false;
    problems = (struct problems)PROBLEMS_INIT;
}
static void finish(void)
{
    if (fd >= 0)
        close(fd);
    problems_free(&problems);
}
TestSuite(pcap, .init = start, .fini = finish);

/* Walks to the reader's end, in turn with readers that are not used; the frames go to f, at most RECORD_MAX of
 * them. */
static unsigned walk_with(const struct capture *c, struct record_reader *reader, struct frame *f,
                          unsigned readers)
{
    const struct window window = capture_window(c);
    static struct record_reader others[LANES];
    static struct walk w;
    unsigned n = 0;
    w.end = readers;
    w.reader[0] = reader;
    for (unsigned i = 1; i < readers; i++)
        w.reader[i] = &others[i];
    reader->state = LANE_OPEN;
    do {
        c->format->walk(c, &window, &w);
        for (unsigned i = 0; i < w.count[0] && n < RECORD_MAX; i++)
            f[n++] = w.frame[0][i];
    } while (w.count[0]);
    return n;
}

/* The reader's frames, those that lie in its run first; the walk goes on behind it. */
static unsigned run_with(const struct capture *c, struct record_reader *reader, struct frame *f)
{
    const struct window window = capture_window(c);
    struct record_run run;
    unsigned n = 0;
    if (c->format->run(c, &window, reader, &run)) {
        for (; run.at < run.limit && load_le32(run.at + 8) <= run.longest; n++) {
            f[n] = (struct frame){.data = run.at + RECORD_HEADER,
                                  .time = load_le32(run.at) * INT64_C(1000000000) +
                                          load_le32(run.at + 4) * run.unit_ns,
                                  .captured = load_le32(run.at + 8),
                                  .length = load_le32(run.at + 12),
                                  .kind = run.kind};
            cr_assert_leq(run.at + RECORD_HEADER + run.longest, c->bytes + window.end);
            run.at = f[n].data + f[n].captured;
        }
        cr_assert_leq(run.limit, c->bytes + reader->limit);
        reader->position = (uint64_t)(run.at - c->bytes);
        in_runs += n;
    }
    return n + walk_with(c, reader, f + n, 1);
}

static void expect_the_same(const struct record_reader *reader, const struct frame *f, unsigned n,
                            const struct record_reader *other_reader, const struct frame *other,
                            unsigned other_n)
{
    cr_assert_eq(n, other_n);
    for (unsigned i = 0; i < n; i++)
        cr_assert(f[i].data == other[i].data && f[i].time == other[i].time &&
                  f[i].captured == other[i].captured && f[i].length == other[i].length &&
                  f[i].kind == other[i].kind);
    cr_assert(reader->state == other_reader->state && reader->position == other_reader->position &&
              reader->fault == other_reader->fault && reader->fault_value == other_reader->fault_value);
}

/* A reader alone, which is walked in a way of its own, in turn, and through its run: the same. */
static unsigned walk_reader(const struct capture *c, struct record_reader *reader, struct frame *f)
{
    static struct frame others[RECORD_MAX];
    struct record_reader in_turn = *reader, by_run = *reader;
    const unsigned n = walk_with(c, reader, f, 1);
    expect_the_same(reader, f, n, &in_turn, others, walk_with(c, &in_turn, others, 2));
    expect_the_same(reader, f, n, &by_run, others, run_with(c, &by_run, others));
    return n;
}

static struct frame frames[RECORD_MAX];

static void expect_problem(size_t i, const char *text, uint64_t offset)
{
    cr_assert_gt(problems.count, i);
    cr_expect_str_eq(problems.items[i].text, text);
    cr_expect(problems.items[i].has_offset && problems.items[i].order == 5 && !problems.items[i].note);
    cr_expect_eq(problems.items[i].offset, offset);
}

Test(pcap, kinds)
{
    static const struct {
        uint32_t magic;
        bool swapped;
        unsigned decimals;
        int64_t time;
    } kinds[] = {
        {0xa1b2c3d4, false, 6, INT64_C(4294967295000999000)},
        {0xa1b2c3d4, true, 6, INT64_C(4294967295000999000)},
        {0xa1b23c4d, false, 9, INT64_C(4294967295000000999)},
        {0xa1b23c4d, true, 9, INT64_C(4294967295000000999)},
    };
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++) {
        image.size = image.records = 0;
        image.swapped = kinds[i].swapped;
        put_header(kinds[i].magic, 113);
        put_record(UINT32_MAX, 999, 10, 1000);
        put_record(0, 0, 0, 7);
        struct capture *c = open_image();
        cr_assert(c);
        struct record_reader reader = {.position = c->first_record, .limit = image.size};
        cr_assert_eq(walk_reader(c, &reader, frames), 2);
        cr_expect_eq(reader.state, LANE_DONE);
        cr_expect_eq(reader.position, image.size);
        cr_expect_eq(frames[0].time, kinds[i].time);
        cr_expect_eq(frames[0].decimals, kinds[i].decimals);
        cr_expect(frames[0].captured == 10 && frames[0].length == 1000 && frames[0].link_type == 113);
        cr_expect_eq(frames[0].fcs, 0);
        cr_expect_arr_eq(frames[0].data, image.bytes + image.at[0] + 16, 10);
        cr_expect(frames[1].captured == 0 && frames[1].length == 7 && frames[1].time == 0);
        capture_drop(c);
        close(fd);
    }
    cr_expect_eq(problems.count, 0);
}

Test(pcap, fcs)
{
    put_header(0xa1b2c3d4, 0x24000001); /* 2 units of 16 bits */
    put_record(1, 1, 64, 64);
    struct capture *c = open_image();
    cr_assert(c);
    struct record_reader reader = {.position = c->first_record, .limit = image.size};
    cr_assert_eq(walk_reader(c, &reader, frames), 1);
    cr_expect(frames[0].fcs == 4 && frames[0].link_type == 1);
    capture_drop(c);
}

/* Wherever it begins, the guess is the next boundary, or none. */
Test(pcap, guesses)
{
    for (int swapped = 0; swapped < 2; swapped++) {
        image.size = image.records = 0;
        image.swapped = swapped;
        put_header(0xa1b2c3d4, 1);
        put_records(300, 7);
        struct capture *c = open_image();
        cr_assert(c);
        const struct window window = capture_window(c);
        unsigned next = 0;
        for (uint64_t begin = c->first_record; begin < image.size; begin++) {
            while (image.at[next] < begin)
                next++;
            for (uint64_t length = 1; length < 2000; length = length * 5 + 3) {
                struct record_reader reader = {.position = begin, .limit = MIN(begin + length, image.size)};
                const uint64_t guess = c->format->guess(c, &window, &reader);
                uint64_t expected = image.at[next] < reader.limit ? image.at[next] : UINT64_MAX;
                cr_assert_eq(guess, expected, "from %zu, %zu long", (size_t)begin, (size_t)length);
            }
        }
        capture_drop(c);
        close(fd);
    }
}

/* Frames of one size, at the beginning of a second: headers that are read from a wrong byte on lead to such headers. */
Test(pcap, guesses_are_at_the_right_byte)
{
    for (int swapped = 0; swapped < 2; swapped++) {
        image.size = image.records = 0;
        image.swapped = swapped;
        put_header(0xa1b2c3d4, 1);
        for (unsigned i = 0; i < RECORD_MAX; i++)
            put_record(1700000001, i, 64, 64);
        for (uint64_t begin = image.at[0] + 1; begin < image.at[1000]; begin += 33) {
            struct capture *c = open_image(); /* anew, as for a piece */
            cr_assert(c);
            const struct window window = capture_window(c);
            const uint64_t size = image.at[1] - image.at[0];
            struct record_reader reader = {.position = begin, .limit = image.size};
            cr_expect_eq(c->format->guess(c, &window, &reader),
                         image.at[(begin - image.at[0] + size - 1) / size], "from %zu", (size_t)begin);
            capture_drop(c);
            close(fd);
        }
    }
}

/* A record whose data is whole old records, up to its end: a chain that begins in it goes on as the file's own. */
static void put_stale_record(unsigned first, unsigned count, uint32_t seconds)
{
    const uint32_t captured = (uint32_t)(image.at[first + count] - image.at[first]);
    put32(seconds);
    put32(0);
    put32(captured);
    put32(captured);
    put_raw(image.bytes + image.at[first], captured);
    image.at[++image.records] = image.size;
}

/* After the first guess of the file, each is the next boundary, though nearly all bytes are of old records. */
Test(pcap, guesses_pass_old_records)
{
    for (int swapped = 0; swapped < 2; swapped++) {
        uint64_t seed = 5;
        image.size = image.records = 0;
        image.swapped = swapped;
        put_header(0xa1b2c3d4, 1);
        put_records(40, 7);
        for (unsigned i = 0; i < 100; i++) {
            put_stale_record(random_below(&seed, 20), 10 + random_below(&seed, 10), 1700000050 + i);
            put_record(1700000050 + i, 1, 60, 60);
        }
        struct capture *c = open_image();
        cr_assert(c);
        const struct window window = capture_window(c);
        unsigned next = 0;
        uint64_t wrong = 0;
        for (uint64_t begin = image.at[60]; begin < image.at[230]; begin++) {
            while (image.at[next] < begin)
                next++;
            struct record_reader reader = {.position = begin, .limit = image.size};
            wrong += c->format->guess(c, &window, &reader) != image.at[next];
        }
        cr_expect_lt(wrong, (image.at[230] - image.at[60]) / 100, "%zu wrong", (size_t)wrong);
        capture_drop(c);
        close(fd);
    }
}

/* Payloads of which each byte begins another chain are not looked at for longer than a while. */
Test(pcap, guesses_end)
{
    put_header(0xa1b2c3d4, 1);
    put_record(1, 1, 60, 60);
    for (unsigned i = 0; i < 390000 / 4; i++)
        put32(1);
    struct capture *c = open_image();
    cr_assert(c);
    const struct window window = capture_window(c);
    struct record_reader reader = {.position = 200000, .limit = image.size};
    c->format->guess(c, &window, &reader); /* whatever it is */
    capture_drop(c);
}

/* A chain that is shorter than what makes a guess, at the very end of the file, is believed. */
Test(pcap, guesses_at_the_end)
{
    put_header(0xa1b2c3d4, 1);
    put_records(20, 3);
    struct capture *c = open_image();
    cr_assert(c);
    const struct window window = capture_window(c);
    for (unsigned i = 10; i < 20; i++) {
        struct record_reader reader = {.position = image.at[i] - 1, .limit = image.size};
        const uint64_t guess = c->format->guess(c, &window, &reader);
        cr_expect_eq(guess, image.at[i]);
    }
    struct record_reader reader = {.position = image.at[19] + 1, .limit = image.size};
    const uint64_t guess = c->format->guess(c, &window, &reader);
    cr_expect_eq(guess, UINT64_MAX);
    capture_drop(c);
}

/* Lanes of all sizes, each from where the one before it ended, give the same frames as one. */
Test(pcap, lanes)
{
    put_header(0xa1b2c3d4, 1);
    put_records(300, 11);
    struct capture *c = open_image();
    cr_assert(c);
    static struct frame whole[RECORD_MAX];
    struct record_reader one = {.position = c->first_record, .limit = image.size};
    cr_assert_eq(walk_reader(c, &one, whole), 300);
    if (__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__)
        cr_assert_gt(in_runs, 200); /* the last ones are too near to the end */
    for (uint64_t size = 1; size < 3000; size = size * 3 + 1) {
        uint64_t position = c->first_record;
        unsigned n = 0;
        for (uint64_t begin = c->first_record; begin < image.size; begin += size) {
            struct record_reader reader = {.position = position, .limit = MIN(begin + size, image.size)};
            if (position >= reader.limit)
                continue;
            n += walk_reader(c, &reader, frames + n);
            cr_assert_eq(reader.state, LANE_DONE);
            position = reader.position;
        }
        cr_assert_eq(n, 300);
        cr_assert_eq(memcmp(frames, whole, 300 * sizeof *frames), 0);
    }
    capture_drop(c);
}

/* Records that are big-endian, or longer than usual, lie in no run. */
Test(pcap, runs)
{
    const bool big_endian = __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__;
    image.swapped = big_endian;
    put_header(0xa1b2c3d4, 1);
    put_records(100, 17);
    put_record(1700000100, 1, 20000, 20000);
    put_records(100, 19);
    struct capture *c = open_image();
    cr_assert(c);
    struct record_reader reader = {.position = c->first_record, .limit = image.size};
    cr_assert_eq(walk_reader(c, &reader, frames), 201);
    cr_expect_eq(in_runs, 100);
    reader = (struct record_reader){.position = image.at[101], .limit = image.at[103]};
    cr_assert_eq(walk_reader(c, &reader, frames), 2);
    cr_expect_eq(in_runs, 102);

    /* Of a window that begins later. */
    const struct window late = {.bytes = c->bytes + image.at[5], .base = image.at[5], .end = image.size};
    struct record_run run;
    reader = (struct record_reader){.position = image.at[7], .limit = image.at[9], .state = LANE_OPEN};
    cr_assert(c->format->run(c, &late, &reader, &run));
    cr_expect(run.at == c->bytes + image.at[7] && run.limit == c->bytes + image.at[9]);

    /* What may be read at its last place is all of the longest record, which is longer where bytes are many;
     * nothing is read here. */
    static const struct {
        uint64_t bytes;
        uint32_t longest;
    } sizes[] = {{10000, 4096}, {1 << 20, 16384}, {16 << 20, 262144}, {UINT64_C(1) << 40, 262144}};
    for (size_t i = 0; i < ARRAY_LEN(sizes); i++) {
        const struct window whole = {.bytes = c->bytes, .end = sizes[i].bytes};
        const uint64_t last = sizes[i].bytes - RECORD_HEADER - sizes[i].longest;
        reader = (struct record_reader){.position = last - 1, .limit = sizes[i].bytes, .state = LANE_OPEN};
        cr_assert(c->format->run(c, &whole, &reader, &run));
        cr_expect(run.longest == sizes[i].longest && run.limit == c->bytes + last);
        /* Where no more is left than that, runs of shorter records, until too little is left for any. */
        const uint32_t shorter = (RECORD_HEADER + sizes[i].longest) / 8;
        reader.position = last;
        cr_assert(c->format->run(c, &whole, &reader, &run));
        cr_expect(run.longest == shorter && run.limit == c->bytes + sizes[i].bytes - RECORD_HEADER - shorter);
        reader.position = sizes[i].bytes - RECORD_HEADER - 1;
        cr_expect_not(c->format->run(c, &whole, &reader, &run));
        reader.position = sizes[i].bytes;
        cr_expect_not(c->format->run(c, &whole, &reader, &run));
    }
    capture_drop(c);
    close(fd);

    image.size = image.records = in_runs = 0;
    image.swapped = !big_endian;
    put_header(0xa1b2c3d4, 1);
    put_record(1700000000, 1, 0, 60); /* 0 is 0 in any order */
    put_records(300, 17);
    c = open_image();
    cr_assert(c);
    reader = (struct record_reader){.position = c->first_record, .limit = image.size};
    cr_assert_eq(walk_reader(c, &reader, frames), 301);
    cr_expect_eq(in_runs, 0);
    capture_drop(c);
}

/* Several lanes are walked in turn, and each ends in its own time. */
Test(pcap, lanes_in_turn)
{
    put_header(0xa1b2c3d4, 1);
    put_records(100, 13);
    struct capture *c = open_image();
    cr_assert(c);
    static const unsigned cuts[] = {0, 3, 3 + WALK_FRAMES, 40, 41, 100};
    const struct window window = capture_window(c);
    struct record_reader readers[ARRAY_LEN(cuts) - 1];
    static struct walk w;
    w.end = ARRAY_LEN(cuts) - 1;
    for (unsigned i = 0; i < w.end; i++) {
        readers[i] = (struct record_reader){
            .position = image.at[cuts[i]], .limit = image.at[cuts[i + 1]], .state = LANE_OPEN};
        w.reader[i] = &readers[i];
    }
    unsigned count[LANES] = {0};
    for (bool any = true; any;) {
        any = false;
        c->format->walk(c, &window, &w);
        for (unsigned i = 0; i < w.end; i++) {
            for (unsigned k = 0; k < w.count[i]; k++)
                cr_expect_eq(w.frame[i][k].data, c->bytes + image.at[cuts[i] + count[i] + k] + 16);
            count[i] += w.count[i];
            any |= w.count[i] > 0;
        }
    }
    for (unsigned i = 0; i < w.end; i++) {
        cr_expect_eq(count[i], cuts[i + 1] - cuts[i]);
        cr_expect_eq(readers[i].state, LANE_DONE);
    }
    capture_drop(c);
}

static void expect_fault(unsigned records, const char *text, uint64_t offset)
{
    struct capture *c = open_image();
    cr_assert(c);
    struct record_reader reader = {.position = c->first_record, .limit = image.size};
    cr_expect_eq(walk_reader(c, &reader, frames), records);
    cr_expect_eq(reader.state, LANE_FAULT);
    c->format->fault(c, &(struct window){.bytes = c->bytes, .end = capture_size(c)}, &reader);
    expect_problem(0, text, offset);
    capture_drop(c);
}

Test(pcap, cut_in_a_record_header)
{
    put_header(0xa1b2c3d4, 1);
    put_records(9, 1);
    put_raw("123456789012345", 15);
    expect_fault(9, "expected a record header of 16 bytes, found the end of the file after 15", image.at[9]);
}

Test(pcap, cut_in_the_data)
{
    put_header(0xa1b2c3d4, 1);
    put_record(1, 1, 60, 60);
    put_record(2, 1, 100, 100);
    image.size -= 1;
    expect_fault(1, "expected 100 captured bytes, found the end of the file after 99", image.at[1] + 16);
}

Test(pcap, length_too_large)
{
    put_header(0xa1b2c3d4, 1);
    put_record(1, 1, 60, 60);
    put32(2);
    put32(0);
    put32(RECORD_LENGTH_MAX + 1);
    put32(100);
    expect_fault(1, "expected a captured length of at most 262144 bytes, found 262145", image.at[1]);
}

/* Though the file has so many bytes behind it. */
Test(pcap, length_too_large_in_a_large_file)
{
    put_header(0xa1b2c3d4, 1);
    put_record(1, 1, 60, 60);
    put_record(2, 0, RECORD_LENGTH_MAX + 1, 100);
    put_records(100, 3);
    expect_fault(1, "expected a captured length of at most 262144 bytes, found 262145", image.at[1]);
}

Test(pcap, longest_record)
{
    put_header(0xa1b2c3d4, 1);
    put_record(1, 1, RECORD_LENGTH_MAX, RECORD_LENGTH_MAX);
    struct capture *c = open_image();
    cr_assert(c);
    struct record_reader reader = {.position = c->first_record, .limit = image.size};
    cr_expect_eq(walk_reader(c, &reader, frames), 1);
    cr_expect_eq(reader.state, LANE_DONE);
    capture_drop(c);
}

Test(pcap, headers_cut)
{
    static const char *const texts[] = {
        [0] = "expected a capture, found an empty file",
        [1] = "expected the magic number of a capture file (4 bytes), found the end of the file after 1",
        [3] = "expected the magic number of a capture file (4 bytes), found the end of the file after 3",
        [4] = "expected a pcap file header of 24 bytes, found the end of the file after 4",
        [23] = "expected a pcap file header of 24 bytes, found the end of the file after 23",
    };
    put_header(0xa1b2c3d4, 1);
    size_t n = 0;
    for (size_t size = 0; size < 24; size++) {
        image.size = size;
        cr_expect_null(open_image());
        close(fd);
        if (texts[size])
            expect_problem(size, texts[size], 0);
        n++;
    }
    cr_expect_eq(problems.count, n);
    /* A file without records is a whole file. */
    image.size = 24;
    struct capture *c = open_image();
    cr_assert(c);
    cr_expect_eq(c->first_record, 24);
    cr_expect_eq(problems.count, n);
    capture_drop(c);
}

Test(pcap, no_capture)
{
    put_raw("#!/bin/sh and so on, and so on", 30);
    cr_expect_null(open_image());
    expect_problem(0, "expected a capture, found a script", 0);
    cr_expect_null(capture_open("/nonexistent/file", 5, false, NULL, &problems));
    cr_expect_str_eq(problems.items[1].text, "No such file or directory");
    cr_expect_null(capture_open("/dev/null", 5, false, NULL, &problems));
    cr_expect_str_eq(problems.items[2].text, "expected a regular file, found another kind of file");
}

struct reading {
    struct capture *capture;
    volatile unsigned sum;
};

static void read_all(void *argument)
{
    struct reading *r = argument;
    for (uint64_t i = 0; i < capture_size(r->capture); i += 512)
        r->sum = r->sum + r->capture->bytes[i];
}

/* A file that becomes shorter while it is read ends there, and says so once. */
Test(pcap, cut_while_it_is_read)
{
    put_header(0xa1b2c3d4, 1);
    put_records(1000, 1);
    struct capture *c = open_image();
    cr_assert(c);
    struct reading reading = {.capture = c};
    cr_expect(capture_guard(read_all, &reading));
    cr_assert_eq(ftruncate(fd, 5000), 0);
    cr_expect(!capture_guard(read_all, &reading));
    capture_find_end(c);
    cr_expect_eq(capture_size(c), 5000);
    cr_expect(capture_guard(read_all, &reading));
    cr_expect_eq(problems.count, 1);
    struct record_reader reader = {.position = c->first_record, .limit = image.size};
    walk_reader(c, &reader, frames);
    cr_expect_neq(reader.state, LANE_OPEN);
    capture_drop(c);
}
