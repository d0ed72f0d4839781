/* What sinks around other sinks have in common: handing on. */
#include "io/reports/outer_sink.h"

static struct sink *inner_of(struct sink *sink)
{
    return ((struct outer_sink *)sink)->inner;
}

void outer_sink_init(struct outer_sink *outer, struct sink *inner, const struct sink_ops *ops)
{
    outer->sink = *inner;
    outer->sink.ops = ops;
    outer->inner = inner;
}

int outer_sink_reuse(struct sink *sink, struct text *text, const struct reuse_row *row)
{
    struct sink *inner = inner_of(sink);
    return inner->wants[REPORT_REUSE] ? inner->ops->format_reuse(inner, text, row) : 0;
}

int outer_sink_episode(struct sink *sink, struct text *text, const struct episode_row *row)
{
    struct sink *inner = inner_of(sink);
    return inner->wants[REPORT_EPISODES] ? inner->ops->format_episode(inner, text, row) : 0;
}

int outer_sink_packets(struct sink *sink, struct text *text, const struct packet_row *rows, unsigned count)
{
    struct sink *inner = inner_of(sink);
    return inner->wants[REPORT_PACKETS] ? inner->ops->format_packets(inner, text, rows, count) : 0;
}

int outer_sink_conversation(struct sink *sink, struct text *text, const struct conversation_row *row)
{
    struct sink *inner = inner_of(sink);
    return inner->wants[REPORT_CONVERSATIONS] ? inner->ops->format_conversation(inner, text, row) : 0;
}

int outer_sink_endpoint(struct sink *sink, struct text *text, const struct endpoint_row *row)
{
    struct sink *inner = inner_of(sink);
    return inner->wants[REPORT_ENDPOINTS] ? inner->ops->format_endpoint(inner, text, row) : 0;
}

int outer_sink_write(struct sink *sink, enum report report, const struct text *text)
{
    struct sink *inner = inner_of(sink);
    return inner->wants[report] ? inner->ops->write(inner, report, text) : 0;
}
