/* Tunnels, over UDP, GRE and IP itself: each form of header to TCP, and cut in each length; and what of them is no tunnel.
 * tshark 4.0.17 and 4.4.18 find TCP in the same of these frames; NSH in IP neither knows.
 *
 * Length: a row for each form of header. */
#include "tests/unit/decoding.h"

#include <criterion/criterion.h>

static struct decoding d;

static void open_decoder(void)
{
    decoding_open(&d, RULES_4_4, 1, 1);
}
static void close_decoder(void)
{
    decoding_close(&d);
}
TestSuite(tunnel, .init = open_decoder, .fini = close_decoder);

enum { UDP = 17, GRE = 47, SYN_BYTES = 40, SYN6_BYTES = 60 };

#define MACS       "020000000002020000000001"
#define ETHERNET   MACS "0800"
#define WLAN_TO_DS "0801000002000000000102000000000202000000000300"
#define SNAP       "aaaa030000000800"
/* sFlow: agents, then the fields up to the samples; what stands before a raw header, of Ethernet. */
#define AGENT  "00000001c0000201"
#define AGENT6 "0000000220010db8000000000000000000000001"
#define SFLOW5 "00000000000000010000006400000001"
#define RAW5                                                                                                 \
    "0000000100000048000000010000003600000000"                                                               \
    "00000036"
#define SFLOW4 "000000010000006400000001"
#define FLOW4                                                                                                \
    "00000001000000010000000100000001000000010000000000000001"                                               \
    "00000002"
#define RAW4                                                                                                 \
    "00000001"                                                                                               \
    "00000001"                                                                                               \
    "00000036"                                                                                               \
    "00000036"
#define FLOW4_RAW                                                                                            \
    "00000001000000010000000100000001000000010000000000000001"                                               \
    "00000002" RAW4

struct tunnel_case {
    const char *name;
    unsigned protocol; /* of IP */
    unsigned port;     /* of UDP */
    const char *header;
    bool quoted, v6; /* the segment is; the packet inside is IPv6 */
};

