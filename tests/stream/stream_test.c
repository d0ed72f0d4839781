/* io/stream.h: what comes out is what went in, or there is a problem. A program of its own that speaks TAP.
 *
 * Length: cases of one module, which share what reads and compares. */
#include "io/streams/stream.h"
#include "tests/stream/compress.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

static size_t tests_run, tests_failed;
static char why[256];

/* Of the current test; false, and the first reason is kept, if it does not hold. */
static bool check(bool holds, const char *format, ...) __attribute__((format(printf, 2, 3)));
static bool check(bool holds, const char *format, ...)
{
    if (!holds && !*why) {
        va_list ap;
        va_start(ap, format);
        vsnprintf(why, sizeof why, format, ap);
        va_end(ap);
    }
    return holds;
}

static void test_done(const char *name, const char *what)
{
    printf("%sok %zu - %s: %s\n", *why ? "not " : "", ++tests_run, name, what);
    if (*why)
        printf("# %s\n", why);
    tests_failed += *why != 0;
    *why = 0;
    fflush(stdout);
}

/* Text, numbers and noise, which make literals, matches and stored blocks. */
static struct bytes make_data(size_t n)
{
    struct bytes b = {malloc(n), n};
    uint64_t random = 1;
    for (size_t i = 0; b.at && i < n; i++) {
        random = random * 6364136223846793005u + 1442695040888963407u;
        unsigned r = (unsigned)(random >> 33);
        static const char text[] = "port reuse ";
        b.at[i] = (uint8_t)(i / 300 % 3 == 0 ? (unsigned)text[i % 11] : i / 300 % 3 == 1 ? 'a' + r % 20 : r);
    }
    return b;
}

static struct bytes join(struct bytes a, struct bytes b)
{
    struct bytes c = {malloc(a.count + b.count + 1), a.count + b.count};
    if (a.count)
        memcpy(c.at, a.at, a.count);
    if (b.count)
        memcpy(c.at + a.count, b.at, b.count);
    return c;
}

/* What a stream gave. */
struct result {
    bool opened;
    struct bytes bytes;
    bool failed;
    size_t errors, notes;
    uint64_t offset; /* of the first problem */
    char text[200];
    uint64_t consumed;
};

static struct result read_path(const char *path, size_t step)
{
    struct result r = {0};
    struct problems problems = PROBLEMS_INIT;
    struct stream *s = stream_open(path, 0, &problems, NULL);
    size_t room = 1 << 16;
    r.opened = s != NULL;
    r.bytes.at = malloc(room);
    ssize_t count = 0;
    while (s) {
        if (room - r.bytes.count < step)
            r.bytes.at = realloc(r.bytes.at, room = 2 * room + step);
        count = stream_read(s, r.bytes.at + r.bytes.count, step);
        if (count <= 0)
            break;
        r.bytes.count += (size_t)count;
    }
    r.failed = count < 0;
    if (s) {
        check(stream_read(s, r.bytes.at + r.bytes.count, 1) == count, "a second end is another");
        r.consumed = stream_consumed(s);
    }
    stream_close(s);
    r.errors = problems_errors(&problems);
    r.notes = problems.count - r.errors;
    if (problems.count) {
        r.offset = problems.items[0].offset;
        snprintf(r.text, sizeof r.text, "%s", problems.items[0].text);
    }
    problems_free(&problems);
    return r;
}

static struct result read_bytes(struct bytes b, size_t step)
{
    char path[64];
    int fd = memfd_create("stream", MFD_CLOEXEC);
    if (fd < 0 || write(fd, b.at, b.count) != (ssize_t)b.count) {
        printf("Bail out! memfd_create\n");
        exit(1);
    }
    snprintf(path, sizeof path, "/proc/self/fd/%d", fd);
    struct result r = read_path(path, step);
    close(fd);
    return r;
}

static bool is_same(const struct result *r, struct bytes b)
{
    return r->bytes.count == b.count && (!b.count || memcmp(r->bytes.at, b.at, b.count) == 0);
}

static bool is_prefix(const struct result *r, struct bytes b)
{
    return r->bytes.count <= b.count && memcmp(r->bytes.at, b.at, r->bytes.count) == 0;
}

