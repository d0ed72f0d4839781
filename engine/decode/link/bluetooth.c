/* Bluetooth: packets between a host and its controller, L2CAP in them, and Ethernet in its channels (BNEP 1.0).
 *
 *     | direction 4 | type 1 | packet              link type 201; type 2: data; 187 has no direction, and so tshark finds no channel
 *     | adapter 2 | opcode 2 | packet              link type 254; opcodes 4 and 5: data, sent and received
 *     packet      | handle 12 bits, flags 4 bits | length 2 | ...
 *     L2CAP       | length 2 | channel 2 | ...     in one packet, or in several, of which the flags tell the first
 *     signals     | code 1 | id 1 | length 2 | ... on channel 1 (5 of low energy), one behind the other
 *     BNEP        | extended, type 7 bits | destination 6 | source 6 | ether type 2 | ...      without some of the addresses
 *
 * All but addresses and ether types with the least significant byte first. What a channel carries, only the signals say that opened it.
 * So all is noted, and settling looks at it in the order of the capture (bluetooth_channels.h).
 */
#include "engine/decode/bluetooth_channels.h"
#include "engine/decode/protocols.h"

enum {
    TYPE_DATA = 2,
    OPCODE_DATA_SENT = 4,
    OPCODE_DATA_RECEIVED = 5,

    FLAGS_SHIFT = 12,
    FLAGS_MORE = 1,
    FLAGS_WHOLE = 3,

    L2CAP_HEADER = 4,
    CHANNEL_SIGNALS = 1,
    CHANNEL_ANY_SERVICE = 2, /* a PSM stands before what it carries */
    CHANNEL_SIGNALS_LE = 5,
    CHANNEL_FIRST = 0x40, /* of those that signals open */

    CONNECT = 2,
    CONNECTED = 3,
    CONFIGURE = 4,
    DISCONNECT = 6,
    DISCONNECTED = 7,
    ECHO = 8,
    ECHOED = 9,
    CREATE = 12, /* as CONNECT, for a certain controller */
    CREATED = 13,

    OPTION_MODE = 4,

    SERVICE_NETWORK = 15, /* PSM of BNEP */

    BNEP_EXTENDED = 0x80,
    BNEP_GENERAL = 0,
    BNEP_CONTROL = 1,
    BNEP_SOURCE = 3,
    BNEP_DESTINATION = 4,
};

static void unknown(struct decoder *d, const struct fragment *f, struct layer l)
{
    decode_unexpected(d, SUBJECT_LINK_TYPE, load_be16(f->key.source + 4), l);
}

/* A packet of data, from its handle on, of the device that sent it. */
static void note(struct decoder *d, unsigned adapter, unsigned device, struct layer l)
{
    const unsigned head = layer_le16(&l, 0), flags = head >> FLAGS_SHIFT & 3, size = layer_le16(&l, 2);
    const struct layer whole = l;
    struct fragment f = {.key = {.kind = FRAGMENT_BLUETOOTH}};
    const uint8_t source[] = {adapter >> 8 & 0xff, adapter & 0xff,           head >> 8 & 0x0f,
                              head & 0xff,         d->link_type >> 8 & 0xff, d->link_type & 0xff};
    memcpy(f.key.source, source, sizeof source);
    f.key.destination[0] = (uint8_t)device;
    l = layer_first(layer_after(l, 4), size);
    const unsigned said = layer_le16(&l, 0) + L2CAP_HEADER;
    if (flags == FLAGS_MORE)
        f.next = BLUETOOTH_MORE;
    else if (said > size && flags != FLAGS_WHOLE)
        f.next = BLUETOOTH_BEGIN;
    else if (said != size || l.captured < L2CAP_HEADER) {
        unknown(d, &f, whole);
        return;
    }
    if (f.next != BLUETOOTH_WHOLE && (l.captured < size || l.captured < 2)) {
        decoder_stop_at_fragment(d, FRAGMENT_BLUETOOTH);
        return;
    }
    f.offset = l.length;
    decoder_note(d, &f, l);
    decoder_stop_at_fragment(d, FRAGMENT_BLUETOOTH);
}

