/* Reads the texts of single values: numbers, times, and the lists that single options take. */
#include "cli/options_values.h"

#include <stdlib.h>

enum { DIGITS_MAX = 18 }; /* always fit in 64 bits */

bool options_parse_number(const char *s, const char *end, uint64_t *n)
{
    if (s == end || end - s > DIGITS_MAX)
        return false;
    for (*n = 0; s < end; s++) {
        if (*s < '0' || *s > '9')
            return false;
        *n = *n * 10 + (uint64_t)(*s - '0');
    }
    return true;
}

bool options_parse_seconds(const char *s, double *seconds)
{
    char *end;
    if (!*s || s[strspn(s, "0123456789.")])
        return false;
    *seconds = strtod(s, &end);
    return !*end && *seconds > 0 && *seconds < 1e9;
}

bool options_parse_rotation(struct options *o, const char *s)
{
    static const char units[] = "KMG";
    size_t length = strlen(s);
    uint64_t n;
    if (!length || !options_parse_number(s, s + length - 1, &n) || !n)
        return false;
    const char *unit = strchr(units, s[length - 1]);
    if (!unit && s[length - 1] != 's')
        return false;
    if (unit)
        o->rotate_bytes = n << 10 * (unit - units + 1);
    else
        o->rotate_seconds = (double)n;
    return n <= UINT32_MAX;
}

bool options_parse_ports(struct options *o, const char *list)
{
    for (const char *s = list;; s++) {
        const char *end = strchrnul(s, ',');
        uint64_t n;
        if (!options_parse_number(s, end, &n) || n > UINT16_MAX)
            return false;
        uint16_t *more = realloc(o->ports, (o->port_count + 1) * sizeof *more);
        if (!more)
            return false;
        o->ports = more;
        for (size_t i = 0; i < o->port_count; i++)
            if (o->ports[i] == n)
                return false;
        o->ports[o->port_count++] = (uint16_t)n;
        if (!*end)
            return true;
        s = end;
    }
}

static int by_first(const void *a, const void *b)
{
    const struct frame_range *x = a, *y = b;
    return (x->first > y->first) - (x->first < y->first);
}

/* Makes the ranges ascending and disjoint. */
static void merge_frames(struct options *o)
{
    qsort(o->ignore, o->ignore_count, sizeof *o->ignore, by_first);
    size_t kept = 0;
    for (size_t i = 1; i < o->ignore_count; i++) {
        struct frame_range *last = &o->ignore[kept];
        if (o->ignore[i].first <= last->last + 1)
            last->last = MAX(last->last, o->ignore[i].last);
        else
            o->ignore[++kept] = o->ignore[i];
    }
    o->ignore_count = kept + 1;
}

bool options_parse_frames(struct options *o, const char *list)
{
    for (const char *s = list;; s++) {
        const char *end = strchrnul(s, ','), *dash = memchr(s, '-', (size_t)(end - s));
        struct frame_range range;
        if (!options_parse_number(s, dash ? dash : end, &range.first) || range.first == 0)
            return false;
        range.last = range.first;
        if (dash && (!options_parse_number(dash + 1, end, &range.last) || range.last < range.first))
            return false;
        struct frame_range *more = realloc(o->ignore, (o->ignore_count + 1) * sizeof *more);
        if (!more)
            return false;
        o->ignore = more;
        o->ignore[o->ignore_count++] = range;
        if (!*end)
            break;
        s = end;
    }
    merge_frames(o);
    return true;
}
