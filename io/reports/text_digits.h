/* Digits by way of words, for rows that are written by the million. text.h builds on it.
 *
 * A number's digits come from a table, three at a time with leading zeros, and are put side by side in one
 * word. The lowest bit that is set tells how many leading zeros there are, and a shift drops them. So a
 * port of two digits and one of five take the same instructions, without a branch to mispredict. Words are
 * little-endian: load_le32() and store_le64() swap the bytes elsewhere.
 *
 * The put functions write at p and return the end. Up to 7 bytes beyond the end may be overwritten. */
#ifndef TCPREUSE_TEXT_DIGITS_H
#define TCPREUSE_TEXT_DIGITS_H

#include "engine/util.h"

/* "000" to "999"; the fourth byte is 0. 4 KB, which stay in the L1 cache. */
extern const char text_threes[1000][4];
/* "0." to "255.", and their lengths. */
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

/* Writes the count digits of a word, at most 8, without leading zeros; the last digit always stays. */
ALWAYS_INLINE char *put_without_zeros(char *p, uint64_t digits, unsigned count)
{
    const unsigned last = 8 * (count - 1);
    /* '0' is 0x30: any other digit has one of its lower four bits set. */
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

/* n < TEN_BILLION; all 32-bit numbers are. */
ALWAYS_INLINE char *put_number_below_10_10(char *p, uint64_t n)
{
    enum { MILLION = 1000000 };
    if (n < MILLION)
        return put_six(p, (uint32_t)n);
    /* One path from 10^6 on, so that sequence numbers of nine and ten digits cost no mispredicted branch. */
    const uint32_t millions = (uint32_t)(n / MILLION);
    p = put_without_zeros(p, ('0' + millions / 1000) | three_digits(millions % 1000) << 8, 4);
    store_le64(p, six_digits((uint32_t)(n % MILLION)));
    return p + 6;
}

/* n < 10^9, all nine digits, at p. */
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
    return p - 1; /* drops the last dot */
}

#endif
