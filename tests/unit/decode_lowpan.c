/* 6LoWPAN and what leads to it, to TCP and cut in each length; and what is noted for settling: L2TP version 3, fragments. */
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
TestSuite(lowpan, .init = open_decoder, .fini = close_decoder);

#define MAC_LONG "41cc01cdab02020200027412020101010001741202"
#define MACS     "020000000002020000000001"

static const struct {
    const char *name;
    unsigned link;
    const char *header; /* all before TCP */
} cases[] = {
    {"elided", 230, MAC_LONG "7a3306"},
    {"inline", 230,
     MAC_LONG "7a0006"
              "01020304050607080910111213141516"
              "20212223242526272829303132333435"},
    {"with contexts", 230,
     MAC_LONG "7ad500"
              "06"
              "0102030405060708"
              "0910111213141516"},
    {"multicast", 230,
     MAC_LONG "7a3c06"
              "010203040506"},
    {"mesh", 230,
     MAC_LONG "bf05000100025001"
              "7a3306"},
    {"extensions", 230, MAC_LONG "7e33e106010400000000e60606010400000000"},
    {"IPv6 in IPv6", 230, MAC_LONG "7e33ee7a3306"},
    {"elements", 230,
     "41ee0102020200027412020101010001741202"
     "003f00f8"
     "7a3306"},
    {"TAP", 283, "00000c000000010000000000" MAC_LONG "7a3306"},
    {"Ethernet", 1, MACS "a0ed7a3306"},
};

static struct frame frame_of(const struct packet *p, unsigned link)
{
    return (struct frame){
        .data = p->bytes, .captured = p->size, .length = p->size, .link_type = (uint16_t)link, .decimals = 6};
}

Test(lowpan, to_tcp_and_cut)
{
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        struct packet p = {0};
        put_hex(&p, cases[i].header);
        uint32_t before = p.size;
        put_tcp(&p, &(struct tcp_fields){.seq = 7, .flags = TCP_SYN});
        struct frame f = frame_of(&p, cases[i].link);
        decoding_run(&d, &f, 0);
        const struct segment *s = decoding_segment(&d, 0, NULL, NULL);
        cr_expect(s && s->seq == 7 && s->payload == 0, "%s", cases[i].name);
        cr_expect_eq(decoding_counted(&d).outcome, OUTCOME_WITH_TCP, "%s", cases[i].name);
        for (f.captured = 0; f.captured < before; f.captured++) {
            decoding_run(&d, &f, 0);
            cr_expect_null(decoding_segment(&d, 0, NULL, NULL), "%s, %u bytes", cases[i].name, f.captured);
        }
    }
}

/* Each is noted once it is whole, and counts as unsupported; cut, it may be counted in another way, but is not lost. */
Test(lowpan, notes)
{
    static const struct {
        const char *name;
        unsigned link;
        const char *bytes;
        enum fragment_kind kind;
        enum subject subject;
        uint32_t value;
    } noted[] = {
        {"6LoWPAN, first", 230,
         MAC_LONG "c0a00007"
                  "7a3306"
                  "00112233",
         FRAGMENT_LOWPAN, SUBJECT_LOWPAN_FRAGMENT, 0},
        {"6LoWPAN, second", 230,
         MAC_LONG "e0a0000706"
                  "0011223344556677",
         FRAGMENT_LOWPAN, SUBJECT_LOWPAN_FRAGMENT, 0},
        {"802.11", 105, "0805000002000000000102000000000202000000000350000011", FRAGMENT_80211,
         SUBJECT_80211_FRAGMENT, 0},
        {"multilink", 9, "ff03003d8000000500214500", FRAGMENT_MULTILINK, SUBJECT_PPP_PROTOCOL, 0x3d},
        {"L2TP", 101,
         "4500001c00000000407300000b0000010b000002"
         "0000123400112233",
         FRAGMENT_L2TP, SUBJECT_L2TP, 3},
    };
    for (size_t i = 0; i < ARRAY_LEN(noted); i++) {
        struct packet p = {0};
        put_hex(&p, noted[i].bytes);
        struct frame f = frame_of(&p, noted[i].link);
        for (f.captured = 0; f.captured <= p.size; f.captured++) {
            decoding_run(&d, &f, 0);
            cr_expect_null(decoding_segment(&d, 0, NULL, NULL), "%s", noted[i].name);
        }
        const struct counted c = decoding_counted(&d);
        cr_expect(c.outcome == OUTCOME_UNSUPPORTED && c.subject == noted[i].subject &&
                      c.value == noted[i].value,
                  "%s", noted[i].name);
        cr_assert(d.fragments.used, "%s", noted[i].name);
        const struct fragment *note = (const struct fragment *)(const void *)d.fragments.bytes;
        cr_expect_eq(note->key.kind, noted[i].kind, "%s", noted[i].name);
        cr_expect(note->counted, "%s", noted[i].name);
        cr_expect_eq(fragment_size(note), d.fragments.used, "%s", noted[i].name);
    }
}
