#include "engine/decode/decoder.h"

#include <stdlib.h>

int notes_add(struct notes *notes, enum outcome outcome, enum subject subject, uint32_t value,
              uint64_t frames)
{
    for (uint32_t i = 0; i < notes->count; i++) {
        struct note *n = &notes->items[i];
        if (n->value == value && n->subject == subject && n->outcome == outcome) {
            n->frames += frames;
            return 0;
        }
    }
    if (notes->count == notes->capacity) {
        uint32_t capacity = notes->capacity ? notes->capacity * 2 : 8;
        struct note *items = realloc(notes->items, capacity * sizeof *items);
        if (!items)
            return -1;
        notes->items = items;
        notes->capacity = capacity;
    }
    notes->items[notes->count++] = (struct note){
        .outcome = (uint8_t)outcome, .subject = (uint8_t)subject, .value = value, .frames = frames};
    return 0;
}

void notes_take(struct notes *notes, enum outcome outcome, enum subject subject, uint32_t value,
                uint64_t frames)
{
    for (uint32_t i = 0; i < notes->count; i++) {
        struct note *n = &notes->items[i];
        if (n->value != value || n->subject != subject || n->outcome != outcome)
            continue;
        n->frames -= frames;
        if (!n->frames)
            *n = notes->items[--notes->count];
        return;
    }
}

void decode_counts_clear(struct decode_counts *counts)
{
    struct notes keep = {.items = counts->notes.items, .capacity = counts->notes.capacity};
    *counts = (struct decode_counts){.notes = keep};
}

int decode_counts_move(struct decode_counts *into, struct decode_counts *from)
{
    int result = 0;
    for (int i = 0; i < OUTCOMES; i++)
        into->frames[i] += from->frames[i];
    into->segments += from->segments;
    into->segments_truncated += from->segments_truncated;
    into->wire_bytes += from->wire_bytes;
    into->captured_bytes += from->captured_bytes;
    for (uint32_t i = 0; i < from->notes.count; i++) {
        const struct note *n = &from->notes.items[i];
        result |= notes_add(&into->notes, n->outcome, n->subject, n->value, n->frames);
    }
    decode_counts_clear(from);
    return result;
}

void decode_counts_free(struct decode_counts *counts)
{
    free(counts->notes.items);
    counts->notes = (struct notes){0};
}

const char *outcome_name(enum outcome outcome)
{
    static const char *const names[OUTCOMES] = {
        [OUTCOME_WITHOUT_TCP] = "without TCP", [OUTCOME_WITH_TCP] = "with TCP",
        [OUTCOME_TRUNCATED] = "truncated",     [OUTCOME_MALFORMED] = "malformed",
        [OUTCOME_UNSUPPORTED] = "unsupported", [OUTCOME_IGNORED] = "ignored",
    };
    return names[outcome];
}

const char *subject_name(enum subject subject)
{
    static const char *const names[SUBJECTS] = {
        [SUBJECT_NONE] = "frame",
        [SUBJECT_ETHERNET] = "Ethernet",
        [SUBJECT_VLAN] = "VLAN",
        [SUBJECT_LLC] = "LLC",
        [SUBJECT_IPV4] = "IPv4",
        [SUBJECT_IPV6] = "IPv6",
        [SUBJECT_AH] = "AH",
        [SUBJECT_AYIYA] = "AYIYA",
        [SUBJECT_BATMAN] = "B.A.T.M.A.N.",
        [SUBJECT_CAPWAP] = "CAPWAP",
        [SUBJECT_ERSPAN] = "ERSPAN",
        [SUBJECT_ETHERIP] = "EtherIP",
        [SUBJECT_GENEVE] = "Geneve",
        [SUBJECT_GRE] = "GRE",
        [SUBJECT_GTP] = "GTP",
        [SUBJECT_ICMP] = "ICMP",
        [SUBJECT_IPCOMP] = "IPComp",
        [SUBJECT_L2TP] = "L2TP",
        [SUBJECT_LISP] = "LISP",
        [SUBJECT_MACSEC] = "MACsec",
        [SUBJECT_NSH] = "NSH",
        [SUBJECT_PPPOE] = "PPPoE",
        [SUBJECT_SFLOW] = "sFlow",
        [SUBJECT_TAG] = "tag",
        [SUBJECT_TEREDO] = "Teredo",
        [SUBJECT_TRILL] = "TRILL",
        [SUBJECT_TZSP] = "TZSP",
        [SUBJECT_UDP] = "UDP",
        [SUBJECT_VXLAN] = "VXLAN",
        [SUBJECT_TCP] = "TCP",
        [SUBJECT_PPP] = "PPP",
        [SUBJECT_MPLS] = "MPLS",
        [SUBJECT_NULL] = "BSD loopback",
        [SUBJECT_HDLC] = "HDLC",
        [SUBJECT_COOKED] = "Linux cooked capture",
        [SUBJECT_FDDI] = "FDDI",
        [SUBJECT_TOKEN_RING] = "Token Ring",
        [SUBJECT_ARCNET] = "ARCNET",
        [SUBJECT_IPOIB] = "IP over InfiniBand",
        [SUBJECT_IPFC] = "IP over Fibre Channel",
        [SUBJECT_NFLOG] = "NFLOG",
        [SUBJECT_PKTAP] = "pktap",
        [SUBJECT_IEEE1394] = "IEEE 1394",
        [SUBJECT_ENC] = "enc",
        [SUBJECT_PFLOG] = "pflog",
        [SUBJECT_SYMANTEC] = "Symantec firewall",
        [SUBJECT_IPNET] = "ipnet",
        [SUBJECT_AX25] = "AX.25",
        [SUBJECT_80211] = "802.11",
        [SUBJECT_RADIOTAP] = "radiotap",
        [SUBJECT_PRISM] = "Prism",
        [SUBJECT_AVS] = "AVS",
        [SUBJECT_PPI] = "PPI",
        [SUBJECT_FRAME_RELAY] = "Frame Relay",
        [SUBJECT_ATM] = "ATM",
        [SUBJECT_DOCSIS] = "DOCSIS",
        [SUBJECT_ERF] = "ERF",
        [SUBJECT_EXPORT_PDU] = "exported PDU",
        [SUBJECT_JUNIPER] = "Juniper",
        [SUBJECT_80211_ENCRYPTED] = "encrypted 802.11",
        [SUBJECT_80211_FRAGMENT] = "802.11 fragment",
        [SUBJECT_LINK_TYPE] = "link type",
        [SUBJECT_ETHER_TYPE] = "ether type",
        [SUBJECT_SNAP_OUI] = "SNAP OUI",
        [SUBJECT_IP_VERSION] = "IP version",
        [SUBJECT_IP_PROTOCOL] = "IP protocol",
        [SUBJECT_PPP_PROTOCOL] = "PPP protocol",
        [SUBJECT_GRE_PROTOCOL] = "GRE protocol",
        [SUBJECT_NEXT_PROTOCOL] = "NSH or VXLAN-GPE next protocol",
        [SUBJECT_FRAGMENT] = "IP fragment",
        [SUBJECT_FRAGMENT_DROPPED] = "IP fragment, given up",
        [SUBJECT_DEPTH] = "encapsulation depth",
    };
    return names[subject];
}

