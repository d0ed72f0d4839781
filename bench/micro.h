/* Micro-benchmarks: the harness. Each part checks its results before it times them. One thread only, except
 * where a part says otherwise. */
#ifndef MICRO_H
#define MICRO_H

#include "engine/util.h"

extern bool micro_short; /* fewer rounds, smaller tables */

/* Ends the program with a message when the result is wrong. */
void micro_check(bool right, const char *what);

/* Prints a row: the ticks and nanoseconds an item takes, where run(argument) does so many of them. */
void micro_time(const char *part, const char *what, uint64_t items, void (*run)(void *), void *argument);
/* The same of what was measured otherwise: ticks of each round, which are put in order. */
void micro_row(const char *part, const char *what, double *ticks, unsigned rounds);

/* Keeps the compiler from leaving out what leads to the value. */
ALWAYS_INLINE void micro_keep(uint64_t value)
{
    __asm__ volatile("" : : "r"(value) : "memory");
}

/* Well mixed bits of a counter (splitmix64). */
ALWAYS_INLINE uint64_t micro_mix(uint64_t n)
{
    uint64_t z = n * UINT64_C(0x9e3779b97f4a7c15) + UINT64_C(0x9e3779b97f4a7c15);
    z = (z ^ (z >> 30)) * UINT64_C(0xbf58476d1ce4e5b9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94d049bb133111eb);
    return z ^ (z >> 31);
}

/* micro_frames.c, by tracegen's frames */
enum micro_frame_kind { FRAME_PLAIN, FRAME_VLAN, FRAME_IPV6 };
/* The n-th frame, at most 128 bytes: ports 40000 + n and 443, sequence number n, ACK, payload up to 64 bytes
 * in all. Returns its length. */
uint32_t micro_frame(uint8_t *p, enum micro_frame_kind kind, unsigned n);

/* The parts. */
void micro_decode(void);
void micro_table(void);
void micro_handover(void);
void micro_rows(void);

#endif
