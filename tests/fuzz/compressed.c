/* Any bytes as a capture that is compressed: its rows and counts are those of the capture as it is.
 *
 *     | way of compressing 1 | bytes a lane 1 | the capture's bytes ...
 */
#include "io/streams/stream.h"
#include "tests/fuzz/blocks.h"
#include "tests/fuzz/fuzz.h"
#include "tests/stream/compress.h"
#include "tests/support/whole_run.h"

#include <unistd.h>

enum { HEAD = 2, FILE_MAX = 1 << 18 };

static void run(struct whole_run *r, const uint8_t *bytes, size_t count, size_t lane_bytes, unsigned threads)
{
    char path[MEMORY_PATH];
    const char *paths[] = {path};
    const int fd = memory_file(bytes, count, path);
    whole_run(r, (struct set_source_params){.paths = paths, .count = 1, .lane_bytes = lane_bytes}, RULES_4_4,
              threads);
    r->problems.length = 0; /* of a stream, messages say so */
    close(fd);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct whole_run plain, other;
    if (size <= HEAD || size > FILE_MAX)
        return 0;
    const uint8_t *bytes = data + HEAD;
    const size_t count = size - HEAD;
    const struct compressor *c = &compressors[data[0] % compressors_count];
    if (!c->compress || !compress_has(c->name) || stream_is_needed(bytes, count, count <= 4096))
        return 0; /* or it would be compressed twice */
    struct bytes compressed = c->compress(bytes, count);
    run(&plain, bytes, count, FILE_MAX, 1);
    run(&other, compressed.at, compressed.count, 1 + data[1], 3);
    REQUIRE(!whole_run_differs(&plain, &other));
    whole_run_free(&plain);
    whole_run_free(&other);
    free(compressed.at);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    if (size < HEAD || most <= HEAD || seed % 16 == 0)
        return LLVMFuzzerMutate(data, size, most);
    return HEAD + blocks_mutate(data + HEAD, size - HEAD, most - HEAD, seed / 16);
}
