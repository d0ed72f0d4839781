/* Reads the texts of single values: numbers, times, and the lists that single options take. */
#include "cli/options_values.h"
#include "io/ports/interface_source.h"
#include "io/reports/names.h"

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

/* A number, from 1 on, and a letter behind it. */
static bool parse_unit(const char *s, uint64_t *n, char *unit)
{
    const size_t length = strlen(s);
    if (!length || !options_parse_number(s, s + length - 1, n) || !*n || *n > UINT32_MAX)
        return false;
    *unit = s[length - 1];
    return true;
}

/* n in the unit, which is K, M or G. */
static bool parse_bytes(uint64_t n, char unit, uint64_t *bytes)
{
    static const char units[] = "KMG";
    const char *at = strchr(units, unit);
    if (!at)
        return false;
    *bytes = n << 10 * (at - units + 1);
    return true;
}

bool options_parse_rotation(struct options *o, const char *s)
{
    uint64_t n;
    char unit;
    if (!parse_unit(s, &n, &unit))
        return false;
    if (unit == 's')
        o->rotate_seconds = (double)n;
    return unit == 's' || parse_bytes(n, unit, &o->rotate_bytes);
}

bool options_parse_memory_limit(struct options *o, const char *s)
{
    uint64_t n;
    char unit;
    o->no_memory_limit = !strcmp(s, "none");
    return o->no_memory_limit || (parse_unit(s, &n, &unit) && parse_bytes(n, unit, &o->memory_limit));
}

bool options_parse_expire(struct options *o, const char *s)
{
    double seconds = 0;
    o->expire_auto = !strcmp(s, "auto");
    if (!o->expire_auto && !options_parse_seconds(s, &seconds))
        return false;
    o->expire = (int64_t)(seconds * 1e9 + 0.5);
    return true;
}

bool options_parse_follow(struct options *o, const char *s)
{
    o->follow[o->follow_count++] = s;
    return *s;
}

bool options_parse_community_id(struct options *o, const char *seed)
{
    uint64_t n = 0;
    if (seed && (!options_parse_number(seed, strchr(seed, 0), &n) || n > UINT16_MAX))
        return false;
    o->community_id = true;
    o->community_id_seed = (uint16_t)n;
    return true;
}

bool options_parse_port_range(struct options *o, const char *s)
{
    const char *dash = strchr(s, '-');
    uint64_t lowest, highest;
    if (!dash || !options_parse_number(s, dash, &lowest) ||
        !options_parse_number(dash + 1, strchr(dash, 0), &highest) || lowest > highest ||
        highest > UINT16_MAX)
        return false;
    o->port_range = (struct port_range){(uint16_t)lowest, (uint16_t)highest};
    return true;
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

bool options_parse_interface(struct options *o, const char *name)
{
    const char **more = *name ? realloc(o->interfaces, (o->interface_count + 1) * sizeof *more) : NULL;
    if (!more)
        return false;
    o->interfaces = more;
    for (size_t i = 0; i < o->interface_count; i++)
        if (!strcmp(o->interfaces[i], name))
            return false;
    o->interfaces[o->interface_count++] = name;
    return true;
}

bool options_parse_snap_length(struct options *o, const char *s)
{
    uint64_t n;
    if (!options_parse_number(s, strchr(s, 0), &n) || (n && n < INTERFACE_SNAP_MIN) || n > INTERFACE_SNAP_MAX)
        return false;
    o->snap_length = n ? (unsigned)n : INTERFACE_SNAP_MAX;
    return true;
}

/* +1.5, -0.003 or 60: whole nanoseconds, less than 10^9 s. */
static bool parse_shift(const char *s, struct clock_shift *shift)
{
    enum { SECOND_DIGITS = 9, NS_DIGITS = 9 };
    const bool back = *s == '-';
    s += *s == '-' || *s == '+';
    const char *point = strchrnul(s, '.'), *end = s + strlen(s);
    uint64_t seconds = 0, fraction = 0;
    const size_t digits = *point ? (size_t)(end - point - 1) : 0;
    if (s == end || end - point == 1 || point - s > SECOND_DIGITS || digits > NS_DIGITS ||
        (point > s && !options_parse_number(s, point, &seconds)) ||
        (digits && !options_parse_number(point + 1, end, &fraction)))
        return false;
    for (size_t i = digits; i < NS_DIGITS; i++)
        fraction *= 10;
    const int64_t ns = (int64_t)(seconds * 1000000000 + fraction);
    *shift = (struct clock_shift){.ns = back ? -ns : ns, .decimals = (uint8_t)digits};
    return true;
}

bool options_parse_clock(struct options *o, const char *s)
{
    const char *equals = strrchr(s, '=');
    struct clock_option clock = {.file = s};
    if (!equals || equals == s || !parse_shift(equals + 1, &clock.shift))
        return false;
    clock.file_length = (size_t)(equals - s);
    for (size_t i = 0; i < o->clock_count; i++)
        if (o->clocks[i].file_length == clock.file_length && !memcmp(o->clocks[i].file, s, clock.file_length))
            return false;
    struct clock_option *more = realloc(o->clocks, (o->clock_count + 1) * sizeof *more);
    if (!more)
        return false;
    o->clocks = more;
    o->clocks[o->clock_count++] = clock;
    return true;
}

bool options_parse_key(struct options *o, const char *list)
{
    static const char tuple[] = "tuple";
    bool has_tuple = false;
    o->key_parts = 0;
    for (const char *s = list;; s++) {
        const char *end = strchrnul(s, ',');
        const size_t length = (size_t)(end - s);
        unsigned part = 0;
        while (part < KEY_PART_NAMES &&
               (strlen(key_part_names[part]) != length || memcmp(key_part_names[part], s, length)))
            part++;
        const bool is_tuple = length == sizeof tuple - 1 && !memcmp(s, tuple, length);
        if (is_tuple ? has_tuple : part == KEY_PART_NAMES || o->key_parts >> part & 1)
            return false;
        has_tuple |= is_tuple;
        o->key_parts |= is_tuple ? 0 : 1u << part;
        if (!*end)
            return has_tuple;
        s = end;
    }
}

const char *options_write_key(unsigned key_parts, char text[OPTIONS_KEY_MAX])
{
    size_t n = (size_t)snprintf(text, OPTIONS_KEY_MAX, "tuple");
    for (unsigned i = 0; i < KEY_PART_NAMES; i++)
        if (key_parts >> i & 1)
            n += (size_t)snprintf(text + n, OPTIONS_KEY_MAX - n, ",%s", key_part_names[i]);
    return text;
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

bool options_parse_piece(struct options *o, const char *s)
{
    const char *slash = strchr(s, '/'), *at = strchr(s, '@'), *end = strchr(s, 0);
    const char *colon = at ? strchr(at, ':') : NULL;
    uint64_t piece, pieces, file = 0, offset = 0;
    if (!slash || !options_parse_number(s, slash, &piece) ||
        !options_parse_number(slash + 1, at ? at : end, &pieces) ||
        (at && (!colon || !options_parse_number(at + 1, colon, &file) || !file ||
                !options_parse_number(colon + 1, end, &offset))))
        return false;
    if (!piece || piece > pieces || pieces > UINT32_MAX)
        return false;
    o->piece = (unsigned)piece;
    o->pieces = (unsigned)pieces;
    o->piece_begin = (struct set_border){file, offset};
    return true;
}
