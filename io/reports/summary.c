#include "io/reports/summary.h"
#include "io/reports/statistics.h"

#include <inttypes.h>
#include <stdlib.h>

static const struct {
    enum trigger trigger;
    const char *name;
} triggers[] = {
    {TRIGGER_SYN_ISN, "syn-isn"},
    {TRIGGER_SYN_AFTER_FIN, "syn-after-fin"},
    {TRIGGER_SYN_AFTER_RST, "syn-after-rst"},
    {TRIGGER_SYNACK_ISN, "synack-isn"},
    {TRIGGER_SYNACK_AFTER_FIN, "synack-after-fin"},
    {TRIGGER_SYNACK_AFTER_RST, "synack-after-rst"},
};

const char *rules_name(enum rules rules)
{
    static const char *const names[] = {[RULES_4_0] = "4.0", [RULES_4_2] = "4.2", [RULES_4_4] = "4.4"};
    return names[rules];
}

static uint64_t all_reuses(const struct pipeline_totals *t)
{
    uint64_t n = 0;
    for (int i = 0; i < TRIGGERS; i++)
        n += t->reuses[i];
    return n;
}

/* Those that a port counts as not received. */
static uint64_t lost_frames(const struct summary *s)
{
    uint64_t n = 0;
    for (size_t i = 0; i < s->port_count; i++)
        for (unsigned k = 0; k < LOSSES; k++)
            n += s->ports[i].lost[k];
    return n;
}

/* A JSON string (RFC 8259, 7). Bytes that are no UTF-8 go out as they are: they are a file's name. */
static void json_string(FILE *f, const char *s)
{
    putc('"', f);
    for (; *s; s++) {
        unsigned char c = (unsigned char)*s;
        if (c == '"' || c == '\\')
            fprintf(f, "\\%c", c);
        else if (c < 0x20)
            fprintf(f, "\\u%04x", c);
        else
            putc(c, f);
    }
    putc('"', f);
}

static void json_problems(FILE *f, const char *name, const struct problems *p, bool notes)
{
    const char *separator = "";
    fprintf(f, "    \"%s\": [", name);
    for (size_t i = 0; i < p->count; i++) {
        const struct problem *problem = &p->items[i];
        if (problem->note != notes)
            continue;
        fprintf(f, "%s\n      {\"file\": ", separator);
        json_string(f, problem->file ? problem->file : "");
        if (problem->has_offset)
            fprintf(f, ", \"offset\": %" PRIu64, problem->offset);
        fprintf(f, ", \"message\": ");
        json_string(f, problem->text ? problem->text : "out of memory");
        fprintf(f, "}");
        separator = ",";
    }
    fprintf(f, "%s]", *separator ? "\n    " : "");
}

/* The number behind an unsupported kind, in the way its registry writes it. */
static void print_value(FILE *f, const struct note *n)
{
    if (n->outcome != OUTCOME_UNSUPPORTED)
        return;
    switch (n->subject) {
    case SUBJECT_ETHER_TYPE:
    case SUBJECT_GRE_PROTOCOL:
    case SUBJECT_PPP_PROTOCOL:
        fprintf(f, " 0x%04" PRIx32, n->value);
        break;
    case SUBJECT_SNAP_OUI:
        fprintf(f, " %02" PRIx32 ":%02" PRIx32 ":%02" PRIx32, n->value >> 16, n->value >> 8 & 255,
                n->value & 255);
        break;
    case SUBJECT_LINK_TYPE:
    case SUBJECT_IP_PROTOCOL:
    case SUBJECT_IP_VERSION:
    case SUBJECT_DEPTH:
    case SUBJECT_NEXT_PROTOCOL:
    case SUBJECT_ERSPAN:
    case SUBJECT_L2TP:
    case SUBJECT_SFLOW:
    case SUBJECT_TZSP:
        fprintf(f, " %" PRIu32, n->value);
        break;
    default:
        break;
    }
}

/* Notes by frames, the most first; of equals the lower number. The order is the same whatever the threads
 * did. */
static int by_frames(const void *a, const void *b)
{
    const struct note *x = a, *y = b;
    if (x->frames != y->frames)
        return x->frames < y->frames ? 1 : -1;
    if (x->outcome != y->outcome)
        return x->outcome - y->outcome;
    if (x->subject != y->subject)
        return x->subject - y->subject;
    return (x->value > y->value) - (x->value < y->value);
}

/* Of a port or a queue. */
static void json_received(FILE *f, uint64_t received, const uint64_t lost[LOSSES])
{
    fprintf(f, ", \"received\": %" PRIu64, received);
    for (unsigned k = 0; k < LOSSES; k++)
        if (lost[k] == PORT_LOSS_UNKNOWN)
            fprintf(f, ", \"%s\": null", port_loss_name(k));
        else
            fprintf(f, ", \"%s\": %" PRIu64, port_loss_name(k), lost[k]);
}

