/* Epochs: what is over is known two epochs later, in whatever batches the frames come. */
#include "engine/pipeline/epochs.h"

#include <criterion/criterion.h>

enum { MOST = 100000, EPOCH = 1 << 15 };

static uint64_t over_at(const struct epochs *e, uint64_t frame)
{
    struct epochs_over over;
    cr_assert(epochs_over(e, frame, frame, &over));
    return frame > over.change ? over.behind : over.before;
}

/* Numbers frames up to last, each of which begins a conversation. */
static void number(struct epochs *e, uint64_t last)
{
    for (uint64_t end; (end = epochs_next_end(e, last));)
        cr_assert_eq(epochs_end(e, end), 0);
}

Test(epochs, without_a_limit_nothing_ends)
{
    struct epochs e = {0};
    cr_assert_eq(epochs_init(&e, 0), 0);
    cr_expect_eq(epochs_next_end(&e, UINT64_MAX / 2), 0);
    epochs_free(&e);
}

Test(epochs, are_over_once_so_many_have_begun_behind_them)
{
    struct epochs e = {0};
    cr_assert_eq(epochs_init(&e, MOST), 0);
    number(&e, EPOCH - 1);
    cr_expect_eq(over_at(&e, 2 * EPOCH), 0, "the first two need nothing");
    struct epochs_over over;
    cr_expect_not(epochs_over(&e, 2 * EPOCH, 2 * EPOCH + 1, &over), "the end of the first is not numbered");
    number(&e, EPOCH);
    cr_expect(epochs_over(&e, 2 * EPOCH, 2 * EPOCH + 1, &over));
    number(&e, 5 * EPOCH);
    /* 4 epochs are 131,072 conversations, 3 are 98,304. */
    cr_expect_eq(over_at(&e, 5 * EPOCH + 1), EPOCH, "in the sixth, of the first four");
    cr_expect_eq(over_at(&e, 5 * EPOCH), 0);
    cr_expect_eq(over_at(&e, 6 * EPOCH + 1), 2 * EPOCH);
    epochs_free(&e);
}

Test(epochs, do_not_depend_on_batches)
{
    struct epochs one = {0}, other = {0};
    cr_assert_eq(epochs_init(&one, MOST), 0);
    cr_assert_eq(epochs_init(&other, MOST), 0);
    for (uint64_t last = 1000; last < 12 * EPOCH; last += 7919)
        number(&one, last);
    number(&one, 12 * EPOCH);
    number(&other, 12 * EPOCH);
    for (uint64_t frame = 10 * EPOCH + 1; frame <= 13 * EPOCH; frame += 1000)
        cr_expect_eq(over_at(&one, frame), over_at(&other, frame));
    struct epochs_over over;
    cr_expect(epochs_over(&one, 12 * EPOCH - 5, 12 * EPOCH + 5, &over));
    cr_expect_eq(over.change, 12 * EPOCH);
    cr_expect_eq(over.behind, over.before + EPOCH);
    epochs_free(&one);
    epochs_free(&other);
}
