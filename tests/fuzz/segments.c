/* See segments.h. */
#include "tests/fuzz/segments.h"
#include "tests/fuzz/fuzz.h"

enum { SEGMENT_BYTES = 6, SEGMENTS_MAX = 2000, TUPLES = 16 };

static struct traffic_segment segment_of(const uint8_t *b)
{
    static const uint32_t numbers[] = {0, 1, 2, 1000, 1001, 0x7fffffff, 0x80000000, 0xffffffff};
    struct traffic_segment s = {
        .tuple = (b[0] & 127u) % TUPLES,
        .direction = b[0] >> 7,
        .header = 20,
        .words = 5,
        .length_known = true,
        .flags = (uint16_t)(b[1] | (b[2] & 15) << 8),
        .seq = numbers[b[3] & 7],
        .ack = numbers[b[3] >> 3 & 7],
        .payload = (uint32_t)(b[3] >> 6) * 100,
    };
    const unsigned kind = b[2] >> 4;
    if (s.tuple % 5 == 3) /* its endpoints are the same */
        s.direction = 0;
    if (kind == 1) {
        s.header = 0; /* no TCP */
    } else if (kind < 8 && kind > 1) {
        s.header = (uint8_t)(10 + kind); /* cut, around the fewest bytes that count */
    } else if (kind > 8 && kind < 14) {
        s.words = (uint8_t)(kind - 9);
        s.payload = 0;
    } else if (kind == 14) { /* more header than the datagram has room for */
        s.words = 15;
        s.length_known = false;
        s.payload = 0;
    }
    return s;
}

void segments_traffic(struct traffic *t, const uint8_t *bytes, size_t count)
{
    static struct traffic_segment segments[SEGMENTS_MAX];
    static int64_t times[SEGMENTS_MAX];
    uint32_t made = 0;
    int64_t time = 1000000000;
    for (size_t at = 0; at + SEGMENT_BYTES <= count && made < SEGMENTS_MAX; at += SEGMENT_BYTES) {
        const uint8_t *b = bytes + at;
        segments[made] = segment_of(b);
        time += (int16_t)(b[4] | b[5] << 8) * INT64_C(100); /* backwards, too */
        times[made++] = time;
    }
    REQUIRE(traffic_build(t, segments, times, made, TUPLES) == 0);
}
