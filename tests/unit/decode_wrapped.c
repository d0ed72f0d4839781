/* Link types that put headers of their own before Ethernet, 802.11 or IP: each form of header to TCP, and cut in each length; and
 * what of them holds no packet.
 *
 * Length: tables of headers, each with what becomes of it. */
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
TestSuite(wrapped, .init = open_decoder, .fini = close_decoder);

enum {
    ETHERNET = 1,
    WLAN = 105,
    FRAME_RELAY = 107,
    PRISM = 119,
    DOCSIS = 143,
    AVS = 163,
    USB_LINUX = 189,
    PPI = 192,
    USB_LINUX_PADDED = 220,
    USB_PCAP = 249,
    EXPORT = 252,
    EPON = 259,
    MPACKET = 274,
    EBHSCR = 279,
};

#define MACS  "020000000002020000000001"
#define ETHER MACS "0800"
#define ZERO4 "00000000"
#define ZERO8 ZERO4 ZERO4
#define FRAME "080100000200000000010200000000020200000000030000aaaa030000000800"
/* Tags of exported data: addresses, and the end. */
#define FROM4 "001400040a000001"
#define TO4   "001500040a000002"
#define FROM6 "0016001020010db8000000000000000000000001"
#define TO6   "0017001020010db8000000000000000000000002"
#define END   "00000000"

/* Captures' headers of a bulk transfer, and blocks of NCM and MBIM with one datagram. */
#define BULK_LINUX  ZERO8 "0003" ZERO4 "0000" ZERO8 ZERO8 ZERO8 ZERO8
#define BULK_PADDED BULK_LINUX ZERO8 ZERO8
#define BULK_PCAP   "1b00" ZERO8 ZERO8 ZERO4 "03" ZERO4
#define NCM_16                                                                                               \
    "4e434d480c00000000000c00"                                                                               \
    "4e434d30"                                                                                               \
    "10000000"                                                                                               \
    "1c003600" ZERO4
#define IPS_16                                                                                               \
    "4e434d480c00000000000c00"                                                                               \
    "49505300"                                                                                               \
    "10000000"                                                                                               \
    "1c002800" ZERO4
#define NCM_32                                                                                               \
    "6e636d6810000000" ZERO4 "10000000"                                                                      \
    "6e636d30"                                                                                               \
    "20000000" ZERO8 "3000000036000000" ZERO8

/* IPv4 in IPv6, with a CALIPSO option of so many compartments, times 4 bytes. */
#define CALIPSO(words)                                                                                       \
    MACS "86dd"                                                                                              \
         "6000000000380040" ZERO8 ZERO8 ZERO8 ZERO8 "0401"                                                   \
         "0708" ZERO4 words "00"                                                                             \
         "0000" ZERO4

enum inner { IPV4, IPV6, TCP };

struct wrapped {
    const char *name;
    unsigned link;
    const char *header;
    enum inner inner;
    unsigned behind; /* bytes behind the packet that belong to the wrapping */
    bool check;      /* they are a frame check sequence, from `checked` bytes on */
    unsigned checked;
};

