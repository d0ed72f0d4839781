/* Small things that every part of the engine uses. */
#ifndef TCPREUSE_UTIL_H
#define TCPREUSE_UTIL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#define CACHE_LINE 64

/* COUNT_CONDITIONS: each decision as it stands in the source, and in one place of a program, so that it can be counted
 * what its conditions were (scripts/coverage.sh --conditions). */
#ifdef COUNT_CONDITIONS
#define likely(x)     (x)
#define unlikely(x)   (x)
#define ALWAYS_INLINE static __attribute__((unused, noinline))
#else
#define likely(x)     __builtin_expect(!!(x), 1)
#define unlikely(x)   __builtin_expect(!!(x), 0)
#define ALWAYS_INLINE static inline __attribute__((always_inline))
#endif
#define ALIGNED(n) __attribute__((aligned(n)))

#define ARRAY_LEN(a) (sizeof(a) / sizeof((a)[0]))
#define MIN(a, b)    ((a) < (b) ? (a) : (b))
#define MAX(a, b)    ((a) > (b) ? (a) : (b))

/* The time from one moment to another, in ns. A capture may claim times whose difference needs more than 64 bits: it is
 * clamped to INT64_MAX, or to -INT64_MAX. */
ALWAYS_INLINE int64_t time_between(int64_t from, int64_t to)
{
    int64_t difference;
    if (__builtin_sub_overflow(to, from, &difference) || difference == INT64_MIN)
        return to < from ? -INT64_MAX : INT64_MAX;
    return difference;
}

/* Unaligned loads. be: network order to host order; raw: as the bytes lie. */
ALWAYS_INLINE uint16_t load_raw16(const void *p)
{
    uint16_t v;
    memcpy(&v, p, sizeof v);
    return v;
}
ALWAYS_INLINE uint32_t load_raw32(const void *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}
ALWAYS_INLINE uint64_t load_raw64(const void *p)
{
    uint64_t v;
    memcpy(&v, p, sizeof v);
    return v;
}
#if __BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__
ALWAYS_INLINE uint16_t load_be16(const void *p)
{
    return __builtin_bswap16(load_raw16(p));
}
ALWAYS_INLINE uint32_t load_be32(const void *p)
{
    return __builtin_bswap32(load_raw32(p));
}
ALWAYS_INLINE uint64_t load_be64(const void *p)
{
    return __builtin_bswap64(load_raw64(p));
}
ALWAYS_INLINE uint16_t load_le16(const void *p)
{
    return load_raw16(p);
}
ALWAYS_INLINE uint32_t load_le32(const void *p)
{
    return load_raw32(p);
}
ALWAYS_INLINE uint64_t load_le64(const void *p)
{
    return load_raw64(p);
}
ALWAYS_INLINE void store_le32(void *p, uint32_t v)
{
    memcpy(p, &v, sizeof v);
}
ALWAYS_INLINE void store_le64(void *p, uint64_t v)
{
    memcpy(p, &v, sizeof v);
}
#else
ALWAYS_INLINE uint16_t load_be16(const void *p)
{
    return load_raw16(p);
}
ALWAYS_INLINE uint32_t load_be32(const void *p)
{
    return load_raw32(p);
}
ALWAYS_INLINE uint64_t load_be64(const void *p)
{
    return load_raw64(p);
}
ALWAYS_INLINE uint16_t load_le16(const void *p)
{
    return __builtin_bswap16(load_raw16(p));
}
ALWAYS_INLINE uint32_t load_le32(const void *p)
{
    return __builtin_bswap32(load_raw32(p));
}
ALWAYS_INLINE uint64_t load_le64(const void *p)
{
    return __builtin_bswap64(load_raw64(p));
}
ALWAYS_INLINE void store_le32(void *p, uint32_t v)
{
    v = __builtin_bswap32(v);
    memcpy(p, &v, sizeof v);
}
ALWAYS_INLINE void store_le64(void *p, uint64_t v)
{
    v = __builtin_bswap64(v);
    memcpy(p, &v, sizeof v);
}
#endif

#endif
