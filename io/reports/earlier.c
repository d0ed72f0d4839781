/* Which reports of an earlier run stay in the directory. */
#include "io/reports/earlier.h"
#include "io/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Adds the file's name to the list, with a comma, if there is such a file. */
static size_t add_existing(char *names, size_t n, size_t room, const char *path, const char *name,
                           const char *suffix)
{
    char *file;
    if (asprintf(&file, "%s/%s%s", path, name, suffix) < 0)
        return n;
    if (!access(file, F_OK) && n < room)
        n += (size_t)snprintf(names + n, room - n, "%s%s%s", n ? ", " : "", name, suffix);
    free(file);
    return n;
}

void earlier_print(const char *path, const bool written[REPORT_NAMES], const char *suffix)
{
    static const char *const suffixes[] = {REPORT_SUFFIX, NDJSON_SUFFIX};
    char names[256] = "";
    size_t n = 0;
    for (unsigned i = 0; i < REPORTS; i++)
        for (unsigned k = 0; k < ARRAY_LEN(suffixes); k++)
            if (!written[i] || strcmp(suffix, suffixes[k]) != 0)
                n = add_existing(names, n, sizeof names, path, report_names[i], suffixes[k]);
    if (!written[REPORT_SUMMARY])
        n = add_existing(names, n, sizeof names, path, report_names[REPORT_SUMMARY],
                         strrchr(SUMMARY_FILE, '.'));
    if (n)
        message_error("%s: not written by this run, but by an earlier one: %s", path, names);
}
