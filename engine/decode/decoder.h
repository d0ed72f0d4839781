/* Frames to segments. Every protocol is a function that takes the decoder and the layer, and goes on with the
 * next protocol itself; protocols stand in decode/, one a file.
 *
 * How a frame ends decides where it is counted: one that gave a segment counts as with TCP; else the first
 * reason that stopped a decoder counts (decoder_stop), and where none did, the frame simply has no TCP. */
#ifndef TCPREUSE_DECODE_H
#define TCPREUSE_DECODE_H

#include "engine/conversations/hash.h"
#include "engine/conversations/segment.h"
#include "engine/decode/fragments.h"
#include "engine/decode/ftp.h"
#include "engine/decode/layer.h"
#include "engine/frame.h"
#include "engine/record_run.h"
#include "engine/rules.h"

enum outcome {
    OUTCOME_WITHOUT_TCP,
    OUTCOME_WITH_TCP,
    OUTCOME_TRUNCATED,   /* the capture holds less than a header needs */
    OUTCOME_MALFORMED,   /* a header contradicts itself or what is around it */
    OUTCOME_UNSUPPORTED, /* something that this program does not look into */
    OUTCOME_IGNORED,     /* the user asked not to look at the frame */
    OUTCOMES
};

/* What a note is about. For truncated and malformed frames: the protocol whose header it is; for unsupported
 * ones: what kind of number the note's value is. */
enum subject {
    SUBJECT_NONE,
    SUBJECT_ETHERNET,
    SUBJECT_VLAN,
    SUBJECT_LLC,
    SUBJECT_IPV4,
    SUBJECT_IPV6,
    SUBJECT_AH,
    SUBJECT_AYIYA,
    SUBJECT_BATMAN,
    SUBJECT_CAPWAP,
    SUBJECT_ERSPAN,
    SUBJECT_ETHERIP,
    SUBJECT_GENEVE,
    SUBJECT_GRE,
    SUBJECT_GTP,
    SUBJECT_ICMP,
    SUBJECT_IPCOMP,
    SUBJECT_L2TP,
    SUBJECT_LISP,
    SUBJECT_MACSEC,
    SUBJECT_NSH,
    SUBJECT_PPPOE,
    SUBJECT_SFLOW,
    SUBJECT_TAG,
    SUBJECT_TEREDO,
    SUBJECT_TRILL,
    SUBJECT_TZSP,
    SUBJECT_UDP,
    SUBJECT_VXLAN,
    SUBJECT_TCP,
    SUBJECT_PPP,
    SUBJECT_MPLS,
    SUBJECT_NULL,
    SUBJECT_HDLC,
    SUBJECT_COOKED,
    SUBJECT_FDDI,
    SUBJECT_TOKEN_RING,
    SUBJECT_ARCNET,
    SUBJECT_IPOIB,
    SUBJECT_IPFC,
    SUBJECT_NFLOG,
    SUBJECT_PKTAP,
    SUBJECT_IEEE1394,
    SUBJECT_ENC,
    SUBJECT_PFLOG,
    SUBJECT_SYMANTEC,
    SUBJECT_IPNET,
    SUBJECT_AX25,
    SUBJECT_80211,
    SUBJECT_RADIOTAP,
    SUBJECT_PRISM,
    SUBJECT_AVS,
    SUBJECT_PPI,
    SUBJECT_FRAME_RELAY,
    SUBJECT_ATM,
    SUBJECT_DOCSIS,
    SUBJECT_ERF,
    SUBJECT_EXPORT_PDU,
    SUBJECT_JUNIPER,
    SUBJECT_80211_ENCRYPTED,
    SUBJECT_80211_FRAGMENT,
    SUBJECT_LINK_TYPE,
    SUBJECT_ETHER_TYPE,
    SUBJECT_SNAP_OUI,
    SUBJECT_IP_VERSION,
    SUBJECT_IP_PROTOCOL,
    SUBJECT_PPP_PROTOCOL,
    SUBJECT_GRE_PROTOCOL,
    SUBJECT_NEXT_PROTOCOL, /* of NSH and VXLAN-GPE */
    SUBJECT_FRAGMENT,      /* the rest of its datagram is not in the capture, or some piece was cut short */
    SUBJECT_FRAGMENT_DROPPED, /* given up, for want of room (fragments.h) */
    SUBJECT_DEPTH,
    SUBJECTS
};

/* How often frames ended for one reason. */
struct note {
    uint8_t outcome; /* enum outcome */
    uint8_t subject; /* enum subject */
    uint32_t value;  /* of unsupported things: the ether type, link type, ... */
    uint64_t frames;
};

struct notes {
    struct note *items;
    uint32_t count;
    uint32_t capacity;
};

