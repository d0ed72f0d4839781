/* The steps of a run: open the filter, the input and the reports, connect them with a pipeline, run it,
 * report. A step that fails prints why and returns the exit status; then the steps after it are skipped.
 *
 * Length: the parts of a run are made, connected and closed here, in one place and in one order. */
#include "cli/run.h"
#include "cli/clocks.h"
#include "cli/combine.h"
#include "cli/destination.h"
#include "cli/extract.h"
#include "cli/follow.h"
#include "cli/form.h"
#include "cli/interrupt.h"
#include "cli/live.h"
#include "cli/metrics.h"
#include "cli/privileges.h"
#include "cli/problems_print.h"
#include "cli/progress.h"
#include "cli/service.h"
#include "cli/state.h"
#include "io/filters/bpf.h"
#include "io/html/html.h"
#include "io/message.h"
#include "io/reports/csv.h"
#include "io/reports/earlier.h"
#include "io/reports/names.h"
#include "io/reports/statistics.h"
#include "io/reports/summary.h"
#include "io/sets/set_source.h"
#include "io/sheets/schema.h"
#include "io/sheets/workbook.h"
#include "io/timers.h"

#include <errno.h>
#include <stdlib.h>

static sighandler_t pipe_signal; /* what SIGPIPE did before the run */

/* The parts of a run, in the order in which they are made. */
struct run {
    const struct options *options;
    const struct inputs *inputs;
    const struct combine *combine; /* NULL: nothing of the kind */
    struct problems *problems;
    struct problems
        failures; /* of the run itself and what it writes, for the summary; they have been printed */
    struct destination destination;
    struct bpf *filter; /* NULL: none */
    struct stop *stop;
    struct set_source_params set; /* of files */
    struct set_source *files;     /* this */
    struct set_relay *relay;      /* or this, fed by the state */
    struct live *live;            /* or this */
    struct state *state;          /* NULL: nobody asks for one */
    struct follow *follow;        /* NULL: no directory is followed */
    struct source *source;        /* what frames come from, whichever it is */
    unsigned threads;
    struct timers timers;      /* that verdicts compare gaps with */
    struct listing *listing;   /* NULL: reports are written in another form */
    struct workbook *workbook; /* NULL: nobody asks for one */
    struct csv_sink *sink;
    struct extract *extract;       /* NULL: nobody asks for it */
    struct html *html;             /* the report page; NULL: not wanted */
    struct pipeline_params params; /* of the pipeline */
    struct pipeline *pipeline;
    struct metrics *metrics;        /* NULL: nobody asks for them */
    struct port_counters *counters; /* one a port, once the run has ended */
    size_t port_count;
    struct clock_shift *shifts; /* one an input; NULL: no times are moved */
};

enum exit_status fail_memory(void)
{
    message_error("out of memory");
    return EXIT_INPUT;
}

enum exit_status finish_standard_output(void)
{
    errno = EIO; /* of a write that failed earlier nothing else is known */
    if (!fflush(stdout) && !ferror(stdout))
        return EXIT_DONE;
    message_error("standard output: cannot write: %s", strerror(errno));
    return EXIT_OUTPUT;
}

static enum exit_status open_filter(struct run *r)
{
    char error[512];
    if (!r->options->filter || r->options->interface_count) /* there the kernel filters */
        return EXIT_DONE;
    enum bpf_result result = bpf_create(&r->filter, r->options->filter, r->problems, error, sizeof error);
    if (result == BPF_CREATED)
        return EXIT_DONE;
    message_error("--filter: %s", error);
    return result == BPF_WRONG ? EXIT_USAGE : EXIT_INPUT;
}

/* Inputs that a state tells of, or that come while the run lasts, by way of a relay. */
static enum exit_status open_state(struct run *r)
{
    const bool follows = r->options->follow_count;
    enum exit_status status = state_open(&r->state, r->options, r->inputs, &r->timers);
    if (status == EXIT_DONE)
        status = follows ? follow_open(&r->follow, r->options, r->state, r->problems, r->stop)
                         : state_take_inputs(r->state, r->inputs, r->problems);
    if (status != EXIT_DONE)
        return status;
    r->relay = set_relay_create(follows ? follow_feed(r->follow) : state_feed(r->state));
    if (!r->relay)
        return fail_memory();
    r->source = set_relay_source(r->relay);
    r->threads = r->options->threads;
    return EXIT_DONE;
}

