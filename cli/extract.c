/* Beside the reports: the display filter and the extract of the conversations that take part in a reuse.
 *
 * Which conversations do is known at the end of the run only. So an extract takes two more passes over the files: one
 * with the pipeline again, which selects frames by their streams, and one frame by frame, which writes them. */
#include "cli/extract.h"
#include "cli/destination.h"
#include "cli/interrupt.h"
#include "io/guard.h"
#include "io/message.h"
#include "io/reports/participants.h"
#include "io/reports/pcapng_writer.h"
#include "io/reports/selection.h"
#include "io/sets/set_walk.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

struct extract {
    const struct options *options;
    struct problems *failures;
    struct participants *participants;
    struct output *file;          /* NULL: there is none, or it is standard output */
    struct pcapng_writer *writer; /* NULL: no extract */
};

static enum exit_status fail_write(const struct extract *e, int error)
{
    const char *path = e->options->extract;
    problems_tell(e->failures, strcmp(path, "-") ? path : "standard output", "cannot write: %s",
                  outputs_explain(error));
    return EXIT_OUTPUT;
}

/* Reading the inputs again gave something else. problems: of that. */
static enum exit_status fail_changed(const struct extract *e, const struct problems *problems)
{
    const struct problem *p = problems->items;
    for (size_t i = 0; i < problems->count; i++, p++)
        if (!p->note && p->file && p->text) {
            problems_tell(e->failures, e->options->extract, "not written: %s: %s", p->file, p->text);
            return EXIT_INPUT;
        }
    problems_tell(e->failures, e->options->extract, "not written: an input has changed while it was read");
    return EXIT_INPUT;
}

static enum exit_status fail_interrupted(const struct extract *e)
{
    problems_tell(e->failures, e->options->extract, "not written: interrupted");
    return EXIT_INTERRUPTED;
}

static enum exit_status fail_limited(const struct extract *e)
{
    problems_tell(e->failures, e->options->extract, "not written: memory limit reached (--memory-limit)");
    return EXIT_INPUT;
}

static enum exit_status fail_pipeline(const struct extract *e, enum pipeline_error error)
{
    const char *path = e->options->extract;
    problems_tell(e->failures, path ? path : "standard output", "not written: %s",
                  pipeline_error_text(error));
    return EXIT_INPUT;
}

static enum exit_status fail_short(const struct extract *e)
{
    return fail_pipeline(e, PIPELINE_MEMORY);
}

/* The inputs can be read again, and are not what is to be written. */
static enum exit_status check_inputs(const char *extract, const struct inputs *inputs)
{
    struct stat out, in;
    const bool exists = strcmp(extract, "-") && !stat(extract, &out);
    for (size_t i = 0; i < inputs->count; i++) {
        const char *path = inputs->paths[i];
        const bool standard = !strcmp(path, "-");
        if (standard || (!stat(path, &in) && !S_ISREG(in.st_mode))) {
            message_error(
                "option '--extract' reads its inputs again, and %s can be read once only: write it to a file "
                "first",
                standard ? "standard input" : path);
            return EXIT_USAGE;
        }
        if (exists && !stat(path, &in) && in.st_dev == out.st_dev && in.st_ino == out.st_ino) {
            message_error("option '--extract' would overwrite the input %s", path);
            return EXIT_USAGE;
        }
    }
    return EXIT_DONE;
}

/* Begins the file. 0, or -1 with errno. */
static int open_file(struct extract *e, const struct outputs_params *outputs)
{
    FILE *to = stdout;
    if (strcmp(e->options->extract, "-")) {
        e->file = output_create_file(e->options->extract, outputs);
        to = e->file ? output_stream(e->file) : NULL;
    }
    e->writer = to ? pcapng_writer_begin(to) : NULL;
    return e->writer ? 0 : -1;
}

enum exit_status extract_open(struct extract **e, const struct extract_params *params)
{
    const struct options *options = params->options;
    if (!options->print_filter && !options->extract)
        return EXIT_DONE;
    struct extract *made = *e = calloc(1, sizeof *made);
    if (!made)
        return fail_memory();
    made->options = options;
    made->failures = params->failures;
    made->participants = participants_create(params->reports);
    if (!made->participants)
        return fail_memory();
    if (!options->extract)
        return EXIT_DONE;
    enum exit_status status = destination_check_name(options, "--extract", options->extract);
    if (status == EXIT_DONE)
        status = check_inputs(options->extract, params->inputs);
    if (status != EXIT_DONE)
        return status;
    return open_file(made, params->outputs) ? fail_write(made, errno) : EXIT_DONE;
}

struct sink *extract_sink(struct extract *e, struct sink *reports)
{
    return e ? participants_sink(e->participants) : reports;
}

static enum exit_status print_filter(const struct extract *e)
{
    /* By the bits of enum key_parts; options.c keeps vni out. */
    static const char *const preferences[] = {
        [KEY_VLAN] = "VM.", [KEY_INTERFACE] = ".MI", [KEY_VLAN | KEY_INTERFACE] = "VMI"};
    if (!participants_print_filter(e->participants, stdout) && !e->options->quiet)
        message_error("no conversation takes part in a reuse: this filter shows no frame");
    else if (e->options->key_parts && !e->options->quiet)
        message_error("Wireshark numbers streams like this where the preference "
                      "protocols.conversation_deinterlacing_key is %s",
                      preferences[e->options->key_parts]);
    if (!flush_standard_output())
        return EXIT_DONE;
    problems_tell(e->failures, "standard output", "cannot write: %s", strerror(errno));
    return EXIT_OUTPUT;
}

