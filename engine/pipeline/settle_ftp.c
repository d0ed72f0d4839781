/* Settling segments of FTP control connections, under generation 4.0 only: lists in the batch, for the shards, which
 * connections they announce. */
#include "engine/decode/emit.h"
#include "engine/list.h"
#include "engine/pipeline/settle.h"

#include <stdlib.h>

static int by_position(const void *a, const void *b)
{
    uint32_t x = ((const struct ftp_segment *)a)->s.position, y = ((const struct ftp_segment *)b)->s.position;
    return (x > y) - (x < y);
}

/* The connection that a segment announces. False if no such connection is possible: an IPv4 address in IPv6. Of PORT
 * only the address counts: the server's port 20 may connect to any port of it. */
static bool announced_half(const struct ftp_segment *f, struct tuple *half)
{
    const struct tuple control = tuple_of(&f->s, (enum family)f->family);
    const unsigned sender = f->s.bits & SEGMENT_FLOW;
    if (f->says.kind != FTP_EXTENDED_PASSIVE && f->family != FAMILY_IPV4)
        return false;
    if (f->says.kind == FTP_PORT) {
        *half = tuple_half(&control, sender ^ 1);
        half->port[0] = FTP_DATA_PORT;
        memcpy(half->address[1], &f->says.address, 4);
        return true;
    }
    *half = tuple_half(&control, sender);
    half->port[0] = f->says.port;
    if (f->says.kind == FTP_PASSIVE)
        memcpy(half->address[0], &f->says.address, 4);
    return true;
}

unsigned settle_ftp_shard(const struct pipeline *p, const struct tuple *t)
{
    unsigned threads = p->params.threads;
    if (t->family == FAMILY_IPV4) {
        uint32_t a, b;
        memcpy(&a, t->address[0], 4);
        memcpy(&b, t->address[1], 4);
        return hash_shard(hosts_hash4(MIN(a, b) | (uint64_t)MAX(a, b) << 32, &p->key), threads);
    }
    uint8_t sorted[2][16];
    unsigned low = memcmp(t->address[0], t->address[1], 16) > 0;
    memcpy(sorted[0], t->address[low], 16);
    memcpy(sorted[1], t->address[low ^ 1], 16);
    return hash_shard(hosts_hash6(sorted, &p->key), threads);
}

/* 0, or -1 when memory is short. */
static int settle_segment(struct pipeline *p, struct batch *b, const struct lane *lane,
                          const struct ftp_segment *f)
{
    int read = control_add(&p->controls, f, &p->key);
    if (read <= 0 || f->says.kind == FTP_NOTHING)
        return read;
    struct tuple half;
    if (!announced_half(f, &half))
        return 0;
    struct announcement *a = LIST_ADD(&b->announcements);
    if (!a)
        return -1;
    *a = (struct announcement){
        .half = half,
        .position = ((uint32_t)(lane->first_frame - b->first_frame) << 8) + f->s.position,
        .shard = settle_ftp_shard(p, &half),
    };
    p->announced++;
    return 0;
}

void settle_ftp(struct pipeline *p, struct batch *b, struct lane *lane)
{
    qsort(lane->ftp.items, lane->ftp.count, sizeof *lane->ftp.items, by_position);
    for (uint32_t i = 0; i < lane->ftp.count; i++)
        if (settle_segment(p, b, lane, &lane->ftp.items[i]) < 0)
            pipeline_fail(p, PIPELINE_MEMORY);
    lane->ftp.count = 0;
}
