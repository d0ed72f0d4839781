/* sFlow version 5 (sflow.org, "sFlow Version 5", 5.3): the packets of its flow samples. All fields are 4
 * bytes.
 *
 *     | version | agent's address type | address, 1 or 4 fields | sub-agent | sequence | uptime | samples |
 *     sample:           | format | length in bytes | ...
 *     flow (1):         | sequence | source | rate | pool | drops | input | output | records |
 *     expanded (3):     | sequence | source 2 | rate | pool | drops | input 2 | output 2 | records |
 *     record:           | format | length in bytes | ...
 *     raw header (1):   | protocol | frame's length | stripped | header's length | header, padded |
 *
 * A sample is a frame of its own, of which the header was captured. What it shows happened elsewhere, so its
 * segments count as quoted ones.
 */
#include "engine/decode/protocols.h"

enum {
    SFLOW_VERSION = 5,
    ADDRESS_IPV4 = 1,
    ADDRESS_IPV6 = 2,
    SAMPLE_FLOW = 1,
    SAMPLE_FLOW_EXPANDED = 3,
    RECORD_RAW = 1,

    HEADER_ETHERNET = 1,
    HEADER_PPP = 7,
    HEADER_IPV4 = 11,
    HEADER_IPV6 = 12,
    HEADER_MPLS = 13,
};

static void decode_raw_header(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 16, SUBJECT_SFLOW))
        return;
    uint32_t protocol = layer_u32(&l, 0), length = layer_u32(&l, 4), header = layer_u32(&l, 12);
    l = layer_first(layer_after(l, 16), MIN(header, length));
    l.length = length;

    switch (protocol) {
    case HEADER_ETHERNET:
        decode_ethernet(d, l);
        return;
    case HEADER_PPP:
        decode_ppp(d, l);
        return;
    case HEADER_IPV4:
        decode_ipv4(d, l);
        return;
    case HEADER_IPV6:
        decode_ipv6(d, l);
        return;
    case HEADER_MPLS:
        decode_mpls(d, l);
        return;
    }
    decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_SFLOW, protocol);
}

static void decode_sample(struct decoder *d, uint32_t format, struct layer l)
{
    uint32_t size = format == SAMPLE_FLOW ? 32 : 44;
    if (!decoder_need(d, &l, size, SUBJECT_SFLOW))
        return;
    uint32_t records = layer_u32(&l, size - 4);
    l = layer_after(l, size);
    for (uint32_t i = 0; i < records && l.captured >= 8; i++) {
        uint32_t record = layer_u32(&l, 0);
        size = layer_u32(&l, 4);
        l = layer_after(l, 8);
        if (record == RECORD_RAW) {
            uint8_t depth = d->depth; /* samples stand side by side */
            decode_raw_header(d, layer_first(l, size));
            d->depth = depth;
        }
        l = layer_after(l, size);
    }
}

bool decode_sflow(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 8, SUBJECT_SFLOW) || !decoder_enter(d))
        return true;
    uint32_t version = layer_u32(&l, 0), address = layer_u32(&l, 4);
    if (version != SFLOW_VERSION || (address != ADDRESS_IPV4 && address != ADDRESS_IPV6)) {
        if (version == 2 || version == 4)
            decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_SFLOW, version);
        return version == 2 || version == 4 || version == SFLOW_VERSION;
    }
    l = layer_after(l, address == ADDRESS_IPV4 ? 12 : 24);
    if (!decoder_need(d, &l, 16, SUBJECT_SFLOW))
        return true;
    uint32_t samples = layer_u32(&l, 12);
    uint8_t bits = d->bits;
    d->bits |= SEGMENT_QUOTED;
    l = layer_after(l, 16);
    for (uint32_t i = 0; i < samples && l.captured >= 8; i++) {
        uint32_t format = layer_u32(&l, 0), size = layer_u32(&l, 4);
        l = layer_after(l, 8);
        if (format >> 12) /* another enterprise's: Wireshark stops there */
            break;
        if (format == SAMPLE_FLOW || format == SAMPLE_FLOW_EXPANDED)
            decode_sample(d, format, layer_first(l, size));
        l = layer_after(l, size);
    }
    d->bits = bits;
    return true;
}
