/* Reading a piece of the inputs: for --piece, which keeps it in a file, and for ranks, which send it. */
#include "cli/piece_reading.h"
#include "cli/clocks.h"
#include "cli/options_table.h"
#include "cli/options_values.h"
#include "io/message.h"
#include "io/pieces/piece_identify.h"
#include "io/timers.h"

#include <inttypes.h>
#include <stdlib.h>
#include <sys/stat.h>

const char *piece_reading_irregular(const struct inputs *inputs)
{
    struct stat st;
    for (size_t i = 0; i < inputs->count; i++)
        if (!strcmp(inputs->paths[i], "-") || (!stat(inputs->paths[i], &st) && !S_ISREG(st.st_mode)))
            return inputs->paths[i];
    return NULL;
}

static enum exit_status open_filter(struct piece_reading *r)
{
    char error[512];
    if (!r->choice.options->filter)
        return EXIT_DONE;
    const enum bpf_result result =
        bpf_create(&r->filter, r->choice.options->filter, r->problems, error, sizeof error);
    if (result == BPF_CREATED)
        return EXIT_DONE;
    message_error("--filter: %s", error);
    return result == BPF_WRONG ? EXIT_USAGE : EXIT_INPUT;
}

static enum exit_status open_files(struct piece_reading *r)
{
    const struct options *o = r->choice.options;
    const struct inputs *inputs = r->choice.inputs;
    const enum exit_status status = clocks_find(o, inputs, &r->shifts);
    if (status != EXIT_DONE)
        return status;
    r->begin = (struct set_border){r->choice.begin.input - 1, r->choice.begin.position};
    const struct set_source_params params = {
        .paths = (const char *const *)inputs->paths,
        .count = inputs->count,
        .looks = inputs->looks,
        .begins = r->choice.begins,
        .shifts = r->shifts,
        .append = o->append,
        .notes_interfaces = o->key_parts & KEY_INTERFACE,
        .threads = o->threads,
        .ahead = o->threads + 1,
        .problems = r->problems,
        .stop = r->choice.stop,
        .piece = r->choice.index,
        .pieces = r->choice.count,
        .piece_begin = r->choice.begin.input ? &r->begin : NULL,
    };
    r->files = set_source_create(&params);
    return r->files ? EXIT_DONE : fail_memory();
}

/* The options that decide what is kept, in one line. NULL when memory is short. */
static char *choices_of(const struct options *o)
{
    char *text = NULL, rule[OPTIONS_RULE_MAX], key[OPTIONS_KEY_MAX];
    size_t length;
    FILE *f = open_memstream(&text, &length);
    if (!f)
        return NULL;
    fprintf(f, "--rules %s --verdicts %s", rules_words[o->rules], o->verdicts == VERDICTS_ON ? "on" : "off");
    if (o->key_parts)
        fprintf(f, " --key %s", options_write_key(o->key_parts, key));
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

enum exit_status piece_reading_describe(struct piece_reading *r)
{
    const struct options *o = r->choice.options;
    const struct inputs *inputs = r->choice.inputs;
    struct kept_piece *k = &r->about;
    k->index = r->choice.index;
    k->count = r->choice.count;
    k->layout = packed_layout();
    k->program = strdup(TCPREUSE_VERSION);
    k->rules = o->rules;
    k->key_parts = o->key_parts;
    k->verdicts = o->verdicts == VERDICTS_ON;
    k->append = o->append;
    k->drop_copies = o->drop_copies;
    k->choices = choices_of(o);
    k->arguments = calloc((size_t)o->argc + 1, sizeof *k->arguments);
    k->paths = calloc(inputs->count + 1, sizeof *k->paths);
    k->sizes = calloc(inputs->count + 1, sizeof *k->sizes);
    k->times = calloc(inputs->count + 1, sizeof *k->times);
    k->ends = calloc(inputs->count + 1, sizeof *k->ends);
    if (!k->program || !k->choices || !k->arguments || !k->paths || !k->sizes || !k->times || !k->ends)
        return fail_memory();
    for (; k->argument_count < (size_t)o->argc; k->argument_count++)
        if (!(k->arguments[k->argument_count] = strdup(o->argv[k->argument_count])))
            return fail_memory();
    for (; k->path_count < inputs->count; k->path_count++) {
        struct piece_input in;
        const char *path = set_source_input(r->files, k->path_count, &k->sizes[k->path_count]);
        if (!piece_identify(path, &in)) { /* else it is a problem of the run, and has no bytes */
            k->times[k->path_count] = in.time;
            k->ends[k->path_count] = (struct kept_ends){in.first_digest, in.last_digest};
        }
        if (!(k->paths[k->path_count] = strdup(path)))
            return fail_memory();
    }
    return EXIT_DONE;
}

enum exit_status piece_reading_open(struct piece_reading *r, const struct piece_choice *choice,
                                    struct problems *problems)
{
    r->choice = *choice;
    r->problems = problems;
    const enum exit_status status = open_filter(r);
    return status == EXIT_DONE ? open_files(r) : status;
}

enum exit_status piece_reading_prepare(struct piece_reading *r, struct sink *sink)
{
    const struct options *o = r->choice.options;
    const struct pipeline_params params = {
        .source = set_source_source(r->files),
        .sink = sink,
        .threads = o->threads,
        .rules = o->rules,
        .key_parts = o->key_parts,
        .filter = r->filter ? bpf_filter_of(r->filter) : NULL,
        .drop_copies = o->drop_copies,
        .decode_as = {o->decode_as, o->decode_as_count},
        .verdicts = {.wanted = o->verdicts == VERDICTS_ON, .timers = &verdict_timers},
        .keeps = true,
        .key = r->choice.key,
    };
    r->pipeline = pipeline_create(&params);
    return r->pipeline ? EXIT_DONE : fail_memory();
}

enum exit_status piece_reading_run(struct piece_reading *r, void (*sink_error)(void *), void *argument)
{
    const enum pipeline_error error = pipeline_run(r->pipeline);
    switch (error) {
    case PIPELINE_OK:
        return pipeline_totals(r->pipeline)->stopped ? EXIT_INTERRUPTED : EXIT_DONE;
    case PIPELINE_WRITE:
        sink_error(argument);
        return EXIT_OUTPUT;
    default:
        message_error("%s", pipeline_error_text(error));
        return EXIT_INPUT;
    }
}

void piece_reading_finish(struct piece_reading *r)
{
    struct kept_piece *k = &r->about;
    k->range = set_source_piece(r->files);
    k->frames = pipeline_totals(r->pipeline)->frames;
    k->bytes = set_source_piece_bytes(r->files);
    k->opened = set_source_opened(r->files);
}

void piece_reading_close(struct piece_reading *r)
{
    pipeline_destroy(r->pipeline);
    kept_piece_free(&r->about);
    set_source_destroy(r->files);
    free(r->shifts);
    bpf_destroy(r->filter);
    *r = (struct piece_reading){0};
}
