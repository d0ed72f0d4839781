/* Frames to segments. Each protocol is a function of the decoder and a layer, which calls the next protocol's
 * itself (protocols.h). They are in link/, ip/ and tunnel/, one file each.
 *
 * Each frame has one outcome: with TCP if it has a segment; else the first reason that stopped a protocol
 * (decoder_stop); else without TCP. */
#ifndef TCPREUSE_DECODER_H
#define TCPREUSE_DECODER_H

#include "engine/conversations/boundary.h"
#include "engine/conversations/copies.h"
#include "engine/conversations/ftp_segment.h"
#include "engine/conversations/hash.h"
#include "engine/conversations/segment.h"
#include "engine/decode/decode_as.h"
#include "engine/decode/fragments.h"
#include "engine/decode/layer.h"
#include "engine/decode/notes.h"
#include "engine/frame.h"
#include "engine/record_run.h"
#include "engine/rules.h"

/* The most nested headers in a frame. Real frames have far fewer; crafted ones must not exhaust the stack. */
#define DECODE_DEPTH 64

/* The addresses of the innermost IP header. */
struct ip_addresses {
    enum family family;
    const uint8_t *source, *destination; /* 4 or 16 bytes */
    int32_t id;                          /* IPv4 identification; negative: none */
};

struct decoder {
    /* set by the caller once */
    const struct hash_key *key;
    unsigned shards;
    enum rules rules;
    unsigned tcp_header_bytes;       /* rules_header_bytes() */
    bool notes_boundaries;           /* for verdicts */
    const struct plain_path *plain;  /* plain_path_choose(rules, notes_boundaries) */
    struct decode_as_list decode_as; /* the user's rules */
    bool keeps_ids;                  /* to drop copies; plain is plain_path_none() then */
    /* enum key_parts beside the tuple; plain is plain_path_none() unless 0; 0 under RULES_4_0 */
    unsigned key_parts;
    struct spare_lists *spare; /* for lists without memory; NULL: none */

    /* set by the caller for each lane: lists[family * shards + shard] */
    struct segment_list *lists;
    struct decode_counts *counts;
    struct fragment_list *fragments;   /* NULL: they are not reassembled */
    struct packet_id_list *packet_ids; /* only where keeps_ids is set */
    struct boundary_list *boundaries;  /* where notes_boundaries; NULL: not in this lane */
    struct ftp_list *ftp;              /* segments of control connections, under RULES_4_0; NULL: not noted */

    /* set by settling while it decodes what was noted */
    struct l2tp_table *l2tp; /* NULL: messages that need it are noted */
    struct bluetooth_table *bluetooth;

    /* of the frame being decoded */
    const struct frame *frame;
    struct ip_addresses ip;
    uint32_t position;
    uint16_t vlan;      /* id of the outermost 802.1Q tag that has one, or 0 */
    uint32_t network;   /* VNI + 1 of the last VXLAN or Geneve header, or 0 */
    uint32_t udp_ports; /* of the innermost UDP header: source << 16 | destination */
    uint32_t link_type; /* of what decode_link() was last called for, if not Ethernet */
    uint8_t depth;
    uint8_t bits;       /* SEGMENT_QUOTED where it applies */
    bool unfinished;    /* inside a fragment that is not reassembled: no segment length is known */
    bool short_payload; /* the innermost IPv6 header claims more than there is */
    bool failed;        /* memory was short; stays set */
    enum outcome outcome;
    enum subject subject;
    uint32_t value;
    const struct frame *fragments_frame; /* the last frame with fragments */
    size_t fragments_first;              /* where in the list its fragments begin */

    struct ipcomp_memory *ipcomp; /* the decoder's own, freed by decoder_free(); NULL at first */
};

/* Frees the decoder's own memory, after its last frame. */
void decoder_free(struct decoder *d);

/* Decodes one frame, the index-th of its lane: adds its segments to the lists, and counts it. */
void decode_frame(struct decoder *d, const struct frame *frame, uint32_t index);

