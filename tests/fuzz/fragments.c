/* Fragments in any order, overlapping, of several datagrams and kinds, through the table that puts them together, beside a
 * reference that keeps each in a list; and through a second table that is saved and loaded behind some of them. Both have to give
 * the same datagrams at the same fragments, and count the same frames.
 *
 *     | fragments of 6 bytes ...
 *     fragment: | datagram 2 bits, kind 3, more 1, counted 1, no bytes 1 | offset 2 | length 2 | content 1: from 224 on, the table is saved behind it |
 */
#include "engine/decode/fragments.h"
#include "tests/fuzz/fuzz.h"

enum {
    FRAGMENT_BYTES = 6,
    FRAGMENTS_MAX = 300,
    LENGTH_MAX = 2000,
    OFFSET_MAX = 4000,
    SAVED_FROM = 224,
    WHOLE_MAX = FRAGMENTS_MAX * LENGTH_MAX
};

struct kept {
    struct fragment head;
    bool done; /* its datagram is complete */
    const uint8_t *bytes;
};

/* All that came so far, in the order in which it came. */
static struct kept kept[FRAGMENTS_MAX];
static unsigned kept_count;
static uint8_t whole[WHOLE_MAX];

static bool is_numbered(const struct fragment *f)
{
    return f->key.kind == FRAGMENT_80211;
}

static bool waits_with(const struct kept *k, const struct fragment *f)
{
    return !k->done && !memcmp(&k->head.key, &f->key, sizeof f->key);
}

static uint64_t end_of(const struct fragment *f)
{
    return (uint64_t)f->offset + (is_numbered(f) ? 1 : f->length);
}

/* Where the datagram ends: as the first last fragment of it says. UINT64_MAX: none has come. */
static uint64_t end_of_datagram(const struct fragment *f)
{
    for (unsigned i = 0; i < kept_count; i++)
        if (waits_with(&kept[i], f) && !kept[i].head.more)
            return end_of(&kept[i].head);
    return UINT64_MAX;
}

/* The fragment that has this place of the datagram: with the lowest offset, of equal ones the earliest. NULL: none has. */
static const struct kept *holder_of(const struct fragment *f, uint64_t place)
{
    const struct kept *best = NULL;
    for (unsigned i = 0; i < kept_count; i++) {
        const struct kept *k = &kept[i];
        if (waits_with(k, f) && k->head.offset <= place && place < end_of(&k->head) &&
            (!best || k->head.offset < best->head.offset))
            best = k;
    }
    return best;
}

/* The bytes of the datagram that the fragment completes, in whole; -1: it completes none. *frames: those of it that counted. */
static int64_t expected(const struct fragment *f, const uint8_t *bytes, uint64_t *frames)
{
    bool others = false;
    for (unsigned i = 0; i < kept_count; i++)
        others |= waits_with(&kept[i], f);
    *frames = 0;
    if (is_numbered(f) && !f->more && !others) { /* a whole frame, whatever its number */
        memcpy(whole, bytes, f->length);
        *frames = f->counted;
        return f->length;
    }
    kept[kept_count++] = (struct kept){.head = *f, .bytes = bytes};
    const uint64_t end = end_of_datagram(f);
    int64_t size = 0;
    for (uint64_t place = 0; place < end; place++) {
        const struct kept *k = holder_of(f, place);
        if (!k)
            return -1;
        if (is_numbered(f)) {
            memcpy(whole + size, k->bytes, k->head.length);
            size += k->head.length;
        } else {
            whole[size++] = k->bytes[place - k->head.offset];
        }
    }
    for (unsigned i = 0; i < kept_count; i++)
        if (waits_with(&kept[i], f)) {
            *frames += kept[i].head.counted;
            kept[i].done = true;
        }
    return size;
}

/* The same table, from what it saves of itself. */
static void save_and_load(struct fragment_table *t, const struct hash_key *key)
{
    struct saved_writer w = {0};
    struct fragment_table next = {0};
    for (const struct datagram *g = NULL; fragment_table_save(t, &g, &w);)
        ;
    REQUIRE(!w.failed);
    static const uint8_t none[1]; /* of an empty table: no offset from NULL */
    const uint8_t *const saved = w.bytes ? w.bytes : none;
    struct saved_reader r = {.at = saved, .end = saved + w.length};
    REQUIRE(fragment_table_load(&next, &r, key) == 0 && !r.failed);
    REQUIRE(next.datagrams == t->datagrams && next.memory == t->memory);
    memcpy(next.joined, t->joined, sizeof next.joined);
    memcpy(next.dropped, t->dropped, sizeof next.dropped);
    fragment_table_free(t);
    free(w.bytes);
    *t = next;
}

