/* Builds one frame of a trace: Ethernet, tags, IP, TCP, checksums. */
#include "bench/tracegen_frame.h"

/* MSS 1460, two NOPs, SACK permitted: what a SYN has at least, where the frame has room for it. */
static const uint8_t syn_options[8] = {2, 4, 0x05, 0xb4, 1, 1, 4, 2};
#define SYN_OPTIONS_SUM (0x0204 + 0x05b4 + 0x0101 + 0x0402)

#define WINDOW 64240

static uint32_t words(uint32_t v)
{
    return (v >> 16) + (v & 0xffff);
}

static uint16_t fold(uint32_t sum)
{
    sum = words(sum);
    sum = words(sum);
    return (uint16_t)~sum;
}

/* RFC 8200, section 3. The prefix 2001:db8::/96 is the same for both ends. */
static uint8_t *lay_ipv6(uint8_t *p, uint32_t source, uint32_t destination, uint32_t tcp_length)
{
    static const uint8_t prefix[12] = {0x20, 0x01, 0x0d, 0xb8};

    put_be32(p, 0x60000000);
    put_be16(p + 4, (uint16_t)tcp_length);
    p[6] = 6;
    p[7] = 64;
    memcpy(p + 8, prefix, 12);
    put_be32(p + 20, source);
    memcpy(p + 24, prefix, 12);
    put_be32(p + 36, destination);
    return p + 40;
}

/* RFC 791, section 3.1. */
static uint8_t *lay_ipv4(uint8_t *p, uint32_t source, uint32_t destination, uint32_t address_sum,
                         uint32_t tcp_length, uint16_t id)
{
    put_be16(p, 0x4500);
    put_be16(p + 2, (uint16_t)(20 + tcp_length));
    put_be16(p + 4, id);
    put_be16(p + 6, 0x4000);
    put_be16(p + 8, 0x4006);
    put_be16(p + 10, fold(0x4500 + 20 + tcp_length + id + 0x4000 + 0x4006 + address_sum));
    put_be32(p + 12, source);
    put_be32(p + 16, destination);
    return p + 20;
}

uint32_t frame_build(uint8_t *frame, const struct endpoints *e, const struct segment *s, uint32_t pad_to)
{
    static const uint8_t macs[2][12] = {{2, 0, 0, 0, 0, 2, 2, 0, 0, 0, 0, 1},
                                        {2, 0, 0, 0, 0, 1, 2, 0, 0, 0, 0, 2}};
    uint32_t source = e->address[s->from], destination = e->address[!s->from];
    uint32_t address_sum = words(source) + words(destination);
    uint32_t options = 0;
    uint8_t *p = frame + 12;

    if ((s->flags & TCP_SYN) && frame_overhead(e) + sizeof(syn_options) <= pad_to)
        options = sizeof(syn_options);
    uint32_t tcp_length = 20 + options + s->payload_length;

    memcpy(frame, macs[s->from], 12);
    for (uint32_t depth = e->vlan_depth; depth > 0; depth--) {
        put_be16(p, depth > 1 ? 0x88a8 : 0x8100);
        put_be16(p + 2, (uint16_t)((e->vlan + depth) & 0xfff));
        p += 4;
    }
    put_be16(p, e->is_ipv6 ? 0x86dd : 0x0800);
    p += 2;

    if (e->is_ipv6) {
        p = lay_ipv6(p, source, destination, tcp_length);
        address_sum += 2 * (0x2001 + 0x0db8);
    } else {
        p = lay_ipv4(p, source, destination, address_sum, tcp_length, s->ip_id);
    }

    uint32_t offset_flags = (5 + options / 4) << 12 | s->flags;
    uint32_t sum = address_sum + 6 + tcp_length + e->port[0] + e->port[1] + words(s->seq) + words(s->ack) +
                   offset_flags + WINDOW;

    put_be16(p, e->port[s->from]);
    put_be16(p + 2, e->port[!s->from]);
    put_be32(p + 4, s->seq);
    put_be32(p + 8, s->ack);
    put_be16(p + 12, (uint16_t)offset_flags);
    put_be16(p + 14, WINDOW);
    put_be16(p + 18, 0);
    if (options > 0) {
        memcpy(p + 20, syn_options, sizeof(syn_options));
        sum += SYN_OPTIONS_SUM;
    }
    uint8_t *payload = p + 20 + options;

    if (s->payload != NULL) {
        memcpy(payload, s->payload, s->payload_length);
        sum += words(s->payload_sum);
    } else if (s->payload_length > 0) {
        memset(payload, 'x', s->payload_length);
        sum += words(s->payload_length / 2 * 0x7878u) + (s->payload_length & 1) * 0x7800u;
    }
    put_be16(p + 16, fold(sum));

    uint32_t length = (uint32_t)(payload - frame) + s->payload_length;

    if (length < pad_to) {
        memset(frame + length, 0, pad_to - length);
        length = pad_to;
    }
    return length;
}