/* expected: without any problem. */
static void expect(struct bytes input, struct bytes expected, size_t step)
{
    struct result r = read_bytes(input, step);
    check(r.opened && !r.failed && !r.errors && !r.notes, "step %zu: %s", step, r.text);
    check(is_same(&r, expected), "step %zu: %zu bytes, expected %zu", step, r.bytes.count, expected.count);
    check(r.consumed == input.count, "consumed %zu of %zu", (size_t)r.consumed, input.count);
    free(r.bytes.at);
}

/* expected: all bytes that are had, then an error that says text. */
static void expect_error(struct bytes input, struct bytes expected, const char *text)
{
    static const size_t steps[] = {1, 100000};
    for (size_t i = 0; i < 2; i++) {
        struct result r = read_bytes(input, steps[i]);
        check(r.errors == 1 && (r.failed || !r.opened) && strstr(r.text, text), "found problem '%s'", r.text);
        check(is_same(&r, expected), "%zu bytes, expected %zu", r.bytes.count, expected.count);
        free(r.bytes.at);
    }
}

static void test_round_trip(const struct compressor *c)
{
    static const size_t steps[] = {1, 7, 4096, 1 << 20};
    for (size_t i = 0; i < 4; i++) {
        struct bytes data = make_data(steps[i] < 4096 ? 100000 : 5000000),
                     packed = c->compress(data.at, data.count);
        check(strcmp(stream_compression(packed.at, 6) ?: "", c->name) == 0, "not known by its first bytes");
        expect(packed, data, steps[i]);
        free(packed.at);
        free(data.at);
    }
    test_done(c->name, "round trip");
}

static void append(struct bytes *to, struct bytes b)
{
    struct bytes longer = join(*to, b);
    free(to->at);
    *to = longer;
}

static void test_members(const struct compressor *c)
{
    static const size_t ends[] = {0, 100000, 100000, 100001, 133333, 200000, 200000};
    struct bytes data = make_data(200000), input = {0};
    append(&input, c->leader);
    for (size_t i = 0, at = 0; i < sizeof ends / sizeof *ends; at = ends[i++]) {
        struct bytes member = c->compress(data.at + at, ends[i] - at);
        append(&input, member);
        append(&input, c->filler);
        free(member.at);
    }
    check(strcmp(stream_compression(input.at, input.count) ?: "", c->name) == 0,
          "not known by its first bytes");
    expect(input, data, 7);
    expect(input, data, 1 << 20);
    free(input.at);
    free(data.at);
    test_done(c->name, "members, empty and not, with padding or skippable frames");
}

/* Wherever it is cut: what comes is right, and an error follows, except between members. */
static void test_cut(const struct compressor *c)
{
    struct bytes data = make_data(1300), first = c->compress(data.at, 700);
    struct bytes second = c->compress(data.at + 700, 600), input = join(first, second);
    size_t before = 0;
    for (size_t cut = 6; cut <= input.count; cut++) {
        bool whole = cut == first.count || cut == input.count;
        for (size_t step = 1; step <= 100000; step += 99999) {
            struct result r = read_bytes((struct bytes){input.at, cut}, step);
            check(r.opened && r.failed == !whole && r.errors == !whole, "cut at %zu: %s", cut, r.text);
            check(whole || strstr(r.text, "found the end of the file"), "cut at %zu: %s", cut, r.text);
            check(whole || r.offset == cut, "cut at %zu, said to be at %zu", cut, (size_t)r.offset);
            check(is_prefix(&r, data) && r.bytes.count >= before, "cut at %zu: wrong bytes", cut);
            before = step == 1 ? r.bytes.count : before;
            check(r.bytes.count == before, "cut at %zu: the size of reads matters", cut);
            free(r.bytes.at);
        }
    }
    check(before == data.count, "the whole is not all");
    free(first.at);
    free(second.at);
    free(input.at);
    free(data.at);
    test_done(c->name, "cut at every byte");
}