void decode_bluetooth(struct decoder *d, struct layer l)
{
    if (layer_u8(&l, 4) == TYPE_DATA && l.captured >= 5 + 4)
        note(d, 0, layer_u32(&l, 0) & 1, layer_after(l, 5));
    else
        decode_unexpected(d, SUBJECT_LINK_TYPE, d->link_type, l);
}

void decode_bluetooth_undirected(struct decoder *d, struct layer l)
{
    if (layer_u8(&l, 0) == TYPE_DATA && l.captured >= 1 + 4)
        note(d, 0, 0, layer_after(l, 1)); /* no channel has both its ends at one device */
    else
        decode_unexpected(d, SUBJECT_LINK_TYPE, d->link_type, l);
}

void decode_bluetooth_monitor(struct decoder *d, struct layer l)
{
    const unsigned opcode = layer_u16(&l, 2);
    if ((opcode == OPCODE_DATA_SENT || opcode == OPCODE_DATA_RECEIVED) && l.captured >= 4 + 4)
        note(d, layer_u16(&l, 0), opcode - OPCODE_DATA_SENT, layer_after(l, 4));
    else
        decode_unexpected(d, SUBJECT_LINK_TYPE, d->link_type, l);
}

/* The key of an end of a channel that this device has, or of what it sends in parts, with number 0. */
static struct bluetooth_end_key key_of(const struct fragment *f, unsigned device, unsigned number)
{
    /* a handle has 12 bits, and the link types differ in their last 4 */
    return (struct bluetooth_end_key){
        .network = f->key.network,
        .interface = f->key.interface,
        .adapter = load_be16(f->key.source),
        .link = (uint16_t)(load_be16(f->key.source + 2) | load_be16(f->key.source + 4) << FLAGS_SHIFT),
        .end = number << 1 | device,
    };
}

static struct bluetooth_end *find(const struct decoder *d, const struct fragment *f, unsigned device,
                                  unsigned number)
{
    const struct bluetooth_end_key key = key_of(f, device, number);
    return bluetooth_find(d->bluetooth, &key, d->key);
}

/* NULL: no more are kept, or memory is short. */
static struct bluetooth_end *open_end(struct decoder *d, const struct fragment *f, unsigned device,
                                      unsigned number, unsigned service)
{
    const struct bluetooth_end_key key = key_of(f, device, number);
    struct bluetooth_end *end = bluetooth_add(d->bluetooth, &key, d->key, &d->failed);
    if (end) {
        end->service = (uint16_t)service;
        end->peer = 0;
        end->wanted = 0;
    }
    return end;
}

bool bluetooth_place(struct decoder *d, struct fragment *f)
{
    const unsigned device = f->key.destination[0];
    struct bluetooth_end *under_way = find(d, f, device, 0);
    if (f->next == BLUETOOTH_BEGIN) {
        if (!under_way && !(under_way = open_end(d, f, device, 0, 0)))
            return false;
        under_way->number++;
        under_way->offset = 0;
        under_way->wanted = load_le16(fragment_bytes(f)) + (uint32_t)L2CAP_HEADER;
    }
    if (!under_way || f->length > under_way->wanted - under_way->offset) {
        if (under_way)
            under_way->offset = 0, under_way->wanted = 0;
        return false;
    }
    f->key.id = under_way->number;
    f->offset = under_way->offset;
    under_way->offset += f->length;
    f->more = under_way->offset < under_way->wanted;
    if (!f->more)
        under_way->offset = 0, under_way->wanted = 0;
    return true;
}

static void connected(struct decoder *d, const struct fragment *f, unsigned device, unsigned number,
                      unsigned asked)
{
    const struct bluetooth_end *end = find(d, f, !device, asked);
    if (!end || !number)
        return;
    struct bluetooth_end *other = open_end(d, f, device, number, end->service);
    if (!other)
        return;
    other->peer = (uint16_t)asked;
    find(d, f, !device, asked)->peer = (uint16_t)number;
}

