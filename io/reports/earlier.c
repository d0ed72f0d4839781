/* Which reports of an earlier run stay in the directory. */
#include "io/reports/earlier.h"
#include "io/message.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A list of names, separated by commas. */
struct list {
    size_t n;
    char names[320];
};

/* Adds the file's name if there is such a file. */
static void add_existing(struct list *list, const char *path, const char *name, const char *suffix)
{
    char *file;
    if (asprintf(&file, "%s/%s%s", path, name, suffix) < 0)
        return;
    const size_t room = sizeof list->names - list->n;
    if (!access(file, F_OK) && list->n < sizeof list->names)
        list->n += (size_t)snprintf(list->names + list->n, room, "%s%s%s", list->n ? ", " : "", name, suffix);
    free(file);
}

void earlier_print(const char *path, const bool written[REPORT_NAMES], const char *suffix)
{
    static const char *const suffixes[] = {REPORT_SUFFIX, NDJSON_SUFFIX};
    static const struct {
        unsigned report;
        const char *file;
    } others[] = {{REPORT_SUMMARY, SUMMARY_FILE},
                  {REPORT_SCHEMA, SCHEMA_FILE},
                  {REPORT_XLSX, XLSX_FILE},
                  {REPORT_SCHEMA, DATA_PACKAGE_FILE},
                  {REPORT_PAGE, PAGE_FILE}};
    struct list list = {0};
    for (unsigned i = 0; i < REPORTS; i++)
        for (unsigned k = 0; k < ARRAY_LEN(suffixes); k++)
            if (!written[i] || strcmp(suffix, suffixes[k]) != 0)
                add_existing(&list, path, report_names[i], suffixes[k]);
    for (unsigned i = 0; i < ARRAY_LEN(others); i++)
        if (!written[others[i].report])
            add_existing(&list, path, others[i].file, "");
    if (list.n)
        message_error("%s: not written by this run, but by an earlier one: %s", path, list.names);
}
