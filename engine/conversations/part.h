/* Parts: what a tuple's segments in a piece of a capture come to, for whoever does not know yet what came before.
 *
 * What the rules (rules.h) make of a segment depends on what came before only where it has SYN: another segment
 * adds to the conversation that is there, whichever it is, and such additions can be put together. So a piece's
 * segments of a tuple become a few parts: each is one segment in full, the tuple's first one in the piece or one
 * with SYN, and the rest, which is what those behind it add. To apply a part to a conversation is to put its
 * first segment through the rules, as any segment, and to add the rest. A segment with SYN stays in the rest if
 * it is no reuse whatever came before: one that was sent again.
 *
 * So no rule is here a second time, what is done with parts is exact, and where there are many reuses there are
 * simply many parts. A tuple with one connection in the piece has two: SYN and SYN/ACK. */
#ifndef TCPREUSE_PART_H
#define TCPREUSE_PART_H

#include "engine/conversations/conversation.h"

/* What the segments of a part behind its first one add. */
struct part_rest {
    int64_t last_time;    /* of the last one; ns */
    uint64_t frames;      /* 0: there is no rest, and all else is 0 */
    uint64_t bytes;       /* sum of the frames' lengths on the wire */
    uint64_t last_frame;  /* the last one's, counted from the first segment's: 0 is the same frame */
    uint32_t isn[2];      /* that they tell where they are unknown after the first segment */
    uint32_t position;    /* of the first segment, in its lane */
    uint8_t known;        /* bits 0 and 1: isn[0] and isn[1] are told */
    uint8_t completeness; /* to be or-ed in */
    uint8_t decimals;     /* of the finest time stamp */
    uint8_t unused;       /* 0 */
};
_Static_assert(sizeof(struct part_rest) == 48, "no padding, so that equal ones have equal bytes");

/* Of one lane, in the order of their positions. Only parts that have a rest are in it. */
struct rest_list {
    struct part_rest *items;
    uint32_t count, capacity;
};

/* What of a part's first segment is not in its record. */
struct part_first {
    uint32_t seq, ack, payload, wire;
    uint16_t flags;
    uint8_t bits;    /* enum segment_bits, and enum part_bits */
    uint8_t ordinal; /* of the segment in its frame */
};

/* What holds behind a part's first segment, whatever came before. */
enum part_bits {
    PART_KNOWS_ISN = 0x20, /* that of its sender is its sequence number */
    PART_IS_OPEN = 0x40,   /* its conversation has no FIN and no RST */
};

/* Numbered like the records of a table. Zeroed, it is empty. One thread at a time. */
struct part_table {
    struct part_first *items;
    uint32_t capacity;
};

/* The place of a new record's; NULL when memory is short. */
struct part_first *part_table_add(struct part_table *t, uint32_t record);
void part_table_free(struct part_table *t);

/* Sets what is known of a part that begins with the segment. */
void part_begin(enum rules rules, struct part_first *first, const struct segment *s);
/* Is the segment certainly no reuse, whatever came before the part? c: the part so far. */
bool part_takes(enum rules rules, const struct part_first *first, const struct conversation *c,
                const struct segment *s);

/* A part as it goes into a file: its first segment, and the rest. */
struct whole_part {
    uint64_t frame; /* of the first segment */
    union {
        struct segment s; /* without hash; of its position, the segment's number in its frame only */
        struct segment4 v4;
        struct segment6 v6;
    } first;
    struct part_rest rest; /* without position */
};

/* What a record of a shard that reduces has come to. */
void part_read(enum rules rules, const struct part_first *first, const struct conversation *c,
               enum family family, struct whole_part *part);
/* Adds the rest to the conversation that has received the part's first segment, in this frame. */
void part_add_rest(struct conversation *c, uint64_t frame, const struct part_rest *rest);

#endif
