/* FTP under generation 4.0: what is read out of a line, which segments are read, and what waits to be taken
 * up. What is expected of odd spellings is what Wireshark 4.0.17 made of each. */
#include "engine/decode/ftp.h"
#include "engine/conversations/announced.h"
#include "engine/conversations/control.h"
#include "tests/support/random.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static struct hash_key key;

/* Some secret: of one that is mostly zeros XXH3 makes hashes that are mostly the same. */
static void make_key(void)
{
    uint64_t random = 1;
    for (size_t i = 0; i < sizeof key.secret; i++)
        key.secret[i] = (uint8_t)random_below(&random, 256);
}
TestSuite(control, .init = make_key);
TestSuite(announced, .init = make_key);

struct spelling {
    const char *text;
    unsigned size; /* 0: up to the terminating zero */
    uint32_t address, port;
};

/* Of text with a zero in it. */
#define SIZED(text) text, sizeof(text) - 1

static struct ftp_announcement read_text(const struct spelling *s, bool request)
{
    /* As much memory as there are bytes: what is read beyond them is noticed. */
    size_t size = s->size ? s->size : strlen(s->text);
    uint8_t *bytes = malloc(size + !size);
    memcpy(bytes, s->text, size);
    struct ftp_announcement a = ftp_read(bytes, (uint32_t)size, request);
    free(bytes);
    return a;
}

static void expect(const struct spelling *s, size_t count, bool request, enum ftp_kind kind)
{
    for (size_t i = 0; i < count; i++) {
        struct ftp_announcement a = read_text(&s[i], request);
        cr_expect_eq(a.kind, kind, "\"%s\": kind %u", s[i].text, a.kind);
        if (kind != FTP_NOTHING)
            cr_expect(a.address == s[i].address && a.port == s[i].port, "\"%s\": %08x, port %u", s[i].text,
                      a.address, a.port);
    }
}

#define TEN 0x0a000102u

Test(ftp, host_and_port)
{
    static const struct spelling passive[] = {
        {"227 Entering Passive Mode (10,0,1,2,11,184).\r\n", 0, TEN, 3000},
        {"227 10,0,1,2,11,184", 0, TEN, 3000},
        {"227-=10,0,1,2,11,184\nmore", 0, TEN, 3000},
        {"2270010,0,1,2,11,184\r", 0, TEN, 3000},
        {"227 1 10,0,1,2,11,184", 0, TEN, 3000},
        {"227 12,13 10,0,1,2,11,184", 0, TEN, 3000},
        {"227 10,0,1,2,11,184,9", 0, TEN, 3000},
        {"227 10, 0,\t1,\v2,+11,184", 0, TEN, 3000},
        {"227 266,0,1,2,267,440", 0, TEN, 3000},
        {"227 -10,0,1,2,-245,-72", 0, TEN, 3000},
        {"227 10,0,1,4294967298,11,4294967480", 0, TEN, 3000},
        {"227 10,0,1,258,11,184", 0, TEN | 0x100, 3000},
        {"227 10,0,1,2,11,99999999999999999999", 0, TEN, 11 << 8 | 0xff},
        {"227 10,0,1,2,11,-99999999999999999999", 0, TEN, 11 << 8},
        {SIZED("227 (10,0,1,2,11,184)\0"), TEN, 3000},
    };
    static const struct spelling active[] = {
        {"PORT 10,0,1,2,11,184\r\n", 0, TEN, 3000},
        {"PORT  (10,0,1,2,11,184)", 0, TEN, 3000},
        {"PORT x 10,0,1,2,11,184y", 0, TEN, 3000},
    };
    static const struct spelling no_reply[] = {
        {"", 0, 0, 0},
        {"2", 0, 0, 0},
        {"227", 0, 0, 0},
        {"227 ", 0, 0, 0},
        {"227 10,0,1,2,11", 0, 0, 0},
        {"227 10,0,1,2,11,", 0, 0, 0},
        {"227 10.0.1.2.11.184", 0, 0, 0},
        {"227 10 ,0,1,2,11,184", 0, 0, 0},
        {"227 0x0a,0,1,2,11,184", 0, 0, 0},
        {SIZED("227 \0(10,0,1,2,11,184)"), 0, 0},
        {"227\r\n10,0,1,2,11,184", 0, 0, 0},
        {"220 x\r\n227 10,0,1,2,11,184", 0, 0, 0},
        {" 227 10,0,1,2,11,184", 0, 0, 0},
        {"228 10,0,1,2,11,184", 0, 0, 0},
        {"PORT 10,0,1,2,11,184", 0, 0, 0},
    };
    static const struct spelling no_request[] = {
        {"PORT", 0, 0, 0},
        {"port 10,0,1,2,11,184", 0, 0, 0},
        {" PORT 10,0,1,2,11,184", 0, 0, 0},
        {"PORT\t10,0,1,2,11,184", 0, 0, 0},
        {"PORTS 10,0,1,2,11,184", 0, 0, 0},
        {"PORT\r\n10,0,1,2,11,184", 0, 0, 0},
        {"EPRT |1|10.0.1.2|3000|", 0, 0, 0},
        {"227 10,0,1,2,11,184", 0, 0, 0},
    };
    expect(passive, ARRAY_LEN(passive), false, FTP_PASSIVE);
    expect(active, ARRAY_LEN(active), true, FTP_PORT);
    expect(no_reply, ARRAY_LEN(no_reply), false, FTP_NOTHING);
    expect(no_request, ARRAY_LEN(no_request), true, FTP_NOTHING);
}

