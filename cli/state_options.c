/* The options that change the answer, in words, so that a state that does not fit can be refused by the
 * option's name. What only changes how fast the answer comes is none of them. */
#include "cli/options_table.h"
#include "cli/options_values.h"
#include "cli/state_internal.h"
#include "io/message.h"
#include "io/reports/names.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static __attribute__((format(printf, 3, 4))) int put(struct piece_head *h, const char *name,
                                                     const char *format, ...)
{
    char *value = NULL;
    va_list ap;
    va_start(ap, format);
    const int length = vasprintf(&value, format, ap);
    va_end(ap);
    const int result = length < 0 ? -1 : piece_head_add_option(h, name, value);
    if (length >= 0)
        free(value);
    return result;
}

static int put_reports(struct piece_head *h, const struct options *o)
{
    char list[128] = "";
    size_t n = 0;
    for (unsigned r = 0; r < REPORTS; r++)
        if (o->reports[r])
            n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", n ? "," : "", report_names[r]);
    return put(h, "reports", "%s", list);
}

static int put_ranges(struct piece_head *h, const struct options *o)
{
    char rule[OPTIONS_RULE_MAX];
    int result = 0;
    for (size_t i = 0; i < o->ignore_count; i++)
        result |= put(h, "ignore", "%" PRIu64 "-%" PRIu64, o->ignore[i].first, o->ignore[i].last);
    for (uint32_t i = 0; i < o->decode_as_count; i++)
        result |= put(h, "decode-as", "%s", options_write_decode_as(&o->decode_as[i], rule));
    return result;
}

/* Timers of a file are told by what is in it: its name says nothing. */
static int put_timers(struct piece_head *h, const struct options *o, const struct timers *timers)
{
    struct saved_writer w = {0};
    for (unsigned i = 0; i < timers->count; i++) {
        saved_put_text(&w, timers->timer[i].name);
        saved_put32(&w, timers->timer[i].kind);
        saved_put64(&w, (uint64_t)timers->timer[i].ns);
    }
    const int result = w.failed ? -1
                                : put(h, "timers", "%s (%016" PRIx64 ")", o->timers ? "of a file" : "known",
                                      piece_digest(w.bytes, w.length));
    free(w.bytes);
    return result;
}

int state_put_options(struct piece_head *h, const struct options *o, const struct timers *timers)
{
    char key[OPTIONS_KEY_MAX];
    const bool ndjson = o->format == FORMAT_NDJSON;
    int result = put(h, "rules", "%s", rules_names[o->rules]);
    result |= put(h, "key", "%s", options_write_key(o->key_parts, key));
    result |= put(h, "filter", "%s", o->filter ? o->filter : "(none)");
    result |= put(h, "append", "%s", o->append ? "on" : "off");
    result |= put(h, "verdicts", "%s", o->verdicts == VERDICTS_ON ? "on" : "off");
    result |= put(h, "answer-window", "%.9f", (double)o->answer_window * 1e-9);
    if (o->expire)
        result |= put(h, "expire", "%.9f", (double)o->expire * 1e-9);
    result |= put(h, "port-range", "%u-%u", o->port_range.lowest, o->port_range.highest);
    result |= put(h, "format", "%s", ndjson ? "ndjson" : "csv");
    result |= put(h, "bom", "%s", o->bom ? "on" : "off");
    result |= put(h, "names", "%u", (unsigned)o->naming);
    result |=
        o->community_id ? put(h, "community-id", "%u", o->community_id_seed) : put(h, "community-id", "off");
    result |= put_timers(h, o, timers);
    result |= put_reports(h, o);
    result |= put_ranges(h, o);
    return result;
}

/* The i-th option of this name, or NULL. */
static const char *find(const struct piece_head *h, const char *name, uint32_t index)
{
    for (uint32_t i = 0; i < h->option_count; i++)
        if (!strcmp(h->options[i].name, name) && !index--)
            return h->options[i].value;
    return NULL;
}

/* How many options of this name are before the i-th of all. */
static uint32_t index_of(const struct piece_head *h, uint32_t i)
{
    uint32_t index = 0;
    for (uint32_t k = 0; k < i; k++)
        index += !strcmp(h->options[k].name, h->options[i].name);
    return index;
}

/* Is each option of a in b, with the same value? b_is_run: a is the state's head, b the run's. */
static bool fits(const struct piece_head *a, const struct piece_head *b, const char *path, bool b_is_run)
{
    for (uint32_t i = 0; i < a->option_count; i++) {
        const char *name = a->options[i].name, *value = a->options[i].value,
                   *other = find(b, name, index_of(a, i));
        if (other && !strcmp(value, other))
            continue;
        other = other ? other : "(none)";
        message_error("%s: the state was made with --%s %s, this run has %s", path, name,
                      b_is_run ? value : other, b_is_run ? other : value);
        return false;
    }
    return true;
}

bool state_options_fit(const struct piece_head *state, const struct piece_head *run, const char *path)
{
    return fits(state, run, path, true) && fits(run, state, path, false);
}
