/* TCP, RFC 9293, 3.1.
 *
 *     0                   1                   2                   3
 *    |          Source Port          |       Destination Port        |
 *    |                        Sequence Number                        |
 *    |                    Acknowledgment Number                      |
 *    | Offset|Rsrvd|     Flags       |            Window             |
 *    |           Checksum            |         Urgent Pointer        |
 */
#include "engine/decode/emit.h"
#include "engine/decode/ftp.h"
#include "engine/decode/protocols.h"

/* A segment of an FTP control connection, with what it says. The text that may come with a reset says nothing
 * to 4.0. */
static void note_control(struct decoder *d, const struct segment *s, struct layer l, uint32_t header)
{
    struct ftp_segment *f = ftp_list_add(d->ftp, s, d->ip.family);
    if (!f) {
        d->failed = true;
        return;
    }
    f->window = layer_u16(&l, 14);
    f->cut = l.captured < l.length;
    if (!(s->bits & SEGMENT_SHORT_OFFSET) && !(s->flags & TCP_RST) && l.captured > header)
        f->says = ftp_read(l.at + header, l.captured - header, layer_u16(&l, 2) == FTP_CONTROL_PORT);
}

static void note_boundary(struct decoder *d, struct segment *s, struct layer l)
{
    if (d->boundaries && boundary_add(d->boundaries, s, l.at, l.captured, d->ip.id))
        d->failed = true;
}

/* keyed: segments have their realm. */
ALWAYS_INLINE void decode_tcp_of(struct decoder *d, struct layer l, bool follows_ftp, bool keyed)
{
    if (unlikely(l.captured < d->tcp_header_bytes)) {
        d->counts->segments_truncated++;
        decoder_need(d, &l, d->tcp_header_bytes, SUBJECT_TCP);
        return;
    }
    /* One frame can hold many quoted or sampled segments, but not as many as this and be real. */
    if (unlikely((d->position & 0xff) == 0xff)) {
        decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_DEPTH, 0xff);
        return;
    }
    uint16_t offset_flags = layer_u16(&l, 12);
    uint32_t header = (offset_flags >> 12) * 4u;
    unsigned bits = d->bits;
    if (!d->unfinished && !(bits & SEGMENT_QUOTED) && l.length >= header)
        bits |= SEGMENT_LENGTH_KNOWN;
    if (header < 20)
        bits |= SEGMENT_SHORT_OFFSET;
    uint32_t payload = bits & SEGMENT_LENGTH_KNOWN ? l.length - header : 0;
    struct segment *s;
    if (keyed)
        s = emit_segment_keyed(d, l.at, offset_flags, bits, payload);
    else if (d->ip.family == FAMILY_IPV4)
        s = emit_segment4(d, d->frame, d->position, d->ip.source, d->ip.destination, l.at, offset_flags, bits,
                          payload, follows_ftp);
    else
        s = emit_segment6(d, d->frame, d->position, d->ip.source, d->ip.destination, l.at, offset_flags, bits,
                          payload, follows_ftp);
    if (offset_flags & TCP_BOUNDARY && d->notes_boundaries && s)
        note_boundary(d, s, l);
    if (follows_ftp && s && d->ftp && ftp_is_control(s))
        note_control(d, s, l, header);
    if (unlikely(d->keeps_ids) && packet_id_list_add(d->packet_ids, d->position, d->ip.id, d->frame->time))
        d->failed = true;
    d->position++;
}

static __attribute__((noinline)) void decode_tcp_4_0(struct decoder *d, struct layer l)
{
    decode_tcp_of(d, l, true, false);
}

static __attribute__((noinline)) void decode_tcp_keyed(struct decoder *d, struct layer l)
{
    decode_tcp_of(d, l, false, true);
}

void decode_tcp(struct decoder *d, struct layer l)
{
    if (unlikely(d->rules == RULES_4_0))
        decode_tcp_4_0(d, l);
    else if (unlikely(d->key_parts))
        decode_tcp_keyed(d, l);
    else
        decode_tcp_of(d, l, false, false);
}