static void add(struct fragment_table tables[2], const struct hash_key *key, const struct fragment *f)
{
    const uint8_t *bytes[2] = {NULL, NULL};
    uint64_t frames = 0;
    int64_t size[2];
    for (unsigned i = 0; i < 2; i++) {
        size[i] = fragment_table_add(&tables[i], f, key, &bytes[i]);
        REQUIRE(size[i] >= 0);
    }
    REQUIRE(size[0] == size[1] && (!size[0] || !memcmp(bytes[0], bytes[1], (size_t)size[0])));
    REQUIRE(!memcmp(tables[0].joined, tables[1].joined, sizeof tables->joined));
    REQUIRE(!memcmp(tables[0].dropped, tables[1].dropped, sizeof tables->dropped));
    if (f->key.kind != FRAGMENT_MULTILINK) {
        const int64_t should = expected(f, fragment_bytes(f), &frames);
        REQUIRE(size[0] == (should < 0 ? 0 : should));
        REQUIRE(!size[0] || !memcmp(bytes[0], whole, (size_t)size[0]));
        REQUIRE(tables[0].joined[f->key.kind] == frames && !tables[0].dropped[f->key.kind]);
    }
    for (unsigned i = 0; i < 2; i++) {
        memset(tables[i].joined, 0, sizeof tables->joined);
        memset(tables[i].dropped, 0, sizeof tables->dropped);
    }
}

static struct fragment fragment_of(const uint8_t *b)
{
    static const enum fragment_kind kinds[] = {FRAGMENT_IPV4,  FRAGMENT_IPV6, FRAGMENT_LOWPAN,
                                               FRAGMENT_80211, FRAGMENT_IPV4, FRAGMENT_MULTILINK,
                                               FRAGMENT_80211, FRAGMENT_IPV4};
    struct fragment f = {
        .key = {.kind = (uint16_t)kinds[b[0] >> 2 & 7], .id = b[0] & 3},
        .offset = (uint32_t)(b[1] | b[2] << 8) % OFFSET_MAX,
        .length = b[0] & 128 ? 0 : (uint32_t)(b[3] | b[4] << 8) % LENGTH_MAX,
        .more = b[0] & 32,
        .counted = b[0] & 64,
    };
    if (f.key.kind == FRAGMENT_80211) {
        f.offset %= 16;
    } else if (f.key.kind == FRAGMENT_MULTILINK) {
        f.key.id = b[1] % 16u;
        f.offset %= 2;
    }
    return f;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static const struct hash_key key; /* whatever it is, the result is the same */
    static uint8_t content[LENGTH_MAX];
    struct fragment_table tables[2] = {{0}, {0}};
    struct fragment_list list = {0};
    struct fragment *fragments[FRAGMENTS_MAX];
    size_t places[FRAGMENTS_MAX];
    unsigned count = 0;
    for (size_t at = 0; at + FRAGMENT_BYTES <= size && count < FRAGMENTS_MAX; at += FRAGMENT_BYTES) {
        const struct fragment f = fragment_of(data + at);
        for (uint32_t i = 0; i < f.length; i++)
            content[i] = (uint8_t)(data[at + 5] + i);
        places[count++] = list.used;
        REQUIRE(fragment_list_add(&list, &f, content));
    }
    for (unsigned i = 0; i < count; i++)
        fragments[i] = (struct fragment *)(void *)(list.bytes + places[i]);
    kept_count = 0;
    for (unsigned i = 0; i < count; i++) {
        add(tables, &key, fragments[i]);
        if (fragment_bytes(fragments[i])[0] >= SAVED_FROM && fragments[i]->length)
            save_and_load(&tables[1], &key);
    }
    fragment_table_free(&tables[0]);
    fragment_table_free(&tables[1]);
    free(list.bytes);
    return 0;
}
