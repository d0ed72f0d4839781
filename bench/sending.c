/* Frames for the programs that feed ports, read from a capture and sent over and over. */
#include "bench/sending.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { FRAME_MAX = 2048 };

void die(const char *what)
{
    fprintf(stderr, "sender: %s\n", what);
    exit(1);
}

struct capture capture_read(const char *path)
{
    struct capture c = {0};
    FILE *f = fopen(path, "rb");
    if (!f || fseek(f, 0, SEEK_END))
        die("the capture cannot be opened");
    long size = ftell(f);
    rewind(f);
    c.bytes = malloc((size_t)size);
    if (size < 24 || size > UINT32_MAX || !c.bytes || fread(c.bytes, 1, (size_t)size, f) != (size_t)size)
        die("the capture cannot be read");
    fclose(f);
    size_t most = (size_t)size / 16;
    c.at = calloc(most, sizeof *c.at);
    c.length = calloc(most, sizeof *c.length);
    if (!c.at || !c.length)
        die("out of memory");
    for (size_t at = 24; at + 16 <= (size_t)size;) {
        uint32_t length;
        memcpy(&length, c.bytes + at + 8, sizeof length);
        if (length > FRAME_MAX || at + 16 + length > (size_t)size)
            die("a frame is too long, or the file is cut");
        c.at[c.count] = (uint32_t)at + 16;
        c.length[c.count++] = (uint16_t)length;
        at += 16 + length;
    }
    if (!c.count)
        die("the capture is empty");
    return c;
}

/* Ethernet and IPv4: the same for both directions. */
static unsigned part_of(const uint8_t *frame, uint16_t length, unsigned parts)
{
    enum { ADDRESSES = 26, END = 38 };
    unsigned sum = 0;
    for (unsigned i = ADDRESSES; i < END && i < length; i++)
        sum += frame[i];
    return sum % parts;
}

struct capture capture_part(const struct capture *c, unsigned part, unsigned parts)
{
    struct capture out = {.bytes = c->bytes,
                          .at = calloc(c->count, sizeof *out.at),
                          .length = calloc(c->count, sizeof *out.length)};
    if (!out.at || !out.length)
        die("out of memory");
    for (size_t i = 0; i < c->count; i++)
        if (part_of(c->bytes + c->at[i], c->length[i], parts) == part) {
            out.at[out.count] = c->at[i];
            out.length[out.count++] = c->length[i];
        }
    if (!out.count)
        die("a queue gets no frame of the capture");
    return out;
}

void capture_fill(struct rte_mbuf **mbufs, unsigned n, const struct capture *c, size_t *next)
{
    for (unsigned i = 0; i < n; i++) {
        char *to = rte_pktmbuf_append(mbufs[i], c->length[*next]);
        if (!to)
            die("a buffer is too small");
        memcpy(to, c->bytes + c->at[*next], c->length[*next]);
        if (++*next == c->count)
            *next = 0;
    }
}
