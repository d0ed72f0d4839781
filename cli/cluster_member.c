/* Ranks but 0: read pieces into queues, as rank 0 hands them out, and send them when it says so. */
#include "cli/cluster_internal.h"

#include <stdlib.h>

enum {
    UNDER_WAY = 4
}; /* blocks: as many as rank 0 receives at once, so that both may look after them seldom */
static const double progress_seconds = 0.25;

struct member {
    const struct cluster *c;
    const struct ranks_module *ranks;
    struct cluster_readings readings;
    bool asked;                      /* for another piece */
    bool over;                       /* it may leave */
    struct cluster_reading *sending; /* NULL: nothing is to be sent */
    struct ranks_transfer *transfer[UNDER_WAY];
    struct kept_block *block[UNDER_WAY]; /* of these */
    uint64_t sent;                       /* of the piece */
    double progress_at;                  /* monotonic s, when it was told last */
};

static void tell(const struct member *m, const struct cluster_word *word)
{
    cluster_tell(m->c, 0, CLUSTER_WORD, word, sizeof *word);
}

static void read_piece(struct member *m, const struct cluster_word *order)
{
    m->asked = false;
    cluster_reading_start(cluster_readings_spare(&m->readings), m->c, order->piece, NULL, NULL);
}

static void read_again(struct member *m, const struct cluster_word *order)
{
    struct cluster_reading *r = cluster_readings_find(&m->readings, order->piece);
    cluster_reading_end(r);
    cluster_reading_start(r, m->c, order->piece, &order->range.begin, NULL);
}

static bool take_orders(struct member *m)
{
    size_t count;
    bool did = false;
    while (m->ranks->waiting(0, CLUSTER_ORDER, &count) >= 0) {
        struct cluster_word order;
        cluster_take(m->c, 0, CLUSTER_ORDER, &order, sizeof order);
        if (order.kind == ORDER_READ)
            read_piece(m, &order);
        else if (order.kind == ORDER_READ_AGAIN)
            read_again(m, &order);
        else if (order.kind == ORDER_SEND)
            m->sending = cluster_readings_find(&m->readings, order.piece);
        else
            m->over = true;
        did = true;
    }
    return did;
}

static void ask(struct member *m)
{
    if (m->asked || !cluster_readings_spare(&m->readings))
        return;
    m->asked = true;
    tell(m, &(struct cluster_word){.kind = WORD_ASK});
}

static void tell_begins(struct member *m)
{
    for (unsigned i = 0; i < CLUSTER_READINGS; i++) {
        struct cluster_reading *r = &m->readings.of[i];
        if (!r->used || r->begin_told || !cluster_reading_has_begun(r))
            continue;
        r->begin_told = true;
        tell(m, &(struct cluster_word){.kind = WORD_BEGUN,
                                       .piece = r->piece,
                                       .range = set_source_piece_begun(r->reading.files)});
    }
}

static void tell_progress(struct member *m)
{
    const double now = clock_seconds();
    if (now - m->progress_at < progress_seconds)
        return;
    m->progress_at = now;
    tell(m, &(struct cluster_word){.kind = WORD_PROGRESS, .bytes = cluster_readings_bytes(&m->readings)});
}

/* The piece is gone: nothing, as the end of its blocks, and then what it says of itself. */
static void end_piece(struct member *m)
{
    struct cluster_share share = cluster_share_of(m->c, m->sending);
    struct saved_writer w = {0};
    share.share.sent = m->sent;
    cluster_share_put(&w, &share);
    if (w.failed)
        cluster_fail(m->c, fail_memory());
    cluster_tell(m->c, 0, CLUSTER_BLOCK, "", 0);
    cluster_tell(m->c, 0, CLUSTER_BLOCK, w.bytes, w.length);
    free(w.bytes);
    m->readings.bytes += set_source_bytes_done(m->sending->reading.files);
    cluster_reading_end(m->sending);
    m->sending = NULL;
    m->sent = 0;
}

static bool send_blocks(struct member *m)
{
    bool did = false, busy = false;
    if (!m->sending)
        return false;
    /* Before its blocks are taken: what is gathered meanwhile is for the next time. */
    for (unsigned i = 0; i < UNDER_WAY; i++) {
        if (m->ranks->is_done(&m->transfer[i])) {
            kept_block_release(m->block[i]);
            m->block[i] = kept_queue_take(m->sending->queue);
            if (m->block[i]) {
                m->sent += m->block[i]->count;
                m->transfer[i] = m->ranks->send(0, CLUSTER_BLOCK, m->block[i]->bytes, m->block[i]->count);
                cluster_check_memory(m->c, m->transfer[i]);
                did = true;
            }
        }
        busy |= m->block[i] != NULL;
    }
    if (busy || !cluster_reading_is_taken(m->sending, m->c))
        return did;
    end_piece(m);
    return true;
}

void cluster_member(const struct cluster *c)
{
    struct member m = {.c = c, .ranks = c->ranks};
    for (long nap = CLUSTER_NAP_LEAST; !m.over;) {
        bool did = take_orders(&m);
        did |= send_blocks(&m);
        tell_begins(&m);
        ask(&m);
        tell_progress(&m);
        nap = did ? CLUSTER_NAP_LEAST : MIN(2 * nap, (long)CLUSTER_NAP_MOST);
        if (!did)
            cluster_nap_for(nap);
    }
    tell(&m, &(struct cluster_word){.kind = WORD_LAST});
    for (unsigned i = 0; i < CLUSTER_READINGS; i++)
        cluster_reading_end(&m.readings.of[i]);
}