static const struct tunnel_case cases[] = {
    {"Teredo", UDP, 3544, "", .v6 = true},
    {"Teredo with an origin", UDP, 3544, "00001234c0000201", .v6 = true},
    {"Teredo with authentication", UDP, 3544, "00010203aabbccddee010203040506070800", .v6 = true},
    {"Teredo with both", UDP, 3544,
     "00010000010203040506070800"
     "00001234c0000201",
     .v6 = true},
    {"VXLAN", UDP, 4789, "0800000000002a00" ETHERNET},
    {"VXLAN-GPE: IPv4", UDP, 4790, "0c00000100002a00"},
    {"VXLAN-GPE: IPv6", UDP, 4790, "0c00000200002a00", .v6 = true},
    {"VXLAN-GPE: Ethernet", UDP, 4790, "0c00000300002a00" ETHERNET},
    {"VXLAN-GPE: NSH", UDP, 4790,
     "0c00000400002a00"
     "0002020100000100"},
    {"AYIYA", UDP, 5072,
     "4152110400000000"
     "20010db8000000000000000000000001"
     "0000000000000000000000000000000000000000"},
    {"AYIYA without signature", UDP, 5072,
     "0100012900000000"
     "01",
     .v6 = true},
    {"CAPWAP: Ethernet", UDP, 5247, "0010000000000000" ETHERNET},
    {"CAPWAP of a type that is none", UDP, 5247, "4c10000000000000" ETHERNET},
    {"CAPWAP: 802.11", UDP, 5247,
     "0010030000000000"
     "0108"
     "000002000000000102000000000202000000000300"
     "00" SNAP},
    {"CAPWAP with a longer header", UDP, 5247,
     "0020000000000000"
     "0000000000000000" ETHERNET},
    {"Geneve: Ethernet", UDP, 6081, "0000655800002a00" ETHERNET},
    {"Geneve: IPv4", UDP, 6081, "0000080000002a00"},
    {"Geneve with options", UDP, 6081,
     "0200655800002a00"
     "0102030400000000" ETHERNET},
    {"AMT", UDP, 2268, "0600"},
    {"GTP", UDP, 2152, "30ff002800000001"},
    {"GTP with a sequence number", UDP, 2152,
     "32ff002c00000001"
     "00010000"},
    {"GTP without an extension header, though there is a type of one", UDP, 2152,
     "32ff002c00000001"
     "00010085"},
    {"GTP with an extension header", UDP, 2152,
     "34ff003000000001"
     "00000085"
     "01000900"},
    {"GTP of Ethernet", UDP, 2152, "30ff003600000001" ETHERNET},
    {"GTP version 0", UDP, 3386,
     "1eff0028000100020000000000000000"
     "00000000"},
    {"LISP", UDP, 4341, "8000000000000001"},
    {"LISP: a control message", UDP, 4342, "80000000"},
    {"TZSP: Ethernet", UDP, 37008,
     "01000001"
     "000a01ff01" ETHERNET},
    {"TZSP: IP", UDP, 37008,
     "01000007"
     "01"},
    {"TZSP: 802.11", UDP, 37008,
     "01000012"
     "01"
     "0801000002000000000102000000000202000000000300"
     "00" SNAP},
    {"MPLS", UDP, 6635, "00010140"},
    {"GRE", UDP, 4754, "00000800"},
    {"mobile IP", UDP, 434, "04040000"},
    {"gateway of B.A.T.M.A.N.", UDP, 4306, "01"},
    {"LLC", UDP, 12000, "aaaa030000000800"},
    {"LWAPP: Ethernet", UDP, 12220, ETHERNET},
    {"Juniper's mirror", UDP, 30030, "0000000100000002"},
    {"Juniper's mirror: PPP", UDP, 30030,
     "0000000100000002"
     "ff030021"},
    {"GRE: IPv4", GRE, 0, "00000800"},
    {"GRE: IPv6", GRE, 0, "000086dd", .v6 = true},
    {"GRE with checksum, key and sequence", GRE, 0,
     "b0000800"
     "000000000000000100000002"},
    {"GRE with routing", GRE, 0,
     "40000800"
     "00000000"
     "080000040a000001"
     "00000000"},
    {"GRE: Ethernet", GRE, 0, "00006558" ETHERNET},
    {"GRE: Ethernet of MikroTik", GRE, 0, "00006400" ETHERNET},
    {"GRE: PPP", GRE, 0,
     "3001880b"
     "0028000100000001"
     "ff030021"},
    {"GRE: PPP, acknowledged", GRE, 0,
     "3081880b"
     "002800010000000100000001"
     "ff030021"},
    {"GRE: WCCP", GRE, 0, "0000883e"},
    {"GRE: WCCP of version 2", GRE, 0,
     "0000883e"
     "00000000"},
    {"GRE: MPLS", GRE, 0,
     "00008847"
     "00010140"},
    {"GRE: 802.11 of Aruba", GRE, 0,
     "00008200"
     "0801000002000000000102000000000202000000000300"
     "00" SNAP},
    {"ERSPAN I", GRE, 0, "000088be" ETHERNET},
    {"ERSPAN II", GRE, 0,
     "100088be00000001"
     "1001000000000000" ETHERNET},
    {"ERSPAN III", GRE, 0,
     "100022eb00000001"
     "200100000000000000000000" ETHERNET},
    {"ERSPAN III with more", GRE, 0,
     "100022eb00000001"
     "200100000000000000000001"
     "0000000000000000" ETHERNET},
    {"NSH: IPv4", GRE, 0,
     "0000894f"
     "0006010100000100"
     "00000000000000000000000000000000"},
    {"NSH: IPv6", GRE, 0,
     "0000894f"
     "0002020200000100",
     .v6 = true},
    {"NSH: Ethernet", GRE, 0,
     "0000894f"
     "0002020300000100" ETHERNET},
    {"NSH: NSH", GRE, 0,
     "0000894f"
     "0002020400000100"
     "0002020100000100"},
    {"NSH: MPLS", GRE, 0,
     "0000894f"
     "0002020500000100"
     "00010140"},
    {"NSH with metadata", GRE, 0,
     "0000894f"
     "0004020100000100"
     "0102030400000000"},
    {"NSH that is too short for its kind", GRE, 0,
     "0000894f"
     "0000020100000100"},
    {"NSH whose length does not count", GRE, 0,
     "0000894f"
     "0002010100000100"
     "00000000000000000000000000000000"},
    {"EtherIP", 97, 0, "3000" ETHERNET},
    {"MPLS in IP", 137, 0, "00010140"},
    {"Ethernet in IP", 143, 0, ETHERNET},
    {"NSH in IP", 145, 0, "0002020100000100"},
    {"IPv4 in IPv4", 4, 0, ""},
    {"IPv6 in IPv4", 41, 0, "", .v6 = true},
    {"sFlow 5", UDP, 6343,
     "00000005" AGENT SFLOW5 "0000000100000070"
     "0000000100000001"
     "00000001000000010000000000000001"
     "0000000200000001" RAW5 ETHERNET,
     .quoted = true},
    {"sFlow 5 of an agent of IPv6", UDP, 6343,
     "00000005" AGENT6 SFLOW5 "0000000100000070"
     "0000000100000001"
     "000000010000000100000000000000010000000200000001" RAW5 ETHERNET,
     .quoted = true},
    {"sFlow 5, expanded", UDP, 6343,
     "00000005" AGENT SFLOW5 "000000030000007c"
     "000000010000000000000001"
     "000000010000000100000000"
     "00000000000000010000000000000002"
     "00000001" RAW5 ETHERNET,
     .quoted = true},
    {"sFlow 5 behind a record of another kind", UDP, 6343,
     "00000005" AGENT SFLOW5 "0000000100000088"
     "0000000100000001"
     "00000001000000010000000000000001"
     "0000000200000002"
     "000003e900000010"
     "00000000000000000000000000000000" RAW5 ETHERNET,
     .quoted = true},
    {"sFlow 5 behind counters", UDP, 6343,
     "00000005" AGENT "00000000000000010000006400000002"
     "000000020000000c"
     "000000010000000100000000"
     "0000000100000070"
     "0000000100000001"
     "000000010000000100000000000000010000000200000001" RAW5 ETHERNET,
     .quoted = true},
    {"sFlow 4", UDP, 6343, "00000004" AGENT SFLOW4 FLOW4_RAW ETHERNET, .quoted = true},
    {"sFlow 2", UDP, 6343, "00000002" AGENT SFLOW4 FLOW4_RAW ETHERNET, .quoted = true},
    {"sFlow 4 behind a flow with extensions", UDP, 6343,
     "00000004" AGENT "000000010000006400000002" FLOW4 "00000000" /* another kind of flow */
     "00000004"
     "0000000100000000000000000000000000000000" /* VLANs */
     "00000002"
     "00000001c00002010000001800000018" /* a router's address, IPv4 */
     "00000002"
     "0000000220010db80000000000000000000000010000004000000040" /* and IPv6 */
     "00000003"
     "000000010000000200000003"
     "00000001"
     "0000000100000002"
     "0000000a0000000b"
     "00000001"
     "00000007"
     "00000064" FLOW4_RAW ETHERNET,
     .quoted = true},
    {"sFlow 2 behind a gateway's extension and counters", UDP, 6343,
     "00000002" AGENT "000000010000006400000003" FLOW4 "00000000"
     "00000001"
     "00000003"
     "000000010000000200000003"
     "00000002"
     "0000000a0000000b"
     "00000002"
     "00000001000000010000000a00000007"
     "00000000000000000000000000000000000000000000000000000000" FLOW4_RAW ETHERNET,
     .quoted = true},
};

