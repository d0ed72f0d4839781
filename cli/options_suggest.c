/* Suggestions for mistyped words, by the number of typing errors between the text and each word; and for letters that other
 * capture tools use. */
#include "cli/options_suggest.h"
#include "engine/util.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

/* WORD_MAX: longer texts are no typing errors. FAR: more errors than are ever accepted. */
enum { WORD_MAX = 32, FAR = 1000 };

static bool same_letter(char a, char b)
{
    return tolower((unsigned char)a) == tolower((unsigned char)b);
}

/* Another digit is another value, not a typing error. */
static unsigned substitution_cost(char a, char b)
{
    if (same_letter(a, b))
        return 0;
    return isdigit((unsigned char)a) && isdigit((unsigned char)b) ? FAR : 1;
}

/* Letters to insert, leave out, replace, or swap with the next one: the optimal string alignment distance. */
static unsigned count_errors(const char *a, unsigned a_length, const char *b, unsigned b_length)
{
    unsigned d[WORD_MAX + 1][WORD_MAX + 1];
    if (a_length > WORD_MAX || b_length > WORD_MAX)
        return FAR;
    for (unsigned i = 0; i <= a_length; i++)
        d[i][0] = i;
    for (unsigned j = 0; j <= b_length; j++)
        d[0][j] = j;
    for (unsigned i = 1; i <= a_length; i++) {
        for (unsigned j = 1; j <= b_length; j++) {
            unsigned least = d[i - 1][j - 1] + substitution_cost(a[i - 1], b[j - 1]);
            least = MIN(least, MIN(d[i - 1][j], d[i][j - 1]) + 1);
            if (i > 1 && j > 1 && same_letter(a[i - 1], b[j - 2]) && same_letter(a[i - 2], b[j - 1]))
                least = MIN(least, d[i - 2][j - 2] + 1);
            d[i][j] = least;
        }
    }
    return d[a_length][b_length];
}

/* The one word that continues the text or is continued by it: summary.json, conv, 4.4.2. */
static const char *find_continued(const char *const *words, unsigned count, const char *text, unsigned length)
{
    const char *found = NULL;
    for (unsigned i = 0; i < count; i++) {
        if (strncmp(words[i], text, MIN(length, (unsigned)strlen(words[i]))) != 0)
            continue;
        if (found)
            return NULL;
        found = words[i];
    }
    return found;
}

const char *options_suggest_word(const char *const *words, unsigned count, const char *text, unsigned length)
{
    const char *best = NULL;
    unsigned least = FAR;
    bool alone = false;
    for (unsigned i = 0; length && i < count; i++) {
        unsigned word_length = (unsigned)strlen(words[i]);
        unsigned errors = count_errors(words[i], word_length, text, length);
        if (errors > MAX(1U, word_length / 3) || errors >= MIN(word_length, length) || errors > least)
            continue;
        alone = errors < least;
        least = errors;
        best = words[i];
    }
    if (best)
        return alone ? best : NULL;
    return length ? find_continued(words, count, text, length) : NULL;
}

const char *options_suggest_instead(char letter)
{
    static const struct {
        char letter;
        const char *instead;
    } known[] = {
        {'Y', "display filters are Wireshark's: '-f' takes a capture filter"},
        {'R', "display filters are Wireshark's: '-f' takes a capture filter"},
        {'w', "'--extract FILE' writes the frames of what was found"},
        {'c', "'--frames N' ends a live capture after N frames"},
        {'a', "'--duration S' ends a live capture after S seconds"},
        {'b', "'--rotate LIMIT' begins new report files"},
        {'G', "'--rotate LIMIT' begins new report files"},
        {'T', "'--format' chooses how rows are written"},
        {'n', "addresses and ports are never resolved"},
    };
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (known[i].letter == letter)
            return known[i].instead;
    return NULL;
}
