/* The realm of a segment: what decoding takes of VLAN tags, interfaces, VXLAN and Geneve, and only what the key has. */
#include "tests/unit/decoding.h"

#include <criterion/criterion.h>

enum { ALL_PARTS = KEY_VLAN | KEY_INTERFACE | KEY_VNI, ETHER_IPV4 = 0x0800, ETHER_IPV6 = 0x86dd };

static struct decoding d;

static void open_decoder(void)
{
    decoding_open(&d, RULES_4_4, 5, 1);
    d.decoder.plain = plain_path_none();
    d.decoder.key_parts = ALL_PARTS;
}
static void close_decoder(void)
{
    decoding_close(&d);
}
TestSuite(realm, .init = open_decoder, .fini = close_decoder);

static void put_tag(struct packet *p, unsigned control, unsigned type)
{
    put_u16(p, control);
    put_u16(p, type);
}

static void put_segment(struct packet *p)
{
    put_ipv4(p, &(struct ipv4_fields){.total = 40});
    put_tcp(p, &(struct tcp_fields){.flags = TCP_SYN});
}

/* A tunnel over UDP, with a frame that has 54 bytes of headers. */
static void put_tunnel(struct packet *p, unsigned port, uint32_t first_word, uint32_t vni)
{
    put_ipv4(p, &(struct ipv4_fields){.total = 20 + 8 + 8 + 54, .protocol = 17});
    put_u16(p, 40000);
    put_u16(p, port);
    put_u16(p, 8 + 8 + 54);
    put_u16(p, 0);
    put_u32(p, first_word);
    put_u32(p, vni << 8);
}

static const struct segment *decode(const struct packet *p, uint32_t interface, unsigned *shard)
{
    const struct frame f = {.data = p->bytes,
                            .captured = p->size,
                            .length = p->size,
                            .link_type = 1,
                            .decimals = 6,
                            .interface = interface};
    enum family family = FAMILIES;
    decoding_run(&d, &f, 0);
    const struct segment *s = decoding_segment(&d, 0, &family, shard);
    cr_assert(s && family == FAMILY_KEYED);
    cr_assert_eq(d.counts.segments, 1);
    return s;
}

static void expect(const struct packet *p, uint32_t interface, struct realm realm)
{
    const struct segment *s = decode(p, interface, NULL);
    cr_expect_eq(segment_realm(s)->vlan, realm.vlan);
    cr_expect_eq(segment_realm(s)->interface, realm.interface);
    cr_expect_eq(segment_realm(s)->network, realm.network);
    cr_expect_eq(segment_realm(s)->family, realm.family);
    cr_expect_eq(segment_family(s, FAMILY_KEYED), realm.family);
    for (size_t i = 0; i < sizeof realm.unused; i++)
        cr_expect_eq(segment_realm(s)->unused[i], 0);
}

/* As Wireshark 4.6 does: the outermost 802.1Q tag (8100, or 9100) whose VLAN is not 0, and no 802.1ad tag. */
Test(realm, vlan)
{
    static const struct {
        unsigned type[2], control[2];
        unsigned vlan;
    } cases[] = {{{0x8100}, {10}, 10},
                 {{0x8100}, {0xf00a}, 10},
                 {{0x8100}, {0}, 0},
                 {{0x9100}, {10}, 10},
                 {{0x88a8}, {10}, 0},
                 {{0x88a8, 0x8100}, {100, 10}, 10},
                 {{0x8100, 0x88a8}, {100, 10}, 100},
                 {{0x8100, 0x8100}, {100, 10}, 100},
                 {{0x8100, 0x8100}, {0x6000, 4095}, 4095}};
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct packet p = {0};
        put_ethernet(&p, cases[i].type[0]);
        if (cases[i].type[1])
            put_tag(&p, cases[i].control[0], cases[i].type[1]);
        put_tag(&p, cases[i].control[cases[i].type[1] != 0], ETHER_IPV4);
        put_segment(&p);
        expect(&p, 0, (struct realm){.vlan = (uint16_t)cases[i].vlan, .family = FAMILY_IPV4});
    }
}

/* The frame before had another realm. */
Test(realm, of_each_frame)
{
    struct packet tagged = {0}, plain = {0}, six = {0};
    put_ethernet(&tagged, 0x8100);
    put_tag(&tagged, 7, ETHER_IPV4);
    put_segment(&tagged);
    put_ethernet(&plain, ETHER_IPV4);
    put_segment(&plain);
    put_ethernet(&six, ETHER_IPV6);
    put_ipv6(&six, &(struct ipv6_fields){.payload = 20, .next = 6});
    put_tcp(&six, &(struct tcp_fields){.flags = TCP_SYN});
    expect(&tagged, 3, (struct realm){.vlan = 7, .interface = 3, .family = FAMILY_IPV4});
    expect(&plain, 0, (struct realm){.family = FAMILY_IPV4});
    expect(&six, UINT32_MAX, (struct realm){.interface = UINT32_MAX, .family = FAMILY_IPV6});
}

