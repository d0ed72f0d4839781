/* What the parts of the pcapng reader share. Only they include this.
 *
 * How blocks are read depends on the section and the interfaces before them. A context is what holds from one
 * place of the file on: byte order, and the interfaces so far. Contexts never change; a later section or
 * interface makes a new one. Interface tables only grow, in chunks that never move, and a context says how
 * many of its table's entries were there at its time: so a file with tens of thousands of interfaces needs
 * one small context for each and no copies. */
#ifndef TCPREUSE_PCAPNG_H
#define TCPREUSE_PCAPNG_H

#include "io/formats/format.h"

enum {
    BLOCK_INTERFACE = 1,
    BLOCK_PACKET = 2, /* obsolete */
    BLOCK_SIMPLE = 3,
    BLOCK_NAMES = 4,
    BLOCK_STATISTICS = 5,
    BLOCK_ENHANCED = 6,
    BLOCK_JOURNAL = 9,
    BLOCK_SECRETS = 10,
    BLOCK_CUSTOM = 0xbad,
    BLOCK_CUSTOM_NO_COPY = 0x40000bad,
    BLOCK_SECTION = 0x0a0d0d0a,

    BLOCK_FRAME = 12,      /* type, length, and the length again at the end */
    BLOCK_HEADER = 8,      /* type, length */
    PACKET_HEADER = 28,    /* of enhanced and obsolete packet blocks, up to the captured bytes */
    PACKET_BLOCK_MIN = 32, /* without captured bytes */
    SIMPLE_HEADER = 12,
    SIMPLE_BLOCK_MIN = 16,
    SECTION_BLOCK_MIN = 28,
    INTERFACE_BLOCK_MIN = 20,
    BYTE_ORDER_MAGIC = 0x1a2b3c4d,

    /* Longer blocks are taken for damage, as Wireshark does: its longest frame of 128 MiB, and 128 KiB
     * for options. */
    BLOCK_LENGTH_MAX = (128 << 20) + (128 << 10) + PACKET_BLOCK_MIN,
};

struct pcapng_interface {
    uint64_t units;         /* of its time stamps, a second */
    int64_t offset_seconds; /* to be added */
    uint32_t scale;         /* ns a unit; 0: not that simple, or there is an offset */
    uint32_t snapshot;      /* 0: no limit */
    uint32_t captured_max;
    union {
        struct {
            uint16_t link_type;
            uint8_t decimals;
            uint8_t fcs;
        };
        uint32_t kind; /* as in struct frame */
    };
};

/* Entry i stands in the chunk k with 4 << k entries that begins at entry (4 << k) - 4. */
enum { TABLE_FIRST = 4, TABLE_CHUNKS = 29 };

struct pcapng_table {
    struct pcapng_table *next; /* all of the capture, to be freed */
    uint32_t used;             /* entries */
    struct pcapng_interface *chunk[TABLE_CHUNKS];
    struct pcapng_interface first[TABLE_FIRST]; /* chunk[0] */
    /* Copies of the blocks that describe them, for whoever writes frames to another file; NULL: there is none. Written by
     * whoever reads contexts, read only where one thread does all (capture.keeps_interfaces). */
    uint8_t **description;
    uint32_t described;
};

struct pcapng_context {
    struct pcapng_context *next; /* all of the capture, to be freed */
    struct pcapng_table *table;  /* NULL where count is 0 */
    uint32_t count;              /* interfaces of the table that this context knows */
    bool swapped;                /* other byte order than this machine's */
};

_Static_assert(sizeof(struct pcapng_interface) == 32, "no padding: interfaces are compared by their bytes");
_Static_assert(offsetof(struct pcapng_interface, decimals) - offsetof(struct pcapng_interface, kind) ==
                       offsetof(struct frame, decimals) - offsetof(struct frame, kind) &&
                   offsetof(struct pcapng_interface, fcs) - offsetof(struct pcapng_interface, kind) ==
                       offsetof(struct frame, fcs) - offsetof(struct frame, kind),
               "alike");

ALWAYS_INLINE struct pcapng_interface *pcapng_interface_at(const struct pcapng_table *t, uint32_t i)
{
    uint64_t n = (uint64_t)i + TABLE_FIRST;
    unsigned k = (unsigned)(61 - __builtin_clzll(n));
    return &t->chunk[k][n - ((uint64_t)TABLE_FIRST << k)];
}

ALWAYS_INLINE uint16_t pcapng_16(const uint8_t *p, bool swapped)
{
    uint16_t v = load_raw16(p);
    return swapped ? __builtin_bswap16(v) : v;
}
ALWAYS_INLINE uint32_t pcapng_32(const uint8_t *p, bool swapped)
{
    uint32_t v = load_raw32(p);
    return swapped ? __builtin_bswap32(v) : v;
}
ALWAYS_INLINE uint64_t pcapng_64(const uint8_t *p, bool swapped)
{
    uint64_t v = load_raw64(p);
    return swapped ? __builtin_bswap64(v) : v;
}

ALWAYS_INLINE uint64_t pcapng_padded(uint64_t n)
{
    return (n + 3) & ~UINT64_C(3);
}

