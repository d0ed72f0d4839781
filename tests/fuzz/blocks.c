/* See blocks.h. A capture is taken apart into blocks, of which one is changed, moved, left out or comes twice. */
#include "tests/fuzz/blocks.h"
#include "engine/util.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/random.h"

enum { BLOCKS_MAX = 1024, HEAD_BYTES = 8, TAIL_BYTES = 4, LEAST_BYTES = 12, GROWTH = 64, PACKET_AT = 28 };
enum { SECTION = 0x0a0d0d0a, ENHANCED = 6, ORDER_MAGIC = 0x1a2b3c4d };

struct blocks {
    struct block {
        const uint8_t *bytes;
        uint32_t size;
        bool swapped; /* big-endian */
    } items[BLOCKS_MAX];
    unsigned count;
    size_t used; /* bytes of the capture that are blocks; what is behind is kept as it is */
};

static uint32_t get32(const uint8_t *p, bool swapped)
{
    return swapped ? load_be32(p) : load_le32(p);
}

static void put32(uint8_t *p, uint32_t v, bool swapped)
{
    store_le32(p, swapped ? __builtin_bswap32(v) : v);
}

static void take_apart(struct blocks *b, const uint8_t *bytes, size_t size)
{
    bool swapped = false;
    b->count = 0;
    b->used = 0;
    while (b->count < BLOCKS_MAX && size - b->used >= LEAST_BYTES) {
        const uint8_t *at = bytes + b->used;
        if (load_le32(at) == SECTION)
            swapped = load_be32(at + HEAD_BYTES) == ORDER_MAGIC;
        const uint32_t length = get32(at + 4, swapped);
        if (length < LEAST_BYTES || length % 4 || length > size - b->used)
            return;
        b->items[b->count++] = (struct block){at, length, swapped};
        b->used += length;
    }
}

/* Changes what the block holds, of a packet only its bytes or only what stands before them, and writes it with the lengths that
 * it has then. */
static size_t change_block(const struct block *b, uint8_t *to, uint64_t *random)
{
    const uint32_t body = b->size - LEAST_BYTES;
    uint32_t from = HEAD_BYTES, size = body;
    memcpy(to, b->bytes, b->size);
    const bool packet = get32(to, b->swapped) == ENHANCED && b->size >= PACKET_AT + TAIL_BYTES;
    if (packet && random_below(random, 4)) {
        from = PACKET_AT;
        size = MIN(get32(to + 20, b->swapped), b->size - PACKET_AT - TAIL_BYTES);
    }
    const uint32_t changed = (uint32_t)LLVMFuzzerMutate(to + from, size, size + GROWTH);
    uint32_t end = from + changed;
    if (from == PACKET_AT) {
        put32(to + 20, changed, b->swapped);
        put32(to + 24, MAX(changed, get32(to + 24, b->swapped)), b->swapped);
    }
    while (end % 4)
        to[end++] = 0;
    put32(to + 4, end + TAIL_BYTES, b->swapped);
    put32(to + end, end + TAIL_BYTES, b->swapped);
    return end + TAIL_BYTES;
}

static const uint32_t types[] = {1, 2, 3, 4, 5, 6, 9, 0xa, SECTION, 0xbad, 0x40000bad, 0x80000000};

size_t blocks_mutate(uint8_t *capture, size_t size, size_t most, unsigned seed)
{
    static struct blocks b;
    uint64_t random = seed + 1;
    if (size)
        take_apart(&b, capture, size);
    if (!size || size < 4 || load_le32(capture) != SECTION || !b.count || !random_below(&random, 4))
        return LLVMFuzzerMutate(capture, size, most);
    const uint32_t chosen = random_below(&random, b.count), other = random_below(&random, b.count);
    const unsigned way = random_below(&random, 8);
    uint8_t *made = malloc(size + b.items[chosen].size + GROWTH + LEAST_BYTES), *at = made;
    REQUIRE(made);
    for (unsigned i = 0; i < b.count; i++) {
        const struct block *now = &b.items[way == 3 && i == chosen  ? other
                                           : way == 3 && i == other ? chosen
                                                                    : i];
        if (way == 0 && i == chosen && b.count > 1)
            continue;
        if (way > 3 && i == chosen) {
            at += change_block(now, at, &random);
            continue;
        }
        memcpy(at, now->bytes, now->size);
        if (way == 2 && i == chosen)
            put32(at, types[random_below(&random, ARRAY_LEN(types))], now->swapped);
        at += now->size;
        if (way == 1 && i == chosen) {
            memcpy(at, now->bytes, now->size);
            at += now->size;
        }
    }
    memcpy(at, capture + b.used, size - b.used);
    size = MIN((size_t)(at - made) + size - b.used, most);
    memcpy(capture, made, size);
    free(made);
    return size;
}