Test(ftp, extended)
{
    static const struct spelling good[] = {
        {"229 Entering Extended Passive Mode (|||3000|)\r\n", 0, 0, 3000},
        {"229-(!!!3000!)", 0, 0, 3000},
        {"229 (|||3000)", 0, 0, 3000},
        {"229 (||3000|)", 0, 0, 3000},
        {"229 (3000)", 0, 0, 3000},
        {"229 (((3000)", 0, 0, 3000},
        {"229 ()))3000)", 0, 0, 3000},
        {"229 (+3000)", 0, 0, 3000},
        {"229 (zzz3000z)", 0, 0, 3000},
        {"229 (|||03000.5)", 0, 0, 3000},
        {"229 (||| 3000 |)", 0, 0, 3000},
        {"229 (\t\t\t3000|)", 0, 0, 3000},
        {"229 (||| +3000|)", 0, 0, 3000},
        {"229 (|1||3000|)", 0, 0, 1},
        {"229 (|||65535|)", 0, 0, 65535},
        {"229 (|||68536|)", 0, 0, 65535},
        {"229 (||| -62536|)", 0, 0, 65535},
        {"229 (|||99999999999999999999999|)", 0, 0, 65535},
        {"229 (||||3000|)", 0, 0, 0},
        {"229 (x|)", 0, 0, 0},
        {"229 (|||0|)", 0, 0, 0},
    };
    static const struct spelling bad[] = {
        {"229 |||3000|", 0, 0, 0},
        {"229(|||3000|)", 0, 0, 0},
        {"229 (|||3000|", 0, 0, 0},
        {"229 (|||+3000|)", 0, 0, 0},
        {"229 (|||-62536|)", 0, 0, 0},
        {"229 (|||68536)", 0, 0, 0},
        {"229 (a) (|||3000|)", 0, 0, 0},
        {"229 (:::3000)", 0, 0, 0},
        {"229 (...3000)", 0, 0, 0},
        {"229 (aaa3000)", 0, 0, 0},
        {"229 ( |||3000)", 0, 0, 0},
        {"229 (\x7f\x7f\x7f"
         "3000)",
         0, 0, 0},
        {SIZED("229 (|||3000\0)"), 0, 0},
        {"229 (|||)", 0, 0, 0},
        {"229 (", 0, 0, 0},
        {"229 (|", 0, 0, 0},
        {"229 (|)", 0, 0, 0},
    };
    expect(good, ARRAY_LEN(good), false, FTP_EXTENDED_PASSIVE);
    expect(bad, ARRAY_LEN(bad), false, FTP_NOTHING);
    expect(good, ARRAY_LEN(good), true, FTP_NOTHING);
}

/* A control connection: flow 0 is the client's. */
struct line {
    struct control_table table;
    int64_t time;
};

static int say_all(struct line *l, unsigned flow, unsigned flags, uint32_t seq, uint32_t ack,
                   uint32_t payload, unsigned bits, bool cut)
{
    struct ftp_segment f = {
        .v4 = {.s = {.time = l->time += 1000,
                     .seq = seq,
                     .ack = ack,
                     .payload = payload,
                     .port = {40000, FTP_CONTROL_PORT},
                     .flags = (uint16_t)flags,
                     .bits = (uint8_t)(bits | flow)},
               .address = {1, 2}},
        .window = 100,
        .cut = cut,
        .family = FAMILY_IPV4,
    };
    return control_add(&l->table, &f, &key);
}

