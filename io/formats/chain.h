/* Evidence that a record begins somewhere: the records that follow from there make sense, each behind the one before it.
 * Guessing where a lane begins wants a few of them, reading on behind damage wants more (resync.h). */
#ifndef TCPREUSE_CHAIN_H
#define TCPREUSE_CHAIN_H

#include "io/formats/format.h"

/* What a format knows of the records that it has followed. Zeros but for the context before the first one. */
struct chained {
    const void *context; /* with which the first one is to be read */
    uint32_t seconds;    /* time of the last one that has a time */
    bool timed;          /* there was one */
    bool notes_time;     /* pcapng, where times cost most, has them only then */
    /* pcapng, once there was a block: the byte order of the section that it stands in. */
    bool begun, swapped;
};

/* What capture_format.follow returns beside lengths. */
#define CHAIN_BREAKS UINT64_C(0)
#define CHAIN_CUT    UINT64_MAX /* what is there makes sense, and does not end before the bytes do */

enum {
    /* A record that the end of the file cuts is believed behind so many others. */
    CHAIN_BEFORE_CUT = 3,
    /* Seconds between two records in a row of a chain: a day forward, a minute back. */
    CHAIN_FORWARD = 86400,
    CHAIN_BACK = 60,
};

/* Is this a time near the one before? */
ALWAYS_INLINE bool chain_time(struct chained *chain, uint32_t seconds)
{
    const uint32_t before = chain->seconds;
    if (chain->timed && seconds - before > CHAIN_FORWARD && before - seconds > CHAIN_BACK)
        return false;
    chain->seconds = seconds;
    chain->timed = true;
    return true;
}

/* Do count records, or all up to the end of the window, follow each other from at on? follow: the format's, to be
 * inlined. */
ALWAYS_INLINE bool
chain_holds(uint64_t (*follow)(const struct capture *, struct chained *, const uint8_t *, uint64_t),
            const struct capture *c, const struct window *window, const void *context, uint64_t at, int count)
{
    struct chained chain = {.context = context};
    for (int i = 0; i < count; i++) {
        if (at == window->end)
            return i > 0;
        const uint64_t length = follow(c, &chain, window_at(window, at), window->end - at);
        if (length == CHAIN_CUT)
            return i >= CHAIN_BEFORE_CUT;
        if (length == CHAIN_BREAKS)
            return false;
        at += length;
    }
    return true;
}

#endif
