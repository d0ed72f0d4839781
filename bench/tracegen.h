/* The trace generator's parts: options, the pcap writer, and the three kinds of traffic. */
#ifndef TRACEGEN_H
#define TRACEGEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "bench/tracegen_random.h"

/* Frame sizes of the data phase of conversations. A size of 0 stands for an acknowledgement without data. */
struct size_mix {
    const char *name;
    uint32_t count;
    uint32_t conversation_frames; /* the default that goes with it */
    struct {
        uint32_t size;
        uint32_t percent;
    } sizes[4];
};

enum payload_kind { PAYLOAD_LETTERS, PAYLOAD_RANDOM, PAYLOAD_STALE };

struct tracegen_options {
    uint64_t frames;
    uint64_t seed;
    uint32_t flows;
    const struct size_mix *mix;
    uint64_t conversation_frames; /* mean, in units of 2^-16 frames */

    share_t fin, rst; /* the remainder stays unclosed */
    share_t refused;
    share_t reuse, same_isn;
    share_t syn_retransmit, syn_reorder, midstream;
    share_t ipv6, vlan;
    share_t heavy; /* of the frames: those of one connection that never ends */
    uint32_t vlan_depth;

    enum payload_kind payload;

    bool hostile;
    share_t fragments, icmp;
    const char *carrier; /* file whose bytes the payloads carry, or NULL */
    bool frames_given;   /* else a carrier ends with its file */

    const char *output;
    bool nanosecond, big_endian;
    uint64_t start_ns;
    uint64_t rate;
    uint32_t snaplen;
    bool summary;
};

/* What was written: the truth that a reader of the trace can be held against. */
struct tracegen_counts {
    uint64_t conversations;
    uint64_t reuses;   /* conversations on the tuple of an earlier one */
    uint64_t same_isn; /* those of them that began with the same ISNs too */
    uint64_t fin, rst, refused, midstream, syn_retransmit, syn_reorder;
};

struct payloads;

/* One thread only. After a failure `failed` is set, a message was printed, and all further records are
 * dropped. */
struct writer {
    uint8_t *buffer;
    size_t used;
    int fd;
    bool failed;
    bool nanosecond, big_endian;
    uint32_t snaplen;
    const char *name;
    uint64_t frames, bytes;

    struct payloads *payloads; /* that keep what is written; NULL: none */

    uint64_t now_ns;
    uint32_t now_fraction; /* 2^-32 ns */
    uint64_t period_twice; /* 2^-32 ns: the time between frames is uniform between 0 and this */
    struct rng clock;
};

/* The longest frame that writer_frame() may be handed. */
#define WRITER_FRAME_MAX 65536u

int writer_open(struct writer *w, const struct tracegen_options *opt);
int writer_close(struct writer *w);
void writer_flush(struct writer *w);

/* Where the next frame is to be laid: WRITER_FRAME_MAX bytes. */
uint8_t *writer_frame(struct writer *w);
/* Counts the frame laid there as a record, of which `captured` bytes (cut to the snapshot length) are kept.
 */
void writer_commit(struct writer *w, uint32_t length, uint32_t captured);
/* The same with a time of `back_ns` before now. */
void writer_commit_late(struct writer *w, uint32_t length, uint32_t captured, uint64_t back_ns);

void ordinary_write(struct writer *w, const struct tracegen_options *opt, struct tracegen_counts *counts);
void hostile_write(struct writer *w, const struct tracegen_options *opt);

/* The kind of this name; -1: there is none. */
int payload_kind_find(const char *name);
/* What payloads of the kind are made of, but for letters. NULL when memory is short. */
struct payloads *payloads_new(enum payload_kind kind, uint64_t seed);
void payloads_free(struct payloads *p);
/* A record that was written. */
void payloads_keep(struct payloads *p, const uint8_t *record, uint32_t length);
/* Sets the payload of a segment, and its length to what whole records take of it; valid up to the next call. */
struct segment;
void payloads_fill(struct payloads *p, struct segment *s);

/* Reads the whole carried file; takes over the time, resolution and byte order of a pcap file where `opt` has
 * them not set by the user, so that the carried record headers look like the trace's own. */
struct carrier;
struct carrier *carrier_open(const char *path);
void carrier_adapt(const struct carrier *c, struct tracegen_options *opt, bool keep_start,
                   bool keep_resolution, bool keep_order);
void carrier_write(struct writer *w, const struct tracegen_options *opt, const struct carrier *c,
                   struct tracegen_counts *counts);
void carrier_close(struct carrier *c);

#endif
