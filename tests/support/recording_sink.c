/* Rows as lines of text, in memory. */
#include "tests/support/recording_sink.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

int text_print(struct text *t, const char *format, ...)
{
    enum { LINE = 512 };
    char *p = text_room(t, LINE);
    if (!p)
        return -1;
    va_list ap;
    va_start(ap, format);
    int n = vsnprintf(p, LINE, format, ap);
    va_end(ap);
    if (n < 0 || n >= LINE)
        abort();
    t->length += (size_t)n;
    return 0;
}

/* IPv4 addresses are in host order, IPv6 as in the packet. */
const char *endpoint_text(enum family family, const void *address, unsigned port)
{
    static _Thread_local char texts[4][48];
    static _Thread_local unsigned turn;
    char *text = texts[turn++ % 4];
    if (family == FAMILY_IPV4)
        sprintf(text, "%08" PRIx32 ":%u", load_raw32(address), port);
    else
        sprintf(text, "%016" PRIx64 "%016" PRIx64 ":%u", load_be64(address),
                load_be64((const char *)address + 8), port);
    return text;
}

static const char *conversation_endpoint(const union conversation_any *c, enum family family,
                                         unsigned endpoint)
{
    unsigned port = conversation_port(&c->c, endpoint);
    if (family == FAMILY_IPV4)
        return endpoint_text(family, &c->v4.address[endpoint], port);
    return endpoint_text(family, c->v6.address[endpoint], port);
}

static int format_reuse(struct sink *sink, struct text *t, const struct reuse_row *row)
{
    (void)sink;
    const struct reuse *r = row->reuse;
    const struct conversation *c = &r->previous.c;
    unsigned known = conversation_known(c);
    if (r->flow)
        known = (known & 1) << 1 | known >> 1;
    return text_print(
        t,
        "%" PRIu64 " %" PRId64 ".%u %" PRIu64 " %" PRIu64 " %u %d %03x %" PRIu32 " %" PRIu32
        " %s %s %u %u %" PRIu64 " %" PRIu64 " %" PRId64 " %" PRId64 " %" PRIu64 " %" PRIu64 "\n",
        r->frame, r->time, r->decimals, r->stream, r->previous_stream, r->trigger, r->opens, r->flags, r->isn,
        r->previous_isn, conversation_endpoint(&r->previous, row->family, r->flow),
        conversation_endpoint(&r->previous, row->family, !r->flow), conversation_completeness(c), known,
        conversation_first_frame(c), conversation_last_frame(c), c->first_time, c->last_time,
        conversation_frames(c), conversation_bytes(c));
}

static int format_packet(struct sink *sink, struct text *t, const struct packet_row *row)
{
    (void)sink;
    const struct segment *s = row->segment;
    unsigned flow = s->bits & SEGMENT_FLOW;
    const void *address[2];
    for (int i = 0; i < 2; i++)
        address[i] = row->family == FAMILY_IPV4 ? (const void *)&((const struct segment4 *)s)->address[i]
                                                : (const void *)((const struct segment6 *)s)->address[i];
    char length[16] = "-";
    if (s->bits & SEGMENT_LENGTH_KNOWN)
        sprintf(length, "%" PRIu32, s->payload);
    return text_print(
        t, "%" PRIu64 " %" PRId64 ".%u %" PRIu64 " %u %d %s %s %03x %" PRIu32 " %" PRIu32 " %s\n", row->frame,
        s->time, SEGMENT_DECIMALS(s), row->stream, s->completeness, (s->bits & SEGMENT_REUSE) != 0,
        endpoint_text(row->family, address[flow], s->port[flow]),
        endpoint_text(row->family, address[!flow], s->port[!flow]), SEGMENT_FLAGS(s), s->seq, s->ack, length);
}

static int format_packets(struct sink *sink, struct text *t, const struct packet_row *rows, unsigned count)
{
    for (unsigned i = 0; i < count; i++)
        if (format_packet(sink, t, &rows[i]))
            return -1;
    return 0;
}

static int format_conversation(struct sink *sink, struct text *t, const struct conversation_row *row)
{
    (void)sink;
    const struct conversation *c = &row->conversation->c;
    unsigned client = conversation_client(c);
    char isn[2][16];
    for (unsigned i = 0; i < 2; i++) {
        unsigned side = i ? !client : client;
        strcpy(isn[i], "-");
        if (conversation_known(c) >> side & 1)
            sprintf(isn[i], "%" PRIu32, c->isn[side]);
    }
    return text_print(t,
                      "%" PRIu64 " %s %s %u %" PRIu64 " %" PRIu64 " %" PRId64 " %" PRId64 " %" PRIu64
                      " %" PRIu64 " %s %s\n",
                      row->stream, conversation_endpoint(row->conversation, row->family, client),
                      conversation_endpoint(row->conversation, row->family, !client),
                      conversation_completeness(c), conversation_first_frame(c), conversation_last_frame(c),
                      c->first_time, c->last_time, conversation_frames(c), conversation_bytes(c), isn[0],
                      isn[1]);
}

static int write_rows(struct sink *sink, enum report report, const struct text *text)
{
    struct recording_sink *s = (struct recording_sink *)sink;
    if (text->length > s->room - s->text[report].length)
        return -1;
    if (!text->length)
        return 0;
    char *p = text_room(&s->text[report], text->length);
    if (!p)
        return -1;
    memcpy(p, text->bytes, text->length);
    s->text[report].length += text->length;
    return 0;
}

static const struct sink_ops ops = {
    .format_reuse = format_reuse,
    .format_packets = format_packets,
    .format_conversation = format_conversation,
    .write = write_rows,
};

void recording_sink_init(struct recording_sink *s)
{
    *s = (struct recording_sink){.sink = {.ops = &ops, .wants = {true, true, true}}, .room = SIZE_MAX};
}

void recording_sink_free(struct recording_sink *s)
{
    for (int r = 0; r < REPORTS; r++)
        free(s->text[r].bytes);
    *s = (struct recording_sink){0};
}
