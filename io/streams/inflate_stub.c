/* Replaces inflate_zlib.c in a build without zlib or ISA-L: there is never an inflater. */
#include "io/streams/inflate.h"

struct inflater *inflater_new(void)
{
    return NULL;
}

void inflater_free(struct inflater *f)
{
    (void)f;
}

void inflater_start(struct inflater *f)
{
    (void)f;
}

size_t inflater_run(struct inflater *f, struct stream *s, uint8_t *out, size_t n, enum inflated *result)
{
    (void)f;
    (void)s;
    (void)out;
    (void)n;
    *result = INFLATED_BAD;
    return 0;
}
