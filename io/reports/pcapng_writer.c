/* pcapng, written. IETF draft-ietf-opsawg-pcapng:
 *
 *     section     | type 4 | length 4 | byte-order magic 4 | major 2 | minor 2 | section length 8 | length 4 |
 *     interface   | type 4 | length 4 | link type 2 | 0 2 | snapshot length 4 | options ... | length 4 |
 *     packet      | type 4 | length 4 | interface 4 | time 8, upper half first | captured 4 | original 4 |
 *                 | bytes, padded | options ... | length 4 |
 *     option      | number 2 | length 2 | value, padded |
 */
#include "io/reports/pcapng_writer.h"

#include <stdlib.h>

enum {
    BLOCK_SECTION = 0x0a0d0d0a,
    BLOCK_INTERFACE = 1,
    BLOCK_PACKET = 6,

    OPTION_END = 0,
    OPTION_COMMENT = 1,
    OPTION_FLAGS = 2,       /* of packets */
    OPTION_DROPPED = 4,     /* likewise */
    OPTION_PACKET_ID = 5,   /* likewise */
    OPTION_QUEUE = 6,       /* likewise */
    OPTION_SPEED = 8,       /* of interfaces */
    OPTION_RESOLUTION = 9,  /* likewise */
    OPTION_ZONE = 10,       /* likewise */
    OPTION_FCS = 13,        /* likewise */
    OPTION_OFFSET = 14,     /* likewise */
    OPTION_SEND_SPEED = 16, /* likewise */
    OPTION_RECEIVE_SPEED = 17,

    NANOSECONDS = 9,
    SNAPSHOT = 262144, /* of interfaces that do not tell */
    /* What a block has beside the captured bytes and options that are copied. */
    AROUND = 64,
};

struct known_interface {
    size_t order;
    const void *interface; /* NULL: frames of this kind */
    uint32_t kind;
};

struct pcapng_writer {
    FILE *file;
    struct known_interface *known;
    size_t count, capacity;
    uint8_t *bytes; /* blocks being made */
    size_t used, room;
};

static uint8_t *put_16(uint8_t *p, uint16_t n)
{
    memcpy(p, &n, sizeof n);
    return p + sizeof n;
}

static uint8_t *put_32(uint8_t *p, uint32_t n)
{
    memcpy(p, &n, sizeof n);
    return p + sizeof n;
}

static uint8_t *put_padded(uint8_t *p, const void *bytes, size_t n)
{
    memcpy(p, bytes, n);
    memset(p + n, 0, -n & 3);
    return p + n + (-n & 3);
}

static uint8_t *put_option(uint8_t *p, uint16_t number, const void *value, size_t n)
{
    p = put_16(p, number);
    p = put_16(p, (uint16_t)n);
    return put_padded(p, value, n);
}

/* A block ends; it began at begin. */
static uint8_t *end_block(uint8_t *begin, uint8_t *p)
{
    const uint32_t length = (uint32_t)(p - begin) + 4;
    put_32(begin + 4, length);
    return put_32(p, length);
}

/* Bytes of the number that is the option's value, or with which it begins; 0: it is bytes or text. */
static unsigned number_width(uint16_t block, uint16_t option)
{
    if (option == 2988 || option == 2989 || option == 19372 || option == 19373)
        return 4; /* custom: the enterprise */
    if (block == BLOCK_PACKET)
        return option == OPTION_FLAGS || option == OPTION_QUEUE         ? 4
               : option == OPTION_DROPPED || option == OPTION_PACKET_ID ? 8
                                                                        : 0;
    return option == OPTION_ZONE ? 4
           : option == OPTION_SPEED || option == OPTION_OFFSET || option == OPTION_SEND_SPEED ||
                   option == OPTION_RECEIVE_SPEED
               ? 8
               : 0;
}

/* Copies options of a block up to their end, in this machine's byte order. moved: without those that say what time stamps
 * mean. They take no more room than they had. */
static uint8_t *copy_options(uint8_t *p, uint16_t block, const uint8_t *options, size_t n, bool swapped,
                             bool moved)
{
    while (n >= 4) {
        uint16_t number = load_raw16(options), size = load_raw16(options + 2);
        if (swapped) {
            number = __builtin_bswap16(number);
            size = __builtin_bswap16(size);
        }
        const size_t padded = ((size_t)size + 3) & ~(size_t)3;
        options += 4;
        n -= 4;
        if (number == OPTION_END || size > n)
            break;
        const bool skipped =
            moved && block == BLOCK_INTERFACE && (number == OPTION_RESOLUTION || number == OPTION_OFFSET);
        if (!skipped) {
            uint8_t *value = p + 4;
            const unsigned width = swapped ? number_width(block, number) : 0;
            p = put_option(p, number, options, size);
            for (unsigned i = 0; size >= width && i < width / 2; i++) {
                const uint8_t byte = value[i];
                value[i] = value[width - 1 - i];
                value[width - 1 - i] = byte;
            }
        }
        options += MIN(padded, n);
        n -= MIN(padded, n);
    }
    return p;
}

static uint8_t *put_end(uint8_t *p)
{
    return put_32(p, 0);
}

