/* What a file is that is no capture, in words for a person. */
#ifndef TCPREUSE_KINDS_H
#define TCPREUSE_KINDS_H

#include <stddef.h>
#include <stdint.h>

struct kind {
    const char *name;   /* with its article: "a zip archive" */
    const char *advice; /* what to do with it: "unpack it first"; NULL: nothing would make a capture of it */
};

/* The kind that the first bytes show, up to 4096 of them; NULL: none that is known here. Any thread. */
const struct kind *kind_of(const uint8_t *bytes, size_t count);

#endif
