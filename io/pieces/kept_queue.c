/* A list of blocks behind a lock. Batches are gathered into blocks of some size, since each block is a message. */
#include "io/pieces/kept_queue.h"

#include <pthread.h>
#include <stdlib.h>

struct kept_queue {
    struct sink sink;
    size_t limit;
    /* The pipeline's: gathered so far. */
    struct kept_block *open;
    /* Under the lock. */
    pthread_mutex_t lock;
    pthread_cond_t taken;
    struct kept_block *first, **last;
    size_t bytes; /* of these */
    bool closed, cancelled;
};

/* Hands on what is open. */
static void push(struct kept_queue *q)
{
    struct kept_block *block = q->open;
    if (!block)
        return;
    q->open = NULL;
    pthread_mutex_lock(&q->lock);
    /* An empty queue takes what is larger than the limit, too. */
    while (!q->cancelled && q->first && q->bytes + block->count > q->limit)
        pthread_cond_wait(&q->taken, &q->lock);
    q->bytes += block->count;
    *q->last = block;
    q->last = &block->next;
    pthread_mutex_unlock(&q->lock);
}

static int gather(struct sink *sink, enum report report, const struct text *text)
{
    struct kept_queue *q = (struct kept_queue *)sink;
    (void)report;
    if (q->open && q->open->capacity - q->open->count < text->length)
        push(q);
    if (!q->open) {
        q->open = kept_block_reuse(text->length);
        if (!q->open)
            return -1;
        q->open->count = 0;
    }
    memcpy(q->open->bytes + q->open->count, text->bytes, text->length);
    q->open->count += text->length;
    return 0;
}

static const struct sink_ops ops = {.write = gather};

struct kept_queue *kept_queue_create(size_t limit)
{
    struct kept_queue *q = calloc(1, sizeof *q);
    if (!q)
        return NULL;
    q->sink.ops = &ops;
    q->limit = limit;
    q->last = &q->first;
    pthread_mutex_init(&q->lock, NULL);
    pthread_cond_init(&q->taken, NULL);
    return q;
}

struct sink *kept_queue_sink(struct kept_queue *q)
{
    return &q->sink;
}

void kept_queue_close(struct kept_queue *q)
{
    push(q);
    pthread_mutex_lock(&q->lock);
    q->closed = true;
    pthread_mutex_unlock(&q->lock);
}

void kept_queue_cancel(struct kept_queue *q)
{
    pthread_mutex_lock(&q->lock);
    q->cancelled = true;
    pthread_cond_broadcast(&q->taken);
    pthread_mutex_unlock(&q->lock);
}

struct kept_block *kept_queue_take(struct kept_queue *q)
{
    pthread_mutex_lock(&q->lock);
    struct kept_block *block = q->first;
    if (block) {
        q->first = block->next;
        if (!q->first)
            q->last = &q->first;
        q->bytes -= block->count;
        block->next = NULL;
        pthread_cond_signal(&q->taken);
    }
    pthread_mutex_unlock(&q->lock);
    return block;
}

bool kept_queue_has_block(struct kept_queue *q)
{
    pthread_mutex_lock(&q->lock);
    const bool has = q->first;
    pthread_mutex_unlock(&q->lock);
    return has;
}

bool kept_queue_has_ended(struct kept_queue *q)
{
    pthread_mutex_lock(&q->lock);
    const bool ended = q->closed && !q->first;
    pthread_mutex_unlock(&q->lock);
    return ended;
}

void kept_queue_destroy(struct kept_queue *q)
{
    if (!q)
        return;
    kept_block_release(q->open);
    for (struct kept_block *block = q->first, *next; block; block = next) {
        next = block->next;
        kept_block_release(block);
    }
    pthread_cond_destroy(&q->taken);
    pthread_mutex_destroy(&q->lock);
    free(q);
}
