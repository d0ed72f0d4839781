/* What a listing keeps of a reuse between formatting, which any thread does, and arranging, in order. */
#ifndef TCPREUSE_LISTING_ROW_H
#define TCPREUSE_LISTING_ROW_H

#include "io/reports/listing.h"

struct listing_row {
    struct reuse reuse;
    struct finding finding; /* where verdicts are wanted */
    enum family family;
    uint64_t episode;
    struct origin origin;
    unsigned key_parts; /* of the conversations' key, enum key_parts */
};

static inline const void *listing_addresses(const struct listing_row *row)
{
    return row->family == FAMILY_IPV4 ? (const void *)row->reuse.previous.v4.address
                                      : row->reuse.previous.v6.address;
}

/* The endpoint that is the client of the new connection. */
static inline unsigned listing_client(const struct listing_row *row)
{
    return row->reuse.trigger >= TRIGGER_SYNACK_ISN ? !row->reuse.flow : row->reuse.flow;
}

static inline int64_t listing_gap(const struct listing_row *row)
{
    return time_between(row->reuse.previous.c.last_time, row->reuse.time);
}

#endif
