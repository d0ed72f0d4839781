/* Any bytes as a stream, compressed or translated, read in large pieces and in small ones: both give the same bytes and the
 * same message. And any bytes that are compressed here come back; then one byte of the compressed ones is changed, and what
 * comes back before the error is nothing else, or the change is one that no checksum sees.
 *
 *     | 0: a stream as it is; n: compress by way n 1 | size of small pieces 1 | place of the change 2 | change 1 | bytes ...
 */
#include "io/streams/stream.h"
#include "tests/fuzz/fuzz.h"
#include "tests/stream/compress.h"
#include "tests/support/whole_run.h"

#include <string.h>
#include <unistd.h>

enum { HEAD = 5, INPUT_MAX = 1 << 16, OUTPUT_MAX = 1 << 20 };

struct read_back {
    uint8_t *bytes;
    size_t count;
    bool failed;
    struct text problems;
};

static void read_back(struct read_back *r, const char *path, size_t piece)
{
    struct problems problems = PROBLEMS_INIT;
    struct stream *s = stream_open(path, 0, &problems, NULL);
    r->count = 0;
    r->problems.length = 0;
    ssize_t n = -1;
    if (s)
        while (r->count < OUTPUT_MAX &&
               (n = stream_read(s, r->bytes + r->count, MIN(piece, OUTPUT_MAX - r->count))) > 0)
            r->count += (size_t)n;
    r->failed = n < 0;
    stream_close(s);
    problems_sort(&problems);
    if (r->count < OUTPUT_MAX)
        for (size_t i = 0; i < problems.count; i++)
            REQUIRE(!text_print(&r->problems, "%llu %s\n", (unsigned long long)problems.items[i].offset,
                                problems.items[i].text));
    REQUIRE(!r->failed || problems_errors(&problems));
    problems_free(&problems);
}

static struct read_back large, small;

/* Reads the bytes in both ways; what came back is in large. */
static void read_both(const uint8_t *bytes, size_t count, size_t piece)
{
    char path[MEMORY_PATH];
    const int fd = memory_file(bytes, count, path);
    if (!large.bytes) {
        REQUIRE((large.bytes = malloc(OUTPUT_MAX)) && (small.bytes = malloc(OUTPUT_MAX)));
    }
    read_back(&large, path, OUTPUT_MAX);
    read_back(&small, path, piece);
    REQUIRE(large.count == small.count && memcmp(large.bytes, small.bytes, large.count) == 0);
    REQUIRE(large.failed == small.failed && large.problems.length == small.problems.length &&
            (!large.problems.length ||
             memcmp(large.problems.bytes, small.problems.bytes, large.problems.length) == 0));
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEAD || size > INPUT_MAX)
        return 0;
    const uint8_t *bytes = data + HEAD;
    const size_t count = size - HEAD, piece = 1 + data[1] * 16u;
    const unsigned way = data[0] % (unsigned)(compressors_count + 1);
    if (way == 0) {
        read_both(bytes, count, piece);
        return 0;
    }
    const struct compressor *c = &compressors[way - 1];
    if (!c->compress || !compress_has(c->name) || stream_is_needed(bytes, count, count <= 4096))
        return 0; /* or it is more than compressed */
    struct bytes compressed = c->compress(bytes, count);
    read_both(compressed.at, compressed.count, piece);
    REQUIRE(!large.failed && large.count == count && memcmp(large.bytes, bytes, count) == 0);
    if (compressed.count) {
        compressed.at[(data[2] | data[3] << 8) % compressed.count] ^= data[4];
        read_both(compressed.at, compressed.count, piece);
    }
    free(compressed.at);
    return 0;
}