static enum exit_status open_files(struct run *r)
{
    const struct options *o = r->options;
    struct set_source_params params = {
        .paths = (const char *const *)r->inputs->paths,
        .count = r->inputs->count,
        .looks = r->inputs->looks,
        .append = o->append,
        .sort_window = o->sort_window,
        .notes_interfaces = o->key_parts & KEY_INTERFACE,
        .threads = o->threads,
        .ahead = o->threads + 1,
        .problems = r->problems,
        .stop = r->stop,
    };
    enum exit_status status = clocks_find(o, r->inputs, &r->shifts);
    if (status != EXIT_DONE)
        return status;
    params.shifts = r->shifts;
    interrupt_catch(); /* opening files may already wait, for the writer of a FIFO */
    r->set = params;
    if (o->state || o->follow_count)
        return open_state(r);
    r->files = set_source_create(&params);
    if (!r->files)
        return fail_memory();
    r->source = set_source_source(r->files);
    r->threads = o->threads;
    return EXIT_DONE;
}

/* What is opened behind this, reports among it, is opened as the user that the options name. */
static enum exit_status open_live(struct run *r)
{
    struct user user;
    enum exit_status status = r->options->user ? user_find(&user, r->options->user) : EXIT_DONE;
    if (status == EXIT_DONE)
        status = live_open(&r->live, r->options, r->problems, r->stop);
    if (status == EXIT_DONE && r->options->user)
        status = user_become(&user);
    if (status != EXIT_DONE)
        return status;
    r->source = live_source(r->live);
    r->threads = live_threads(r->live);
    return EXIT_DONE;
}

static enum exit_status open_input(struct run *r)
{
    if (interrupt_init(&r->stop)) {
        message_error("cannot create an event descriptor: %s", strerror(errno));
        return EXIT_INPUT;
    }
    if (r->combine) {
        r->source = kept_source_source(r->combine->source);
        r->threads = r->options->threads;
        return EXIT_DONE;
    }
    return live_wanted(r->options) ? open_live(r) : open_files(r);
}

static enum exit_status read_timers(struct run *r)
{
    r->timers = verdict_timers;
    if (!r->options->timers)
        return EXIT_DONE;
    enum timers_result result = timers_read(&r->timers, r->options->timers);
    return result == TIMERS_READ ? EXIT_DONE : result == TIMERS_WRONG ? EXIT_USAGE : EXIT_INPUT;
}

/* The sink of the other reports. */
static struct sink *inner_sink(const struct run *r)
{
    return extract_sink(r->extract, csv_sink_sink(r->sink));
}

static enum exit_status open_page(struct run *r)
{
    const struct html_params params = {.inner = inner_sink(r), .endpoints = !options_forget(r->options)};
    if (!r->options->page)
        return EXIT_DONE;
    r->html = html_create(&params);
    return r->html ? EXIT_DONE : fail_memory();
}

