/* Rank 0: a run whose source are the pieces of all ranks, its own first, as they come. The workers of the run ask for
 * blocks, one at a time, so it is they who talk to other ranks. */
#include "cli/cluster_internal.h"
#include "cli/progress.h"
#include "io/message.h"

#include <inttypes.h>
#include <stdlib.h>

enum { INCOMING = 4 }; /* blocks under way */

enum phase {
    PHASE_BEGIN,  /* of the piece is awaited */
    PHASE_BLOCKS, /* and nothing behind the last of them */
    PHASE_SHARE,  /* what the rank tells of it */
};

/* A message under way. */
struct incoming {
    struct ranks_transfer *transfer;
    struct kept_block *block;
};

struct leader {
    struct kept_supply supply;
    const struct cluster *c;
    const struct ranks_module *ranks;
    struct cluster_reading *own;
    struct problems *problems;
    struct combine combine;
    struct rank_share *shares;
    /* The claimer's. */
    unsigned rank; /* whose piece it is */
    enum phase phase;
    struct set_piece own_end; /* sent as it stands here */
    struct ranks_transfer *end_sent;
    bool own_is_told;
    struct incoming incoming[INCOMING]; /* in order, from `first` on */
    unsigned first, count;
    bool all_came; /* blocks of the piece */
    /* Bytes that other ranks have read. Written by the claimer, read by the display; relaxed. */
    _Atomic uint64_t *progress; /* one a rank */
};

static void check_memory(struct leader *l, const void *memory)
{
    if (!memory)
        cluster_fail(l->c, fail_memory());
}

/* A message that is waiting, into memory of the caller's. It is there, or nearly: it is small. */
static void take(struct leader *l, unsigned from, enum cluster_tag tag, void *bytes, size_t count)
{
    struct ranks_transfer *t = l->ranks->receive(from, tag, bytes, count);
    check_memory(l, t);
    while (!l->ranks->is_done(&t))
        cluster_nap();
}

static void take_progress(struct leader *l)
{
    size_t count;
    for (int from; (from = l->ranks->waiting(-1, CLUSTER_PROGRESS, &count)) >= 0;) {
        uint64_t bytes;
        take(l, (unsigned)from, CLUSTER_PROGRESS, &bytes, sizeof bytes);
        atomic_store_explicit(&l->progress[from], bytes, memory_order_relaxed);
    }
}

/* Problems that concern the whole set, each rank has found. */
static void take_share(struct leader *l, const struct cluster_share *s)
{
    struct kept_piece *piece = &l->combine.pieces[l->rank];
    l->shares[l->rank] = s->share;
    piece->bytes = s->share.bytes;
    piece->frames = s->share.frames;
    piece->opened = s->opened;
    combine_take_problems(l->problems, s->problems, s->problem_count);
}

/* Where rank 0's own piece ended, the next rank's begins. Once it is read. */
static void tell_own_end(struct leader *l)
{
    struct cluster_reading *own = l->own;
    if (l->own_is_told || !cluster_reading_is_done(own))
        return;
    enum exit_status status = own->status;
    if (status == EXIT_DONE)
        status = piece_reading_check(&own->piece);
    if (status != EXIT_DONE)
        cluster_fail(l->c, status);
    l->own_is_told = true;
    l->own_end = own->piece.about.range;
    if (l->c->job.count == 1)
        return;
    l->end_sent = l->ranks->send(1, CLUSTER_END, &l->own_end, sizeof l->own_end);
    check_memory(l, l->end_sent);
}

static enum kept_next next_own(struct leader *l, struct kept_block **block)
{
    if (l->phase == PHASE_BEGIN) {
        l->phase = PHASE_BLOCKS;
        return KEPT_PIECE;
    }
    *block = kept_queue_take(l->own->queue);
    if (*block)
        return KEPT_BLOCK;
    if (!l->own_is_told || !kept_queue_has_ended(l->own->queue))
        return KEPT_LATER;
    const struct cluster_share share = cluster_share_of(l->c, l->own);
    take_share(l, &share);
    l->rank++;
    l->phase = PHASE_BEGIN;
    return KEPT_LATER;
}

/* Starts to receive what is waiting. */
static void receive_blocks(struct leader *l)
{
    size_t count;
    while (l->count < INCOMING && !l->all_came &&
           l->ranks->waiting((int)l->rank, CLUSTER_PIECE, &count) >= 0) {
        if (!count) {
            take(l, l->rank, CLUSTER_PIECE, &count, 0);
            l->all_came = true;
            return;
        }
        struct incoming *in = &l->incoming[(l->first + l->count) % INCOMING];
        in->block = kept_block_create(count);
        check_memory(l, in->block);
        in->transfer = l->ranks->receive(l->rank, CLUSTER_PIECE, in->block->bytes, count);
        check_memory(l, in->transfer);
        l->count++;
    }
}

