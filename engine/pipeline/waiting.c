/* Rows of reuses that wait for their findings: a ring of rows, and for each list of reuses a ring that maps tickets to
 * rows. */
#include "engine/pipeline/waiting.h"

#include <assert.h>
#include <stdlib.h>

enum { RING_FIRST = 64 };
static const uint64_t row_gone = UINT64_MAX;

void waiting_free(struct waiting *w, unsigned lists)
{
    for (unsigned i = 0; w->tickets && i < lists; i++)
        free(w->tickets[i].row);
    for (uint64_t i = w->first; i < w->end; i++)
        free(waiting_row_at(w, i)->attempts);
    free(w->tickets);
    free(w->ring);
    *w = (struct waiting){0};
}

static int grow_ring(struct waiting *w)
{
    const uint64_t capacity = MAX(w->capacity * 2, (uint64_t)RING_FIRST);
    struct waiting_row *ring = malloc(capacity * sizeof *ring);
    if (!ring)
        return -1;
    for (uint64_t i = w->first; i < w->end; i++)
        ring[i & (capacity - 1)] = *waiting_row_at(w, i);
    free(w->ring);
    w->ring = ring;
    w->capacity = capacity;
    return 0;
}

static int grow_tickets(struct ticket_map *t)
{
    const uint32_t capacity = MAX(t->capacity * 2, (uint32_t)RING_FIRST);
    uint64_t *row = malloc(capacity * sizeof *row);
    if (!capacity || !row)
        return -1;
    for (uint32_t i = 0; i < capacity; i++)
        row[i] = row_gone;
    for (uint32_t i = 0; i < t->capacity; i++)
        row[(t->low + i) & (capacity - 1)] = t->row[(t->low + i) & (t->capacity - 1)];
    free(t->row);
    t->row = row;
    t->capacity = capacity;
    return 0;
}

struct waiting_row *waiting_add(struct waiting *w, const struct reuse *reuse, unsigned list)
{
    struct ticket_map *const t = &w->tickets[list];
    if (w->end - w->first == w->capacity && grow_ring(w))
        return NULL;
    while (reuse->ticket - t->low >= t->capacity)
        if (grow_tickets(t))
            return NULL;
    const uint64_t number = w->end++;
    struct waiting_row *const row = waiting_row_at(w, number);
    row->reuse = *reuse;
    row->origin = (struct origin){0};
    row->number = number;
    row->list = list;
    row->complete = false;
    row->attempts = NULL;
    t->row[reuse->ticket & (t->capacity - 1)] = number;
    if ((int32_t)(reuse->ticket + 1 - t->end) > 0)
        t->end = reuse->ticket + 1;
    return row;
}

struct waiting_row *waiting_row_of(const struct waiting *w, unsigned list, uint32_t ticket)
{
    const struct ticket_map *t = &w->tickets[list];
    const uint64_t number = t->row[ticket & (t->capacity - 1)];
    assert(ticket - t->low < t->capacity && number != row_gone);
    return waiting_row_at(w, number);
}

void waiting_complete(struct waiting *w, const struct found *found, unsigned list)
{
    struct waiting_row *const row = waiting_row_of(w, list, found->ticket);
    row->finding = found->finding;
    row->complete = true;
    if (found->ticket == found->first_ticket)
        row->episode = found->finding.from_previous ? row->reuse.previous_stream : row->reuse.stream;
    else
        row->episode = waiting_row_of(w, list, found->first_ticket)->episode;
}

const struct waiting_row *waiting_first(const struct waiting *w)
{
    if (w->first == w->end || !waiting_row_at(w, w->first)->complete)
        return NULL;
    return waiting_row_at(w, w->first);
}

void waiting_remove_first(struct waiting *w)
{
    const struct waiting_row *row = waiting_row_at(w, w->first++);
    struct ticket_map *const t = &w->tickets[row->list];
    t->row[row->reuse.ticket & (t->capacity - 1)] = row_gone;
    while (t->low != t->end && t->row[t->low & (t->capacity - 1)] == row_gone)
        t->low++;
}
