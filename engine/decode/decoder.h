/* Frames to segments. Every protocol is a function that takes the decoder and the layer, and goes on with the
 * next protocol itself (protocols.h); they are in link/, ip/ and tunnel/, one a file.
 *
 * How a frame ends decides where it is counted: one that gave a segment counts as with TCP; else the first
 * reason that stopped a decoder counts (decoder_stop), and where none did, the frame simply has no TCP. */
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

/* No more than this many headers in one frame: no real stack is as deep, and a crafted one shall not eat the
 * stack. */
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
    struct decode_as_list decode_as; /* what the user says of numbers */
    bool keeps_ids;                  /* for who looks for copies; then plain is plain_path_none() */
    /* enum key_parts that segments have beside the tuple, and then plain is plain_path_none(); not under RULES_4_0 */
    unsigned key_parts;
    struct spare_lists *spare; /* for lists without memory; NULL: none */

    /* set by the caller for each lane: lists[family * shards + shard] */
    struct segment_list *lists;
    struct decode_counts *counts;
    struct fragment_list *fragments;   /* NULL: they are not to be put together */
    struct packet_id_list *packet_ids; /* only where keeps_ids is set */
    struct boundary_list *boundaries;  /* where notes_boundaries; NULL: not in this lane */
    struct ftp_list *ftp; /* segments of control connections, under RULES_4_0; NULL: nobody asks */

    /* set by settling while it decodes what was noted */
    struct l2tp_table *l2tp; /* NULL: what needs it is noted */

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

/* Frees what the decoder has of its own, after its last frame. */
void decoder_free(struct decoder *d);

/* Decodes one frame, the index-th of its lane: adds its segments to the lists, and counts it. */
void decode_frame(struct decoder *d, const struct frame *frame, uint32_t index);

/* Decodes a datagram that fragment f has completed, in its frame: adds its segments to the lists, numbered
 * from d->position on, which must be in that frame; counts segments, but not the frame, whose outcome it
 * returns. */
enum outcome decode_datagram(struct decoder *d, const struct fragment *f, const uint8_t *bytes,
                             uint32_t length);

/* How frames are decoded that come several at a time: a fast path for plain frames (plain.h), decode_frame()
 * for the others. Whichever path is taken, the results are the same. */
struct plain_path {
    const char *name; /* for people */
    void (*frames)(struct decoder *, const struct frame *, unsigned n, uint32_t index);
    enum run_version runs; /* the version of run_decoder functions that goes with it */
};

/* The best path of this processor, for decoder.plain. */
const struct plain_path *plain_path_choose(enum rules rules, bool notes_boundaries);
/* No fast path: decode_frame() for all frames. */
const struct plain_path *plain_path_none(void);
/* The path that runs on any processor. */
const struct plain_path *plain_path_portable(enum rules rules);

/* Decodes n frames, the first of which is the index-th of its lane. */
ALWAYS_INLINE void decode_frames(struct decoder *d, const struct frame *frames, unsigned n, uint32_t index)
{
    d->plain->frames(d, frames, n, index);
}
/* The frames of a run, likewise: see struct run_decoder. */
ALWAYS_INLINE uint32_t decode_run(struct decoder *d, struct record_run *run, uint32_t index)
{
    return run->decoder->version[d->plain->runs].decode(d, run, index);
}
ALWAYS_INLINE void decode_records(struct decoder *d, struct record_run *run, const uint8_t *const *records,
                                  unsigned n, uint32_t index)
{
    run->decoder->version[d->plain->runs].decode_records(d, run, records, n, index);
}

/* For protocols. The first reason wins. */
void decoder_stop(struct decoder *d, enum outcome outcome, enum subject subject, uint32_t value);
/* Notes a fragment, l, for settling. Of f, what belongs to the fragment alone is set, and the key but for struct realm's
 * part of it. The frame has to be stopped, too: it counts as unsupported until settling knows more. */
void decoder_note(struct decoder *d, struct fragment *f, struct layer l);
/* Sets struct realm's part of a key. */
void decoder_set_realm(const struct decoder *d, struct fragment_key *key);
void decoder_stop_at_fragment(struct decoder *d, enum fragment_kind kind);
/* What such a frame counts as: the subject, and *value. */
enum subject fragment_subject(enum fragment_kind kind, uint32_t *value);
/* True when n bytes are there. Else the frame is malformed (the claimed length is too short for the header)
 * or truncated (the capture is). */
ALWAYS_INLINE bool decoder_need(struct decoder *d, const struct layer *l, uint32_t n, enum subject subject)
{
    if (likely(l->captured >= n))
        return true;
    decoder_stop(d, l->length < n ? OUTCOME_MALFORMED : OUTCOME_TRUNCATED, subject, 0);
    return false;
}
/* What the headers before a place say of all that stands there. Of several frames that stand side by side in one,
 * none is inside of the one before: whoever decodes them takes this before the first, and goes back to it for each. */
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

/* False, with a note, when headers are nested too deep. Every decoder that another one can lead back to asks.
 */
ALWAYS_INLINE bool decoder_enter(struct decoder *d)
{
    if (likely(d->depth++ < DECODE_DEPTH))
        return true;
    decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_DEPTH, DECODE_DEPTH);
    return false;
}

#endif
