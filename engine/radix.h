/* Sorts records of 64-bit words, which compare like the words of a number whose first word is the most significant.
 * The time is proportional to their number and to the bits in which any two differ, whatever their order. */
#ifndef TCPREUSE_RADIX_H
#define TCPREUSE_RADIX_H

#include "engine/util.h"

/* Up to so many, sorting by insertion takes fewer instructions. */
enum { RADIX_LEAST = 64 };

/* Signed numbers as words of the same order. */
ALWAYS_INLINE uint64_t radix_signed(int64_t n)
{
    return (uint64_t)n ^ UINT64_C(1) << 63;
}

enum { RADIX_DIGIT = 256 };
#define RADIX_MASK UINT64_C(255)

ALWAYS_INLINE void radix_pass(const uint64_t *from, uint64_t *to, uint32_t count, unsigned words,
                              unsigned word, unsigned shift)
{
    uint32_t at[RADIX_DIGIT] = {0};
    for (uint32_t i = 0; i < count; i++)
        at[from[(size_t)i * words + word] >> shift & RADIX_MASK]++;
    for (uint32_t digit = 0, sum = 0; digit < RADIX_DIGIT; digit++) {
        const uint32_t n = at[digit];
        at[digit] = sum;
        sum += n;
    }
    for (uint32_t i = 0; i < count; i++) {
        const uint64_t *const x = &from[(size_t)i * words];
        uint64_t *const place = &to[(size_t)at[x[word] >> shift & RADIX_MASK]++ * words];
        for (unsigned k = 0; k < words; k++)
            place[k] = x[k];
    }
}

/* Of the last word, the lowest bits below ignored do not count. scratch: as large as the records. words: a constant.
 * The sorted records: in one of the two. */
ALWAYS_INLINE uint64_t *radix_sort(uint64_t *records, uint64_t *scratch, uint32_t count, unsigned words,
                                   unsigned ignored)
{
    for (unsigned word = words; word-- > 0;) {
        uint64_t differ = 0;
        for (uint32_t i = 1; i < count; i++)
            differ |= records[(size_t)i * words + word] ^ records[word];
        if (word == words - 1)
            differ &= ~UINT64_C(0) << ignored;
        while (differ) {
            const unsigned shift = (unsigned)__builtin_ctzll(differ);
            uint64_t *const from = records;
            radix_pass(from, scratch, count, words, word, shift);
            records = scratch;
            scratch = from;
            differ &= ~(RADIX_MASK << shift);
        }
    }
    return records;
}

#endif
