/* --combine: are these files all pieces of one set, made alike, each beginning where the one before it ends? */
#include "cli/combine.h"
#include "cli/find.h"
#include "cli/options_check.h"
#include "cli/options_modes.h"
#include "cli/options_values.h"
#include "cli/piece.h"
#include "io/message.h"
#include "io/reports/names.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

static enum exit_status read_pieces(struct combine *c, const struct options *o)
{
    char error[PIECE_ERROR_MAX];
    const size_t given = (size_t)o->file_count;
    c->pieces = calloc(given, sizeof *c->pieces);
    c->files = calloc(given, sizeof(const char *));
    if (!c->pieces || !c->files)
        return fail_memory();
    for (size_t i = 0; i < given; i++) {
        struct kept_piece k;
        if (!kept_read(&k, o->files[i], error)) {
            message_error("%s", error);
            return EXIT_INPUT;
        }
        size_t at = c->count++;
        for (; at && c->pieces[at - 1].index > k.index; at--) {
            c->pieces[at] = c->pieces[at - 1];
            c->files[at] = c->files[at - 1];
        }
        c->pieces[at] = k;
        c->files[at] = o->files[i];
    }
    return EXIT_DONE;
}

static enum exit_status fail_set(const struct combine *c, size_t i, const char *what)
{
    const char *path, *why = kept_inputs_differ(&c->pieces[0], &c->pieces[i], false, &path);
    const bool named = why && *path && !strcmp(what, "inputs");
    message_error("%s and %s are not pieces of one set: %s differ%s%s%s%s", c->files[0], c->files[i], what,
                  named ? ", of " : "", named ? path : "", named ? " " : "", named ? why : "");
    return EXIT_INPUT;
}

/* Of one set, each there once. */
static enum exit_status check_set(const struct combine *c)
{
    const unsigned count = c->pieces[0].count;
    for (size_t i = 1; i < c->count; i++) {
        const char *what = kept_piece_differs(&c->pieces[0], &c->pieces[i]);
        if (what)
            return fail_set(c, i, what);
        if (c->pieces[i].index == c->pieces[i - 1].index) {
            message_error("%s and %s are both piece %u of %u", c->files[i - 1], c->files[i],
                          c->pieces[i].index, count);
            return EXIT_INPUT;
        }
    }
    for (unsigned index = 1; index <= count; index++)
        if (index > c->count || c->pieces[index - 1].index != index) {
            message_error("piece %u of %u is missing", index, count);
            return EXIT_INPUT;
        }
    return EXIT_DONE;
}

/* Reads the piece once more, from this position on, with the command that made it. */
static enum exit_status read_again(const struct kept_piece *k, const char *file, struct set_border begin)
{
    struct options o;
    struct inputs inputs = {0};
    struct problems problems = PROBLEMS_INIT;
    enum exit_status status = EXIT_USAGE;
    char **argv = calloc(k->argument_count + 1, sizeof *argv);
    if (!argv)
        return fail_memory();
    memcpy(argv, k->arguments, k->argument_count * sizeof *argv);
    if (options_read(&o, (int)k->argument_count, argv) == OPTIONS_RUN && (o.pieces || o.mpi)) {
        o.piece = k->index;
        o.pieces = k->count;
        o.state = NULL; /* of a job that kept its pieces */
        o.output = file;
        o.piece_begin = (struct set_border){begin.input + 1, begin.position};
        o.quiet = true;
        status = find_inputs(&inputs, &o, &problems) ? fail_memory() : piece_make(&o, &inputs, k, &problems);
    }
    inputs_free(&inputs);
    problems_free(&problems);
    options_free(&o);
    free(argv);
    return status;
}

static bool follows(const struct combine *c, size_t i)
{
    return set_piece_follows(&c->pieces[i - 1].range, &c->pieces[i].range);
}

static const char *path_of(const struct kept_piece *k, struct set_border border)
{
    return border.input < k->path_count ? k->paths[border.input] : "what is behind all inputs";
}

/* Whoever begins a piece inside a file can only guess where a record begins; and where files overlap, a piece goes on. */
static enum exit_status prove_piece(struct combine *c, size_t i, bool quiet)
{
    char error[PIECE_ERROR_MAX] = "";
    const struct kept_piece *k = &c->pieces[i];
    const struct set_border end = c->pieces[i - 1].range.end;
    const struct set_border begin = k->range.begin;
    if (follows(c, i))
        return EXIT_DONE;
    if (!quiet)
        message_error("%s: begins at offset %" PRIu64 " of %s, and %s ends at offset %" PRIu64
                      " of %s: reading the piece again",
                      c->files[i], begin.position, path_of(k, begin), c->files[i - 1], end.position,
                      path_of(k, end));
    const enum exit_status status = read_again(k, c->files[i], end);
    if (status == EXIT_DONE || status == EXIT_INPUT) {
        struct kept_piece again;
        if (kept_read(&again, c->files[i], error)) {
            kept_piece_free(&c->pieces[i]);
            c->pieces[i] = again;
            if (follows(c, i))
                return EXIT_DONE;
        }
    }
    if (status == EXIT_INTERRUPTED || status == EXIT_OUTPUT)
        return status;
    if (*error)
        message_error("%s", error);
    message_error(
        "%s: could not be read again. Where its inputs are, use the command that made it, with '--piece "
        "%u/%u@%zu:%" PRIu64 "'",
        c->files[i], c->pieces[i].index, c->pieces[i].count, end.input + 1, end.position);
    return EXIT_INPUT;
}