static void put_inner(struct packet *p, bool v6)
{
    if (v6)
        put_ipv6(p, &(struct ipv6_fields){.payload = 20, .next = 6});
    else
        put_ipv4(p, &(struct ipv4_fields){.total = SYN_BYTES});
    put_tcp(p, &(struct tcp_fields){.seq = 7, .flags = TCP_SYN});
}

/* The tunnel with its packet, in IPv4, in Ethernet. */
static void make(struct packet *p, const struct tunnel_case *c)
{
    struct packet inside = {.size = 0};
    put_hex(&inside, c->header);
    put_inner(&inside, c->v6);
    if (c->port == 6343)
        put_zeros(&inside, 2);
    *p = (struct packet){.size = 0};
    put_ethernet(p, 0x0800);
    put_ipv4(p,
             &(struct ipv4_fields){.total = 20 + (c->port ? 8 : 0) + inside.size, .protocol = c->protocol});
    if (c->port) {
        put_u16(p, 60999);
        put_u16(p, c->port);
        put_u16(p, 8 + inside.size);
        put_u16(p, 0);
    }
    put_bytes(p, inside.bytes, inside.size);
}

Test(tunnel, reach_tcp)
{
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct packet p;
        make(&p, &cases[i]);
        decoding_ethernet(&d, &p, p.size, p.size);
        enum family family;
        const struct segment *s = decoding_segment(&d, 0, &family, NULL);
        cr_expect(s && s->seq == 7 && d.counts.segments == 1, "%s", cases[i].name);
        if (!s)
            continue;
        cr_expect_eq((s->bits & SEGMENT_QUOTED) != 0, cases[i].quoted, "%s", cases[i].name);
        cr_expect_eq(family, cases[i].v6 ? FAMILY_IPV6 : FAMILY_IPV4, "%s", cases[i].name);
        const uint32_t tcp = p.size - 20 - (cases[i].port == 6343 ? 2 : 0);
        for (uint32_t n = 0; n < tcp; n++) {
            decoding_ethernet(&d, &p, n, p.size);
            cr_expect_null(decoding_segment(&d, 0, NULL, NULL), "%s, %u captured", cases[i].name, n);
            decoding_ethernet(&d, &p, n, n);
            cr_expect_null(decoding_segment(&d, 0, NULL, NULL), "%s, %u long", cases[i].name, n);
        }
    }
}

