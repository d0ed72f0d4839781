/* Counters at and beyond 2^32, up to their last value: frame numbers, frames and bytes of a conversation, stream numbers. */
#include "engine/conversations/conversation.h"
#include "engine/pipeline/stream_map.h"

#include <criterion/criterion.h>

#define BITS(n) ((UINT64_C(1) << (n)) - 1)

static const uint64_t numbers[] = {0,
                                   1,
                                   BITS(8),
                                   BITS(8) + 1,
                                   BITS(16),
                                   BITS(16) + 1,
                                   BITS(32) - 1,
                                   BITS(32),
                                   BITS(32) + 1,
                                   BITS(40),
                                   BITS(48) - 1,
                                   BITS(48),
                                   0xfedcba987654,
                                   0x0123456789ab};

Test(limits, a_conversation_keeps_frame_numbers_of_48_bits)
{
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++)
        for (size_t k = 0; k < ARRAY_LEN(numbers); k++) {
            struct conversation c = {0};
            conversation_set_first_frame(&c, numbers[i]);
            cr_assert_eq(conversation_frames(&c), 0);
            cr_assert_eq(conversation_bytes(&c), 0);
            conversation_add_frame(&c, numbers[i], 60);
            conversation_add_frame(&c, numbers[k], 40);
            cr_assert_eq(conversation_first_frame(&c), numbers[i]);
            cr_assert_eq(conversation_last_frame(&c), numbers[k]);
            cr_assert_eq(conversation_frames(&c), 2);
            cr_assert_eq(conversation_bytes(&c), 100);
        }
}

Test(limits, frames_and_bytes_of_a_conversation_go_beyond_32_bits)
{
    struct conversation c = {0};
    conversation_set_first_frame(&c, BITS(48));
    /* As after as many frames of the largest length. */
    c.f16_frames += BITS(32);
    c.f8_bytes += BITS(56) - 2 * BITS(32);
    conversation_add_frame(&c, 7, UINT32_MAX);
    cr_expect_eq(conversation_frames(&c), BITS(32) + 1);
    conversation_add_frame(&c, 8, UINT32_MAX);
    cr_expect_eq(conversation_bytes(&c), BITS(56));
    c.f16_frames += BITS(48) - conversation_frames(&c);
    cr_expect_eq(conversation_frames(&c), BITS(48));
    cr_expect_eq(conversation_first_frame(&c), BITS(48), "they are in the same words");
}

Test(limits, stream_numbers_have_48_bits)
{
    struct stream_map m;
    cr_assert_eq(stream_map_init(&m), 0);
    enum { FAR = 3 * STREAM_CHUNK };
    /* The higher bits come while there are entries without. */
    for (uint32_t i = 0; i < ARRAY_LEN(numbers); i++) {
        cr_assert_eq(stream_map_set(&m, 1 + i, numbers[i]), 0);
        cr_assert_eq(stream_map_set(&m, FAR + i, numbers[ARRAY_LEN(numbers) - 1 - i]), 0);
        for (uint32_t k = 0; k <= i; k++) {
            cr_assert_eq(stream_map_get(&m, 1 + k), numbers[k]);
            cr_assert_eq(stream_map_get(&m, FAR + k), numbers[ARRAY_LEN(numbers) - 1 - k]);
        }
    }
    cr_assert_eq(stream_map_set(&m, 5, 3), 0);
    cr_expect_eq(stream_map_get(&m, 5), 3, "higher bits of an entry that is used again are gone");
    stream_map_free(&m);
}
