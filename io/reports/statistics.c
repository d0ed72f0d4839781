/* --stats, and the part of summary.json that tells where time and memory went. */
#include "io/reports/statistics.h"

#include <inttypes.h>

static const char *const step_names[STEPS] = {
    [STEP_CLAIM] = "claim", [STEP_DECODE] = "decode",   [STEP_SETTLE] = "settle",
    [STEP_DRAIN] = "drain", [STEP_NUMBER] = "merge",    [STEP_FORMAT] = "format",
    [STEP_WRITE] = "write", [STEP_PREPARE] = "prepare", [STEP_IDLE] = "idle",
};

static const char *const family_names[FAMILIES] = {
    [FAMILY_IPV4] = "ipv4", [FAMILY_IPV6] = "ipv6", [FAMILY_KEYED] = "keyed"};
static const char *const family_titles[FAMILIES] = {
    [FAMILY_IPV4] = "IPv4", [FAMILY_IPV6] = "IPv6", [FAMILY_KEYED] = "keyed"};

static double ratio(uint64_t part, uint64_t all)
{
    return all ? (double)part / (double)all : 0;
}

static double all_steps(const struct worker_times *t)
{
    double seconds = 0;
    for (int i = 0; i < STEPS; i++)
        seconds += t->seconds[i];
    return seconds;
}

static struct worker_times all_threads(const struct summary *s)
{
    struct worker_times all = {0};
    for (unsigned i = 0; i < s->threads; i++) {
        const struct worker_times *t = &s->totals->times[i];
        for (int k = 0; k < STEPS; k++) {
            all.seconds[k] += t->seconds[k];
            all.steps[k] += t->steps[k];
        }
        all.processor += t->processor;
    }
    return all;
}

static void json_times(struct json *j, const char *name, const struct worker_times *t)
{
    json_begin_object(j, name, JSON_INLINE);
    for (int i = 0; i < STEPS; i++)
        json_real(j, step_names[i], t->seconds[i], 6);
    json_real(j, "processor", t->processor, 6);
    json_end(j);
}

static void json_table(struct json *j, const char *name, const struct table_measures *m)
{
    json_begin_object(j, name, JSON_INLINE);
    json_unsigned(j, "tuples", m->tuples);
    json_unsigned(j, "slots", m->slots);
    json_real(j, "load", ratio(m->tuples, m->slots), 4);
    json_unsigned(j, "records", m->records);
    json_unsigned(j, "index_bytes", m->index_bytes);
    json_unsigned(j, "record_bytes", m->record_bytes);
    json_break(j);
    json_unsigned(j, "sampled", m->sampled);
    json_real(j, "in_own_bucket", ratio(m->own, m->sampled), 6);
    json_real(j, "in_next_bucket", ratio(m->next, m->sampled), 6);
    json_real(j, "further", ratio(m->further, m->sampled), 6);
    json_unsigned(j, "furthest", m->longest);
    json_end(j);
}

void statistics_write_json(const struct summary *s, struct json *j)
{
    const struct pipeline_totals *t = s->totals;
    const struct worker_times all = all_threads(s);
    json_begin_object(j, "memory", JSON_INLINE);
    json_unsigned(j, "peak", s->memory.peak);
    json_unsigned(j, "own", s->memory.own);
    json_end(j);
    json_times(j, "seconds_in_steps", &all);
    json_begin_object(j, "steps", JSON_INLINE);
    for (int i = 0; i < STEPS; i++)
        json_unsigned(j, step_names[i], all.steps[i]);
    json_end(j);
    json_begin_array(j, "workers", JSON_LINES);
    for (unsigned i = 0; i < s->threads; i++)
        json_times(j, NULL, &t->times[i]);
    json_end(j);
    json_begin_object(j, "tables", JSON_LINES);
    for (int i = 0; i < FAMILIES; i++)
        if (i != FAMILY_KEYED || t->tables[i].slots)
            json_table(j, family_names[i], &t->tables[i]);
    json_end(j);
}

static void print_row(FILE *to, const char *name, const struct worker_times *t, const char *format,
                      double unit)
{
    fprintf(to, "  %-10s", name);
    for (int i = 0; i < STEPS; i++)
        fprintf(to, format, t->seconds[i] / unit);
    fprintf(to, format, all_steps(t) / unit);
    fprintf(to, format, t->processor / unit);
    fprintf(to, "\n");
}

void statistics_print(const struct summary *s, FILE *to)
{
    const struct pipeline_totals *t = s->totals;
    const struct worker_times all = all_threads(s);
    double total = all_steps(&all);

    fprintf(to, "seconds     ");
    for (int i = 0; i < STEPS; i++)
        fprintf(to, "%9s", step_names[i]);
    fprintf(to, "%9s%9s\n", "all", "CPU");
    for (unsigned i = 0; i < s->threads; i++) {
        char name[32];
        snprintf(name, sizeof name, "thread %u", i + 1);
        print_row(to, name, &t->times[i], "%9.4f", 1);
    }
    print_row(to, "all", &all, "%9.4f", 1);
    print_row(to, "per cent", &all, "%9.1f", total > 0 ? total / 100 : 1);
    print_row(to, "ns a frame", &all, "%9.1f", t->frames ? (double)t->frames * 1e-9 : 1);

    for (int i = 0; i < FAMILIES; i++) {
        const struct table_measures *m = &t->tables[i];
        if (m->tuples)
            fprintf(to,
                    "%s table: %" PRIu64 " tuples in %" PRIu64
                    " slots (load %.2f); %.2f %% in their own bucket, "
                    "%.2f %% in the next, %.2f %% further (at most %" PRIu64
                    "); %.1f MB index, %.1f MB records\n",
                    family_titles[i], m->tuples, m->slots, ratio(m->tuples, m->slots),
                    100 * ratio(m->own, m->sampled), 100 * ratio(m->next, m->sampled),
                    100 * ratio(m->further, m->sampled), m->longest, (double)m->index_bytes / 1e6,
                    (double)m->record_bytes / 1e6);
    }
    fprintf(to, "%" PRIu64 " batches, %" PRIu64 " lanes, %" PRIu64 " wrong guesses\n", t->batches, t->lanes,
            t->lanes_redone);
    fprintf(
        to, "memory: %.1f MB of its own (%.0f bytes a conversation), at most %.1f MB with mapped captures\n",
        (double)s->memory.own / 1e6, ratio(s->memory.own, t->conversations), (double)s->memory.peak / 1e6);
}
