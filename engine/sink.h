/* Where report rows go. io/ implements this. */
#ifndef TCPREUSE_SINK_H
#define TCPREUSE_SINK_H

#include "engine/source.h"

/* A segment with its stream. */
struct packet_row {
    uint64_t frame;
    uint64_t stream;
    const struct segment *segment; /* struct segment4 or struct segment6 */
    enum family family;
    struct origin origin; /* where the sink wants it */
};

/* So many rows of packets come in one call, at most: what rows have in common is worked out once a call, and
 * they stay in the L1 cache between. */
enum { PACKET_ROWS = 64 };

struct conversation_row {
    uint64_t stream;
    enum ending ending;
    const union conversation_any *conversation;
    enum family family;
};

struct reuse_row {
    const struct reuse *reuse;
    enum family family;
    struct origin origin; /* where the sink wants it */
};

struct sink;

struct sink_ops {
    /* Append rows to the text. Any thread, several at a time. 0, or -1 when memory is short. */
    int (*format_reuse)(struct sink *, struct text *, const struct reuse_row *);
    int (*format_packets)(struct sink *, struct text *, const struct packet_row *, unsigned count);
    int (*format_conversation)(struct sink *, struct text *, const struct conversation_row *);
    /* Writes rows. One thread at a time a report, in the report's order. 0, or -1 after keeping the error. */
    int (*write)(struct sink *, enum report, const struct text *);
};

struct sink {
    const struct sink_ops *ops;
    bool wants[REPORTS];
    bool wants_origin; /* of reuses and packets */
    bool wants_ending; /* of conversations */
};

#endif