static int say(struct line *l, unsigned flow, unsigned flags, uint32_t seq, uint32_t ack, uint32_t payload)
{
    return say_all(l, flow, flags, seq, ack, payload, SEGMENT_LENGTH_KNOWN, false);
}

static void handshake(struct line *l)
{
    say(l, 0, TCP_SYN, 1000, 0, 0);
    say(l, 1, TCP_SYN | TCP_ACK, 5000, 1001, 0);
    say(l, 0, TCP_ACK, 1001, 5001, 0);
}

Test(control, what_comes_again_is_not_read)
{
    struct line l = {0};
    handshake(&l);
    cr_expect_eq(say(&l, 1, TCP_ACK, 5001, 1001, 20), 1);
    cr_expect_eq(say(&l, 1, TCP_ACK, 5001, 1001, 20), 0, "the same again");
    cr_expect_eq(say(&l, 1, TCP_ACK, 5001, 1001, 40), 0, "more than before");
    cr_expect_eq(say(&l, 1, TCP_ACK, 5040, 1001, 40), 1, "one byte of overlap");
    cr_expect_eq(say(&l, 1, TCP_ACK, 6000, 1001, 0), 1, "a gap");
    cr_expect_eq(say(&l, 1, TCP_ACK, 5080, 1001, 40), 0, "in the gap");
    cr_expect_eq(say(&l, 1, TCP_ACK, 6000, 1001, 10), 1);
    say(&l, 0, TCP_ACK, 1001, 7000, 0);
    cr_expect_eq(say(&l, 1, TCP_ACK, 6010, 1001, 990), 0, "acknowledged");
    cr_expect_eq(say(&l, 1, TCP_ACK, 7000, 1001, 1), 1);
    control_free(&l.table);
}

Test(control, what_was_asked_for_is_read)
{
    struct line l = {0};
    handshake(&l);
    say(&l, 1, TCP_ACK, 5001, 1001, 20);
    for (int i = 0; i < 2; i++)
        say(&l, 0, TCP_ACK, 1001, 5001, 0);
    cr_expect_eq(say(&l, 1, TCP_ACK, 5001, 1001, 20), 1, "three times (the handshake's is one)");
    l.time += 20000000;
    cr_expect_eq(say(&l, 1, TCP_ACK, 5001, 1001, 20), 0, "too late");
    say(&l, 0, TCP_ACK, 1001, 5001, 0);
    cr_expect_eq(say(&l, 1, TCP_ACK, 5005, 1001, 4), 0, "not what was asked for");
    control_free(&l.table);
}

Test(control, unknown_and_cut)
{
    struct line l = {0};
    handshake(&l);
    say(&l, 1, TCP_ACK, 9000, 1001, 0);
    cr_expect_eq(say_all(&l, 1, TCP_ACK, 5001, 1001, 0, 0, false), 1, "length unknown");
    cr_expect_eq(say_all(&l, 1, TCP_ACK, 5001, 1001, 20, SEGMENT_LENGTH_KNOWN, true), 0, "cut, and again");
    say(&l, 0, TCP_ACK, 1001, 9000, 0);
    cr_expect_eq(say_all(&l, 1, TCP_ACK, 5001, 1001, 20, SEGMENT_LENGTH_KNOWN, true), 1,
                 "cut, and acknowledged");
    control_free(&l.table);
}

Test(control, a_reuse_starts_afresh)
{
    struct line l = {0};
    handshake(&l);
    say(&l, 1, TCP_ACK, 5001, 1001, 2000);
    say(&l, 0, TCP_SYN, 1000, 0, 0);
    cr_expect_eq(say(&l, 1, TCP_ACK, 5001, 1001, 20), 0, "the SYN came again");
    say(&l, 0, TCP_SYN, 2000, 0, 0);
    cr_expect_eq(say(&l, 1, TCP_ACK, 5001, 1001, 20), 1, "another SYN");
    control_free(&l.table);
}