static void json_ports(FILE *f, const struct summary *s)
{
    fprintf(f, "    \"ports\": [");
    for (size_t i = 0; i < s->port_count; i++) {
        const struct port_counters *p = &s->ports[i];
        fprintf(f, "%s\n      {\"port\": %u, \"name\": ", i ? "," : "", p->port);
        json_string(f, p->name);
        fprintf(f, ", \"driver\": ");
        json_string(f, p->driver);
        json_received(f, p->received, p->lost);
        fprintf(f, ", \"queues\": [");
        for (unsigned q = 0; q < p->queues; q++) {
            fprintf(f, "%s\n        {\"queue\": %u", q ? "," : "", q);
            json_received(f, p->queue[q].received, p->queue[q].lost);
            fprintf(f, "}");
        }
        fprintf(f, "]}");
    }
    fprintf(f, "\n    ],\n    \"unread\": %" PRIu64 ",\n    \"lost\": %s,\n", s->unread,
            lost_frames(s) ? "true" : "false");
}

static void json_body(const struct summary *s, FILE *f)
{
    const struct pipeline_totals *t = s->totals;
    const uint64_t *frames = t->decoded.frames;
    fprintf(f, "{\n  \"tcpreuse\": \"%s\",\n  \"rules\": \"%s\",\n", TCPREUSE_VERSION, rules_name(s->rules));
    fprintf(f, "  \"input\": {\n    \"files\": %zu,\n    \"files_read\": %zu,\n    \"bytes\": %" PRIu64 ",\n",
            s->files, s->files_opened, s->bytes);
    if (s->ports)
        json_ports(f, s);
    json_problems(f, "errors", s->problems, false);
    fprintf(f, ",\n");
    json_problems(f, "notes", s->problems, true);
    fprintf(f, ",\n    \"interrupted\": %s\n  },\n", t->stopped ? "true" : "false");

    fprintf(f,
            "  \"frames\": {\n    \"read\": %" PRIu64 ",\n    \"with_tcp\": %" PRIu64
            ",\n    \"without_tcp\": %" PRIu64 ",\n    \"truncated\": %" PRIu64
            ",\n    \"malformed\": %" PRIu64 ",\n    \"unsupported\": %" PRIu64 ",\n    \"ignored\": %" PRIu64
            ",\n    \"conserved\": %s,\n    \"wire_bytes\": %" PRIu64 ",\n    \"captured_bytes\": %" PRIu64
            "\n  },\n",
            t->frames, frames[OUTCOME_WITH_TCP], frames[OUTCOME_WITHOUT_TCP], frames[OUTCOME_TRUNCATED],
            frames[OUTCOME_MALFORMED], frames[OUTCOME_UNSUPPORTED], frames[OUTCOME_IGNORED],
            t->conserved ? "true" : "false", t->decoded.wire_bytes, t->decoded.captured_bytes);

    fprintf(f, "  \"left_out\": [");
    for (uint32_t i = 0; i < t->decoded.notes.count; i++) {
        const struct note *n = &t->decoded.notes.items[i];
        fprintf(f, "%s\n    {\"why\": \"%s\", \"what\": \"%s", i ? "," : "", outcome_name(n->outcome),
                subject_name(n->subject));
        print_value(f, n);
        fprintf(f, "\", \"frames\": %" PRIu64 "}", n->frames);
    }
    fprintf(f, "%s],\n", t->decoded.notes.count ? "\n  " : "");

    fprintf(f, "  \"segments\": {\n    \"decoded\": %" PRIu64 ",\n    \"truncated\": %" PRIu64 "\n  },\n",
            t->decoded.segments, t->decoded.segments_truncated);
    fprintf(f, "  \"conversations\": %" PRIu64 ",\n  \"tuples\": %" PRIu64 ",\n", t->conversations,
            t->tuples);
    if (s->forgets)
        fprintf(f,
                "  \"forgotten\": {\n    \"expired\": %" PRIu64 ",\n    \"displaced\": %" PRIu64 "\n  },\n",
                t->expired, t->displaced);
    fprintf(f, "  \"reuses\": {\n    \"total\": %" PRIu64 ",\n    \"by_trigger\": {", all_reuses(t));
    for (size_t i = 0; i < ARRAY_LEN(triggers); i++)
        fprintf(f, "%s\n      \"%s\": %" PRIu64, i ? "," : "", triggers[i].name,
                t->reuses[triggers[i].trigger]);
    fprintf(f, "\n    }\n  },\n");
    double seconds = t->seconds > 0 ? t->seconds : 1e-9;
    fprintf(f,
            "  \"performance\": {\n    \"threads\": %u,\n    \"seconds\": %.6f,\n    \"frames_per_second\": "
            "%.0f,\n"
            "    \"bytes_per_second\": %.0f,\n    \"batches\": %" PRIu64 ",\n    \"lanes\": %" PRIu64
            ",\n    \"lanes_redone\": %" PRIu64,
            s->threads, t->seconds, (double)t->frames / seconds, (double)s->bytes / seconds, t->batches,
            t->lanes, t->lanes_redone);
    statistics_write_json(s, f);
    fprintf(f, "\n  }\n}\n");
}

