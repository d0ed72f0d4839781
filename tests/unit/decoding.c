/* Decodes one frame right in front of memory that cannot be read, so that no byte too many is. */
#include "tests/unit/decoding.h"
#include "tests/support/random.h"

#include <stdlib.h>
#include <sys/mman.h>

enum { ROOM = 1 << 16, PAGE = 4096 };

/* ROOM bytes in front of a page that cannot be read. */
static uint8_t *guarded_end(void)
{
    static uint8_t *end;
    if (end)
        return end;
    uint8_t *p = mmap(NULL, ROOM + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (p == MAP_FAILED || mprotect(p + ROOM, PAGE, PROT_NONE))
        abort();
    end = p + ROOM;
    return end;
}

void decoding_open(struct decoding *d, enum rules rules, unsigned shards, uint64_t seed)
{
    *d = (struct decoding){0};
    struct hash_key *key = malloc(sizeof *key);
    d->lists = calloc((size_t)FAMILIES * shards, sizeof *d->lists);
    if (!key || !d->lists)
        abort();
    for (size_t i = 0; i < sizeof key->secret; i++)
        key->secret[i] = (uint8_t)mix(seed * 1000 + i);
    d->decoder = (struct decoder){.key = key,
                                  .shards = shards,
                                  .rules = rules,
                                  .tcp_header_bytes = rules_header_bytes(rules),
                                  .plain = plain_path_choose(rules, false),
                                  .lists = d->lists,
                                  .counts = &d->counts,
                                  .fragments = &d->fragments};
}

void decoding_close(struct decoding *d)
{
    decoder_free(&d->decoder);
    for (unsigned i = 0; i < FAMILIES * d->decoder.shards; i++)
        free(d->lists[i].items);
    free(d->lists);
    free(d->fragments.bytes);
    free((void *)(uintptr_t)d->decoder.key);
    decode_counts_free(&d->counts);
}

void decoding_clear(struct decoding *d)
{
    for (unsigned i = 0; i < FAMILIES * d->decoder.shards; i++)
        segment_list_clear(&d->lists[i]);
    decode_counts_clear(&d->counts);
    d->fragments.used = 0;
}

void decoding_run(struct decoding *d, const struct frame *frame, uint32_t index)
{
    if (frame->captured > ROOM)
        abort();
    struct frame copy = *frame;
    copy.data = guarded_end() - frame->captured;
    if (frame->captured)
        memcpy(guarded_end() - frame->captured, frame->data, frame->captured);
    decoding_clear(d);
    decode_frame(&d->decoder, &copy, index);
}

void decoding_ethernet(struct decoding *d, const struct packet *p, uint32_t captured, uint32_t length)
{
    struct frame f = {
        .data = p->bytes, .captured = captured, .length = length, .link_type = 1, .decimals = 6};
    decoding_run(d, &f, 0);
}

const struct segment *decoding_segment(const struct decoding *d, uint32_t i, enum family *family,
                                       unsigned *shard)
{
    for (unsigned k = 0; k < FAMILIES * d->decoder.shards; k++) {
        enum family f = k / d->decoder.shards;
        const uint32_t count = segment_list_count(&d->lists[k], f);
        if (i >= count) {
            i -= count;
            continue;
        }
        if (family)
            *family = f;
        if (shard)
            *shard = k % d->decoder.shards;
        return segment_list_at(&d->lists[k], i, f);
    }
    return NULL;
}

struct counted decoding_counted(const struct decoding *d)
{
    struct counted c = {.outcome = OUTCOMES};
    uint64_t sum = 0;
    for (int i = 0; i < OUTCOMES; i++) {
        sum += d->counts.frames[i];
        if (d->counts.frames[i])
            c.outcome = (enum outcome)i;
    }
    if (sum != 1 || d->counts.notes.count > 1)
        c.outcome = OUTCOMES;
    if (d->counts.notes.count) {
        const struct note *n = &d->counts.notes.items[0];
        if (n->outcome != c.outcome || n->frames != 1)
            c.outcome = OUTCOMES;
        c.subject = (enum subject)n->subject;
        c.value = n->value;
    }
    return c;
}
