/* summary.json. docs/reports.md explains its members; their order and layout stay as they are, so that two
 * summaries can be compared with diff. */
#include "io/reports/json.h"
#include "io/reports/names.h"
#include "io/reports/statistics.h"
#include "io/reports/summary_counts.h"

static void json_lost(struct json *j, uint64_t frames)
{
    if (frames == PROBLEM_FRAMES_UNKNOWN)
        json_null(j, "frames_lost_estimate");
    else
        json_unsigned(j, "frames_lost_estimate", frames);
}

/* What was passed over for a problem. Without resumed_at, reading ended there, or it sums up several places. */
static void json_gap(struct json *j, const struct problem_gap *gap)
{
    json_unsigned(j, "skipped_from", gap->from);
    json_unsigned(j, "skipped_bytes", gap->bytes);
    json_lost(j, gap->frames);
    if (gap->goes_on && !gap->is_sum)
        json_unsigned(j, "resumed_at", gap->place);
}

static void json_resyncs(struct json *j, const struct problems *problems)
{
    const struct problem_gap all = problems_gaps(problems);
    json_begin_object(j, "resync", JSON_INLINE);
    json_unsigned(j, "places", all.count);
    json_unsigned(j, "skipped_bytes", all.bytes);
    json_lost(j, all.frames);
    json_end(j);
}

static void json_problems(struct json *j, const struct problems *p, bool notes)
{
    for (size_t i = 0; i < p->count; i++) {
        const struct problem *problem = &p->items[i];
        if (problem->note != notes)
            continue;
        json_begin_object(j, NULL, JSON_INLINE);
        json_string(j, "file", problem->file ? problem->file : "");
        if (problem->has_offset)
            json_unsigned(j, "offset", problem->offset);
        json_string(j, "message", problem->text ? problem->text : "out of memory");
        if (problem->gap.count)
            json_gap(j, &problem->gap);
        json_end(j);
    }
}

static void json_errors(struct json *j, const struct summary *s)
{
    const size_t lost = s->problems->lost + s->failures->lost;
    json_begin_array(j, "errors", JSON_LINES);
    json_problems(j, s->problems, false);
    if (lost) {
        char text[64];
        snprintf(text, sizeof text, "%zu more errors, lost for want of memory", lost);
        json_begin_object(j, NULL, JSON_INLINE);
        json_string(j, "file", "");
        json_string(j, "message", text);
        json_end(j);
    }
    json_problems(j, s->failures, false);
    json_end(j);
    json_begin_array(j, "notes", JSON_LINES);
    json_problems(j, s->problems, true);
    json_end(j);
}

/* Of a port or a queue. */
static void json_received(struct json *j, uint64_t received, const uint64_t lost[LOSSES])
{
    json_unsigned(j, "received", received);
    for (unsigned k = 0; k < LOSSES; k++)
        if (lost[k] == PORT_LOSS_UNKNOWN)
            json_null(j, port_loss_name(k));
        else
            json_unsigned(j, port_loss_name(k), lost[k]);
}

static void json_ports(struct json *j, const struct summary *s)
{
    json_begin_array(j, "ports", JSON_LINES);
    for (size_t i = 0; i < s->port_count; i++) {
        const struct port_counters *p = &s->ports[i];
        json_begin_object(j, NULL, JSON_INLINE);
        json_unsigned(j, "port", p->port);
        json_string(j, "name", p->name);
        json_string(j, p->is_interface ? "link" : "driver", p->driver);
        if (p->is_interface)
            json_unsigned(j, "seen", p->seen);
        json_received(j, p->received, p->lost);
        if (p->is_interface) {
            json_end(j);
            continue;
        }
        json_begin_array(j, "queues", JSON_LINES);
        for (unsigned q = 0; q < p->queues; q++) {
            json_begin_object(j, NULL, JSON_INLINE);
            json_unsigned(j, "queue", q);
            json_received(j, p->queue[q].received, p->queue[q].lost);
            json_end(j);
        }
        json_end(j);
        json_end(j);
    }
    json_end(j);
    json_unsigned(j, "unread", s->unread);
    json_bool(j, "lost", summary_count_lost(s));
}

static void json_input(struct json *j, const struct summary *s)
{
    json_begin_object(j, "input", JSON_LINES);
    json_unsigned(j, "files", s->files);
    json_unsigned(j, "files_read", s->files_opened);
    json_unsigned(j, "bytes", s->bytes);
    if (s->ports)
        json_ports(j, s);
    if (s->resyncs)
        json_resyncs(j, s->problems);
    json_errors(j, s);
    json_bool(j, "interrupted", s->totals->stopped);
    json_end(j);
}

