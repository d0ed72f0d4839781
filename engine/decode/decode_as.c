/* Numbers that the user says the meaning of: a table of protocols by Wireshark's names. A layer type takes those
 * that tshark's -d takes there. */
#include "engine/decode/decode_as.h"
#include "engine/decode/protocols.h"

enum {
    UDP = 1 << DECODE_AS_UDP_PORT,
    ETHER = 1 << DECODE_AS_ETHERTYPE,
    IP = 1 << DECODE_AS_IP_PROTO,
    LABEL = 1 << DECODE_AS_MPLS_LABEL,
    LINK = 1 << DECODE_AS_USER_LINK,
};

const struct decode_as_numbers decode_as_numbers[DECODE_AS_TYPES] = {
    [DECODE_AS_UDP_PORT] = {"udp.port", 0, UINT16_MAX}, [DECODE_AS_ETHERTYPE] = {"ethertype", 0, UINT16_MAX},
    [DECODE_AS_IP_PROTO] = {"ip.proto", 0, UINT8_MAX},  [DECODE_AS_MPLS_LABEL] = {"mpls.label", 0, 0xfffff},
    [DECODE_AS_USER_LINK] = {"wtap_encap", 45, 60}, /* USER0 to USER15 */
};

static bool decode_gtp_message(struct decoder *d, struct layer l)
{
    if (layer_u8(&l, 1) == 0) /* no message has this number */
        return false;
    decode_gtp(d, l);
    return true;
}

/* Decodes nothing. */
static void decode_data(struct decoder *d, struct layer l)
{
    (void)d;
    (void)l;
}

static void decode_esp(struct decoder *d, struct layer l)
{
    (void)l;
    decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_IP_PROTOCOL, 50);
}

static void decode_etag(struct decoder *d, struct layer l)
{
    decode_tag(d, 8, l);
}

static void decode_hsr(struct decoder *d, struct layer l)
{
    decode_tag(d, 6, l);
}

static void decode_8021ad(struct decoder *d, struct layer l)
{
    decode_tag(d, 4, l);
}

static void decode_8021ah(struct decoder *d, struct layer l)
{
    decode_tag(d, 18, l);
}

/* An Ethernet pseudowire with a control word, unless the first four bits are those of IP or of the associated
 * channel (RFC 4385, 3 and 5). */
static void decode_controlled(struct decoder *d, struct layer l)
{
    switch (layer_u8(&l, 0) >> 4) {
    case 1:
        return;
    case 4:
    case 6:
        decode_ip_any(d, l);
        return;
    default:
        decode_ethernet(d, layer_after(l, 4));
    }
}

