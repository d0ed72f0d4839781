/* The pieces of a job as they come to rank 0, which hands them out, its own among them. The workers of its run ask for
 * blocks, one at a time, so it is they who talk to other ranks. */
#include "cli/cluster_internal.h"
#include "io/message.h"

#include <stdlib.h>

enum { INCOMING = 4 }; /* blocks under way */

enum phase {
    PHASE_BEGIN,  /* where the piece begins is awaited */
    PHASE_BLOCKS, /* and nothing behind the last of them */
    PHASE_SHARE,  /* what its rank tells of it */
};

struct incoming {
    struct ranks_transfer *transfer;
    struct kept_block *block;
};

/* Of a piece that was handed out. */
struct handed {
    unsigned rank;
    bool begun; /* where it begins is known, for now */
    bool again; /* it is read once more, from where the piece before it ended */
};

struct cluster_supply {
    struct kept_supply supply;
    const struct cluster *c;
    const struct ranks_module *ranks;
    struct combine *combine;
    struct problems *problems;
    struct rank_share *shares; /* one a rank */
    /* Bytes of the inputs that each rank has read. Written by the claimer, read by the display; relaxed. */
    _Atomic uint64_t *bytes;
    /* The claimer's. */
    struct cluster_readings own;
    struct handed *handed;        /* one a piece; */
    unsigned next;                /* those before this one are */
    bool *asks;                   /* which ranks have time */
    unsigned piece;               /* that is put together */
    enum phase phase;             /* of it */
    struct incoming in[INCOMING]; /* in order, from `first` on */
    unsigned first, count;
    bool all_came;       /* its blocks */
    unsigned last_words; /* ranks that say nothing any more */
};

static void take_word(struct cluster_supply *s, unsigned from)
{
    struct cluster_word word;
    cluster_take(s->c, from, CLUSTER_WORD, &word, sizeof word);
    switch (word.kind) {
    case WORD_ASK:
        s->asks[from] = true;
        break;
    case WORD_BEGUN:
        s->combine->pieces[word.piece].range = word.range;
        s->handed[word.piece].begun = true;
        break;
    case WORD_PROGRESS:
        atomic_store_explicit(&s->bytes[from], word.bytes, memory_order_relaxed);
        break;
    default:
        s->last_words++;
    }
}

static void take_words(struct cluster_supply *s)
{
    size_t count;
    for (int from; (from = s->ranks->waiting(-1, CLUSTER_WORD, &count)) >= 0;)
        take_word(s, (unsigned)from);
}

static void order(const struct cluster_supply *s, unsigned rank, const struct cluster_word *word)
{
    cluster_tell(s->c, rank, CLUSTER_ORDER, word, sizeof *word);
}

static void hand_out(struct cluster_supply *s)
{
    for (unsigned rank = 1; rank < s->c->job.count && s->next < s->c->pieces; rank++) {
        if (!s->asks[rank])
            continue;
        s->asks[rank] = false;
        s->handed[s->next].rank = rank;
        order(s, rank, &(struct cluster_word){.kind = ORDER_READ, .piece = s->next++});
    }
}

/* There is nothing that could be put together: rank 0 has time, too. */
static void read_itself(struct cluster_supply *s)
{
    struct cluster_reading *r = s->next < s->c->pieces ? cluster_readings_spare(&s->own) : NULL;
    if (r)
        cluster_reading_start(r, s->c, s->next++, NULL, NULL);
}

/* As others do by their words. */
static void look_after_itself(struct cluster_supply *s)
{
    for (unsigned i = 0; i < CLUSTER_READINGS; i++) {
        struct cluster_reading *r = &s->own.of[i];
        if (!r->used || r->begin_told || !cluster_reading_has_begun(r))
            continue;
        r->begin_told = true;
        s->combine->pieces[r->piece].range = set_source_piece_begun(r->reading.files);
        s->handed[r->piece].begun = true;
    }
    atomic_store_explicit(&s->bytes[0], cluster_readings_bytes(&s->own), memory_order_relaxed);
}

