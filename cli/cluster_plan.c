/* The plan of a run by ranks: rank 0 finds the inputs and puts them in order, and all others make sure that they were
 * started alike and see the same files. So that they cut the set at the same places, each for itself. */
#include "cli/cluster_internal.h"
#include "io/message.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <unistd.h>

static bool is_readable(const char *path)
{
    return !access(path, R_OK);
}

enum exit_status cluster_plan_give(const struct cluster *c, const struct piece_reading *r)
{
    const struct inputs *inputs = r->choice.inputs;
    const struct kept_piece *about = &r->about;
    struct saved_writer w = {0};
    saved_put_text(&w, about->program);
    saved_put64(&w, about->layout);
    saved_put_text(&w, about->choices);
    saved_put64(&w, inputs->count);
    for (size_t i = 0; i < inputs->count; i++)
        saved_put_text(&w, inputs->paths[i]);
    for (size_t i = 0; i < inputs->count; i++) {
        saved_put8(&w, is_readable(inputs->paths[i]));
        saved_put64(&w, (uint64_t)set_source_begins(r->files, i));
    }
    for (size_t i = 0; i < inputs->count; i++)
        saved_put64(&w, about->sizes[i]);
    if (w.failed)
        return fail_memory();
    uint64_t length = w.length;
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

enum exit_status cluster_plan_take(const struct cluster *c, struct cluster_plan *plan, struct inputs *inputs)
{
    uint64_t length;
    c->ranks->broadcast(&length, sizeof length);
    plan->received = malloc(length);
    if (!plan->received)
        return fail_memory();
    c->ranks->broadcast(plan->received, length);
    struct saved_reader *r = &plan->rest;
    *r = (struct saved_reader){.at = plan->received, .end = plan->received + length};
    const enum exit_status status = take_program(r);
    if (status != EXIT_DONE)
        return status;
    plan->choices = saved_get_text(r);
    const uint64_t count = saved_get64(r);
    inputs->paths = calloc(count + 1, sizeof *inputs->paths);
    inputs->looks = calloc(count + 1, sizeof *inputs->looks);
    if (!plan->choices || !inputs->paths || !inputs->looks)
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

enum exit_status cluster_plan_check(struct cluster_plan *plan, const struct piece_reading *r)
{
    const struct inputs *inputs = r->choice.inputs;
    if (strcmp(plan->choices, r->about.choices) != 0) {
        message_error("was started with other options than rank 0: with '%s', not '%s'", r->about.choices,
                      plan->choices);
        return EXIT_USAGE;
    }
    for (size_t i = 0; i < inputs->count; i++) {
        const bool readable = saved_get8(&plan->rest);
        const int64_t begins = (int64_t)saved_get64(&plan->rest);
        if (!check_input(inputs->paths[i], readable, begins, set_source_begins(r->files, i)))
            return EXIT_INPUT;
    }
    /* All begin alike, so they are in the same order. */
    for (size_t i = 0; i < inputs->count; i++) {
        const uint64_t size = saved_get64(&plan->rest);
        if (size != r->about.sizes[i]) {
            message_error("%s: is another file than for rank 0: it has %" PRIu64 " bytes, not %" PRIu64,
                          r->about.paths[i], r->about.sizes[i], size);
            return EXIT_INPUT;
        }
    }
    return plan->rest.failed ? fail_memory() : EXIT_DONE;
}

void cluster_plan_free(struct cluster_plan *plan)
{
    free(plan->choices);
    free(plan->received);
}