static const struct wrapped cases[] = {
    {"exported: IP", EXPORT, "000c00026970" END, IPV4},
    {"exported: IP, padded", EXPORT, "000c000469700000" END, IPV4},
    {"exported: IPv6", EXPORT, "000c000469707636" END, IPV6},
    {"exported: Ethernet", EXPORT, "000c000c6574685f6d61796265666373" END ETHER, IPV4},
    {"exported: raw IP", EXPORT, "000c00067261775f6970" END, IPV4},
    {"exported: by ether type", EXPORT,
     "000e000965746865727479706500200004"
     "00000800" END,
     IPV4},
    {"exported: TCP between addresses", EXPORT, FROM4 TO4 "000c0003746370" END, TCP},
    {"exported: TCP between addresses of IPv6", EXPORT, FROM6 TO6 "000c0003746370" END, TCP},
    {"exported: by the protocol of IP", EXPORT,
     FROM4 TO4 "000e000869702e70726f746f"
               "0020000400000006" END,
     TCP},
    {"mpacket", MPACKET, "55555555555555d5" ETHER, IPV4, 4, true, 8},
    {"mpacket, the beginning of one that may be interrupted", MPACKET, "555555e6" ETHER, IPV4, 4, true, 4},
    {"mpacket without preamble", MPACKET, ETHER, IPV4},
    {"EPON", EPON, "5555d55500000100" ETHER, IPV4},
    {"EPON that begins at once", EPON, "d55500000100" ETHER, IPV4},
    {"EBHSCR", EBHSCR, "50000000" ZERO4 ZERO8 ZERO8 ZERO8 ETHER, IPV4},
    {"DOCSIS", DOCSIS,
     "0000003a"
     "0762" ETHER,
     IPV4, 4},
    {"DOCSIS, isolated", DOCSIS,
     "8000003a"
     "694f" ETHER,
     IPV4, 4},
    {"DOCSIS with an extended header", DOCSIS,
     "01080042"
     "3200000010aa0000"
     "537d" ETHER,
     IPV4, 4},
    {"Prism", PRISM,
     "44000000"
     "90000000" ZERO8 ZERO8 ZERO8 ZERO8 ZERO8 ZERO8 ZERO8 ZERO8 ZERO8 ZERO8 ZERO8 ZERO8 ZERO8 ZERO8 ZERO8
         ZERO8 ZERO8 FRAME,
     IPV4},
    {"Prism in the other order of bytes", PRISM,
     "00000041"
     "00000090" ZERO8 ZERO8 ZERO8 ZERO8 ZERO8 ZERO8 ZERO8 ZERO8 ZERO8 ZERO8 ZERO8 ZERO8 ZERO8 ZERO8 ZERO8
         ZERO8 ZERO8 FRAME,
     IPV4},
    {"Prism that is AVS", PRISM, "8021100200000010" ZERO8 FRAME, IPV4},
    {"AVS", AVS, "8021100100000010" ZERO8 FRAME, IPV4},
    {"PPI of 802.11", PPI, "0000080069000000" FRAME, IPV4},
    {"PPI of 802.11 with fields", PPI,
     "0000240069000000"
     "03000400" ZERO4 "02001000" ZERO8 "0000"
     "000000000000" FRAME,
     IPV4},
    {"PPI of 802.11 with a check sequence", PPI,
     "00001c0069000000"
     "02001000" ZERO8 "0100"
     "000000000000" FRAME,
     IPV4, 4},
    {"PPI of Ethernet", PPI, "0000080001000000" ETHER, IPV4},
    {"USB of Linux: NCM", USB_LINUX, BULK_LINUX NCM_16 ETHER, IPV4},
    {"USB of Linux, padded: NCM", USB_LINUX_PADDED, BULK_PADDED NCM_16 ETHER, IPV4},
    {"USB of Linux, padded: MBIM", USB_LINUX_PADDED, BULK_PADDED IPS_16, IPV4},
    {"USBPcap: NCM", USB_PCAP, BULK_PCAP NCM_16 ETHER, IPV4},
    {"USBPcap: NCM of 32 bits", USB_PCAP, BULK_PCAP NCM_32 ETHER, IPV4},
    {"CALIPSO", ETHERNET, CALIPSO("00"), IPV4},
    {"Frame Relay: RFC 2427", FRAME_RELAY, "184103cc", IPV4},
    {"Frame Relay: RFC 2427, padded", FRAME_RELAY, "18410300cc", IPV4},
    {"Frame Relay: padded before the control byte", FRAME_RELAY, "18410003cc", IPV4},
    {"Frame Relay: RFC 2427 in an information frame", FRAME_RELAY, "18410202cc", IPV4},
    {"Frame Relay: Cisco", FRAME_RELAY, "18410800", IPV4},
    {"Frame Relay: Ethernet", FRAME_RELAY,
     "1841"
     "0a1b2c3d4e5f"
     "0a1b2c3d4e60"
     "0800",
     IPV4, 4},
    {"Frame Relay: Ethernet, to an address like an unnumbered frame", FRAME_RELAY,
     "1841"
     "071b2c3d4e5f"
     "0a1b2c3d4e60"
     "0800",
     IPV4, 4},
    {"CALIPSO whose compartments end with the packet", ETHERNET, CALIPSO("0b"), IPV4},
    {"MACsec", ETHERNET,
     MACS "88e5"
          "002a00000001"
          "0800",
     IPV4, 16},
    {"MACsec with a channel", ETHERNET,
     MACS "88e5"
          "202a00000001" ZERO8 "0800",
     IPV4, 16},
};

