/* Headers and payload, appended one after the other to a packet of a test. */
#include "tests/support/packet.h"

#include <stdlib.h>

void put_bytes(struct packet *p, const void *bytes, uint32_t n)
{
    if (n > sizeof p->bytes - p->size)
        abort();
    if (n) /* bytes may be NULL then */
        memcpy(p->bytes + p->size, bytes, n);
    p->size += n;
}

void put_hex(struct packet *p, const char *hex)
{
    for (; hex[0]; hex += 2) {
        unsigned v = 0;
        for (int i = 0; i < 2; i++)
            v = v << 4 | (unsigned)(hex[i] <= '9' ? hex[i] - '0' : hex[i] - 'a' + 10);
        put_u8(p, v);
    }
}

void put_zeros(struct packet *p, uint32_t n)
{
    while (n--)
        put_u8(p, 0);
}

void put_u8(struct packet *p, unsigned v)
{
    uint8_t b = (uint8_t)v;
    put_bytes(p, &b, 1);
}

void put_u16(struct packet *p, unsigned v)
{
    put_u8(p, v >> 8);
    put_u8(p, v);
}

void put_u32(struct packet *p, uint32_t v)
{
    put_u16(p, v >> 16);
    put_u16(p, v);
}

void put_ethernet(struct packet *p, unsigned type)
{
    put_bytes(p, "\2\0\0\0\0\1\2\0\0\0\0\2", 12);
    put_u16(p, type);
}

void put_vlan(struct packet *p, unsigned type)
{
    put_u16(p, 0x2064);
    put_u16(p, type);
}

void put_ipv4(struct packet *p, const struct ipv4_fields *f)
{
    put_u8(p, (f->version ? f->version : 4) << 4 | (f->words ? f->words : 5));
    put_u8(p, 0);
    put_u16(p, f->total);
    put_u16(p, 0x1234); /* identification */
    put_u16(p, f->fragment);
    put_u8(p, 64);
    put_u8(p, f->protocol ? f->protocol : 6);
    put_u16(p, 0);
    put_u32(p, f->source ? f->source : 0x0a000001);
    put_u32(p, f->destination ? f->destination : 0x0a000002);
    for (unsigned i = 0; i < f->options; i++)
        put_u8(p, 1); /* no operation */
}

static void put_ipv6_address(struct packet *p, const uint8_t address[16], unsigned otherwise)
{
    if (address[0]) {
        put_bytes(p, address, 16);
        return;
    }
    put_u32(p, 0x20010db8);
    put_zeros(p, 11);
    put_u8(p, otherwise);
}

void put_ipv6(struct packet *p, const struct ipv6_fields *f)
{
    put_u8(p, (f->version ? f->version : 6) << 4);
    put_zeros(p, 3);
    put_u16(p, f->payload);
    put_u8(p, f->next);
    put_u8(p, 64);
    put_ipv6_address(p, f->source, 1);
    put_ipv6_address(p, f->destination, 2);
}

void put_tcp(struct packet *p, const struct tcp_fields *f)
{
    unsigned words = f->no_words ? 0 : f->words ? f->words : 5;
    put_u16(p, f->source ? f->source : 1000);
    put_u16(p, f->destination ? f->destination : 80);
    put_u32(p, f->seq);
    put_u32(p, f->ack);
    put_u16(p, words << 12 | f->flags);
    put_u16(p, 8192);
    put_u32(p, 0);
}
