/* The slow path of counting frames that go back in time, and joining the counts of lanes. */
#include "engine/time_order.h"

void time_order_note_back(struct time_order *o, int64_t before, int64_t time)
{
    if (!o->begun) {
        o->begun = true;
        o->first = o->earliest = time;
        o->latest = INT64_MIN;
        return;
    }
    o->frames_back++;
    o->latest = MAX(o->latest, before);
    o->earliest = MIN(o->earliest, time);
    o->furthest_back = MAX(o->furthest_back, (uint64_t)o->latest - (uint64_t)time);
}

void time_order_add(struct time_order *o, const struct frame *frames, unsigned n)
{
    for (unsigned i = 0; i < n; i++) {
        const int64_t time = frames[i].time;
        if (unlikely(frames[i].link_type == LINK_TYPE_NOT_A_PACKET))
            continue;
        if (unlikely(!o->begun || time < o->last))
            time_order_note_back(o, o->last, time);
        o->last = time;
    }
}

void time_order_append(struct time_order *o, const struct time_order *next)
{
    if (!next->begun)
        return;
    if (!o->begun) {
        o->begun = true;
        o->first = next->first;
        o->earliest = next->earliest;
        o->latest = next->latest;
    } else {
        o->frames_back += next->first < o->last;
        o->latest = MAX(o->latest, o->last);
        if (next->earliest < o->latest)
            o->furthest_back = MAX(o->furthest_back, (uint64_t)o->latest - (uint64_t)next->earliest);
        o->latest = MAX(o->latest, next->latest);
    }
    o->frames_back += next->frames_back;
    o->furthest_back = MAX(o->furthest_back, next->furthest_back);
    o->last = next->last;
}

void time_order_restart(struct time_order *o)
{
    o->begun = false;
}
