/* The end of a run: its reports are closed, what describes them is written, and people are told what was found. */
#include "cli/confine.h"
#include "cli/form.h"
#include "cli/run_internal.h"
#include "io/message.h"
#include "io/reports/earlier.h"
#include "io/reports/names.h"
#include "io/reports/statistics.h"
#include "io/reports/summary.h"
#include "io/sheets/schema.h"

#include <errno.h>
#include <stdlib.h>

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
        .bytes = r->files ? set_source_bytes(r->files, totals->stopped || totals->limited)
                          : totals->decoded.captured_bytes,
        .bytes_total = r->files ? set_source_bytes_total(r->files) : 0,
        .memory = memory_use_now(),
        .memory_limit = r->memory_limit,
        .sandbox = confine_applied(),
        .expire_begun = r->params.expire_begun,
        .ports = r->counters,
        .port_count = r->port_count,
        .drops_copies = r->options->drop_copies,
        .resyncs = r->options->resync,
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
                        : o->max_conversations      ? "--max-conversations"
                                                    : "--expire",
    };
    return html_write(r->html, summary, &about, to);
}

/* A file of the directory that is no report of rows. write: 0, or -1 with errno. */
static enum exit_status write_file(struct run *r, const struct summary *summary, const char *name,
                                   int (*write)(const struct run *, const struct summary *, FILE *to))
{
    struct output *file = output_create(r->destination.directory, name);
    FILE *stream = file ? output_stream(file) : NULL;
    if (!stream || write(r, summary, stream))
        output_discard(file);
    else if (!output_commit(file))
        return EXIT_DONE;
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

enum exit_status run_report(struct run *r, enum exit_status status)
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
