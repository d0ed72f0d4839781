/* Text for people: wrapping, colours, and how endpoints and times look. */
#include "io/reports/page.h"
#include "io/reports/text.h"
#include "io/utf8.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

void page_print(struct page *p, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    const int n = vsnprintf(NULL, 0, format, ap);
    va_end(ap);
    char *room = n < 0 ? NULL : text_room(p->text, (size_t)n + 1);
    if (!room) {
        p->failed = true;
        return;
    }
    va_start(ap, format);
    vsnprintf(room, (size_t)n + 1, format, ap);
    va_end(ap);
    p->text->length += (size_t)n;
}

void page_paint(struct page *p, enum paint paint)
{
    if (p->style.color)
        page_print(p, "\033[%dm", (int)paint);
}

/* Columns of valid UTF-8, taking each character for one. */
static unsigned columns_of(const char *s, size_t n)
{
    unsigned columns = 0;
    for (size_t i = 0; i < n; i++)
        columns += ((unsigned char)s[i] & 0xc0) != 0x80;
    return columns;
}

/* Up to the next space, of those outside parentheses. */
static size_t word_length(const char *text)
{
    size_t n = 0;
    for (unsigned depth = 0; text[n] && (depth || text[n] != ' '); n++) {
        if (text[n] == '(')
            depth++;
        else if (text[n] == ')' && depth)
            depth--;
    }
    return n;
}

void page_wrap(struct page *p, unsigned at, const char *text)
{
    enum { LEAST = 20, MOST = 100 }; /* lines that are longer are hard to read, and words have to fit */
    unsigned width = p->style.width ? p->style.width - 1 : at + MOST, used = 0;
    width = MIN(MAX(width, at + LEAST), at + MOST);
    while (*text) {
        const size_t word = word_length(text);
        const unsigned columns = columns_of(text, word);
        if (used && at + used + 1 + columns > width) {
            page_print(p, "\n%*s", (int)at, "");
            used = 0;
        }
        page_print(p, "%s%.*s", used ? " " : "", (int)word, text);
        used += columns + (used > 0);
        text += word + strspn(text + word, " ");
    }
    page_print(p, "\n");
}

/* Of a valid character: C0, DEL or C1. */
static bool is_control(const char *s)
{
    const unsigned char first = (unsigned char)s[0];
    return first < 0x20 || first == 0x7f || (first == 0xc2 && (unsigned char)s[1] < 0xa0);
}

void page_name(struct page *p, const char *name, unsigned columns)
{
    for (unsigned used = 0; *name;) {
        const size_t length = utf8_length(name);
        const bool plain = length && !is_control(name);
        const size_t bytes = length ? length : 1;
        const unsigned takes = plain ? 1 : 4 * (unsigned)bytes;
        const bool last = !name[bytes];
        if (used + takes + !last > columns) {
            page_print(p, "%s", p->style.utf8 ? "…" : "~");
            return;
        }
        if (plain)
            page_print(p, "%.*s", (int)bytes, name);
        for (size_t i = 0; !plain && i < bytes; i++)
            page_print(p, "\\x%02x", (unsigned char)name[i]);
        used += takes;
        name += bytes;
    }
}

const char *page_arrow(const struct page *p)
{
    return p->style.utf8 ? "→" : "->";
}

const char *page_endpoint(char text[PAGE_ENDPOINT_MAX], enum family family, const void *addresses,
                          unsigned endpoint, uint16_t port)
{
    char *p = text;
    if (family == FAMILY_IPV4) {
        p = text_ipv4(p, ((const uint32_t *)addresses)[endpoint]);
    } else {
        *p++ = '[';
        p = text_ipv6(p, ((const uint8_t(*)[16])addresses)[endpoint]);
        *p++ = ']';
    }
    if (port)
        sprintf(p, ":%u", port);
    else
        *p = 0;
    return text;
}

void page_endpoint_column(struct page *p, const char *endpoint, unsigned columns)
{
    const unsigned length = (unsigned)strlen(endpoint);
    if (length <= columns) {
        page_print(p, "%-*s", (int)columns, endpoint);
        return;
    }
    const char *rest = strrchr(endpoint, ']');
    if (!rest)
        rest = strrchr(endpoint, ':');
    const unsigned port = rest ? (unsigned)strlen(rest) : 0, room = columns - 1 - port;
    const unsigned behind = room / 2, before = room - behind;
    page_print(p, "%.*s%s%s", (int)before, endpoint, p->style.utf8 ? "…" : "~",
               endpoint + length - port - behind);
}

const char *page_gap(char text[PAGE_GAP_MAX], int64_t ns)
{
    const char *sign = ns < 0 ? "-" : "";
    const uint64_t n = ns < 0 ? -(uint64_t)ns : (uint64_t)ns, s = n / 1000000000;
    if (n < 1000000)
        snprintf(text, PAGE_GAP_MAX, "%s%" PRIu64 " us", sign, n / 1000);
    else if (s < 1)
        /* NOLINTNEXTLINE(bugprone-integer-division): three digits, and not rounded up */
        snprintf(text, PAGE_GAP_MAX, "%s%.3f ms", sign, (double)(n / 1000) / 1e3);
    else if (s < 600)
        /* NOLINTNEXTLINE(bugprone-integer-division): likewise */
        snprintf(text, PAGE_GAP_MAX, "%s%.3f s", sign, (double)(n / 1000000) / 1e3);
    else if (s < 7200)
        snprintf(text, PAGE_GAP_MAX, "%s%" PRIu64 " min %02" PRIu64 " s", sign, s / 60, s % 60);
    else if (s < 172800)
        snprintf(text, PAGE_GAP_MAX, "%s%" PRIu64 " h %02" PRIu64 " min", sign, (s + 30) / 3600,
                 (s + 30) / 60 % 60);
    else
        snprintf(text, PAGE_GAP_MAX, "%s%" PRIu64 " d %02" PRIu64 " h", sign, (s + 1800) / 86400,
                 (s + 1800) / 3600 % 24);
    return text;
}

const char *page_time(char text[PAGE_TIME_MAX], int64_t ns, unsigned decimals, unsigned most)
{
    char *end = text_utc(text, ns, MIN(decimals, most));
    *end = 0;
    text[strcspn(text, "T")] = ' ';
    return text;
}

const char *page_number(char text[PAGE_GAP_MAX], uint64_t n)
{
    char digits[TEXT_NUMBER_MAX + TEXT_BEYOND + 1], *out = text;
    const size_t count = (size_t)(text_number(digits, n) - digits);
    for (size_t i = 0; i < count; i++) {
        if (i && (count - i) % 3 == 0)
            *out++ = ',';
        *out++ = digits[i];
    }
    *out = 0;
    return text;
}
