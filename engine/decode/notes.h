/* Counts of decoded frames: their outcomes, and the reasons for them. */
#ifndef TCPREUSE_NOTES_H
#define TCPREUSE_NOTES_H

#include "engine/time_order.h"

#include <stdint.h>

enum outcome {
    OUTCOME_WITHOUT_TCP,
    OUTCOME_WITH_TCP,
    OUTCOME_TRUNCATED,   /* the capture holds less than a header needs */
    OUTCOME_MALFORMED,   /* a header contradicts itself or what is around it */
    OUTCOME_UNSUPPORTED, /* has something that this program does not decode */
    OUTCOME_IGNORED,     /* at the user's request */
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
    SUBJECT_ETHERCAT,
    SUBJECT_ETHERIP,
    SUBJECT_GENEVE,
    SUBJECT_GRE,
    SUBJECT_GTP,
    SUBJECT_ICMP,
    SUBJECT_IPCOMP,
    SUBJECT_L2TP,
    SUBJECT_LISP,
    SUBJECT_LWAPP,
    SUBJECT_MACSEC,
    SUBJECT_NSH,
    SUBJECT_PPPOE,
    SUBJECT_SFLOW,
    SUBJECT_TAG,
    SUBJECT_TECMP,
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
    SUBJECT_NETLINK,
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
    SUBJECT_WPAN,
    SUBJECT_LOWPAN,
    SUBJECT_80211_ENCRYPTED,
    SUBJECT_WPAN_ENCRYPTED,
    SUBJECT_LOWPAN_FRAGMENT,
    SUBJECT_BLUETOOTH, /* a part of a message, the rest of which is not in the capture */
    SUBJECT_80211_FRAGMENT,
    SUBJECT_LINK_TYPE,
    SUBJECT_ETHER_TYPE,
    SUBJECT_SNAP_OUI,
    SUBJECT_IP_VERSION,
    SUBJECT_IP_PROTOCOL,
    SUBJECT_UDP_PORT,
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
    /* Of all frames, whatever became of them. Counted by whoever walks them: decode_frames() does not. */
    struct time_order order;
};

/* So many more frames with this reason. 0, or -1 when memory is short. */
int notes_add(struct notes *notes, enum outcome outcome, enum subject subject, uint32_t value,
              uint64_t frames);
/* So many fewer; they must have been added. A note of no frames vanishes. */
void notes_take(struct notes *notes, enum outcome outcome, enum subject subject, uint32_t value,
                uint64_t frames);
/* Adds from to into, and empties from (its memory is kept). 0 or -1. */
int decode_counts_move(struct decode_counts *into, struct decode_counts *from);
void decode_counts_clear(struct decode_counts *counts);
void decode_counts_free(struct decode_counts *counts);
/* "truncated", "unsupported", ... and "ether type", "IPv4", ... */
const char *outcome_name(enum outcome outcome);
const char *subject_name(enum subject subject);

#endif