/* Problems that concern the whole set, each piece has found. */
static void add_share(struct cluster_supply *s, const struct cluster_share *from)
{
    struct kept_piece *piece = &s->combine->pieces[s->piece];
    cluster_share_add(&s->shares[s->handed[s->piece].rank], &from->share);
    piece->bytes = from->share.bytes;
    piece->frames = from->share.frames;
    piece->opened = from->opened;
    piece->range = from->range;
    combine_take_problems(s->problems, from->problems, from->problem_count);
    s->piece++;
    s->phase = PHASE_BEGIN;
    s->all_came = false;
}

/* The piece was read from where the one before it ended, and does not begin there: nothing would ever fit. */
static void fail_again(const struct cluster_supply *s, struct set_border begin)
{
    const struct kept_piece *set = &s->c->set;
    message_error(
        "%s: has changed while it was read: piece %u of %u does not begin where the one before it ends",
        begin.input < set->path_count ? set->paths[begin.input] : "an input", s->piece + 1, s->c->pieces);
    cluster_fail(s->c, EXIT_INPUT);
}

/* The piece begins where the one before it ended: its blocks can come. Else it is read again, once. */
static enum kept_next prove(struct cluster_supply *s)
{
    struct handed *h = &s->handed[s->piece];
    const struct set_piece *piece = &s->combine->pieces[s->piece].range;
    if (s->piece == s->next || !h->begun)
        return KEPT_LATER;
    if (!s->piece || set_piece_follows(&s->combine->pieces[s->piece - 1].range, piece)) {
        if (h->rank)
            order(s, h->rank, &(struct cluster_word){.kind = ORDER_SEND, .piece = s->piece});
        s->phase = PHASE_BLOCKS;
        return KEPT_PIECE;
    }
    if (h->again)
        fail_again(s, piece->begin);
    const struct set_border begin = s->combine->pieces[s->piece - 1].range.end;
    h->begun = false;
    h->again = true;
    if (h->rank) {
        order(s, h->rank,
              &(struct cluster_word){.kind = ORDER_READ_AGAIN, .piece = s->piece, .range = {.begin = begin}});
    } else {
        struct cluster_reading *own = cluster_readings_find(&s->own, s->piece);
        cluster_reading_end(own);
        cluster_reading_start(own, s->c, s->piece, &begin, NULL);
    }
    return KEPT_LATER;
}

static enum kept_next next_own(struct cluster_supply *s, struct kept_block **block)
{
    struct cluster_reading *own = cluster_readings_find(&s->own, s->piece);
    *block = kept_queue_take(own->queue);
    if (*block)
        return KEPT_BLOCK;
    if (!cluster_reading_is_taken(own, s->c))
        return KEPT_LATER;
    const struct cluster_share share = cluster_share_of(s->c, own);
    add_share(s, &share);
    s->own.bytes += set_source_bytes_done(own->reading.files);
    cluster_reading_end(own);
    return KEPT_LATER;
}

/* Starts to receive what is waiting. */
static void receive_blocks(struct cluster_supply *s, unsigned rank)
{
    size_t count;
    while (s->count < INCOMING && !s->all_came && s->ranks->waiting((int)rank, CLUSTER_BLOCK, &count) >= 0) {
        if (!count) {
            cluster_take(s->c, rank, CLUSTER_BLOCK, &count, 0);
            s->all_came = true;
            return;
        }
        struct incoming *in = &s->in[(s->first + s->count) % INCOMING];
        in->block = kept_block_reuse(count);
        cluster_check_memory(s->c, in->block);
        in->transfer = s->ranks->receive(rank, CLUSTER_BLOCK, in->block->bytes, count);
        cluster_check_memory(s->c, in->transfer);
        s->count++;
    }
}

static enum kept_next next_block(struct cluster_supply *s, struct kept_block **block)
{
    receive_blocks(s, s->handed[s->piece].rank);
    struct incoming *in = &s->in[s->first];
    if (s->count && s->ranks->is_done(&in->transfer)) {
        *block = in->block;
        in->block = NULL;
        s->first = (s->first + 1) % INCOMING;
        s->count--;
        return KEPT_BLOCK;
    }
    if (!s->count && s->all_came)
        s->phase = PHASE_SHARE;
    return KEPT_LATER;
}

