/* A capture inside a capture: a few connections that together carry the bytes of a file, in pieces that begin
 * anywhere. A reader that looks for record headers in the middle of the trace finds those of the carried file
 * too. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/tracegen.h"
#include "bench/tracegen_frame.h"

#define PIECE_MIN 1000u
#define PIECE_MAX 1400u

struct carrier {
    uint8_t *bytes;
    size_t size;
};

struct carrying {
    struct endpoints ends;
    uint32_t next[2];
};

struct carrier *carrier_open(const char *path)
{
    struct carrier *c = calloc(1, sizeof(*c));
    FILE *file = fopen(path, "rb");
    size_t room = 0;

    if (c == NULL || file == NULL)
        goto fail;
    for (;;) {
        if (c->size == room) {
            uint8_t *bytes = realloc(c->bytes, room = room * 2 + 65536);

            if (bytes == NULL)
                goto fail;
            c->bytes = bytes;
        }
        size_t n = fread(c->bytes + c->size, 1, room - c->size, file);

        c->size += n;
        if (n == 0)
            break;
    }
    if (ferror(file))
        goto fail;
    fclose(file);
    if (c->size == 0) {
        fprintf(stderr, "tracegen: %s: nothing to carry, the file is empty\n", path);
        carrier_close(c);
        return NULL;
    }
    return c;
fail:
    fprintf(stderr, "tracegen: %s: %s\n", path, strerror(errno));
    if (file != NULL)
        fclose(file);
    carrier_close(c);
    return NULL;
}

void carrier_close(struct carrier *c)
{
    if (c == NULL)
        return;
    free(c->bytes);
    free(c);
}

static uint32_t get_u32(const uint8_t *p, bool big_endian)
{
    uint32_t v;

    memcpy(&v, p, 4);
    return big_endian ? be32toh(v) : le32toh(v);
}

void carrier_adapt(const struct carrier *c, struct tracegen_options *opt, bool keep_start,
                   bool keep_resolution, bool keep_order)
{
    if (c->size < 24 + 16)
        return;
    uint32_t little = get_u32(c->bytes, false), big = get_u32(c->bytes, true);
    bool is_big = big == 0xa1b2c3d4 || big == 0xa1b23c4d;
    uint32_t magic = is_big ? big : little;

    if (magic != 0xa1b2c3d4 && magic != 0xa1b23c4d)
        return;
    bool nanosecond = magic == 0xa1b23c4d;

    if (!keep_order)
        opt->big_endian = is_big;
    if (!keep_resolution)
        opt->nanosecond = nanosecond;
    if (!keep_start)
        opt->start_ns = (uint64_t)get_u32(c->bytes + 24, is_big) * 1000000000 +
                        (uint64_t)get_u32(c->bytes + 28, is_big) * (nanosecond ? 1 : 1000);
}

static uint32_t sum_words(const uint8_t *p, uint32_t length)
{
    uint32_t sum = 0;

    for (uint32_t i = 0; i < length; i++)
        sum += i & 1 ? p[i] : (uint32_t)p[i] << 8;
    return sum;
}

static void send_segment(struct writer *w, const struct tracegen_options *opt, struct carrying *k,
                         struct segment s)
{
    if (opt->frames_given && w->frames >= opt->frames)
        return;
    s.seq = k->next[s.from];
    s.ack = s.flags & TCP_ACK ? k->next[!s.from] : 0;
    s.ip_id = (uint16_t)w->frames;
    k->next[s.from] += s.payload_length + (s.flags & (TCP_SYN | TCP_FIN) ? 1 : 0);

    uint32_t length = frame_build(writer_frame(w), &k->ends, &s, FRAME_SMALL);

    writer_commit(w, length, length);
}

static void send_control(struct writer *w, const struct tracegen_options *opt, struct carrying *k,
                         uint8_t from, uint8_t flags)
{
    send_segment(w, opt, k, (struct segment){.from = from, .flags = flags});
}

void carrier_write(struct writer *w, const struct tracegen_options *opt, const struct carrier *c,
                   struct tracegen_counts *counts)
{
    struct carrying *all = calloc(opt->flows, sizeof(*all));
    struct rng rng;
    size_t at = 0;

    if (all == NULL) {
        fprintf(stderr, "tracegen: out of memory\n");
        w->failed = true;
        return;
    }
    rng_seed(&rng, opt->seed, 0);
    for (uint32_t i = 0; i < opt->flows && !w->failed; i++) {
        struct carrying *k = &all[i];

        k->ends.address[0] = 0x0a000000 + (i >> 14);
        k->ends.address[1] = 0x0a800000 | rng_below(&rng, 256);
        k->ends.port[0] = (uint16_t)(0x8000 | (i & 0x3fff));
        k->ends.port[1] = (uint16_t)(40000 + rng_below(&rng, 8));
        k->ends.is_ipv6 = rng_chance(&rng, opt->ipv6);
        k->ends.vlan_depth = rng_chance(&rng, opt->vlan) ? (uint8_t)opt->vlan_depth : 0;
        k->ends.vlan = 100;
        k->next[0] = (uint32_t)rng_next(&rng);
        k->next[1] = (uint32_t)rng_next(&rng);
        counts->conversations++;
        send_control(w, opt, k, 0, TCP_SYN);
        send_control(w, opt, k, 1, TCP_SYN | TCP_ACK);
        send_control(w, opt, k, 0, TCP_ACK);
    }
    while (!w->failed && (opt->frames_given ? w->frames < opt->frames : at < c->size)) {
        struct carrying *k = &all[rng_below(&rng, opt->flows)];
        uint32_t length = PIECE_MIN + rng_below(&rng, PIECE_MAX - PIECE_MIN + 1);

        if (at == c->size)
            at = 0;
        if (length > c->size - at)
            length = (uint32_t)(c->size - at);
        send_segment(w, opt, k,
                     (struct segment){.from = 1,
                                      .flags = TCP_PSH | TCP_ACK,
                                      .payload = c->bytes + at,
                                      .payload_length = length,
                                      .payload_sum = sum_words(c->bytes + at, length)});
        at += length;
        if (rng_percent(&rng, 25))
            send_control(w, opt, k, 0, TCP_ACK);
    }
    for (uint32_t i = 0; i < opt->flows && !w->failed; i++) {
        send_control(w, opt, &all[i], 1, TCP_FIN | TCP_ACK);
        send_control(w, opt, &all[i], 0, TCP_FIN | TCP_ACK);
        send_control(w, opt, &all[i], 1, TCP_ACK);
        counts->fin += !opt->frames_given;
    }
    free(all);
}
