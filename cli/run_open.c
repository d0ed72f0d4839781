/* The parts of a run are made and connected here, in one order: filter, timers, input, reports, pipeline. */
#include "cli/clocks.h"
#include "cli/form.h"
#include "cli/interrupt.h"
#include "cli/memory_limit.h"
#include "cli/privileges.h"
#include "cli/run_internal.h"
#include "io/message.h"

#include <errno.h>

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
    r->source->endless = follows;
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
        .resyncs = o->resync,
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
        .key = r->combine ? r->combine->key : NULL,
        .timed = o->stats || o->summary,
    };
    r->memory_limit = memory_limit_of(o);
    memory_limit_apply(o, r->memory_limit, &params);
    r->params = params;
    r->pipeline = pipeline_create(&params);
    if (!r->pipeline)
        return fail_memory();
    if (!r->state)
        return EXIT_DONE;
    state_begin(r->state, &(struct state_run){r->set, r->pipeline, r->sink, &r->failures});
    return state_load(r->state, r->pipeline);
}

enum exit_status run_open(struct run *r)
{
    enum exit_status status = open_filter(r);
    if (status == EXIT_DONE)
        status = read_timers(r);
    if (status == EXIT_DONE)
        status = metrics_open(&r->metrics, r->options);
    r->service = service_open();
    if (status == EXIT_DONE)
        status = open_input(r);
    if (status == EXIT_DONE)
        status = open_reports(r);
    return status == EXIT_DONE ? make_pipeline(r) : status;
}
