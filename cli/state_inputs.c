/* Which inputs are new to a state, where those that have grown go on, and which are late. Which file is which,
 * state_known.c says. */
#include "cli/state_internal.h"
#include "io/message.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static void fail_input(struct state *s, const char *path, size_t order, const char *why)
{
    problems_add(s->problems, PROBLEM_ERROR, order, path, -1, "%s", why);
}

/* Is the file, which the head knows, to be read, and from where? */
static bool is_to_be_read(struct state *s, size_t order, struct state_input *in)
{
    const struct piece_input *known = &s->head.inputs[in->known_as];
    if (!piece_input_is_read(known))
        return true;
    if (in->now.size < known->size) {
        fail_input(s, in->path, order, "is shorter than when it was read: what it held then still counts");
        return false;
    }
    if (in->now.size == known->size && !(known->flags & PIECE_INPUT_PART))
        return false;
    if (!(known->flags & PIECE_INPUT_PLACE)) {
        fail_input(
            s, in->path, order,
            known->flags & PIECE_INPUT_STREAM
                ? "has grown since it was read, and cannot be gone on with: it is compressed, or text"
                : "has grown since it was read, and cannot be gone on with: it was merged with others");
        return false;
    }
    in->place = (struct input_place){.is_known = true, .position = known->position, .frames = known->frames};
    in->continues = known->flags & PIECE_INPUT_PART;
    return true;
}

/* Is the file to be read? Notes what is in it by now, or else that it has another name. */
static bool take_input(struct state *s, size_t order, struct state_input *in)
{
    if (in->known_as != UINT32_MAX && !is_to_be_read(s, order, in)) {
        if (state_rename(s, in))
            s->status = fail_memory();
        return false;
    }
    if (!piece_identify(in->path, &in->now)) {
        in->now.path = (char *)(uintptr_t)in->path;
        return true;
    }
    fail_input(s, in->path, order, strerror(errno));
    return false;
}

/* A late input is counted once, however often it is refused. */
static void count_late(struct state *s, const struct state_input *in)
{
    s->head.late += in->known_as == UINT32_MAX || !(s->head.inputs[in->known_as].flags & PIECE_INPUT_LATE);
}

/* Under --append what comes first on the command line is read first. */
static void note_out_of_order(struct state *s, const bool *is_read, const struct inputs *inputs)
{
    size_t first = 0;
    for (size_t i = 0; i < inputs->count; i++) {
        const bool is_behind = first < s->input_count && s->inputs[first].path == inputs->paths[i];
        first += is_behind;
        if (is_behind || !is_read[i])
            continue;
        for (size_t k = 0; k < first; k++)
            if (!s->inputs[k].place.is_known && !s->inputs[k].refused) {
                fail_input(
                    s, s->inputs[k].path, i,
                    "stands before an input that an earlier run read: its rows come behind that one's");
                s->inputs[k].refused = s->options->late == LATE_REFUSE;
                count_late(s, &s->inputs[k]);
            }
        return;
    }
}

/* All that are regular files. 0, or -1 when memory is short. */
static int stat_inputs(struct state *s, const struct inputs *inputs, size_t *orders)
{
    free(s->inputs);
    s->input_count = 0;
    s->inputs = calloc(inputs->count + 1, sizeof *s->inputs);
    if (!s->inputs)
        return -1;
    for (size_t i = 0; i < inputs->count; i++) {
        struct state_input *in = &s->inputs[s->input_count];
        *in =
            (struct state_input){.path = inputs->paths[i], .look = inputs->looks[i], .known_as = UINT32_MAX};
        if (piece_stat(in->path, &in->now)) {
            fail_input(s, in->path, i,
                       errno == EINVAL ? "is no regular file: with --state, inputs are files"
                                       : strerror(errno));
            continue;
        }
        in->now.path = (char *)(uintptr_t)in->path;
        orders[s->input_count++] = i;
    }
    return state_find_known(s, orders);
}

enum exit_status state_take_inputs(struct state *s, const struct inputs *inputs, struct problems *problems)
{
    bool *is_read = calloc(inputs->count + 1, sizeof *is_read);
    size_t *orders = calloc(inputs->count + 1, sizeof *orders), taken = 0;
    s->problems = problems;
    if (!is_read || !orders || stat_inputs(s, inputs, orders))
        s->status = fail_memory();
    for (size_t i = 0; i < s->input_count && s->status == EXIT_DONE; i++) {
        /* NOLINTNEXTLINE(analyzer-possible-null-dereference, clang-analyzer-core.NullDereference): else the status says that memory was short */
        if (take_input(s, orders[i], &s->inputs[i]))
            s->inputs[taken++] = s->inputs[i];
        else /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): likewise */
            is_read[orders[i]] = true;
    }
    s->input_count = taken;
    if (s->status == EXIT_DONE && s->options->append)
        note_out_of_order(s, is_read, inputs);
    free(orders);
    free(is_read);
    return s->status;
}

