/* Any bytes as a capture file, through the whole pipeline: one thread with one lane, and three threads with
 * lanes of a few bytes, whose beginnings have to be guessed. Both have to give the same rows, counts and
 * problems. So has the file that is read as a stream, where damage is passed over (--resync).
 *
 *     | generation of rules 1; bit 7: what is destroyed is passed over | bytes a lane 1 | the file's bytes ...
 */
#include "tests/fuzz/blocks.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/whole_run.h"

#include <unistd.h>

enum { HEAD = 2, FILE_MAX = 1 << 20 };

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEAD || size > FILE_MAX)
        return 0;
    char path[MEMORY_PATH];
    const char *paths[] = {path};
    const int fd = memory_file(data + HEAD, size - HEAD, path);
    const enum rules rules = (data[0] & 0x7f) % 3;
    struct set_source_params set = {.paths = paths, .count = 1, .resyncs = data[0] & 0x80};
    struct whole_run one, other;
    set.lane_bytes = FILE_MAX;
    whole_run(&one, set, rules, 1);
    set.lane_bytes = 1 + data[1];
    whole_run(&other, set, rules, 3);
    REQUIRE(!whole_run_differs(&one, &other));
    whole_run_free(&other);
    if (set.resyncs) {
        set.reads = true;
        whole_run(&other, set, rules, 1);
        REQUIRE(!whole_run_differs(&one, &other));
        whole_run_free(&other);
    }
    whole_run_free(&one);
    close(fd);
    return 0;
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most, unsigned seed)
{
    if (size < HEAD || most <= HEAD || seed % 16 == 0)
        return LLVMFuzzerMutate(data, size, most);
    return HEAD + blocks_mutate(data + HEAD, size - HEAD, most - HEAD, seed / 16);
}