static enum exit_status open_reports(struct run *r)
{
    const struct options *o = r->options;
    const struct timers *timers = o->verdicts == VERDICTS_ON ? &r->timers : NULL;
    if (o->format == FORMAT_TEXT &&
        !(r->listing = form_listing(o, r->inputs->count > 1 || r->follow, timers)))
        return fail_memory();
    signal(SIGXFSZ, SIG_IGN); /* of a limit on sizes: write() fails instead */
    enum exit_status status = destination_open(&r->destination, o, r->inputs);
    if (status != EXIT_DONE && o->user)
        message_error(
            "reports are written as the user '%s' (--user): the directory has to be one that it can write",
            o->user);
    if (status == EXIT_DONE)
        status = metrics_check_name(o);
    if (status != EXIT_DONE)
        return status;
    const struct workbook_params workbook = {
        .outputs = r->destination.directory,
        .directory = o->output,
        .failures = &r->failures,
        .endpoints = o->verdicts == VERDICTS_ON && !options_forget(o),
        .split_rows = o->split_rows,
    };
    if (o->xlsx && !(r->workbook = workbook_create(&workbook)))
        return EXIT_OUTPUT;
    struct csv_params params = {
        .taker = r->workbook ? workbook_taker(r->workbook) : NULL,
        .outputs = r->destination.directory,
        .directory = o->output,
        .failures = &r->failures,
        .format = form_of(o),
        .format_state = r->listing,
        .with_origin = r->inputs->count > 1 || r->state,
        .in_place = o->state || ((r->live || r->follow) && !o->rotate_bytes && !(o->rotate_seconds > 0)),
        .resume = r->state ? state_resume(r->state) : NULL,
        .with_ending = options_forget(o),
        .key_parts = o->key_parts,
        .with_community_id = o->community_id,
        .community_id_seed = o->community_id_seed,
        .timers = timers,
        .for_spreadsheets = o->spreadsheet,
        .with_mark = o->bom,
        .split_rows = o->split_rows,
        .rotate_bytes = o->rotate_bytes,
        .rotate_seconds = o->rotate_seconds,
    };
    memcpy(params.wants, o->reports, sizeof params.wants);
    r->sink = csv_sink_create(&params);
    if (!r->sink)
        return EXIT_OUTPUT;
    const struct extract_params extract = {o, r->inputs, &r->destination.params, csv_sink_sink(r->sink),
                                           &r->failures};
    status = extract_open(&r->extract, &extract);
    return status == EXIT_DONE ? open_page(r) : status;
}

static enum exit_status make_pipeline(struct run *r)
{
    const struct options *o = r->options;
    struct pipeline_params params = {
        .source = r->source,
        .sink = html_sink(r->html, inner_sink(r)),
        .threads = r->threads,
        .rules = o->rules,
        .ignore = o->ignore,
        .ignore_count = o->ignore_count,
        .filter = r->filter ? bpf_filter_of(r->filter) : NULL,
        .max_conversations = o->max_conversations,
        .expire = o->expire,
        .drop_copies = o->drop_copies,
        .key_parts = o->key_parts,
        .port_range = o->port_range,
        .decode_as = decode_as_list_of(o->decode_as, o->decode_as_count),
        .verdicts = {.wanted = o->verdicts == VERDICTS_ON,
                     .answer_window = o->answer_window,
                     .timers = &r->timers},
        .timed = o->stats || o->summary,
    };
    r->params = params;
    r->pipeline = pipeline_create(&params);
    if (!r->pipeline)
        return fail_memory();
    if (!r->state)
        return EXIT_DONE;
    state_begin(r->state, &(struct state_run){r->set, r->pipeline, r->sink, &r->failures});
    return state_load(r->state, r->pipeline);
}

/* The run has ended before its time. Reports hold what was found until then. */
static enum exit_status fail_run(struct run *r, const char *why)
{
    const char *missing = "";
    if (pipeline_totals(r->pipeline)->rest_is_missing)
        missing = ", and conversations, endpoints and reuses that waited for their answer are missing";
    problems_tell(&r->failures, "", "%s: the reports end before the input does%s", why, missing);
    return EXIT_INPUT;
}

