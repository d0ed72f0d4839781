/* The rules of --decode-as: LAYER_TYPE==NUMBERS,PROTOCOL as tshark's -d reads them. Numbers are N, N-M or N:COUNT,
 * decimal, or hexadecimal behind 0x, or octal behind 0. */
#include "cli/options_suggest.h"
#include "cli/options_values.h"
#include "engine/util.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

enum { NO_TYPE = DECODE_AS_TYPES, NO_PROTOCOL = DECODE_AS_PROTOCOLS };

/* The pieces of a rule. */
struct rule {
    const char *type, *type_end, *numbers, *comma;
};

static bool split(const char *s, struct rule *r)
{
    *r = (struct rule){.type = s, .type_end = strstr(s, "=="), .comma = strchr(s, ',')};
    r->numbers = r->type_end ? r->type_end + 2 : NULL;
    return r->type_end && r->comma && r->numbers <= r->comma;
}

static unsigned type_of(const struct rule *r)
{
    const size_t length = (size_t)(r->type_end - r->type);
    unsigned type = 0;
    while (type < DECODE_AS_TYPES && (strlen(decode_as_numbers[type].name) != length ||
                                      strncmp(decode_as_numbers[type].name, r->type, length) != 0))
        type++;
    return type;
}

static unsigned protocol_of(enum decode_as_type type, const char *name)
{
    unsigned protocol = 0;
    for (; protocol < DECODE_AS_PROTOCOLS; protocol++) {
        const char *known = decode_as_name(type, protocol);
        if (known && !strcmp(known, name))
            break;
    }
    return protocol;
}

static bool parse_number(const char *s, const char *end, uint64_t *n)
{
    char text[24], *stopped;
    if (s == end || (size_t)(end - s) >= sizeof text || *s < '0' || *s > '9')
        return false;
    *(char *)mempcpy(text, s, (size_t)(end - s)) = 0;
    *n = strtoull(text, &stopped, 0);
    return !*stopped;
}

static bool parse_numbers(const struct rule *r, struct decode_as *as)
{
    const char *const end = r->numbers + strcspn(r->numbers, "-:,");
    uint64_t first, last;
    if (!parse_number(r->numbers, end, &first))
        return false;
    last = first;
    if (end < r->comma && (!parse_number(end + 1, r->comma, &last) || (*end == ':' && !last)))
        return false;
    const struct decode_as_numbers *const known = &decode_as_numbers[as->type];
    if (first < known->least || first > known->most || last > UINT32_MAX)
        return false;
    if (*end == ':')
        last += first - 1;
    as->first = (uint32_t)first;
    as->last = (uint32_t)last;
    return last >= first && last <= known->most;
}

const char *options_write_decode_as(const struct decode_as *rule, char *text)
{
    snprintf(text, OPTIONS_RULE_MAX, "%s==%" PRIu32 "-%" PRIu32 ",%s", decode_as_numbers[rule->type].name,
             rule->first, rule->last, decode_as_name((enum decode_as_type)rule->type, rule->protocol));
    return text;
}

bool options_parse_decode_as(struct options *o, const char *s)
{
    struct rule r;
    struct decode_as as;
    if (!split(s, &r))
        return false;
    const unsigned type = type_of(&r);
    if (type == NO_TYPE)
        return false;
    const unsigned protocol = protocol_of((enum decode_as_type)type, r.comma + 1);
    as.type = (uint8_t)type;
    as.protocol = (uint8_t)protocol;
    if (protocol == NO_PROTOCOL || !parse_numbers(&r, &as))
        return false;
    struct decode_as *more = realloc(o->decode_as, (o->decode_as_count + 1) * sizeof *more);
    if (!more)
        return false;
    o->decode_as = more;
    more[o->decode_as_count++] = as;
    return true;
}

/* "WHAT: a, b, c; did you mean 'b'?" */
static void list_words(char *text, size_t size, const char *what, const char *const *words, unsigned count,
                       const char *wrong, size_t length)
{
    const char *const meant = options_suggest_word(words, count, wrong, (unsigned)length);
    size_t n = (size_t)snprintf(text, size, "%s", what);
    for (unsigned i = 0; i < count && n < size; i++)
        n += (size_t)snprintf(text + n, size - n, "%s%s", i ? ", " : "", words[i]);
    if (meant && n < size)
        snprintf(text + n, size - n, "; did you mean '%s'?", meant);
}

void options_explain_decode_as(const char *s, char *text, size_t size)
{
    const char *words[MAX((unsigned)DECODE_AS_PROTOCOLS, (unsigned)DECODE_AS_TYPES)];
    unsigned count = 0, type;
    struct rule r;
    if (!split(s, &r)) {
        snprintf(text, size, "such as udp.port==48879,vxlan or ethertype==0x88b5,ip");
        return;
    }
    type = type_of(&r);
    if (type == NO_TYPE) {
        for (; count < DECODE_AS_TYPES; count++)
            words[count] = decode_as_numbers[count].name;
        list_words(text, size, "layer types: ", words, count, r.type, (size_t)(r.type_end - r.type));
        return;
    }
    const struct decode_as_numbers *const known = &decode_as_numbers[type];
    if (protocol_of((enum decode_as_type)type, r.comma + 1) != NO_PROTOCOL) {
        snprintf(text, size, "%s takes N, N-M or N:COUNT, from %u to %u%s", known->name, known->least,
                 known->most,
                 type == DECODE_AS_USER_LINK ? ", which are the link types USER0 to USER15" : "");
        return;
    }
    char what[64];
    for (unsigned i = 0; i < DECODE_AS_PROTOCOLS; i++)
        if (decode_as_name((enum decode_as_type)type, i))
            words[count++] = decode_as_name((enum decode_as_type)type, i);
    snprintf(what, sizeof what, "%s can be ", known->name);
    list_words(text, size, what, words, count, r.comma + 1, strlen(r.comma + 1));
}
