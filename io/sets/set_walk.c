/* Walks a set of files on one thread, with what merges them in a run: a merge gives the order of any set, also where
 * files do not overlap. */
#include "io/sets/set_walk.h"
#include "io/formats/format.h"
#include "io/sets/set_source_internal.h"

#include <errno.h>
#include <stdlib.h>

struct set_walk {
    struct set_source *set; /* for its inputs and their order; nothing is claimed of it */
    bool given;             /* the first cursor's frame has been given */
};

struct set_walk *set_walk_create(const struct set_source_params *params)
{
    struct set_walk *w = calloc(1, sizeof *w);
    if (!w || !(w->set = set_source_create(params))) {
        free(w);
        return NULL;
    }
    for (size_t i = 0; i < params->count; i++)
        w->set->inputs[i]->keeps_interfaces = true;
    return w;
}

void set_walk_destroy(struct set_walk *w)
{
    if (!w)
        return;
    set_source_destroy(w->set);
    free(w);
}

static bool is_due(const struct set_source *s, const struct input *in)
{
    const struct cursor_heap *heap = &s->heap;
    if (!heap->count)
        return true;
    return !s->params.append && comes_first(in->first_time, in->order, cursor_peek(heap->cursors[0])->time,
                                            heap->cursors[0]->input->order);
}

/* Opens the inputs whose turn has come. 0, or -1 when memory is short. */
static int add_inputs(struct set_source *s)
{
    for (struct input *in; (in = set_next_input(s)) && is_due(s, in);) {
        atomic_fetch_add_explicit(&s->next, 1, memory_order_relaxed);
        struct cursor *c = cursor_create(in, NULL);
        if (c)
            c->sorter.window = s->params.sort_window;
        if (cursor_heap_add(&s->heap, c)) {
            problems_add(in->problems, PROBLEM_ERROR, in->order, in->path, -1, "not read to its end: %s",
                         strerror(ENOMEM));
            return -1;
        }
    }
    return 0;
}

bool set_walk_next(struct set_walk *w, struct walked_frame *f)
{
    struct cursor_heap *heap = &w->set->heap;
    if (w->given) {
        cursor_advance(heap->cursors[0]);
        cursor_heap_update_first(heap);
    }
    w->given = !add_inputs(w->set) && heap->count;
    if (!w->given)
        return false;
    struct cursor *c = heap->cursors[0];
    f->frame = cursor_peek(c);
    f->capture = c->capture;
    f->context = cursor_context(c);
    return true;
}

bool set_walk_origin(const struct walked_frame *f, struct packet_origin *origin)
{
    const struct capture_format *format = f->capture->format;
    return format->origin && format->origin(f->context, f->frame, origin);
}