/* Decodes a datagram that fragment f has completed, in its frame: adds its segments to the lists, numbered
 * from d->position on, which must be in that frame; counts segments, but not the frame, whose outcome it
 * returns. */
enum outcome decode_datagram(struct decoder *d, const struct fragment *f, const uint8_t *bytes,
                             uint32_t length);

/* A way to decode several frames: a fast path for plain frames (plain.h), and decode_frame() for the others.
 * The results are the same on all paths. */
struct plain_path {
    const char *name; /* for people */
    void (*frames)(struct decoder *, const struct frame *, unsigned n, uint32_t index);
    enum run_version runs; /* the version of run_decoder functions that goes with it */
};

/* The best path of this processor, for decoder.plain. */
const struct plain_path *plain_path_choose(enum rules rules, bool notes_boundaries);
/* No fast path: decode_frame() decodes all frames. */
const struct plain_path *plain_path_none(void);
/* The path that runs on any processor. */
const struct plain_path *plain_path_portable(enum rules rules);

/* Decodes n frames, the first of which is the index-th of its lane. */
ALWAYS_INLINE void decode_frames(struct decoder *d, const struct frame *frames, unsigned n, uint32_t index)
{
    d->plain->frames(d, frames, n, index);
}
/* The same for the frames of a run: see struct run_decoder. */
ALWAYS_INLINE uint32_t decode_run(struct decoder *d, struct record_run *run, uint32_t index)
{
    return run->decoder->version[d->plain->runs].decode(d, run, index);
}
ALWAYS_INLINE void decode_records(struct decoder *d, const struct record_run *run,
                                  const uint8_t *const *records, unsigned n, uint32_t index)
{
    run->decoder->version[d->plain->runs].decode_records(d, run, records, n, index);
}

/* For protocols: notes why the frame is not decoded further. The first reason counts. */
void decoder_stop(struct decoder *d, enum outcome outcome, enum subject subject, uint32_t value);
/* Notes a fragment, l, for settling. The caller has set in f what belongs to the fragment alone, and the key
 * without the part of struct realm. It must stop the frame, too, which counts as unsupported until settling
 * has joined it. */
void decoder_note(struct decoder *d, struct fragment *f, struct layer l);
/* Sets struct realm's part of a key. */
void decoder_set_realm(const struct decoder *d, struct fragment_key *key);
void decoder_stop_at_fragment(struct decoder *d, enum fragment_kind kind);
/* The subject that a frame with such a fragment counts as, and its *value. */
enum subject fragment_subject(enum fragment_kind kind, uint32_t *value);
/* Are n bytes there? If not, the frame is malformed if the claimed length is too short, else truncated. */
ALWAYS_INLINE bool decoder_need(struct decoder *d, const struct layer *l, uint32_t n, enum subject subject)
{
    if (likely(l->captured >= n))
        return true;
    decoder_stop(d, l->length < n ? OUTCOME_MALFORMED : OUTCOME_TRUNCATED, subject, 0);
    return false;
}
/* The state that outer headers leave for inner ones. Where a frame holds several frames side by side, none is
 * inside of the one before: save this before the first one, and restore it before each. */
struct surroundings {
    uint32_t network;
    uint16_t vlan;
    uint8_t depth;
};
ALWAYS_INLINE struct surroundings decoder_surroundings(const struct decoder *d)
{
    return (struct surroundings){d->network, d->vlan, d->depth};
}
ALWAYS_INLINE void decoder_go_back(struct decoder *d, struct surroundings to)
{
    d->network = to.network;
    d->vlan = to.vlan;
    d->depth = to.depth;
}

/* False, with a note, when headers are nested too deep. Every protocol that can occur inside itself calls
 * this. */
ALWAYS_INLINE bool decoder_enter(struct decoder *d)
{
    if (likely(d->depth++ < DECODE_DEPTH))
        return true;
    decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_DEPTH, DECODE_DEPTH);
    return false;
}

#endif
