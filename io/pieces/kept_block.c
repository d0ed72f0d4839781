/* Memory of blocks. Those of the usual size are used again: a rank takes and gives back hundreds, and memory that is new each time
 * has to be cleared by the kernel, which took a quarter of the time of rank 0. */
#include "io/pieces/kept.h"

#include <pthread.h>
#include <stdlib.h>

enum { SPARE_MOST = 32 };

/* Of the process, since a block is released by whoever is the last to use it. */
static struct {
    pthread_mutex_t lock;
    struct kept_block *first;
    unsigned count;
} spare = {.lock = PTHREAD_MUTEX_INITIALIZER};

static struct kept_block *take_spare(void)
{
    pthread_mutex_lock(&spare.lock);
    struct kept_block *block = spare.first;
    if (block) {
        spare.first = block->next;
        spare.count--;
    }
    pthread_mutex_unlock(&spare.lock);
    return block;
}

/* False: there are enough. */
static bool give_spare(struct kept_block *block)
{
    pthread_mutex_lock(&spare.lock);
    const bool wanted = spare.count < SPARE_MOST;
    if (wanted) {
        block->next = spare.first;
        spare.first = block;
        spare.count++;
    }
    pthread_mutex_unlock(&spare.lock);
    return wanted;
}

static struct kept_block *create(size_t capacity)
{
    struct kept_block *block = malloc(sizeof *block + capacity);
    if (block)
        block->capacity = capacity;
    return block;
}

static struct kept_block *begin(struct kept_block *block, size_t count)
{
    if (!block)
        return NULL;
    atomic_init(&block->users, 1);
    block->next = NULL;
    block->count = count;
    return block;
}

struct kept_block *kept_block_create(size_t count)
{
    return begin(create(count), count);
}

struct kept_block *kept_block_reuse(size_t count)
{
    struct kept_block *block = count <= KEPT_BLOCK_BYTES ? take_spare() : NULL;
    return begin(block ? block : create(MAX(count, (size_t)KEPT_BLOCK_BYTES)), count);
}

void kept_block_release(struct kept_block *block)
{
    if (!block || atomic_fetch_sub_explicit(&block->users, 1, memory_order_acq_rel) > 1)
        return;
    if (block->capacity != KEPT_BLOCK_BYTES || !give_spare(block))
        free(block);
}
