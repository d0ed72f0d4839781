/* What saving and loading a pipeline share: the names of the sections, and how conversations are told in
 * them. */
#ifndef TCPREUSE_SAVED_NAMES_H
#define TCPREUSE_SAVED_NAMES_H

#define SECTION_COUNTS        "counts"
#define SECTION_FRAGMENTS     "fragments"
#define SECTION_L2TP          "l2tp"
#define SECTION_CONVERSATIONS "conversations"
#define SECTION_WAITING       "waiting"
#define SECTION_EPISODES      "episodes"
#define SECTION_REUSES        "reuses"

/* A section goes on in another one when it is about as large: larger ones compress no better. */
enum { SECTION_BYTES = 4 << 20 };

/* Which parts a conversation has, in SECTION_COUNTS. */
enum saved_parts {
    SAVED_VERDICTS = 1, /* histories, waiting rows, episodes */
    SAVED_RECORDS = 2,  /* conversations that are over */
    SAVED_ORIGINS = 4,  /* files of waiting rows */
    SAVED_REUSES = 8,   /* of endpoints */
    SAVED_WAYS = 32,    /* what went each way in conversations */
    SAVED_ATTEMPTS = 16 /* of episodes that wait for their row */
};

#endif
