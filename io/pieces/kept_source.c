/* The batches of pieces as a source: in the order of the pieces, each as it was packed. */
#include "io/pieces/kept.h"

#include <stdatomic.h>
#include <stdlib.h>

struct kept_source {
    struct source source;
    const struct kept_piece *pieces;
    struct kept_supply *supply;
    /* The claimer's. */
    size_t begun;             /* pieces */
    bool begins;              /* the next batch is the first of its piece */
    struct kept_block *block; /* of which it reads */
    size_t at;                /* in the block */
    size_t path;              /* of the last batch, in pieces[0].paths */
};

struct kept_block *kept_block_create(size_t count)
{
    struct kept_block *block = malloc(sizeof *block + count);
    if (!block)
        return NULL;
    atomic_init(&block->users, 1);
    block->next = NULL;
    block->count = count;
    return block;
}

void kept_block_release(struct kept_block *block)
{
    if (block && atomic_fetch_sub_explicit(&block->users, 1, memory_order_acq_rel) == 1)
        free(block);
}

/* The place of a file's name in the set; the set's length if it is none of it. */
static size_t find_path(const struct kept_source *s, const char *name, size_t length)
{
    const struct kept_piece *set = &s->pieces[0];
    for (size_t n = 0; n < set->path_count; n++) {
        const size_t i = (s->path + n) % set->path_count;
        if (strlen(set->paths[i]) == length && !memcmp(set->paths[i], name, length))
            return i;
    }
    return set->path_count;
}

/* The next batch of the block. False: its bytes make no sense. */
static bool describe(struct kept_source *s, struct batch *b)
{
    struct packed_batch packed;
    const uint8_t *at = s->block->bytes + s->at;
    const size_t left = s->block->count - s->at;
    if (left < sizeof packed)
        return false;
    memcpy(&packed, at, sizeof packed);
    if (packed.bytes > left || packed.bytes < sizeof packed || packed.bytes % 8 ||
        packed.name_bytes > packed.bytes - sizeof packed)
        return false;
    const size_t path = find_path(s, (const char *)at + sizeof packed, packed.name_bytes);
    const struct kept_piece *set = &s->pieces[0];
    const struct set_border begin = s->pieces[s->begun - 1].range.begin;
    if (path == set->path_count)
        return false;
    /* What is first in a piece that begins inside its file goes on with the file. */
    const bool goes_on = s->begins && begin.position && !strcmp(set->paths[path], set->paths[begin.input]);
    s->path = path;
    b->first = packed.first && !goes_on;
    b->restarts_time = packed.restarts_time && !goes_on;
    b->frames_before = packed.frames_before;
    b->window = (struct window){.bytes = at, .end = packed.bytes};
    b->mark = path;
    b->piece = s->block;
    atomic_fetch_add_explicit(&s->block->users, 1, memory_order_relaxed);
    s->at += packed.bytes;
    s->begins = false;
    return true;
}

static enum claim kept_claim(struct source *source, struct batch *b)
{
    struct kept_source *s = (struct kept_source *)source;
    for (;;) {
        if (s->block && s->at < s->block->count) {
            if (describe(s, b))
                return CLAIM_BATCH;
            s->supply->damaged(s->supply);
            return CLAIM_END;
        }
        kept_block_release(s->block);
        s->block = NULL;
        s->at = 0;
        switch (s->supply->next(s->supply, &s->block)) {
        case KEPT_PIECE:
            s->begun++;
            s->begins = true;
            break;
        case KEPT_BLOCK:
            break;
        case KEPT_LATER:
            return CLAIM_NOTHING;
        case KEPT_END:
            return CLAIM_END;
        }
    }
}

static struct origin kept_origin(struct source *source, const struct batch *b, uint64_t index)
{
    const struct kept_source *s = (struct kept_source *)source;
    return (struct origin){s->pieces[0].paths[b->mark], b->first_frame + index - b->input_base};
}

static void kept_release(struct source *source, struct batch *b)
{
    (void)source;
    kept_block_release(b->piece);
}

static const struct source_ops ops = {.claim = kept_claim, .origin = kept_origin, .release = kept_release};

struct kept_source *kept_source_create(const struct kept_piece *pieces, struct kept_supply *supply)
{
    struct kept_source *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    *s = (struct kept_source){.source = {.ops = &ops, .packed = true}, .pieces = pieces, .supply = supply};
    return s;
}

struct source *kept_source_source(struct kept_source *s)
{
    return &s->source;
}

void kept_source_destroy(struct kept_source *s)
{
    if (!s)
        return;
    kept_block_release(s->block);
    free(s);
}