int state_find_input(struct state *s, const char *path, uint32_t *known_as)
{
    struct state_input input = {.path = path, .known_as = UINT32_MAX}, *const inputs = s->inputs;
    const size_t orders[] = {0};
    int result = 0;
    if (!piece_stat(path, &input.now)) {
        input.now.path = (char *)(uintptr_t)path;
        s->inputs = &input;
        s->input_count = 1;
        result = state_find_known(s, orders);
    }
    s->inputs = inputs;
    s->input_count = 0;
    *known_as = input.known_as;
    return result;
}

/* Times in s since 1970. */
static void format_time(int64_t ns, char text[32])
{
    snprintf(text, 32, "%s%" PRIu64 ".%09" PRIu64, ns < 0 ? "-" : "",
             (uint64_t)(ns < 0 ? -(ns / 1000000000) : ns / 1000000000),
             (uint64_t)(ns < 0 ? -(ns % 1000000000) : ns % 1000000000));
}

/* One input alone goes on behind itself, whatever its times. */
static bool is_alone(const struct state *s, const struct state_input *in)
{
    return state_files(s) == 1 && in->place.is_known;
}

size_t state_find_late(struct state *s, const struct set_source *set)
{
    size_t refused = 0;
    if (s->head.latest_time == INT64_MIN || s->options->append)
        return 0;
    for (size_t i = 0; i < s->set_count; i++) {
        struct state_input *in = &s->inputs[s->which[i]];
        const int64_t begins = set_source_begins(set, i);
        /* Of frames at the same time, mergecap takes that of the later input first. */
        if (begins == INT64_MAX || in->continues || is_alone(s, in) || begins > s->head.latest_time ||
            (begins == s->head.latest_time && in->place.is_known))
            continue;
        char first[32], latest[32];
        const bool refuse = s->options->late == LATE_REFUSE;
        format_time(begins, first);
        format_time(s->head.latest_time, latest);
        problems_add(
            s->problems, PROBLEM_ERROR, i, in->path, -1,
            refuse ? "is late, and not read: it begins at %s, and frames up to %s have been read"
                   : "is late: it begins at %s, and frames up to %s have been read: it is read behind them",
            first, latest);
        in->refused = refuse;
        refused += refuse;
        count_late(s, in);
    }
    return refused;
}

/* How the input stands, for the head; false: nothing of it was read. *unknown: it cannot be said. */
static bool standing_of(const struct state *s, const struct set_source *set, size_t i, struct piece_input *to,
                        bool *unknown)
{
    struct input_place place;
    const enum set_standing standing = set_source_standing(set, i, &place);
    const struct state_input *in = &s->inputs[s->which[i]];
    const bool is_part = standing == SET_PART || (in->may_grow && place.is_known);
    *to = in->now;
    *unknown = standing == SET_UNKNOWN;
    to->flags = (place.is_known ? PIECE_INPUT_PLACE : 0) | (is_part ? PIECE_INPUT_PART : 0) |
                (set_source_is_stream(set, i) ? PIECE_INPUT_STREAM : 0);
    to->position = place.position;
    to->frames = place.frames;
    return standing != SET_UNREAD;
}

/* Into the head, in the place of what it knows of the input. 0, or -1 after printing an error. */
static int put_input(struct state *s, struct state_input *in, const struct piece_input *now)
{
    if (in->known_as != UINT32_MAX) {
        char *path = strdup(now->path);
        struct piece_input *known = &s->head.inputs[in->known_as];
        if (path) {
            free(known->path);
            *known = *now;
            known->path = path;
            return 0;
        }
    } else if (!piece_head_add_input(&s->head, now)) {
        in->known_as = s->head.input_count - 1;
        return 0;
    }
    s->status = state_fail_memory(s);
    return -1;
}

/* Up to where the inputs of the set are read, unless that cannot be said. */
static bool is_standing_known(struct state *s, const struct set_source *set)
{
    struct piece_input now;
    bool unknown;
    for (size_t i = 0; i < s->set_count; i++) {
        standing_of(s, set, i, &now, &unknown);
        if (!unknown)
            continue;
        if (s->options->state)
            problems_tell(s->run.failures, s->options->state,
                          "not saved: the interrupt came while %s was read in a way that cannot be gone on "
                          "with; the next run begins where the state was saved last",
                          now.path);
        return false;
    }
    return true;
}

/* The latest time of what has been read. */
static void note_latest(struct state *s)
{
    const struct time_order *order = &pipeline_totals(s->run.pipeline)->decoded.order;
    if (order->begun)
        s->head.latest_time = MAX(order->latest, order->last);
}

int state_note_read(struct state *s, const struct set_source *set)
{
    struct piece_input now;
    bool unknown;
    if (!is_standing_known(s, set))
        return -1;
    note_latest(s);
    for (size_t i = 0; i < s->set_count; i++)
        if (standing_of(s, set, i, &now, &unknown) && put_input(s, &s->inputs[s->which[i]], &now))
            return -1;
    return 0;
}

int state_note_refused(struct state *s)
{
    for (size_t i = 0; i < s->input_count; i++) {
        struct state_input *in = &s->inputs[i];
        struct piece_input now = in->now;
        now.flags = PIECE_INPUT_LATE;
        if (in->refused && in->place.is_known)
            s->head.inputs[in->known_as].flags |= PIECE_INPUT_LATE;
        else if (in->refused && put_input(s, in, &now))
            return -1;
    }
    return 0;
}