/* Those whose last segments are the longest ago are given up. */
Test(control, bounded)
{
    struct control_table t = {0};
    struct ftp_segment f = {.family = FAMILY_IPV6};
    f.v6.s = (struct segment){
        .seq = 100, .payload = 10, .port = {FTP_CONTROL_PORT, 1}, .bits = SEGMENT_LENGTH_KNOWN};
    uint32_t read = 0;
    for (uint32_t i = 0; i <= CONTROL_MAX; i++) {
        memcpy(f.v6.address[0], &i, sizeof i);
        read += control_add(&t, &f, &key) == 1;
        if (i == CONTROL_MAX - 1) { /* the first is the newest now */
            memset(f.v6.address[0], 0, sizeof i);
            cr_assert_eq(control_add(&t, &f, &key), 0);
        }
    }
    cr_expect_eq(read, CONTROL_MAX + 1);
    cr_expect_eq(t.count, CONTROL_MAX);
    const struct {
        uint32_t number;
        int read;
    } then[] = {{0, 0}, {2, 0}, {CONTROL_MAX, 0}, {1, 1}, {3, 1}};
    for (unsigned i = 0; i < ARRAY_LEN(then); i++) {
        memcpy(f.v6.address[0], &then[i].number, sizeof then[i].number);
        cr_expect_eq(control_add(&t, &f, &key), then[i].read, "connection %u", then[i].number);
    }
    control_free(&t);
}

static struct tuple waits_at(uint32_t address, uint16_t port, uint32_t other)
{
    struct tuple t = {.port = {port, 0}, .family = FAMILY_IPV4};
    memcpy(t.address[0], &address, 4);
    memcpy(t.address[1], &other, 4);
    return t;
}

static bool begins(struct announced_table *t, uint32_t low, uint16_t low_port, uint32_t high,
                   uint16_t high_port, unsigned flow, uint64_t made)
{
    struct segment4 s = {.s = {.port = {low_port, high_port}, .bits = (uint8_t)flow}, .address = {low, high}};
    return announced_take(t, &s.s, FAMILY_IPV4, made);
}

Test(announced, once_for_any_port)
{
    struct announced_table t = {.key = &key};
    struct tuple half = waits_at(2, 3000, 1);
    cr_expect(!begins(&t, 1, 40000, 2, 3000, 0, 0), "nothing is announced");
    cr_assert_eq(announced_add(&t, &half, 0), 0);
    cr_expect(!begins(&t, 1, 40000, 2, 3001, 0, 1), "another port");
    cr_expect(!begins(&t, 2, 3000, 3, 40000, 0, 1), "another host");
    cr_expect(!begins(&t, 1, 3000, 2, 40000, 0, 1), "the port of the other host");
    cr_expect(begins(&t, 1, 40000, 2, 3000, 1, 1), "whoever begins");
    cr_expect(!begins(&t, 1, 40001, 2, 3000, 0, 1), "once");
    for (uint64_t i = 1; i < 3; i++)
        cr_assert_eq(announced_add(&t, &half, i), 0);
    cr_expect(begins(&t, 1, 40001, 2, 3000, 0, 3));
    cr_expect(begins(&t, 1, 40002, 2, 3000, 0, 3), "twice");
    cr_expect(!begins(&t, 1, 40003, 2, 3000, 0, 3));
    announced_free(&t);
}

Test(announced, the_newest_count)
{
    struct announced_table t = {.key = &key};
    enum { MADE = 3 * ANNOUNCED_MAX };
    int failed = 0;
    for (uint32_t i = 0; i < MADE; i++) {
        struct tuple half = waits_at(i % 3 ? 7 : i + 10, 3000, 1); /* many equal ones among them */
        failed |= announced_add(&t, &half, i);
        if (i % 5 == 0)
            begins(&t, 1, 1, 7, 3000, 0, i + 1);
    }
    cr_assert_eq(failed, 0);
    cr_expect_leq(t.end - t.first, ANNOUNCED_MAX);
    cr_expect_eq(t.capacity, ANNOUNCED_MAX);
    uint32_t oldest = MADE - ANNOUNCED_MAX;
    while (oldest % 3)
        oldest++;
    cr_expect(begins(&t, 1, 1, oldest + 10, 3000, 0, MADE));
    cr_expect(!begins(&t, 1, 1, oldest + 7, 3000, 0, MADE));
    announced_drop(&t, 2 * MADE);
    cr_expect_eq(t.waiting, 0);
    cr_expect_eq(t.capacity, 0, "what is empty is given back");
    cr_expect(!begins(&t, 1, 1, MADE + 9, 3000, 0, 2 * MADE));
    announced_free(&t);
}