/* The description of the packet's interface. */
static uint8_t *put_interface(uint8_t *p, const struct written_packet *packet)
{
    const struct frame *f = packet->frame;
    const struct packet_origin *o = packet->origin && packet->origin->description ? packet->origin : NULL;
    uint8_t *begin = p;
    uint32_t snapshot = o ? load_raw32(o->description + 12) : SNAPSHOT;
    if (o && o->swapped)
        snapshot = __builtin_bswap32(snapshot);
    p = put_32(p, BLOCK_INTERFACE);
    p = put_32(p, 0);
    p = put_16(p, f->link_type);
    p = put_16(p, 0);
    p = put_32(p, snapshot);
    if (o)
        p = copy_options(p, BLOCK_INTERFACE, o->description + 16, o->description_length - 20, o->swapped,
                         packet->moved);
    if (!o || packet->moved) {
        const uint8_t decimals = packet->moved ? NANOSECONDS : f->decimals;
        p = put_option(p, OPTION_RESOLUTION, &decimals, 1);
    }
    if (!o && f->fcs)
        p = put_option(p, OPTION_FCS, &f->fcs, 1);
    return end_block(begin, put_end(p));
}

static uint64_t ticks_of(const struct written_packet *packet)
{
    const struct frame *f = packet->frame;
    if (packet->origin && packet->origin->description && !packet->moved)
        return packet->origin->has_ticks ? packet->origin->ticks : 0;
    uint64_t ticks = f->time < 0 ? 0 : (uint64_t)f->time;
    for (unsigned i = packet->moved ? NANOSECONDS : f->decimals; i < NANOSECONDS; i++)
        ticks /= 10;
    return ticks;
}

static uint8_t *put_packet(uint8_t *p, uint32_t interface, const struct written_packet *packet)
{
    const struct frame *f = packet->frame;
    const struct packet_origin *o = packet->origin;
    const uint64_t ticks = ticks_of(packet);
    uint8_t *begin = p;
    p = put_32(p, BLOCK_PACKET);
    p = put_32(p, 0);
    p = put_32(p, interface);
    p = put_32(p, (uint32_t)(ticks >> 32));
    p = put_32(p, (uint32_t)ticks);
    p = put_32(p, f->captured);
    p = put_32(p, f->length);
    p = put_padded(p, f->data, f->captured);
    uint8_t *options = p;
    if (o && o->options)
        p = copy_options(p, BLOCK_PACKET, o->options, o->options_length, o->swapped, false);
    if (packet->comment)
        p = put_option(p, OPTION_COMMENT, packet->comment, strlen(packet->comment));
    return end_block(begin, p > options ? put_end(p) : p);
}

/* The number of the packet's interface; -1: it is not known yet. Most packets are of those that came last. */
static int64_t find_interface(const struct pcapng_writer *w, const struct known_interface *wanted)
{
    for (size_t i = w->count; i--;)
        if (w->known[i].order == wanted->order && w->known[i].interface == wanted->interface &&
            w->known[i].kind == wanted->kind)
            return (int64_t)i;
    return -1;
}

static int reserve(struct pcapng_writer *w, size_t room)
{
    if (room <= w->room)
        return 0;
    uint8_t *bytes = realloc(w->bytes, room);
    if (!bytes)
        return -1;
    w->bytes = bytes;
    w->room = room;
    return 0;
}

static int reserve_interface(struct pcapng_writer *w)
{
    if (w->count < w->capacity)
        return 0;
    const size_t capacity = w->capacity ? w->capacity * 2 : 16;
    struct known_interface *known = realloc(w->known, capacity * sizeof *known);
    if (!known)
        return -1;
    w->known = known;
    w->capacity = capacity;
    return 0;
}

int pcapng_writer_make(struct pcapng_writer *w, const struct written_packet *packet)
{
    const struct frame *f = packet->frame;
    const struct packet_origin *o = packet->origin;
    const struct known_interface wanted = {packet->order, o ? o->interface : NULL, o ? 0 : f->kind};
    size_t room = 2 * AROUND + f->captured + (packet->comment ? strlen(packet->comment) : 0);
    if (o)
        room += (size_t)o->description_length + o->options_length;
    if (reserve(w, room) || reserve_interface(w))
        return -1;
    w->used = 0;
    uint8_t *p = w->bytes;
    int64_t interface = find_interface(w, &wanted);
    const bool new = interface < 0;
    if (new) {
        interface = (int64_t)w->count;
        p = put_interface(p, packet);
    }
    p = put_packet(p, (uint32_t)interface, packet);
    if (new)
        w->known[w->count++] = wanted;
    w->used = (size_t)(p - w->bytes);
    return 0;
}

int pcapng_writer_put(struct pcapng_writer *w)
{
    return fwrite(w->bytes, 1, w->used, w->file) == w->used ? 0 : -1;
}

static int put_section(struct pcapng_writer *w)
{
    static const uint64_t unknown = UINT64_MAX;
    uint8_t section[28], *p = section;
    p = put_32(p, BLOCK_SECTION);
    p = put_32(p, 0);
    p = put_32(p, 0x1a2b3c4d);
    p = put_16(p, 1);
    p = put_16(p, 0);
    memcpy(p, &unknown, sizeof unknown);
    end_block(section, p + sizeof unknown);
    return fwrite(section, 1, sizeof section, w->file) == sizeof section ? 0 : -1;
}

struct pcapng_writer *pcapng_writer_begin(FILE *to)
{
    struct pcapng_writer *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->file = to;
    if (!put_section(w))
        return w;
    free(w);
    return NULL;
}

void pcapng_writer_free(struct pcapng_writer *w)
{
    if (!w)
        return;
    free(w->known);
    free(w->bytes);
    free(w);
}
