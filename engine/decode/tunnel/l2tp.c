/* L2TP: version 2, RFC 2661, 3.1; version 3, RFC 3931, 3.2 and 4.1.
 *
 *    |T|L|x|x|S|x|O|P|x|x|x|x|  Ver  |     Length, if L      |           version 2
 *    |           Tunnel ID           |      Session ID       |
 *    |         Ns, if S              |      Nr, if S         |
 *    |     Offset Size, if O         | pad, as many bytes    |
 *
 *    |T|x|x|x|x|x|x|x|x|x|x|x|  Ver  |       reserved        |           version 3 over UDP: these four bytes first
 *    |                           Session ID                          |   version 3
 *    |     Cookie: any number of bytes   | sublayer: 0 or 4 bytes
 *
 *    |                               0                               |   control messages, over IP only
 *    |T|L|x|x|S|x|x|x|x|x|x|x|  Ver  |            Length             |
 *    |                     Control Connection ID                     |
 *    |         Ns, if S              |         Nr, if S              |
 *    then attributes: |M|H| rsvd |  Length 10 bits  | Vendor ID 2 | Type 2 | value
 *
 * What a session of version 3 carries is said once, when it is set up. So all messages of version 3 are
 * noted, and settling looks at them in the order of the capture (l2tp_sessions.h).
 */
#include "engine/decode/l2tp_sessions.h"
#include "engine/decode/protocols.h"

enum {
    L2TP_CONTROL = 0x8000,
    L2TP_LENGTH = 0x4000,
    L2TP_SEQUENCE = 0x0800,
    L2TP_OFFSET = 0x0200,
    L2TP_VERSION = 0x000f,

    START_TUNNEL = 1, /* SCCRQ */
    OUTGOING_REQUEST = 7,
    OUTGOING_REPLY = 8,
    INCOMING_REQUEST = 10,
    INCOMING_REPLY = 11,

    VENDOR_CISCO = 9,
    HIDDEN = 0x4000,
    ATTRIBUTE_LENGTH = 0x03ff,
    ATTRIBUTE_HEADER = 6,

    WIRE_FRAME_RELAY = 1,
    WIRE_AAL5 = 2,
    WIRE_ETHERNET = 5,
    WIRE_HDLC = 6,
    WIRE_PPP = 7,
    WIRE_IP = 11,

    SUBLAYER_LAST = 3, /* of those that are 4 bytes long */
};

/* What a control message says of a session. */
struct l2tp_control {
    unsigned message;
    uint32_t local, remote; /* 0: nothing */
    unsigned wire;          /* 0: nothing */
    int cookie, sublayer;   /* negative: nothing */
};

/* By number, and by Cisco's of before the RFC. */
enum attribute {
    ATTRIBUTE_OTHER,
    ATTRIBUTE_LOCAL,
    ATTRIBUTE_REMOTE,
    ATTRIBUTE_COOKIE,
    ATTRIBUTE_WIRE,
    ATTRIBUTE_SUBLAYER
};

static enum attribute attribute_of(unsigned vendor, unsigned type)
{
    static const struct {
        uint8_t vendor, type, what;
    } known[] = {
        {0, 63, ATTRIBUTE_LOCAL},
        {0, 64, ATTRIBUTE_REMOTE},
        {0, 65, ATTRIBUTE_COOKIE},
        {0, 68, ATTRIBUTE_WIRE},
        {0, 69, ATTRIBUTE_SUBLAYER},
        {VENDOR_CISCO, 3, ATTRIBUTE_LOCAL},
        {VENDOR_CISCO, 4, ATTRIBUTE_REMOTE},
        {VENDOR_CISCO, 5, ATTRIBUTE_COOKIE},
        {VENDOR_CISCO, 7, ATTRIBUTE_WIRE},
    };
    for (size_t i = 0; i < ARRAY_LEN(known); i++)
        if (known[i].vendor == vendor && known[i].type == type)
            return known[i].what;
    return ATTRIBUTE_OTHER;
}