int summary_write_json(const struct summary *s, const char *path)
{
    FILE *f = fopen(path, "w");
    if (!f)
        return -1;
    if (s->totals->decoded.notes.count)
        qsort(s->totals->decoded.notes.items, s->totals->decoded.notes.count, sizeof(struct note), by_frames);
    json_body(s, f);
    int failed = ferror(f);
    return fclose(f) || failed ? -1 : 0;
}

/* 1234567 -> "1,234,567"; the buffer of four such numbers in turn. */
static const char *thousands(uint64_t n)
{
    static char buffers[4][32];
    static unsigned turn;
    char *p = buffers[turn++ % 4] + 31;
    *p = 0;
    for (int digits = 0;; digits++) {
        if (digits && digits % 3 == 0)
            *--p = ',';
        *--p = (char)('0' + n % 10);
        if (!(n /= 10))
            return p;
    }
}

/* Where it is known which queues a port's frames were lost from. */
static void print_queues(const struct port_counters *c, FILE *to)
{
    static const char *const words[] = {
        [LOSS_MISSED] = "missed", [LOSS_ERRORS] = "errors", [LOSS_NO_MBUF] = "without buffer"};
    for (unsigned q = 0; q < c->queues && c->queues > 1; q++) {
        const uint64_t *lost = c->queue[q].lost;
        bool told = false;
        for (unsigned k = 0; k < LOSSES; k++)
            told |= lost[k] && lost[k] != PORT_LOSS_UNKNOWN;
        if (!told)
            continue;
        fprintf(to, "  queue %u: %s received", q, thousands(c->queue[q].received));
        for (unsigned k = 0; k < LOSSES; k++)
            if (lost[k] && lost[k] != PORT_LOSS_UNKNOWN)
                fprintf(to, ", %s %s", thousands(lost[k]), words[k]);
        fprintf(to, "\n");
    }
}

void summary_print(const struct summary *s, FILE *to)
{
    const struct pipeline_totals *t = s->totals;
    const uint64_t *frames = t->decoded.frames;
    uint64_t reuses = all_reuses(t);
    double seconds = t->seconds > 0 ? t->seconds : 1e-9;

    fprintf(to, "%s reuses of TCP ports in %s conversations on %s tuples\n", thousands(reuses),
            thousands(t->conversations), thousands(t->tuples));
    for (size_t i = 0; i < ARRAY_LEN(triggers); i++)
        if (t->reuses[triggers[i].trigger])
            fprintf(to, "  %-16s %s\n", triggers[i].name, thousands(t->reuses[triggers[i].trigger]));
    if (s->forgets)
        fprintf(to, "%s conversations were forgotten after being idle, %s for want of room\n",
                thousands(t->expired), thousands(t->displaced));
    fprintf(to, "%s frames read: %s with TCP, %s without", thousands(t->frames),
            thousands(frames[OUTCOME_WITH_TCP]), thousands(frames[OUTCOME_WITHOUT_TCP]));
    for (int i = OUTCOME_TRUNCATED; i < OUTCOMES; i++)
        if (frames[i])
            fprintf(to, ", %s %s", thousands(frames[i]), outcome_name(i));
    fprintf(to, "\n");
    if (t->decoded.notes.count)
        qsort(t->decoded.notes.items, t->decoded.notes.count, sizeof(struct note), by_frames);
    for (uint32_t i = 0; i < t->decoded.notes.count && i < 8; i++) {
        const struct note *n = &t->decoded.notes.items[i];
        fprintf(to, "  %s %s", outcome_name(n->outcome), subject_name(n->subject));
        print_value(to, n);
        fprintf(to, ": %s frames\n", thousands(n->frames));
    }
    if (t->decoded.notes.count > 8)
        fprintf(to, "  and %" PRIu32 " more kinds (see summary.json)\n", t->decoded.notes.count - 8);
    fprintf(to, "%.3f s on %u thread%s, %.1f million frames/s, %.0f MB/s\n", t->seconds, s->threads,
            s->threads == 1 ? "" : "s", (double)t->frames / seconds / 1e6, (double)s->bytes / seconds / 1e6);
    for (size_t i = 0; i < s->port_count; i++) {
        const struct port_counters *c = &s->ports[i];
        fprintf(to, "port %u (%s): %s received, %s missed, ", c->port, c->name, thousands(c->received),
                thousands(c->lost[LOSS_MISSED]));
        fprintf(to, "%s errors, %s without buffer\n", thousands(c->lost[LOSS_ERRORS]),
                thousands(c->lost[LOSS_NO_MBUF]));
        print_queues(c, to);
    }
}

void summary_print_drops(const struct summary *s, FILE *to)
{
    uint64_t lost = lost_frames(s), received = 0;
    for (size_t i = 0; i < s->port_count; i++)
        received += s->ports[i].received;
    if (lost)
        fprintf(to,
                "tcpreuse: %s frames were lost and %s received: what they would have shown is not in the "
                "reports\n",
                thousands(lost), thousands(received));
}
