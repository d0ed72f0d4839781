/* The state file of a run: read and checked before it, put into its pipeline, and written anew when all
 * that is new has been read, or an interrupt has ended that. Rows that are final by then stay in the
 * reports; what follows them, up to the end of this run, is cut off by the next one. So a run may be
 * killed at any moment: the state and the reports' lengths that it names belong together. */
#include "cli/state_internal.h"
#include "io/message.h"
#include "io/outputs/directory.h"
#include "io/reports/names.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static enum relay_next feed_next(struct relay_feed *feed, const struct set_source *done,
                                 struct set_source **next);

/* The first section. */
static enum exit_status read_head(struct state *s)
{
    const char *path = s->options->state;
    char error[PIECE_ERROR_MAX] = "";
    struct piece_section section;
    bool failed = false;
    if (piece_reader_kind(s->reader) != PIECE_STATE) {
        message_error("%s: expected a state file, found one of a piece", path);
        return EXIT_INPUT;
    }
    const bool there = piece_reader_next(s->reader, &section, &failed, error);
    if (failed) {
        message_error("%s", error);
        return EXIT_INPUT;
    }
    struct saved_reader r = {.failed = !there || strcmp(section.name, PIECE_HEAD_SECTION) != 0};
    if (!r.failed) {
        r.at = section.bytes;
        r.end = section.bytes + section.count;
        piece_head_get(&r, &s->head);
    }
    if (r.short_of_memory)
        return fail_memory();
    if (r.failed || r.at != r.end) {
        message_error("%s: its head makes no sense", path);
        return EXIT_INPUT;
    }
    if (strcmp(s->head.program, TCPREUSE_VERSION) != 0) {
        message_error("%s: the state was made by tcpreuse %s, this is %s", path, s->head.program,
                      TCPREUSE_VERSION);
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}

static enum exit_status check_options(struct state *s)
{
    struct piece_head run = {0};
    enum exit_status status = EXIT_DONE;
    if (state_put_options(&run, s->options, s->timers))
        status = fail_memory();
    else if (!state_options_fit(&s->head, &run, s->options->state))
        status = EXIT_USAGE;
    piece_head_free(&run);
    return status;
}

/* The head of a state that begins. */
static enum exit_status begin_head(struct state *s)
{
    s->head.latest_time = INT64_MIN;
    s->head.program = strdup(TCPREUSE_VERSION);
    return s->head.program && !state_put_options(&s->head, s->options, s->timers) ? EXIT_DONE : fail_memory();
}

static enum exit_status open_writer(struct state *s)
{
    const char *path = s->options->state;
    s->writer = piece_writer_create(path, PIECE_STATE, &s->destination.params);
    if (s->writer)
        return EXIT_DONE;
    message_error("%s: cannot write: %s", path, outputs_explain(errno));
    return EXIT_OUTPUT;
}

/* The state's file, locked for as long as the run lasts: another run could go on from the same state only to overwrite
 * what this one adds to it. It may lie in the directory of the reports, which is made now for its sake. */
static enum exit_status lock_file(struct state *s, const struct inputs *inputs)
{
    const struct options *o = s->options;
    if (directory_make(o->output))
        return EXIT_OUTPUT;
    const enum exit_status status = destination_prepare(&s->destination, o, inputs);
    if (status != EXIT_DONE)
        return status;
    s->destination.params.sync = true; /* it vouches for the lengths of the reports */
    s->destination.params.voucher = NULL;
    return open_writer(s);
}

enum exit_status state_open(struct state **state, const struct options *o, const struct inputs *inputs,
                            const struct timers *timers)
{
    char error[PIECE_ERROR_MAX];
    struct state *s = *state = calloc(1, sizeof *s);
    if (!s)
        return fail_memory();
    s->feed.next = feed_next;
    s->options = o;
    s->timers = timers;
    if (!o->state) /* whoever follows directories keeps in mind what has been read, and needs no file for it */
        return begin_head(s);
    const enum exit_status locked = lock_file(s, inputs);
    if (locked != EXIT_DONE)
        return locked;
    switch (piece_reader_open(&s->reader, o->state, error)) {
    case PIECE_MISSING:
        return begin_head(s);
    case PIECE_WRONG:
        message_error("%s", error);
        return EXIT_INPUT;
    case PIECE_DONE:
        break;
    }
    s->resumes = true;
    enum exit_status status = read_head(s);
    if (status == EXIT_DONE)
        status = check_options(s);
    return status == EXIT_DONE ? state_check_reports(s) : status;
}

const struct csv_resume *state_resume(const struct state *s)
{
    return s->resumes ? s->resume : NULL;
}

static enum exit_status load_failed(const struct state *s, enum load_result result, const char *name)
{
    if (result == LOAD_MEMORY)
        return fail_memory();
    if (result == LOAD_RANDOM)
        message_error("cannot get random numbers from the kernel");
    else
        message_error("%s: the section '%s' makes no sense", s->options->state, name);
    return EXIT_INPUT;
}

enum exit_status state_load(struct state *s, struct pipeline *p)
{
    char error[PIECE_ERROR_MAX];
    struct piece_section section;
    bool failed = false;
    if (!s->resumes)
        return EXIT_DONE;
    while (piece_reader_next(s->reader, &section, &failed, error)) {
        const enum load_result result = pipeline_load(p, section.name, section.bytes, section.count);
        if (result != LOAD_DONE)
            return load_failed(s, result, section.name);
    }
    if (failed) {
        message_error("%s", error);
        return EXIT_INPUT;
    }
    piece_reader_close(s->reader);
    s->reader = NULL;
    const enum load_result result = pipeline_loaded(p);
    return result == LOAD_DONE ? EXIT_DONE : load_failed(s, result, "end");
}

/* Saving. */

struct target {
    struct save_target target;
    struct piece_writer *writer; /* the state's */
    int error;
};

static int add_section(struct save_target *target, const char *name, const void *bytes, size_t count)
{
    struct target *t = (struct target *)target;
    if (!piece_writer_add(t->writer, name, bytes, count))
        return 0;
    t->error = errno;
    return -1;
}

/* Brings the head up to date. 0, or -1 with errno. */
static int update_head(struct state *s)
{
    const struct pipeline_totals *t = pipeline_totals(s->run.pipeline);
    struct csv_resume now[REPORTS];
    if (csv_sink_sync(s->run.sink, now))
        return -1;
    if (state_note_reports(s, now))
        return -1;
    s->head.frames = t->frames;
    s->head.conversations = t->conversations;
    s->head.reuses = 0;
    for (unsigned i = 0; i < TRIGGERS; i++)
        s->head.reuses += t->reuses[i];
    s->head.waiting = pipeline_waiting(s->run.pipeline);
    return 0;
}

static int write_state(struct state *s, struct target *t)
{
    struct saved_writer w = {0};
    piece_head_put(&w, &s->head);
    if (w.failed)
        errno = ENOMEM;
    int result = w.failed ? -1 : piece_writer_add(t->writer, PIECE_HEAD_SECTION, w.bytes, w.length);
    free(w.bytes);
    if (result)
        return -1;
    switch (pipeline_save(s->run.pipeline, &t->target)) {
    case SAVE_MEMORY:
        errno = ENOMEM;
        return -1;
    case SAVE_FAILED:
        errno = t->error;
        return -1;
    case SAVE_DONE:
        break;
    }
    return piece_writer_finish(t->writer);
}

/* For the next time, and so that no other run comes between. */
static void renew_writer(struct state *s)
{
    piece_writer_destroy(s->writer);
    s->writer = NULL;
    s->status = open_writer(s);
}

int state_save(struct state *s)
{
    if (!s->options->state)
        return 0;
    struct target t = {.target.add = add_section, .writer = s->writer};
    errno = 0;
    if (update_head(s) || write_state(s, &t)) {
        problems_tell(s->run.failures, s->options->state, "cannot write: %s",
                      errno ? outputs_explain(errno) : "some report could not be written");
        s->status = EXIT_OUTPUT;
    } else if (s->options->follow_count) {
        renew_writer(s);
    }
    return s->status == EXIT_DONE ? 0 : -1;
}

/* The feed. */

enum exit_status state_fail_memory(const struct state *s)
{
    problems_tell(s->run.failures, "", "out of memory");
    return EXIT_INPUT;
}

/* The set of the inputs that are not refused. NULL: there are none, or memory is short, and then the
 * status says so. */
static struct set_source *open_set(struct state *s)
{
    s->set_count = 0;
    for (size_t i = 0; i < s->input_count; i++) {
        const struct state_input *in = &s->inputs[i];
        if (in->refused)
            continue;
        s->paths[s->set_count] = in->path;
        s->looks[s->set_count] = in->look;
        s->places[s->set_count] = in->place;
        s->which[s->set_count++] = i;
    }
    struct set_source_params params = s->run.set;
    params.paths = s->paths;
    params.count = s->set_count;
    params.looks = s->looks;
    params.resumes = s->places;
    if (s->set_problems)
        params.problems = s->set_problems;
    struct set_source *set = s->set_count ? set_source_create(&params) : NULL;
    if (s->set_count && !set)
        s->status = state_fail_memory(s);
    return set;
}

static void free_arguments(struct state *s)
{
    free(s->paths);
    free(s->looks);
    free(s->places);
    free(s->which);
}

struct set_source *state_make_set(struct state *s)
{
    const size_t n = s->input_count + 1;
    free_arguments(s);
    s->paths = calloc(n, sizeof *s->paths);
    s->looks = calloc(n, sizeof *s->looks);
    s->places = calloc(n, sizeof *s->places);
    s->which = calloc(n, sizeof *s->which);
    if (!s->paths || !s->looks || !s->places || !s->which) {
        s->status = state_fail_memory(s);
        return NULL;
    }
    struct set_source *set = open_set(s);
    if (set && state_find_late(s, set)) {
        set_source_destroy(set);
        set = open_set(s);
    }
    return set;
}

static enum relay_next feed_next(struct relay_feed *feed, const struct set_source *done,
                                 struct set_source **next)
{
    struct state *s = (struct state *)feed;
    if (!s->begun) {
        s->begun = true;
        *next = state_make_set(s);
        if (*next)
            return RELAY_SET;
    }
    if (s->status == EXIT_DONE && (!done || !state_note_read(s, done)) && !state_note_refused(s))
        state_save(s);
    return RELAY_END;
}

struct relay_feed *state_feed(struct state *s)
{
    return &s->feed;
}

/* The summary of the runs before says nothing of reports that are being changed. It is written at the end. */
static void remove_summary(const struct options *o)
{
    char *path;
    if (!o->summary || asprintf(&path, "%s/" SUMMARY_FILE, o->output) < 0)
        return;
    unlink(path);
    free(path);
}

void state_begin(struct state *s, const struct state_run *run)
{
    s->run = *run;
    if (s->options->state)
        remove_summary(s->options);
}

size_t state_files(const struct state *s)
{
    size_t files = 0;
    for (uint32_t i = 0; i < s->head.input_count; i++)
        files += piece_input_is_read(&s->head.inputs[i]);
    return files;
}

uint64_t state_bytes(const struct state *s)
{
    uint64_t bytes = 0;
    for (uint32_t i = 0; i < s->head.input_count; i++) {
        const struct piece_input *in = &s->head.inputs[i];
        if (piece_input_is_read(in))
            bytes += in->flags & PIECE_INPUT_PART ? in->position : in->size;
    }
    return bytes;
}

enum exit_status state_status(const struct state *s)
{
    return s->status;
}

void state_close(struct state *s)
{
    if (!s)
        return;
    piece_reader_close(s->reader);
    piece_writer_destroy(s->writer);
    destination_close(&s->destination);
    piece_head_free(&s->head);
    free(s->inputs);
    free_arguments(s);
    free(s);
}