static void close_channel(const struct decoder *d, const struct fragment *f, unsigned device, unsigned number)
{
    struct bluetooth_end *end = find(d, f, device, number);
    if (!end)
        return;
    struct bluetooth_end *peer = end->peer ? find(d, f, !device, end->peer) : NULL;
    end->service = 0;
    if (peer)
        peer->service = 0;
}

/* Whether the device wants what it receives to have control fields, from the options on. */
static bool has_control_fields(struct layer l)
{
    for (uint32_t at = 0; at + 2 < l.captured; at += 2u + layer_u8(&l, at + 1))
        if (layer_u8(&l, at) == OPTION_MODE)
            return layer_u8(&l, at + 2) != 0;
    return false;
}

static void configure(const struct decoder *d, const struct fragment *f, unsigned device, struct layer l)
{
    const struct bluetooth_end *to = find(d, f, !device, layer_le16(&l, 0));
    struct bluetooth_end *own = to && to->peer ? find(d, f, device, to->peer) : NULL;
    if (own)
        own->wanted = has_control_fields(layer_after(l, 4));
}

static void follow_signal(struct decoder *d, const struct fragment *f, unsigned code, struct layer l)
{
    const unsigned device = f->key.destination[0];
    const unsigned first = layer_le16(&l, 0), second = layer_le16(&l, 2);
    if (l.captured < 4)
        return;
    switch (code) {
    case CONNECT:
    case CREATE:
        open_end(d, f, device, second, first);
        return;
    case CONNECTED:
    case CREATED:
        connected(d, f, device, first, second);
        return;
    case CONFIGURE:
        configure(d, f, device, l);
        return;
    case DISCONNECT:
        close_channel(d, f, !device, first);
        close_channel(d, f, device, second);
        return;
    case DISCONNECTED:
        close_channel(d, f, device, first);
        close_channel(d, f, !device, second);
        return;
    }
}

static void follow_signals(struct decoder *d, const struct fragment *f, struct layer l)
{
    while (l.captured >= 4) {
        const unsigned code = layer_u8(&l, 0), size = layer_le16(&l, 2);
        l = layer_after(l, 4);
        if (l.captured < size || code == ECHO || code == ECHOED) /* these hold all that follows */
            return;
        follow_signal(d, f, code, layer_first(l, size));
        l = layer_after(l, size);
    }
}

static void decode_bnep(struct decoder *d, const struct fragment *f, struct layer l)
{
    const unsigned type = layer_u8(&l, 0) & 0x7f;
    if (type == BNEP_CONTROL)
        return;
    if (layer_u8(&l, 0) & BNEP_EXTENDED) {
        unknown(d, f, l);
        return;
    }
    const uint32_t at = type == BNEP_GENERAL ? 13 : type == BNEP_SOURCE || type == BNEP_DESTINATION ? 7 : 1;
    if (decoder_need(d, &l, at + 2, SUBJECT_ETHERNET) && decoder_enter(d))
        decode_length_or_type(d, layer_u16(&l, at), layer_after(l, at + 2));
}

void decode_bluetooth_noted(struct decoder *d, const struct fragment *f, struct layer l)
{
    const unsigned size = layer_le16(&l, 0), channel = layer_le16(&l, 2);
    const struct layer whole = l;
    if (f->next == BLUETOOTH_WHOLE)
        l.length = f->offset;
    l = layer_first(layer_after(l, L2CAP_HEADER), size);
    if (channel == CHANNEL_SIGNALS || channel == CHANNEL_SIGNALS_LE) {
        follow_signals(d, f, l);
        return;
    }
    const struct bluetooth_end *end =
        channel >= CHANNEL_FIRST ? find(d, f, !f->key.destination[0], channel) : NULL;
    if (end && end->service == SERVICE_NETWORK && !end->wanted)
        decode_bnep(d, f, l);
    else if (channel == CHANNEL_ANY_SERVICE && layer_le16(&l, 0) == SERVICE_NETWORK)
        decode_bnep(d, f, layer_after(l, 2));
    else
        unknown(d, f, whole);
}
