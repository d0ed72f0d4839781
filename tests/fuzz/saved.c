/* Any bytes as what piece files and state files hold: as such a file, and as each of the records in its sections, which
 * checksums keep random changes away from; and as packed batches, through the pipeline that puts pieces together.
 *
 *     | what 1 | bytes ...
 */
#include "engine/pipeline.h"
#include "io/pieces/kept.h"
#include "io/pieces/piece_file.h"
#include "io/pieces/piece_head.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/whole_run.h"

#include <string.h>
#include <unistd.h>

enum { HEAD = 1, INPUT_MAX = 1 << 16 };
enum what { WHAT_FILE, WHAT_HEAD, WHAT_PIECE, WHAT_PROBLEMS, WHAT_BATCHES, WHATS };

static void read_file(const uint8_t *bytes, size_t count)
{
    char path[MEMORY_PATH], error[PIECE_ERROR_MAX];
    const int fd = memory_file(bytes, count, path);
    struct piece_reader *r;
    if (piece_reader_open(&r, path, error) == PIECE_DONE) {
        struct piece_section s;
        bool failed = false;
        while (piece_reader_next(r, &s, &failed, error))
            for (size_t i = 0; i < s.count; i += 512)
                (void)*(const volatile uint8_t *)(s.bytes + i);
        piece_reader_close(r);
    }
    close(fd);
}

/* One block, of these bytes. */
struct supply {
    struct kept_supply supply;
    const uint8_t *bytes;
    size_t count;
    unsigned step;
};

static enum kept_next supply_next(struct kept_supply *supply, struct kept_block **block)
{
    struct supply *s = (struct supply *)supply;
    switch (s->step++) {
    case 0:
        return KEPT_PIECE;
    case 1:
        *block = kept_block_create(s->count);
        REQUIRE(*block);
        memcpy((*block)->bytes, s->bytes, s->count);
        return KEPT_BLOCK;
    default:
        return KEPT_END;
    }
}

static void supply_damaged(struct kept_supply *supply)
{
    (void)supply;
}

static void run_batches(const uint8_t *bytes, size_t count)
{
    char path[] = "a";
    char *paths[] = {path};
    const struct kept_piece piece = {.index = 1, .count = 1, .paths = paths, .path_count = 1};
    struct supply supply = {
        .supply = {supply_next, supply_damaged}, .bytes = bytes, .count = count & ~(size_t)7};
    struct kept_source *source = kept_source_create(&piece, &supply.supply);
    REQUIRE(source);
    struct recording_sink sink;
    recording_sink_init(&sink);
    const struct pipeline_params params = {
        .source = kept_source_source(source), .sink = &sink.sink, .threads = 1, .rules = RULES_4_4};
    struct pipeline *p = pipeline_create(&params);
    REQUIRE(p);
    const enum pipeline_error error = pipeline_run(p);
    REQUIRE(error == PIPELINE_OK || error == PIPELINE_DAMAGED);
    pipeline_destroy(p);
    kept_source_destroy(source);
    recording_sink_free(&sink);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEAD || size > INPUT_MAX)
        return 0;
    const uint8_t *bytes = data + HEAD;
    struct saved_reader in = {.at = bytes, .end = data + size};
    struct piece_head head = {0};
    struct kept_piece piece = {0};
    struct problem *problems = NULL;
    size_t count;
    switch ((enum what)(data[0] % WHATS)) {
    case WHAT_FILE:
        read_file(bytes, size - HEAD);
        break;
    case WHAT_HEAD:
        piece_head_get(&in, &head);
        piece_head_free(&head);
        break;
    case WHAT_PIECE:
        kept_piece_get(&in, &piece);
        kept_piece_free(&piece);
        break;
    case WHAT_PROBLEMS:
        count = kept_problems_get(&in, &problems);
        kept_problems_free(problems, count);
        break;
    case WHAT_BATCHES:
        run_batches(bytes, size - HEAD);
        break;
    case WHATS:
        break;
    }
    return 0;
}
