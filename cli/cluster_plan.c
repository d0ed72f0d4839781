/* The plan of a run by ranks: rank 0 finds the inputs and puts them in order, and all others make sure that they were
 * started alike and see the same files. So that they cut the set at the same places, each for itself. */
#include "cli/cluster_internal.h"
#include "io/message.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

/* Pieces: several a rank, so that all end together, if they are worth the threads that read them; and not so large that
 * what is left of one fills the memory of whoever waits with it. */
enum { PIECES_A_RANK = 4 };
enum { PIECES_KEPT = 63 }; /* and one more: enough for some ranks, where they are in files */
static const uint64_t kept_bytes_least = 64 << 10, piece_bytes_least = 16 << 20,
                      piece_bytes_most = UINT64_C(1) << 30;

static unsigned count_pieces(const struct cluster *c)
{
    uint64_t bytes = 0;
    for (size_t i = 0; i < c->set.path_count; i++)
        bytes += c->set.sizes[i];
    if (c->options->state) /* a job that is started again may have other ranks */
        return (unsigned)MIN(
            MAX(bytes / piece_bytes_most, MIN(bytes / kept_bytes_least, (uint64_t)PIECES_KEPT)) + 1,
            (uint64_t)1 << 30);
    const uint64_t ranks = c->job.count;
    const uint64_t worthwhile = MIN(PIECES_A_RANK * ranks, MAX(ranks, bytes / piece_bytes_least));
    return (unsigned)MIN(MAX(worthwhile, bytes / piece_bytes_most), (uint64_t)1 << 30);
}

static bool is_readable(const char *path)
{
    return !access(path, R_OK);
}

/* Opens all of the set once, for its order. */
static enum exit_status open_set(struct cluster *c)
{
    struct piece_reading r = {0};
    struct problems nobody = PROBLEMS_INIT; /* what is wrong with inputs, whoever reads them will say */
    const struct piece_choice choice = {.options = c->options, .inputs = c->inputs, .index = 1, .count = 1};
    enum exit_status status = piece_reading_open(&r, &choice, &nobody);
    if (status == EXIT_DONE)
        status = piece_reading_describe(&r);
    c->begins = calloc(c->inputs->count + 1, sizeof *c->begins);
    if (status == EXIT_DONE && !c->begins)
        status = fail_memory();
    for (size_t i = 0; status == EXIT_DONE && i < c->inputs->count; i++)
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): else the status says that memory was short */
        c->begins[i] = set_source_begins(r.files, i);
    c->set = r.about;
    r.about = (struct kept_piece){0};
    c->pieces = count_pieces(c);
    piece_reading_close(&r);
    problems_free(&nobody);
    return status;
}

enum exit_status cluster_plan_make(struct cluster *c)
{
    const struct inputs *inputs = c->inputs;
    struct saved_writer w = {0};
    const enum exit_status status = open_set(c);
    if (status != EXIT_DONE)
        return status;
    saved_put_text(&w, c->set.program);
    saved_put64(&w, c->set.layout);
    saved_put_text(&w, c->set.choices);
    saved_put64(&w, inputs->count);
    for (size_t i = 0; i < inputs->count; i++)
        saved_put_text(&w, inputs->paths[i]);
    for (size_t i = 0; i < inputs->count; i++) {
        saved_put8(&w, is_readable(inputs->paths[i]));
        saved_put64(&w, (uint64_t)c->begins[i]);
    }
    for (size_t i = 0; i < inputs->count; i++)
        saved_put64(&w, c->set.sizes[i]);
    if (w.failed)
        return fail_memory();
    uint64_t length = w.length;
    if (hash_key_draw(&c->key)) {
        message_error("cannot get random numbers from the kernel");
        return EXIT_INPUT;
    }
    c->ranks->broadcast(&c->key, sizeof c->key);
    c->ranks->broadcast(&length, sizeof length);
    c->ranks->broadcast(w.bytes, w.length);
    free(w.bytes);
    return EXIT_DONE;
}

