/* Random numbers of the trace generator: xoshiro256++ (Blackman and Vigna, public domain), seeded by
 * splitmix64. Everything drawn is integer arithmetic, so that a seed gives the same trace on every machine.
 */
#ifndef TRACEGEN_RANDOM_H
#define TRACEGEN_RANDOM_H

#include <stdbool.h>
#include <stdint.h>

struct rng {
    uint64_t s[4];
};

/* A share in units of 2^-32: SHARE_ALL is 100 percent. */
typedef uint64_t share_t;
#define SHARE_ALL (UINT64_C(1) << 32)

static inline uint64_t rng_rotl(uint64_t x, int k)
{
    return (x << k) | (x >> (64 - k));
}

static inline uint64_t rng_next(struct rng *r)
{
    uint64_t *s = r->s;
    uint64_t result = rng_rotl(s[0] + s[3], 23) + s[0];
    uint64_t t = s[1] << 17;

    s[2] ^= s[0];
    s[3] ^= s[1];
    s[1] ^= s[2];
    s[0] ^= s[3];
    s[2] ^= t;
    s[3] = rng_rotl(s[3], 45);
    return result;
}

/* `stream` keeps generators of one seed apart. */
static inline void rng_seed(struct rng *r, uint64_t seed, uint64_t stream)
{
    uint64_t x = seed ^ (stream * UINT64_C(0xd1342543de82ef95));

    for (int i = 0; i < 4; i++) {
        uint64_t z = (x += UINT64_C(0x9e3779b97f4a7c15));

        z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
        z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
        r->s[i] = z ^ (z >> 31);
    }
}

/* A number in [0, n), n > 0. The bias of a multiply without rejection is below 2^-32 times n. */
static inline uint32_t rng_below(struct rng *r, uint32_t n)
{
    return (uint32_t)(((rng_next(r) >> 32) * n) >> 32);
}

static inline bool rng_chance(struct rng *r, share_t share)
{
    return (rng_next(r) >> 32) < share;
}

static inline bool rng_percent(struct rng *r, uint32_t percent)
{
    return rng_below(r, 100) < percent;
}

/* A long-tailed number, in units of 2^-16, whose mean is exactly 1.5: -log2 of a uniform number, with the
 * fraction of the logarithm replaced by a straight line. */
static inline uint64_t rng_exponential_1_5(struct rng *r)
{
    uint64_t u = rng_next(r) | 1;
    int zeros = __builtin_clzll(u);
    uint64_t fraction = zeros < 48 ? (u << (zeros + 1)) >> 48 : 0;

    return ((uint64_t)(zeros + 1) << 16) - fraction;
}

#endif