void decoder_stop(struct decoder *d, enum outcome outcome, enum subject subject, uint32_t value)
{
    if (d->outcome != OUTCOME_WITHOUT_TCP)
        return;
    d->outcome = outcome;
    d->subject = subject;
    d->value = value;
}

/* The frame's fragments learn how it ended. */
static void close_fragments(struct decoder *d, bool counted)
{
    if (d->fragments_frame != d->frame)
        return;
    for (size_t at = d->fragments_first; at < d->fragments->used;) {
        struct fragment *f = (struct fragment *)(void *)(d->fragments->bytes + at);
        f->position = d->position;
        f->counted = counted;
        counted = false; /* a frame counts once */
        at += fragment_size(f);
    }
    d->fragments_frame = NULL;
}

void decode_frame(struct decoder *d, const struct frame *frame, uint32_t index)
{
    d->frame = frame;
    d->position = index << 8;
    d->depth = 0;
    d->bits = 0;
    d->unfinished = false;
    d->vlan = 0;
    d->outcome = OUTCOME_WITHOUT_TCP;

    /* Some writers put less on the wire than they captured; the captured bytes are there all the same. */
    uint32_t length = MAX(frame->length, frame->captured);
    struct layer l = {.at = frame->data, .captured = frame->captured, .length = length};
    if (unlikely(frame->fcs)) {
        l.length -= MIN(l.length, frame->fcs);
        l.captured = MIN(l.captured, l.length);
    }
    decode_link(d, frame->link_type, l);

    struct decode_counts *c = d->counts;
    uint32_t segments = d->position & 0xff;
    enum outcome outcome = segments ? OUTCOME_WITH_TCP : d->outcome;
    c->frames[outcome]++;
    c->segments += segments;
    c->wire_bytes += frame->length;
    c->captured_bytes += frame->captured;
    if (unlikely(d->outcome != OUTCOME_WITHOUT_TCP)) {
        close_fragments(d, outcome == OUTCOME_UNSUPPORTED && d->subject == SUBJECT_FRAGMENT);
        if (outcome >= OUTCOME_TRUNCATED && notes_add(&c->notes, outcome, d->subject, d->value, 1))
            d->failed = true;
    }
}

enum outcome decode_datagram(struct decoder *d, const struct fragment *f, const uint8_t *bytes,
                             uint32_t length)
{
    uint32_t first = d->position;
    d->frame = &f->frame;
    d->depth = f->depth;
    d->bits = f->bits;
    d->unfinished = false;
    d->vlan = f->vlan;
    d->outcome = OUTCOME_WITHOUT_TCP;
    d->ip = (struct ip_addresses){(enum family)f->key.family, f->key.source, f->key.destination};

    struct layer l = {.at = bytes, .captured = length, .length = length};
    if (f->key.family == FAMILY_IPV4)
        decode_ip_protocol(d, f->next, l);
    else
        decode_ipv6_next(d, f->next, l);
    d->counts->segments += d->position - first;
    enum outcome outcome = d->position != first ? OUTCOME_WITH_TCP : d->outcome;
    close_fragments(d, f->counted && outcome == OUTCOME_UNSUPPORTED && d->subject == SUBJECT_FRAGMENT);
    return outcome;
}