static void test_flip(const struct compressor *c)
{
    struct bytes data = make_data(1000), input = c->compress(data.at, data.count);
    for (size_t bit = 0; bit < 8 * input.count; bit++) {
        input.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
        struct result r = read_bytes(input, 1 << 20);
        check(r.opened, "bit %zu: %s", bit, r.text);
        check(r.errors || is_same(&r, stream_compression(input.at, input.count) ? data : input),
              "bit %zu: other bytes, and no error", bit);
        free(r.bytes.at);
        input.at[bit / 8] ^= (uint8_t)(1u << bit % 8);
    }
    free(input.at);
    free(data.at);
    test_done(c->name, "every bit flipped");
}

static void test_plain(void)
{
    struct bytes data = make_data(3000000);
    for (size_t step = 1; step < 3000000; step = step * 97 + 6)
        expect((struct bytes){data.at, step < 1000 ? 100000 : data.count},
               (struct bytes){data.at, step < 1000 ? 100000 : data.count}, step);
    for (size_t n = 0; n < 10; n++)
        expect((struct bytes){data.at, n}, (struct bytes){data.at, n}, 100);
    free(data.at);
    test_done("plain", "as it is");
}

static void test_gzip(void)
{
    size_t header;
    struct bytes data = make_data(20000), none = {data.at, 0};
    struct bytes full = compress_gzip_full(data.at, data.count, &header);
    expect(full, data, 4096);
    test_done("gzip", "a header with all fields");

    for (size_t cut = 6; cut < header; cut++)
        expect_error((struct bytes){full.at, cut}, none,
                     "expected more gzip data, found the end of the file");
    test_done("gzip", "a header that is cut");

    full.at[header - 1] ^= 1;
    expect_error(full, none, "expected a gzip header with the checksum");
    full.at[header - 1] ^= 1;
    full.at[full.count - 5] ^= 1;
    expect_error(full, data, "expected gzip data with the CRC32");
    full.at[full.count - 5] ^= 1;
    full.at[full.count - 1] ^= 1;
    expect_error(full, data, "ISIZE");
    full.at[full.count - 1] ^= 1;
    test_done("gzip", "wrong checksums and size");

    full.at[2] = 7;
    expect_error(full, none, "expected gzip's compression method 8, deflate, found 7");
    full.at[2] = 8;
    full.at[3] |= 0x80;
    expect_error(full, none, "reserved flags");
    full.at[3] &= 0x7f;
    test_done("gzip", "other methods and flags");

    uint8_t zeros[1000] = {0};
    struct bytes padded = join(full, (struct bytes){zeros, sizeof zeros});
    expect(padded, data, 4096);
    test_done("gzip", "zeros behind it");

    static const char *const garbage[] = {"g", "garbage", "\x1fg", "\0\0g"};
    for (size_t i = 0; i < 4; i++) {
        size_t n = i == 2 ? 2 : i == 3 ? 3 : strlen(garbage[i]);
        struct bytes followed = join(full, (struct bytes){(uint8_t *)(uintptr_t)garbage[i], n});
        struct result r = read_bytes(followed, 4096);
        check(is_same(&r, data) && !r.failed && !r.errors && r.notes == 1, "%s", r.text);
        check(r.offset == full.count + (i == 3 ? 2 : 0), "said to be at %zu", (size_t)r.offset);
        free(r.bytes.at);
        free(followed.at);
    }
    test_done("gzip", "other bytes behind it");
    free(padded.at);
    free(full.at);
    free(data.at);
}

static void test_gzip_cut(void)
{
    size_t header;
    struct bytes data = make_data(20000), full = compress_gzip_full(data.at, data.count, &header);
    /* The reference is zlib, which gives every symbol as soon as it is there. ISA-L does not where its tables
     * give several at once, which are not made for final blocks of less than some kilobytes. */
    struct bytes reference = {malloc(data.count), 0};
    for (size_t cut = header; cut < full.count - 8; cut += cut < header + 100 ? 1 : 7) {
        struct result r = read_bytes((struct bytes){full.at, cut}, cut % 2 ? 4096 : 100000);
        reference.count = compress_inflate_cut(full.at + header, cut - header, reference.at, data.count);
        check(is_same(&r, reference), "cut at %zu: %zu bytes, zlib gives %zu", cut, r.bytes.count,
              reference.count);
        free(r.bytes.at);
    }
    free(reference.at);
    test_done("gzip", "as much of a cut file as zlib gives");
    free(full.at);
    free(data.at);
}

