/* Writes cells, and makes any text fit for them. */
#include "io/sheets/cells.h"
#include "io/reports/verdict_words.h"
#include "io/utf8.h"

#include <errno.h>

/* One character of the text; returns how many bytes it took. Puts up to 4 bytes at *p. */
static size_t put_character(char **p, const char *s)
{
    const unsigned char c = (unsigned char)*s;
    const size_t length = utf8_length(s);
    if (c < 0x20 || c == 0x7f) {
        const unsigned picture = c == 0x7f ? 0x21 : c;
        *p = stpcpy(*p, (char[]){'\xe2', '\x90', (char)(0x80 + picture), 0});
    } else if (!length || !memcmp(s, "\xef\xbf\xbe", MIN(length, 3u)) ||
               !memcmp(s, "\xef\xbf\xbf", MIN(length, 3u))) {
        *p = stpcpy(*p, "\xef\xbf\xbd");
    } else {
        memcpy(*p, s, length);
        *p += length;
    }
    return length ? length : 1;
}

void cells_put_text(struct cells *c, struct xlsx_sheet *sheet, uint32_t row, uint16_t column,
                    const char *text, enum xlsx_style style)
{
    if (!*text || c->error)
        return;
    c->scratch.length = 0;
    char *start = text_room(&c->scratch, 4 * strlen(text) + 1), *p = start;
    if (!start) {
        c->error = ENOMEM;
        return;
    }
    for (unsigned i = 0; *text && i < XLSX_TEXT_MAX; i++)
        text += put_character(&p, text);
    *p = 0;
    if (c->xlsx->put_text(c->book, sheet, row, column, start, style))
        c->error = errno;
}

void cells_put_number(struct cells *c, struct xlsx_sheet *sheet, uint32_t row, uint16_t column, double n,
                      enum xlsx_style style)
{
    if (!c->error && c->xlsx->put_number(c->book, sheet, row, column, n, style))
        c->error = errno;
}

struct xlsx_sheet *cells_add_sheet(struct cells *c, const char *name)
{
    if (c->error)
        return NULL;
    struct xlsx_sheet *sheet = c->xlsx->add_sheet(c->book, name);
    if (!sheet)
        c->error = errno;
    return sheet;
}

enum xlsx_style cells_verdict_style(unsigned verdict)
{
    switch (verdict_words[verdict].paint) {
    case PAINT_GREEN:
        return XLSX_GREEN;
    case PAINT_CYAN:
        return XLSX_BLUE;
    case PAINT_YELLOW:
        return XLSX_YELLOW;
    case PAINT_RED:
        return XLSX_RED;
    case PAINT_MAGENTA:
        return XLSX_VIOLET;
    default:
        return XLSX_GREY;
    }
}
