/* TCP, RFC 9293, 3.1.
 *
 *     0                   1                   2                   3
 *    |          Source Port          |       Destination Port        |
 *    |                        Sequence Number                        |
 *    |                    Acknowledgment Number                      |
 *    | Offset|Rsrvd|     Flags       |            Window             |
 *    |           Checksum            |         Urgent Pointer        |
 */
#include "emit.h"

void decode_tcp(struct decoder *d, struct layer l)
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
    if (d->ip.family == FAMILY_IPV4)
        emit_segment4(d, d->frame, d->position, d->ip.source, d->ip.destination, l.at, offset_flags, bits,
                      payload);
    else
        emit_segment6(d, d->frame, d->position, d->ip.source, d->ip.destination, l.at, offset_flags, bits,
                      payload);
    d->position++;
}
