/* The batches of piece files as a source: in the order of the pieces, each as it was packed. */
#include "io/pieces/kept.h"
#include "io/pieces/kept_sections.h"

#include <stdatomic.h>
#include <stdlib.h>

/* A section's batches, until the last of them is released. */
struct block {
    _Atomic unsigned users;       /* batches, and the source as long as it reads the block */
    _Alignas(16) uint8_t bytes[]; /* of structures */
};

struct kept_source {
    struct source source;
    const struct kept_piece *pieces;
    const char *const *files;
    size_t count;
    struct problems *problems;
    /* The claimer's. */
    size_t next;                 /* piece to open */
    struct piece_reader *reader; /* of the piece before it */
    bool begins;                 /* the next batch is the first of its piece */
    struct block *block;
    size_t at, end; /* in the block */
    size_t path;    /* of the last batch, in pieces[0].paths */
};

static void drop(struct block *block)
{
    if (block && atomic_fetch_sub_explicit(&block->users, 1, memory_order_acq_rel) == 1)
        free(block);
}

static void report(struct kept_source *s, const char *error)
{
    const char *file = s->files[s->next - 1];
    const size_t length = strlen(file);
    const bool named = !strncmp(error, file, length) && error[length] == ':';
    problems_add(s->problems, PROBLEM_ERROR, 0, file, -1, "%s", named ? error + length + 2 : error);
}

/* Opens the next piece. False: it cannot be read any more. */
static bool open_next(struct kept_source *s)
{
    char error[PIECE_ERROR_MAX];
    const char *file = s->files[s->next++];
    s->begins = true;
    if (piece_reader_open(&s->reader, file, error) == PIECE_DONE)
        return true;
    s->reader = NULL;
    report(s, error);
    return false;
}

/* The next section with batches. 1: there is one; 0: the piece has ended; -1: it cannot be read. */
static int next_section(struct kept_source *s)
{
    char error[PIECE_ERROR_MAX];
    struct piece_section section;
    bool failed = false;
    drop(s->block);
    s->block = NULL;
    s->at = s->end = 0;
    while (piece_reader_next(s->reader, &section, &failed, error)) {
        if (strcmp(section.name, KEPT_BATCHES))
            continue;
        s->block = malloc(sizeof *s->block + section.count);
        if (!s->block) {
            report(s, "out of memory");
            return -1;
        }
        atomic_init(&s->block->users, 1);
        memcpy(s->block->bytes, section.bytes, section.count);
        s->end = section.count;
        return 1;
    }
    if (failed)
        report(s, error);
    piece_reader_close(s->reader);
    s->reader = NULL;
    return failed ? -1 : 0;
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
    const size_t left = s->end - s->at;
    if (left < sizeof packed)
        return false;
    memcpy(&packed, at, sizeof packed);
    if (packed.bytes > left || packed.bytes < sizeof packed || packed.bytes % 8 ||
        packed.name_bytes > packed.bytes - sizeof packed)
        return false;
    const size_t path = find_path(s, (const char *)at + sizeof packed, packed.name_bytes);
    const struct kept_piece *piece = &s->pieces[s->next - 1];
    if (path == piece->path_count)
        return false;
    /* What is first in a piece that begins inside its file goes on with the file. */
    const bool goes_on = s->begins && piece->range.begin.position &&
                         !strcmp(piece->paths[path], piece->paths[piece->range.begin.input]);
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
        if (s->block && s->at < s->end) {
            if (describe(s, b))
                return CLAIM_BATCH;
            report(s, "its batches make no sense");
            return CLAIM_END;
        }
        if (s->reader) {
            if (next_section(s) < 0)
                return CLAIM_END;
            continue;
        }
        if (s->next == s->count || !open_next(s))
            return CLAIM_END;
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
    drop(b->piece);
}

static const struct source_ops ops = {.claim = kept_claim, .origin = kept_origin, .release = kept_release};

struct kept_source *kept_source_create(const struct kept_piece *pieces, const char *const *files,
                                       size_t count, struct problems *problems)
{
    struct kept_source *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    *s = (struct kept_source){.source = {.ops = &ops, .packed = true},
                              .pieces = pieces,
                              .files = files,
                              .count = count,
                              .problems = problems};
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
    drop(s->block);
    piece_reader_close(s->reader);
    free(s);
}
