/* Ether types of single vendors, netlink, and headers of a few bytes: to TCP, and cut in each length. */
#include "tests/unit/decoding.h"

#include <criterion/criterion.h>

static struct decoding d;

static void open_decoder(void)
{
    decoding_open(&d, RULES_4_4, 1, 1);
}
static void open_decoder_4_0(void)
{
    decoding_open(&d, RULES_4_0, 1, 1);
}
static void close_decoder(void)
{
    decoding_close(&d);
}
TestSuite(vendor, .init = open_decoder, .fini = close_decoder);
TestSuite(vendor_4_0, .init = open_decoder_4_0, .fini = close_decoder);

/* 40 bytes, with a right header checksum if asked. */
static void put_syn(struct packet *p, bool checksum)
{
    uint32_t at = p->size;
    put_ipv4(p, &(struct ipv4_fields){.total = 40});
    put_tcp(p, &(struct tcp_fields){.seq = 7, .flags = TCP_SYN});
    if (!checksum)
        return;
    uint32_t sum = 0;
    p->bytes[at + 10] = p->bytes[at + 11] = 0;
    for (uint32_t i = 0; i < 20; i += 2)
        sum += load_be16(p->bytes + at + i);
    sum = (sum & 0xffff) + (sum >> 16);
    sum = ~((sum & 0xffff) + (sum >> 16));
    p->bytes[at + 10] = (uint8_t)(sum >> 8);
    p->bytes[at + 11] = (uint8_t)sum;
}

#define MACS       "020000000002020000000001"
#define WLAN_TO_DS "0801000002000000000102000000000202000000000300"
#define SNAP       "aaaa030000000800"

static const struct {
    const char *name;
    unsigned link;
    const char *header; /* all before IPv4 */
    bool unknown_to_4_0;
} cases[] = {
    {"Arista 10", 1, MACS "d28b0001001000000000000000000800", false},
    {"Arista 20", 1, MACS "d28b000100200000000000000800", false},
    {"Arista 11", 1, MACS "d28b0001001100000000000000000800", true},
    {"Arista 21", 1, MACS "d28b000100210000000000000800", true},
    {"Arista 3", 1, MACS "d28b000300200000000000000800", true},
    {"Arista 9", 1, MACS "d28b0009001100000000000000000000000000000000" MACS "0800", true},
    {"Centrino", 1, MACS "2452080100000200000000010200000000020200000000030000" SNAP, false},
    {"LWAPP", 1, MACS "88bb000000000000080100000200000000010200000000020200000000030000" SNAP, false},
    {"TECMP", 1,
     MACS "99fe0001000103030080000000000000000100000000000000000036"
          "0000" MACS "0800",
     false},
    {"TECMP 82", 1,
     MACS "99fe000100010303008200000000000000010000000000000000003e"
          "0000"
          "0000000000000000" MACS "0800",
     true},
    {"BPQ", 1, MACS "08ff3d00a2a6a8404040609c6086829898e103cc", false},
    {"Gigamon", 1,
     MACS "22e5050000000008"
          "00",
     false},
    {"VMlab", 1, MACS "88de00000000000000000000" MACS "0800", false},
    {"backplane", 1, MACS "89880000000000000800", false},
    {"Fortinet", 1, MACS "889300000000", true},
    {"EXOS", 1,
     MACS "e5550000000000000000000000000000000000000000000000000000000000000000000000000000" MACS "0800",
     false},
    {"EtherCAT", 1, MACS "88a440503a0000000002000100000200000000020200000000010800", false},
    {"3Com", 100, "8080030800", false},
    {"AWDL", 100, "aaaa030017f208000304000100000800", false},
    {"NFQUEUE", 253,
     "0000033800000000000000000000000c"
     "4c000000000300000000000000000000"
     "020000000b00010000000001080003002c000a00",
     false},
    {"NFLOG", 253,
     "0000033800000000000000000000000c"
     "48000000000400000000000000000000"
     "0200000008000100080003002c000900",
     false},
};

