/* Reading files: by the pipeline that is advanced with each event that is asked for, or by one that has threads of its own. No
 * file is mapped, so that one that is cut short meanwhile raises no signal. */
#include "engine/signals.h"
#include "lib/handle.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>

static int no_memory(struct tcpreuse *t)
{
    return handle_fail(t, TCPREUSE_ERROR_MEMORY, "out of memory");
}

static int find_inputs(struct tcpreuse *t, const char *const *paths, size_t count)
{
    t->inputs = calloc(1, sizeof *t->inputs);
    if (!t->inputs)
        return no_memory(t);
    t->inputs->threads = t->options.threads;
    for (size_t i = 0; i < count; i++)
        if (inputs_add(t->inputs, paths[i], t->options.flags & TCPREUSE_RECURSIVE, &t->problems))
            return no_memory(t);
    return inputs_find_repeated(t->inputs, &t->problems) ? no_memory(t) : TCPREUSE_DONE;
}

static int open_set(struct tcpreuse *t, unsigned threads)
{
    const struct set_source_params params = {
        .paths = (const char *const *)t->inputs->paths,
        .count = t->inputs->count,
        .looks = t->inputs->looks,
        .append = t->options.flags & TCPREUSE_APPEND,
        .sort_window = t->options.sort_window,
        .notes_interfaces = t->options.key & TCPREUSE_KEY_INTERFACE,
        .reads = true,
        .threads = threads,
        .ahead = threads + 1,
        .problems = &t->problems,
        .stop = &t->stop,
    };
    if (stop_init(&t->stop))
        return handle_fail(t, TCPREUSE_ERROR_THREAD, "cannot create an event descriptor: %s",
                           strerror(errno));
    t->has_stop = true;
    t->files = set_source_create(&params);
    return t->files ? TCPREUSE_DONE : no_memory(t);
}

static void *run(void *handle)
{
    struct tcpreuse *t = handle;
    t->run_error = pipeline_run(t->pipeline);
    events_end(&t->events);
    return NULL;
}

/* A thread that waits for those of the run, and takes no signals either. */
static int start_runner(struct tcpreuse *t)
{
    sigset_t old;
    signals_block(&old);
    const int error = pthread_create(&t->runner, NULL, run, t);
    pthread_sigmask(SIG_SETMASK, &old, NULL);
    if (error)
        return handle_fail(t, TCPREUSE_ERROR_THREAD, "cannot start a thread: %s", strerror(error));
    t->has_runner = true;
    return TCPREUSE_DONE;
}

int tcpreuse_read(struct tcpreuse *t, const char *const *paths, size_t count)
{
    const unsigned threads = MAX(t->options.threads, 1u);
    if (t->failure)
        return handle_failed(t);
    if (t->state != HANDLE_NEW)
        return handle_fail(t, TCPREUSE_ERROR_ORDER, "the handle has its input already");
    t->state = HANDLE_READING;
    int result = find_inputs(t, paths, count);
    if (!result)
        result = open_set(t, threads);
    if (!result)
        result = handle_connect(t, set_source_source(t->files), threads);
    if (!result && threads > 1)
        result = start_runner(t);
    return t->failure = result;
}

/* The source of a pipe may have nothing for a while. */
static void wait_a_little(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 100000}, NULL);
}

static const struct tcpreuse_event *advance_to_event(struct tcpreuse *t)
{
    for (;;) {
        const struct tcpreuse_event *event = events_take(&t->events, false);
        if (event)
            return event;
        switch (pipeline_advance(t->pipeline)) {
        case PIPELINE_ADVANCED:
            break;
        case PIPELINE_WAITS:
            wait_a_little();
            break;
        case PIPELINE_ENDED:
            handle_end(t); /* which may report what was left */
            return events_take(&t->events, false);
        }
    }
}

const struct tcpreuse_event *files_next(struct tcpreuse *t)
{
    if (t->failure)
        return NULL;
    if (!t->has_runner)
        return advance_to_event(t);
    const struct tcpreuse_event *event = events_take(&t->events, true);
    if (!event) {
        pthread_join(t->runner, NULL);
        handle_end(t);
    }
    return event;
}

void files_stop(struct tcpreuse *t)
{
    if (!t->has_runner || t->state == HANDLE_ENDED)
        return;
    events_abandon(&t->events);
    pipeline_stop(t->pipeline);
    stop_ask(&t->stop);
    stop_ask(&t->stop); /* pipes are not waited for, either */
    pthread_join(t->runner, NULL);
}

void files_free(struct tcpreuse *t)
{
    set_source_destroy(t->files);
    if (t->has_stop)
        stop_close(&t->stop);
    if (t->inputs)
        inputs_free(t->inputs);
    free(t->inputs);
}
