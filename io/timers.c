/* Timers from a file: one a line, sorted by time. */
#include "io/timers.h"
#include "io/message.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *name;
    unsigned kind;
} kinds[] = {
    {"fin", TIMER_AFTER_FIN}, {"rst", TIMER_AFTER_RST}, {"close", TIMER_AFTER_CLOSE}, {"idle", TIMER_IDLE}};

static bool read_kind(const char *word, unsigned *kind)
{
    for (size_t i = 0; i < ARRAY_LEN(kinds); i++)
        if (!strcmp(kinds[i].name, word)) {
            *kind = kinds[i].kind;
            return true;
        }
    return false;
}

static bool read_name(const char *word, char name[TIMER_NAME_MAX + 1])
{
    const size_t length = strspn(word, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.");
    if (!length || length > TIMER_NAME_MAX || word[length])
        return false;
    memcpy(name, word, length + 1);
    return true;
}

static bool read_seconds(const char *word, int64_t *ns)
{
    enum { SECONDS_MAX = 1000000000 };
    char *end;
    const double seconds = strtod(word, &end);
    if (end == word || *end || !(seconds > 0 && seconds <= SECONDS_MAX))
        return false;
    *ns = (int64_t)(seconds * 1e9 + 0.5);
    return *ns > 0;
}

/* The next field of the line, without the spaces around it. */
static char *next_field(char **line)
{
    char *field = strsep(line, ",");
    if (!field)
        return NULL;
    field += strspn(field, " \t");
    for (char *end = field + strlen(field); end > field && strchr(" \t\r\n", end[-1]);)
        *--end = 0;
    return field;
}

/* NULL, or what is wrong with the line. */
static const char *read_line(struct timers *timers, char *line)
{
    struct timer t = {0};
    char *name = next_field(&line), *kind = next_field(&line), *seconds = next_field(&line);
    if (!name || !kind || !seconds || next_field(&line))
        return "expected three fields: name,kind,seconds";
    if (!read_name(name, t.name))
        return "expected a name of 1 to 31 letters, digits, '-', '_' or '.'";
    if (!read_kind(kind, &t.kind))
        return "expected a kind: fin, rst, close or idle";
    if (!read_seconds(seconds, &t.ns))
        return "expected seconds, above 0 and up to 1,000,000,000";
    if (timers->count == TIMERS_MAX)
        return "expected at most 64 timers";
    timers->timer[timers->count++] = t;
    return NULL;
}

static int by_time_then_name(const void *a, const void *b)
{
    const struct timer *x = a, *y = b;
    if (x->ns != y->ns)
        return x->ns < y->ns ? -1 : 1;
    return strcmp(x->name, y->name);
}

static bool is_blank(const char *line, unsigned number)
{
    line += strspn(line, " \t\r\n");
    return !*line || *line == '#' || (number == 1 && !strncmp(line, "name,kind,seconds", 17));
}

enum timers_result timers_read(struct timers *timers, const char *path)
{
    FILE *f = fopen(path, "r");
    enum timers_result result = TIMERS_READ;
    char *line = NULL;
    size_t size = 0;
    timers->count = 0;
    if (!f) {
        message_error("%s: %s", path, strerror(errno));
        return TIMERS_UNREADABLE;
    }
    ssize_t length;
    for (unsigned number = 1; result == TIMERS_READ && (length = getline(&line, &size, f)) >= 0; number++) {
        const char *wrong = NULL;
        if (strlen(line) != (size_t)length)
            wrong = "expected text, found a zero byte";
        else if (!is_blank(line, number))
            wrong = read_line(timers, line);
        if (wrong) {
            message_error("%s: line %u: %s", path, number, wrong);
            result = TIMERS_WRONG;
        }
    }
    if (ferror(f)) {
        message_error("%s: cannot read: %s", path, strerror(errno));
        result = TIMERS_UNREADABLE;
    }
    fclose(f);
    free(line);
    qsort(timers->timer, timers->count, sizeof *timers->timer, by_time_then_name);
    return result;
}
