/* Numbers, times and addresses as text. Every function writes at p and returns the end, without a
 * terminating zero. Up to TEXT_BEYOND bytes beyond the end may be overwritten. Thread-safe. */
#ifndef TCPREUSE_TEXT_H
#define TCPREUSE_TEXT_H

#include "engine/util.h"

enum {
    TEXT_BEYOND = 9,       /* a time of one decimal writes nine digits, as two words */
    TEXT_NUMBER_MAX = 20,  /* 2^64 - 1 */
    TEXT_TIME_MAX = 23,    /* sign, 11 digits (of a difference), point, 9 digits */
    TEXT_UTC_MAX = 29,     /* with 9 decimals */
    TEXT_ADDRESS_MAX = 46, /* IPv6 with an embedded IPv4 address */
};

char *text_number(char *p, uint64_t n);
/* Seconds from ns, with 0 to 9 decimals; the others are cut off, not rounded. */
char *text_time(char *p, int64_t ns, unsigned decimals);
/* Date and time in UTC, as "2026-03-02T09:00:13.000000" (RFC 3339 without the zone), of ns since 1970, with 0
 * to 9 decimals. */
char *text_utc(char *p, int64_t ns, unsigned decimals);
/* Seconds from one time to another, likewise: exact, though the difference may have more than 64 bits. */
char *text_difference(char *p, int64_t from, int64_t to, unsigned decimals);
/* address in host order. */
char *text_ipv4(char *p, uint32_t address);
/* RFC 5952. */
char *text_ipv6(char *p, const uint8_t address[16]);

#endif
