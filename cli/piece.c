/* --piece: reads a piece of the inputs into a file. */
#include "cli/piece.h"
#include "cli/combine.h"
#include "cli/confine.h"
#include "cli/destination.h"
#include "cli/interrupt.h"
#include "cli/piece_reading.h"
#include "cli/problems_print.h"
#include "cli/progress.h"
#include "io/message.h"

#include <errno.h>
#include <inttypes.h>
#include <sys/stat.h>

/* The parts of making one, in the order in which they are made. */
struct making {
    const struct options *o;
    struct problems *problems;
    struct stop *stop;
    struct piece_reading reading;
    struct destination destination; /* not opened: there is one file */
    struct kept_writer *writer;
};

static enum exit_status open_reading(struct making *m, const struct inputs *inputs)
{
    const struct options *o = m->o;
    const char *irregular = piece_reading_irregular(inputs);
    if (irregular) {
        message_error("%s: option '--piece' reads regular files only", irregular);
        return EXIT_USAGE;
    }
    if (interrupt_init(&m->stop)) {
        message_error("cannot create an event descriptor: %s", strerror(errno));
        return EXIT_INPUT;
    }
    const struct piece_choice choice = {.options = o,
                                        .inputs = inputs,
                                        .index = o->piece,
                                        .count = o->pieces,
                                        .begin = o->piece_begin,
                                        .stop = m->stop};
    const enum exit_status status = piece_reading_open(&m->reading, &choice, m->problems);
    return status == EXIT_DONE ? piece_reading_describe(&m->reading) : status;
}

/* Is the place that --piece names in the inputs? A piece may also begin behind all of them. */
static enum exit_status check_place(const struct making *m)
{
    const struct set_border place = m->o->piece_begin;
    const struct kept_piece *k = &m->reading.about;
    if (!place.input || (place.input == k->path_count + 1 && !place.position))
        return EXIT_DONE;
    if (place.input > k->path_count) {
        message_error("option '--piece': expected the number of a file, 1 to %zu, found '%zu'",
                      (size_t)k->path_count, (size_t)place.input);
        return EXIT_USAGE;
    }
    const uint64_t size = k->sizes[place.input - 1];
    if (place.position <= size)
        return EXIT_DONE;
    message_error("option '--piece': expected an offset of at most %" PRIu64 " in %s, found %" PRIu64, size,
                  k->paths[place.input - 1], place.position);
    return EXIT_USAGE;
}

/* Is that where it is to begin? */
static bool is_begin(const struct options *o, const struct set_piece *range)
{
    const struct set_border wanted = {o->piece_begin.input - 1, o->piece_begin.position};
    return !o->piece_begin.input ||
           (wanted.input == range->begin.input && wanted.position == range->begin.position &&
            (range->begin_walked || !wanted.position));
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
            "%s: exists, and is not a piece that this run could keep or replace: remove it, or name another",
            path);
        return EXIT_OUTPUT;
    }
    *there = kept_piece_differs(&old, &m->reading.about) == NULL && old.index == m->reading.about.index &&
             !memcmp(old.times, m->reading.about.times, old.path_count * sizeof *old.times) &&
             is_begin(m->o, &old.range);
    if (*there) /* what was wrong with its inputs still is */
        combine_take_problems(m->problems, old.problems, old.problem_count);
    kept_piece_free(&old);
    return EXIT_DONE;
}

static enum exit_status make_pipeline(struct making *m)
{
    const enum exit_status status = destination_prepare(&m->destination, m->o, m->reading.choice.inputs);
    if (status != EXIT_DONE)
        return status;
    m->writer = kept_writer_create(m->o->output, &m->destination.params);
    if (!m->writer) {
        message_error("%s: cannot write: %s", m->o->output, outputs_explain(errno));
        return EXIT_OUTPUT;
    }
    return piece_reading_prepare(&m->reading, kept_writer_sink(m->writer));
}

static void say_write_error(void *making)
{
    const struct making *m = making;
    message_error("%s: cannot write: %s", m->o->output, outputs_explain(kept_writer_error(m->writer)));
}

static enum exit_status read_piece(struct making *m)
{
    const struct progress_params params = {.mode = m->o->progress,
                                           .quiet = m->o->quiet,
                                           .pipeline = m->reading.pipeline,
                                           .files = m->reading.files};
    interrupt_catch();
    interrupt_stops(m->reading.pipeline);
    struct progress *progress = progress_start(&params);
    const enum exit_status status = piece_reading_run(&m->reading, say_write_error, m);
    progress_stop(progress);
    problems_print(m->problems, m->o->quiet);
    return status;
}

static enum exit_status finish(struct making *m)
{
    const struct options *o = m->o;
    struct kept_piece *k = &m->reading.about;
    piece_reading_finish(&m->reading);
    k->problems = m->problems->items;
    k->problem_count = m->problems->count;
    const int failed = kept_writer_finish(m->writer, k);
    k->problems = NULL;
    k->problem_count = 0;
    if (failed) {
        message_error("%s: cannot write: %s", o->output, outputs_explain(errno));
        return EXIT_OUTPUT;
    }
    if (!o->quiet)
        fprintf(stderr, "piece %u of %u: %" PRIu64 " frames, %" PRIu64 " bytes\n", k->index, k->count,
                k->frames, k->bytes);
    return problems_errors(m->problems) ? EXIT_INPUT : EXIT_DONE;
}

/* A piece that is made again takes the place of one that fits the others, so it has to be of the very same
 * files. */
static enum exit_status check_again(const struct making *m, const struct kept_piece *again)
{
    const char *path, *what = kept_inputs_differ(again, &m->reading.about, true, &path);
    if (!what)
        return EXIT_DONE;
    message_error("%s: is not read again, since %s is not what it was made of: %s differs", m->o->output,
                  *path ? path : "the set", what);
    return EXIT_INPUT;
}

enum exit_status piece_make(const struct options *o, const struct inputs *inputs,
                            const struct kept_piece *again, struct problems *problems)
{
    struct making m = {.o = o, .problems = problems};
    bool there = false;
    enum exit_status status = open_reading(&m, inputs);
    if (status == EXIT_DONE && again)
        status = check_again(&m, again);
    if (status == EXIT_DONE)
        status = check_place(&m);
    if (status == EXIT_DONE)
        status = look_for(&m, &there);
    if (there && !o->quiet)
        fprintf(stderr, "piece %u of %u: is there\n", o->piece, o->pieces);
    if (there) {
        problems_print(problems, o->quiet);
        status = problems_errors(problems) ? EXIT_INPUT : EXIT_DONE;
    }
    if (status == EXIT_DONE && !there) {
        status = make_pipeline(&m);
        if (status == EXIT_DONE && !again) /* who reads a piece again has more to do */
            status = confine(o, inputs);
        if (status == EXIT_DONE)
            status = read_piece(&m);
        if (status == EXIT_DONE)
            status = finish(&m);
        interrupt_release();
        if (status == EXIT_DONE && interrupt_came()) /* while the piece was completed */
            status = EXIT_INTERRUPTED;
    }
    interrupt_stops(NULL);
    piece_reading_close(&m.reading);
    kept_writer_destroy(m.writer);
    destination_close(&m.destination);
    interrupt_close();
    return status;
}