static void read_attribute(struct l2tp_control *a, enum attribute attribute, const struct layer *value)
{
    switch (attribute) {
    case ATTRIBUTE_LOCAL:
        a->local = layer_u32(value, 0);
        break;
    case ATTRIBUTE_REMOTE:
        a->remote = layer_u32(value, 0);
        break;
    case ATTRIBUTE_COOKIE:
        a->cookie = (int)value->length;
        break;
    case ATTRIBUTE_WIRE:
        a->wire = layer_u16(value, 0);
        break;
    case ATTRIBUTE_SUBLAYER:
        a->sublayer = layer_u16(value, 0);
        break;
    case ATTRIBUTE_OTHER:
        break;
    }
}

/* False: it is no whole message that says what it is. */
static bool read_control(struct layer l, struct l2tp_control *a)
{
    unsigned flags = layer_u16(&l, 0);
    uint32_t length = layer_u16(&l, 2), at = flags & L2TP_SEQUENCE ? 12 : 8;
    *a = (struct l2tp_control){.cookie = -1, .sublayer = -1};
    if (!(flags & L2TP_LENGTH) || length < at || length > l.captured)
        return false;
    l = layer_first(l, length);
    for (bool first = true; at < l.length; first = false) {
        unsigned head = layer_u16(&l, at), size = head & ATTRIBUTE_LENGTH;
        unsigned vendor = layer_u16(&l, at + 2), type = layer_u16(&l, at + 4);
        if (size < ATTRIBUTE_HEADER || at + size > l.length)
            return false;
        struct layer value = layer_first(layer_after(l, at + ATTRIBUTE_HEADER), size - ATTRIBUTE_HEADER);
        if (first && (vendor || type))
            return false;
        if (first)
            a->message = layer_u16(&value, 0);
        else if (!(head & HIDDEN))
            read_attribute(a, attribute_of(vendor, type), &value);
        at += size;
    }
    return true;
}

static void follow_control(struct decoder *d, const struct fragment_key *sent, struct l2tp_tunnel *tunnel,
                           struct layer l)
{
    struct l2tp_control a;
    if (!read_control(l, &a))
        return;
    if (a.message == START_TUNNEL && !tunnel && l2tp_add_tunnel(d->l2tp, sent, d->key))
        d->failed = true;
    bool request = a.message == INCOMING_REQUEST || a.message == OUTGOING_REQUEST,
         reply = a.message == INCOMING_REPLY || a.message == OUTGOING_REPLY;
    const uint32_t id[2] = {request ? a.local : a.remote, request ? 0 : a.local};
    if (!tunnel || !(request ? a.local : reply && (a.local || a.remote)))
        return;
    struct l2tp_session *s = l2tp_session_of(d->l2tp, tunnel, id);
    if (!s && !(s = l2tp_add_session(d->l2tp, tunnel, id, &d->failed)))
        return;
    for (unsigned end = 0; end < 2; end++) {
        if (id[end])
            s->id[end] = id[end];
        if (a.sublayer >= 0 && (request || end == 1))
            s->sublayer[end] = a.sublayer && a.sublayer <= SUBLAYER_LAST ? 4 : 0;
    }
    if (a.cookie >= 0)
        s->cookie[reply] = (uint16_t)a.cookie;
    if (request && a.wire)
        s->wire = (uint16_t)a.wire;
}

static void decode_wire(struct decoder *d, unsigned wire, struct layer l)
{
    switch (wire) {
    case WIRE_FRAME_RELAY:
        decode_frame_relay(d, l);
        return;
    case WIRE_AAL5:
        decode_llc(d, l);
        return;
    case WIRE_ETHERNET:
        decode_ethernet(d, l);
        return;
    case WIRE_HDLC:
        decode_chdlc(d, l);
        return;
    case WIRE_PPP:
        decode_ppp_hdlc(d, l);
        return;
    case WIRE_IP:
        decode_ipv4(d, l);
        return;
    }
    decoder_stop_at_fragment(d, FRAGMENT_L2TP);
}

