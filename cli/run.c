/* A run: its parts are made (run_open.c), the pipeline runs, reports are closed (run_report.c), and all of it
 * is put away. A step that fails prints why and returns the exit status; then the steps after it are
 * skipped. */
#include "cli/confine.h"
#include "cli/interrupt.h"
#include "cli/problems_print.h"
#include "cli/progress.h"
#include "cli/run_internal.h"
#include "io/memory_limit.h"
#include "io/message.h"

#include <errno.h>
#include <stdlib.h>

static sighandler_t pipe_signal; /* what SIGPIPE did before the run */

/* The run has ended before its time. Reports hold what was found until then. */
static enum exit_status fail_run(struct run *r, const char *why)
{
    const char *missing = "";
    if (pipeline_totals(r->pipeline)->rest_is_missing)
        missing = ", and conversations, endpoints and reuses that waited for their answer are missing";
    problems_tell(&r->failures, "", "%s: the reports end before the input does%s", why, missing);
    return EXIT_INPUT;
}

/* Memory came to its limit. What was claimed until then has been done, so the reports are whole so far. A state is not
 * saved: the next run would begin with as many conversations, at the same limit. */
static enum exit_status fail_limit(struct run *r)
{
    char limit[MEMORY_TEXT];
    const char *state = r->options->state;
    problems_tell(&r->failures, "",
                  "memory limit of %s reached: the reports end before the input does, with %llu "
                  "conversations; %s%s",
                  memory_limit_text(r->memory_limit, limit),
                  (unsigned long long)pipeline_totals(r->pipeline)->conversations,
                  state ? state : "see --expire, --memory-limit",
                  state ? " stays as it was, and the next run needs a higher --memory-limit" : "");
    return EXIT_INPUT;
}

static enum exit_status status_of(struct run *r, enum pipeline_error error)
{
    switch (error) {
    case PIPELINE_OK:
        return pipeline_totals(r->pipeline)->limited ? fail_limit(r) : EXIT_DONE;
    case PIPELINE_WRITE:
        return EXIT_OUTPUT; /* csv_sink_close() prints what could not be written */
    default:
        return fail_run(r, pipeline_error_text(error));
    }
}

static enum exit_status run_pipeline(struct run *r)
{
    const struct options *o = r->options;
    struct progress_params params = {
        .mode = o->progress,
        .quiet = o->quiet,
        .interval = o->stats_interval,
        .rows_on_output = !o->output,
        .json = o->stats_format == STATS_JSON,
        .pipeline = r->pipeline,
        .files = r->files,
        .relay = r->relay,
        .follows = r->follow,
        .live = r->live,
        .gauge = r->combine ? r->combine->gauge : NULL,
    };
    if (r->live || r->combine)
        interrupt_catch();
    interrupt_stops(r->pipeline);
    live_announce(r->live, o);
    pipe_signal = signal(SIGPIPE, SIG_IGN); /* write() fails instead, which sets the exit status */

    if (metrics_start(r->metrics, r->pipeline, r->live) != EXIT_DONE)
        return EXIT_OUTPUT;
    struct progress *progress = progress_start(&params);
    service_begin(r->service, r->pipeline);
    enum pipeline_error error = pipeline_run(r->pipeline);
    service_end(r->service);
    r->service = NULL;
    progress_stop(progress);
    if (r->files && pipeline_totals(r->pipeline)->stopped)
        set_source_note_unread(r->files);
    const enum exit_status measured = metrics_finish(r->metrics);
    enum exit_status status = status_of(r, error);
    if (status == EXIT_DONE)
        status = measured;
    if (status == EXIT_DONE && r->state)
        status = state_status(r->state);
    return status;
}

/* Output that could not be written comes first, then an interrupt, then input that could not be read. */
static enum exit_status exit_status_of(const struct run *r, enum exit_status status)
{
    if (status == EXIT_DONE && problems_errors(r->problems))
        status = EXIT_INPUT;
    const bool stopped = pipeline_totals(r->pipeline)->stopped;
    if (interrupt_came() && !stopped && status == EXIT_DONE && !r->options->quiet)
        message_error("interrupted when all had been read: the reports are complete");
    if (status != EXIT_OUTPUT && (stopped || interrupt_came()))
        status = EXIT_INTERRUPTED;
    return status;
}

static void close_run(struct run *r)
{
    interrupt_stops(NULL);
    service_end(r->service);
    metrics_close(r->metrics);
    pipeline_destroy(r->pipeline);
    html_destroy(r->html);
    extract_close(r->extract);
    csv_sink_destroy(r->sink);
    workbook_destroy(r->workbook);
    destination_close(&r->destination);
    listing_destroy(r->listing);
    set_source_destroy(r->files);
    set_relay_destroy(r->relay);
    follow_close(r->follow);
    state_close(r->state);
    live_close(r->live);
    interrupt_close();
    free(r->counters);
    free(r->shifts);
    bpf_destroy(r->filter);
    problems_free(&r->failures);
}

/* As in `| head`: ends the process in the way of a program that does not handle SIGPIPE, unless whoever
 * started it wants this signal to be ignored. */
static void end_for_lost_reader(void)
{
    signal(SIGPIPE, pipe_signal);
    raise(SIGPIPE);
    message_error("standard output: cannot write: %s", strerror(EPIPE));
}

/* Did it end before all pieces were there, so that reports would look as if they were whole? */
static bool is_void(const struct run *r)
{
    return r->combine && r->combine->all_or_nothing && pipeline_totals(r->pipeline)->stopped;
}

enum exit_status run(const struct options *options, const struct inputs *inputs,
                     const struct combine *combine, struct problems *problems)
{
    struct run r = {.options = options,
                    .inputs = inputs,
                    .combine = combine,
                    .problems = problems,
                    .failures = PROBLEMS_INIT};
    enum exit_status status = run_open(&r);
    if (status == EXIT_DONE)
        status = confine(options, inputs);
    if (status == EXIT_DONE) {
        status = run_pipeline(&r);
        if (is_void(&r)) {
            message_error("interrupted: nothing is reported");
            close_run(&r);
            return EXIT_INTERRUPTED;
        }
        if (r.follow)
            follow_print_problems(r.follow);
        else
            problems_print(problems, options->quiet);
        status = run_report(&r, status);
        interrupt_release();
        status = exit_status_of(&r, status);
    }
    const bool lost_reader = csv_sink_lost_reader(r.sink);
    close_run(&r);
    if (lost_reader)
        end_for_lost_reader();
    return status;
}