static const struct {
    struct tunnel_case tunnel;
    enum outcome outcome;
    enum subject subject;
    uint32_t value;
} others[] = {
    {{"CAPWAP: keep-alive", UDP, 5247, "0010000800000000"}, OUTCOME_WITHOUT_TCP, SUBJECT_NONE, 0},
    {{"CAPWAP: DTLS", UDP, 5247, "0110000000000000"}, OUTCOME_UNSUPPORTED, SUBJECT_CAPWAP, 1},
    {{"CAPWAP: a fragment", UDP, 5247, "0010008000000000"}, OUTCOME_UNSUPPORTED, SUBJECT_CAPWAP, 0},
    {{"CAPWAP: another binding", UDP, 5247, "0010050000000000"}, OUTCOME_WITHOUT_TCP, SUBJECT_NONE, 0},
    {{"ERSPAN of no version", GRE, 0,
      "100088be00000001"
      "3001000000000000"},
     OUTCOME_UNSUPPORTED,
     SUBJECT_ERSPAN,
     3},
    {{"ERSPAN III of no Ethernet", GRE, 0,
      "100022eb00000001"
      "200100000000000000000800"},
     OUTCOME_UNSUPPORTED,
     SUBJECT_ERSPAN,
     2},
    {{"NSH of what is unknown", GRE, 0,
      "0000894f"
      "0002020900000100"},
     OUTCOME_UNSUPPORTED,
     SUBJECT_NEXT_PROTOCOL,
     9},
    {{"AYIYA: no packet", UDP, 5072,
      "0100022900000000"
      "01"},
     OUTCOME_WITHOUT_TCP,
     SUBJECT_NONE,
     0},
    {{"AMT: a query", UDP, 2268, "0400"}, OUTCOME_WITHOUT_TCP, SUBJECT_NONE, 0},
    {{"Teredo: no IPv6", UDP, 3544, ""}, OUTCOME_WITHOUT_TCP, SUBJECT_NONE, 0},
    {{"Juniper's mirror: nothing known", UDP, 30030, "000000010000000200"},
     OUTCOME_WITHOUT_TCP,
     SUBJECT_NONE,
     0},
    {{"GTP: an echo", UDP, 2152, "3001002800000001"}, OUTCOME_WITHOUT_TCP, SUBJECT_NONE, 0},
    {{"GTP'", UDP, 2152, "20ff002800000001"}, OUTCOME_WITHOUT_TCP, SUBJECT_NONE, 0},
    {{"GTP with an endless extension", UDP, 2152,
      "34ff003000000001"
      "00000085"
      "00000900"},
     OUTCOME_MALFORMED,
     SUBJECT_GTP,
     0},
    {{"TZSP of what is unknown", UDP, 37008, "0100006301"}, OUTCOME_UNSUPPORTED, SUBJECT_TZSP, 0x63},
    {{"TZSP: keep-alive", UDP, 37008, "0104000101"}, OUTCOME_WITHOUT_TCP, SUBJECT_NONE, 0},
    {{"GRE of what is unknown", GRE, 0, "00001234"}, OUTCOME_UNSUPPORTED, SUBJECT_GRE_PROTOCOL, 0x1234},
    {{"LISP: a request", UDP, 4342, "10000000"}, OUTCOME_WITHOUT_TCP, SUBJECT_NONE, 0},
    {{"BIER", GRE, 0,
      "00008847"
      "00010140"
      "50"},
     OUTCOME_UNSUPPORTED,
     SUBJECT_MPLS,
     5},
    {{"sFlow 5 of what is unknown", UDP, 6343,
      "00000005" AGENT SFLOW5 "0000000100000070"
      "0000000100000001"
      "000000010000000100000000000000010000000200000001"
      "00000001000000480000000900000036"
      "0000000000000036" ETHERNET},
     OUTCOME_UNSUPPORTED,
     SUBJECT_SFLOW,
     9},
    {{"sFlow 5 with a header that is longer than its sample", UDP, 6343,
      "00000005" AGENT SFLOW5 "0000000100000070"
      "0000000100000001"
      "000000010000000100000000000000010000000200000001"
      "00000001000000480000000100000036"
      "0000000000000039" ETHERNET},
     OUTCOME_MALFORMED,
     SUBJECT_SFLOW,
     0},
    {{"sFlow 5 of another enterprise", UDP, 6343,
      "00000005" AGENT SFLOW5 "0000100100000070"
      "0000000100000001"
      "000000010000000100000000000000010000000200000001" RAW5 ETHERNET},
     OUTCOME_WITHOUT_TCP,
     SUBJECT_NONE,
     0},
    {{"sFlow of no version", UDP, 6343, "00000003" AGENT SFLOW4 FLOW4_RAW ETHERNET},
     OUTCOME_WITHOUT_TCP,
     SUBJECT_NONE,
     0},
    {{"sFlow of an agent without address", UDP, 6343,
      "00000005"
      "00000000" SFLOW5},
     OUTCOME_WITHOUT_TCP,
     SUBJECT_NONE,
     0},
};

