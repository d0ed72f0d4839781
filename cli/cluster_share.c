/* What a rank tells of its piece when all of it is sent, as bytes and back. */
#include "cli/cluster_internal.h"

#include <stdlib.h>

static void put_seconds(struct saved_writer *w, double seconds)
{
    saved_put(w, &seconds, sizeof seconds);
}

static double get_seconds(struct saved_reader *r)
{
    double seconds;
    saved_get(r, &seconds, sizeof seconds);
    return seconds;
}

struct cluster_share cluster_share_of(const struct cluster *c, const struct cluster_reading *r)
{
    const struct kept_piece *k = &r->piece.about;
    struct cluster_share s = {
        .share = {.bytes = k->bytes, .frames = k->frames, .planning = c->planned, .reading = r->seconds},
        .opened = k->opened,
        .problems = r->problems.items,
        .problem_count = r->problems.count,
    };
    _Static_assert(sizeof s.share.host == sizeof c->job.host, "the same text");
    memcpy(s.share.host, c->job.host, sizeof s.share.host);
    return s;
}

void cluster_share_put(struct saved_writer *w, const struct cluster_share *s)
{
    const struct rank_share *share = &s->share;
    saved_put(w, share->host, sizeof share->host);
    saved_put64(w, share->bytes);
    saved_put64(w, share->frames);
    saved_put64(w, share->sent);
    saved_put8(w, share->read_again);
    put_seconds(w, share->planning);
    put_seconds(w, share->reading);
    put_seconds(w, share->sending);
    saved_put64(w, s->opened);
    kept_problems_put(w, s->problems, s->problem_count);
}

bool cluster_share_get(struct saved_reader *r, struct cluster_share *s)
{
    struct rank_share *share = &s->share;
    *s = (struct cluster_share){0};
    saved_get(r, share->host, sizeof share->host);
    share->bytes = saved_get64(r);
    share->frames = saved_get64(r);
    share->sent = saved_get64(r);
    share->read_again = saved_get8(r);
    share->planning = get_seconds(r);
    share->reading = get_seconds(r);
    share->sending = get_seconds(r);
    s->opened = saved_get64(r);
    s->problem_count = kept_problems_get(r, &s->problems);
    return !r->failed;
}