/* What is counted while frames are decoded. */
struct decode_counts {
    uint64_t frames[OUTCOMES];
    uint64_t segments;
    uint64_t segments_truncated; /* TCP headers with too few bytes to count */
    uint64_t wire_bytes;
    uint64_t captured_bytes;
    struct notes notes;
};

/* One more frame with this reason. 0, or -1 when memory is short. */
int notes_add(struct notes *notes, enum outcome outcome, enum subject subject, uint32_t value,
              uint64_t frames);
/* So many less; they are there. A note of no frames vanishes. */
void notes_take(struct notes *notes, enum outcome outcome, enum subject subject, uint32_t value,
                uint64_t frames);
/* Adds from to into, and empties from (its memory is kept). 0 or -1. */
int decode_counts_move(struct decode_counts *into, struct decode_counts *from);
void decode_counts_clear(struct decode_counts *counts);
void decode_counts_free(struct decode_counts *counts);
/* "truncated", "unsupported", ... and "ether type", "IPv4", ... */
const char *outcome_name(enum outcome outcome);
const char *subject_name(enum subject subject);

/* No more than this many headers in one frame: no real stack is as deep, and a crafted one shall not eat the
 * stack. */
#define DECODE_DEPTH 64

/* The addresses of the innermost IP header. */
struct ip_addresses {
    enum family family;
    const uint8_t *source, *destination; /* 4 or 16 bytes */
};

struct decoder {
    /* set by the caller once */
    const struct hash_key *key;
    unsigned shards;
    enum rules rules;
    unsigned tcp_header_bytes;      /* rules_header_bytes() */
    const struct plain_path *plain; /* plain_path_choose(rules) */
    struct spare_lists *spare;      /* for lists without memory; NULL: none */

    /* set by the caller for each lane: lists[family * shards + shard] */
    struct segment_list *lists;
    struct decode_counts *counts;
    struct fragment_list *fragments; /* NULL: they are not to be put together */
    struct ftp_list *ftp;            /* segments of control connections, under RULES_4_0; NULL: nobody asks */

    /* of the frame being decoded */
    const struct frame *frame;
    struct ip_addresses ip;
    uint32_t position;
    uint16_t vlan; /* id of the outermost 802.1Q tag that has one, or 0 */
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
};

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
const struct plain_path *plain_path_choose(enum rules rules);
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
/* True when n bytes are there. Else the frame is malformed (the claimed length is too short for the header)
 * or truncated (the capture is). */
