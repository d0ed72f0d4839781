/* Hash of a tuple, and decoding of frames that lie in the L1 cache: instructions, not misses. */
#include "bench/micro.h"
#include "engine/decode/emit.h"
#include "engine/pipeline/step_clock.h"
#include "engine/rules.h"
#include "engine/source.h"
#include "io/formats/pcap.h"

#include <endian.h>
#include <stdlib.h>

enum { FRAMES = 64, FRAME_ROOM = 128, KEY_MAX = sizeof(struct key6) };

static struct hash_key key;

static uint8_t keys[FRAMES][KEY_MAX];

static void hash_keys(void *argument)
{
    uint64_t sum = 0;
    (void)argument;
    for (unsigned i = 0; i < FRAMES; i++)
        sum += XXH3_64bits_withSecret(keys[i], KEY_MAX, key.secret, HASH_SECRET_SIZE);
    micro_keep(sum);
}

static void hash_ends(void *argument)
{
    uint64_t sum = 0;
    (void)argument;
    for (unsigned i = 0; i < FRAMES; i++)
        sum += hash_ends4(load_raw64(keys[i]) >> 16, load_raw64(keys[i] + 8) >> 16, hash_key4(&key));
    micro_keep(sum);
}

static void time_hashes(void)
{
    for (unsigned i = 0; i < FRAMES; i++)
        for (size_t k = 0; k < KEY_MAX; k++)
            keys[i][k] = (uint8_t)micro_mix(i * KEY_MAX + k);
    /* In one piece and bit by bit. */
    XXH3_state_t *state = XXH3_createState();
    micro_check(state && XXH3_64bits_reset_withSecret(state, key.secret, HASH_SECRET_SIZE) == XXH_OK,
                "hash state");
    for (size_t k = 0; k < KEY_MAX; k++)
        XXH3_64bits_update(state, &keys[1][k], 1);
    micro_check(XXH3_64bits_digest(state) ==
                    XXH3_64bits_withSecret(keys[1], KEY_MAX, key.secret, HASH_SECRET_SIZE),
                "hash of a key");
    XXH3_freeState(state);
    micro_check(hash_ends4(1, 2, 3) == hash_ends4(2, 1, 3) && hash_ends4(1, 2, 3) != hash_ends4(1, 2, 4),
                "hash of two ends");
    micro_time("decode", "hash of an IPv4 tuple", FRAMES, hash_ends, NULL);
    micro_time("decode", "hash of an IPv6 tuple", FRAMES, hash_keys, NULL);
}

struct decoding {
    uint8_t bytes[FRAMES][FRAME_ROOM];
    struct frame frames[FRAMES];
    uint8_t records[FRAMES * (RECORD_HEADER + FRAME_ROOM)], *records_end;
    struct segment_list lists[FAMILIES];
    struct decode_counts counts;
    struct decoder decoder;
};

/* As the pipeline does it: a lane's next frames at a time. */
static void decode_all(void *argument)
{
    struct decoding *d = argument;
    for (int f = 0; f < FAMILIES; f++)
        segment_list_clear(&d->lists[f]);
    for (unsigned i = 0; i < FRAMES; i += WALK_FRAMES)
        decode_frames(&d->decoder, &d->frames[i], WALK_FRAMES, i);
}

/* The same of records, one behind the other. */
static void decode_run_records(void *argument)
{
    struct decoding *d = argument;
    for (int f = 0; f < FAMILIES; f++)
        segment_list_clear(&d->lists[f]);
    struct record_run run = {.at = d->records,
                             .limit = d->records_end,
                             .longest = FRAME_ROOM,
                             .kind = d->frames[0].kind,
                             .unit_ns = 1000,
                             .decoder = &pcap_run_decoder,
                             .latest = INT64_MAX};
    micro_check(decode_run(&d->decoder, &run, 0) == FRAMES, "records of a run");
}

static void time_decode(const char *what, enum micro_frame_kind kind, bool records)
{
    static struct decoding d;
    enum family family = kind == FRAME_IPV6 ? FAMILY_IPV6 : FAMILY_IPV4;
    d.decoder = (struct decoder){.key = &key,
                                 .shards = 1,
                                 .rules = RULES_4_4,
                                 .tcp_header_bytes = rules_header_bytes(RULES_4_4),
                                 .plain = plain_path_choose(RULES_4_4, false),
                                 .lists = d.lists,
                                 .counts = &d.counts};
    d.records_end = d.records;
    for (unsigned i = 0; i < FRAMES; i++) {
        uint32_t length = micro_frame(d.bytes[i], kind, i);
        micro_check(length <= FRAME_ROOM, what);
        d.frames[i] = (struct frame){
            .data = d.bytes[i], .captured = length, .length = length, .link_type = 1, .decimals = 6};
        memset(d.records_end, 0, RECORD_HEADER);
        memcpy(d.records_end + 8, (const uint32_t[]){htole32(length), htole32(length)}, 8);
        memcpy(d.records_end + RECORD_HEADER, d.bytes[i], length);
        d.records_end += RECORD_HEADER + length;
    }
    void (*const decode)(void *) = records ? decode_run_records : decode_all;
    decode(&d);
    micro_check(segment_list_count(&d.lists[family], family) == FRAMES &&
                    segment_list_count(&d.lists[!family], !family) == 0,
                what);
    for (unsigned i = 0; i < FRAMES; i++) {
        const struct segment *s = segment_list_at(&d.lists[family], i, family);
        unsigned client = s->port[0] == 443;
        micro_check(s->seq == i && s->port[client] == 40000 + i && s->port[!client] == 443 &&
                        SEGMENT_FLAGS(s) == TCP_ACK && s->position == i << 8,
                    what);
    }
    micro_time("decode", what, FRAMES, decode, &d);
    free(d.lists[FAMILY_IPV4].items);
    free(d.lists[FAMILY_IPV6].items);
    memset(d.lists, 0, sizeof d.lists);
}

static void read_clock(void *argument)
{
    for (unsigned i = 0; i < FRAMES; i++)
        step_clock_lap(argument, STEP_DECODE);
}

void micro_decode(void)
{
    for (size_t i = 0; i < sizeof key.secret; i++)
        key.secret[i] = (uint8_t)micro_mix(i);
    time_hashes();
    time_decode("Ethernet, IPv4, TCP", FRAME_PLAIN, false);
    time_decode("records of Ethernet, IPv4, TCP, walked, too", FRAME_PLAIN, true);
    time_decode("Ethernet, VLAN, IPv4, TCP", FRAME_VLAN, false);
    time_decode("Ethernet, IPv6, TCP", FRAME_IPV6, false);
    static struct step_clock clock;
    step_clock_start(&clock, true);
    micro_time("decode", "reading the clock for --stats, once a step", FRAMES, read_clock, &clock);
    step_clock_start(&clock, false);
    micro_time("decode", "the same without --stats", FRAMES, read_clock, &clock);
}
