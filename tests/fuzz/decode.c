/* Any bytes as a frame of any link type.
 *
 *     | link type 2, little endian | options 1 | decimals and wire length 1 | the frame's bytes ...
 *
 * The frame lies in front of a page that cannot be read, so that reading too far is noticed without a
 * sanitizer, too. */
#include "engine/decode/decoder.h"
#include "engine/record_run.h"
#include "io/formats/pcap.h"
#include "io/formats/pcapng.h"
#include "tests/fuzz/fuzz.h"

#include <endian.h>
#include <sys/mman.h>

enum { SHARDS = 3, FRAME_MAX = 1 << 16, PAGE = 4096, HEAD = 4 };

struct result {
    struct segment_list lists[FAMILIES * SHARDS];
    struct decode_counts counts;
    struct fragment_list fragments;
    struct boundary_list boundaries;
};

static uint8_t *guarded_end(void)
{
    static uint8_t *end;
    if (!end) {
        uint8_t *p = mmap(NULL, FRAME_MAX + PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
        REQUIRE(p != MAP_FAILED && mprotect(p + FRAME_MAX, PAGE, PROT_NONE) == 0);
        end = p + FRAME_MAX;
    }
    return end;
}

/* decode_frame(), and each way that several frames are decoded, on the best path and on the portable one. */
enum way { WAY_GENERAL, WAY_PLAIN, WAY_RUN, WAY_WALKED, WAY_BLOCK, WAYS };

static void put_le32(uint8_t *p, uint32_t n)
{
    n = htole32(n);
    memcpy(p, &n, 4);
}

/* The frame in an enhanced packet block of interface 1 at time 0, alone in a run; and one that is no such
 * block, by any of its numbers, is not of the run. */
static void decode_block(struct decoder *d, const struct frame *f)
{
    static uint8_t block[FRAME_MAX + PACKET_BLOCK_MIN + PAGE]; /* what is fetched ahead is never read */
    const uint32_t length = PACKET_BLOCK_MIN + (f->captured + 3) / 4 * 4;
    const uint32_t head[] = {6, length, 1, 0, 0, f->captured, f->length};
    memset(block + length - 8, 0xff, 4); /* padding, where there is any */
    for (unsigned i = 0; i < ARRAY_LEN(head); i++)
        put_le32(block + 4 * i, head[i]);
    memcpy(block + PACKET_HEADER, f->data, f->captured);
    put_le32(block + length - 4, length);
    const struct record_run begin = {.at = block,
                                     .limit = block + 1,
                                     .longest = f->captured,
                                     .kind = f->kind,
                                     .unit_ns = 1000,
                                     .bound = {[PCAPNG_RUN_INTERFACES] = 2, [PCAPNG_RUN_UPPER_HALVES] = 1},
                                     .decoder = &pcapng_run_decoder,
                                     .latest = INT64_MAX};
    struct record_run run = begin;
    REQUIRE(decode_run(d, &run, 77) == 1);
    REQUIRE(run.at == block + length);

    static const struct {
        unsigned at;
        uint32_t wrong;
    } changes[] = {{0, 7}, {4, PACKET_BLOCK_MIN - 4}, {8, 2}, {12, 1}, {20, UINT32_MAX}};
    for (unsigned i = 0; i < ARRAY_LEN(changes); i++) {
        put_le32(block + changes[i].at, changes[i].wrong);
        run = begin;
        REQUIRE(decode_run(d, &run, 77) == 0 && run.at == block);
        put_le32(block + changes[i].at, head[changes[i].at / 4]);
    }
    put_le32(block + length - 4, length + 4);
    run = begin;
    REQUIRE(decode_run(d, &run, 77) == 0);
    put_le32(block + length - 4, length);
    run = begin;
    run.latest = -1;
    REQUIRE(decode_run(d, &run, 77) == 0);
}

/* The frame's record alone in a run; walked: the record has been walked before. */
static void decode_record(struct decoder *d, const struct frame *f, bool walked)
{
    struct record_run run = {.at = f->data - RECORD_HEADER,
                             .limit = f->data,
                             .longest = f->captured,
                             .kind = f->kind,
                             .decoder = &pcap_run_decoder,
                             .latest = INT64_MAX};
    const uint8_t *const records[] = {run.at, f->data + f->captured};
    if (walked) {
        decode_records(d, &run, records, 1, 77);
    } else {
        REQUIRE(decode_run(d, &run, 77) == 1);
        REQUIRE(run.at == records[1]);
    }
}

static void decode(struct result *r, const struct frame *f, enum rules rules, enum way way, bool portable)
{
    static struct hash_key key = {{1, 2, 3}};
    struct decoder d = {.key = &key,
                        .shards = SHARDS,
                        .rules = rules,
                        .tcp_header_bytes = rules_header_bytes(rules),
                        .plain = portable ? plain_path_portable(rules) : plain_path_choose(rules, true),
                        .notes_boundaries = true,
                        .lists = r->lists,
                        .counts = &r->counts,
                        .fragments = &r->fragments,
                        .boundaries = &r->boundaries};
    for (int i = 0; i < FAMILIES * SHARDS; i++)
        segment_list_clear(&r->lists[i]);
    decode_counts_clear(&r->counts);
    r->fragments.used = 0;
    r->boundaries.count = 0;
    switch (way) {
    case WAY_GENERAL:
        decode_frame(&d, f, 77);
        break;
    case WAY_PLAIN:
        decode_frames(&d, f, 1, 77);
        break;
    case WAY_RUN:
    case WAY_WALKED:
        decode_record(&d, f, way == WAY_WALKED);
        break;
    case WAY_BLOCK:
        decode_block(&d, f);
        break;
    case WAYS:
        break;
    }
    decoder_free(&d);
    REQUIRE(!d.failed);
}

static void check_segment(const struct segment *s, enum family family, unsigned shard)
{
    REQUIRE(s->position >> 8 == 77);
    REQUIRE(s->hash != 0);
    REQUIRE(shard < SHARDS);
    REQUIRE(s->bits & SEGMENT_LENGTH_KNOWN || s->payload == 0);
    /* Canonical: the lower endpoint first. */
    int order;
    if (family == FAMILY_IPV4) {
        const struct segment4 *s4 = (const struct segment4 *)s;
        order = (s4->address[0] > s4->address[1]) - (s4->address[0] < s4->address[1]);
    } else {
        const struct segment6 *s6 = (const struct segment6 *)s;
        order = memcmp(s6->address[0], s6->address[1], 16);
    }
    REQUIRE(order < 0 || (order == 0 && s->port[0] <= s->port[1]));
}

static void check(const struct result *r, const struct frame *f)
{
    uint64_t frames = 0, segments = 0, noted = 0;
    bool seen[256] = {false};
    for (int i = 0; i < OUTCOMES; i++)
        frames += r->counts.frames[i];
    for (unsigned i = 0; i < FAMILIES * SHARDS; i++)
        for (uint32_t k = 0; k < segment_list_count(&r->lists[i], (enum family)(i / SHARDS)); k++) {
            enum family family = i / SHARDS;
            const struct segment *s = segment_list_at(&r->lists[i], k, family);
            check_segment(s, family, i % SHARDS);
            REQUIRE(!seen[s->position & 255]);
            seen[s->position & 255] = true;
            segments++;
        }
    for (uint64_t i = 0; i < segments; i++)
        REQUIRE(seen[i]);
    for (uint32_t i = 0; i < r->counts.notes.count; i++)
        noted += r->counts.notes.items[i].frames;
    REQUIRE(frames == 1);
    REQUIRE(segments == r->counts.segments);
    REQUIRE((segments > 0) == (r->counts.frames[OUTCOME_WITH_TCP] == 1));
    REQUIRE(noted == r->counts.frames[OUTCOME_TRUNCATED] + r->counts.frames[OUTCOME_MALFORMED] +
                         r->counts.frames[OUTCOME_UNSUPPORTED]);
    REQUIRE(r->counts.wire_bytes == f->length && r->counts.captured_bytes == f->captured);
}

/* The list is walked as settling does it. */
static void check_fragments(const struct result *r)
{
    size_t at = 0;
    while (at < r->fragments.used) {
        const struct fragment *f = (const struct fragment *)(const void *)(r->fragments.bytes + at);
        REQUIRE(f->position >> 8 == 77 && f->length <= FRAME_MAX);
        at += fragment_size(f);
    }
    REQUIRE(at == r->fragments.used);
}

static void check_equal(const struct result *a, const struct result *b)
{
    REQUIRE(memcmp(a->counts.frames, b->counts.frames, sizeof a->counts.frames) == 0);
    REQUIRE(a->counts.wire_bytes == b->counts.wire_bytes &&
            a->counts.captured_bytes == b->counts.captured_bytes);
    REQUIRE(a->fragments.used == b->fragments.used);
    REQUIRE(a->counts.segments == b->counts.segments &&
            a->counts.segments_truncated == b->counts.segments_truncated);
    REQUIRE(a->boundaries.count == b->boundaries.count);
    for (uint32_t i = 0; i < a->boundaries.count; i++) {
        const struct boundary *x = &a->boundaries.items[i], *y = &b->boundaries.items[i];
        REQUIRE(x->position == y->position && x->clock == y->clock && x->timestamp == y->timestamp &&
                x->ip_id == y->ip_id && x->bits == y->bits);
    }
    for (int i = 0; i < FAMILIES * SHARDS; i++) {
        const size_t length = (size_t)(a->lists[i].end - a->lists[i].items);
        REQUIRE(length == (size_t)(b->lists[i].end - b->lists[i].items) &&
                (!length || memcmp(a->lists[i].items, b->lists[i].items, length) == 0));
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct result a, b;
    if (size < HEAD || size > FRAME_MAX - RECORD_HEADER)
        return 0;
    uint32_t captured = (uint32_t)size - HEAD;
    struct frame f = {.data = guarded_end() - captured,
                      .captured = captured,
                      .length = captured + (data[3] >> 4) * 100u,
                      .link_type = load_le16(data),
                      .decimals = data[3] % 10,
                      .fcs = data[2] & 1 ? 4 : 0};
    memcpy(guarded_end() - captured, data + HEAD, captured);
    /* Behind the header of a record at time 0. */
    memset(guarded_end() - captured - RECORD_HEADER, 0, RECORD_HEADER);
    memcpy(guarded_end() - captured - 8, (const uint32_t[]){htole32(f.captured), htole32(f.length)}, 8);
    enum rules rules = (data[2] >> 1) % 3;
    decode(&a, &f, rules, WAY_GENERAL, false);
    check(&a, &f);

    check_fragments(&a);

    /* The same once more, and again: nothing is left from the frame before, and the short ways of plain
     * frames change nothing. */
    for (enum way way = WAY_PLAIN; way < WAYS; way++)
        for (int portable = 0; portable < 2; portable++) {
            decode(&b, &f, rules, way, portable);
            check_equal(&a, &b);
        }
    return 0;
}
