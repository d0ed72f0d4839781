/* Lines, numbers and faults of traces in text, for all of their formats. */
#include "io/texts/text.h"

#include <ctype.h>
#include <stdarg.h>
#include <stdio.h>
#include <time.h>

enum text_result text_fault(struct text_reader *t, size_t at, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    if (vasprintf(&t->failure, format, ap) < 0)
        t->failure = NULL;
    va_end(ap);
    t->failure_at = t->position + at;
    return TEXT_FAULT;
}

enum text_line_result text_next_line(struct text_lines *lines, struct text_line *line)
{
    const size_t at = lines->next, left = lines->count - at;
    const uint8_t *begin = lines->bytes + at, *newline = left ? memchr(begin, '\n', left) : NULL;
    if (!newline && !lines->whole)
        return LINE_UNFINISHED;
    if (!left)
        return LINE_NONE;
    size_t length = newline ? (size_t)(newline - begin) : left;
    lines->next = at + length + (newline != NULL);
    if (length && begin[length - 1] == '\r')
        length--;
    *line = (struct text_line){.at = (const char *)begin, .length = length, .offset = at};
    return LINE_FOUND;
}

enum text_result text_skip_lines(struct text_reader *t, const struct text_lines *lines,
                                 enum text_line_result result)
{
    if (result == LINE_NONE)
        return TEXT_END;
    t->used = lines->next;
    return t->used ? TEXT_SKIPPED : TEXT_MORE;
}

enum text_result text_find_record(struct text_reader *t, struct text_lines *lines, struct text_line *line,
                                  bool begins(const struct text_line *))
{
    do {
        t->used = lines->next;
        const enum text_line_result result = text_next_line(lines, line);
        if (result != LINE_FOUND)
            return text_skip_lines(t, lines, result);
    } while (!begins(line));
    return TEXT_RECORD;
}

bool text_line_is_blank(const struct text_line *line)
{
    struct text_scan s = text_scan_line(line);
    text_scan_blanks(&s);
    return s.at == s.end;
}

const char *text_line_find(const struct text_line *line, const char *words)
{
    return memmem(line->at, line->length, words, strlen(words));
}

bool text_line_is_printed(const struct text_line *line)
{
    struct text_scan s = text_scan_line(line);
    text_scan_blanks(&s);
    return s.at < s.end && (isalnum((unsigned char)*s.at) || *s.at == '(' || *s.at == '[');
}

void text_scan_blanks(struct text_scan *s)
{
    while (s->at < s->end && isspace((unsigned char)*s->at))
        s->at++;
}

bool text_scan_literal(struct text_scan *s, const char *literal)
{
    const size_t length = strlen(literal);
    if ((size_t)(s->end - s->at) < length || memcmp(s->at, literal, length) != 0)
        return false;
    s->at += length;
    return true;
}

int text_digit(char c)
{
    return c >= '0' && c <= '9'   ? c - '0'
           : c >= 'a' && c <= 'f' ? c - 'a' + 10
           : c >= 'A' && c <= 'F' ? c - 'A' + 10
                                  : -1;
}

static bool scan_number(struct text_scan *s, unsigned digits, unsigned base, uint32_t *value)
{
    text_scan_blanks(s);
    const char *begin = s->at;
    uint32_t n = 0;
    for (; s->at < s->end && digits; s->at++, digits--) {
        const int digit = text_digit(*s->at);
        if (digit < 0 || (unsigned)digit >= base)
            break;
        n = n * base + (uint32_t)digit;
    }
    *value = n;
    return s->at > begin;
}

bool text_scan_decimal(struct text_scan *s, unsigned digits, uint32_t *value)
{
    return scan_number(s, digits, 10, value);
}

bool text_scan_hex(struct text_scan *s, unsigned digits, uint32_t *value)
{
    return scan_number(s, digits, 16, value);
}

bool text_scan_byte(struct text_scan *s, unsigned *byte)
{
    if (s->end - s->at < 2 || text_digit(s->at[0]) < 0 || text_digit(s->at[1]) < 0)
        return false;
    *byte = (unsigned)text_digit(s->at[0]) << 4 | (unsigned)text_digit(s->at[1]);
    s->at += 2;
    return true;
}

bool text_scan_month(struct text_scan *s, uint32_t *month)
{
    static const char names[] = "janfebmaraprmayjunjulaugsepoctnovdec";
    if (s->end - s->at < 3)
        return false;
    for (uint32_t i = 0; i < 12; i++) {
        if (strncasecmp(s->at, names + 3 * (size_t)i, 3) == 0) {
            s->at += 3;
            *month = i + 1;
            return true;
        }
    }
    return false;
}

int64_t text_local_seconds(uint32_t year, uint32_t month, uint32_t day, uint32_t hour, uint32_t minute,
                           uint32_t second)
{
    struct tm tm = {
        .tm_year = (int)year - 1900,
        .tm_mon = (int)month - 1,
        .tm_mday = (int)day,
        .tm_hour = (int)hour,
        .tm_min = (int)minute,
        .tm_sec = (int)second,
        .tm_isdst = -1,
    };
    return mktime(&tm);
}
