/* UDP ports that the user says the contents of: a table of tunnels by Wireshark's names. */
#include "engine/decode/decode_as.h"
#include "engine/decode/protocols.h"

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

static void decode_udpencap(struct decoder *d, struct layer l)
{
    (void)l;
    decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_IP_PROTOCOL, 50);
}

const char *const decode_as_names[DECODE_AS_NAMES] = {
    "vxlan", "geneve",  "gtp",       "gre",         "l2tp",  "mpls",  "teredo",   "vxlan_gpe",
    "amt",   "ayiya",   "bat.gw",    "capwap.data", "data",  "eth",   "gtpprime", "ip",
    "ipv6",  "jmirror", "lisp-data", "llc",         "lwapp", "sflow", "tzsp",     "udpencap",
};

/* In the order of the names. */
static const struct {
    void (*decode)(struct decoder *, struct layer);
    bool (*decode_if)(struct decoder *, struct layer); /* false: it is something else */
} protocols[DECODE_AS_NAMES] = {
    {.decode = decode_vxlan},
    {.decode = decode_geneve},
    {.decode_if = decode_gtp_message},
    {.decode = decode_gre},
    {.decode_if = decode_l2tp},
    {.decode = decode_mpls},
    {.decode = decode_teredo},
    {.decode = decode_vxlan_gpe},
    {.decode = decode_amt},
    {.decode = decode_ayiya},
    {.decode = decode_batman_gateway},
    {.decode = decode_capwap},
    {.decode = decode_data},
    {.decode = decode_ethernet},
    {.decode_if = decode_gtp_message},
    {.decode = decode_ip_any},
    {.decode = decode_ipv6},
    {.decode_if = decode_jmirror},
    {.decode = decode_lisp},
    {.decode = decode_llc},
    {.decode = decode_lwapp},
    {.decode_if = decode_sflow},
    {.decode = decode_tzsp},
    {.decode = decode_udpencap},
};

const struct decode_as *decode_as_find(const struct decode_as_list *list, unsigned port)
{
    for (uint32_t i = list->count; i--;)
        if (list->items[i].first <= port && port <= list->items[i].last)
            return &list->items[i];
    return NULL;
}

bool decode_as(struct decoder *d, const struct decode_as *as, struct layer l)
{
    if (protocols[as->protocol].decode_if)
        return protocols[as->protocol].decode_if(d, l);
    protocols[as->protocol].decode(d, l);
    return true;
}
