/* What a rank tells of a piece when all of it is sent, as bytes and back: structures as they are, since all ranks are the same
 * build, as the plan makes sure. */
#include "cli/cluster_internal.h"

struct cluster_share cluster_share_of(const struct cluster *c, const struct cluster_reading *r)
{
    const struct kept_piece *k = &r->reading.about;
    struct cluster_share s = {
        .share = {.pieces = 1,
                  .bytes = k->bytes,
                  .frames = k->frames,
                  .read_again = r->again,
                  .planning = c->planned,
                  .reading = r->seconds},
        .range = k->range,
        .opened = k->opened,
        .problems = r->problems.items,
        .problem_count = r->problems.count,
    };
    _Static_assert(sizeof s.share.host == sizeof c->job.host, "the same text");
    memcpy(s.share.host, c->job.host, sizeof s.share.host);
    return s;
}

void cluster_share_add(struct rank_share *to, const struct rank_share *from)
{
    memcpy(to->host, from->host, sizeof to->host);
    to->pieces += from->pieces;
    to->bytes += from->bytes;
    to->frames += from->frames;
    to->sent += from->sent;
    to->read_again += from->read_again;
    to->reading += from->reading;
    to->planning = from->planning;
}

void cluster_share_put(struct saved_writer *w, const struct cluster_share *s)
{
    saved_put(w, &s->share, sizeof s->share);
    saved_put(w, &s->range, sizeof s->range);
    saved_put64(w, s->opened);
    kept_problems_put(w, s->problems, s->problem_count);
}

bool cluster_share_get(struct saved_reader *r, struct cluster_share *s)
{
    *s = (struct cluster_share){0};
    saved_get(r, &s->share, sizeof s->share);
    saved_get(r, &s->range, sizeof s->range);
    s->opened = saved_get64(r);
    s->problem_count = kept_problems_get(r, &s->problems);
    return !r->failed;
}