/* The length at a block's end is that at its beginning, but may leave the padding out: so Wireshark 4.6 reads
 * it. The one at the beginning has to count it. */
ALWAYS_INLINE bool pcapng_is_again(uint32_t again, uint32_t length)
{
    return pcapng_padded(again) == length;
}

/* What is wrong with a block; each has its sentence in pcapng_fault.c. */
enum pcapng_broken {
    BROKEN_NOT,
    BROKEN_MEMORY,
    BROKEN_HEADER,        /* found: bytes up to the end of the file */
    BROKEN_CUT,           /* expected: the block's length; found: bytes up to the end of the file */
    BROKEN_LENGTH,        /* expected: the least length; found: the block's */
    BROKEN_LENGTH_MAX,    /* found: the block's length */
    BROKEN_LENGTH_ODD,    /* likewise */
    BROKEN_TRAILER,       /* the lengths at the block's two ends */
    BROKEN_INTERFACE,     /* expected: interfaces there are; found: the number */
    BROKEN_CAPTURED,      /* expected: room in the block; found: the captured length */
    BROKEN_CAPTURED_MAX,  /* likewise, with the greatest that is believed */
    BROKEN_OPTION,        /* expected: bytes left in the block; found: the option's length */
    BROKEN_OPTION_LENGTH, /* expected: number of the option; found: its length */
    BROKEN_MAGIC,         /* found: the byte-order magic */
    BROKEN_VERSION,       /* found: major << 16 | minor */
    BROKEN_RESOLUTION_10, /* found: the exponent */
    BROKEN_RESOLUTION_2,  /* likewise */
    BROKEN_NAME,          /* expected: the bytes there are or have to be; found: a name record's length */
    BROKEN_NAME_END,      /* a name without its terminating NUL */
    BROKEN_SECRETS,       /* expected: the bytes there are; found: the length of the secrets */
    BROKEN_JOURNAL,       /* expected: the least length; found: the entry's */
    BROKEN_NETFLIX,       /* found: the type of Netflix's block */
    BROKEN_SYSDIG,        /* expected: the least length; found: the event's */
};

struct pcapng_fault {
    enum pcapng_broken broken;
    uint32_t expected, found;
};

#define PCAPNG_FINE ((struct pcapng_fault){BROKEN_NOT, 0, 0})

/* pcapng_context.c: sections and interfaces. */

/* The next section header or interface description at p, of which available bytes are there: makes *context
 * the new one, and sets *length to the block's. Nothing is changed when the block is broken. Contexts belong
 * to the capture c. */
struct pcapng_fault pcapng_read_context(struct capture *c, const uint8_t *p, uint64_t available,
                                        const struct pcapng_context **context, uint64_t *length);
/* The two are the same to all readers of blocks. */
bool pcapng_contexts_equal(const struct pcapng_context *a, const struct pcapng_context *b);
/* The newest of the capture's contexts; and frees what was made since then, and nobody knows yet. */
struct pcapng_mark {
    struct pcapng_context *contexts;
    struct pcapng_table *tables;
};
struct pcapng_mark pcapng_mark(const struct capture *c);
void pcapng_drop(struct capture *c, struct pcapng_mark mark);
void pcapng_close(struct capture *c);

/* pcapng_block.c: blocks that are no packets. */

/* The least length of a block of this type. */
uint32_t pcapng_block_min(uint32_t type);
/* The whole block, of length bytes with its padding, is there. */
struct pcapng_fault pcapng_check_block(const uint8_t *p, uint64_t length, uint32_t type, bool swapped);
/* Options in the n bytes at p. flags: takes the value of option 2, which has to be of 4 bytes, as have other
 * options of packets to be of theirs; NULL for other blocks. */
struct pcapng_fault pcapng_check_options(const uint8_t *p, uint64_t n, bool swapped, uint32_t *flags);
/* Wireshark gives blocks of this type a frame number, though they are no packets. */
bool pcapng_is_counted(uint32_t type);

/* pcapng_origin.c. As capture_format.interface; 0 for what is no packet. */
uint32_t pcapng_interface_number(const struct pcapng_context *context, const struct frame *f);
/* As capture_format.origin. */
struct packet_origin;
bool pcapng_origin(const struct pcapng_context *context, const struct frame *f, struct packet_origin *origin);

/* pcapng_run.c */

/* As capture_format.run: enhanced packet blocks without options. */
bool pcapng_run(const struct capture *c, const struct window *window, const struct record_reader *reader,
                struct record_run *run);
extern const struct run_decoder pcapng_run_decoder;
enum { PCAPNG_RUN_INTERFACES, PCAPNG_RUN_UPPER_HALVES }; /* what record_run.bound holds in such a run */

/* pcapng_walk.c */
void pcapng_walk(const struct capture *c, const struct window *window, struct walk *walk);

/* pcapng_fault.c */

/* The reader stops at its position with this fault; returns false. */
bool pcapng_fault_at(struct record_reader *reader, enum pcapng_broken broken, uint64_t expected,
                     uint64_t found);
/* Puts the fault at position at into words, a problem of the capture. */
void pcapng_report(struct capture *c, uint64_t at, struct pcapng_fault fault);

#endif