static enum exit_status status_of(struct run *r, enum pipeline_error error)
{
    switch (error) {
    case PIPELINE_OK:
        return EXIT_DONE;
    case PIPELINE_MEMORY:
        return fail_run(r, "out of memory");
    case PIPELINE_WRITE:
        return EXIT_OUTPUT; /* csv_sink_close() prints what could not be written */
    case PIPELINE_THREAD:
        return fail_run(r, "cannot start a thread");
    case PIPELINE_RANDOM:
        return fail_run(r, "cannot get random numbers from the kernel");
    case PIPELINE_DAMAGED:
        return fail_run(r, "a batch in the pieces contradicts itself");
    }
    return EXIT_INPUT;
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
    struct service *service = service_begin(r->pipeline);
    enum pipeline_error error = pipeline_run(r->pipeline);
    service_end(service);
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

static enum exit_status count_ports(struct run *r)
{
    const size_t count = live_count(r->live);
    if (!count)
        return EXIT_DONE;
    r->counters = calloc(count, sizeof *r->counters);
    if (!r->counters) {
        problems_tell(&r->failures, "", "out of memory: what each port received and lost is missing");
        return EXIT_INPUT;
    }
    r->port_count = count;
    for (size_t i = 0; i < count; i++)
        live_counters(r->live, i, &r->counters[i]);
    return EXIT_DONE;
}

static struct summary summarise(const struct run *r)
{
    const struct pipeline_totals *totals = pipeline_totals(r->pipeline);
    struct summary summary = {
        .totals = totals,
        .problems = r->problems,
        .failures = &r->failures,
        .rules = r->options->rules,
        .threads = r->threads,
        .files = r->inputs->count,
        .files_opened = r->files ? set_source_opened(r->files) : 0,
        .bytes = r->files ? set_source_bytes(r->files, totals->stopped) : totals->decoded.captured_bytes,
        .bytes_total = r->files ? set_source_bytes_total(r->files) : 0,
        .memory = memory_use_now(),
        .ports = r->counters,
        .port_count = r->port_count,
        .drops_copies = r->options->drop_copies,
        .in_file_order = !r->live && !r->options->sort_window,
        .forgets = options_forget(r->options),
        .verdicts = r->options->verdicts == VERDICTS_ON,
        .told = r->listing,
        .unread = live_unread(r->live),
    };
    if (r->state) { /* of this run and those that it goes on with */
        summary.files = summary.files_opened = state_files(r->state);
        summary.bytes = summary.bytes_total = state_bytes(r->state);
    }
    if (r->follow)
        summary.bytes_total = 0; /* nobody knows it */
    if (r->combine) {
        summary.files_opened = combine_opened(r->combine);
        summary.bytes = summary.bytes_total = combine_bytes(r->combine);
        summary.in_file_order = true;
        summary.ranks = r->combine->shares;
        summary.rank_count = r->combine->share_count;
    }
    return summary;
}

static int write_summary(const struct run *r, const struct summary *summary, FILE *to)
{
    (void)r;
    summary_write_json(summary, to);
    return 0;
}

static int write_page(const struct run *r, const struct summary *summary, FILE *to)
{
    const struct options *o = r->options;
    char rows[64];
    snprintf(rows, sizeof rows, "%s%s", report_names[REPORT_REUSE], form_of(o)->suffix);
    const struct html_about about = {
        .inputs = r->follow ? o->follow : (const char *const *)r->inputs->paths,
        .input_count = r->follow ? (size_t)o->follow_count : r->inputs->count,
        .rows = o->reports[REPORT_REUSE] ? rows : NULL,
        .no_endpoints = o->verdicts == VERDICTS_OFF ? "--verdicts off"
                        : !options_forget(o)        ? NULL
                        : o->expire                 ? "--expire"
                                                    : "--max-conversations",
    };
    return html_write(r->html, summary, &about, to);
}

/* A file of the directory that is no report of rows. write: 0, or -1 with errno. */
static enum exit_status write_file(struct run *r, const struct summary *summary, const char *name,
                                   int (*write)(const struct run *, const struct summary *, FILE *to))
{
    struct output *file = output_create(r->destination.directory, name);
    FILE *stream = file ? output_stream(file) : NULL;
    if (stream && !write(r, summary, stream)) {
        if (!output_commit(file))
            return EXIT_DONE;
    } else {
        const int error = errno;
        output_discard(file);
        errno = error;
    }
    outputs_tell(&r->failures, r->options->output, name, outputs_explain(errno));
    return EXIT_OUTPUT;
}

static bool is_complete(const struct run *r)
{
    return !pipeline_totals(r->pipeline)->stopped && !problems_errors(r->problems) &&
           !problems_errors(&r->failures);
}

/* The summary, which says what the others are, comes last; each of the others says what is known by then. */
static enum exit_status write_files(struct run *r, struct summary *summary, enum exit_status status)
{
    if (r->options->schema &&
        schema_write(r->sink, r->destination.directory, r->options->output, &r->failures))
        status = EXIT_OUTPUT;
    summary->complete = is_complete(r);
    if (r->workbook && workbook_write(r->workbook, csv_sink_sink(r->sink), summary))
        status = EXIT_OUTPUT;
    summary->complete = is_complete(r);
    if (r->html && write_file(r, summary, PAGE_FILE, write_page) != EXIT_DONE)
        status = EXIT_OUTPUT;
    summary->complete = status == EXIT_DONE && is_complete(r);
    if (r->options->summary && write_file(r, summary, SUMMARY_FILE, write_summary) != EXIT_DONE)
        status = EXIT_OUTPUT;
    return status;
}

/* Was there no input that could be read, though nobody interrupted the search for it? */
static bool lacks_input(const struct run *r)
{
    const size_t opened = r->files     ? set_source_opened(r->files)
                          : r->combine ? combine_opened(r->combine)
                                       : 1;
    return !opened && problems_errors(r->problems) && !pipeline_totals(r->pipeline)->stopped;
}

/* Names the reports in the directory that an earlier run wrote and this one did not. */
static void print_earlier(const struct run *r)
{
    const struct options *o = r->options;
    bool written[REPORT_NAMES] = {
        [REPORT_SUMMARY] = o->summary,
        [REPORT_SCHEMA] = o->schema,
        [REPORT_XLSX] = o->xlsx,
        [REPORT_PAGE] = o->page,
    };
    memcpy(written, o->reports, sizeof o->reports);
    if (o->output && !o->quiet)
        earlier_print(o->output, written, form_of(o)->suffix);
}

/* Says so where they do not. */
static enum exit_status check_counts(struct run *r, enum exit_status status)
{
    if (status != EXIT_DONE || pipeline_totals(r->pipeline)->conserved)
        return status;
    problems_tell(&r->failures, "",
                  "frame counts do not add up; this is a bug in tcpreuse, please report it");
    return EXIT_INPUT;
}

/* Closes the reports, gives the extract, and prints what was found. status: of the run so far. */
static enum exit_status report(struct run *r, enum exit_status status)
{
    const struct options *o = r->options;
    enum exit_status counted = count_ports(r);
    if (counted != EXIT_DONE)
        status = counted;
    status = check_counts(r, status);
    struct summary summary = summarise(r);
    const bool lacking = lacks_input(r);
    /* Without input, scripts find reports without rows in a directory, and nothing on standard output. */
    if ((!lacking || o->output) && csv_sink_close(r->sink))
        status = EXIT_OUTPUT;
    const struct extract_run ended = {status, lacking, &r->set, &r->params, summary.totals};
    const enum exit_status extracted = extract_finish(r->extract, &ended);
    status = write_files(r, &summary, status);
    if (lacking)
        return status;
    if (!o->quiet && status == EXIT_DONE)
        summary_print(&summary, stderr);
    print_earlier(r);
    if (o->stats && status == EXIT_DONE)
        statistics_print(&summary, stderr);
    summary_print_drops(&summary, stderr);
    return status == EXIT_DONE ? extracted : status;
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
    enum exit_status status = open_filter(&r);
    if (status == EXIT_DONE)
        status = read_timers(&r);
    if (status == EXIT_DONE)
        status = metrics_open(&r.metrics, options);
    if (status == EXIT_DONE)
        status = open_input(&r);
    if (status == EXIT_DONE)
        status = open_reports(&r);
    if (status == EXIT_DONE)
        status = make_pipeline(&r);
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
        status = report(&r, status);
        interrupt_release();
        status = exit_status_of(&r, status);
    }
    const bool lost_reader = csv_sink_lost_reader(r.sink);
    close_run(&r);
    if (lost_reader)
        end_for_lost_reader();
    return status;
}
