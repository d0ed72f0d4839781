/* Digits by way of words: the short forms behind text.h, for rows that are written by the million.
 *
 * A number's digits come three at a time from a table, with leading zeros, side by side in one word; the
 * zeros are counted by the lowest bit that is set, and shifted out. So a port of two digits and one of five
 * take the same instructions, and there is no branch to guess. Little endian is how the words are thought:
 * load_le32() and store_le64() turn them elsewhere. */
#ifndef TCPREUSE_TEXT_DIGITS_H
#define TCPREUSE_TEXT_DIGITS_H

#include "io/reports/text.h"

/* "000" to "999": 4 KB, which stay in the L1 cache; the fourth byte is 0. */
extern const char text_threes[1000][4];
/* "0." to "255.", and how many bytes that is. */
extern const char text_octets[256][4];
extern const uint8_t text_octet_lengths[256];

/* Three digits, n < 1,000, in bits 0 to 23. */
ALWAYS_INLINE uint64_t three_digits(uint32_t n)
{
    return load_le32(text_threes[n]);
}

/* Six digits, n < 10^6, in bits 0 to 47. */
ALWAYS_INLINE uint64_t six_digits(uint32_t n)
{
    return three_digits(n / 1000) | three_digits(n % 1000) << 24;
}

/* Writes count digits of a word, 8 at most, without leading zeros, but for the last digit. */
ALWAYS_INLINE char *put_without_zeros(char *p, uint64_t digits, unsigned count)
{
    const unsigned last = 8 * (count - 1);
    /* '0' is 0x30, so a digit that is not 0 has a bit among its lower four. */
    const uint64_t some = (digits & UINT64_C(0x0f0f0f0f0f0f0f0f)) | UINT64_C(1) << last;
    const unsigned zeros = (unsigned)__builtin_ctzll(some) & ~7u;
    store_le64(p, digits >> zeros);
    return p + count - zeros / 8;
}

/* n < 10^6 */
ALWAYS_INLINE char *put_six(char *p, uint32_t n)
{
    return put_without_zeros(p, six_digits(n), 6);
}

#define TEN_BILLION UINT64_C(10000000000)

/* n < TEN_BILLION, as are all numbers of 32 bits. */
ALWAYS_INLINE char *put_number_below_10_10(char *p, uint64_t n)
{
    enum { MILLION = 1000000 };
    if (n < MILLION)
        return put_six(p, (uint32_t)n);
    /* From 10^6 on in one way, so that sequence numbers of nine and of ten digits make no branch to guess. */
    const uint32_t millions = (uint32_t)(n / MILLION);
    p = put_without_zeros(p, ('0' + millions / 1000) | three_digits(millions % 1000) << 8, 4);
    store_le64(p, six_digits((uint32_t)(n % MILLION)));
    return p + 6;
}

ALWAYS_INLINE char *put_any_number(char *p, uint64_t n)
{
    return likely(n < TEN_BILLION) ? put_number_below_10_10(p, n) : text_number(p, n);
}

/* n < 10^9, all nine digits. */
ALWAYS_INLINE void put_nine(char *p, uint32_t n)
{
    store_le64(p, six_digits(n / 1000));
    store_le32(p + 6, (uint32_t)three_digits(n % 1000));
}

ALWAYS_INLINE char *put_ipv4(char *p, uint32_t address)
{
    for (int shift = 24; shift >= 0; shift -= 8) {
        const unsigned octet = address >> shift & 255;
        memcpy(p, text_octets[octet], 4);
        p += text_octet_lengths[octet];
    }
    return p - 1; /* without the last point */
}

#endif