/* The second pass: the pipeline as before, except for its reports. */
static enum exit_status select_frames(struct extract *e, const struct extract_run *run,
                                      const struct set_source_params *set, struct selection *selection)
{
    enum exit_status status = EXIT_DONE;
    struct pipeline_params params = *run->params;
    struct set_source *files = set_source_create(set);
    struct pipeline *pipeline = NULL;
    struct participants *again = participants_create(selection_sink(selection));
    params.verdicts.wanted = params.timed = false;
    if (files && again) {
        params.sink = participants_sink(again);
        params.source = set_source_source(files);
        pipeline = pipeline_create(&params);
    }
    interrupt_stops(pipeline);
    enum pipeline_error error = pipeline ? pipeline_run(pipeline) : PIPELINE_MEMORY;
    if (error == PIPELINE_WRITE || (error == PIPELINE_OK && participants_finish(again)))
        error = PIPELINE_MEMORY; /* the sinks write to memory only */
    if (error != PIPELINE_OK) {
        status = fail_pipeline(e, error);
    } else if (pipeline_totals(pipeline)->stopped) {
        status = fail_interrupted(e);
    } else if (pipeline_totals(pipeline)->limited) {
        status = fail_limited(e);
    } else if (pipeline_totals(pipeline)->frames != run->totals->frames ||
               !participants_equal(again, e->participants)) {
        status = fail_changed(e, set->problems);
    }
    interrupt_stops(NULL);
    pipeline_destroy(pipeline);
    participants_destroy(again);
    set_source_destroy(files);
    return status;
}

/* A frame that is to be written, as capture_guard() takes it. */
struct making {
    struct pcapng_writer *writer;
    const struct walked_frame *frame;
    const char *comment;
    int result;
};

static void make_packet(void *argument)
{
    struct making *m = argument;
    struct packet_origin origin;
    const struct written_packet packet = {
        .frame = m->frame->frame,
        .order = m->frame->capture->order,
        .origin = set_walk_origin(m->frame, &origin) ? &origin : NULL,
        .moved = m->frame->capture->shift.ns,
        .comment = m->comment,
    };
    m->result = pcapng_writer_make(m->writer, &packet);
}

/* The comment of the frame, on all reuses in it; reuse: the next one, moved behind them. NULL: there is none. */
static const char *comment_of(const struct noted_reuse **reuse, const struct noted_reuse *end, uint64_t frame,
                              char text[4 * PARTICIPANTS_COMMENT_MAX])
{
    size_t n = 0;
    for (; *reuse < end && (*reuse)->frame <= frame; ++*reuse) {
        if (n >= 3 * PARTICIPANTS_COMMENT_MAX)
            continue;
        if (n)
            text[n++] = '\n';
        n += participants_put_comment(*reuse, text + n);
    }
    return n ? text : NULL;
}

/* The third pass: writes the chosen frames. */
static enum exit_status write_frames(struct extract *e, const struct set_source_params *set,
                                     const uint64_t *frames, size_t count)
{
    char text[4 * PARTICIPANTS_COMMENT_MAX];
    size_t reuses, done = 0;
    const struct noted_reuse *reuse = participants_reuses(e->participants, &reuses), *end = reuse + reuses;
    enum exit_status status = EXIT_DONE;
    struct walked_frame f;
    struct set_walk *walk = set_walk_create(set);
    for (uint64_t number = 1; walk && status == EXIT_DONE && done < count && set_walk_next(walk, &f);
         number++) {
        if (stop_is_asked(set->stop))
            status = fail_interrupted(e);
        if (number != frames[done] || status != EXIT_DONE)
            continue;
        done++;
        struct making making = {e->writer, &f, comment_of(&reuse, end, number, text), 0};
        if (!capture_guard(make_packet, &making)) {
            problems_tell(e->failures, f.capture->path, "it became shorter while it was read");
            status = EXIT_INPUT;
        } else if (making.result) {
            status = fail_short(e);
        } else if (pcapng_writer_put(e->writer)) {
            status = fail_write(e, errno);
        }
    }
    if (!walk)
        status = fail_short(e);
    else if (status == EXIT_DONE && done < count)
        status = fail_changed(e, set->problems);
    set_walk_destroy(walk);
    return status;
}

static enum exit_status write_extract(struct extract *e, const struct extract_run *run)
{
    struct problems nobody = PROBLEMS_INIT; /* the run has reported what is wrong with the files */
    struct set_source_params set = *run->set;
    struct selection *selection = selection_create(e->participants, e->options->extract_frames);
    const uint64_t *frames;
    size_t count;
    set.problems = &nobody;
    enum exit_status status = selection ? select_frames(e, run, &set, selection) : fail_short(e);
    if (status == EXIT_DONE)
        status = selection_finish(selection, &frames, &count) ? fail_short(e)
                                                              : write_frames(e, &set, frames, count);
    selection_destroy(selection);
    problems_free(&nobody);
    if (status != EXIT_DONE)
        return status;
    struct output *file = e->file;
    e->file = NULL;
    const bool written = file ? !output_commit(file) : !flush_standard_output();
    return written ? EXIT_DONE : fail_write(e, errno);
}

enum exit_status extract_finish(struct extract *e, const struct extract_run *run)
{
    enum exit_status status = run->status;
    if (!e || status != EXIT_DONE || run->lacks_input)
        return status;
    if (participants_finish(e->participants))
        return fail_short(e);
    if (e->options->print_filter)
        status = print_filter(e);
    if (status != EXIT_DONE || !e->writer)
        return status;
    if (!run->totals->stopped)
        return write_extract(e, run);
    return fail_interrupted(e);
}

void extract_close(struct extract *e)
{
    if (!e)
        return;
    pcapng_writer_free(e->writer);
    output_discard(e->file);
    participants_destroy(e->participants);
    free(e);
}
