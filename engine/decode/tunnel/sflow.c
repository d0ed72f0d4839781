/* sFlow (sflow.org), versions 5 ("sFlow Version 5", 5.3), 4 and 2 (RFC 3176): packets of flow samples. All
 * fields are 4 bytes.
 *
 *     | version | agent's address type | address | sub-agent, in 5 | sequence | uptime | samples |
 *
 *     version 5, sample:  | format | length in bytes | ...
 *     flow (1):           | sequence | source | rate | pool | drops | input | output | records |
 *     expanded (3):       | sequence | source 2 | rate | pool | drops | input 2 | output 2 | records |
 *     record:             | format | length in bytes | ...
 *     raw header (1):     | protocol | frame's length | stripped | header's length | header, padded |
 *
 *     versions 2 and 4, whose samples have no length:
 *     flow (1):           | 1 | sequence | source | rate | pool | drops | input | output | kind | ...
 *     raw header (1):     | protocol | frame's length | header's length | header, padded |
 *                         | extensions | type, content of each |
 *     counters (2):       | 2 | sequence | source | interval | type | as many as the type says |
 *
 * Other types are taken to be empty in versions 2 and 4, as Wireshark does it. A sample is a frame of its
 * own, of which the header was captured. What it shows happened elsewhere, so its segments count as quoted.
 */
#include "engine/decode/protocols.h"

enum {
    ADDRESS_IPV4 = 1,
    ADDRESS_IPV6 = 2,
    SAMPLE_FLOW = 1,
    SAMPLE_COUNTERS = 2, /* of versions 2 and 4 */
    SAMPLE_FLOW_EXPANDED = 3,
    RECORD_RAW = 1,

    HEADER_ETHERNET = 1,
    HEADER_TOKEN_RING = 3,
    HEADER_FDDI = 4,
    HEADER_FRAME_RELAY = 5,
    HEADER_PPP = 7,
    HEADER_IPV4 = 11,
    HEADER_IPV6 = 12,
    HEADER_MPLS = 13,
    HEADER_80211 = 15,

    EXTENSION_SWITCH = 1,
    EXTENSION_ROUTER = 2,
    EXTENSION_GATEWAY = 3,
};

/* Of a frame of this length on the wire. */
static void decode_header(struct decoder *d, uint32_t protocol, uint32_t length, struct layer l)
{
    l = layer_first(l, length);
    l.length = length;
    switch (protocol) {
    case HEADER_ETHERNET:
        decode_ethernet(d, l);
        return;
    case HEADER_TOKEN_RING:
        decode_token_ring(d, l);
        return;
    case HEADER_FDDI:
        decode_fddi(d, l);
        return;
    case HEADER_FRAME_RELAY:
        decode_frame_relay(d, l);
        return;
    case HEADER_PPP:
        decode_ppp_hdlc(d, l);
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
    case HEADER_80211:
        decode_80211(d, l);
        return;
    }
    decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_SFLOW, protocol);
}

/* From the field before the header, its length, on. What follows it; nothing if it is not all there. */
static struct layer decode_raw_header(struct decoder *d, uint32_t protocol, uint32_t length, struct layer l)
{
    uint32_t size = layer_u32(&l, 0);
    const struct surroundings around = decoder_surroundings(d);
    if (!decoder_need(d, &l, 4, SUBJECT_SFLOW))
        return layer_first(l, 0);
    l = layer_after(l, 4);
    if (size > l.length) {
        decoder_stop(d, OUTCOME_MALFORMED, SUBJECT_SFLOW, 0);
        return layer_first(l, 0);
    }
    decode_header(d, protocol, length, layer_first(l, size));
    decoder_go_back(d, around);
    return layer_after(l, (size + 3) & ~3u);
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
        struct layer content = layer_first(l, size);
        if (record == RECORD_RAW && decoder_need(d, &content, 12, SUBJECT_SFLOW))
            decode_raw_header(d, layer_u32(&content, 0), layer_u32(&content, 4), layer_after(content, 12));
        l = layer_after(l, size);
    }
}

