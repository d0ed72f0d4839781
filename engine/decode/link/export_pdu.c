/* Upper protocol data exported by Wireshark (LINKTYPE_WIRESHARK_UPPER_PDU).
 *
 *     | tag 2 | length 2 | value ... |, until tag 0; then the data
 *
 * A tag says what the data is: a dissector by Wireshark's name, or a table of dissectors, whose number is in
 * another tag. If both are there, the later one counts. Addresses are given where the data begins above IP.
 */
#include "engine/decode/protocols.h"

enum {
    TAG_END = 0,
    TAG_DISSECTOR = 12,
    TAG_TABLE = 14,
    TAG_IPV4_SOURCE = 20,
    TAG_IPV4_DESTINATION = 21,
    TAG_IPV6_SOURCE = 22,
    TAG_IPV6_DESTINATION = 23,
    TAG_TABLE_NUMBER = 32,
};

static const struct {
    const char *name;
    void (*decode)(struct decoder *d, struct layer l);
} dissectors[] = {
    {"ip", decode_ipv4},
    {"ipv6", decode_ipv6},
    {"eth_maybefcs", decode_ethernet},
    {"eth_withoutfcs", decode_ethernet},
    {"eth_withfcs", decode_ethernet},
    {"sll_v2", decode_cooked2},
    {"raw_ip", decode_raw},
    {"ppp", decode_ppp_protocol},
    {"ppp_hdlc", decode_ppp_hdlc},
    {"chdlc", decode_chdlc},
    {"fr", decode_frame_relay},
    {"llc", decode_llc},
    {"null", decode_null},
    {"vlan", decode_vlan},
    {"mpls", decode_mpls},
    {"gre", decode_gre},
    {"pppoes", decode_pppoe},
    {"wlan", decode_80211},
    {"wlan_withoutfcs", decode_80211},
    {"radiotap", decode_radiotap},
};

static bool is_text(const struct layer *text, const char *word)
{
    uint32_t n = (uint32_t)strlen(word);
    if (text->captured < n || memcmp(text->at, word, n) != 0)
        return false;
    for (uint32_t i = n; i < text->captured; i++) /* padded with zeros */
        if (text->at[i])
            return false;
    return true;
}

static void decode_by_name(struct decoder *d, const struct layer *name, bool has_addresses, struct layer l)
{
    if (has_addresses && is_text(name, "tcp"))
        decode_tcp(d, l);
    for (size_t i = 0; i < ARRAY_LEN(dissectors); i++)
        if (is_text(name, dissectors[i].name)) {
            dissectors[i].decode(d, l);
            return;
        }
}

static void decode_by_table(struct decoder *d, const struct layer *table, uint32_t number, bool has_addresses,
                            struct layer l)
{
    if (is_text(table, "ethertype"))
        decode_ether_type(d, number, l);
    else if (has_addresses && is_text(table, "ip.proto"))
        decode_ip_protocol(d, number, l);
}

void decode_export_pdu(struct decoder *d, struct layer l)
{
    struct layer what = {.at = l.at}; /* the last name, of a dissector or a table */
    bool is_table = false;
    uint32_t number = 0, source_size = 0, destination_size = 0;
    if (!decoder_enter(d))
        return;
    d->ip = (struct ip_addresses){.id = -1};
    for (;;) {
        if (!decoder_need(d, &l, 4, SUBJECT_EXPORT_PDU))
            return;
        unsigned tag = layer_u16(&l, 0), size = layer_u16(&l, 2);
        l = layer_after(l, 4);
        struct layer value = layer_first(l, size);
        switch (tag) {
        case TAG_DISSECTOR:
        case TAG_TABLE:
            what = value;
            is_table = tag == TAG_TABLE;
            break;
        case TAG_TABLE_NUMBER:
            number = layer_u32(&value, 0);
            break;
        case TAG_IPV4_SOURCE:
        case TAG_IPV6_SOURCE:
            source_size = tag == TAG_IPV4_SOURCE ? 4 : 16;
            d->ip.source = layer_bytes(&value, 0, source_size);
            break;
        case TAG_IPV4_DESTINATION:
        case TAG_IPV6_DESTINATION:
            destination_size = tag == TAG_IPV4_DESTINATION ? 4 : 16;
            d->ip.destination = layer_bytes(&value, 0, destination_size);
            break;
        }
        l = layer_after(l, size);
        if (tag == TAG_END)
            break;
    }
    const bool has_addresses = d->ip.source && d->ip.destination && source_size == destination_size;
    d->ip.family = source_size == 4 ? FAMILY_IPV4 : FAMILY_IPV6;
    if (is_table)
        decode_by_table(d, &what, number, has_addresses, l);
    else
        decode_by_name(d, &what, has_addresses, l);
}
