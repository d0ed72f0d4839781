/* IEEE 802.11 data frames, IEEE 802.11-2020, 9.2 and 9.3.2; fragments, 10.4.
 *
 *     | frame control 2 | duration 2 | address 6 | address 6 | address 6 | sequence control 2 |
 *     | address 6: from one access point to another | QoS control 2 | HT control 4 | LLC ...
 *
 *     frame control, first byte, from bit 7:  | subtype 4 | type 2 | version 2 |
 *                    second byte, from bit 7: | +HTC | protected | more data | power | retry |
 *                                             | more fragments | from DS | to DS |
 *
 * With the A-MSDU bit of QoS control, what follows are subframes, padded to 4 bytes:
 *     | destination 6 | source 6 | length 2 | LLC ...
 */
#include "engine/decode/link/wlan.h"

enum {
    TYPE_DATA = 2,
    SUBTYPE_NO_DATA = 4,
    SUBTYPE_QOS = 8,

    TO_DS = 0x01,
    FROM_DS = 0x02,
    MORE_FRAGMENTS = 0x04,
    PROTECTED = 0x40,
    HT_CONTROL = 0x80,

    QOS_AMSDU = 0x0080,
    LEAST_TYPE = 0x0600,

    MESH_HEADER = 6,
    MESH_EXTENSION_MAX = 2,

    FRAGMENT_NUMBER = 0x000f,
    SEQUENCE_SHIFT = 4,

    WHOLE_AMSDU = 1, /* fragment.next: what the fragments' frame holds */
    WHOLE_MESH = 2,  /* may begin with mesh control */
    FCS = 4,
    EXTENDED_IV = 0x20,
    ICV = 4,
};

/* Some devices bridge Ethernet frames into 802.11 as they are, and some put two zero bytes before LLC. Where
 * it is agreed (5.1.4, ether type protocol discrimination, as of vehicles), the type stands in place of LLC:
 * as in Wireshark, where it is a known one. */
static void decode_payload(struct decoder *d, struct layer l, const uint8_t *destination,
                           const uint8_t *source)
{
    const uint8_t *first = layer_bytes(&l, 0, 12);
    unsigned head = layer_u16(&l, 0);
    if (head != 0xaaaa) {
        if (first && (!memcmp(first + 6, source, 6) || !memcmp(first, destination, 6))) {
            decode_ethernet(d, l);
            return;
        }
        if (head == 0xffff) /* IPX without LLC */
            return;
        if (head == 0)
            l = layer_after(l, 2);
        else if (head >= LEAST_TYPE && ether_type_is_known(head)) {
            decode_ether_type(d, head, layer_after(l, 2));
            return;
        }
    }
    decode_llc(d, l);
}

/* The length of the mesh control field, or 0.
 *     | address extension mode 1 | TTL 1 | sequence number 4 | addresses 6 each, as many as the mode says |
 * Devices of older drafts do not say in QoS control that it is there, so what must follow it, SNAP, tells. */
static uint32_t mesh_header(const struct layer *l)
{
    unsigned extension = layer_u8(l, 0);
    uint32_t size = MESH_HEADER + 6 * extension;
    return extension <= MESH_EXTENSION_MAX && layer_u32(l, size) >> 8 == 0xaaaa03 ? size : 0;
}

static void decode_amsdu(struct decoder *d, struct layer l)
{
    const struct surroundings around = decoder_surroundings(d);
    while (l.captured >= 14) {
        decoder_go_back(d, around);
        uint32_t size = layer_u16(&l, 12);
        decode_llc(d, layer_first(layer_after(l, 14), size));
        l = layer_after(l, (14 + size + 3) & ~3u);
    }
}

/* Of a protected frame: without the IV, which is of 8 bytes if its fourth says so, and the ICV at the end. */
static struct layer without_cipher(struct layer l)
{
    return layer_without_last(layer_after(l, layer_u8(&l, 3) & EXTENDED_IV ? 8 : 4), ICV);
}

static void decode_whole(struct decoder *d, struct layer l, unsigned holds, const uint8_t *destination,
                         const uint8_t *source)
{
    if (holds & WHOLE_AMSDU) {
        decode_amsdu(d, l);
        return;
    }
    if (holds & WHOLE_MESH)
        l = layer_after(l, mesh_header(&l));
    decode_payload(d, l, destination, source);
}

void decode_80211_whole(struct decoder *d, const struct fragment *f, struct layer l)
{
    decode_whole(d, l, f->next, f->key.destination, f->key.source);
}

void decode_80211_frame(struct decoder *d, struct layer l, struct wlan_capture how)
{
    if (how.has_fcs)
        l = layer_first(l, l.length - MIN(l.length, FCS));
    if (!decoder_need(d, &l, 2, SUBJECT_80211) || !decoder_enter(d))
        return;
    unsigned control = layer_u8(&l, how.swapped), flags = layer_u8(&l, !how.swapped);
    unsigned subtype = control >> 4;
    if ((control & 3) != 0 || (control >> 2 & 3) != TYPE_DATA || subtype & SUBTYPE_NO_DATA)
        return;

    uint32_t header = 24;
    bool four = (flags & (TO_DS | FROM_DS)) == (TO_DS | FROM_DS);
    if (four)
        header += 6;
    uint32_t qos_at = header;
    if (subtype & SUBTYPE_QOS)
        header += flags & HT_CONTROL ? 6 : 2;
    if (!decoder_need(d, &l, header, SUBJECT_80211))
        return;
    bool protected = flags & PROTECTED,
         fragmented = layer_le16(&l, 22) & FRAGMENT_NUMBER || flags & MORE_FRAGMENTS;
    if (protected && (!how.plain || fragmented)) {
        decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_80211_ENCRYPTED, subtype);
        return;
    }
    const uint8_t *destination = l.at + (flags & TO_DS ? 16 : 4);
    const uint8_t *source = l.at + (four ? 24 : flags & FROM_DS ? 16 : 10);
    unsigned qos = subtype & SUBTYPE_QOS ? layer_le16(&l, qos_at) : 0, sequence = layer_le16(&l, 22);
    uint8_t holds = (qos & QOS_AMSDU ? WHOLE_AMSDU : 0) | (flags & FROM_DS ? WHOLE_MESH : 0);
    l = layer_after(l, how.padded ? (header + 3) & ~3u : header);
    if (protected)
        l = without_cipher(l);
    if (unlikely(fragmented)) {
        struct fragment f = {.key = {.kind = FRAGMENT_80211, .id = sequence >> SEQUENCE_SHIFT},
                             .offset = sequence & FRAGMENT_NUMBER,
                             .more = flags & MORE_FRAGMENTS,
                             .next = holds};
        memcpy(f.key.destination, destination, 6);
        memcpy(f.key.source, source, 6);
        decoder_stop_at_fragment(d, FRAGMENT_80211);
        if (l.captured && l.captured == l.length)
            decoder_note(d, &f, l);
        if (f.more || l.captured == l.length)
            return;
        /* A last one that is cut Wireshark takes for a whole frame: some devices number so. */
    }
    decode_whole(d, l, holds, destination, source);
}

void decode_80211(struct decoder *d, struct layer l)
{
    decode_80211_frame(d, l, (struct wlan_capture){0});
}

/* Ether type 0x2452: what drivers of Intel's Centrino cards make of frames they received for others. The card
 * has decrypted them, but left all else as it was. */
void decode_centrino(struct decoder *d, struct layer l)
{
    decode_80211_frame(d, l, (struct wlan_capture){.plain = true});
}