static void test_zstd(void)
{
    struct bytes data = make_data(100000);
    struct bytes accepted = compress_zstd_window(data.at, data.count, 27);
    struct bytes refused = compress_zstd_window(data.at, data.count, 28);
    expect(accepted, data, 4096);
    expect_error(refused, (struct bytes){data.at, 0}, "a zstd window of at most 128 MB");
    test_done("zstd", "the window's limit");
    free(accepted.at);
    free(refused.at);

    /* The last of several blocks is at fault: those before it are delivered. */
    struct bytes more = make_data(400000), packed = compress_zstd_window(more.at, more.count, 20);
    packed.at[packed.count - 1] ^= 1;
    expect_error(packed, more, "checksum");
    packed.at[packed.count - 1] ^= 1;
    struct result r = read_bytes((struct bytes){packed.at, packed.count - 100}, 1 << 20);
    check(r.failed && r.bytes.count == 400000 / (128 << 10) * (128 << 10), "%zu bytes", r.bytes.count);
    free(r.bytes.at);
    test_done("zstd", "blocks before an error");
    free(packed.at);
    free(more.at);
    free(data.at);
}

static void test_lz4(void)
{
    struct bytes data = make_data(1000000), packed = compress_lz4_linked(data.at, data.count);
    expect(packed, data, 7);
    expect(packed, data, 1 << 20);
    free(packed.at);
    test_done("lz4", "linked blocks");

    uint8_t legacy[20] = {0x02, 0x21, 0x4c, 0x18, 8};
    expect_error((struct bytes){legacy, sizeof legacy}, (struct bytes){data.at, 0}, "lz4");
    test_done("lz4", "the format from before frames");
    free(data.at);
}

/* In small pieces, as a slow writer's. */
struct writer {
    int fd;
    const char *path;
    struct bytes bytes;
};

static void *write_slowly(void *argument)
{
    struct writer *w = argument;
    int fd = w->path ? open(w->path, O_WRONLY) : w->fd;
    for (size_t at = 0, n; at < w->bytes.count; at += n) {
        n = at < 10 ? 1 : 30000;
        n = n > w->bytes.count - at ? w->bytes.count - at : n;
        if (write(fd, w->bytes.at + at, n) != (ssize_t)n)
            break;
        if (at < 10)
            usleep(1000);
    }
    close(fd);
    return NULL;
}

static void test_pipes(void)
{
    char directory[] = "/tmp/stream-XXXXXX", path[64];
    if (!mkdtemp(directory)) {
        printf("Bail out! mkdtemp\n");
        exit(1);
    }
    snprintf(path, sizeof path, "%s/fifo", directory);
    struct bytes data = make_data(1000000);
    for (size_t i = 0; i <= compressors_count; i++) {
        struct bytes input = i < compressors_count ? compressors[i].compress(data.at, data.count)
                                                   : join(data, (struct bytes){0});
        pthread_t thread;
        check(mkfifo(path, 0600) == 0, "mkfifo");
        struct writer w = {.fd = -1, .path = path, .bytes = input};
        pthread_create(&thread, NULL, write_slowly, &w);
        struct result r = read_path(path, 50000);
        pthread_join(thread, NULL);
        check(!r.errors && is_same(&r, data), "a FIFO: %zu bytes, %s", r.bytes.count, r.text);
        free(r.bytes.at);
        unlink(path);

        int ends[2], old = dup(STDIN_FILENO);
        check(pipe(ends) == 0, "pipe");
        dup2(ends[0], STDIN_FILENO);
        close(ends[0]);
        w = (struct writer){.fd = ends[1], .bytes = input};
        pthread_create(&thread, NULL, write_slowly, &w);
        r = read_path("-", 50000);
        pthread_join(thread, NULL);
        check(!r.errors && is_same(&r, data), "standard input: %zu bytes, %s", r.bytes.count, r.text);
        free(r.bytes.at);
        free(input.at);
        if (old >= 0) {
            dup2(old, STDIN_FILENO);
            close(old);
        }
    }
    test_done("pipes", "FIFO and standard input, slow writers");
    rmdir(directory);
    free(data.at);
}