ALWAYS_INLINE bool decoder_need(struct decoder *d, const struct layer *l, uint32_t n, enum subject subject)
{
    if (likely(l->captured >= n))
        return true;
    decoder_stop(d, l->length < n ? OUTCOME_MALFORMED : OUTCOME_TRUNCATED, subject, 0);
    return false;
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

/* Dispatch by the numbers of the registries. */
void decode_link(struct decoder *d, unsigned link_type, struct layer l);        /* pcap LINKTYPE_ registry */
void decode_ether_type(struct decoder *d, unsigned ether_type, struct layer l); /* IEEE 802 numbers (IANA) */
void decode_ip_protocol(struct decoder *d, unsigned protocol, struct layer l);  /* IANA protocol numbers */

/* Link layers. */
void decode_null(struct decoder *d, struct layer l);
void decode_loop(struct decoder *d, struct layer l);
void decode_bsd_family(struct decoder *d, uint32_t family, struct layer l);
void decode_raw(struct decoder *d, struct layer l);
void decode_chdlc(struct decoder *d, struct layer l);
/* What follows a protocol number of Cisco HDLC: an ether type, mostly. False when it is none of those known.
 */
bool decode_chdlc_protocol(struct decoder *d, unsigned protocol, struct layer l);
/* PPP with address and control, or without; Cisco HDLC where the address is Cisco's. */
void decode_ppp_hdlc(struct decoder *d, struct layer l);
void decode_ppp_direction(struct decoder *d, struct layer l);
void decode_cooked1(struct decoder *d, struct layer l);
void decode_cooked2(struct decoder *d, struct layer l);
void decode_fddi(struct decoder *d, struct layer l);
void decode_token_ring(struct decoder *d, struct layer l);
void decode_arcnet_bsd(struct decoder *d, struct layer l);
void decode_arcnet_linux(struct decoder *d, struct layer l);
void decode_ipoib(struct decoder *d, struct layer l);
void decode_ipfc(struct decoder *d, struct layer l);
void decode_nflog(struct decoder *d, struct layer l);
void decode_pktap(struct decoder *d, struct layer l);
void decode_ieee1394(struct decoder *d, struct layer l);
void decode_enc(struct decoder *d, struct layer l);
void decode_pflog(struct decoder *d, struct layer l);
void decode_symantec(struct decoder *d, struct layer l);
void decode_ipnet(struct decoder *d, struct layer l);
void decode_ax25(struct decoder *d, struct layer l);
void decode_ax25_kiss(struct decoder *d, struct layer l);
void decode_mpacket(struct decoder *d, struct layer l);
void decode_epon(struct decoder *d, struct layer l);
void decode_ebhscr(struct decoder *d, struct layer l);
/* An 802.11 frame without frame check sequence. */
void decode_80211(struct decoder *d, struct layer l);
void decode_radiotap(struct decoder *d, struct layer l);
void decode_prism(struct decoder *d, struct layer l);
void decode_avs(struct decoder *d, struct layer l);
void decode_ppi(struct decoder *d, struct layer l);
void decode_frame_relay(struct decoder *d, struct layer l);
/* From the NLPID on (RFC 2427). */
void decode_nlpid(struct decoder *d, struct layer l);
void decode_sunatm(struct decoder *d, struct layer l);
void decode_docsis(struct decoder *d, struct layer l);
/* A record of Endace's format, from its header on. */
void decode_erf(struct decoder *d, struct layer l);
void decode_export_pdu(struct decoder *d, struct layer l);
void decode_juniper(struct decoder *d, unsigned link_type, struct layer l);

/* Protocols. */
void decode_ethernet(struct decoder *d, struct layer l);
void decode_vlan(struct decoder *d, struct layer l);
void decode_length_or_type(struct decoder *d, unsigned type, struct layer l);
void decode_llc(struct decoder *d, struct layer l);
void decode_ipv4(struct decoder *d, struct layer l);
void decode_ipv4_of(struct decoder *d, unsigned protocol,
                    struct layer l); /* whatever its protocol field says */
void decode_ipv6(struct decoder *d, struct layer l);
/* IPv4 or IPv6, by the version in the first byte. */
void decode_ip_any(struct decoder *d, struct layer l);
void decode_ipv6_next(struct decoder *d, unsigned next, struct layer l); /* extension headers, and so on */
/* Notes a fragment that is all there, l, of which offset, more, next and key.id are set. */
void decode_fragment(struct decoder *d, struct fragment *f, struct layer l);
void decode_tcp(struct decoder *d, struct layer l);
void decode_mpls(struct decoder *d, struct layer l);
/* An ethernet tag of size bytes, the last two of which are the next type. */
void decode_tag(struct decoder *d, uint32_t size, struct layer l);
bool ether_type_is_known(unsigned ether_type); /* whether or not it carries TCP */
void decode_vntag(struct decoder *d, struct layer l);
void decode_macsec(struct decoder *d, struct layer l);
void decode_trill(struct decoder *d, struct layer l);
void decode_pppoe(struct decoder *d, struct layer l);
void decode_nsh(struct decoder *d, struct layer l);
/* The numbers that NSH and VXLAN-GPE share. */
void decode_next_protocol(struct decoder *d, unsigned next, struct layer l);
void decode_batman(struct decoder *d, struct layer l);
void decode_batman_gateway(struct decoder *d, struct layer l);
void decode_mobile_ip(struct decoder *d, struct layer l);
void decode_amt(struct decoder *d, struct layer l);
bool decode_jmirror(struct decoder *d, struct layer l); /* false: it is something else */
void decode_udplite(struct decoder *d, struct layer l);
void decode_udp(struct decoder *d, struct layer l);
void decode_icmp(struct decoder *d, struct layer l);
void decode_icmpv6(struct decoder *d, struct layer l);
void decode_ah(struct decoder *d, struct layer l);
void decode_ipcomp(struct decoder *d, struct layer l);
void decode_etherip(struct decoder *d, struct layer l);
void decode_gre(struct decoder *d, struct layer l);
/* The type field of GRE, where the flags around it are these. */
void decode_gre_type(struct decoder *d, unsigned flags, unsigned type, struct layer l);
void decode_erspan(struct decoder *d, struct layer l);
bool decode_l2tp(struct decoder *d, struct layer l);    /* over UDP; false: it is something else */
void decode_l2tp_ip(struct decoder *d, struct layer l); /* version 3 over IP */
void decode_vxlan(struct decoder *d, struct layer l);
void decode_vxlan_gpe(struct decoder *d, struct layer l);
void decode_geneve(struct decoder *d, struct layer l);
void decode_gtp(struct decoder *d, struct layer l);
void decode_lisp(struct decoder *d, struct layer l);
void decode_teredo(struct decoder *d, struct layer l);
void decode_ayiya(struct decoder *d, struct layer l);
void decode_capwap(struct decoder *d, struct layer l);
bool decode_sflow(struct decoder *d, struct layer l); /* false: it is something else */
void decode_tzsp(struct decoder *d, struct layer l);
/* Address and control (FF 03) may be there; then the protocol. */
void decode_ppp(struct decoder *d, struct layer l);
void decode_ppp_protocol(struct decoder *d, struct layer l); /* they are not there */
void decode_ppp_framed(struct decoder *d, struct layer l);   /* a stream of bytes */

#endif