static void decode_samples(struct decoder *d, uint32_t samples, struct layer l)
{
    for (uint32_t i = 0; i < samples && l.captured >= 8; i++) {
        uint32_t format = layer_u32(&l, 0), size = layer_u32(&l, 4);
        l = layer_after(l, 8);
        if (format >> 12) /* another enterprise's: Wireshark stops there */
            break;
        if (format == SAMPLE_FLOW || format == SAMPLE_FLOW_EXPANDED)
            decode_sample(d, format, layer_first(l, size));
        l = layer_after(l, size);
    }
}

/* n 4-byte fields. Beyond the end: an empty layer. */
static struct layer after_fields(struct layer l, uint32_t n)
{
    return n > l.length / 4 ? layer_first(l, 0) : layer_after(l, 4 * n);
}

/* Of versions 2 and 4: what follows an extension, from its type on. */
static struct layer after_extension(struct layer l, uint32_t version)
{
    uint32_t type = layer_u32(&l, 0);
    l = layer_after(l, 4);
    switch (type) {
    case EXTENSION_SWITCH:
        return after_fields(l, 4);
    case EXTENSION_ROUTER: { /* | address type | address | masks 2 | */
        uint32_t address = layer_u32(&l, 0);
        return after_fields(l, 3 + (address == ADDRESS_IPV4 ? 1 : address == ADDRESS_IPV6 ? 4 : 0));
    }
    case EXTENSION_GATEWAY: { /* | numbers 3 | path | communities, preference in 4 | */
        uint32_t parts = layer_u32(&l, 12);
        l = after_fields(l, 4);
        if (version == 2)
            return after_fields(l, parts);
        for (uint32_t i = 0; i < parts && l.captured; i++) /* | kind | size | numbers | */
            l = after_fields(after_fields(l, 2), layer_u32(&l, 4));
        return after_fields(after_fields(after_fields(l, 1), layer_u32(&l, 0)), 1);
    }
    default:
        return l;
    }
}

static struct layer decode_old_flow(struct decoder *d, uint32_t version, struct layer l)
{
    uint32_t what = layer_u32(&l, 28);
    l = after_fields(l, 8);
    if (what == RECORD_RAW && decoder_need(d, &l, 12, SUBJECT_SFLOW))
        l = decode_raw_header(d, layer_u32(&l, 0), layer_u32(&l, 4), layer_after(l, 8));
    uint32_t extensions = layer_u32(&l, 0);
    l = after_fields(l, 1);
    for (uint32_t i = 0; i < extensions && l.captured; i++)
        l = after_extension(l, version);
    return l;
}

static void decode_old_samples(struct decoder *d, uint32_t version, uint32_t samples, struct layer l)
{
    static const uint8_t counters[] = {0, 22, 35, 40, 22, 42, 22, 7}; /* fields, by type */
    for (uint32_t i = 0; i < samples && l.captured >= 4; i++) {
        uint32_t type = layer_u32(&l, 0);
        l = after_fields(l, 1);
        if (type == SAMPLE_FLOW) {
            l = decode_old_flow(d, version, l);
        } else if (type == SAMPLE_COUNTERS) {
            uint32_t kind = layer_u32(&l, 12);
            l = after_fields(l, 4 + (kind < ARRAY_LEN(counters) ? counters[kind] : 0u));
        }
    }
}

bool decode_sflow(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 8, SUBJECT_SFLOW) || !decoder_enter(d))
        return true;
    uint32_t version = layer_u32(&l, 0), address = layer_u32(&l, 4);
    if ((version != 2 && version != 4 && version != 5) || address > ADDRESS_IPV6)
        return false;
    if (address != ADDRESS_IPV4 && address != ADDRESS_IPV6)
        return true;
    uint32_t fixed = version == 5 ? 16 : 12;
    l = layer_after(l, address == ADDRESS_IPV4 ? 12 : 24);
    if (!decoder_need(d, &l, fixed, SUBJECT_SFLOW))
        return true;
    uint32_t samples = layer_u32(&l, fixed - 4);
    uint8_t bits = d->bits;
    d->bits |= SEGMENT_QUOTED;
    l = layer_after(l, fixed);
    if (version == 5)
        decode_samples(d, samples, l);
    else
        decode_old_samples(d, version, samples, l);
    d->bits = bits;
    return true;
}