static void run(const struct packet *p, unsigned link, uint32_t captured, uint32_t length)
{
    struct frame f = {
        .data = p->bytes, .captured = captured, .length = length, .link_type = (uint16_t)link, .decimals = 6};
    decoding_run(&d, &f, 0);
}

static void make(struct packet *p, const char *header)
{
    p->size = 0;
    put_hex(p, header);
    put_syn(p, true);
}

/* The frame is found; cut anywhere before the TCP header, by the capture or on the wire, it is not. */
Test(vendor, reach_tcp)
{
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct packet p;
        make(&p, cases[i].header);
        run(&p, cases[i].link, p.size, p.size);
        const struct segment *s = decoding_segment(&d, 0, NULL, NULL);
        cr_expect(s && s->seq == 7 && d.counts.segments == 1, "%s", cases[i].name);
        for (uint32_t n = 0; n < p.size - 20; n++) {
            run(&p, cases[i].link, n, p.size);
            cr_expect_null(decoding_segment(&d, 0, NULL, NULL), "%s, %u captured", cases[i].name, n);
            run(&p, cases[i].link, n, n);
            cr_expect_null(decoding_segment(&d, 0, NULL, NULL), "%s, %u long", cases[i].name, n);
        }
    }
}

Test(vendor_4_0, knows_fewer)
{
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct packet p;
        make(&p, cases[i].header);
        run(&p, cases[i].link, p.size, p.size);
        cr_expect_eq(decoding_segment(&d, 0, NULL, NULL) == NULL, cases[i].unknown_to_4_0, "%s",
                     cases[i].name);
    }
}

/* The short length, of the ether type and what it is of, and a check value of 16 bytes behind it have to be there; 4.0 knows of neither. */
static void expect_macsec(unsigned short_length, unsigned behind, bool in_4_0, bool in_4_4)
{
    struct packet p;
    make(&p, "02000000000202000000000188e5"
             "0100000000010800");
    p.bytes[15] = (uint8_t)short_length;
    put_zeros(&p, behind);
    run(&p, 1, p.size, p.size);
    cr_expect_eq(d.counts.segments, d.decoder.rules == RULES_4_0 ? in_4_0 : in_4_4,
                 "length %u, %u bytes behind", short_length, behind);
}

static void expect_all_macsec(void)
{
    expect_macsec(0, 16, true, true);
    expect_macsec(0, 0, true, false);
    expect_macsec(42, 16, true, true);
    expect_macsec(42, 15, true, false);
    expect_macsec(42, 30, true, true);
    expect_macsec(43, 16, true, false);
    expect_macsec(46, 20, true, true);
    expect_macsec(20, 16, true, false);
    expect_macsec(0x6a, 80, true, true); /* all eight bits */
    expect_macsec(0x6a, 79, true, false);
}
Test(vendor, macsec)
{
    expect_all_macsec();
}
Test(vendor_4_0, macsec)
{
    expect_all_macsec();
}

/* What is not expected to carry TCP, and does, is counted; without TCP, it is not. */
Test(vendor, unexpected)
{
    static const struct {
        unsigned link, ether_type;
    } places[] = {{189, 0}, {220, 0}, {249, 0}, {254, 0}, {227, 0}, {1, 0x8906}};
    for (size_t i = 0; i < ARRAY_LEN(places); i++) {
        unsigned type = places[i].ether_type;
        for (uint32_t before = 20; before < 80; before++) {
            struct packet p = {0};
            if (type)
                put_ethernet(&p, type);
            put_zeros(&p, before);
            run(&p, places[i].link, p.size, p.size);
            EXPECT_COUNTED(&d, OUTCOME_WITHOUT_TCP, SUBJECT_NONE, 0);
            put_syn(&p, true);
            run(&p, places[i].link, p.size, p.size);
            EXPECT_COUNTED(&d, OUTCOME_UNSUPPORTED, type ? SUBJECT_ETHER_TYPE : SUBJECT_LINK_TYPE,
                           type ? type : places[i].link);
            p.bytes[p.size - 30] ^= 1; /* the checksum is wrong */
            run(&p, places[i].link, p.size, p.size);
            EXPECT_COUNTED(&d, OUTCOME_WITHOUT_TCP, SUBJECT_NONE, 0);
        }
        struct packet p = {0};
        if (type)
            put_ethernet(&p, type);
        put_zeros(&p, 33);
        put_ipv6(&p, &(struct ipv6_fields){.payload = 20, .next = 6});
        put_tcp(&p, &(struct tcp_fields){.seq = 7, .flags = TCP_SYN});
        run(&p, places[i].link, p.size, p.size);
        cr_expect_eq(decoding_counted(&d).outcome, OUTCOME_UNSUPPORTED);
        run(&p, places[i].link, p.size - 1, p.size);
        cr_expect_eq(decoding_counted(&d).outcome, OUTCOME_WITHOUT_TCP);
    }
}

