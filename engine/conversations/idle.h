/* The conversations of a table, by the order of their last segments, for runs that may forget some: the one
 * that has been idle longest goes first. 12 bytes a conversation, only where a limit is set; 8 more
 * where that is one of time.
 *
 * A record that was given up cannot be reused at once, since batches under way still refer to it by number.
 * It waits until the batch in which it was given up has been written. One thread uses a list at a time. */
#ifndef TCPREUSE_IDLE_H
#define TCPREUSE_IDLE_H

#include "engine/util.h"

struct idle_link {
    uint32_t older, newer; /* records; newer of one that was given up: the next one given up */
    union {
        uint32_t hash;  /* its tag in the table */
        uint32_t batch; /* given up in this one; modulo 2^32, which is enough for the few batches under way */
    };
};
_Static_assert(sizeof(struct idle_link) == 12, "memory a conversation");

struct idle_list {
    struct idle_link *links; /* by record number */
    uint32_t capacity;
    bool timed; /* it has clocks: set before the first record */
    uint64_t *
        clocks; /* by record number: the idle clock at the last segment, and not before the one before in the list */
    uint32_t clock_capacity;
    uint32_t oldest, newest;                /* by last segment; records, or RECORD_NONE */
    uint32_t first_given_up, last_given_up; /* records, or RECORD_NONE */
};

void idle_list_free(struct idle_list *l);
/* Makes room for this record. 0, or -1 when memory is short. */
int idle_list_grow(struct idle_list *l, uint32_t record);

/* Takes a record out of the order. */
ALWAYS_INLINE void idle_list_remove(struct idle_list *l, uint32_t record)
{
    const struct idle_link *link = &l->links[record];
    *(link->older ? &l->links[link->older].newer : &l->oldest) = link->newer;
    *(link->newer ? &l->links[link->newer].older : &l->newest) = link->older;
}

/* Adds a record as the newest. */
ALWAYS_INLINE void idle_list_add(struct idle_list *l, uint32_t record, uint32_t hash)
{
    l->links[record] = (struct idle_link){.older = l->newest, .hash = hash};
    *(l->newest ? &l->links[l->newest].newer : &l->oldest) = record;
    l->newest = record;
}

/* The record had a segment: it becomes the newest. clock: of a list that is timed. */
ALWAYS_INLINE void idle_list_touch(struct idle_list *l, uint32_t record, uint64_t clock)
{
    if (l->timed)
        l->clocks[record] = clock;
    if (l->newest == record)
        return;
    uint32_t hash = l->links[record].hash;
    idle_list_remove(l, record);
    idle_list_add(l, record, hash);
}

/* Takes a record out of the order for good. Its number may be used again once this batch has been written. */
void idle_list_give_up(struct idle_list *l, uint32_t record, uint64_t batch);
/* A record that was given up in one of the batches before number `written`, which have all been written; or
 * RECORD_NONE. */
uint32_t idle_list_use_again(struct idle_list *l, uint64_t written);

#endif