static enum kept_next take_share(struct cluster_supply *s)
{
    struct cluster_share share;
    size_t count;
    const unsigned rank = s->handed[s->piece].rank;
    if (s->ranks->waiting((int)rank, CLUSTER_BLOCK, &count) < 0)
        return KEPT_LATER;
    uint8_t *bytes = malloc(count);
    cluster_check_memory(s->c, bytes);
    cluster_take(s->c, rank, CLUSTER_BLOCK, bytes, count);
    struct saved_reader r = {.at = bytes, .end = bytes + count};
    if (!cluster_share_get(&r, &share))
        cluster_fail(s->c, fail_memory());
    add_share(s, &share);
    kept_problems_free(share.problems, share.problem_count);
    free(bytes);
    return KEPT_LATER;
}

static enum kept_next next_of_piece(struct cluster_supply *s, struct kept_block **block)
{
    if (s->phase == PHASE_BEGIN)
        return prove(s);
    if (!s->handed[s->piece].rank)
        return next_own(s, block);
    return s->phase == PHASE_BLOCKS ? next_block(s, block) : take_share(s);
}

static enum kept_next next(struct kept_supply *supply, struct kept_block **block)
{
    struct cluster_supply *s = (struct cluster_supply *)supply;
    take_words(s);
    hand_out(s);
    look_after_itself(s);
    if (cluster_supply_has_ended(s))
        return KEPT_END;
    const enum kept_next result = next_of_piece(s, block);
    if (result == KEPT_LATER)
        read_itself(s);
    return result;
}

static void damaged(struct kept_supply *supply)
{
    const struct cluster_supply *s = (const struct cluster_supply *)supply;
    message_error("what rank %u sent makes no sense", s->handed[s->piece].rank);
    cluster_fail(s->c, EXIT_INPUT);
}

struct cluster_supply *cluster_supply_create(const struct cluster *c, struct combine *combine,
                                             struct problems *problems)
{
    struct cluster_supply *s = calloc(1, sizeof *s);
    cluster_check_memory(c, s);
    *s = (struct cluster_supply){
        .supply = {next, damaged}, .c = c, .ranks = c->ranks, .combine = combine, .problems = problems};
    s->shares = calloc(c->job.count, sizeof *s->shares);
    s->bytes = calloc(c->job.count, sizeof *s->bytes);
    s->asks = calloc(c->job.count, sizeof *s->asks);
    s->handed = calloc(c->pieces, sizeof *s->handed);
    if (!s->shares || !s->bytes || !s->asks || !s->handed)
        cluster_check_memory(c, NULL);
    return s;
}

struct kept_supply *cluster_supply_supply(struct cluster_supply *s)
{
    return &s->supply;
}

const struct rank_share *cluster_supply_shares(const struct cluster_supply *s)
{
    return s->shares;
}

uint64_t cluster_supply_bytes(const struct cluster_supply *s)
{
    uint64_t n = 0;
    for (unsigned i = 0; i < s->c->job.count; i++)
        n += atomic_load_explicit(&s->bytes[i], memory_order_relaxed);
    return n;
}

bool cluster_supply_has_ended(const struct cluster_supply *s)
{
    return s->piece == s->c->pieces;
}

void cluster_supply_dismiss(struct cluster_supply *s)
{
    const unsigned others = s->c->job.count - 1;
    for (unsigned rank = 1; rank <= others; rank++)
        order(s, rank, &(struct cluster_word){.kind = ORDER_LEAVE});
    while (s->last_words < others) {
        take_words(s);
        cluster_nap();
    }
}

void cluster_supply_destroy(struct cluster_supply *s)
{
    for (unsigned i = 0; i < CLUSTER_READINGS; i++)
        cluster_reading_end(&s->own.of[i]);
    free(s->shares);
    free(s->bytes);
    free(s->asks);
    free(s->handed);
    free(s);
}