/* Bit by bit, unlike the decoder's. */
static uint32_t check_of(const uint8_t *p, uint32_t n)
{
    uint32_t crc = 0xffffffff;
    for (uint32_t i = 0; i < n; i++) {
        crc ^= p[i];
        for (int bit = 0; bit < 8; bit++)
            crc = crc & 1 ? crc >> 1 ^ 0xedb88320 : crc >> 1;
    }
    return ~crc;
}

static void make(struct packet *p, const struct wrapped *w)
{
    *p = (struct packet){.size = 0};
    put_hex(p, w->header);
    if (w->inner == IPV4)
        put_ipv4(p, &(struct ipv4_fields){.total = 40});
    else if (w->inner == IPV6)
        put_ipv6(p, &(struct ipv6_fields){.payload = 20, .next = 6});
    put_tcp(p, &(struct tcp_fields){.seq = 7, .flags = TCP_SYN});
    if (w->check)
        put_u32(p, __builtin_bswap32(check_of(p->bytes + w->checked, p->size - w->checked)));
    else
        put_zeros(p, w->behind);
}

static void run(const struct packet *p, unsigned link, uint32_t captured, uint32_t length)
{
    struct frame f = {
        .data = p->bytes, .captured = captured, .length = length, .link_type = (uint16_t)link, .decimals = 6};
    decoding_run(&d, &f, 0);
}

Test(wrapped, reach_tcp)
{
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct packet p;
        make(&p, &cases[i]);
        run(&p, cases[i].link, p.size, p.size);
        const struct segment *s = decoding_segment(&d, 0, NULL, NULL);
        cr_expect(s && s->seq == 7 && d.counts.segments == 1, "%s", cases[i].name);
        for (uint32_t n = 0; n < p.size - 20 - cases[i].behind; n++) {
            run(&p, cases[i].link, n, p.size);
            cr_expect_null(decoding_segment(&d, 0, NULL, NULL), "%s, %u captured", cases[i].name, n);
            run(&p, cases[i].link, n, n);
            cr_expect_null(decoding_segment(&d, 0, NULL, NULL), "%s, %u long", cases[i].name, n);
        }
    }
}