static bool same_problem(const struct problem *a, const struct problem *b)
{
    return a->order == b->order && a->note == b->note && a->has_offset == b->has_offset &&
           a->offset == b->offset && a->file && b->file && a->text && b->text && !strcmp(a->file, b->file) &&
           !strcmp(a->text, b->text);
}

void combine_take_problems(struct problems *problems, const struct problem *items, size_t count)
{
    for (size_t k = 0; k < count; k++) {
        const struct problem *p = &items[k];
        bool known = false;
        for (size_t n = 0; n < problems->count && !known; n++)
            known = same_problem(&problems->items[n], p);
        if (!known)
            problems_add(problems, p->note ? PROBLEM_NOTE : PROBLEM_ERROR, p->order, p->file,
                         p->has_offset ? (int64_t)p->offset : -1, "%s", p->text);
    }
}

static enum exit_status fail_option(const struct combine *c, const char *option, const char *made,
                                    const char *asked)
{
    message_error("%s: the pieces were made with --%s %s, this run has %s", c->files[0], option, made, asked);
    return EXIT_USAGE;
}

/* What pieces were made with can be said again, but not changed. */
static enum exit_status check_options(const struct combine *c, const struct options *o)
{
    const struct kept_piece *k = &c->pieces[0];
    char made[OPTIONS_KEY_MAX], asked[OPTIONS_KEY_MAX];
    if (options_given(o, "rules") && o->rules != k->rules)
        return fail_option(c, "rules", rules_names[k->rules], rules_names[o->rules]);
    if (options_given(o, "key") && o->key_parts != k->key_parts)
        return fail_option(c, "key", options_write_key(k->key_parts, made),
                           options_write_key(o->key_parts, asked));
    if (options_given(o, "verdicts") && o->verdicts == VERDICTS_ON && !k->verdicts)
        return fail_option(c, "verdicts", "off", "on");
    if (k->key_parts & KEY_VNI && o->print_filter) {
        message_error("%s", options_no_vni_filter);
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}

/* The options that the pieces were made with, and the paths of their set. */
static enum exit_status take_options(const struct combine *c, struct options *o, struct inputs *inputs)
{
    const struct kept_piece *k = &c->pieces[0];
    const enum exit_status status = check_options(c, o);
    if (status != EXIT_DONE)
        return status;
    o->rules = k->rules;
    o->key_parts = k->key_parts;
    o->append = k->append;
    o->drop_copies = k->drop_copies;
    if (!k->verdicts && (o->reports[REPORT_EPISODES] || o->reports[REPORT_ENDPOINTS])) {
        message_error("reports 'episodes' and 'endpoints' require pieces with verdicts: these were made with "
                      "'--verdicts off'");
        return EXIT_USAGE;
    }
    if (!k->verdicts)
        o->verdicts = VERDICTS_OFF;
    inputs->paths = calloc(k->path_count + 1, sizeof *inputs->paths);
    inputs->looks = calloc(k->path_count + 1, sizeof *inputs->looks);
    if (!inputs->paths || !inputs->looks)
        return fail_memory();
    for (; inputs->count < k->path_count; inputs->count++)
        if (!(inputs->paths[inputs->count] = strdup(k->paths[inputs->count])))
            return fail_memory();
    return EXIT_DONE;
}

enum exit_status combine_open(struct combine *c, struct options *o, struct inputs *inputs,
                              struct problems *problems)
{
    *c = (struct combine){0};
    enum exit_status status = read_pieces(c, o);
    if (status == EXIT_DONE)
        status = check_set(c);
    for (size_t i = 1; i < c->count && status == EXIT_DONE; i++)
        status = prove_piece(c, i, o->quiet);
    if (status == EXIT_DONE)
        status = take_options(c, o, inputs);
    if (status != EXIT_DONE)
        return status;
    for (size_t i = 0; i < c->count; i++) /* what concerns all of them, each piece has found */
        combine_take_problems(problems, c->pieces[i].problems, c->pieces[i].problem_count);
    c->supply = kept_files_create(c->files, c->count, problems);
    if (!c->supply)
        return fail_memory();
    c->source = kept_source_create(c->pieces, kept_files_supply(c->supply));
    return c->source ? EXIT_DONE : fail_memory();
}

uint64_t combine_bytes(const struct combine *c)
{
    uint64_t n = 0;
    for (size_t i = 0; i < c->count; i++)
        n += c->pieces[i].bytes;
    return n;
}

size_t combine_opened(const struct combine *c)
{
    size_t n = 0;
    for (size_t i = 0; i < c->count; i++)
        n += c->pieces[i].opened;
    return n;
}

void combine_close(struct combine *c)
{
    kept_source_destroy(c->source);
    kept_files_destroy(c->supply);
    for (size_t i = 0; i < c->count; i++)
        kept_piece_free(&c->pieces[i]);
    free(c->pieces);
    free(c->files);
}
