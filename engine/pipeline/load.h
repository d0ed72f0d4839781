/* What load.c and load_waiting.c share. pipeline.h has the functions that others call. */
#ifndef TCPREUSE_LOAD_H
#define TCPREUSE_LOAD_H

#include "engine/pipeline/saved_names.h"
#include "engine/pipeline/state.h"
#include "engine/saved.h"

struct loading {
    bool has_counts;
    struct saved_place *places; /* ascending by stream */
    uint64_t count, capacity;
};

/* Frees everything that belongs to loading. */
void load_free(struct pipeline *p);
/* Where the conversation is; NULL: it has not been loaded. */
const struct saved_place *load_find(const struct loading *l, uint64_t stream);
/* Does the run have conversations of this family? */
bool load_is_family(const struct pipeline *p, unsigned family);
/* The conversation's list: where the next segment of its tuple goes. */
unsigned load_list_of(const struct pipeline *p, const union conversation_any *c, enum family family,
                      uint32_t *tag);

/* saved_ftp.c. 0, or -1 when memory is short; invalid values fail the reader. */
int load_controls(struct pipeline *p, struct saved_reader *r);
int load_announced(struct pipeline *p, struct saved_reader *r);

/* load_waiting.c. 0, or -1 when memory is short; invalid values fail the reader. */
int load_waiting(struct pipeline *p, struct saved_reader *r);
int load_episodes(struct pipeline *p, struct saved_reader *r);

#endif
