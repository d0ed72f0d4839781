/* What save.c and save_waiting.c share. pipeline.h has the functions that others call. */
#ifndef TCPREUSE_SAVE_H
#define TCPREUSE_SAVE_H

#include "engine/pipeline/saved_names.h"
#include "engine/pipeline/state.h"
#include "engine/saved.h"

/* A new member of these has to be saved and loaded, too, and so has a member of struct shard that lasts from one batch
 * to the next. */
_Static_assert(sizeof(struct conversation) == 56 && sizeof(struct realm) == 16 &&
                   sizeof(struct history) == 64 && sizeof(struct ways) == 32,
               "save_conversations() and load_conversation() know all members");
_Static_assert(sizeof(struct finding) == 56 && sizeof(struct episode) == 80 &&
                   sizeof(struct episode_attempt) == 16,
               "save_waiting.c and load_waiting.c know all members");
_Static_assert(sizeof(struct reuse) == 176 && sizeof(struct endpoint_reuse) == 24,
               "save_reuse(), save_reuses() and those that load know all members");
_Static_assert(sizeof(struct decode_counts) == 152 && sizeof(struct time_order) == 56,
               "save_counts() and load_counts() know all members");

struct saving {
    struct pipeline *pipeline;
    struct save_target *to;
    struct saved_writer text; /* of the section */
    bool failed;              /* by the target */
};

/* Passes the section to the target if it is large or `last`, and begins the next one. */
void save_section(struct saving *s, const char *name, bool last);
/* Which parts the run has: enum saved_parts. */
unsigned save_parts(const struct pipeline *p);

/* saved_ftp.c: what generation 4.0 knows of FTP. */
void save_ftp(struct saving *s);

/* save_waiting.c: rows that wait, then the episodes that they wait for. */
void save_waiting(struct saving *s);
void save_episodes(struct saving *s);

#endif