static const struct {
    struct wrapped wrapped;
    enum outcome outcome;
    enum subject subject;
    uint32_t value;
} others[] = {
    {{"exported: TCP without addresses", EXPORT, "000c0003746370" END, TCP},
     OUTCOME_WITHOUT_TCP,
     SUBJECT_NONE,
     0},
    {{"exported: TCP between addresses of two kinds", EXPORT, FROM4 TO6 "000c0003746370" END, TCP},
     OUTCOME_WITHOUT_TCP,
     SUBJECT_NONE,
     0},
    {{"exported: a longer name", EXPORT,
      "000c0004697078"
      "00" END,
      IPV4},
     OUTCOME_WITHOUT_TCP,
     SUBJECT_NONE,
     0},
    {{"mpacket with a wrong check sequence", MPACKET, "5555d5" ETHER, IPV4, 4},
     OUTCOME_UNSUPPORTED,
     SUBJECT_FRAGMENT,
     3},
    {{"mpacket that ends with its preamble", MPACKET, "555500" ETHER, IPV4},
     OUTCOME_WITHOUT_TCP,
     SUBJECT_NONE,
     0},
    {{"EPON, encrypted", EPON, "5555d55502000100" ETHER, IPV4}, OUTCOME_UNSUPPORTED, SUBJECT_ETHERNET, 0},
    {{"EPON without delimiter", EPON, "5600d55500000100" ETHER, IPV4}, OUTCOME_WITHOUT_TCP, SUBJECT_NONE, 0},
    {{"EBHSCR of what is no Ethernet", EBHSCR, "51000000" ZERO4 ZERO8 ZERO8 ZERO8 ETHER, IPV4},
     OUTCOME_WITHOUT_TCP,
     SUBJECT_NONE,
     0},
    {{"DOCSIS with a wrong check sequence", DOCSIS,
      "00000000"
      "dffc" ETHER,
      IPV4, 4},
     OUTCOME_MALFORMED,
     SUBJECT_DOCSIS,
     0},
    {{"DOCSIS, encrypted", DOCSIS,
      "0104003e"
      "32008000"
      "9b21" ETHER,
      IPV4, 4},
     OUTCOME_UNSUPPORTED,
     SUBJECT_DOCSIS,
     0},
    {{"DOCSIS, encrypted, by its second element", DOCSIS,
      "0104003e"
      "00320080"
      "cd6f" ETHER,
      IPV4, 4},
     OUTCOME_UNSUPPORTED,
     SUBJECT_DOCSIS,
     0},
    {{"DOCSIS: management", DOCSIS,
      "c2000000"
      "0000" ETHER,
      IPV4, 4},
     OUTCOME_WITHOUT_TCP,
     SUBJECT_NONE,
     0},
    {{"DOCSIS without a packet", DOCSIS,
      "08000000"
      "0000" ETHER,
      IPV4, 4},
     OUTCOME_WITHOUT_TCP,
     SUBJECT_NONE,
     0},
    {{"USB: a datagram beyond its block", USB_PCAP,
      BULK_PCAP "4e434d480c00000000000c00"
                "4e434d30"
                "10000000"
                "1c003700" ZERO4 ETHER,
      IPV4},
     OUTCOME_MALFORMED,
     SUBJECT_ETHERNET,
     0},
    {{"USB: a table of an odd length", USB_PCAP,
      BULK_PCAP "4e434d480c00000000000c00"
                "4e434d30"
                "11000000"
                "1c003600" ZERO4 ETHER,
      IPV4},
     OUTCOME_MALFORMED,
     SUBJECT_ETHERNET,
     0},
    {{"USB: tables in a loop", USB_PCAP,
      BULK_PCAP "4e434d480c00000000000c00"
                "4e434d30"
                "10000c00" ZERO4 ZERO4 ETHER,
      IPV4},
     OUTCOME_UNSUPPORTED,
     SUBJECT_DEPTH,
     DECODE_DEPTH},
    {{"Frame Relay: CDP, whose bytes would be Ethernet", FRAME_RELAY,
      "1841"
      "20001b2c3d4e"
      "0a1b2c3d4e60"
      "0800",
      IPV4, 4},
     OUTCOME_WITHOUT_TCP,
     SUBJECT_NONE,
     0},
    {{"Frame Relay: XID, likewise", FRAME_RELAY,
      "1841"
      "af1b2c3d4e5f"
      "0a1b2c3d4e60"
      "0800",
      IPV4, 4},
     OUTCOME_WITHOUT_TCP,
     SUBJECT_NONE,
     0},
    {{"Frame Relay: UI of an unknown NLPID, likewise", FRAME_RELAY,
      "1841"
      "031b2c3d4e5f"
      "0a1b2c3d4e60"
      "0800",
      IPV4, 4},
     OUTCOME_WITHOUT_TCP,
     SUBJECT_NONE,
     0},
    {{"CALIPSO whose compartments are not there", ETHERNET, CALIPSO("0c"), IPV4},
     OUTCOME_MALFORMED,
     SUBJECT_IPV6,
     0},
    {{"MACsec, encrypted", ETHERNET,
      MACS "88e5"
           "0c2000000001"
           "0800",
      IPV4, 16},
     OUTCOME_UNSUPPORTED,
     SUBJECT_MACSEC,
     0x0c},
};

Test(wrapped, counted)
{
    for (size_t i = 0; i < ARRAY_LEN(others); i++) {
        struct packet p;
        make(&p, &others[i].wrapped);
        run(&p, others[i].wrapped.link, p.size, p.size);
        EXPECT_COUNTED_IN(&d, others[i].wrapped.name, others[i].outcome, others[i].subject, others[i].value);
    }
}

