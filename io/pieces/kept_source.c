/* The batches of pieces as a source: in the order of the pieces, each as it was packed. */
#include "io/pieces/kept.h"

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
    uint64_t frames_before;   /* the piece, of the file in which it begins */
};

/* The frames of the file in which the piece begins that stand before it. */
static void begin_piece(struct kept_source *s)
{
    const struct set_piece *before = s->begun ? &s->pieces[s->begun - 1].range : NULL;
    const bool same = before && before->begin.position && before->begin.input == before->end.input;
    s->frames_before = !before ? 0 : before->end_frames + (same ? s->frames_before : 0);
    s->begun++;
    s->begins = true;
}

/* Whether the frames of a mixed batch come from files of the set. */
static bool check_origins(const struct kept_source *s, const struct packed_batch *packed,
                          const uint8_t *bytes)
{
    const struct packed_origin *origins = (const void *)bytes;
    if (packed->frames > (packed->bytes - sizeof *packed) / sizeof *origins)
        return false;
    for (uint64_t i = 0; i < packed->frames; i++)
        if (origins[i].input >= s->pieces[0].path_count)
            return false;
    return true;
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
        packed.input >= s->pieces[0].path_count)
        return false;
    if (packed.mixed && !check_origins(s, &packed, at + sizeof packed))
        return false;
    /* What is first in a piece that begins inside its file goes on with the file. */
    b->first = packed.first;
    b->restarts_time = packed.restarts_time && !(s->begins && packed.continues);
    b->frames_before = packed.frames_before + (packed.continues ? s->frames_before : 0);
    b->mixed = packed.mixed;
    b->window = (struct window){.bytes = at, .end = packed.bytes};
    b->mark = packed.input;
    b->epoch = s->frames_before;
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
            begin_piece(s);
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
    char *const *paths = s->pieces[0].paths;
    if (!b->mixed)
        return (struct origin){.file = paths[b->mark], .frame = b->first_frame + index - b->input_base};
    const struct packed_origin *origin =
        (const struct packed_origin *)(const void *)(b->window.bytes + sizeof(struct packed_batch)) + index;
    return (struct origin){.file = paths[origin->input],
                           .frame = origin->frame + (origin->continues ? b->epoch : 0)};
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
