/* The values that rows of JSON are made of. Every function writes at p and returns the end, without a
 * terminating zero; TEXT_BEYOND bytes beyond it may be overwritten. Thread-safe. */
#ifndef TCPREUSE_NDJSON_TEXT_H
#define TCPREUSE_NDJSON_TEXT_H

#include "engine/sink.h"

/* As it is. */
char *ndjson_put(char *p, const char *s);
/* A word of ours, which needs no escapes, between quotation marks. */
char *ndjson_word(char *p, const char *s);
/* Any bytes, as a string in valid UTF-8: each byte that is no part of a valid character becomes U+FFFD. Control
 * characters are escaped, DEL and C1 too, since a terminal may show the row. Up to six times as long, and two. */
char *ndjson_string(char *p, const char *s);
char *ndjson_signed(char *p, int64_t n);
/* A list of the words of the bits that are set, of the lowest count ones, by a function that knows bit i's. */
char *ndjson_words(char *p, uint64_t bits, unsigned count, const void *words,
                   const char *(*word)(const void *words, unsigned i));
/* One of the two addresses of a tuple: of uint32_t, or of 16 bytes. */
char *ndjson_address(char *p, enum family family, const void *addresses, unsigned endpoint);

#endif
