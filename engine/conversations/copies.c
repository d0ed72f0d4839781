/* Finds copies of packets: a ring of the packets seen within the window, and chains of those with equal
 * hashes through it, newest first. A chain ends at a packet that has left the ring. */
#include "engine/conversations/copies.h"
#include "engine/list.h"

#include <stdlib.h>

enum { SEEN_FIRST = 1024 }; /* packets that a ring has room for at first; a power of two */

/* What copies have in common, without padding. */
struct packet_key {
    uint8_t address[2][16];
    uint32_t seq, ack, payload;
    uint16_t port[2];
    uint16_t flags, id;
    uint32_t bits;
    struct realm realm;
};
_Static_assert(sizeof(struct packet_key) == 72, "compared as bytes");

struct seen_packet {
    struct packet_key key;
    uint32_t hash;
    uint64_t older; /* number of the one before of the same chain */
    int64_t time;
};

int packet_id_list_add(struct packet_id_list *list, uint32_t position, uint16_t id, int64_t time)
{
    const int64_t latest = packet_id_list_latest(list);
    struct packet_id *p = LIST_ADD(list);
    if (!p)
        return -1;
    *p = (struct packet_id){position, id, MAX(latest, time)};
    return 0;
}

int64_t packet_id_list_latest(const struct packet_id_list *list)
{
    return list->count ? list->items[list->count - 1].latest : INT64_MIN;
}

static struct packet_key key_of(const struct segment *s, enum family family, uint16_t id)
{
    struct packet_key key = {.seq = s->seq,
                             .ack = s->ack,
                             .payload = s->payload,
                             .port = {s->port[0], s->port[1]},
                             .flags = SEGMENT_FLAGS(s),
                             .id = id,
                             .bits = s->bits};
    if (family == FAMILY_IPV4)
        memcpy(key.address, ((const struct segment4 *)s)->address, 8);
    else
        memcpy(key.address, ((const struct segment6 *)s)->address, 32);
    if (family == FAMILY_KEYED)
        key.realm = *segment_realm(s);
    return key;
}

/* Mixes the tuple's hash, which is keyed, with what differs between packets of one tuple. */
static uint32_t hash_of(const struct segment *s, uint16_t id)
{
    const uint64_t mixed = ((uint64_t)s->hash << 32 | s->seq) ^ (uint64_t)id << 40 ^ s->ack;
    return (uint32_t)((mixed * UINT64_C(0x9e3779b97f4a7c15)) >> 32);
}

static void chain(struct copy_filter *f, uint64_t number)
{
    struct seen_packet *p = &f->ring[number & (f->capacity - 1)];
    uint64_t *newest = &f->newest[p->hash & (f->capacity - 1)];
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): grow() has put other memory in the place of what it freed */
    p->older = *newest;
    *newest = number;
}

/* Twice as much room. 0 or -1. */
static int grow(struct copy_filter *f)
{
    struct copy_filter more = {
        .capacity = f->capacity ? 2 * f->capacity : (uint32_t)SEEN_FIRST, .first = f->first, .end = f->end};
    if (!more.capacity)
        return -1;
    more.ring = malloc(more.capacity * sizeof *more.ring);
    more.newest = calloc(more.capacity, sizeof *more.newest);
    if (!more.ring || !more.newest) {
        copy_filter_free(&more);
        return -1;
    }
    if (!f->capacity)
        more.first = more.end = 1;
    for (uint64_t n = f->first; n < f->end; n++) {
        more.ring[n & (more.capacity - 1)] = f->ring[n & (f->capacity - 1)];
        chain(&more, n);
    }
    free(f->ring);
    free(f->newest);
    *f = more;
    return 0;
}

/* Is it more than a window from time to later? */
static bool is_longer(int64_t time, int64_t later, int64_t window)
{
    return later > time && (uint64_t)later - (uint64_t)time > (uint64_t)window;
}

/* Where time goes back, packets older than the window may still be in the ring. They do not count, since with
 * another number of shards they might have left it. */
static bool is_seen(const struct copy_filter *f, const struct seen_packet *packet, int64_t latest,
                    int64_t window)
{
    const uint32_t hash = packet->hash;
    if (!f->capacity)
        return false;
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): likewise */
    for (uint64_t n = f->newest[hash & (f->capacity - 1)]; n >= f->first && n;) {
        const struct seen_packet *p = &f->ring[n & (f->capacity - 1)];
        if (p->hash == hash && !is_longer(p->time, latest, window) &&
            !is_longer(packet->time, p->time, window) && !memcmp(&p->key, &packet->key, sizeof p->key))
            return true;
        n = p->older;
    }
    return false;
}

/* Whether the segment is a copy; it counts as seen from now on. latest: time of the latest segment of all up
 * to this one. 0 or 1, or -1. */
static int see(struct copy_filter *f, const struct segment *s, enum family family, const struct packet_id *id,
               int64_t latest, int64_t window)
{
    while (f->first < f->end && is_longer(f->ring[f->first & (f->capacity - 1)].time, latest, window))
        f->first++;
    if (f->end - f->first == f->capacity && grow(f))
        return -1;
    const struct seen_packet packet = {
        .key = key_of(s, family, id->id), .hash = hash_of(s, id->id), .time = s->time};
    const bool copy = is_seen(f, &packet, latest, window);
    const uint64_t number = f->end++;
    f->ring[number & (f->capacity - 1)] = packet;
    chain(f, number);
    return copy;
}

/* The id of the segment at the position, which is at place *at of the list or behind it; NULL: it has
 * none. */
static const struct packet_id *find_id(const struct packet_id_list *ids, uint32_t *at, uint32_t position)
{
    uint32_t low = *at, step = 1;
    while (low + step < ids->count && ids->items[low + step].position <= position) {
        low += step;
        step *= 2;
    }
    uint32_t high = MIN(low + step, ids->count); /* it stands before this, if anywhere */
    while (high - low > 1) {
        const uint32_t middle = low + (high - low) / 2;
        if (ids->items[middle].position <= position)
            low = middle;
        else
            high = middle;
    }
    *at = low;
    return low < ids->count && ids->items[low].position == position ? &ids->items[low] : NULL;
}

int copy_filter_drop(struct copy_filter *f, struct segment_list *list, enum family family,
                     const struct packet_id_list *ids, int64_t window, uint64_t *dropped)
{
    const size_t size = segment_size(family);
    uint8_t *to = list->items;
    uint32_t at = 0;
    if (ids->restarts)
        f->first = f->end;
    for (const uint8_t *from = list->items; from < list->end; from += size) {
        const struct segment *s = (const void *)from;
        const struct packet_id *id = find_id(ids, &at, s->position);
        const int copy = id ? see(f, s, family, id, MAX(id->latest, ids->latest_before), window) : 0;
        if (copy < 0)
            return -1;
        *dropped += (unsigned)copy;
        if (copy)
            continue;
        if (to != from)
            memcpy(to, from, size);
        to += size;
    }
    list->end = to;
    return 0;
}

void copy_filter_free(struct copy_filter *f)
{
    free(f->ring);
    free(f->newest);
    *f = (struct copy_filter){0};
}
