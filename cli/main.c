/* tcpreuse: introduces the parts to each other. */
#include "../io/bpf.h"
#include "../io/csv.h"
#include "../io/inputs.h"
#include "../io/set_source.h"
#include "../io/summary.h"
#include "options.h"
#include "progress.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static struct pipeline *running; /* set before the handler is installed */

/* The first signal ends the run in order, with reports of what was read; a second one ends the process. */
static void handle_interrupt(int number)
{
    pipeline_stop(running);
    signal(number, SIG_DFL);
}

static void print_problems(const struct problems *problems, bool quiet)
{
    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *p = &problems->items[i];
        if (p->note && quiet)
            continue;
        fprintf(stderr, "tcpreuse: %s: ", p->file ? p->file : "?");
        if (p->has_offset)
            fprintf(stderr, "offset %llu: ", (unsigned long long)p->offset);
        fprintf(stderr, "%s\n", p->text ? p->text : "out of memory");
    }
    if (problems->lost)
        fprintf(stderr, "tcpreuse: %zu more problems; there was no memory to keep them\n", problems->lost);
}

static enum exit_status fail_memory(void)
{
    fprintf(stderr, "tcpreuse: out of memory\n");
    return EXIT_INPUT;
}

static enum exit_status status_of(enum pipeline_error error)
{
    switch (error) {
    case PIPELINE_OK:
        return EXIT_DONE;
    case PIPELINE_MEMORY:
        return fail_memory();
    case PIPELINE_WRITE:
        return EXIT_OUTPUT; /* closing the sink says what */
    case PIPELINE_THREAD:
        fprintf(stderr, "tcpreuse: no thread could be started\n");
        return EXIT_INPUT;
    case PIPELINE_RANDOM:
        fprintf(stderr, "tcpreuse: the kernel gave no random numbers\n");
        return EXIT_INPUT;
    }
    return EXIT_INPUT;
}

/* Everything between opening the inputs and closing the reports. */
static enum exit_status run(const struct options *o, const struct inputs *inputs, struct problems *problems)
{
    enum exit_status status;
    struct set_source_params set = {
        .paths = (const char *const *)inputs->paths,
        .count = inputs->count,
        .append = o->append,
        .ahead = o->threads + 1,
        .problems = problems,
    };
    struct set_source *source = set_source_create(&set);
    struct csv_sink *sink = NULL;
    struct pipeline *pipeline = NULL;
    struct bpf *filter = NULL;
    char filter_error[512];

    if (!source) {
        status = fail_memory();
        goto end;
    }
    if (o->filter && !(filter = bpf_create(o->filter, problems, filter_error, sizeof filter_error))) {
        fprintf(stderr, "tcpreuse: --filter: %s\n", filter_error);
        status = EXIT_USAGE;
        goto end;
    }
    sink = csv_sink_create(o->output, o->reports, inputs->count > 1);
    if (!sink) {
        status = EXIT_OUTPUT;
        goto end;
    }
    struct pipeline_params params = {
        .source = set_source_source(source),
        .sink = csv_sink_sink(sink),
        .threads = o->threads,
        .rules = o->rules,
        .ignore = o->ignore,
        .ignore_count = o->ignore_count,
        .filter = filter ? bpf_filter_of(filter) : NULL,
    };
    pipeline = pipeline_create(&params);
    if (!pipeline) {
        status = fail_memory();
        goto end;
    }
    running = pipeline;
    signal(SIGINT, handle_interrupt);
    signal(SIGTERM, handle_interrupt);
    signal(SIGPIPE, SIG_IGN); /* write() says so, and the exit status with it */

    struct progress *progress = o->quiet ? NULL : progress_start(o->progress, pipeline, source);
    enum pipeline_error error = pipeline_run(pipeline);
    progress_stop(progress);
    status = status_of(error);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);

    problems_sort(problems);
    print_problems(problems, o->quiet);
    struct summary summary = {
        .totals = pipeline_totals(pipeline),
        .problems = problems,
        .rules = o->rules,
        .threads = o->threads,
        .files = inputs->count,
        .files_opened = set_source_opened(source),
        .bytes = set_source_bytes_done(source),
    };
    if (csv_sink_close(sink))
        status = EXIT_OUTPUT;
    if (o->summary) {
        char *path = NULL;
        if (asprintf(&path, "%s/summary.json", o->output) < 0) {
            status = fail_memory();
        } else {
            if (summary_write_json(&summary, path)) {
                fprintf(stderr, "tcpreuse: %s: cannot be written: %s\n", path, strerror(errno));
                status = EXIT_OUTPUT;
            }
            free(path);
        }
    }
    if (!o->quiet && status == EXIT_DONE)
        summary_print(&summary, stderr);
    if (status == EXIT_DONE && problems_errors(problems))
        status = EXIT_INPUT;
    if (status != EXIT_OUTPUT && pipeline_totals(pipeline)->stopped)
        status = EXIT_INTERRUPTED;
end:
    pipeline_destroy(pipeline);
    csv_sink_destroy(sink);
    set_source_destroy(source);
    bpf_destroy(filter);
    return status;
}

int main(int argc, char **argv)
{
    struct options options;
    struct inputs inputs = {0};
    struct problems problems = PROBLEMS_INIT;
    enum exit_status status = EXIT_DONE;

    switch (options_read(&options, argc, argv)) {
    case OPTIONS_RUN:
        break;
    case OPTIONS_DONE:
        return fflush(stdout) ? EXIT_OUTPUT : EXIT_DONE;
    case OPTIONS_WRONG:
        options_free(&options);
        return EXIT_USAGE;
    }
    for (int i = 0; status == EXIT_DONE && i < options.file_count; i++)
        if (inputs_add(&inputs, options.files[i], options.recursive, &problems))
            status = fail_memory();
    if (status == EXIT_DONE && options.files_from &&
        inputs_add_list(&inputs, options.files_from, options.recursive, &problems))
        status = fail_memory();
    if (status == EXIT_DONE)
        status = run(&options, &inputs, &problems);
    inputs_free(&inputs);
    problems_free(&problems);
    options_free(&options);
    return status;
}