static enum kept_next next_block(struct leader *l, struct kept_block **block)
{
    receive_blocks(l);
    struct incoming *in = &l->incoming[l->first];
    if (l->count && l->ranks->is_done(&in->transfer)) {
        *block = in->block;
        in->block = NULL;
        l->first = (l->first + 1) % INCOMING;
        l->count--;
        return KEPT_BLOCK;
    }
    if (!l->count && l->all_came)
        l->phase = PHASE_SHARE;
    return KEPT_LATER;
}

static void receive_share(struct leader *l, size_t count)
{
    struct cluster_share share;
    uint8_t *bytes = malloc(count + 1);
    check_memory(l, bytes);
    take(l, l->rank, CLUSTER_PIECE, bytes, count);
    struct saved_reader r = {.at = bytes, .end = bytes + count};
    if (!cluster_share_get(&r, &share))
        check_memory(l, NULL);
    take_share(l, &share);
    kept_problems_free(share.problems, share.problem_count);
    free(bytes);
    l->rank++;
    l->phase = PHASE_BEGIN;
    l->all_came = false;
}

static enum kept_next next_of_others(struct leader *l, struct kept_block **block)
{
    size_t count;
    if (l->phase == PHASE_BLOCKS)
        return next_block(l, block);
    if (l->ranks->waiting((int)l->rank, CLUSTER_PIECE, &count) < 0)
        return KEPT_LATER;
    if (l->phase == PHASE_SHARE) {
        receive_share(l, count);
        return KEPT_LATER;
    }
    struct set_piece range;
    take(l, l->rank, CLUSTER_PIECE, &range, sizeof range);
    l->combine.pieces[l->rank].range = range;
    l->phase = PHASE_BLOCKS;
    return KEPT_PIECE;
}

static enum kept_next next(struct kept_supply *supply, struct kept_block **block)
{
    struct leader *l = (struct leader *)supply;
    take_progress(l);
    tell_own_end(l);
    if (!l->rank)
        return next_own(l, block);
    if (l->rank < l->c->job.count)
        return next_of_others(l, block);
    return l->ranks->is_done(&l->end_sent) ? KEPT_END : KEPT_LATER;
}

static void damaged(struct kept_supply *supply)
{
    const struct leader *l = (struct leader *)supply;
    message_error("what rank %u sent makes no sense", l->rank);
    cluster_fail(l->c, EXIT_INPUT);
}

static uint64_t bytes_done(const void *leader)
{
    const struct leader *l = leader;
    uint64_t n = set_source_bytes_done(l->own->piece.files);
    for (unsigned i = 1; i < l->c->job.count; i++)
        n += atomic_load_explicit(&l->progress[i], memory_order_relaxed);
    return n;
}

static uint64_t bytes_of_set(const struct kept_piece *set)
{
    uint64_t n = 0;
    for (size_t i = 0; i < set->path_count; i++)
        n += set->sizes[i];
    return n;
}

/* Zeroed parts of the leader. NULL when memory is short. */
static bool make_parts(struct leader *l)
{
    const unsigned count = l->c->job.count;
    struct combine *combine = &l->combine;
    combine->pieces = calloc(count, sizeof *combine->pieces);
    l->shares = calloc(count, sizeof *l->shares);
    l->progress = calloc(count, sizeof *l->progress);
    if (!combine->pieces || !l->shares || !l->progress)
        return false;
    combine->count = count;
    combine->pieces[0] = l->own->piece.about;
    combine->source = kept_source_create(combine->pieces, &l->supply);
    return combine->source;
}

enum exit_status cluster_leader(const struct cluster *c, struct cluster_reading *r,
                                const struct inputs *inputs, struct problems *problems)
{
    struct leader l = {.supply = {next, damaged}, .c = c, .ranks = c->ranks, .own = r, .problems = problems};
    if (!make_parts(&l))
        cluster_fail(c, fail_memory());
    const struct progress_gauge gauge = {bytes_done, &l, bytes_of_set(&r->piece.about)};
    l.combine.gauge = &gauge;
    l.combine.shares = l.shares;
    l.combine.all_or_nothing = true;
    struct options o = *c->options; /* what the ranks have done already is left out */
    o.filter = NULL;
    o.decode_as_count = 0;
    o.clock_count = 0;
    const enum exit_status status = run(&o, inputs, &l.combine, problems);
    if (l.rank < c->job.count) /* others are in the midst of it */
        cluster_fail(c, status);
    kept_source_destroy(l.combine.source);
    free(l.combine.pieces);
    free(l.shares);
    free(l.progress);
    return status;
}
