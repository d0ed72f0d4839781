/* Loading a pipeline: what the files of it share. pipeline.h has what others call. */
#ifndef TCPREUSE_LOAD_H
#define TCPREUSE_LOAD_H

#include "engine/pipeline/saved_names.h"
#include "engine/pipeline/state.h"
#include "engine/saved.h"

/* Where a conversation was put. */
struct loaded_place {
    uint64_t stream;
    uint32_t list, record; /* list: shard * FAMILIES + family */
};

struct loading {
    bool has_counts;
    struct loaded_place *places; /* ascending by stream */
    uint64_t count, capacity;
};

/* Frees what belongs to loading. */
void load_free(struct pipeline *p);
/* Where the conversation was put; NULL: it is not there. */
const struct loaded_place *load_find(const struct loading *l, uint64_t stream);
/* Has the run conversations of this family? */
bool load_is_family(const struct pipeline *p, unsigned family);
/* The conversation's list: where the next segment of its tuple goes. */
unsigned load_list_of(const struct pipeline *p, const union conversation_any *c, enum family family,
                      uint32_t *tag);

/* load_waiting.c. 0, or -1 when memory is short; what makes no sense fails the reader. */
int load_waiting(struct pipeline *p, struct saved_reader *r);
int load_episodes(struct pipeline *p, struct saved_reader *r);

#endif
