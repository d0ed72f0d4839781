/* --piece: a pipeline that stops behind settling, whose batches go into a file. */
#include "cli/piece.h"
#include "cli/clocks.h"
#include "cli/interrupt.h"
#include "cli/options_table.h"
#include "cli/options_values.h"
#include "cli/problems_print.h"
#include "cli/progress.h"
#include "io/filters/bpf.h"
#include "io/message.h"
#include "io/pieces/kept.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

/* The parts of making one, in the order in which they are made. */
struct making {
    const struct options *o;
    const struct inputs *inputs;
    struct problems *problems;
    struct bpf *filter;
    struct stop *stop;
    struct clock_shift *shifts;
    struct set_source *files;
    struct kept_piece about;
    struct kept_writer *writer;
    struct pipeline *pipeline;
};

/* Pieces are cut by sizes, and read in several processes. */
static enum exit_status check_inputs(const struct making *m)
{
    struct stat st;
    for (size_t i = 0; i < m->inputs->count; i++) {
        const char *path = m->inputs->paths[i];
        if (!strcmp(path, "-") || (!stat(path, &st) && !S_ISREG(st.st_mode))) {
            message_error("%s: option '--piece' reads regular files only", path);
            return EXIT_USAGE;
        }
    }
    return EXIT_DONE;
}

static enum exit_status open_filter(struct making *m)
{
    char error[512];
    if (!m->o->filter)
        return EXIT_DONE;
    const enum bpf_result result = bpf_create(&m->filter, m->o->filter, m->problems, error, sizeof error);
    if (result == BPF_CREATED)
        return EXIT_DONE;
    message_error("--filter: %s", error);
    return result == BPF_WRONG ? EXIT_USAGE : EXIT_INPUT;
}

static enum exit_status open_files(struct making *m)
{
    const struct options *o = m->o;
    if (interrupt_init(&m->stop)) {
        message_error("cannot create an event descriptor: %s", strerror(errno));
        return EXIT_INPUT;
    }
    const enum exit_status status = clocks_find(o, m->inputs, &m->shifts);
    if (status != EXIT_DONE)
        return status;
    const struct set_source_params params = {
        .paths = (const char *const *)m->inputs->paths,
        .count = m->inputs->count,
        .looks = m->inputs->looks,
        .shifts = m->shifts,
        .append = o->append,
        .threads = o->threads,
        .ahead = o->threads + 1,
        .problems = m->problems,
        .stop = m->stop,
        .piece = o->piece,
        .pieces = o->pieces,
        .piece_begin = o->piece_begin,
    };
    m->files = set_source_create(&params);
    return m->files ? EXIT_DONE : fail_memory();
}

/* The options that decide what is kept, in one line. NULL when memory is short. */
static char *choices_of(const struct options *o)
{
    char *text = NULL, rule[OPTIONS_RULE_MAX];
    size_t length;
    FILE *f = open_memstream(&text, &length);
    if (!f)
        return NULL;
    fprintf(f, "--rules %s --verdicts %s", rules_words[o->rules], o->verdicts == VERDICTS_ON ? "on" : "off");
    if (o->append)
        fprintf(f, " --append");
    if (o->drop_copies)
        fprintf(f, " --drop-copies %" PRId64 "e-9", o->drop_copies);
    if (o->filter)
        fprintf(f, " --filter '%s'", o->filter);
    for (uint32_t i = 0; i < o->decode_as_count; i++)
        fprintf(f, " --decode-as %s", options_write_decode_as(&o->decode_as[i], rule));
    for (size_t i = 0; i < o->clock_count; i++)
        fprintf(f, " --clock %.*s=%" PRId64 "e-9", (int)o->clocks[i].file_length, o->clocks[i].file,
                o->clocks[i].shift.ns);
    if (fclose(f)) {
        free(text);
        return NULL;
    }
    return text;
}

/* What is known before the piece is read. */
static enum exit_status describe(struct making *m)
{
    const struct options *o = m->o;
    struct kept_piece *k = &m->about;
    k->index = o->piece;
    k->count = o->pieces;
    k->layout = packed_layout();
    k->program = strdup(TCPREUSE_VERSION);
    k->rules = o->rules;
    k->verdicts = o->verdicts == VERDICTS_ON;
    k->append = o->append;
    k->drop_copies = o->drop_copies;
    k->choices = choices_of(o);
    k->arguments = calloc((size_t)o->argc + 1, sizeof *k->arguments);
    k->paths = calloc(m->inputs->count + 1, sizeof *k->paths);
    k->sizes = calloc(m->inputs->count + 1, sizeof *k->sizes);
    k->times = calloc(m->inputs->count + 1, sizeof *k->times);
    if (!k->program || !k->choices || !k->arguments || !k->paths || !k->sizes || !k->times)
        return fail_memory();
    for (; k->argument_count < (size_t)o->argc; k->argument_count++)
        if (!(k->arguments[k->argument_count] = strdup(o->argv[k->argument_count])))
            return fail_memory();
    for (; k->path_count < m->inputs->count; k->path_count++) {
        struct stat st;
        const char *path = set_source_input(m->files, k->path_count, &k->sizes[k->path_count]);
        k->times[k->path_count] =
            stat(path, &st) ? 0 : st.st_mtim.tv_sec * INT64_C(1000000000) + st.st_mtim.tv_nsec;
        if (!(k->paths[k->path_count] = strdup(path)))
            return fail_memory();
    }
    return EXIT_DONE;
}

