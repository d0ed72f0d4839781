/* pcapng sections and interfaces.
 *
 *     section     | type 4 | length 4 | byte-order magic 4 | major 2 | minor 2 | section length 8 |
 *                 | options ... | length 4 |
 *     interface   | type 4 | length 4 | link type 2 | reserved 2 | snapshot length 4 |
 *                 | options ... | length 4 |
 */
#include "io/formats/pcapng.h"

#include <stdlib.h>

enum {
    OPTION_RESOLUTION = 9, /* if_tsresol */
    OPTION_FILTER = 11,    /* if_filter: a kind, and the filter */
    OPTION_FCS = 13,       /* if_fcslen */
    OPTION_OFFSET = 14,    /* if_tsoffset */

    RESOLUTION_10_MAX = 19, /* the greatest power of ten in 64 bits */
    RESOLUTION_2_MAX = 63,
};

/* What the capture's format_data points to. */
struct contexts {
    struct pcapng_context *contexts;
    struct pcapng_table *tables;
};

static struct pcapng_context *new_context(struct capture *c, const struct pcapng_context *from)
{
    struct contexts *all = c->format_data;
    if (!all && !(all = c->format_data = calloc(1, sizeof *all)))
        return NULL;
    struct pcapng_context *context = malloc(sizeof *context);
    if (!context)
        return NULL;
    *context = *from;
    context->next = all->contexts;
    all->contexts = context;
    return context;
}

static struct pcapng_table *new_table(struct capture *c)
{
    struct contexts *all = c->format_data;
    if (!all && !(all = c->format_data = calloc(1, sizeof *all)))
        return NULL;
    struct pcapng_table *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->chunk[0] = t->first;
    t->next = all->tables;
    all->tables = t;
    return t;
}

/* Room for entry i, which is the next one. Readers of earlier entries are not disturbed. */
static struct pcapng_interface *table_room(struct pcapng_table *t, uint32_t i)
{
    uint64_t n = (uint64_t)i + TABLE_FIRST;
    unsigned k = (unsigned)(61 - __builtin_clzll(n));
    if (!t->chunk[k])
        t->chunk[k] = malloc(((size_t)TABLE_FIRST << k) * sizeof **t->chunk);
    return t->chunk[k] ? pcapng_interface_at(t, i) : NULL;
}

static struct pcapng_fault set_resolution(struct pcapng_interface *i, uint8_t value)
{
    uint8_t exponent = value & 0x7f;
    i->units = 1;
    if (value & 0x80) {
        if (exponent > RESOLUTION_2_MAX)
            return (struct pcapng_fault){BROKEN_RESOLUTION_2, 0, exponent};
        i->units <<= exponent;
    } else {
        if (exponent > RESOLUTION_10_MAX)
            return (struct pcapng_fault){BROKEN_RESOLUTION_10, 0, exponent};
        for (uint8_t k = 0; k < exponent; k++)
            i->units *= 10;
    }
    i->decimals = MIN(exponent, 9); /* 2^-n has n decimals, too */
    return PCAPNG_FINE;
}

static struct pcapng_fault read_interface(struct pcapng_interface *i, const uint8_t *p, uint64_t length,
                                          bool swapped)
{
    *i = (struct pcapng_interface){
        .units = 1000000,
        .link_type = pcapng_16(p + 8, swapped),
        .snapshot = pcapng_32(p + 12, swapped),
        .decimals = 6,
    };
    i->captured_max = capture_record_max(i->link_type);

    const uint8_t *option = p + INTERFACE_BLOCK_MIN - 4;
    uint64_t n = length - INTERFACE_BLOCK_MIN;
    struct pcapng_fault fault = pcapng_check_options(option, n, swapped, NULL);
    while (fault.broken == BROKEN_NOT && n >= 4) {
        uint32_t number = pcapng_16(option, swapped), size = pcapng_16(option + 2, swapped);
        option += 4;
        n -= 4;
        if (number == 0)
            break;
        /* Wireshark does not look at one of another length than it should have, but for a filter. */
        if (number == OPTION_RESOLUTION && size == 1)
            fault = set_resolution(i, option[0]);
        else if (number == OPTION_OFFSET && size == 8)
            i->offset_seconds = (int64_t)pcapng_64(option, swapped);
        else if (number == OPTION_FCS && size == 1 && i->link_type == 1)
            i->fcs = option[0];
        else if (number == OPTION_FILTER && size == 0)
            fault = (struct pcapng_fault){BROKEN_OPTION_LENGTH, number, size};
        uint64_t step = MIN(pcapng_padded(size), n);
        option += step;
        n -= step;
    }
    if (i->offset_seconds == 0 && i->units <= 1000000000 && 1000000000 % i->units == 0)
        i->scale = (uint32_t)(1000000000 / i->units);
    return fault;
}

/* A table of its own for what the context knows, and more. */
static struct pcapng_table *copy_table(struct capture *c, const struct pcapng_context *context)
{
    struct pcapng_table *t = new_table(c);
    for (uint32_t i = 0; t && i < context->count; i++) {
        struct pcapng_interface *place = table_room(t, i);
        if (!place)
            return NULL;
        *place = *pcapng_interface_at(context->table, i);
        t->used++;
    }
    return t;
}

/* Keeps the block that describes the table's interface i, unless it is too long to be worth the memory. 0, or -1 when
 * memory is short. The copy belongs to the table before mapped bytes are read (io/guard.h). */
