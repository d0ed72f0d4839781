/* The columns that say what a reuse means, and how a conversation began and ended. */
#include "io/reports/csv_finding.h"
#include "io/columns/formula.h"
#include "io/reports/names.h"
#include "io/reports/text.h"

/* Longer than all columns but undercuts: five numbers, two times, and the longest words. */
enum { FINDING_MAX = 400 };

/* Words are short: calls for their length and for copying them took twice the instructions. */
static char *put_word(char *p, const char *s)
{
    *p++ = ',';
    while (*s)
        *p++ = *s++;
    return p;
}

static char *put_count(char *p, uint64_t n)
{
    *p++ = ',';
    return text_number(p, n);
}

static char *put_signed(char *p, int64_t n)
{
    *p++ = ',';
    if (n < 0)
        *p++ = '-';
    return text_number(p, (uint64_t)(n < 0 ? -n : n));
}

/* Empty when negative: there is none. */
static char *put_delay(char *p, int64_t ns, unsigned decimals)
{
    *p++ = ',';
    return ns < 0 ? p : text_time(p, ns, decimals);
}

/* Names separated by spaces, of the bits that are set. --timers chooses them, and one may begin with a hyphen. */
static char *put_undercuts(char *p, const struct sink *sink, uint64_t bits)
{
    const struct timers *timers = sink->timers;
    const char *separator = "";
    *p++ = ',';
    if (sink->for_spreadsheets && bits && formula_begins(timers->timer[__builtin_ctzll(bits)].name))
        *p++ = '\'';
    for (unsigned i = 0; i < timers->count; i++) {
        if (!(bits >> i & 1))
            continue;
        p = stpcpy(stpcpy(p, separator), timers->timer[i].name);
        separator = " ";
    }
    return p;
}

static char *put_certainty(char *p, unsigned bits)
{
    const char *separator = "";
    *p++ = ',';
    for (unsigned i = 0; i < CERTAINTIES; i++) {
        if (!(bits >> i & 1))
            continue;
        p = stpcpy(stpcpy(p, separator), certainty_names[i]);
        separator = " ";
    }
    return p;
}

int csv_format_finding(const struct sink *sink, struct text *text, const struct reuse_row *row)
{
    const struct finding *f = row->finding;
    char *start = text_room(text, FINDING_MAX + sink->timers->count * (TIMER_NAME_MAX + 1)), *p = start;
    if (!p)
        return -1;
    p = put_word(p, closer_names[f->closer]);
    p = put_word(p, close_names[f->close]);
    p = put_undercuts(p, sink, f->undercuts);
    p = put_word(p, acceptable_names[f->acceptable]);
    p = f->knows_distance ? put_signed(p, f->isn_distance) : put_word(p, "");
    p = put_word(p, origin_names[f->origin]);
    p = put_word(p, answer_names[f->answer]);
    p = put_count(p, row->episode);
    p = put_count(p, f->attempt);
    p = put_delay(p, f->episode_delay, f->decimals);
    p = put_word(p, episode_outcome_names[f->outcome]);
    p = put_delay(p, f->answer_delay, f->decimals);
    p = put_count(p, f->syn_retries);
    p = put_word(p, verdict_names[f->verdict]);
    p = put_certainty(p, f->certainty);
    text->length += (size_t)(p - start);
    return 0;
}

enum client_by csv_client_by(const struct conversation *c)
{
    const unsigned has = conversation_completeness(c);
    if (c->state & STATE_CLIENT_KNOWN)
        return !(has & HAS_SYN) && has & HAS_SYNACK ? CLIENT_BY_SYNACK : CLIENT_BY_SYN;
    return conversation_port(c, 0) == conversation_port(c, 1) ? CLIENT_BY_FIRST_SEEN : CLIENT_BY_PORT;
}

int64_t csv_rtt(const struct conversation_row *row)
{
    const struct history *h = row->history;
    const bool timed = h->knows & KNOWS_SYNACK && conversation_completeness(&row->conversation->c) & HAS_SYN;
    return timed ? time_between(h->first_time, h->synack_time) : -1;
}

static char *put_stream(char *p, uint64_t stream)
{
    *p++ = ',';
    return stream == NO_STREAM ? p : text_number(p, stream);
}

char *csv_put_history(char *p, const struct conversation_row *row, unsigned client)
{
    const struct conversation *c = &row->conversation->c;
    const struct history *h = row->history;
    const enum close_kind close = history_close_kind(c, h);
    p = put_word(p, client_by_names[csv_client_by(c)]);
    p = put_word(p, handshake_names[history_handshake(c, h)]);
    p = put_delay(p, csv_rtt(row), conversation_decimals(c));
    p = put_word(p, close_names[close]);
    p = put_word(p, closer_names[history_closer(c, h, close, client)]);
    p = put_count(p, h->syn_retries);
    p = put_word(p, trigger_names[h->trigger]);
    p = put_stream(p, row->older);
    return put_stream(p, row->newer);
}

char *csv_put_realm(char *p, unsigned key_parts, const struct realm *r)
{
    for (unsigned part = KEY_VLAN; part <= KEY_VNI; part *= 2) {
        if (!(key_parts & part))
            continue;
        *p++ = ',';
        if (part == KEY_INTERFACE)
            p = text_number(p, r->interface);
        else if (part == KEY_VLAN && r->vlan)
            p = text_number(p, r->vlan);
        else if (part == KEY_VNI && r->network)
            p = text_number(p, r->network - 1);
    }
    return p;
}
