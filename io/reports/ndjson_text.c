/* The values that rows of JSON are made of. */
#include "io/reports/ndjson_text.h"
#include "io/reports/text.h"
#include "io/utf8.h"

char *ndjson_put(char *p, const char *s)
{
    const size_t n = strlen(s);
    memcpy(p, s, n);
    return p + n;
}

char *ndjson_word(char *p, const char *s)
{
    *p++ = '"';
    p = ndjson_put(p, s);
    *p++ = '"';
    return p;
}

char *ndjson_string(char *p, const char *s)
{
    static const char hex[] = "0123456789abcdef";
    *p++ = '"';
    for (size_t length; *s; s += length ? length : 1) {
        length = utf8_length(s);
        unsigned c = (unsigned char)*s;
        if (c == 0xc2 && length)
            c = (unsigned char)s[1]; /* U+0080 to U+00BF */
        if (c < 0x20 || (c >= 0x7f && c < 0xa0 && length)) {
            p = ndjson_put(p, "\\u00");
            *p++ = hex[c >> 4];
            *p++ = hex[c & 15];
        } else if (c == '"' || c == '\\') {
            *p++ = '\\';
            *p++ = (char)c;
        } else if (length) {
            memcpy(p, s, length);
            p += length;
        } else {
            p = ndjson_put(p, "\xef\xbf\xbd");
        }
    }
    *p++ = '"';
    return p;
}

char *ndjson_signed(char *p, int64_t n)
{
    if (n < 0)
        *p++ = '-';
    return text_number(p, n < 0 ? -(uint64_t)n : (uint64_t)n);
}

char *ndjson_address(char *p, enum family family, const void *addresses, unsigned endpoint)
{
    *p++ = '"';
    p = family == FAMILY_IPV4 ? text_ipv4(p, ((const uint32_t *)addresses)[endpoint])
                              : text_ipv6(p, ((const uint8_t(*)[16])addresses)[endpoint]);
    *p++ = '"';
    return p;
}

char *ndjson_words(char *p, uint64_t bits, unsigned count, const void *words,
                   const char *(*word)(const void *words, unsigned i))
{
    *p++ = '[';
    for (unsigned i = 0, n = 0; i < count; i++) {
        if (!(bits >> i & 1))
            continue;
        if (n++)
            *p++ = ',';
        p = ndjson_string(p, word(words, i));
    }
    *p++ = ']';
    return p;
}
