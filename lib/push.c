/* Pushing frames: the public functions, and the pipeline that they advance, on the caller's thread. */
#include "lib/handle.h"

#include <stdlib.h>

enum { DECIMALS_MAX = 9 };

static int start(struct tcpreuse *t)
{
    if (t->failure || t->state == HANDLE_PUSHING)
        return handle_failed(t);
    if (t->state != HANDLE_NEW)
        return handle_fail(t, TCPREUSE_ERROR_ORDER,
                           t->state == HANDLE_READING ? "the handle reads files and takes no frames"
                                                      : "the handle has had its last frame");
    if (t->options.sort_window || t->options.threads > 1)
        return handle_fail(t, TCPREUSE_ERROR_OPTION, "options: sort_window and threads are for files");
    t->state = HANDLE_PUSHING;
    t->push = calloc(1, sizeof *t->push);
    if (!t->push)
        return t->failure = handle_fail(t, TCPREUSE_ERROR_MEMORY, "out of memory");
    push_source_init(t->push);
    return t->failure = handle_connect(t, &t->push->source, 1);
}

/* Works on what has been pushed. */
static int work(struct tcpreuse *t)
{
    enum pipeline_advance advance;
    while ((advance = pipeline_advance(t->pipeline)) == PIPELINE_ADVANCED)
        ;
    return advance == PIPELINE_ENDED ? handle_end(t) : TCPREUSE_DONE;
}

static int push_one(struct tcpreuse *t, const struct tcpreuse_frame *frame)
{
    if (frame->captured && !frame->data)
        return handle_fail(t, TCPREUSE_ERROR_OPTION, "a frame of %u bytes has no data", frame->captured);
    if (frame->decimals > DECIMALS_MAX)
        return handle_fail(t, TCPREUSE_ERROR_OPTION, "a frame's time has %u decimals: expected up to 9",
                           frame->decimals);
    for (;;) {
        int result;
        switch (push_source_add(t->push, frame)) {
        case PUSH_DONE:
            return TCPREUSE_DONE;
        case PUSH_FULL:
            if ((result = work(t)))
                return result;
            break;
        case PUSH_NO_MEMORY:
            return t->failure = handle_fail(t, TCPREUSE_ERROR_MEMORY, "out of memory");
        }
    }
}

int tcpreuse_push(struct tcpreuse *t, const struct tcpreuse_frame *frames, size_t count)
{
    int result = start(t);
    for (size_t i = 0; !result && i < count; i++)
        result = push_one(t, &frames[i]);
    return result;
}

int tcpreuse_flush(struct tcpreuse *t)
{
    const int result = start(t);
    return result ? result : work(t);
}

int tcpreuse_finish(struct tcpreuse *t)
{
    const int result = start(t);
    if (result)
        return result;
    t->push->ended = true;
    return work(t);
}
