/* Packets for tests, written from the outside in: each function appends a header. Lengths are what the test
 * says, so that a test can lie. */
#ifndef TCPREUSE_TEST_PACKET_H
#define TCPREUSE_TEST_PACKET_H

#include "engine/util.h"

struct packet {
    uint8_t bytes[2048];
    uint32_t size;
};

void put_u8(struct packet *p, unsigned v);
void put_u16(struct packet *p, unsigned v);
void put_u32(struct packet *p, uint32_t v);
void put_zeros(struct packet *p, uint32_t n);
void put_bytes(struct packet *p, const void *bytes, uint32_t n);
/* Bytes as pairs of lower-case hexadecimal digits. */
void put_hex(struct packet *p, const char *hex);

/* type: a type or a length. */
void put_ethernet(struct packet *p, unsigned type);
/* What follows the ether type of a tag. */
void put_vlan(struct packet *p, unsigned type);

struct ipv4_fields {
    uint32_t source, destination; /* 0: 10.0.0.1 and 10.0.0.2 */
    unsigned version;             /* 0: 4 */
    unsigned words;               /* header length in words of 4 bytes, 0: 5 */
    unsigned options;             /* bytes of options that are really there */
    unsigned total;               /* the total length field */
    unsigned fragment;            /* flags and offset */
    unsigned protocol;            /* 0: TCP */
};
void put_ipv4(struct packet *p, const struct ipv4_fields *f);

struct ipv6_fields {
    uint8_t source[16], destination[16]; /* first byte 0: 2001:db8::1 and 2001:db8::2 */
    unsigned version;                    /* 0: 6 */
    unsigned payload;                    /* the payload length field */
    unsigned next;
};
void put_ipv6(struct packet *p, const struct ipv6_fields *f);

struct tcp_fields {
    unsigned source, destination; /* ports; 0: 1000 and 80 */
    uint32_t seq, ack;
    unsigned words; /* data offset; 0: 5 */
    bool no_words;  /* data offset 0 */
    unsigned flags; /* 12 bits */
};
/* 20 bytes, whatever the data offset says. */
void put_tcp(struct packet *p, const struct tcp_fields *f);

#endif
