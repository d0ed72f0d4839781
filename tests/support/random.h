/* Random numbers that are the same in every run: SplitMix64 (public domain algorithm by Vigna). */
#ifndef TCPREUSE_TEST_RANDOM_H
#define TCPREUSE_TEST_RANDOM_H

#include <stdint.h>

static inline uint64_t mix(uint64_t x)
{
    x += 0x9e3779b97f4a7c15u;
    x = (x ^ x >> 30) * 0xbf58476d1ce4e5b9u;
    x = (x ^ x >> 27) * 0x94d049bb133111ebu;
    return x ^ x >> 31;
}

static inline uint64_t random_next(uint64_t *state)
{
    return mix((*state)++);
}

/* 0 to n - 1. */
static inline uint32_t random_below(uint64_t *state, uint32_t n)
{
    return (uint32_t)((random_next(state) >> 32) * n >> 32);
}

#endif