static void json_frames(struct json *j, const struct pipeline_totals *t)
{
    static const struct {
        const char *name;
        enum outcome outcome;
    } outcomes[] = {
        {"with_tcp", OUTCOME_WITH_TCP},       {"without_tcp", OUTCOME_WITHOUT_TCP},
        {"truncated", OUTCOME_TRUNCATED},     {"malformed", OUTCOME_MALFORMED},
        {"unsupported", OUTCOME_UNSUPPORTED}, {"ignored", OUTCOME_IGNORED},
    };
    json_begin_object(j, "frames", JSON_LINES);
    json_unsigned(j, "read", t->frames);
    for (size_t i = 0; i < ARRAY_LEN(outcomes); i++)
        json_unsigned(j, outcomes[i].name, t->decoded.frames[outcomes[i].outcome]);
    json_bool(j, "conserved", t->conserved);
    json_unsigned(j, "wire_bytes", t->decoded.wire_bytes);
    json_unsigned(j, "captured_bytes", t->decoded.captured_bytes);
    json_begin_object(j, "back_in_time", JSON_INLINE);
    json_unsigned(j, "frames", t->decoded.order.frames_back);
    json_real(j, "seconds", (double)t->decoded.order.furthest_back * 1e-9, 9);
    json_end(j);
    json_end(j);
}

static void json_left_out(struct json *j, const struct pipeline_totals *t)
{
    json_begin_array(j, "left_out", JSON_LINES);
    for (uint32_t i = 0; i < t->decoded.notes.count; i++) {
        const struct note *n = &t->decoded.notes.items[i];
        char what[SUMMARY_NOTE_MAX];
        json_begin_object(j, NULL, JSON_INLINE);
        json_string(j, "why", outcome_name(n->outcome));
        json_string(j, "what", summary_describe_note(n, what));
        json_unsigned(j, "frames", n->frames);
        json_end(j);
    }
    json_end(j);
}

static void json_found(struct json *j, const struct summary *s)
{
    const struct pipeline_totals *t = s->totals;
    json_begin_object(j, "segments", JSON_LINES);
    json_unsigned(j, "decoded", t->decoded.segments);
    json_unsigned(j, "truncated", t->decoded.segments_truncated);
    if (s->drops_copies)
        json_unsigned(j, "copies", t->copies);
    json_end(j);
    json_unsigned(j, "conversations", t->conversations);
    json_unsigned(j, "tuples", t->tuples);
    if (s->forgets) {
        json_begin_object(j, "forgotten", JSON_LINES);
        json_unsigned(j, "expired", t->expired);
        json_unsigned(j, "displaced", t->displaced);
        if (s->expire_begun)
            json_unsigned(j, "idle_conversations", s->expire_begun);
        json_end(j);
    }
    json_begin_object(j, "reuses", JSON_LINES);
    json_unsigned(j, "total", summary_count_reuses(s));
    json_begin_object(j, "by_trigger", JSON_LINES);
    for (size_t i = 0; i < SUMMARY_TRIGGERS; i++)
        json_unsigned(j, trigger_names[summary_triggers[i]], t->reuses[summary_triggers[i]]);
    json_end(j);
    if (s->verdicts) {
        json_begin_object(j, "by_verdict", JSON_LINES);
        for (size_t i = 0; i < VERDICT_WORDS; i++)
            json_unsigned(j, verdict_names[i], t->verdicts[i]);
        json_end(j);
    }
    json_end(j);
}

static void json_performance(struct json *j, const struct summary *s)
{
    const struct pipeline_totals *t = s->totals;
    const double seconds = summary_seconds(s);
    json_begin_object(j, "performance", JSON_LINES);
    json_unsigned(j, "threads", s->threads);
    json_real(j, "seconds", t->seconds, 6);
    json_real(j, "frames_per_second", (double)t->frames / seconds, 0);
    json_real(j, "bytes_per_second", (double)s->bytes / seconds, 0);
    json_unsigned(j, "batches", t->batches);
    json_unsigned(j, "lanes", t->lanes);
    json_unsigned(j, "lanes_redone", t->lanes_redone);
    if (s->memory_limit)
        json_unsigned(j, "memory_limit", s->memory_limit);
    else
        json_null(j, "memory_limit");
    if (s->sandbox)
        json_string(j, "sandbox", s->sandbox);
    statistics_write_json(s, j);
    json_end(j);
}

static void json_ranks(struct json *j, const struct summary *s)
{
    json_begin_array(j, "ranks", JSON_LINES);
    for (size_t i = 0; i < s->rank_count; i++) {
        const struct rank_share *r = &s->ranks[i];
        json_begin_object(j, NULL, JSON_INLINE);
        json_unsigned(j, "rank", i);
        json_string(j, "host", r->host);
        json_unsigned(j, "pieces", r->pieces);
        json_unsigned(j, "bytes", r->bytes);
        json_unsigned(j, "frames", r->frames);
        json_unsigned(j, "sent", r->sent);
        json_unsigned(j, "read_again", r->read_again);
        json_real(j, "planning", r->planning, 6);
        json_real(j, "reading", r->reading, 6);
        json_end(j);
    }
    json_end(j);
}

void summary_write_json(const struct summary *s, FILE *to)
{
    struct json j = {.to = to};
    summary_sort_notes(s);
    json_begin_object(&j, NULL, JSON_LINES);
    json_string(&j, "tcpreuse", TCPREUSE_VERSION);
    json_string(&j, "rules", rules_names[s->rules]);
    json_bool(&j, "complete", s->complete);
    json_input(&j, s);
    json_frames(&j, s->totals);
    json_left_out(&j, s->totals);
    json_found(&j, s);
    json_performance(&j, s);
    if (s->ranks)
        json_ranks(&j, s);
    json_end(&j);
}