/* Which of EtherCAT's datagrams hold a mailbox. Two of each, side by side. */
Test(vendor, ethercat_datagrams)
{
    static const struct {
        unsigned command, offset, counter, segments;
    } datagrams[] = {{5, 0x1000, 0, 2}, {5, 0x0fff, 0, 0}, {4, 0x1000, 1, 2}, {4, 0x1000, 0, 0},
                     {1, 0x1000, 1, 2}, {1, 0x1000, 2, 0}, {2, 0xffff, 7, 2}, {7, 0x1000, 1, 0},
                     {0, 0x1000, 1, 0}, {3, 0x1000, 0, 2}, {6, 0x1000, 0, 2}};
    for (size_t i = 0; i < ARRAY_LEN(datagrams); i++) {
        struct packet p = {0};
        put_hex(&p, MACS "88a49810");
        for (int more = 1; more >= 0; more--) {
            put_u8(&p, datagrams[i].command);
            put_hex(&p, "000100");
            put_u8(&p, datagrams[i].offset & 0xff);
            put_u8(&p, datagrams[i].offset >> 8);
            put_hex(&p, more ? "408000003a00000000020001000002000000000202000000000108"
                               "00"
                             : "400000003a00000000020001000002000000000202000000000108"
                               "00");
            put_syn(&p, false);
            put_u8(&p, datagrams[i].counter);
            put_u8(&p, 0);
        }
        decoding_ethernet(&d, &p, p.size, p.size);
        cr_expect_eq(d.counts.segments, datagrams[i].segments, "%zu: %u", i, (unsigned)d.counts.segments);
    }
}

/* A packet in a protocol that is not looked into. */
Test(vendor, udp_ports)
{
    static const struct {
        unsigned port;
        const char *before;
        bool always;
    } ports[] = {{925, "00", false},  {4729, "0204", false}, {6118, "40", false},   {24576, "00", false},
                 {17755, "00", true}, {17756, "00", true},   {17754, "4559", false}};
    for (size_t i = 0; i < ARRAY_LEN(ports); i++) {
        bool known = i != 6; /* ZEP begins in another way */
        for (int packet = 0; packet <= 1; packet++) {
            struct packet p = {0};
            put_ethernet(&p, 0x0800);
            put_ipv4(&p, &(struct ipv4_fields){.total = 110, .protocol = 17});
            put_u16(&p, 60999);
            put_u16(&p, ports[i].port);
            put_u16(&p, 90);
            put_u16(&p, 0);
            put_hex(&p, ports[i].before);
            put_zeros(&p, 30);
            if (packet)
                put_syn(&p, true);
            put_zeros(&p, 14 + 110 - p.size);
            decoding_ethernet(&d, &p, p.size, p.size);
            if (known && (packet || ports[i].always))
                EXPECT_COUNTED(&d, OUTCOME_UNSUPPORTED, SUBJECT_UDP_PORT, ports[i].port);
            else
                EXPECT_COUNTED(&d, OUTCOME_WITHOUT_TCP, SUBJECT_NONE, 0);
        }
    }
}