static int keep_description(struct pcapng_table *t, uint32_t i, const uint8_t *block, uint64_t length)
{
    enum { DESCRIPTION_MAX = 64 << 10 };
    if (length > DESCRIPTION_MAX)
        return 0;
    if (i >= t->described) {
        const uint32_t described = MAX(2 * i, (uint32_t)TABLE_FIRST);
        uint8_t **more = realloc(t->description, described * sizeof *more);
        if (!more)
            return -1;
        memset(more + t->described, 0, (described - t->described) * sizeof *more);
        t->description = more;
        t->described = described;
    }
    free(t->description[i]);
    t->description[i] = malloc(length);
    if (!t->description[i])
        return -1;
    memcpy(t->description[i], block, length);
    return 0;
}

/* The place of the next interface of a context in its table may be taken already, when a part of the file is
 * read once more: by the same interface then, or else the table is left to those who know it. */
static struct pcapng_fault add_interface(struct capture *c, const struct pcapng_context **context,
                                         const struct pcapng_interface *i, const uint8_t *block,
                                         uint64_t length)
{
    const struct pcapng_fault short_of_memory = {BROKEN_MEMORY, 0, 0};
    struct pcapng_context next = **context;
    if (next.count == 0 && !(next.table = new_table(c)))
        return short_of_memory;
    bool taken = next.table->used > next.count;
    if (taken && memcmp(pcapng_interface_at(next.table, next.count), i, sizeof *i) != 0) {
        taken = false;
        next.table = copy_table(c, &next);
        if (!next.table)
            return short_of_memory;
    }
    if (!taken) {
        struct pcapng_interface *place = table_room(next.table, next.count);
        if (!place)
            return short_of_memory;
        *place = *i;
        next.table->used++;
    }
    if (keep_description(next.table, next.count, block, length))
        return short_of_memory;
    next.count++;
    struct pcapng_context *made = new_context(c, &next);
    if (!made)
        return short_of_memory;
    *context = made;
    return PCAPNG_FINE;
}

/* Sections begin without interfaces. */
static const struct pcapng_context empty[2] = {{.swapped = false}, {.swapped = true}};

struct pcapng_fault pcapng_read_context(struct capture *c, const uint8_t *p, uint64_t available,
                                        const struct pcapng_context **context, uint64_t *length)
{
    if (available < BLOCK_FRAME)
        return (struct pcapng_fault){BROKEN_HEADER, 0, (uint32_t)available};
    /* A section's type reads the same in either order. */
    bool section = load_raw32(p) == BLOCK_SECTION;
    bool swapped = !section && (*context)->swapped;
    if (section) {
        uint32_t magic = load_raw32(p + 8);
        swapped = magic == __builtin_bswap32(BYTE_ORDER_MAGIC);
        if (!swapped && magic != BYTE_ORDER_MAGIC)
            return (struct pcapng_fault){BROKEN_MAGIC, 0, load_be32(p + 8)};
    }
    uint32_t claimed = pcapng_32(p + 4, swapped);
    uint32_t min = section ? SECTION_BLOCK_MIN : INTERFACE_BLOCK_MIN;
    if (claimed > BLOCK_LENGTH_MAX)
        return (struct pcapng_fault){BROKEN_LENGTH_MAX, 0, claimed};
    if (claimed < min)
        return (struct pcapng_fault){BROKEN_LENGTH, min, claimed};
    if (claimed % 4)
        return (struct pcapng_fault){BROKEN_LENGTH_ODD, 0, claimed};
    *length = claimed;
    if (*length > available)
        return (struct pcapng_fault){BROKEN_CUT, (uint32_t)*length, (uint32_t)available};
    uint32_t again = pcapng_32(p + *length - 4, swapped);
    if (!pcapng_is_again(again, claimed))
        return (struct pcapng_fault){BROKEN_TRAILER, claimed, again};

    if (!section) {
        struct pcapng_interface i;
        struct pcapng_fault fault = read_interface(&i, p, *length, swapped);
        return fault.broken ? fault : add_interface(c, context, &i, p, *length);
    }
    uint16_t major = pcapng_16(p + 12, swapped), minor = pcapng_16(p + 14, swapped);
    if (major != 1 || (minor != 0 && minor != 2))
        return (struct pcapng_fault){BROKEN_VERSION, 0, (uint32_t)major << 16 | minor};
    struct pcapng_fault fault =
        pcapng_check_options(p + SECTION_BLOCK_MIN - 4, *length - SECTION_BLOCK_MIN, swapped, NULL);
    if (fault.broken == BROKEN_NOT)
        *context = &empty[swapped];
    return fault;
}

bool pcapng_contexts_equal(const struct pcapng_context *a, const struct pcapng_context *b)
{
    if (a->swapped != b->swapped || a->count != b->count)
        return false;
    if (a->table == b->table)
        return true;
    for (uint32_t i = 0; i < a->count; i++)
        if (memcmp(pcapng_interface_at(a->table, i), pcapng_interface_at(b->table, i),
                   sizeof(struct pcapng_interface)) != 0)
            return false;
    return true;
}

struct pcapng_mark pcapng_mark(const struct capture *c)
{
    const struct contexts *all = c->format_data;
    return all ? (struct pcapng_mark){all->contexts, all->tables} : (struct pcapng_mark){0};
}

void pcapng_drop(struct capture *c, struct pcapng_mark mark)
{
    struct contexts *all = c->format_data;
    while (all && all->contexts != mark.contexts) {
        struct pcapng_context *i = all->contexts;
        all->contexts = i->next;
        free(i);
    }
    while (all && all->tables != mark.tables) {
        struct pcapng_table *t = all->tables;
        all->tables = t->next;
        for (int k = 1; k < TABLE_CHUNKS; k++)
            free(t->chunk[k]);
        for (uint32_t k = 0; k < t->described; k++)
            free(t->description[k]);
        free(t->description);
        free(t);
    }
}

void pcapng_close(struct capture *c)
{
    pcapng_drop(c, (struct pcapng_mark){0});
    free(c->format_data);
    c->format_data = NULL;
}
