/* Fields that a spreadsheet would take for a formula ("CSV injection"). Excel and LibreOffice compute a field that begins
 * with =, +, - or @, also behind a tab or a line break, which they drop, and in the full-width forms of East Asia.
 * An apostrophe before it keeps it text, which is OWASP's advice:
 * https://owasp.org/www-community/attacks/CSV_Injection. Thread-safe. */
#ifndef TCPREUSE_FORMULA_H
#define TCPREUSE_FORMULA_H

#include <stdbool.h>
#include <string.h>

static inline bool formula_begins(const char *text)
{
    static const char *const wide[] = {"\uff1d", "\uff0b", "\uff0d", "\uff20"};
    if (*text && strchr("=+-@\t\r\n", *text))
        return true;
    for (unsigned i = 0; i < sizeof wide / sizeof *wide; i++)
        if (!strncmp(text, wide[i], 3))
            return true;
    return false;
}

#endif
