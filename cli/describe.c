/* Describes a state file or a piece file, for people: one line for each fact, and one for each section. The
 * whole file is checked before the first line is written. Names come from anywhere, so they are written
 * escaped. */
#include "cli/describe.h"
#include "io/message.h"
#include "io/pieces/kept.h"
#include "io/pieces/kept_sections.h"
#include "io/pieces/piece_head.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static void print_text(const char *what, const char *text)
{
    printf("%-15s", what);
    message_write(stdout, text);
    putchar('\n');
}

static void print_number(const char *what, uint64_t n)
{
    printf("%-15s%" PRIu64 "\n", what, n);
}

/* A time in ns since 1970, in UTC. */
static void print_time(const char *what, int64_t ns)
{
    char text[64];
    struct tm tm;
    int64_t seconds = ns / 1000000000, rest = ns % 1000000000;
    if (rest < 0) {
        seconds--;
        rest += 1000000000;
    }
    const time_t t = seconds;
    if (!gmtime_r(&t, &tm) || !strftime(text, sizeof text, "%Y-%m-%d %H:%M:%S", &tm))
        *text = 0;
    printf("%-15s%s.%09" PRId64 " UTC\n", what, text, rest);
}

static void print_input(const struct piece_input *in)
{
    printf("%-15s", "input");
    message_write(stdout, in->path);
    printf(", %" PRIu64 " bytes", in->size);
    if (in->flags & PIECE_INPUT_PLACE)
        printf(", %" PRIu64 " frames up to offset %" PRIu64, in->frames, in->position);
    printf("%s\n", in->flags & PIECE_INPUT_PART     ? ", in part"
                   : in->flags & PIECE_INPUT_STREAM ? ", as a stream"
                   : !piece_input_is_read(in)       ? ", late, and not read"
                   : in->flags & PIECE_INPUT_LATE   ? ", what follows is late, and not read"
                                                    : "");
}

static void print_head(const struct piece_head *h)
{
    print_text("program", h->program);
    print_number("frames", h->frames);
    print_number("conversations", h->conversations);
    print_number("reuses", h->reuses);
    print_number("waiting", h->waiting);
    if (h->latest_time != INT64_MIN)
        print_time("latest frame", h->latest_time);
    if (h->late)
        print_number("late inputs", h->late);
    for (uint32_t i = 0; i < h->option_count; i++) {
        printf("%-15s--", "option");
        message_write(stdout, h->options[i].name);
        putchar(' ');
        message_write(stdout, h->options[i].value);
        putchar('\n');
    }
    for (uint32_t i = 0; i < h->report_count; i++) {
        printf("%-15s", "report");
        message_write(stdout, h->reports[i].name);
        printf(", %" PRIu64 " bytes\n", h->reports[i].length);
    }
    for (uint32_t i = 0; i < h->input_count; i++)
        print_input(&h->inputs[i]);
}

static void print_border(const char *what, const struct kept_piece *k, struct set_border border)
{
    printf("%-15s", what);
    if (border.input < k->path_count) {
        printf("offset %" PRIu64 " of ", border.position);
        message_write(stdout, k->paths[border.input]);
    } else {
        printf("behind all inputs");
    }
    putchar('\n');
}

/* A command, as a shell would take it. */
static void print_command(const struct kept_piece *k)
{
    static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./,:=@%+";
    printf("%-15s", "command");
    for (size_t i = 0; i < k->argument_count; i++) {
        const char *word = k->arguments[i];
        const bool quoted = !*word || word[strspn(word, plain)];
        printf("%s%s", i ? " " : "", quoted ? "'" : "");
        for (; quoted && strchr(word, '\''); word = strchr(word, '\'') + 1) {
            char *part = strndup(word, (size_t)(strchr(word, '\'') - word));
            message_write(stdout, part ? part : "");
            free(part);
            printf("'\\''");
        }
        message_write(stdout, word);
        printf("%s", quoted ? "'" : "");
    }
    putchar('\n');
}

static void print_problem(const struct problem *p)
{
    printf("%-15s", p->note ? "note" : "problem");
    message_write(stdout, p->file ? p->file : "");
    if (p->has_offset)
        printf(": offset %" PRIu64, p->offset);
    printf(": ");
    message_write(stdout, p->text ? p->text : "");
    putchar('\n');
}

static void print_piece(const struct kept_piece *k)
{
    print_text("program", k->program);
    if (strcmp(k->program, TCPREUSE_VERSION) != 0 || k->layout != packed_layout())
        print_text("build", "another one than this, whose --combine cannot read it");
    printf("%-15s%u of %u\n", "piece", k->index, k->count);
    print_border("begins", k, k->range.begin);
    print_border("ends", k, k->range.end);
    print_number("frames", k->frames);
    print_number("read", k->bytes);
    print_text("options", k->choices);
    print_command(k);
    for (size_t i = 0; i < k->path_count; i++)
        print_input(&(struct piece_input){.path = k->paths[i], .size = k->sizes[i]});
    for (size_t i = 0; i < k->problem_count; i++)
        print_problem(&k->problems[i]);
}

/* The section about the piece itself is the last of its file, since it is known last. 0, or -1 with an
 * error. */
static int print_about(struct piece_reader *r, const char *path, char error[PIECE_ERROR_MAX])
{
    struct kept_piece k = {0};
    const bool found = kept_read_about(r, path, &k, error);
    if (found)
        print_piece(&k);
    kept_piece_free(&k);
    piece_reader_rewind(r);
    return found ? 0 : -1;
}

/* 0, or -1 with an error. */
static int print_sections(struct piece_reader *r, const char *path, char error[PIECE_ERROR_MAX])
{
    struct piece_section s;
    bool failed = false;
    while (piece_reader_next(r, &s, &failed, error)) {
        if (!strcmp(s.name, PIECE_HEAD_SECTION)) {
            struct piece_head head = {0};
            struct saved_reader in = {.at = s.bytes, .end = s.bytes + s.count};
            piece_head_get(&in, &head);
            failed = in.failed || in.at != in.end;
            if (!failed)
                print_head(&head);
            piece_head_free(&head);
            if (failed) {
                snprintf(error, PIECE_ERROR_MAX, "%s: %s", path,
                         in.short_of_memory ? "out of memory" : "its head makes no sense");
                break;
            }
        }
        printf("%-15s", "section");
        message_write(stdout, s.name);
        printf(", %zu bytes, %" PRIu64 " in the file\n", s.count, s.stored);
    }
    return failed ? -1 : 0;
}

enum exit_status describe(const char *path)
{
    struct piece_reader *r;
    char error[PIECE_ERROR_MAX];
    if (piece_reader_open(&r, path, error) != PIECE_DONE) {
        message_error("%s", error);
        return EXIT_INPUT;
    }
    print_text("file", path);
    print_text("kind", piece_reader_kind(r) == PIECE_STATE ? "state" : "piece");
    print_number("format", PIECE_VERSION);
    print_number("bytes", piece_reader_size(r));
    int result = piece_reader_kind(r) == PIECE_PART ? print_about(r, path, error) : 0;
    if (!result)
        result = print_sections(r, path, error);
    piece_reader_close(r);
    if (result) {
        message_error("%s", error);
        return EXIT_INPUT;
    }
    print_text("checksums", "right");
    return finish_standard_output();
}
