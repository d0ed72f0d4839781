/* Which conversations take part in a reuse, the old one and the new one, and in which frames ports are reused: noted
 * beside the reports of a run. */
#ifndef TCPREUSE_PARTICIPANTS_H
#define TCPREUSE_PARTICIPANTS_H

#include "engine/sink.h"
#include "io/reports/realm_words.h"

#include <stdio.h>

/* A reuse as far as a frame's comment tells of it. */
struct noted_reuse {
    uint64_t frame;
    uint64_t stream, previous_stream;
    int64_t gap;        /* from the last segment of the conversation before; ns */
    struct realm realm; /* of both conversations */
    uint8_t key_parts;  /* enum key_parts: what of the realm counts */
    uint8_t decimals;
    uint8_t trigger; /* enum trigger */
    uint8_t close;   /* enum close_kind; CLOSES where no verdicts are wanted */
    uint8_t verdict; /* enum verdict; VERDICT_WORDS where none are wanted */
};

struct participants;

/* A sink that hands everything on to inner, which must outlive it, and takes notes of reuses. NULL when memory is
 * short. */
struct participants *participants_create(struct sink *inner);
struct sink *participants_sink(struct participants *p);
void participants_destroy(struct participants *p);

/* Once the run has ended. Puts the notes in order; before the calls below. 0, or -1 when memory is short. */
int participants_finish(struct participants *p);
/* In the order of their frames. */
const struct noted_reuse *participants_reuses(const struct participants *p, size_t *count);
/* Have both noted the same reuses? Both are finished. */
bool participants_equal(const struct participants *a, const struct participants *b);
/* Does this stream take part in a reuse? Any thread. */
bool participants_have(const struct participants *p, uint64_t stream);

/* A line with Wireshark's display filter for all frames of these conversations; one that shows no frame if there are
 * none. True if there are some. The caller checks the file for errors. */
bool participants_print_filter(const struct participants *p, FILE *to);

/* The reuse in words: "TCP port reuse: stream 7 reuses stream 3, 12.4 s after its RST; refused; VLAN 7". Returns the
 * length. */
enum { PARTICIPANTS_COMMENT_MAX = 256 };
size_t participants_put_comment(const struct noted_reuse *r, char text[PARTICIPANTS_COMMENT_MAX]);

#endif