/* The innermost network, of which 0 is one; a VLAN inside counts where there is none outside. */
Test(realm, vni)
{
    static const struct {
        unsigned port;
        uint32_t first_word;
    } tunnels[] = {{4789, 0x08000000}, {4790, 0x0c000003}, {6081, 0x00006558}};
    for (size_t i = 0; i < ARRAY_LEN(tunnels); i++)
        for (uint32_t vni = 0; vni <= 0xffffff; vni += 0x5555) {
            struct packet p = {0};
            put_ethernet(&p, ETHER_IPV4);
            put_tunnel(&p, tunnels[i].port, tunnels[i].first_word, vni);
            put_ethernet(&p, ETHER_IPV4);
            put_segment(&p);
            expect(&p, 0, (struct realm){.network = vni + 1, .family = FAMILY_IPV4});
        }
}

Test(realm, only_what_the_key_has)
{
    struct packet p = {0};
    put_ethernet(&p, 0x8100);
    put_tag(&p, 5, ETHER_IPV4);
    put_tunnel(&p, 4789, 0x08000000, 77);
    put_ethernet(&p, ETHER_IPV4);
    put_segment(&p);
    for (unsigned parts = 1; parts <= ALL_PARTS; parts++) {
        d.decoder.key_parts = parts;
        expect(&p, 9,
               (struct realm){.vlan = parts & KEY_VLAN ? 5 : 0,
                              .interface = parts & KEY_INTERFACE ? 9 : 0,
                              .network = parts & KEY_VNI ? 78 : 0,
                              .family = FAMILY_IPV4});
    }
}

static void put_way(struct packet *p, unsigned vlan, bool back)
{
    static const uint32_t address[2] = {0x0a000001, 0xc0000201};
    put_ethernet(p, 0x8100);
    put_tag(p, vlan, ETHER_IPV4);
    put_ipv4(p, &(struct ipv4_fields){.total = 40, .source = address[back], .destination = address[!back]});
    put_tcp(p, &(struct tcp_fields){
                   .source = back ? 80 : 40000, .destination = back ? 40000 : 80, .flags = TCP_ACK});
}

/* Both directions of a tuple are one, with one hash; with each VLAN they have another. */
Test(realm, one_hash_for_both_directions)
{
    unsigned equal = 0;
    uint32_t before = 0;
    for (unsigned vlan = 1; vlan < 1000; vlan++) {
        struct segment_keyed s[2] = {0};
        unsigned shard[2];
        for (unsigned back = 0; back < 2; back++) {
            struct packet p = {0};
            put_way(&p, vlan, back);
            s[back] = *(const struct segment_keyed *)decode(&p, 0, &shard[back]);
        }
        cr_assert_eq(shard[0], shard[1]);
        cr_assert_eq(s[0].s.hash, s[1].s.hash);
        cr_assert_eq((s[0].s.bits ^ s[1].s.bits) & SEGMENT_FLOW, SEGMENT_FLOW);
        cr_assert_eq(memcmp(s[0].address, s[1].address, sizeof s[0].address), 0);
        cr_assert_eq(memcmp(s[0].s.port, s[1].s.port, sizeof s[0].s.port), 0);
        /* Where a segment4 has them. */
        cr_assert_eq(load_raw32(s[0].address[0]), 0x0a000001);
        cr_assert_eq(load_raw32(s[0].address[0] + 4), 0xc0000201);
        equal += s[0].s.hash == before;
        before = s[0].s.hash;
    }
    cr_expect_eq(equal, 0);
}

/* Frames that stand side by side in one: two, each behind what its container says of it. */
static void put_tecmp(struct packet *p, const struct packet inner[2])
{
    put_ethernet(p, 0x99fe);
    put_zeros(p, 5);
    put_u8(p, 3); /* logging */
    put_u16(p, 0x80);
    put_zeros(p, 4);
    for (unsigned i = 0; i < 2; i++) {
        put_zeros(p, 12);
        put_u16(p, inner[i].size);
        put_u16(p, 0);
        put_bytes(p, inner[i].bytes, inner[i].size);
    }
}

