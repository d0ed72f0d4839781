/* Random frames between few endpoints: every kind of frame, on tuples that are alike in every way. */
#include "tests/support/traffic.h"
#include "tests/support/packet.h"
#include "tests/support/random.h"

#include <stdlib.h>

/* Tuples in all the ways in which two of them can be alike: the addresses are few, and so are the ports. */
static void make_tuple(struct traffic_endpoint tuple[2], uint32_t number)
{
    bool v6 = number % 3 == 2;
    uint32_t kind = number % 5, spread = number / 15;
    for (unsigned side = 0; side < 2; side++) {
        struct traffic_endpoint *e = &tuple[side];
        *e = (struct traffic_endpoint){.family = v6 ? FAMILY_IPV6 : FAMILY_IPV4};
        bool same_address = kind == 1 || kind == 3, same_port = kind == 2 || kind == 3;
        unsigned host = same_address ? 9 : kind == 4 ? 200 - side : 100 + side;
        host += number % 3 * 10;
        e->port = (uint16_t)(1 + spread % 60000 + (same_port ? 0 : side * 1000));
        uint32_t high = spread / 60000;
        if (v6) {
            static const uint8_t mapped[12] = {[10] = 0xff, [11] = 0xff};
            memcpy(e->address, mapped, 12);
            e->address[12] = 10;
            e->address[13] = (uint8_t)high;
            e->address[14] = (uint8_t)kind;
            e->address[15] = (uint8_t)host;
        } else {
            uint32_t address = 10u << 24 | high << 16 | kind << 8 | host;
            memcpy(e->address, &address, 4);
        }
    }
}

static unsigned random_flags(uint64_t *r)
{
    static const uint16_t usual[] = {
        TCP_SYN,           TCP_SYN,           TCP_SYN | TCP_ACK, TCP_SYN | TCP_ACK, TCP_ACK, TCP_ACK, TCP_ACK,
        TCP_ACK | TCP_PSH, TCP_ACK | TCP_FIN, TCP_FIN,           TCP_RST | TCP_ACK, TCP_RST, 0,
    };
    if (random_below(r, 16) == 0)
        return random_below(r, 0x1000);
    return usual[random_below(r, ARRAY_LEN(usual))];
}

static void choose_segment(struct traffic_segment *s, uint32_t tuples, uint64_t *r)
{
    *s = (struct traffic_segment){
        .tuple = random_below(r, tuples),
        .direction = (uint8_t)random_below(r, 2),
        .header = 20,
        .words = 5,
        .flags = (uint16_t)random_flags(r),
        /* Few numbers, so that they are often the same. The ends of the number space are among them. */
        .seq = random_below(r, 4) ? 1000 : random_below(r, 3) - 1,
        .ack = random_below(r, 4) ? 1001 : random_below(r, 3) - 1,
        .length_known = true,
        .payload = random_below(r, 2) ? 0 : random_below(r, 1400),
    };
    if (s->tuple % 5 == 3)
        s->direction = 0;
    switch (random_below(r, 32)) {
    case 0:
        s->header = (uint8_t)(12 + random_below(r, 6)); /* around the fewest bytes that count */
        break;
    case 1:
        s->words = (uint8_t)random_below(r, 5);
        s->payload = 0;
        break;
    case 2:
        s->words = 15; /* more header than the datagram has room for */
        s->length_known = false;
        s->payload = 0;
        break;
    case 3:
        s->header = 0;
        break;
    }
}

static void build_frame(struct frame *f, uint8_t *bytes, const struct traffic_segment *s,
                        struct traffic_endpoint tuple[2])
{
    const struct traffic_endpoint *from = &tuple[s->direction], *to = &tuple[!s->direction];
    struct packet p = {0};
    unsigned protocol = s->header ? 6 : 17;
    uint32_t length = 20 + s->payload; /* of the IP payload */
    if (from->family == FAMILY_IPV4) {
        put_ethernet(&p, 0x0800);
        struct ipv4_fields ip = {.total = 20 + length, .protocol = protocol};
        memcpy(&ip.source, from->address, 4);
        memcpy(&ip.destination, to->address, 4);
        put_ipv4(&p, &ip);
    } else {
        put_ethernet(&p, 0x86dd);
        struct ipv6_fields ip = {.payload = length, .next = protocol};
        put_ipv6(&p, &ip);
        memcpy(p.bytes + p.size - 32, from->address, 16);
        memcpy(p.bytes + p.size - 16, to->address, 16);
    }
    uint32_t headers = p.size;
    put_tcp(&p, &(struct tcp_fields){.source = from->port,
                                     .destination = to->port,
                                     .seq = s->seq,
                                     .ack = s->ack,
                                     .words = s->words,
                                     .no_words = s->words == 0,
                                     .flags = s->flags});
    memcpy(bytes, p.bytes, p.size);
    f->data = bytes;
    f->captured = headers + (s->header ? s->header : 8);
    f->length = headers + length;
    f->link_type = 1;
}

static int allocate(struct traffic *t, uint32_t count, uint32_t tuples)
{
    *t = (struct traffic){.count = count, .tuple_count = tuples};
    t->frames = calloc(count, sizeof *t->frames);
    t->segments = calloc(count, sizeof *t->segments);
    t->tuples = calloc(tuples, sizeof *t->tuples);
    t->bytes = calloc(count, TRAFFIC_FRAME_MAX);
    if (!t->frames || !t->segments || !t->tuples || !t->bytes) {
        traffic_free(t);
        return -1;
    }
    for (uint32_t i = 0; i < tuples; i++)
        make_tuple(t->tuples[i], i);
    return 0;
}

/* Segment i, which is chosen, becomes a frame. */
static void build(struct traffic *t, uint32_t i, int64_t time, unsigned decimals)
{
    struct traffic_segment *s = &t->segments[i];
    build_frame(&t->frames[i], t->bytes + (size_t)i * TRAFFIC_FRAME_MAX, s, t->tuples[s->tuple]);
    /* A segment length is header and payload: with a short data offset, more of it is payload. */
    if (s->words < 5)
        s->payload = 20 - 4u * s->words;
    t->frames[i].time = time;
    t->frames[i].decimals = (uint8_t)decimals;
}

int traffic_build(struct traffic *t, const struct traffic_segment *segments, const int64_t *times,
                  uint32_t count, uint32_t tuples)
{
    if (allocate(t, count, tuples))
        return -1;
    memcpy(t->segments, segments, count * sizeof *segments);
    for (uint32_t i = 0; i < count; i++)
        build(t, i, times[i], times[i] % 1000 ? 9 : 6);
    return 0;
}

int traffic_make(struct traffic *t, uint32_t count, uint32_t tuples, uint64_t seed)
{
    if (allocate(t, count, tuples))
        return -1;
    uint64_t r = mix(seed);
    int64_t time = 1000000000;
    for (uint32_t i = 0; i < count; i++) {
        choose_segment(&t->segments[i], tuples, &r);
        time += (int64_t)random_below(&r, 1000000) - 1000; /* now and then backwards */
        build(t, i, time, random_below(&r, 2) ? 9 : 6);
    }
    return 0;
}

void traffic_free(struct traffic *t)
{
    free(t->frames);
    free(t->segments);
    free(t->tuples);
    free(t->bytes);
    *t = (struct traffic){0};
}
