/* Ranks but 0: a piece is read into a queue, proven to begin where the one before it ended, and sent from the queue to
 * rank 0. */
#include "cli/cluster_internal.h"

#include <stdlib.h>

enum { UNDER_WAY = 2 }; /* blocks: one is prepared while another is sent */

struct member {
    const struct cluster *c;
    const struct ranks_module *ranks;
    struct cluster_reading *reading;
    const struct inputs *inputs;
    bool proven; /* the piece begins where it has to */
    bool read_again;
    double read_at;              /* when all of it was read; 0: it is not */
    struct set_piece end, begin; /* sent as they stand here */
    struct ranks_transfer *end_sent, *begin_sent;
    bool end_is_sent, begin_is_sent;
    struct ranks_transfer *transfer[UNDER_WAY];
    struct kept_block *block[UNDER_WAY]; /* of these */
    uint64_t sent;
    uint64_t progress; /* as it is sent */
    struct ranks_transfer *progress_sent;
    double progress_at;
};

static void check_memory(const struct member *m, const void *memory)
{
    if (!memory)
        cluster_fail(m->c, fail_memory());
}

static void check(const struct member *m, enum exit_status status)
{
    if (status != EXIT_DONE)
        cluster_fail(m->c, status);
}

static struct ranks_transfer *send(const struct member *m, unsigned to, enum cluster_tag tag,
                                   const void *bytes, size_t count)
{
    struct ranks_transfer *t = m->ranks->send(to, tag, bytes, count);
    check_memory(m, t);
    return t;
}

static void await(const struct member *m, struct ranks_transfer **t)
{
    while (!m->ranks->is_done(t))
        cluster_nap();
}

/* Reads the piece once more, from this offset on. */
static void read_again(struct member *m, uint64_t begin)
{
    cluster_reading_end(m->reading);
    check(m, cluster_reading_open(m->reading, m->c, m->inputs, begin));
    check(m, cluster_reading_start(m->reading, m->c));
    m->read_again = true;
}

static bool begin_is_known(const struct member *m)
{
    return cluster_reading_is_done(m->reading) || kept_queue_has_block(m->reading->queue);
}

/* Compares with where the rank before this one has ended. */
static bool prove(struct member *m)
{
    struct set_piece before;
    size_t count;
    const unsigned from = m->c->job.rank - 1;
    if (m->proven || !begin_is_known(m) || m->ranks->waiting((int)from, CLUSTER_END, &count) < 0)
        return false;
    struct ranks_transfer *t = m->ranks->receive(from, CLUSTER_END, &before, sizeof before);
    check_memory(m, t);
    await(m, &t);
    m->proven = true;
    const struct set_piece piece = set_source_piece_begun(m->reading->piece.files);
    if (!set_piece_follows(&before, &piece))
        read_again(m, before.end.position);
    return true;
}

static bool tell_begin(struct member *m)
{
    if (!m->proven || m->begin_is_sent || !begin_is_known(m))
        return false;
    m->begin = set_source_piece_begun(m->reading->piece.files);
    m->begin_is_sent = true;
    m->begin_sent = send(m, 0, CLUSTER_PIECE, &m->begin, sizeof m->begin);
    return true;
}

static bool tell_end(struct member *m)
{
    if (!m->begin_is_sent || m->end_is_sent || !cluster_reading_is_done(m->reading))
        return false;
    check(m, m->reading->status);
    check(m, piece_reading_check(&m->reading->piece));
    m->read_at = clock_seconds();
    m->end = m->reading->piece.about.range;
    m->end_is_sent = true;
    if (m->c->job.rank + 1 < m->c->job.count)
        m->end_sent = send(m, m->c->job.rank + 1, CLUSTER_END, &m->end, sizeof m->end);
    return true;
}

static bool send_blocks(struct member *m)
{
    bool did = false;
    for (unsigned i = 0; m->begin_is_sent && i < UNDER_WAY; i++) {
        if (!m->ranks->is_done(&m->transfer[i]))
            continue;
        kept_block_release(m->block[i]);
        m->block[i] = kept_queue_take(m->reading->queue);
        if (!m->block[i])
            continue;
        m->sent += m->block[i]->count;
        m->transfer[i] = send(m, 0, CLUSTER_PIECE, m->block[i]->bytes, m->block[i]->count);
        did = true;
    }
    return did;
}

static bool all_is_sent(const struct member *m)
{
    for (unsigned i = 0; i < UNDER_WAY; i++)
        if (m->block[i])
            return false;
    return m->end_is_sent && kept_queue_has_ended(m->reading->queue);
}

static void tell_progress(struct member *m)
{
    const double now = clock_seconds();
    if (now - m->progress_at < CLUSTER_PROGRESS_SECONDS || !m->ranks->is_done(&m->progress_sent))
        return;
    m->progress_at = now;
    m->progress = set_source_bytes_done(m->reading->piece.files);
    m->progress_sent = send(m, 0, CLUSTER_PROGRESS, &m->progress, sizeof m->progress);
}

static void tell_share(struct member *m)
{
    struct cluster_share share = cluster_share_of(m->c, m->reading);
    struct saved_writer w = {0};
    share.share.sent = m->sent;
    share.share.read_again = m->read_again;
    share.share.sending = clock_seconds() - m->read_at;
    cluster_share_put(&w, &share);
    if (w.failed)
        check_memory(m, NULL);
    struct ranks_transfer *nothing = send(m, 0, CLUSTER_PIECE, "", 0);
    await(m, &nothing);
    struct ranks_transfer *t = send(m, 0, CLUSTER_PIECE, w.bytes, w.length);
    await(m, &t);
    free(w.bytes);
}

void cluster_member(const struct cluster *c, struct cluster_reading *r, const struct inputs *inputs)
{
    struct member m = {.c = c, .ranks = c->ranks, .reading = r, .inputs = inputs};
    while (!all_is_sent(&m)) {
        bool did = prove(&m);
        did |= tell_begin(&m);
        did |= send_blocks(&m);
        did |= tell_end(&m);
        tell_progress(&m);
        if (!did)
            cluster_nap();
    }
    tell_share(&m);
    await(&m, &m.begin_sent);
    await(&m, &m.end_sent);
    await(&m, &m.progress_sent);
}
