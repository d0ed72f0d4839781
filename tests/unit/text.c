/* Numbers, times and addresses in the reports. */
#include "io/reports/text.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

/* Puts the end where the function said it is, and checks that nothing was written further behind than it may.
 */
#define TEXT(name, call)                                                                                     \
    char name[80];                                                                                           \
    do {                                                                                                     \
        memset(name, '#', sizeof name);                                                                      \
        char *p = name, *end = call;                                                                         \
        cr_assert(end >= p && end < name + 64);                                                              \
        for (char *beyond = end + TEXT_BEYOND; beyond < name + sizeof name; beyond++)                        \
            cr_assert_eq(*beyond, '#');                                                                      \
        *end = 0;                                                                                            \
    } while (0)

static void expect_number(uint64_t n)
{
    char expected[32];
    TEXT(is, text_number(p, n));
    sprintf(expected, "%" PRIu64, n);
    cr_expect_str_eq(is, expected);
}

Test(text, number)
{
    for (uint64_t n = 0; n < 1200; n++)
        expect_number(n);
    for (uint64_t n = 1; n < UINT64_MAX / 10; n *= 10) {
        expect_number(n - 1);
        expect_number(n);
        expect_number(n + 1);
    }
    /* Of every length, and any digits. */
    uint64_t any = 1;
    for (unsigned i = 0; i < 20000; i++) {
        any = any * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
        expect_number(any >> i % 64);
    }
    expect_number(UINT64_C(10000000000000000000));
    expect_number(UINT64_MAX);
}

Test(text, time)
{
    static const struct {
        int64_t ns;
        unsigned decimals;
        const char *expected;
    } cases[] = {
        {0, 0, "0"},
        {0, 9, "0.000000000"},
        {1, 9, "0.000000001"},
        {1234567891, 9, "1.234567891"},
        {1234567891, 8, "1.23456789"},
        {1234567891, 7, "1.2345678"},
        {1234567891, 6, "1.234567"},
        {1234567891, 5, "1.23456"},
        {1234567891, 4, "1.2345"},
        {1234567891, 3, "1.234"},
        {1234567891, 2, "1.23"},
        {1234567891, 1, "1.2"},
        {1234567891, 0, "1"},
        {1999999999, 6, "1.999999"}, /* cut off, not rounded */
        {-1, 9, "-0.000000001"},
        {-1500000000, 6, "-1.500000"},
        {INT64_C(4294967295999999999), 9, "4294967295.999999999"},
        {INT64_MAX, 9, "9223372036.854775807"},
        {INT64_MIN, 9, "-9223372036.854775808"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        TEXT(is, text_time(p, cases[i].ns, cases[i].decimals));
        cr_expect_str_eq(is, cases[i].expected);
        cr_expect_leq(strlen(is), TEXT_TIME_MAX);
    }
}

static void expect_utc(int64_t second, unsigned fraction)
{
    char expected[64];
    struct tm tm;
    const time_t t = second;
    gmtime_r(&t, &tm);
    strftime(expected, sizeof expected, "%Y-%m-%dT%H:%M:%S", &tm);
    TEXT(whole, text_utc(p, second * 1000000000 + fraction, 0));
    cr_expect_str_eq(whole, expected);
    sprintf(expected + 19, ".%09u", fraction);
    TEXT(is, text_utc(p, second * 1000000000 + fraction, 9));
    cr_expect_str_eq(is, expected);
    cr_expect_leq(strlen(is), TEXT_UTC_MAX);
}

Test(text, difference)
{
    static const struct {
        int64_t from, to;
        unsigned decimals;
        const char *want;
    } cases[] = {
        {0, 0, 0, "0"},
        {1, 1500000000, 9, "1.499999999"},
        {1500000000, 1, 3, "-1.499"},
        {INT64_MIN, INT64_MAX, 9, "18446744073.709551615"},
        {INT64_MAX, INT64_MIN, 0, "-18446744073"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char is[TEXT_TIME_MAX + TEXT_BEYOND];
        *text_difference(is, cases[i].from, cases[i].to, cases[i].decimals) = 0;
        cr_expect_str_eq(is, cases[i].want);
    }
}

/* Each day that 64 bits of ns reach, from 1677 to 2262. */
Test(text, utc)
{
    for (int64_t day = -106751; day <= 106750; day++) {
        expect_utc(day * 86400, 0);
        expect_utc(day * 86400 + 86399, 999999999);
        expect_utc(day * 86400 + (uint64_t)day * 7919 % 86400, (unsigned)day % 1000000000);
    }
    TEXT(first, text_utc(p, INT64_MIN, 9));
    cr_expect_str_eq(first, "1677-09-21T00:12:43.145224192");
    TEXT(last, text_utc(p, INT64_MAX, 6));
    cr_expect_str_eq(last, "2262-04-11T23:47:16.854775");
}

Test(text, ipv4)
{
    for (unsigned n = 0; n < 256; n++) {
        char expected[32];
        TEXT(is, text_ipv4(p, n << 24 | (255 - n) << 16 | (n ^ 0x55) << 8 | n));
        sprintf(expected, "%u.%u.%u.%u", n, 255 - n, n ^ 0x55, n);
        cr_expect_str_eq(is, expected);
    }
}

Test(text, ipv6)
{
    static const struct {
        uint8_t address[16];
        const char *expected;
    } cases[] = {
        {{0}, "::"},
        {{[15] = 1}, "::1"},
        {{0x20, 0x01, 0x0d, 0xb8, [15] = 0x10}, "2001:db8::10"},
        {{0x20, 0x01, 0x0d, 0xb8, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6}, "2001:db8:1:2:3:4:5:6"},
        {{[10] = 0xff, [11] = 0xff, 192, 0, 2, 1}, "::ffff:192.0.2.1"},
        {{0xfe, 0x80, [8] = 0xAB, [9] = 0xcd}, "fe80::abcd:0:0:0"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        TEXT(is, text_ipv6(p, cases[i].address));
        cr_expect_str_eq(is, cases[i].expected);
    }
}

/* Addresses with runs of zeros in every place are written as the C library writes them. */
Test(text, ipv6_as_the_library)
{
    uint64_t state = 88172645463325252u;
    for (int n = 0; n < 200000; n++) {
        uint8_t address[16];
        state ^= state << 13, state ^= state >> 7, state ^= state << 17; /* xorshift64 */
        for (int i = 0; i < 16; i++)
            address[i] = state >> (i / 2) & 1 ? 0 : (uint8_t)(state * (2u * (unsigned)i + 3) >> 40);
        if (n % 7 == 0)
            memset(address, 0, 10);
        if (n % 14 == 0)
            address[10] = address[11] = 0xff;
        if (n % 11 == 0)
            memset(address, 0, 12);
        char ours[TEXT_ADDRESS_MAX + 1], theirs[INET6_ADDRSTRLEN];
        *text_ipv6(ours, address) = 0;
        inet_ntop(AF_INET6, address, theirs, sizeof theirs);
        cr_assert_str_eq(ours, theirs);
    }
}
