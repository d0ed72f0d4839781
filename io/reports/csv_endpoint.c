/* The rows of endpoints.csv. */
#include "io/reports/csv_endpoint.h"
#include "io/reports/names.h"
#include "io/reports/text.h"

enum { SHARE_DIGITS = 4, SECONDS_DIGITS = 3 };

enum { ROLE_LENGTH = 7 }; /* of both, and the comma */

/* Longer than any row: the numbers, two ratios, two times, and an address. */
enum { ENDPOINT_ROW_MAX = (16 + TRIGGERS + VERDICT_WORDS) * (TEXT_NUMBER_MAX + 4) + 4 * TEXT_TIME_MAX + 64 };

static char *put_digits(char *p, uint64_t n)
{
    if (n > 9)
        return text_number(p, n);
    *p++ = (char)('0' + n); /* most of them */
    return p;
}

static char *put_count(char *p, uint64_t n)
{
    *p++ = ',';
    return put_digits(p, n);
}

/* n / of, rounded, with so many decimals, a constant; empty when of is 0. */
ALWAYS_INLINE char *put_ratio(char *p, uint64_t n, uint64_t of, unsigned digits)
{
    uint64_t unit = 1;
    *p++ = ',';
    if (!of)
        return p;
    for (unsigned i = 0; i < digits; i++)
        unit *= 10;
    const uint64_t value = n ? (n * unit + of / 2) / of : 0;
    uint64_t left = value % unit;
    p = put_digits(p, value / unit);
    *p = '.';
    for (unsigned i = digits; i > 0; i--, left /= 10)
        p[i] = (char)('0' + left % 10);
    return p + 1 + digits;
}

/* Reuses by trigger and verdict; most endpoints have none. */
static char *put_reuses(char *p, const struct endpoint_row *row)
{
    static const char none[] = {',', '0'};
    if (!row->reuses) {
        for (unsigned i = TRIGGER_NONE + 1; i < TRIGGERS + VERDICT_WORDS; i++, p += sizeof none)
            memcpy(p, none, sizeof none);
        return p;
    }
    for (unsigned i = TRIGGER_NONE + 1; i < TRIGGERS; i++)
        p = put_count(p, row->by_trigger[i]);
    for (unsigned i = 0; i < VERDICT_WORDS; i++)
        p = put_count(p, row->by_verdict[i]);
    return p;
}

static char *put_gap(char *p, const struct endpoint_row *row, struct endpoint_gap gap)
{
    *p++ = ',';
    return row->reuses ? text_time(p, gap.ns, gap.decimals) : p;
}

static char *put_name(char *p, const struct endpoint_row *row)
{
    memcpy(p, row->is_server ? "server," : "client,", ROLE_LENGTH);
    p += ROLE_LENGTH;
    p = row->family == FAMILY_IPV4 ? text_ipv4(p, load_be32(row->address)) : text_ipv6(p, row->address);
    *p++ = ',';
    return row->is_server ? text_number(p, row->port) : p;
}

int csv_format_endpoint(struct sink *sink, struct text *text, const struct endpoint_row *row)
{
    const uint32_t range = (uint32_t)row->range.highest - row->range.lowest + 1;
    char *start = text_room(text, ENDPOINT_ROW_MAX), *p = start;
    (void)sink;
    if (!p)
        return -1;
    p = put_name(p, row);
    p = put_count(p, row->conversations);
    p = put_count(p, row->reuses);
    p = put_ratio(p, row->reuses, row->conversations, SHARE_DIGITS);
    p = put_count(p, row->failed);
    p = put_ratio(p, row->failed, row->reuses, SHARE_DIGITS);
    p = put_reuses(p, row);
    p = put_gap(p, row, row->least_gap);
    p = put_gap(p, row, row->median_gap);
    p = put_count(p, row->refused);
    p = put_count(p, row->unanswered);
    p = put_count(p, row->delayed);
    p = put_count(p, row->most_open);
    p = put_count(p, row->most_new);
    p = put_count(p, row->ports);
    p = put_count(p, row->seen.lowest);
    p = put_count(p, row->seen.highest);
    p = put_count(p, row->ports_in_range);
    p = put_count(p, range);
    p = put_ratio(p, row->ports, row->most_new, SECONDS_DIGITS);
    p = put_ratio(p, range, row->most_new, SECONDS_DIGITS);
    *p++ = ',';
    p = stpcpy(p, port_order_names[row->order]);
    *p++ = '\n';
    text->length += (size_t)(p - start);
    return 0;
}