/* What of these protocols holds no packet, or one that is not looked into. */
Test(tunnel, counted)
{
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        struct packet p;
        make(&p, &others[i].tunnel);
        decoding_ethernet(&d, &p, p.size, p.size);
        EXPECT_COUNTED_IN(&d, others[i].tunnel.name, others[i].outcome, others[i].subject, others[i].value);
    }
}

/* What a raw header of sFlow may be. */
Test(tunnel, sflow_protocols)
{
    static const struct {
        unsigned protocol;
        const char *header;
        bool v6;
    } headers[] = {{3,
                    "1040"
                    "020000000002020000000001" SNAP,
                    false},
                   {4,
                    "57"
                    "020000000002020000000001" SNAP,
                    false},
                   {5, "184103cc", false},
                   {7, "ff030021", false},
                   {11, "", false},
                   {12, "", true},
                   {13, "00010140", false},
                   {15, WLAN_TO_DS "00" SNAP, false}};
    for (size_t i = 0; i < ARRAY_LEN(headers); i++) {
        struct packet sample = {.size = 0}, p = {.size = 0};
        put_hex(&sample, headers[i].header);
        put_inner(&sample, headers[i].v6);
        const uint32_t size = sample.size, padded = (size + 3) & ~3u;
        put_zeros(&sample, padded - size);
        struct packet udp = {.size = 0};
        put_hex(&udp, "00000005" AGENT SFLOW5);
        const uint32_t fields[] = {1,           32 + 8 + 16 + padded, 1,    1, 1,   1, 0, 1, 2, 1, 1,
                                   16 + padded, headers[i].protocol,  size, 0, size};
        for (size_t k = 0; k < ARRAY_LEN(fields); k++)
            put_u32(&udp, fields[k]);
        put_ethernet(&p, 0x0800);
        put_ipv4(&p, &(struct ipv4_fields){.total = 28 + udp.size + padded, .protocol = UDP});
        const unsigned head[] = {60999, 6343, 8 + udp.size + padded, 0};
        for (size_t k = 0; k < ARRAY_LEN(head); k++)
            put_u16(&p, head[k]);
        put_bytes(&p, udp.bytes, udp.size);
        put_bytes(&p, sample.bytes, sample.size);
        decoding_ethernet(&d, &p, p.size, p.size);
        const struct segment *s = decoding_segment(&d, 0, NULL, NULL);
        cr_expect(s && s->seq == 7 && s->bits & SEGMENT_QUOTED, "protocol %u", headers[i].protocol);
    }
}