/* What there is must not wait for what comes. */
static void test_pipe_that_goes_on(void)
{
    char path[64];
    int ends[2];
    check(pipe(ends) == 0 && write(ends[1],
                                   "\1"
                                   "123456789",
                                   10) == 10,
          "pipe");
    snprintf(path, sizeof path, "/proc/self/fd/%d", ends[0]);
    struct problems problems = PROBLEMS_INIT;
    struct stream *s = stream_open(path, 0, &problems, NULL);
    uint8_t buffer[10000];
    check(s && stream_read(s, buffer, sizeof buffer) == 10, "not what there was");
    close(ends[1]);
    check(s && stream_read(s, buffer, sizeof buffer) == 0, "no end");
    stream_close(s);
    close(ends[0]);
    test_done("pipes", "bytes are given when they are there");
}

static void test_no_files(void)
{
    char directory[] = "/tmp/stream-XXXXXX";
    check(mkdtemp(directory) != NULL, "mkdtemp");
    struct result r = read_path(directory, 100);
    check(!r.opened && r.errors == 1 && strstr(r.text, "directory"), "%s", r.text);
    free(r.bytes.at);
    rmdir(directory);
    r = read_path(directory, 100);
    check(!r.opened && r.errors == 1 && strstr(r.text, "No such file"), "%s", r.text);
    free(r.bytes.at);
    test_done("files", "directories, and none at all");

    /* Nothing is mapped at 0, where reading begins. */
    r = read_path("/proc/self/mem", 100);
    check(r.opened && r.failed && strstr(r.text, "cannot be read: Input/output error"), "%s", r.text);
    free(r.bytes.at);
    test_done("files", "what cannot be read");
}

/* Magic numbers of what a build lacks are known, and refused. */
static void test_lacking(void)
{
    const struct {
        const char *name;
        struct bytes bytes;
    } magics[] = {
        {"gzip", {(uint8_t[]){0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 3}, 10}},
        {"zstd", {(uint8_t[]){0x28, 0xb5, 0x2f, 0xfd, 0, 0, 0, 0}, 8}},
        {"lz4", {(uint8_t[]){0x04, 0x22, 0x4d, 0x18, 0, 0, 0, 0}, 8}},
        {"xz", {(uint8_t[]){0xfd, '7', 'z', 'X', 'Z', 0, 0, 0}, 8}},
    };
    for (size_t i = 0; i < 4; i++) {
        struct result r = read_bytes(magics[i].bytes, 100);
        char text[100];
        snprintf(text, sizeof text, "expected a capture, found %s data, which this build cannot read",
                 magics[i].name);
        check(r.errors == 1 && (r.opened ? r.failed : strcmp(r.text, text) == 0), "%s", r.text);
        check(r.opened || !compress_has(magics[i].name), "%s is not read", magics[i].name);
        free(r.bytes.at);
    }
    check(!stream_compression((const uint8_t *)"\xd4\xc3\xb2\xa1\x02\0", 6), "pcap is compressed");
    check(!stream_compression((const uint8_t *)"\x0a\x0d\x0d\x0a\x1c\0", 6), "pcapng is compressed");
    test_done("streams", "what this build cannot read");
}

int main(void)
{
    for (size_t i = 0; i < compressors_count; i++) {
        test_round_trip(&compressors[i]);
        test_members(&compressors[i]);
        test_cut(&compressors[i]);
        test_flip(&compressors[i]);
    }
    test_plain();
    if (compress_has("gzip")) {
        test_gzip();
        test_gzip_cut();
    }
    if (compress_has("zstd"))
        test_zstd();
    if (compress_has("lz4"))
        test_lz4();
    test_pipes();
    test_pipe_that_goes_on();
    test_no_files();
    test_lacking();
    printf("1..%zu\n", tests_run);
    return tests_failed != 0;
}
