/* What saving and loading a pipeline share: names of sections, and where a conversation is. */
#ifndef TCPREUSE_SAVED_NAMES_H
#define TCPREUSE_SAVED_NAMES_H

#include <stdint.h>

#define SECTION_COUNTS        "counts"
#define SECTION_FRAGMENTS     "fragments"
#define SECTION_L2TP          "l2tp"
#define SECTION_BLUETOOTH     "bluetooth"
#define SECTION_CONVERSATIONS "conversations"
#define SECTION_WAITING       "waiting"
#define SECTION_EPISODES      "episodes"
#define SECTION_REUSES        "reuses"
#define SECTION_CONTROLS      "controls"
#define SECTION_ANNOUNCED     "announced"

/* About this large, a section is continued in another one: larger ones compress no better. */
enum { SECTION_BYTES = 4 << 20 };

/* Where a conversation is. In sections it is identified by its stream. */
struct saved_place {
    uint64_t stream;
    uint32_t list, record; /* list: shard * FAMILIES + family */
};

/* Which parts a saved run has, in SECTION_COUNTS. */
enum saved_parts {
    SAVED_VERDICTS = 1,  /* histories, waiting rows, episodes */
    SAVED_RECORDS = 2,   /* conversations that are over */
    SAVED_ORIGINS = 4,   /* files of waiting rows */
    SAVED_REUSES = 8,    /* of endpoints */
    SAVED_ATTEMPTS = 16, /* of episodes that wait for their row */
    SAVED_WAYS = 32,     /* what went each way in conversations */
    SAVED_CLOCKS = 64,   /* of --expire, at which conversations had their last segments */
};

#endif