/* Is there a file already that is this piece? EXIT_DONE with *there; or a file that nobody wants to lose. */
static enum exit_status look_for(const struct making *m, bool *there)
{
    const char *path = m->o->output;
    char error[PIECE_ERROR_MAX];
    struct kept_piece old;
    struct stat st;
    *there = false;
    if (stat(path, &st) && errno == ENOENT)
        return EXIT_DONE;
    if (!kept_read(&old, path, error)) {
        message_error("%s", error);
        message_error(
            "%s: is there, and no piece that could be taken or written anew: remove it, or name another",
            path);
        return EXIT_OUTPUT;
    }
    *there = kept_piece_differs(&old, &m->about) == NULL && old.index == m->about.index &&
             !memcmp(old.times, m->about.times, old.path_count * sizeof *old.times) &&
             (!m->o->piece_begin || m->o->piece_begin == old.range.begin.position);
    kept_piece_free(&old);
    return EXIT_DONE;
}

static enum exit_status make_pipeline(struct making *m)
{
    const struct options *o = m->o;
    m->writer = kept_writer_create(o->output);
    if (!m->writer) {
        message_error("%s: cannot write: %s", o->output, strerror(errno));
        return EXIT_OUTPUT;
    }
    const struct pipeline_params params = {
        .source = set_source_source(m->files),
        .sink = kept_writer_sink(m->writer),
        .threads = o->threads,
        .rules = o->rules,
        .filter = m->filter ? bpf_filter_of(m->filter) : NULL,
        .drop_copies = o->drop_copies,
        .decode_as = {o->decode_as, o->decode_as_count},
        .verdicts = {.wanted = o->verdicts == VERDICTS_ON, .timers = &verdict_timers},
        .keeps = true,
    };
    m->pipeline = pipeline_create(&params);
    return m->pipeline ? EXIT_DONE : fail_memory();
}

static enum exit_status read_piece(struct making *m)
{
    const struct progress_params params = {
        .mode = m->o->progress, .quiet = m->o->quiet, .pipeline = m->pipeline, .files = m->files};
    interrupt_catch();
    interrupt_stops(m->pipeline);
    struct progress *progress = progress_start(&params);
    const enum pipeline_error error = pipeline_run(m->pipeline);
    progress_stop(progress);
    interrupt_release();
    problems_print(m->problems, m->o->quiet);
    switch (error) {
    case PIPELINE_OK:
        return pipeline_totals(m->pipeline)->stopped ? EXIT_INTERRUPTED : EXIT_DONE;
    case PIPELINE_MEMORY:
        return fail_memory();
    case PIPELINE_WRITE:
        message_error("%s: cannot write: %s", m->o->output, strerror(kept_writer_error(m->writer)));
        return EXIT_OUTPUT;
    default:
        message_error("cannot start a thread, or get random numbers from the kernel");
        return EXIT_INPUT;
    }
}

static enum exit_status finish(struct making *m)
{
    const struct options *o = m->o;
    struct kept_piece *k = &m->about;
    k->range = set_source_piece(m->files);
    k->frames = pipeline_totals(m->pipeline)->frames;
    k->bytes = set_source_bytes(m->files, false);
    k->opened = set_source_opened(m->files);
    if (k->range.overlaps) {
        message_error(
            "the inputs overlap in time, and cannot be read in pieces: merge them (mergecap), or use "
            "'--append'");
        return EXIT_INPUT;
    }
    k->problems = m->problems->items;
    k->problem_count = m->problems->count;
    const int failed = kept_writer_finish(m->writer, k);
    k->problems = NULL;
    k->problem_count = 0;
    if (failed) {
        message_error("%s: cannot write: %s", o->output, strerror(errno));
        return EXIT_OUTPUT;
    }
    if (!o->quiet)
        fprintf(stderr, "piece %u of %u: %" PRIu64 " frames, %" PRIu64 " bytes\n", k->index, k->count,
                k->frames, k->bytes);
    return problems_errors(m->problems) ? EXIT_INPUT : EXIT_DONE;
}

enum exit_status piece_make(const struct options *o, const struct inputs *inputs, struct problems *problems)
{
    struct making m = {.o = o, .inputs = inputs, .problems = problems};
    bool there = false;
    enum exit_status status = check_inputs(&m);
    if (status == EXIT_DONE)
        status = open_filter(&m);
    if (status == EXIT_DONE)
        status = open_files(&m);
    if (status == EXIT_DONE)
        status = describe(&m);
    if (status == EXIT_DONE)
        status = look_for(&m, &there);
    if (there && !o->quiet)
        fprintf(stderr, "piece %u of %u: is there\n", o->piece, o->pieces);
    if (status == EXIT_DONE && !there) {
        status = make_pipeline(&m);
        if (status == EXIT_DONE)
            status = read_piece(&m);
        if (status == EXIT_DONE)
            status = finish(&m);
    }
    interrupt_stops(NULL);
    pipeline_destroy(m.pipeline);
    kept_writer_destroy(m.writer);
    kept_piece_free(&m.about);
    set_source_destroy(m.files);
    interrupt_close();
    free(m.shifts);
    bpf_destroy(m.filter);
    return status;
}
