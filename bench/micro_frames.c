/* A file of its own, since the generator and the engine both have a struct segment. */
#include "bench/micro.h"
#include "bench/tracegen_frame.h"

uint32_t micro_frame(uint8_t *p, enum micro_frame_kind kind, unsigned n)
{
    struct endpoints ends = {
        .address = {0x0a000001 + n, 0x0a800001},
        .port = {(uint16_t)(40000 + n), 443},
        .vlan = 100,
        .is_ipv6 = kind == FRAME_IPV6,
        .vlan_depth = kind == FRAME_VLAN,
    };
    struct segment s = {.seq = n, .ack = 1, .flags = TCP_ACK, .ip_id = (uint16_t)n};
    uint32_t overhead = frame_overhead(&ends);
    s.payload_length = overhead < FRAME_SMALL ? FRAME_SMALL - overhead : 0;
    return frame_build(p, &ends, &s, FRAME_SMALL);
}
