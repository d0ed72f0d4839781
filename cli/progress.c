#include "progress.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

struct progress {
    const struct pipeline *pipeline;
    const struct set_source *source;
    bool terminal;
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop; /* under lock */
};

static void show(const struct progress *p)
{
    struct pipeline_progress now = pipeline_progress(p->pipeline);
    uint64_t total = set_source_bytes_total(p->source), done = set_source_bytes_done(p->source);
    fprintf(stderr, "%s%3.0f %%  %" PRIu64 " frames, %" PRIu64 " conversations, %" PRIu64 " reuses%s",
            p->terminal ? "\r" : "", total ? 100.0 * (double)done / (double)total : 0.0, now.frames,
            now.conversations, now.reuses, p->terminal ? "\033[K" : "\n");
    fflush(stderr);
}

static void *progress_main(void *argument)
{
    struct progress *p = argument;
    bool shown = false;
    pthread_mutex_lock(&p->lock);
    while (!p->stop) {
        struct timespec t;
        clock_gettime(CLOCK_REALTIME, &t);
        t.tv_sec += shown && !p->terminal;
        t.tv_nsec += shown && !p->terminal ? 0 : 250000000;
        if (t.tv_nsec >= 1000000000) {
            t.tv_sec++;
            t.tv_nsec -= 1000000000;
        }
        pthread_cond_timedwait(&p->wake, &p->lock, &t);
        if (!p->stop) {
            show(p);
            shown = true;
        }
    }
    pthread_mutex_unlock(&p->lock);
    if (shown && p->terminal)
        fputs("\r\033[K", stderr);
    return NULL;
}

struct progress *progress_start(enum progress_mode mode, const struct pipeline *pipeline,
                                const struct set_source *source)
{
    bool terminal = isatty(STDERR_FILENO);
    if (mode == PROGRESS_NEVER || (mode == PROGRESS_AUTO && !terminal))
        return NULL;
    struct progress *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    *p = (struct progress){.pipeline = pipeline, .source = source, .terminal = terminal};
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->wake, NULL);
    if (pthread_create(&p->thread, NULL, progress_main, p)) {
        free(p);
        return NULL;
    }
    return p;
}

void progress_stop(struct progress *p)
{
    if (!p)
        return;
    pthread_mutex_lock(&p->lock);
    p->stop = true;
    pthread_cond_signal(&p->wake);
    pthread_mutex_unlock(&p->lock);
    pthread_join(p->thread, NULL);
    pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->lock);
    free(p);
}
