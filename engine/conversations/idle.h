/* The conversations of a table in the order in which they last had a segment, when a run may forget some: the
 * one that has been idle longest is the first to go. 12 bytes a conversation, and only where a limit is set.
 *
 * A record that is given up is not used again at once: batches that are under way still refer to it by its
 * number. It waits until the batch in which it was given up is written. One thread uses a list at a time. */
#ifndef TCPREUSE_IDLE_H
#define TCPREUSE_IDLE_H

#include "engine/conversations/table.h"

struct idle_link {
    uint32_t older, newer; /* records; of one that waits to be used again, newer is the next that waits */
    union {
        uint32_t hash;  /* its tag in the table */
        uint32_t batch; /* in which it was given up; modulo 2^32, since few batches are under way */
    };
};

struct idle_list {
    struct idle_link *links; /* by record number */
    uint32_t capacity;
    uint32_t oldest, newest; /* records, or RECORD_NONE */
    uint32_t first_given_up, last_given_up;
};

void idle_list_free(struct idle_list *l);
/* Room for this record. 0 or -1. */
int idle_list_grow(struct idle_list *l, uint32_t record);

ALWAYS_INLINE void idle_list_remove(struct idle_list *l, uint32_t record)
{
    const struct idle_link *link = &l->links[record];
    *(link->older ? &l->links[link->older].newer : &l->oldest) = link->newer;
    *(link->newer ? &l->links[link->newer].older : &l->newest) = link->older;
}

/* As the newest. */
ALWAYS_INLINE void idle_list_add(struct idle_list *l, uint32_t record, uint32_t hash)
{
    l->links[record] = (struct idle_link){.older = l->newest, .hash = hash};
    *(l->newest ? &l->links[l->newest].newer : &l->oldest) = record;
    l->newest = record;
}

/* It had a segment. */
ALWAYS_INLINE void idle_list_touch(struct idle_list *l, uint32_t record)
{
    if (l->newest == record)
        return;
    uint32_t hash = l->links[record].hash;
    idle_list_remove(l, record);
    idle_list_add(l, record, hash);
}

/* Takes it out of the order; its number may be used again when this batch is written. */
void idle_list_give_up(struct idle_list *l, uint32_t record, uint64_t batch);
/* A record that was given up in a batch before this one, or RECORD_NONE. */
uint32_t idle_list_use_again(struct idle_list *l, uint64_t written);

#endif
