/* The parts of the idle list that few segments need: memory, and records that are given up and used again. */
#include "engine/conversations/idle.h"
#include "engine/conversations/table.h"
#include "engine/list.h"

#include <stdlib.h>

void idle_list_free(struct idle_list *l)
{
    free(l->links);
    free(l->clocks);
    *l = (struct idle_list){0};
}

int idle_list_grow(struct idle_list *l, uint32_t record)
{
    const uint64_t count = (uint64_t)record + 1;
    return list_reserve(&l->links, &l->capacity, count, sizeof *l->links) ||
                   (l->timed && list_reserve(&l->clocks, &l->clock_capacity, count, sizeof *l->clocks))
               ? -1
               : 0;
}

void idle_list_give_up(struct idle_list *l, uint32_t record, uint64_t batch)
{
    idle_list_remove(l, record);
    l->links[record] = (struct idle_link){.batch = (uint32_t)batch};
    *(l->last_given_up ? &l->links[l->last_given_up].newer : &l->first_given_up) = record;
    l->last_given_up = record;
}

uint32_t idle_list_use_again(struct idle_list *l, uint64_t written)
{
    uint32_t record = l->first_given_up;
    if (!record || (int32_t)((uint32_t)written - l->links[record].batch) <= 0)
        return RECORD_NONE;
    l->first_given_up = l->links[record].newer;
    if (!l->first_given_up)
        l->last_given_up = RECORD_NONE;
    return record;
}
