/* A rank reads a piece with threads of its own, into a queue, while another thread talks to other ranks. */
#include "cli/cluster_internal.h"
#include "engine/signals.h"
#include "io/message.h"

#include <errno.h>
#include <unistd.h>

static const size_t queue_least = 64 << 20;

/* A quarter of the machine's memory for all ranks on it: a reading that is further ahead waits. */
static size_t queue_limit(const struct cluster *c)
{
    const long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    const size_t memory = pages > 0 && size > 0 ? (size_t)pages * (size_t)size : 0;
    return MAX(memory / 4 / MAX(c->job.beside, 1u) / CLUSTER_READINGS, queue_least);
}

struct cluster_reading *cluster_readings_spare(struct cluster_readings *r)
{
    struct cluster_reading *spare = NULL;
    for (unsigned i = 0; i < CLUSTER_READINGS; i++) {
        if (r->of[i].used && !cluster_reading_is_done(&r->of[i]))
            return NULL;
        if (!r->of[i].used)
            spare = &r->of[i];
    }
    return spare;
}

struct cluster_reading *cluster_readings_find(struct cluster_readings *r, unsigned piece)
{
    unsigned i = 0;
    while (!r->of[i].used || r->of[i].piece != piece)
        i++;
    return &r->of[i];
}

uint64_t cluster_readings_bytes(const struct cluster_readings *r)
{
    uint64_t n = r->bytes;
    for (unsigned i = 0; i < CLUSTER_READINGS; i++)
        if (r->of[i].used)
            n += set_source_bytes_done(r->of[i].reading.files);
    return n;
}

static void say_write_error(void *reading)
{
    const struct cluster_reading *r = reading;
    if (r->queue)
        fail_memory(); /* it has no other reason */
}

static void *read_all(void *reading)
{
    struct cluster_reading *r = reading;
    r->status = piece_reading_run(&r->reading, say_write_error, r);
    piece_reading_finish(&r->reading);
    r->seconds = clock_seconds() - r->begun;
    if (r->queue)
        kept_queue_close(r->queue);
    atomic_store_explicit(&r->done, true, memory_order_release);
    return NULL;
}

void cluster_reading_start(struct cluster_reading *r, const struct cluster *c, unsigned piece,
                           const struct set_border *begin, struct sink *sink)
{
    struct piece_choice choice = {.options = c->options,
                                  .inputs = c->inputs,
                                  .index = piece + 1,
                                  .count = c->pieces,
                                  .begins = c->begins,
                                  .key = sink ? NULL : &c->key};
    *r = (struct cluster_reading){.used = true,
                                  .piece = piece,
                                  .again = begin != NULL,
                                  .problems = PROBLEMS_INIT,
                                  .begun = clock_seconds()};
    if (begin)
        choice.begin = (struct set_border){begin->input + 1, begin->position};
    if (!sink) {
        r->queue = kept_queue_create(queue_limit(c));
        cluster_check_memory(c, r->queue);
        sink = kept_queue_sink(r->queue);
    }
    cluster_check(c, piece_reading_open(&r->reading, &choice, &r->problems));
    cluster_check(c, piece_reading_prepare(&r->reading, sink));
    sigset_t old;
    signals_block(&old); /* interrupts are for the thread that waits for the job */
    const int error = pthread_create(&r->thread, NULL, read_all, r);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (error) {
        message_error("cannot start a thread: %s", strerror(error));
        cluster_fail(c, EXIT_INPUT);
    }
    r->started = true;
}

bool cluster_reading_is_done(const struct cluster_reading *r)
{
    return atomic_load_explicit(&r->done, memory_order_acquire);
}

bool cluster_reading_has_begun(const struct cluster_reading *r)
{
    return cluster_reading_is_done(r) || kept_queue_has_block(r->queue);
}

bool cluster_reading_is_taken(const struct cluster_reading *r, const struct cluster *c)
{
    if (!cluster_reading_is_done(r))
        return false;
    cluster_check(c, r->status);
    return kept_queue_has_ended(r->queue);
}

void cluster_reading_end(struct cluster_reading *r)
{
    if (!r->used)
        return;
    if (r->started) {
        pipeline_stop(r->reading.pipeline);
        if (r->queue)
            kept_queue_cancel(r->queue);
        pthread_join(r->thread, NULL);
    }
    piece_reading_close(&r->reading);
    kept_queue_destroy(r->queue);
    problems_free(&r->problems);
    r->used = false;
}