static void put_sflow(struct packet *p, const struct packet inner[2])
{
    uint32_t size = 28;
    for (unsigned i = 0; i < 2; i++)
        size += 8 + 32 + 8 + 16 + (inner[i].size + 3) / 4 * 4;
    put_ethernet(p, ETHER_IPV4);
    put_ipv4(p, &(struct ipv4_fields){.total = 20 + 8 + size, .protocol = 17});
    put_u16(p, 40000);
    put_u16(p, 6343);
    put_u16(p, 8 + size);
    put_u16(p, 0);
    put_u32(p, 5);
    put_u32(p, 1); /* the agent has an IPv4 address */
    put_zeros(p, 16);
    put_u32(p, 2);
    for (unsigned i = 0; i < 2; i++) {
        const uint32_t header = (inner[i].size + 3) / 4 * 4;
        put_u32(p, 1); /* flow sample */
        put_u32(p, 32 + 8 + 16 + header);
        put_zeros(p, 28);
        put_u32(p, 1); /* record */
        put_u32(p, 1); /* raw header */
        put_u32(p, 16 + header);
        put_u32(p, 1); /* Ethernet */
        put_u32(p, inner[i].size);
        put_u32(p, 0);
        put_u32(p, inner[i].size);
        put_bytes(p, inner[i].bytes, inner[i].size);
        put_zeros(p, header - inner[i].size);
    }
}

/* The realm of one is not that of the next: not its network, and not its VLAN. */
Test(realm, of_frames_side_by_side)
{
    static void (*const put[])(struct packet *, const struct packet inner[2]) = {put_tecmp, put_sflow};
    struct packet inner[2] = {0};
    put_ethernet(&inner[0], 0x8100);
    put_tag(&inner[0], 5, ETHER_IPV4);
    put_tunnel(&inner[0], 4789, 0x08000000, 77);
    put_ethernet(&inner[0], ETHER_IPV4);
    put_segment(&inner[0]);
    put_ethernet(&inner[1], ETHER_IPV4);
    put_segment(&inner[1]);
    for (size_t i = 0; i < ARRAY_LEN(put); i++)
        for (unsigned turned = 0; turned < 2; turned++) {
            const struct packet pair[2] = {inner[turned], inner[!turned]};
            struct packet p = {0};
            put[i](&p, pair);
            decoding_ethernet(&d, &p, p.size, p.size);
            cr_assert_eq(d.counts.segments, 2);
            for (unsigned k = 0; k < 2; k++) {
                const struct segment *s = decoding_segment(&d, k, NULL, NULL);
                cr_assert(s);
                const bool plain = (s->position & 0xff) != turned;
                cr_expect_eq(segment_realm(s)->network, plain ? 0 : 78);
                cr_expect_eq(segment_realm(s)->vlan, plain ? 0 : 5);
            }
        }
}

/* Fragments of one datagram are of one realm: of two, none completes the other's. */
Test(realm, of_fragments)
{
    struct fragment_key key[2];
    for (unsigned parts = 0; parts <= ALL_PARTS; parts++)
        for (unsigned differs = 0; differs <= ALL_PARTS; differs++) {
            d.decoder.key_parts = parts;
            for (unsigned i = 0; i < 2; i++) {
                const bool other = i == 1;
                struct packet inner = {0}, p = {0};
                put_ethernet(&inner, ETHER_IPV6);
                put_ipv6(&inner, &(struct ipv6_fields){.payload = 8 + 16, .next = 44});
                put_u32(&inner, 6 << 24 | 1); /* TCP, the first fragment of more */
                put_u32(&inner, 99);
                put_zeros(&inner, 16);
                put_ethernet(&p, 0x8100);
                put_tag(&p, other && differs & KEY_VLAN ? 6 : 5, ETHER_IPV4);
                put_ipv4(&p, &(struct ipv4_fields){.total = 20 + 8 + 8 + inner.size, .protocol = 17});
                put_u16(&p, 40000);
                put_u16(&p, 4789);
                put_u16(&p, 8 + 8 + inner.size);
                put_u16(&p, 0);
                put_u32(&p, 0x08000000);
                put_u32(&p, (other && differs & KEY_VNI ? 8u : 7u) << 8);
                put_bytes(&p, inner.bytes, inner.size);
                const struct frame f = {.data = p.bytes,
                                        .captured = p.size,
                                        .length = p.size,
                                        .link_type = 1,
                                        .interface = other && differs & KEY_INTERFACE ? 2 : 1};
                decoding_run(&d, &f, 0);
                cr_assert(d.fragments.used);
                key[i] = ((const struct fragment *)(const void *)d.fragments.bytes)->key;
            }
            cr_expect_eq(memcmp(&key[0], &key[1], sizeof key[0]) != 0, (parts & differs) != 0);
        }
}