/* ICMP errors quote: as much as their length says, where it says a length. ICMPv6 redirects quote in an option. */
Test(wrapped, quoted_in_errors)
{
    static const struct {
        const char *name;
        unsigned protocol; /* of ICMP; next header of ICMPv6 */
        const char *header;
        bool v6, found;
    } errors[] = {
        {"unreachable", 1, "0301000000000000", false, true},
        {"unreachable, with a length", 1, "0301000000200000", false, true},
        {"unreachable, with a length that is none", 1, "0301000000040000", false, true},
        {"unreachable, of three words", 1, "0301000000030000", false, false},
        {"source quench", 1, "0400000000000000", false, true},
        {"source quench, of one word", 1, "0400000000010000", false, false},
        {"time exceeded", 1, "0b00000000000000", false, true},
        {"parameter problem", 1, "0c00000000000000", false, true},
        {"redirect", 1, "0500000000000000", false, false},
        {"echo", 1, "0800000000000000", false, false},
        {"unreachable", 58, "0101000000000000", true, true},
        {"too big", 58, "0200000000000500", true, true},
        {"time exceeded", 58, "0300000000000000", true, true},
        {"parameter problem", 58, "0400000000000000", true, true},
        {"redirect", 58,
         "8900000000000000" ZERO8 ZERO8 ZERO8 ZERO8 "0201000000000000"
         "0409000000000000",
         true, true},
        {"redirect without the packet", 58, "8900000000000000" ZERO8 ZERO8 ZERO8 ZERO8 "0209000000000000",
         true, false},
        {"redirect with an option of no length", 58,
         "8900000000000000" ZERO8 ZERO8 ZERO8 ZERO8 "0400000000000000", true, false},
        {"echo", 58, "8000000000000000", true, false},
    };
    for (size_t i = 0; i < ARRAY_LEN(errors); i++) {
        struct packet quoting = {.size = 0}, p = {.size = 0};
        put_hex(&quoting, errors[i].header);
        if (errors[i].v6)
            put_ipv6(&quoting, &(struct ipv6_fields){.payload = 20, .next = 6});
        else
            put_ipv4(&quoting, &(struct ipv4_fields){.total = 40});
        put_tcp(&quoting, &(struct tcp_fields){.seq = 7, .flags = TCP_SYN});
        put_zeros(&quoting, 4);
        put_ethernet(&p, errors[i].v6 ? 0x86dd : 0x0800);
        if (errors[i].v6)
            put_ipv6(&p, &(struct ipv6_fields){.payload = quoting.size, .next = errors[i].protocol});
        else
            put_ipv4(&p, &(struct ipv4_fields){.total = 20 + quoting.size, .protocol = errors[i].protocol});
        put_bytes(&p, quoting.bytes, quoting.size);
        decoding_ethernet(&d, &p, p.size, p.size);
        const struct segment *s = decoding_segment(&d, 0, NULL, NULL);
        cr_expect_eq(s && s->seq == 7 && s->bits & SEGMENT_QUOTED, errors[i].found, "%s, protocol %u",
                     errors[i].name, errors[i].protocol);
    }
}

