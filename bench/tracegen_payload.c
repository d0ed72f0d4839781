/* What payloads hold: letters, bytes at random, or what a buffer that is used again had in it before, whole old records of the
 * trace. A reader that begins in the middle finds chains of record headers in those, with times that fit, which go on into
 * the trace's own: the last one ends with the payload. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/tracegen.h"
#include "bench/tracegen_frame.h"

#define KEPT_MAX   160u  /* bytes of a record that is kept: small ones make long chains */
#define KEPT_COUNT 4096u /* a power of 2 */

struct payloads {
    enum payload_kind kind;
    struct rng rng;
    struct {
        uint32_t length;
        uint8_t bytes[KEPT_MAX];
    } kept[KEPT_COUNT];
    uint64_t count, next; /* records ever kept; the next one to be put into a payload */
    uint8_t bytes[WRITER_FRAME_MAX];
};

static const char *const names[] = {
    [PAYLOAD_LETTERS] = "letters", [PAYLOAD_RANDOM] = "random", [PAYLOAD_STALE] = "stale"};

int payload_kind_find(const char *name)
{
    for (int i = 0; i < (int)(sizeof(names) / sizeof(names[0])); i++)
        if (strcmp(name, names[i]) == 0)
            return i;
    return -1;
}

struct payloads *payloads_new(enum payload_kind kind, uint64_t seed)
{
    struct payloads *p = calloc(1, sizeof(*p));

    if (p == NULL)
        return NULL;
    p->kind = kind;
    rng_seed(&p->rng, seed, 2);
    return p;
}

void payloads_free(struct payloads *p)
{
    free(p);
}

void payloads_keep(struct payloads *p, const uint8_t *record, uint32_t length)
{
    if (length > KEPT_MAX)
        return;
    p->kept[p->count % KEPT_COUNT].length = length;
    memcpy(p->kept[p->count % KEPT_COUNT].bytes, record, length);
    p->count++;
}

/* Both kinds have the same lengths, so that traces differ in nothing else. */
void payloads_fill(struct payloads *p, struct segment *s)
{
    uint32_t length = 0;

    if (p->next + KEPT_COUNT < p->count)
        p->next = p->count - KEPT_COUNT;
    for (; p->next < p->count; p->next++) {
        const uint32_t more = p->kept[p->next % KEPT_COUNT].length;

        if (length + more > s->payload_length)
            break;
        memcpy(p->bytes + length, p->kept[p->next % KEPT_COUNT].bytes, more);
        length += more;
    }
    if (p->next == p->count)
        p->next = p->count > KEPT_COUNT / 2 ? p->count - KEPT_COUNT / 2 : 0;
    if (length == 0)
        return; /* nothing is kept yet, or the segment is too small: letters */
    if (p->kind == PAYLOAD_RANDOM)
        for (uint32_t i = 0; i < length; i += 8) {
            const uint64_t bytes = rng_next(&p->rng);

            memcpy(p->bytes + i, &bytes, 8);
        }
    s->payload = p->bytes;
    s->payload_length = length;
    s->payload_sum = 0;
    for (uint32_t i = 0; i < length; i++)
        s->payload_sum += i & 1 ? p->bytes[i] : (uint32_t)p->bytes[i] << 8;
}
