/* Counts of decoded frames, and the names of what they are counted under. */
#include "engine/decode/notes.h"
#include "engine/list.h"

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
    struct note *n = LIST_ADD(notes);
    if (!n)
        return -1;
    *n = (struct note){
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
    time_order_append(&into->order, &from->order);
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

static const char *const outcome_names[OUTCOMES] = {
    [OUTCOME_WITHOUT_TCP] = "without TCP", [OUTCOME_WITH_TCP] = "with TCP",
    [OUTCOME_TRUNCATED] = "truncated",     [OUTCOME_MALFORMED] = "malformed",
    [OUTCOME_UNSUPPORTED] = "unsupported", [OUTCOME_IGNORED] = "ignored",
};

static const char *const subject_names[SUBJECTS] = {
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
    [SUBJECT_ETHERCAT] = "EtherCAT",
    [SUBJECT_ETHERIP] = "EtherIP",
    [SUBJECT_GENEVE] = "Geneve",
    [SUBJECT_GRE] = "GRE",
    [SUBJECT_GTP] = "GTP",
    [SUBJECT_ICMP] = "ICMP",
    [SUBJECT_IPCOMP] = "IPComp",
    [SUBJECT_L2TP] = "L2TP",
    [SUBJECT_LISP] = "LISP",
    [SUBJECT_LWAPP] = "LWAPP",
    [SUBJECT_MACSEC] = "MACsec",
    [SUBJECT_NSH] = "NSH",
    [SUBJECT_PPPOE] = "PPPoE",
    [SUBJECT_SFLOW] = "sFlow",
    [SUBJECT_TAG] = "tag",
    [SUBJECT_TECMP] = "TECMP",
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
    [SUBJECT_NETLINK] = "netlink",
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
    [SUBJECT_WPAN] = "IEEE 802.15.4",
    [SUBJECT_LOWPAN] = "6LoWPAN",
    [SUBJECT_WPAN_ENCRYPTED] = "encrypted IEEE 802.15.4",
    [SUBJECT_BLUETOOTH] = "Bluetooth fragment",
    [SUBJECT_LOWPAN_FRAGMENT] = "6LoWPAN fragment",
    [SUBJECT_80211_ENCRYPTED] = "encrypted 802.11",
    [SUBJECT_80211_FRAGMENT] = "802.11 fragment",
    [SUBJECT_LINK_TYPE] = "link type",
    [SUBJECT_ETHER_TYPE] = "ether type",
    [SUBJECT_SNAP_OUI] = "SNAP OUI",
    [SUBJECT_IP_VERSION] = "IP version",
    [SUBJECT_IP_PROTOCOL] = "IP protocol",
    [SUBJECT_UDP_PORT] = "UDP port",
    [SUBJECT_PPP_PROTOCOL] = "PPP protocol",
    [SUBJECT_GRE_PROTOCOL] = "GRE protocol",
    [SUBJECT_NEXT_PROTOCOL] = "NSH or VXLAN-GPE next protocol",
    [SUBJECT_FRAGMENT] = "IP fragment",
    [SUBJECT_FRAGMENT_DROPPED] = "IP fragment, given up",
    [SUBJECT_DEPTH] = "encapsulation depth",
};

const char *outcome_name(enum outcome outcome)
{
    return outcome_names[outcome];
}

const char *subject_name(enum subject subject)
{
    return subject_names[subject];
}