/* Options of IPv4: one that is shorter than its kind is malformed; a source route that is not used up has the destination. */
Test(wrapped, options_of_ipv4)
{
    static const struct {
        const char *name, *options; /* 8 bytes */
        bool malformed;
        uint32_t destination; /* 0: that of the header */
    } options[] = {
        {"a record route that is too short", "0702000000000000", true, 0},
        {"router alert", "9404000000000000", false, 0},
        {"router alert that is too short", "9403000000000000", true, 0},
        {"CIPSO that is too short", "8605000000000000", true, 0},
        {"quick start that is too short", "1907000000000000", true, 0},
        {"traceroute that is too short", "5208000000000000", true, 0},
        {"of a kind that is unknown", "ee02ee0200000000", false, 0},
        {"a length that ends behind the header", "940a000000000000", false, 0},
        {"no length", "ee01000000000000", false, 0},
        {"the end, then anything", "0007020000000000", false, 0},
        {"a loose source route", "8307040a09080700", false, 0x0a090807},
        {"a strict source route", "8907040a09080700", false, 0x0a090807},
        {"a source route that is used up", "8307080a09080700", false, 0},
        {"a source route that points nowhere", "8307050a09080700", false, 0},
        {"two source routes", "8303048307040a09", false, 0},
    };
    for (size_t i = 0; i < ARRAY_LEN(options); i++) {
        struct packet p = {.size = 0}, bytes = {.size = 0};
        put_hex(&bytes, options[i].options);
        put_ethernet(&p, 0x0800);
        put_ipv4(&p, &(struct ipv4_fields){.total = 48, .words = 7});
        put_bytes(&p, bytes.bytes, 8);
        put_tcp(&p, &(struct tcp_fields){.seq = 7, .flags = TCP_SYN});
        decoding_ethernet(&d, &p, p.size, p.size);
        if (options[i].malformed) {
            EXPECT_COUNTED(&d, OUTCOME_MALFORMED, SUBJECT_IPV4, 0);
            continue;
        }
        const struct segment *s = decoding_segment(&d, 0, NULL, NULL);
        cr_assert(s, "%s", options[i].name);
        const uint32_t *address = ((const struct segment4 *)(const void *)s)->address;
        const uint32_t to = options[i].destination ? options[i].destination : 0x0a000002;
        cr_expect(address[0] == to || address[1] == to, "%s: %08x, %08x", options[i].name, address[0],
                  address[1]);
    }
}

/* The home address of a mobile node takes the place of the source, whatever length its option says. */
Test(wrapped, home_address)
{
    static const char *const lengths[] = {"10", "04", "12"};
    static const uint8_t home[] = {0xfc, 0, 0, 7};
    for (size_t i = 0; i < ARRAY_LEN(lengths); i++) {
        struct packet p = {.size = 0};
        put_ethernet(&p, 0x86dd);
        put_ipv6(&p, &(struct ipv6_fields){.payload = 24 + 20, .next = 60});
        put_hex(&p, "0602c9");
        put_hex(&p, lengths[i]);
        put_hex(&p, "fc000007" ZERO4 ZERO8 "01020000");
        put_tcp(&p, &(struct tcp_fields){.seq = 7, .flags = TCP_SYN});
        decoding_ethernet(&d, &p, p.size, p.size);
        const struct segment *s = decoding_segment(&d, 0, NULL, NULL);
        cr_assert(s, "length %s", lengths[i]);
        const struct segment6 *s6 = (const void *)s;
        cr_expect(!memcmp(s6->address[0], home, sizeof home) || !memcmp(s6->address[1], home, sizeof home),
                  "length %s", lengths[i]);
    }
    struct packet p = {.size = 0};
    put_ethernet(&p, 0x86dd);
    put_ipv6(&p, &(struct ipv6_fields){.payload = 8 + 8, .next = 60});
    put_hex(&p, "0600c904fc000007" ZERO8);
    decoding_ethernet(&d, &p, p.size, p.size);
    EXPECT_COUNTED(&d, OUTCOME_MALFORMED, SUBJECT_IPV6, 0);
}

/* An entry without index and length ends a table of NCM, but not in 4.0. */
Test(wrapped, empty_entry_of_ncm)
{
    static const struct wrapped empty = {"", USB_PCAP,
                                         BULK_PCAP "4e434d480c00000000000c00"
                                                   "4e434d30"
                                                   "10000000" ZERO4 "1c003600" ETHER,
                                         IPV4};
    static const enum rules rules[] = {RULES_4_0, RULES_4_2, RULES_4_4};
    struct packet p;
    make(&p, &empty);
    for (size_t i = 0; i < ARRAY_LEN(rules); i++) {
        decoding_close(&d);
        decoding_open(&d, rules[i], 1, 1);
        run(&p, empty.link, p.size, p.size);
        cr_expect_eq(decoding_segment(&d, 0, NULL, NULL) != NULL, rules[i] == RULES_4_0, "%d", rules[i]);
    }
}
