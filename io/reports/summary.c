/* What both forms of the summary are made of: counts, and the words for what was left out. */
#include "io/reports/summary.h"
#include "io/reports/summary_counts.h"

#include <inttypes.h>
#include <stdlib.h>

const enum trigger summary_triggers[SUMMARY_TRIGGERS] = {
    TRIGGER_SYN_ISN,    TRIGGER_SYN_AFTER_FIN,    TRIGGER_SYN_AFTER_RST,
    TRIGGER_SYNACK_ISN, TRIGGER_SYNACK_AFTER_FIN, TRIGGER_SYNACK_AFTER_RST,
};

uint64_t summary_count_reuses(const struct summary *s)
{
    uint64_t n = 0;
    for (int i = 0; i < TRIGGERS; i++)
        n += s->totals->reuses[i];
    return n;
}

uint64_t summary_count_lost(const struct summary *s)
{
    uint64_t n = 0;
    for (size_t i = 0; i < s->port_count; i++)
        for (unsigned k = 0; k < LOSSES; k++)
            n += s->ports[i].lost[k];
    return n;
}

double summary_seconds(const struct summary *s)
{
    return s->totals->seconds > 0 ? s->totals->seconds : 1e-9;
}

/* The number of something unsupported, in the way its registry writes it; else nothing. */
static void describe_value(const struct note *n, char *text, size_t size)
{
    *text = 0;
    if (n->outcome != OUTCOME_UNSUPPORTED)
        return;
    switch (n->subject) {
    case SUBJECT_ETHER_TYPE:
    case SUBJECT_GRE_PROTOCOL:
    case SUBJECT_PPP_PROTOCOL:
        snprintf(text, size, " 0x%04" PRIx32, n->value);
        break;
    case SUBJECT_SNAP_OUI:
        snprintf(text, size, " %02" PRIx32 ":%02" PRIx32 ":%02" PRIx32, n->value >> 16, n->value >> 8 & 255,
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
        snprintf(text, size, " %" PRIu32, n->value);
        break;
    default:
        break;
    }
}

const char *summary_describe_note(const struct note *n, char text[SUMMARY_NOTE_MAX])
{
    char value[32];
    describe_value(n, value, sizeof value);
    if (n->subject == SUBJECT_LINK_TYPE && n->value == LINK_TYPE_NOT_A_PACKET)
        return "record without a link type, such as a custom block of pcapng";
    snprintf(text, SUMMARY_NOTE_MAX, "%s%s", subject_name(n->subject), value);
    return text;
}

/* A total order, so that it does not depend on how the threads met the notes. */
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

void summary_sort_notes(const struct summary *s)
{
    if (s->totals->decoded.notes.count)
        qsort(s->totals->decoded.notes.items, s->totals->decoded.notes.count, sizeof(struct note), by_frames);
}
