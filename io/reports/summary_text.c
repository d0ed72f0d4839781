/* The summary for people, in a few lines. */
#include "io/message.h"
#include "io/reports/names.h"
#include "io/reports/summary_counts.h"

#include <inttypes.h>

enum {
    THOUSANDS_MAX = 32,
    /* Kinds of left-out frames that are listed; the others are only counted. */
    NOTES_SHOWN = 8,
};

/* A number with commas, 1234567 as "1,234,567". By value: thousands(n).text lives to the end of the
 * expression. */
struct thousands {
    char text[THOUSANDS_MAX];
};

static struct thousands thousands(uint64_t n)
{
    struct thousands t;
    char reversed[THOUSANDS_MAX];
    size_t length = 0;
    for (int digits = 0; digits == 0 || n; digits++, n /= 10) {
        if (digits && digits % 3 == 0)
            reversed[length++] = ',';
        reversed[length++] = (char)('0' + n % 10);
    }
    for (size_t i = 0; i < length; i++)
        t.text[i] = reversed[length - 1 - i];
    t.text[length] = 0;
    return t;
}

static void print_frames(const struct pipeline_totals *t, FILE *to)
{
    const uint64_t *frames = t->decoded.frames;
    fprintf(to, "%s frames read: %s with TCP, %s without", thousands(t->frames).text,
            thousands(frames[OUTCOME_WITH_TCP]).text, thousands(frames[OUTCOME_WITHOUT_TCP]).text);
    for (int i = OUTCOME_TRUNCATED; i < OUTCOMES; i++)
        if (frames[i])
            fprintf(to, ", %s %s", thousands(frames[i]).text, outcome_name(i));
    fprintf(to, "\n");
    for (uint32_t i = 0; i < t->decoded.notes.count && i < NOTES_SHOWN; i++) {
        const struct note *n = &t->decoded.notes.items[i];
        char what[SUMMARY_NOTE_MAX];
        fprintf(to, "  %s %s: %s frames\n", outcome_name(n->outcome), summary_describe_note(n, what),
                thousands(n->frames).text);
    }
    if (t->decoded.notes.count > NOTES_SHOWN)
        fprintf(to, "  and %" PRIu32 " more kinds (see summary.json)\n",
                t->decoded.notes.count - NOTES_SHOWN);
}

/* A SYN that is earlier than the end of the connection before it may be one of that connection. */
static void print_time_order(const struct summary *s, FILE *to)
{
    const struct time_order *order = &s->totals->decoded.order;
    const double furthest = (double)order->furthest_back * 1e-9;
    if (order->frames_back)
        fprintf(to, "%s frame%s back in time, by %.9f s at most; reuses may come from that\n",
                thousands(order->frames_back).text, order->frames_back == 1 ? " goes" : "s go", furthest);
    if (order->frames_back && s->in_file_order)
        fprintf(to, "  --sort-window %.9f puts them in order of time\n", furthest);
}

/* Queues whose driver tells what they lost. */
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
        fprintf(to, "  queue %u: %s received", q, thousands(c->queue[q].received).text);
        for (unsigned k = 0; k < LOSSES; k++)
            if (lost[k] && lost[k] != PORT_LOSS_UNKNOWN)
                fprintf(to, ", %s %s", thousands(lost[k]).text, words[k]);
        fprintf(to, "\n");
    }
}

static void print_ports(const struct summary *s, FILE *to)
{
    for (size_t i = 0; i < s->port_count; i++) {
        const struct port_counters *c = &s->ports[i];
        if (!c->is_interface)
            fprintf(to, "port %u (", c->port);
        message_write(to, c->name);
        if (c->is_interface)
            fprintf(to, ": %s seen, ", thousands(c->seen).text);
        else
            fputs("): ", to);
        fprintf(to, "%s received, %s missed, %s errors, %s without buffer\n", thousands(c->received).text,
                thousands(c->lost[LOSS_MISSED]).text, thousands(c->lost[LOSS_ERRORS]).text,
                thousands(c->lost[LOSS_NO_MBUF]).text);
        print_queues(c, to);
    }
}

/* A part of the whole is known only where there are no pipes. */
static void print_interrupted(const struct summary *s, FILE *to)
{
    if (!s->totals->stopped || s->ports)
        return;
    if (s->bytes_total && s->bytes <= s->bytes_total)
        fprintf(to, "interrupted after %.1f %% of the input: %s of %s bytes\n",
                100.0 * (double)s->bytes / (double)s->bytes_total, thousands(s->bytes).text,
                thousands(s->bytes_total).text);
    else
        fprintf(to, "interrupted after %s bytes of the input\n", thousands(s->bytes).text);
}

void summary_print(const struct summary *s, FILE *to)
{
    const struct pipeline_totals *t = s->totals;
    const double seconds = summary_seconds(s);
    summary_sort_notes(s);
    fprintf(to, "%s reuses of TCP ports in %s conversations on %s tuples\n",
            thousands(summary_count_reuses(s)).text, thousands(t->conversations).text,
            thousands(t->tuples).text);
    for (size_t i = 0; !s->told && i < SUMMARY_TRIGGERS; i++) {
        uint64_t n = t->reuses[summary_triggers[i]];
        if (n)
            fprintf(to, "  %-16s %s\n", trigger_names[summary_triggers[i]], thousands(n).text);
    }
    for (size_t i = 0; s->verdicts && !s->told && i < VERDICT_WORDS; i++)
        if (t->verdicts[i])
            fprintf(to, "  %-16s %s\n", verdict_names[i], thousands(t->verdicts[i]).text);
    print_interrupted(s, to);
    if (s->expire_begun)
        fprintf(to, "conversations are forgotten once some %s others have begun (--expire auto)\n",
                thousands(s->expire_begun).text);
    if (s->forgets)
        fprintf(to, "conversations forgotten: %s expired (--expire), %s displaced (--max-conversations)\n",
                thousands(t->expired).text, thousands(t->displaced).text);
    print_frames(t, to);
    print_time_order(s, to);
    if (s->drops_copies)
        fprintf(to, "%s segments left out as copies (--drop-copies)\n", thousands(t->copies).text);
    fprintf(to, "%.3f s on %u thread%s, %.1f million frames/s, %.0f MB/s\n", t->seconds, s->threads,
            s->threads == 1 ? "" : "s", (double)t->frames / seconds / 1e6, (double)s->bytes / seconds / 1e6);
    print_ports(s, to);
}

void summary_print_drops(const struct summary *s, FILE *to)
{
    uint64_t lost = summary_count_lost(s), received = 0;
    for (size_t i = 0; i < s->port_count; i++)
        received += s->ports[i].received;
    if (lost)
        fprintf(to,
                "tcpreuse: %s frames were lost and %s received; reuses among the lost frames are missing "
                "from the "
                "reports\n",
                thousands(lost).text, thousands(received).text);
}
