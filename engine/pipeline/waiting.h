/* Reuses whose findings are not complete: their rows wait, in the order of the capture, until all before them
 * can be reported. Numbering puts them in and takes them out, one thread at a time; at the end of the capture,
 * whoever writes the last rows. */
#ifndef TCPREUSE_WAITING_H
#define TCPREUSE_WAITING_H

#include "engine/batch.h"
#include "engine/source.h"

/* The row of a reuse, with all that a sink may want of it. */
struct waiting_row {
    struct reuse reuse;
    struct finding finding;
    struct origin origin; /* file NULL: not asked for yet, and the reuse is of the present batch */
    uint64_t episode;     /* stream with which it began */
    uint64_t number;      /* of the row, counted from 0 over the whole run */
    unsigned list;        /* shard * FAMILIES + family */
    bool complete;
    struct episode_attempts
        *attempts; /* of an episode that ends with the row; owned; NULL: none is reported */
};

/* Where the rows of a list's tickets are: row number by ticket, for the tickets from `low` on. */
struct ticket_map {
    uint64_t *row;
    uint32_t capacity; /* a power of two, or 0 */
    uint32_t low, end; /* no ticket before low is waited for; end is the next one; modulo 2^32 */
};

/* Zeroed, it is empty but for tickets, one a list, which its owner allocates. */
struct waiting {
    struct waiting_row *ring;
    uint64_t capacity;   /* a power of two, or 0 */
    uint64_t first, end; /* row numbers */
    struct ticket_map *tickets;
};

void waiting_free(struct waiting *w, unsigned lists);
/* A row for the reuse of a list, behind all others. NULL when memory is short. */
struct waiting_row *waiting_add(struct waiting *w, const struct reuse *reuse, unsigned list);
/* A finding is complete. */
void waiting_complete(struct waiting *w, const struct found *found, unsigned list);
/* The row that has the ticket, which waits. */
struct waiting_row *waiting_row_of(const struct waiting *w, unsigned list, uint32_t ticket);
/* The first row, if it is complete; else NULL. Valid until a row is added. */
const struct waiting_row *waiting_first(const struct waiting *w);
/* Takes out the first row. */
void waiting_remove_first(struct waiting *w);

ALWAYS_INLINE struct waiting_row *waiting_row_at(const struct waiting *w, uint64_t number)
{
    return &w->ring[number & (w->capacity - 1)];
}

#endif
