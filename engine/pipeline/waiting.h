/* Rows of reuses whose findings are incomplete. They wait, in capture order, until all rows before them can be
 * reported. Numbering adds and removes them; at the end of the capture, the thread that writes the last rows does.
 * One thread at a time. */
#ifndef TCPREUSE_WAITING_H
#define TCPREUSE_WAITING_H

#include "engine/batch.h"
#include "engine/source.h"

/* The row of a reuse, with all that a sink may need. */
struct waiting_row {
    struct reuse reuse;
    struct finding finding;
    struct origin origin; /* file NULL: not asked for yet, since the reuse is in the current batch */
    uint64_t episode;     /* the stream it began with */
    uint64_t number;      /* of the row, counted from 0 over the whole run */
    unsigned list;        /* shard * FAMILIES + family */
    bool complete;
    struct episode_attempts
        *attempts; /* of the episode that ends with this row; owned; NULL: none is reported */
};

/* Maps the tickets of a list to row numbers, for tickets from `low` on. */
struct ticket_map {
    uint64_t *row;
    uint32_t capacity; /* a power of two, or 0 */
    uint32_t low, end; /* no ticket before low is waited for; end is the next one; modulo 2^32 */
};

/* Zeroed, it is empty, except for tickets, one map a list, which the owner allocates. */
struct waiting {
    struct waiting_row *ring;
    uint64_t capacity;   /* a power of two, or 0 */
    uint64_t first, end; /* row numbers */
    struct ticket_map *tickets;
};

void waiting_free(struct waiting *w, unsigned lists);
/* Appends a row for a reuse of this list. NULL when memory is short. */
struct waiting_row *waiting_add(struct waiting *w, const struct reuse *reuse, unsigned list);
/* Completes the row of the finding. */
void waiting_complete(struct waiting *w, const struct found *found, unsigned list);
/* The row with this ticket, which must be waiting. */
struct waiting_row *waiting_row_of(const struct waiting *w, unsigned list, uint32_t ticket);
/* The first row, if it is complete; else NULL. Valid until a row is added. */
const struct waiting_row *waiting_first(const struct waiting *w);
/* Removes the first row. */
void waiting_remove_first(struct waiting *w);

ALWAYS_INLINE struct waiting_row *waiting_row_at(const struct waiting *w, uint64_t number)
{
    return &w->ring[number & (w->capacity - 1)];
}

#endif
