/* Writing JSON: separators, layout and escapes. */
#include "io/reports/json.h"
#include "io/utf8.h"

#include <assert.h>
#include <inttypes.h>
#include <math.h>
#include <string.h>

/* What would end a script element or open markup, and the two line ends that JSON allows and scripts did not. */
static bool is_markup(const char *s, size_t length)
{
    return length == 1 ? *s == '<' || *s == '>' || *s == '&'
                       : length == 3 && (!memcmp(s, "\xe2\x80\xa8", 3) || !memcmp(s, "\xe2\x80\xa9", 3));
}

static void write_string(FILE *to, const char *s, bool within_html)
{
    putc('"', to);
    while (*s) {
        const unsigned char c = (unsigned char)*s;
        const size_t length = utf8_length(s);
        if (c == '"' || c == '\\')
            fprintf(to, "\\%c", c);
        else if (c < 0x20)
            fprintf(to, "\\u%04x", c);
        else if (within_html && is_markup(s, length))
            fprintf(to, "\\u%04x", length == 1 ? c : 0x2000u | ((unsigned char)s[2] & 0x3fu));
        else if (length)
            fwrite(s, 1, length, to);
        else
            fputs("\xef\xbf\xbd", to); /* U+FFFD */
        s += length ? length : 1;
    }
    putc('"', to);
}

static void new_line(struct json *j, unsigned indent)
{
    fprintf(j->to, "\n%*s", (int)(2 * indent), "");
}

/* All that stands before a value: the comma behind the one before, the line break or the space, the name. */
static void begin_value(struct json *j, const char *name)
{
    if (j->depth) {
        struct json_container *c = &j->open[j->depth - 1];
        if (c->filled)
            putc(',', j->to);
        if (c->layout == JSON_LINES)
            new_line(j, j->indent);
        else if (j->break_line)
            new_line(j, j->indent + 1);
        else if (c->filled)
            putc(' ', j->to);
        c->filled = true;
        j->break_line = false;
        assert(!name == (c->close == ']'));
    }
    if (name) {
        write_string(j->to, name, j->within_html);
        fputs(": ", j->to);
    }
}

static void begin(struct json *j, const char *name, enum json_layout layout, char open, char close)
{
    begin_value(j, name);
    assert(j->depth < JSON_DEPTH);
    putc(open, j->to);
    j->open[j->depth++] = (struct json_container){.layout = layout, .close = close};
    j->indent += layout == JSON_LINES;
}

void json_begin_object(struct json *j, const char *name, enum json_layout layout)
{
    begin(j, name, layout, '{', '}');
}

void json_begin_array(struct json *j, const char *name, enum json_layout layout)
{
    begin(j, name, layout, '[', ']');
}

void json_end(struct json *j)
{
    assert(j->depth);
    const struct json_container *c = &j->open[--j->depth];
    const bool within_line = j->depth && j->open[j->depth - 1].layout == JSON_INLINE;
    j->indent -= c->layout == JSON_LINES;
    if (c->layout == JSON_LINES && c->filled && !within_line)
        new_line(j, j->indent);
    putc(c->close, j->to);
    if (!j->depth)
        putc('\n', j->to);
}

void json_break(struct json *j)
{
    j->break_line = true;
}

void json_string(struct json *j, const char *name, const char *s)
{
    begin_value(j, name);
    write_string(j->to, s, j->within_html);
}

void json_unsigned(struct json *j, const char *name, uint64_t n)
{
    begin_value(j, name);
    fprintf(j->to, "%" PRIu64, n);
}

void json_signed(struct json *j, const char *name, int64_t n)
{
    begin_value(j, name);
    fprintf(j->to, "%" PRId64, n);
}

void json_real(struct json *j, const char *name, double x, unsigned decimals)
{
    if (!isfinite(x)) {
        json_null(j, name);
        return;
    }
    begin_value(j, name);
    fprintf(j->to, "%.*f", (int)decimals, x);
}

void json_bool(struct json *j, const char *name, bool b)
{
    begin_value(j, name);
    fputs(b ? "true" : "false", j->to);
}

void json_null(struct json *j, const char *name)
{
    begin_value(j, name);
    fputs("null", j->to);
}
