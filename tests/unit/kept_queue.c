/* Packed batches on their way from a pipeline to whoever sends them: in order, whole, and never more than the limit. */
#include "io/pieces/kept_queue.h"

#include <criterion/criterion.h>
#include <pthread.h>
#include <stdlib.h>
#include <time.h>

enum { MANY = 3000, LIMIT = 16 << 20 };

/* Batch n, as so many bytes that all are n. */
static void write_batch(struct kept_queue *q, unsigned n)
{
    static char bytes[64 << 10];
    const struct text text = {.bytes = bytes, .length = 8 + n % 8000 * 8};
    struct sink *sink = kept_queue_sink(q);
    memset(bytes, (int)(n % 251), text.length);
    cr_assert_eq(sink->ops->write(sink, REPORT_REUSE, &text), 0);
}

static void *write_all(void *queue)
{
    for (unsigned n = 0; n < MANY; n++)
        write_batch(queue, n);
    kept_queue_close(queue);
    return NULL;
}

/* Takes all there is, and checks that it is what was written. */
static void take_all(struct kept_queue *q)
{
    unsigned n = 0;
    size_t left = 8;
    while (!kept_queue_has_ended(q)) {
        struct kept_block *block = kept_queue_take(q);
        for (size_t i = 0; block && i < block->count; i++) {
            cr_assert_eq(block->bytes[i], n % 251, "batch %u", n);
            if (!--left)
                left = 8 + ++n % 8000 * 8;
        }
        kept_block_release(block);
    }
    cr_assert_eq(n, MANY);
    cr_assert_null(kept_queue_take(q));
}

Test(kept_queue, hands_on_all_in_order)
{
    struct kept_queue *q = kept_queue_create((size_t)1 << 40);
    write_all(q);
    cr_assert(kept_queue_has_block(q));
    take_all(q);
    kept_queue_destroy(q);
}

Test(kept_queue, waits_when_it_is_full)
{
    struct kept_queue *q = kept_queue_create(LIMIT);
    pthread_t writer;
    cr_assert_eq(pthread_create(&writer, NULL, write_all, q), 0);
    take_all(q);
    pthread_join(writer, NULL);
    kept_queue_destroy(q);
}

Test(kept_queue, gives_up_when_it_is_cancelled)
{
    struct kept_queue *q = kept_queue_create(LIMIT);
    pthread_t writer;
    cr_assert_eq(pthread_create(&writer, NULL, write_all, q), 0);
    while (!kept_queue_has_block(q))
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    kept_queue_cancel(q);
    pthread_join(writer, NULL);
    kept_queue_destroy(q);
}

Test(kept_queue, is_empty_at_first_and_when_nothing_came)
{
    struct kept_queue *q = kept_queue_create(LIMIT);
    cr_assert(!kept_queue_has_block(q) && !kept_queue_has_ended(q));
    kept_queue_close(q);
    cr_assert(kept_queue_has_ended(q));
    kept_queue_destroy(q);
}

Test(kept_queue, takes_what_is_larger_than_its_limit)
{
    struct kept_queue *q = kept_queue_create(1);
    write_batch(q, 5);
    kept_queue_close(q);
    struct kept_block *block = kept_queue_take(q);
    cr_assert_eq(block->count, 48);
    kept_block_release(block);
    kept_queue_destroy(q);
}
