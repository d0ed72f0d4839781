#include "io/reports/statistics.h"

#include <inttypes.h>

/* Published: numbering is "merge" in reports. */
static const char *const step_names[STEPS] = {
    [STEP_CLAIM] = "claim", [STEP_DECODE] = "decode",   [STEP_SETTLE] = "settle",
    [STEP_DRAIN] = "drain", [STEP_NUMBER] = "merge",    [STEP_FORMAT] = "format",
    [STEP_WRITE] = "write", [STEP_PREPARE] = "prepare", [STEP_IDLE] = "idle",
};

static const char *const family_names[FAMILIES] = {[FAMILY_IPV4] = "ipv4", [FAMILY_IPV6] = "ipv6"};
static const char *const family_titles[FAMILIES] = {[FAMILY_IPV4] = "IPv4", [FAMILY_IPV6] = "IPv6"};

static double of(uint64_t part, uint64_t all)
{
    return all ? (double)part / (double)all : 0;
}

static double sum(const struct worker_times *t)
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

static void json_times(FILE *f, const struct worker_times *t)
{
    fprintf(f, "{");
    for (int i = 0; i < STEPS; i++)
        fprintf(f, "\"%s\": %.6f, ", step_names[i], t->seconds[i]);
    fprintf(f, "\"processor\": %.6f}", t->processor);
}

void statistics_write_json(const struct summary *s, FILE *f)
{
    const struct pipeline_totals *t = s->totals;
    const struct worker_times all = all_threads(s);
    fprintf(f, ",\n    \"memory\": {\"peak\": %" PRIu64 ", \"own\": %" PRIu64 "},\n", s->memory.peak,
            s->memory.own);
    fprintf(f, "    \"seconds_in_steps\": ");
    json_times(f, &all);
    fprintf(f, ",\n    \"steps\": {");
    for (int i = 0; i < STEPS; i++)
        fprintf(f, "%s\"%s\": %" PRIu64, i ? ", " : "", step_names[i], all.steps[i]);
    fprintf(f, "},\n    \"workers\": [");
    for (unsigned i = 0; i < s->threads; i++) {
        fprintf(f, "%s\n      ", i ? "," : "");
        json_times(f, &t->times[i]);
    }
    fprintf(f, "\n    ],\n    \"tables\": {");
    for (int i = 0; i < FAMILIES; i++) {
        const struct table_measures *m = &t->tables[i];
        fprintf(
            f,
            "%s\n      \"%s\": {\"tuples\": %" PRIu64 ", \"slots\": %" PRIu64
            ", \"load\": %.4f, \"records\": %" PRIu64 ", \"index_bytes\": %" PRIu64
            ", \"record_bytes\": %" PRIu64 ",\n        \"sampled\": %" PRIu64
            ", \"in_own_bucket\": %.6f, \"in_next_bucket\": %.6f, \"further\": %.6f, \"furthest\": %" PRIu64
            "}",
            i ? "," : "", family_names[i], m->tuples, m->slots, of(m->tuples, m->slots), m->records,
            m->index_bytes, m->record_bytes, m->sampled, of(m->own, m->sampled), of(m->next, m->sampled),
            of(m->further, m->sampled), m->longest);
    }
    fprintf(f, "\n    }");
}

static void print_row(FILE *to, const char *name, const struct worker_times *t, const char *format,
                      double unit)
{
    fprintf(to, "  %-10s", name);
    for (int i = 0; i < STEPS; i++)
        fprintf(to, format, t->seconds[i] / unit);
    fprintf(to, format, sum(t) / unit);
    fprintf(to, format, t->processor / unit);
    fprintf(to, "\n");
}

void statistics_print(const struct summary *s, FILE *to)
{
    const struct pipeline_totals *t = s->totals;
    const struct worker_times all = all_threads(s);
    double total = sum(&all);

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
            fprintf(
                to,
                "%s table: %" PRIu64 " tuples in %" PRIu64 " slots (load %.2f); %.2f %% in their own bucket, "
                "%.2f %% in the next, %.2f %% further (at most %" PRIu64
                "); %.1f MB index, %.1f MB records\n",
                family_titles[i], m->tuples, m->slots, of(m->tuples, m->slots), 100 * of(m->own, m->sampled),
                100 * of(m->next, m->sampled), 100 * of(m->further, m->sampled), m->longest,
                (double)m->index_bytes / 1e6, (double)m->record_bytes / 1e6);
    }
    fprintf(to, "%" PRIu64 " batches, %" PRIu64 " lanes, %" PRIu64 " wrong guesses\n", t->batches, t->lanes,
            t->lanes_redone);
    fprintf(to,
            "memory: %.1f MB of its own (%.0f bytes a conversation), at most %.1f MB with mapped captures\n",
            (double)s->memory.own / 1e6, of(s->memory.own, t->conversations), (double)s->memory.peak / 1e6);
}