/* Was this rank started as rank 0 was? */
static enum exit_status take_program(struct saved_reader *r)
{
    char *program = saved_get_text(r);
    const uint64_t layout = saved_get64(r);
    const bool same = program && !strcmp(program, TCPREUSE_VERSION) && layout == packed_layout();
    if (!same && !r->failed)
        message_error("rank 0 is another build of tcpreuse: %s", program);
    free(program);
    return same ? EXIT_DONE : r->failed ? fail_memory() : EXIT_INPUT;
}

/* The inputs in the order given. */
static enum exit_status take_inputs(struct saved_reader *r, struct inputs *inputs)
{
    const uint64_t count = saved_get64(r);
    inputs->paths = calloc(count + 1, sizeof *inputs->paths);
    inputs->looks = calloc(count + 1, sizeof *inputs->looks);
    if (!inputs->paths || !inputs->looks)
        return fail_memory();
    for (; inputs->count < count; inputs->count++)
        if (!(inputs->paths[inputs->count] = saved_get_text(r)))
            return fail_memory();
    return EXIT_DONE;
}

/* One of the inputs, in the order given. */
static bool check_input(const char *path, bool readable, int64_t begins, int64_t begins_here)
{
    const bool readable_here = is_readable(path);
    const int error = errno;
    if (readable && !readable_here)
        message_error("%s: cannot read, as rank 0 can: %s", path, strerror(error));
    else if (!readable && readable_here)
        message_error("%s: rank 0 cannot read it, as this rank can", path);
    else if (begins != begins_here)
        message_error("%s: is another file than for rank 0: it begins at another time", path);
    else
        return true;
    return false;
}

/* Does this rank see what rank 0 sees? choices: rank 0's. */
static enum exit_status check_set(const struct cluster *c, const char *choices, struct saved_reader *r)
{
    const struct inputs *inputs = c->inputs;
    /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): else the status says that memory was short */
    if (strcmp(choices, c->set.choices) != 0) {
        message_error("was started with other options than rank 0: with '%s', not '%s'", c->set.choices,
                      choices);
        return EXIT_USAGE;
    }
    for (size_t i = 0; i < inputs->count; i++) {
        const bool readable = saved_get8(r);
        const int64_t begins = (int64_t)saved_get64(r);
        if (!check_input(inputs->paths[i], readable, begins, c->begins[i]))
            return EXIT_INPUT;
    }
    /* All begin alike, so they are in the same order. */
    for (size_t i = 0; i < inputs->count; i++) {
        const uint64_t size = saved_get64(r);
        if (size != c->set.sizes[i]) {
            message_error("%s: is another file than for rank 0: it has %" PRIu64 " bytes, not %" PRIu64,
                          c->set.paths[i], c->set.sizes[i], size);
            return EXIT_INPUT;
        }
    }
    return r->failed ? fail_memory() : EXIT_DONE;
}

enum exit_status cluster_plan_take(struct cluster *c, struct inputs *inputs)
{
    uint64_t length;
    c->ranks->broadcast(&c->key, sizeof c->key);
    c->ranks->broadcast(&length, sizeof length);
    uint8_t *bytes = malloc(length);
    if (!bytes)
        return fail_memory();
    c->ranks->broadcast(bytes, length);
    struct saved_reader r = {.at = bytes, .end = bytes + length};
    enum exit_status status = take_program(&r);
    char *choices = status == EXIT_DONE ? saved_get_text(&r) : NULL;
    if (status == EXIT_DONE)
        status = choices ? take_inputs(&r, inputs) : fail_memory();
    if (status == EXIT_DONE)
        status = open_set(c);
    if (status == EXIT_DONE)
        status = check_set(c, choices, &r);
    free(choices);
    free(bytes);
    return status;
}

void cluster_plan_free(struct cluster *c)
{
    kept_piece_free(&c->set);
    free(c->begins);
}
