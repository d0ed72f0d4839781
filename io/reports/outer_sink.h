/* A sink around another one: it sees rows on their way and hands them on. Its first member is a struct outer_sink. */
#ifndef TCPREUSE_OUTER_SINK_H
#define TCPREUSE_OUTER_SINK_H

#include "engine/sink.h"

struct outer_sink {
    struct sink sink;   /* wants what inner wants; its owner may want more */
    struct sink *inner; /* outlives it */
};

/* Looks like inner from outside, but for ops. */
void outer_sink_init(struct outer_sink *outer, struct sink *inner, const struct sink_ops *ops);

/* For ops: each hands on what inner wants, with what inner returns, and 0 for the rest. Threads as engine/sink.h says. */
int outer_sink_reuse(struct sink *sink, struct text *text, const struct reuse_row *row);
int outer_sink_episode(struct sink *sink, struct text *text, const struct episode_row *row);
int outer_sink_packets(struct sink *sink, struct text *text, const struct packet_row *rows, unsigned count);
int outer_sink_conversation(struct sink *sink, struct text *text, const struct conversation_row *row);
int outer_sink_endpoint(struct sink *sink, struct text *text, const struct endpoint_row *row);
int outer_sink_write(struct sink *sink, enum report report, const struct text *text);

#endif
