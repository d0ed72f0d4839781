/* The order in which the inputs of a set are read: by the times of their first frames. */
#include "io/sets/set_source_internal.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

static int by_first_time(const void *a, const void *b)
{
    const struct input *x = *(struct input *const *)a, *y = *(struct input *const *)b;
    if (x->first_time == INT64_MAX && y->first_time == INT64_MAX)
        return (x->order > y->order) - (x->order < y->order);
    return comes_first(x->first_time, x->order, y->first_time, y->order) ? -1 : 1;
}

int64_t order_time_limit(const struct set_source *s, const struct input *in, const struct input *next)
{
    if (s->params.append || !next || next->first_time == INT64_MAX)
        return INT64_MAX;
    bool next_wins = next->order > in->order; /* if both are at the same time */
    return next->first_time - (next_wins && next->first_time > INT64_MIN);
}

/* The time of the input's first frame, where a look at its first bytes does not tell. Regular files are
 * closed again, since there can be many. What is wrong with them is reported when it is their turn. */
static void look_at_first_time(struct input *in)
{
    struct problems nobody = PROBLEMS_INIT;
    struct input *look = in->sized ? input_create(in->path, in->order, &nobody, in->stop) : in;
    if (look) {
        look->sized = in->sized;
        look->reads = in->reads;
        look->resyncs = in->resyncs;
        look->is_look = in->sized;
        look->resume = in->resume;
        look->shift = in->shift;
    }
    struct cursor *c = look ? cursor_create(look, NULL) : NULL;
    if (!c) {
        problems_add(in->problems, PROBLEM_ERROR, in->order, in->path, -1,
                     "the time of its first frame is not known: %s", strerror(ENOMEM));
    } else {
        const struct frame *f = cursor_peek(c);
        if (f)
            in->first_time = f->time;
        if (!in->sized && c->chunk) { /* what was taken is given back */
            in->again_first = in->again_last = c->chunk;
            atomic_fetch_add_explicit(&c->chunk->users, 1, memory_order_relaxed);
        }
        cursor_destroy(c);
    }
    if (look && look != in) {
        in->kind = look->kind;
        input_free(look);
    }
    problems_free(&nobody);
}

/* One input alone is read whenever it begins, unless it is to follow what an earlier run read. */
static bool wants_first_times(const struct set_source *s)
{
    return !s->params.append && (s->params.count > 1 || s->params.resumes);
}

/* What the run has to know of an input that is a regular file. */
static void look_at_input(void *argument, size_t i)
{
    struct set_source *s = argument;
    struct input *in = s->inputs[i];
    struct look look = s->params.looks ? s->params.looks[i] : (struct look){0};
    const bool ordered = wants_first_times(s);
    struct stat st;
    in->sized = look.done || (strcmp(in->path, "-") && !stat(in->path, &st) && S_ISREG(st.st_mode));
    if (!in->sized)
        return;
    if (!look.done && ordered && !in->resume.is_known && !s->params.begins)
        look_at_file(in->path, &look);
    in->size = look.done ? look.size : (uint64_t)st.st_size;
    atomic_fetch_add_explicit(&s->bytes_total, in->size, memory_order_relaxed);
    if (s->params.begins)
        in->first_time = s->params.begins[i];
    else if (look.has_time && !in->resume.is_known)
        in->first_time = clock_shift_time(&in->shift, look.first_time);
    else if (ordered)
        look_at_first_time(in);
}

/* Files, which can be many, are looked at by as many threads as the run will have; then streams one after the
 * other, since their writers may wait for each other. */
void order_inputs(struct set_source *s)
{
    const bool ordered = wants_first_times(s);
    look_at_many(look_at_input, s, s->params.count, s->params.threads);
    for (size_t i = 0; ordered && i < s->params.count; i++)
        if (!s->inputs[i]->sized)
            look_at_first_time(s->inputs[i]);
    /* A frame that is sorted to the beginning may be earlier than the first one by as much; to open a file too
     * early does no harm. */
    for (size_t i = 0; ordered && s->params.sort_window && i < s->params.count; i++)
        if (s->inputs[i]->first_time != INT64_MAX)
            s->inputs[i]->first_time = clock_shift_time(&(struct clock_shift){.ns = -s->params.sort_window},
                                                        s->inputs[i]->first_time);
    if (ordered)
        qsort(s->inputs, s->params.count, sizeof(struct input *), by_first_time);
}
