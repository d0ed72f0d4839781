/* Opens what the files of a run go to, and tells it which files the run reads. */
#include "cli/destination.h"
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
