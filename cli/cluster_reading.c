/* A rank reads its piece with threads of its own, into a queue, while another thread talks to other ranks. */
#include "cli/cluster_internal.h"
#include "io/message.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

enum { QUEUE_LEAST = 64 << 20 };

/* A quarter of the machine's memory for all ranks on it: who is faster than rank 0 reads ahead until then. */
static size_t queue_limit(const struct cluster *c)
{
    const long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    const size_t memory = pages > 0 && size > 0 ? (size_t)pages * (size_t)size : (size_t)1 << 30;
    return MAX(memory / 4 / MAX(c->job.beside, 1u), (size_t)QUEUE_LEAST);
}

enum exit_status cluster_reading_open(struct cluster_reading *r, const struct cluster *c,
                                      const struct inputs *inputs, uint64_t begin)
{
    const struct piece_choice choice = {.options = c->options,
                                        .inputs = inputs,
                                        .index = c->job.rank + 1,
                                        .count = c->job.count,
                                        .begin = begin};
    r->problems = (struct problems)PROBLEMS_INIT;
    return piece_reading_open(&r->piece, &choice, &r->problems);
}

static void say_write_error(void *reading)
{
    (void)reading;
    fail_memory(); /* a queue has no other reason */
}

static void *read_all(void *reading)
{
    struct cluster_reading *r = reading;
    r->status = piece_reading_run(&r->piece, say_write_error, r);
    piece_reading_finish(&r->piece);
    r->seconds = clock_seconds() - r->begun;
    kept_queue_close(r->queue);
    atomic_store_explicit(&r->done, true, memory_order_release);
    return NULL;
}

enum exit_status cluster_reading_start(struct cluster_reading *r, const struct cluster *c)
{
    r->begun = clock_seconds();
    r->queue = kept_queue_create(queue_limit(c));
    if (!r->queue)
        return fail_memory();
    const enum exit_status status = piece_reading_prepare(&r->piece, kept_queue_sink(r->queue));
    if (status != EXIT_DONE)
        return status;
    const int error = pthread_create(&r->thread, NULL, read_all, r);
    if (error) {
        message_error("cannot start a thread: %s", strerror(error));
        return EXIT_INPUT;
    }
    r->started = true;
    return EXIT_DONE;
}

bool cluster_reading_is_done(const struct cluster_reading *r)
{
    return atomic_load_explicit(&r->done, memory_order_acquire);
}

void cluster_reading_end(struct cluster_reading *r)
{
    if (r->started) {
        pipeline_stop(r->piece.pipeline);
        kept_queue_cancel(r->queue);
        pthread_join(r->thread, NULL);
    }
    piece_reading_close(&r->piece);
    kept_queue_destroy(r->queue);
    problems_free(&r->problems);
    *r = (struct cluster_reading){0};
}
