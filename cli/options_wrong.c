/* Messages of wrong usage. */
#include "cli/options_wrong.h"
#include "io/message.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum options_result options_fail(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    char *text = message_text(format, ap);
    va_end(ap);
    message_error("%s", text ? text : "out of memory");
    fputs("Try 'tcpreuse --help' for a list of options.\n", stderr);
    free(text);
    return OPTIONS_WRONG;
}

const char *options_ask_whether(const char *dashes, const char *word, char text[64])
{
    *text = 0;
    if (word)
        snprintf(text, 64, "; did you mean '%s%s'?", dashes, word);
    return text;
}

const char *options_join_words(const char *const *words, unsigned count, char *text, size_t size)
{
    size_t n = 0;
    for (unsigned i = 0; i < count && n < size; i++)
        n += (size_t)snprintf(text + n, size - n, "%s%s", !i ? "" : i + 1 < count ? ", " : " or ", words[i]);
    return text;
}

bool options_find_word(const char *const *words, unsigned count, const char *text, size_t length,
                       unsigned *found)
{
    for (*found = 0; *found < count; ++*found)
        if (strlen(words[*found]) == length && !strncmp(words[*found], text, length))
            return true;
    return false;
}