static const struct {
    const char *name;
    unsigned types; /* bit i: of layer type i */
    void (*decode)(struct decoder *, struct layer);
    bool (*decode_if)(struct decoder *, struct layer); /* false: it is something else */
} protocols[DECODE_AS_PROTOCOLS] = {
    {"vxlan", UDP, .decode = decode_vxlan},
    {"geneve", UDP, .decode = decode_geneve},
    {"gtp", UDP, .decode_if = decode_gtp_message},
    {"ip", UDP | ETHER | IP | LINK, .decode = decode_ip_any},
    {"ipv6", UDP | ETHER | IP | LINK, .decode = decode_ipv6},
    {"tcp", IP, .decode = decode_tcp},
    {"udp", IP, .decode = decode_udp},
    {"eth", UDP | ETHER | IP, .decode = decode_ethernet},
    {"eth_withoutfcs", LINK, .decode = decode_ethernet},
    {"gre", UDP | IP, .decode = decode_gre},
    {"mpls", UDP | ETHER | IP | LINK, .decode = decode_mpls},
    {"l2tp", UDP, .decode_if = decode_l2tp},
    {"l2tp", IP, .decode = decode_l2tp_ip},
    {"llc", UDP | ETHER | LINK, .decode = decode_llc},
    {"nsh", ETHER, .decode = decode_nsh},
    {"vlan", ETHER, .decode = decode_vlan},
    {"ieee8021ad", ETHER, .decode = decode_8021ad},
    {"ieee8021ah", ETHER, .decode = decode_8021ah},
    {"etag", ETHER, .decode = decode_etag},
    {"hsr", ETHER, .decode = decode_hsr},
    {"macsec", ETHER, .decode = decode_macsec},
    {"pppoes", ETHER, .decode = decode_pppoe},
    {"vntag", ETHER, .decode = decode_vntag},
    {"trill", ETHER, .decode = decode_trill},
    {"batadv", ETHER, .decode = decode_batman},
    {"wlan", ETHER, .decode = decode_80211},
    {"ppp", LINK, .decode = decode_ppp_protocol},
    {"ppp_hdlc", LINK, .decode = decode_ppp_hdlc},
    {"etherip", IP, .decode = decode_etherip},
    {"ipcomp", IP, .decode = decode_ipcomp},
    {"ah", IP, .decode = decode_ah},
    {"esp", IP, .decode = decode_esp},
    {"dsr", IP, .decode = decode_dsr},
    {"icmp", IP, .decode = decode_icmp},
    {"icmpv6", IP, .decode = decode_icmpv6},
    {"udplite", IP, .decode = decode_udplite},
    {"pwethnocw", LABEL, .decode = decode_ethernet},
    {"pwethcw", LABEL, .decode = decode_controlled},
    {"vxlan_gpe", UDP, .decode = decode_vxlan_gpe},
    {"amt", UDP, .decode = decode_amt},
    {"ayiya", UDP, .decode = decode_ayiya},
    {"bat.gw", UDP, .decode = decode_batman_gateway},
    {"capwap.data", UDP, .decode = decode_capwap},
    {"gtpprime", UDP, .decode_if = decode_gtp_message},
    {"jmirror", UDP, .decode_if = decode_jmirror},
    {"lisp-data", UDP, .decode = decode_lisp},
    {"lwapp", UDP, .decode = decode_lwapp},
    {"sflow", UDP, .decode_if = decode_sflow},
    {"teredo", UDP, .decode = decode_teredo},
    {"tzsp", UDP, .decode = decode_tzsp},
    {"udpencap", UDP, .decode = decode_esp},
    {"data", UDP | ETHER | IP | LABEL | LINK, .decode = decode_data},
};

const char *decode_as_name(enum decode_as_type type, unsigned protocol)
{
    return protocols[protocol].types >> type & 1 ? protocols[protocol].name : NULL;
}

struct decode_as_list decode_as_list_of(const struct decode_as *items, uint32_t count)
{
    struct decode_as_list list = {.items = items, .count = count};
    for (uint32_t i = 0; i < count; i++)
        list.types |= 1u << items[i].type;
    return list;
}

const struct decode_as *decode_as_find(const struct decode_as_list *list, enum decode_as_type type,
                                       uint32_t number)
{
    if (!(list->types >> type & 1))
        return NULL;
    for (uint32_t i = list->count; i--;) {
        const struct decode_as *as = &list->items[i];
        if (as->type == type && as->first <= number && number <= as->last)
            return as;
    }
    return NULL;
}

bool decode_as_changes_plain(const struct decode_as_list *list)
{
    enum { ETHER_IPV4 = 0x0800, PROTOCOL_TCP = 6 };
    return decode_as_find(list, DECODE_AS_ETHERTYPE, ETHER_IPV4) ||
           decode_as_find(list, DECODE_AS_IP_PROTO, PROTOCOL_TCP);
}

bool decode_as(struct decoder *d, const struct decode_as *as, struct layer l)
{
    if (protocols[as->protocol].decode_if)
        return protocols[as->protocol].decode_if(d, l);
    protocols[as->protocol].decode(d, l);
    return true;
}

bool decode_as_number(struct decoder *d, enum decode_as_type type, uint32_t number, struct layer l)
{
    const struct decode_as *as = decode_as_find(&d->decode_as, type, number);
    if (as)
        decode_as(d, as, l);
    return as != NULL;
}
