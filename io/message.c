/* Messages on standard error, safe for a terminal. */
#include "io/message.h"
#include "io/utf8.h"

#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>

/* Of a valid character. C1 is U+0080 to U+009F, two bytes from c2 80 to c2 9f. */
static bool is_control(const char *s)
{
    const unsigned char first = (unsigned char)s[0];
    return first < 0x20 || first == 0x7f || (first == 0xc2 && (unsigned char)s[1] < 0xa0);
}

void message_write(FILE *to, const char *s)
{
    for (s = s ? s : "?"; *s;) {
        const size_t length = utf8_length(s);
        if (length && !is_control(s)) {
            fwrite(s, 1, length, to);
            s += length;
            continue;
        }
        for (const char *end = s + (length ? length : 1); s < end; s++)
            fprintf(to, "\\x%02x", (unsigned char)*s);
    }
}

static const char *writer; /* set before threads start */

void message_name_writer(const char *who)
{
    writer = who;
}

static void put_line(FILE *to, const char *text)
{
    fputs("tcpreuse: ", to);
    if (writer) {
        message_write(to, writer);
        fputs(": ", to);
    }
    message_write(to, text);
    putc('\n', to);
}

/* In one call where there is memory for it: several processes may share standard error, as ranks do. */
static void write_line(const char *text)
{
    char *line = NULL;
    size_t length;
    FILE *f = open_memstream(&line, &length);
    if (f)
        put_line(f, text);
    const bool whole = f && !fclose(f);
    flockfile(stderr);
    if (whole)
        fwrite(line, 1, length, stderr);
    else
        put_line(stderr, text);
    funlockfile(stderr);
    free(line);
}

char *message_text(const char *format, va_list ap)
{
    char *text;
    return vasprintf(&text, format, ap) < 0 ? NULL : text;
}

void message_error(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    char *text = message_text(format, ap);
    va_end(ap);
    write_line(text ? text : "out of memory");
    free(text);
}
