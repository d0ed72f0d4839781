/* tcpreuse: introduces the parts to each other. */
#include "cli/options.h"
#include "cli/progress.h"
#include "io/filters/bpf.h"
#include "io/ports/dpdk_source.h"
#include "io/reports/csv.h"
#include "io/reports/names.h"
#include "io/reports/statistics.h"
#include "io/reports/summary.h"
#include "io/sets/inputs.h"
#include "io/sets/set_source.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <unistd.h>

static struct pipeline *_Atomic running;
static struct stop interrupt = {.fd = -1};

/* The first signal ends the run in order, with reports of what was read; a second one ends the process. */
static void handle_interrupt(int number)
{
    stop_ask(&interrupt);
    struct pipeline *pipeline = running;
    if (pipeline)
        pipeline_stop(pipeline);
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

/* Where the frames come from: one of the two. */
struct input {
    struct set_source *files;
    struct dpdk_source *ports;
    struct source *source;
    unsigned threads;
};

static enum exit_status open_files(struct input *in, const struct options *o, const struct inputs *inputs,
                                   struct problems *problems)
{
    struct set_source_params set = {
        .paths = (const char *const *)inputs->paths,
        .count = inputs->count,
        .looks = inputs->looks,
        .append = o->append,
        .threads = o->threads,
        .ahead = o->threads + 1,
        .problems = problems,
        .stop = &interrupt,
    };
    /* Already opening files may wait, for a FIFO's writer. */
    signal(SIGINT, handle_interrupt);
    signal(SIGTERM, handle_interrupt);
    in->files = set_source_create(&set);
    if (!in->files)
        return fail_memory();
    in->source = set_source_source(in->files);
    in->threads = o->threads;
    return EXIT_DONE;
}

static enum exit_status open_ports(struct input *in, const struct options *o)
{
    char error[DPDK_ERROR_MAX];
    struct dpdk_params params = {
        .eal = o->dpdk,
        .ports = o->ports,
        .port_count = o->port_count,
        .queues = o->queues,
        .threads = o->threads,
        .mbufs = o->mbufs,
        .keep_frames = o->ignore_count > 0,
        .frames = o->frames,
        .duration = o->duration,
        .idle_exit = o->idle_exit,
    };
    /* The EAL's threads live on to the end of the process. None of them may handle an interrupt: it would go
     * on while this thread takes apart what the handler uses. */
    sigset_t interrupts, before;
    sigemptyset(&interrupts);
    sigaddset(&interrupts, SIGINT);
    sigaddset(&interrupts, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &interrupts, &before);
    enum dpdk_result result = dpdk_source_open(&in->ports, &params, error);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (result != DPDK_OPEN) {
        fprintf(stderr, "tcpreuse: %s\n", error);
        return result == DPDK_WRONG ? EXIT_USAGE : EXIT_INPUT;
    }
    in->source = dpdk_source_source(in->ports);
    in->threads = dpdk_source_threads(in->ports);
    return EXIT_DONE;
}

static void close_input(struct input *in)
{
    set_source_destroy(in->files);
    dpdk_source_close(in->ports);
}

/* The counters of all ports, at the end. NULL when memory is short. */
static struct port_counters *count_ports(const struct dpdk_source *ports, size_t *count)
{
    *count = dpdk_source_ports(ports);
    struct port_counters *counters = calloc(*count, sizeof *counters);
    for (size_t i = 0; counters && i < *count; i++)
        dpdk_source_counters(ports, i, &counters[i]);
    return counters;
}

/* Says what was found, in the order in which the user wants to know. */
static enum exit_status report(const struct options *o, struct summary *summary, struct csv_sink *sink,
                               enum exit_status status)
{
    if (csv_sink_close(sink))
        status = EXIT_OUTPUT;
    if (o->summary) {
        char *path = NULL;
        if (asprintf(&path, "%s/" SUMMARY_FILE, o->output) < 0) {
            status = fail_memory();
        } else {
            if (summary_write_json(summary, path)) {
                fprintf(stderr, "tcpreuse: %s: cannot be written: %s\n", path, strerror(errno));
                status = EXIT_OUTPUT;
            }
            free(path);
        }
    }
    if (!o->quiet && status == EXIT_DONE)
        summary_print(summary, stderr);
    if (o->stats && status == EXIT_DONE)
        statistics_print(summary, stderr);
    summary_print_drops(summary, stderr);
    if (status == EXIT_DONE && !summary->totals->conserved) {
        fprintf(stderr,
                "tcpreuse: the counts of frames do not add up: an error of tcpreuse, please report it\n");
        status = EXIT_INPUT;
    }
    return status;
}

/* Everything between opening the inputs and closing the reports. */
static enum exit_status run(const struct options *o, const struct inputs *inputs, struct problems *problems)
{
    enum exit_status status;
    struct input input = {0};
    struct csv_sink *sink = NULL;
    struct pipeline *pipeline = NULL;
    struct bpf *filter = NULL;
    struct port_counters *ports = NULL;
    size_t port_count = 0;
    char filter_error[512];

    if (o->filter) {
        enum bpf_result result = bpf_create(&filter, o->filter, problems, filter_error, sizeof filter_error);
        if (result != BPF_CREATED) {
            fprintf(stderr, "tcpreuse: --filter: %s\n", filter_error);
            status = result == BPF_WRONG ? EXIT_USAGE : EXIT_INPUT;
            goto end;
        }
    }
    if (stop_init(&interrupt)) {
        fprintf(stderr, "tcpreuse: no event descriptor: %s\n", strerror(errno));
        status = EXIT_INPUT;
        goto end;
    }
    status = o->dpdk ? open_ports(&input, o) : open_files(&input, o, inputs, problems);
    if (status != EXIT_DONE)
        goto end;
    struct csv_params csv = {.directory = o->output,
                             .with_origin = inputs->count > 1,
                             .with_ending = o->max_conversations || o->expire,
                             .rotate_bytes = o->rotate_bytes,
                             .rotate_seconds = o->rotate_seconds};
    memcpy(csv.wants, o->reports, sizeof csv.wants);
    sink = csv_sink_create(&csv);
    if (!sink) {
        status = EXIT_OUTPUT;
        goto end;
    }
    struct pipeline_params params = {
        .source = input.source,
        .sink = csv_sink_sink(sink),
        .threads = input.threads,
        .rules = o->rules,
        .ignore = o->ignore,
        .ignore_count = o->ignore_count,
        .filter = filter ? bpf_filter_of(filter) : NULL,
        .max_conversations = o->max_conversations,
        .expire = o->expire,
        .timed = o->stats || o->summary,
    };
    pipeline = pipeline_create(&params);
    if (!pipeline) {
        status = fail_memory();
        goto end;
    }
    running = pipeline;
    if (input.ports) {
        signal(SIGINT, handle_interrupt);
        signal(SIGTERM, handle_interrupt);
    }
    if (stop_is_asked(&interrupt)) /* before there was a pipeline */
        pipeline_stop(pipeline);
    signal(SIGPIPE, SIG_IGN); /* write() says so, and the exit status with it */

    struct progress_params display = {.mode = o->progress,
                                      .quiet = o->quiet,
                                      .interval = o->stats_interval,
                                      .json = o->stats_json,
                                      .pipeline = pipeline,
                                      .files = input.files,
                                      .ports = input.ports};
    struct progress *progress = progress_start(&display);
    enum pipeline_error error = pipeline_run(pipeline);
    progress_stop(progress);
    status = status_of(error);
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);

    problems_sort(problems);
    print_problems(problems, o->quiet);
    if (input.ports && !(ports = count_ports(input.ports, &port_count)))
        status = fail_memory();
    struct summary summary = {
        .totals = pipeline_totals(pipeline),
        .problems = problems,
        .rules = o->rules,
        .threads = input.threads,
        .files = inputs->count,
        .files_opened = input.files ? set_source_opened(input.files) : 0,
        .bytes =
            input.files ? set_source_bytes(input.files) : pipeline_totals(pipeline)->decoded.captured_bytes,
        .memory = memory_use_now(),
        .ports = ports,
        .port_count = ports ? port_count : 0,
        .forgets = o->max_conversations || o->expire,
        .unread = input.ports ? dpdk_source_unread(input.ports) : 0,
    };
    status = report(o, &summary, sink, status);
    if (status == EXIT_DONE && problems_errors(problems))
        status = EXIT_INPUT;
    if (status != EXIT_OUTPUT && pipeline_totals(pipeline)->stopped)
        status = EXIT_INTERRUPTED;
end:
    running = NULL;
    pipeline_destroy(pipeline);
    csv_sink_destroy(sink);
    close_input(&input);
    stop_close(&interrupt);
    free(ports);
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
    inputs.threads = options.threads;
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
