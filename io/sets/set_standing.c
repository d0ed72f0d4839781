/* How far the inputs of a set are read: for who goes on there in another run. */
#include "io/sets/set_source_internal.h"

void standing_note(const struct batch *b)
{
    const struct capture *c = b->input;
    if (!c || b->piece || !c->place)
        return;
    /* Behind the last frame. Lanes without frames, further on, are read once more. */
    for (unsigned i = b->lanes_used; i--;) {
        const struct lane *lane = &b->lane[i];
        if (lane->frames) {
            *c->place = (struct input_place){.is_known = true,
                                             .position = lane->reader.position,
                                             .frames = lane->first_frame + lane->frames - 1 - b->input_base};
            return;
        }
    }
}

/* Its place in the order in which the inputs are read. */
static size_t find_input(const struct set_source *s, size_t order)
{
    size_t i = 0;
    while (s->inputs[i]->order != order)
        i++;
    return i;
}

static bool is_merged(const struct set_source *s, const struct input *in)
{
    for (size_t i = 0; i < s->heap.count; i++)
        if (s->heap.cursors[i]->input == in)
            return true;
    return false;
}

int64_t set_source_begins(const struct set_source *s, size_t order)
{
    return s->inputs[find_input(s, order)]->first_time;
}

bool set_source_is_stream(const struct set_source *s, size_t order)
{
    return s->inputs[find_input(s, order)]->kind == INPUT_STREAM;
}

enum set_standing set_source_standing(const struct set_source *s, size_t order, struct input_place *place)
{
    const size_t i = find_input(s, order);
    const struct input *in = s->inputs[i];
    *place = in->kind == INPUT_MAPPED ? in->place : (struct input_place){0};
    if (i >= atomic_load_explicit(&s->next, memory_order_relaxed) || !in->counted)
        return SET_UNREAD;
    if (s->sw.state == SWITCH_DRAINING || !switch_is_settled_in_time(&s->sw) || is_merged(s, in))
        return SET_UNKNOWN;
    if (in->broken && !in->failed)
        return SET_UNKNOWN; /* a stream that an interrupt cut short */
    if (s->sequence.input != in)
        return SET_READ;
    return place->is_known ? SET_PART : SET_UNKNOWN;
}
