/* Opens what the files of a run go to, and tells it which files the run reads. */
#include "cli/destination.h"
#include "cli/form.h"
#include "io/message.h"
#include "io/reports/names.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

/* Which file a path names; all zeros for standard input, or where there is none. */
static struct output_input identify(const char *path, const struct look *look)
{
    struct stat st;
    if (look->inode)
        return (struct output_input){look->device, look->inode};
    if (!strcmp(path, "-") || stat(path, &st))
        return (struct output_input){0};
    return (struct output_input){st.st_dev, st.st_ino};
}

enum exit_status destination_prepare(struct destination *d, const struct options *o,
                                     const struct inputs *inputs)
{
    d->inputs = calloc(inputs->count + 1, sizeof *d->inputs);
    if (!d->inputs)
        return fail_memory();
    for (size_t i = 0; i < inputs->count; i++)
        d->inputs[i] = identify(inputs->paths[i], &inputs->looks[i]);
    d->params = (struct outputs_params){
        .sync = o->sync,
        .inputs = d->inputs,
        .input_count = inputs->count,
        .voucher = o->summary ? SUMMARY_FILE : NULL,
    };
    return EXIT_DONE;
}

enum exit_status destination_open(struct destination *d, const struct options *o, const struct inputs *inputs)
{
    const enum exit_status status = destination_prepare(d, o, inputs);
    if (!o->output || status != EXIT_DONE)
        return status;
    d->directory = outputs_open(o->output, &d->params);
    return d->directory ? EXIT_DONE : EXIT_OUTPUT;
}

void destination_close(struct destination *d)
{
    outputs_close(d->directory);
    free(d->inputs);
}

/* Skips the number of a file behind its mark, if there is one. */
static const char *skip_number(const char *s, char mark)
{
    const size_t digits = *s == mark ? strspn(s + 1, "0123456789") : 0;
    return digits ? s + 1 + digits : s;
}

/* Is it the name of a file that the run may write into its directory? */
static bool is_file_of_run(const struct options *o, const char *name)
{
    const struct {
        bool wanted;
        const char *name;
    } others[] = {{o->summary, SUMMARY_FILE}, {o->schema, SCHEMA_FILE}, {o->schema, DATA_PACKAGE_FILE},
                  {o->xlsx, XLSX_FILE},       {o->page, PAGE_FILE},     {true, OUTPUTS_LOCK}};
    for (unsigned i = 0; i < ARRAY_LEN(others); i++)
        if (others[i].wanted && !strcmp(name, others[i].name))
            return true;
    for (unsigned r = 0; r < REPORTS; r++) {
        const size_t n = strlen(report_names[r]);
        if (o->reports[r] && !strncmp(name, report_names[r], n) &&
            !strcmp(skip_number(skip_number(name + n, '.'), '-'), form_of(o)->suffix))
            return true;
    }
    return false;
}

enum exit_status destination_check_name(const struct options *o, const char *option, const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
    struct stat of_path, of_reports;
    if (!o->output || !is_file_of_run(o, name))
        return EXIT_DONE;
    char *directory = slash ? strndup(path, (size_t)(slash - path) + 1) : strdup(".");
    if (!directory)
        return fail_memory();
    const bool same = !stat(directory, &of_path) && !stat(o->output, &of_reports) &&
                      of_path.st_dev == of_reports.st_dev && of_path.st_ino == of_reports.st_ino;
    free(directory);
    if (!same)
        return EXIT_DONE;
    message_error("option '%s': %s is a file that this run writes for '-o': choose another name", option,
                  path);
    return EXIT_USAGE;
}