/* The key of a tunnel that begins at the sender, or at the receiver. */
static struct fragment_key tunnel_key(const struct fragment *f, bool receiver)
{
    struct fragment_key key = f->key;
    uint32_t ports = f->key.id;
    key.id = f->next & L2TP_NOTE_UDP ? (receiver ? ports & 0xffff : ports >> 16) : L2TP_OVER_IP;
    if (f->next & L2TP_NOTE_IPV6)
        key.id |= L2TP_IPV6;
    if (receiver) {
        memcpy(key.source, f->key.destination, sizeof key.source);
        memcpy(key.destination, f->key.source, sizeof key.destination);
    }
    return key;
}

void decode_l2tp_noted(struct decoder *d, const struct fragment *f, struct layer l)
{
    const struct fragment_key sent = tunnel_key(f, false), received = tunnel_key(f, true);
    struct l2tp_tunnel *tunnel = l2tp_find(d->l2tp, &sent, d->key);
    unsigned to = 1;
    if (!tunnel && (tunnel = l2tp_find(d->l2tp, &received, d->key)))
        to = 0;
    if (f->next & L2TP_NOTE_CONTROL) {
        follow_control(d, &sent, tunnel, l);
        return;
    }
    uint32_t id[2] = {0, 0};
    id[to] = layer_u32(&l, 0);
    const struct l2tp_session *s = tunnel ? l2tp_session_of(d->l2tp, tunnel, id) : NULL;
    if (s)
        decode_wire(d, s->wire, layer_after(l, 4u + s->cookie[to] + s->sublayer[to]));
    else
        decoder_stop_at_fragment(d, FRAGMENT_L2TP);
}

/* A message of version 3, from the session id on, or of a control message from its flags on. Settling is
 * here, too, with what it has put together. */
static void note(struct decoder *d, unsigned what, uint32_t ports, struct layer l)
{
    struct fragment f = {.key = {.kind = FRAGMENT_L2TP, .id = ports}, .next = (uint8_t)what};
    size_t size = d->ip.family == FAMILY_IPV4 ? 4 : 16;
    memcpy(f.key.source, d->ip.source, size);
    memcpy(f.key.destination, d->ip.destination, size);
    if (d->ip.family == FAMILY_IPV6)
        f.next |= L2TP_NOTE_IPV6;
    if (d->l2tp) {
        decoder_set_realm(d, &f.key);
        decode_l2tp_noted(d, &f, l);
        return;
    }
    decoder_note(d, &f, l);
    decoder_stop_at_fragment(d, FRAGMENT_L2TP);
}

bool decode_l2tp(struct decoder *d, struct layer l)
{
    unsigned flags = layer_u16(&l, 0), version = flags & L2TP_VERSION;
    if (version != 2 && version != 3)
        return false;
    if (!decoder_need(d, &l, 6, SUBJECT_L2TP) || !decoder_enter(d))
        return true;
    if (version == 3) {
        if (flags & L2TP_CONTROL)
            note(d, L2TP_NOTE_UDP | L2TP_NOTE_CONTROL, d->udp_ports, l);
        else
            note(d, L2TP_NOTE_UDP, d->udp_ports, layer_after(l, 4));
        return true;
    }
    if (flags & L2TP_CONTROL)
        return true;
    if (flags & L2TP_LENGTH)
        l = layer_first(l, layer_u16(&l, 2));
    l = layer_after(l, flags & L2TP_LENGTH ? 8 : 6);
    if (flags & L2TP_SEQUENCE)
        l = layer_after(l, 4);
    if (flags & L2TP_OFFSET) {
        if (!decoder_need(d, &l, 2, SUBJECT_L2TP))
            return true;
        l = layer_after(l, 2u + layer_u16(&l, 0));
    }
    decode_ppp(d, l);
    return true;
}

void decode_l2tp_ip(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 4, SUBJECT_L2TP) || !decoder_enter(d))
        return;
    if (layer_u32(&l, 0) == 0)
        note(d, L2TP_NOTE_CONTROL, 0, layer_after(l, 4));
    else
        note(d, 0, 0, l);
}
