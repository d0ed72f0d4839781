/* One frame through the decoder, and what came of it. */
#ifndef TCPREUSE_TEST_DECODING_H
#define TCPREUSE_TEST_DECODING_H

#include "engine/decode/decoder.h"
#include "tests/support/packet.h"

struct decoding {
    struct decoder decoder;
    struct decode_counts counts;
    struct segment_list *lists;
    struct fragment_list fragments; /* noted for settling */
};

/* The key is made of the seed. */
void decoding_open(struct decoding *d, enum rules rules, unsigned shards, uint64_t seed);
void decoding_close(struct decoding *d);
/* Lists and counts start afresh. */
void decoding_clear(struct decoding *d);
/* Decodes a frame, alone: lists and counts start afresh. The packet lies at the end of memory that may be
 * read. */
void decoding_run(struct decoding *d, const struct frame *frame, uint32_t index);
/* The packet as an Ethernet frame, of which so many bytes were captured and that was so long on the wire. */
void decoding_ethernet(struct decoding *d, const struct packet *p, uint32_t captured, uint32_t length);
/* The i-th segment of the last frame, over all lists in the order of shards, IPv4 first; NULL: there are not
 * so many. */
const struct segment *decoding_segment(const struct decoding *d, uint32_t i, enum family *family,
                                       unsigned *shard);

/* How the frame was counted: the only one, with its note. */
struct counted {
    enum outcome outcome;
    enum subject subject;
    uint32_t value;
};
struct counted decoding_counted(const struct decoding *d);

#define EXPECT_COUNTED(d, outcome_, subject_, value_) EXPECT_COUNTED_IN(d, "it", outcome_, subject_, value_)
/* what: one of several cases. */
#define EXPECT_COUNTED_IN(d, what, outcome_, subject_, value_)                                               \
    do {                                                                                                     \
        struct counted is_ = decoding_counted(d);                                                            \
        cr_expect(is_.outcome == (outcome_) && is_.subject == (subject_) && is_.value == (value_),           \
                  "%s is counted as %s, %s, %#x", what, outcome_name(is_.outcome),                           \
                  subject_name(is_.subject), is_.value);                                                     \
    } while (0)

#endif
