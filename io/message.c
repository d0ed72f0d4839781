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

void message_error(const char *format, ...)
{
    char *text = NULL;
    va_list ap;
    va_start(ap, format);
    if (vasprintf(&text, format, ap) < 0)
        text = NULL;
    va_end(ap);
    flockfile(stderr);
    fputs("tcpreuse: ", stderr);
    message_write(stderr, text ? text : "out of memory");
    putc('\n', stderr);
    funlockfile(stderr);
    free(text);
}
