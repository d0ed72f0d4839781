/* Reading ahead by page faults.
 *
 * The kernel's own readahead does not see that eight lanes are one file read in order. MADV_WILLNEED leaves
 * pages of 4 KB in the page cache, and mapping those is what the next run over the file waits for. So
 * mappings ask for huge pages, with which a fault reads 4 MB in pieces of 2 MB where the file system can
 * (XFS, ext4 and btrfs of newer kernels), and a dedicated thread takes these faults, WINDOWS ahead of the
 * claims. It starts at the first window that is not in the page cache, and sleeps in the kernel.
 *
 * 1.5 GB on ext4, frames of 980 bytes, two threads, cold, and then a second run: 0.65 and 0.06 s; with the
 * workers' own faults of 4 MB 0.9 to 1.4 and 0.06 s, with MADV_WILLNEED 0.95 and 0.18 s. cat: 0.7 to 1.8 s
 * cold. */
#include "io/sets/read_ahead.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/mman.h>

enum {
    PAGE = 4096,
    STEP = 2 << 20,   /* one fault */
    WINDOW = 8 << 20, /* checked by one mincore() of its last page, 1 us */
    WINDOWS = 4,
    QUEUE = WINDOWS * WINDOW / STEP, /* a power of two */
    /* Windows behind a cold one that are read whatever mincore() says: it takes pages that are being read
     * for resident. */
    COLD_WINDOWS = 8,
};

/* One step to read. */
struct request {
    struct capture *capture; /* with a use */
    uint64_t offset;
};

struct read_ahead {
    /* The caller's. */
    uint64_t done_to; /* offset up to which windows are checked, and requested if they are cold */
    uint64_t cold_to; /* offset up to which windows are read whatever the check says */
    bool has_thread, no_thread;
    pthread_t thread;

    pthread_mutex_t lock; /* of all that follows */
    pthread_cond_t changed;
    struct request queue[QUEUE]; /* a ring */
    uint64_t added, taken;       /* indices, which run freely */
    bool ends;
};

struct read_ahead *read_ahead_create(void)
{
    struct read_ahead *r = calloc(1, sizeof *r);
    if (!r)
        return NULL;
    pthread_mutex_init(&r->lock, NULL);
    pthread_cond_init(&r->changed, NULL);
    return r;
}

static void fetch(const struct request *request)
{
    uint8_t *page = (uint8_t *)(uintptr_t)(request->capture->bytes + request->offset);
#ifdef MADV_POPULATE_READ
    /* A fault that raises no signal if the file has become shorter. */
    if (!madvise(page, PAGE, MADV_POPULATE_READ) || errno != EINVAL)
        return;
#endif
    /* Kernels before 5.14. */
    madvise(page, MIN((uint64_t)STEP, request->capture->mapped - request->offset), MADV_WILLNEED);
}

static void *read_ahead_main(void *argument)
{
    struct read_ahead *r = argument;
    pthread_mutex_lock(&r->lock);
    for (;;) {
        while (r->taken == r->added && !r->ends)
            pthread_cond_wait(&r->changed, &r->lock);
        if (r->taken == r->added)
            break;
        struct request request = r->queue[r->taken++ % QUEUE];
        bool ends = r->ends;
        pthread_mutex_unlock(&r->lock);
        if (!ends)
            fetch(&request);
        capture_drop(request.capture);
        pthread_mutex_lock(&r->lock);
    }
    pthread_mutex_unlock(&r->lock);
    return NULL;
}

void read_ahead_destroy(struct read_ahead *r)
{
    if (!r)
        return;
    pthread_mutex_lock(&r->lock);
    r->ends = true;
    pthread_cond_signal(&r->changed);
    pthread_mutex_unlock(&r->lock);
    if (r->has_thread)
        pthread_join(r->thread, NULL);
    pthread_cond_destroy(&r->changed);
    pthread_mutex_destroy(&r->lock);
    free(r);
}

static uint64_t window_of(uint64_t offset)
{
    return offset & ~(uint64_t)(WINDOW - 1);
}

void read_ahead_begin(struct read_ahead *r, uint64_t offset)
{
    r->done_to = window_of(offset);
    r->cold_to = 0;
}

/* Tells by the window's last page: a file's first pages were read when it was opened. */
static bool is_cold(struct read_ahead *r, const struct capture *c, uint64_t window_end)
{
    uint8_t *page = (uint8_t *)(uintptr_t)(c->bytes + ((window_end - 1) & ~(uint64_t)(PAGE - 1)));
    unsigned char resident = 0;
    if (!mincore(page, PAGE, &resident) && !(resident & 1))
        r->cold_to = window_end + COLD_WINDOWS * WINDOW;
    return r->done_to < r->cold_to;
}

/* False when the queue has no room for all of it. */
static bool add_window(struct read_ahead *r, struct capture *c, uint64_t begin, uint64_t end)
{
    pthread_mutex_lock(&r->lock);
    bool has_room = r->added - r->taken <= QUEUE - WINDOW / STEP;
    for (uint64_t at = begin; has_room && at < end; at += STEP)
        r->queue[r->added++ % QUEUE] = (struct request){capture_use(c), at};
    pthread_cond_signal(&r->changed);
    pthread_mutex_unlock(&r->lock);
    return has_room;
}

void read_ahead_to(struct read_ahead *r, struct capture *c, uint64_t offset, uint64_t end)
{
    r->done_to = MAX(r->done_to, window_of(offset));
    while (r->done_to < end && r->done_to < offset + WINDOWS * WINDOW) {
        const uint64_t at = r->done_to, window_end = MIN(at + WINDOW, end);
        if (!r->no_thread && is_cold(r, c, window_end)) {
            if (!r->has_thread) {
                r->has_thread = !pthread_create(&r->thread, NULL, read_ahead_main, r);
                r->no_thread = !r->has_thread;
                continue;
            }
            if (!add_window(r, c, at, window_end))
                return;
        }
        r->done_to += WINDOW;
    }
}
