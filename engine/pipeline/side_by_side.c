/* Runs of several lanes, walked side by side and decoded in between. For large records: the header of the next one is a
 * cache miss, and only the record before tells where it is. */
#include "engine/pipeline/decode_job.h"

_Static_assert((int)LANES <= (int)RUNS_SIDE_BY_SIDE, "each lane of a batch may have a run");

struct side_by_side {
    const struct run_decoder *decoder; /* of all runs */
    struct run_group group;
    struct lane *lane[LANES]; /* whose run it is */
};

static void begin_runs(const struct decode_job *job, struct side_by_side *s, struct run_turn *turn)
{
    struct run_group *group = &s->group;
    struct batch *b = job->batch;
    group->used = 0;
    group->broke = false;
    for (unsigned i = 0; i < b->lanes_used; i++) {
        struct record_run *run = &group->run[group->used];
        if (!decode_begin_run(job, &b->lane[i], run) || !run->decoder->walk)
            continue;
        s->decoder = run->decoder; /* lanes of one batch are of one layout */
        s->lane[group->used] = &b->lane[i];
        turn->record[group->used][0] = run->at;
        turn->count[group->used++] = 0;
    }
}

/* The next n records of run i that have been walked. */
static void decode_walked(const struct decode_job *job, struct side_by_side *s, unsigned i,
                          const uint8_t *const *records, unsigned n)
{
    const struct batch *b = job->batch;
    struct record_run *run = &s->group.run[i];
    struct lane *lane = s->lane[i];
    if (!n)
        return;
    decode_enter_lane(job->decoder, lane);
    decode_records(job->decoder, run, records, n, (uint32_t)lane->frames);
    lane->frames += n;
    lane->reader.position = window_position(&b->window, records[n]);
}

/* Between two steps of the walk, eight records that have arrived are decoded (if all lanes are used), while those that
 * the walk prefetched arrive. 0.94 of the time of frames of 980 and 491 bytes, two threads, beside
 * sixteen steps and then their 128 frames; two steps and then sixteen frames, 0.956; with twelve lanes, the
 * same; with sixteen, 1.06 to 1.09. */
void decode_runs_side_by_side(const struct decode_job *job)
{
    struct side_by_side s;
    struct run_turn turns[2];
    struct run_group *group = &s.group;
    begin_runs(job, &s, &turns[0]);
    if (!group->used)
        return;
    const unsigned parts = group->used > LANES / 2 ? 2 : 1, pieces = group->used * parts;
    s.decoder->walk(group, &turns[0], 0, RECORDS_AT_A_TIME);
    for (unsigned now = 0, left = group->used; left; now = !now) {
        struct run_turn *turn = &turns[now], *next = &turns[!now];
        for (unsigned i = 0; i < group->used; i++) {
            next->record[i][0] = turn->record[i][turn->count[i]];
            next->count[i] = 0;
        }
        for (unsigned piece = 0; piece < pieces; piece++) {
            const unsigned i = piece / parts, part = piece % parts;
            const unsigned first = turn->count[i] * part / parts, end = turn->count[i] * (part + 1) / parts;
            s.decoder->walk(group, next, RECORDS_AT_A_TIME * piece / pieces,
                            RECORDS_AT_A_TIME * (piece + 1) / pieces);
            decode_walked(job, &s, i, &turn->record[i][first], end - first);
        }
        left = 0;
        for (unsigned i = 0; i < group->used; i++)
            left += next->count[i];
    }
}
