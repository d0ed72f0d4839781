/* The functions of the public interface that make, ask and close a handle. push.c and files.c have those that
 * feed it. */
#include "lib/handle.h"
#include "io/reports/community_id.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

enum {
    SECOND = 1000000000,
    ANSWER_WINDOW_S = 3,
    QUEUE_EVENTS = 4096, /* that wait for the taker, some more than a megabyte */
};

int handle_fail(struct tcpreuse *t, int result, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    vsnprintf(t->error[t->failure != 0], sizeof t->error[0], format, ap);
    va_end(ap);
    t->latest = t->error[t->failure != 0];
    return result;
}

int handle_failed(struct tcpreuse *t)
{
    if (t->failure)
        t->latest = t->error[0];
    return t->failure;
}

int handle_take_error(struct tcpreuse *t, enum pipeline_error error)
{
    switch (error) {
    case PIPELINE_OK:
        return TCPREUSE_DONE;
    case PIPELINE_MEMORY:
    case PIPELINE_WRITE: /* of events, to memory */
        return t->failure = handle_fail(t, TCPREUSE_ERROR_MEMORY,
                                        "out of memory: the events end before the input does");
    case PIPELINE_THREAD:
        return t->failure = handle_fail(t, TCPREUSE_ERROR_THREAD, "cannot start a thread");
    case PIPELINE_RANDOM:
        return t->failure =
                   handle_fail(t, TCPREUSE_ERROR_RANDOM, "cannot get random numbers from the kernel");
    case PIPELINE_DAMAGED:
        break;
    }
    return t->failure = handle_fail(t, TCPREUSE_ERROR_INTERNAL, "a batch contradicts itself");
}

struct tcpreuse *tcpreuse_create(void)
{
    struct tcpreuse *t = calloc(1, sizeof *t);
    if (!t)
        return NULL;
    t->problems = (struct problems)PROBLEMS_INIT;
    t->stop.fd = -1;
    return t;
}

/* Copies the options. The caller may have been compiled with another version of the header: members that it
 * lacks are 0, and members that this library does not know must be. */
static int take_options(struct tcpreuse *t, const struct tcpreuse_options *given)
{
    const struct tcpreuse_options none = {0};
    if (given->size < offsetof(struct tcpreuse_options, filter) + sizeof given->filter || given->size > 4096)
        return handle_fail(t, TCPREUSE_ERROR_OPTION, "options: expected their size, found %zu", given->size);
    t->options = none;
    memcpy(&t->options, given, MIN(given->size, sizeof t->options));
    const uint8_t *beyond = (const uint8_t *)given + sizeof t->options;
    for (size_t i = sizeof t->options; i < given->size; i++)
        if (*beyond++)
            return handle_fail(t, TCPREUSE_ERROR_UNAVAILABLE,
                               "options: one is set that this version of the library does not know");
    return TCPREUSE_DONE;
}

static int check_options(struct tcpreuse *t)
{
    const struct tcpreuse_options *o = &t->options;
    const struct {
        bool wrong;
        const char *text;
    } checks[] = {
        {o->events & ~(unsigned)(TCPREUSE_REUSE | TCPREUSE_CONVERSATION),
         "events: not enum tcpreuse_event_kind"},
        {o->rules > TCPREUSE_RULES_4_4, "rules: not enum tcpreuse_rules"},
        {o->key & ~(unsigned)(TCPREUSE_KEY_VLAN | TCPREUSE_KEY_INTERFACE | TCPREUSE_KEY_VNI),
         "key: not enum tcpreuse_key"},
        {o->flags &
             ~(unsigned)(TCPREUSE_NO_VERDICTS | TCPREUSE_COMMUNITY_ID | TCPREUSE_APPEND | TCPREUSE_RECURSIVE),
         "flags: not enum tcpreuse_flags"},
        {o->threads > PIPELINE_THREADS, "threads: more than 256"},
        {o->answer_window < 0 || o->expire < 0 || o->drop_copies < 0 || o->sort_window < 0,
         "a time is negative"},
        {o->key && o->rules == TCPREUSE_RULES_4_0,
         "key: needs rules of 4.2 or later: what FTP announces to 4.0 has no VLAN, interface or VNI"},
    };
    for (size_t i = 0; i < ARRAY_LEN(checks); i++)
        if (checks[i].wrong)
            return handle_fail(t, TCPREUSE_ERROR_OPTION, "options: %s", checks[i].text);
    if (o->flags & TCPREUSE_COMMUNITY_ID && !community_id_available())
        return handle_fail(t, TCPREUSE_ERROR_UNAVAILABLE,
                           "this build has no Community ID, since nettle was not there");
    return TCPREUSE_DONE;
}

int tcpreuse_configure(struct tcpreuse *t, const struct tcpreuse_options *options)
{
    if (t->state != HANDLE_NEW)
        return handle_fail(t, TCPREUSE_ERROR_ORDER, "options come before the first frame");
    int result = take_options(t, options);
    if (!result)
        result = check_options(t);
    free(t->filter_text);
    t->filter_text = NULL;
    if (!result && t->options.filter && !(t->filter_text = strdup(t->options.filter)))
        result = handle_fail(t, TCPREUSE_ERROR_MEMORY, "out of memory");
    if (result)
        t->options = (struct tcpreuse_options){0};
    t->options.filter = t->filter_text;
    return result;
}

static int open_filter(struct tcpreuse *t)
{
    char error[sizeof t->error[0] - 16];
    if (!t->options.filter)
        return TCPREUSE_DONE;
    switch (bpf_create(&t->filter, t->options.filter, &t->problems, error, sizeof error)) {
    case BPF_CREATED:
        return TCPREUSE_DONE;
    case BPF_WRONG:
        return handle_fail(t, TCPREUSE_ERROR_OPTION, "filter: %s", error);
    case BPF_FAILED:
        break;
    }
    return handle_fail(t, TCPREUSE_ERROR_UNAVAILABLE, "filter: %s", error);
}

_Static_assert((int)TCPREUSE_KEY_VLAN == KEY_VLAN && (int)TCPREUSE_KEY_INTERFACE == KEY_INTERFACE &&
                   (int)TCPREUSE_KEY_VNI == KEY_VNI,
               "parts of the key are those of the public interface");

int handle_connect(struct tcpreuse *t, struct source *source, unsigned threads)
{
    const struct tcpreuse_options *o = &t->options;
    const bool verdicts = !(o->flags & TCPREUSE_NO_VERDICTS);
    const struct events_params events = {
        .kinds = o->events ? o->events : TCPREUSE_REUSE,
        .key_parts = o->key,
        .wants_origin = source->ops->origin,
        .wants_community_id = o->flags & TCPREUSE_COMMUNITY_ID,
        .community_id_seed = o->community_id_seed,
        .timers = verdicts ? &verdict_timers : NULL,
        .most = threads > 1 ? QUEUE_EVENTS : 0,
    };
    const int result = open_filter(t);
    if (result)
        return result;
    if (events_init(&t->events, &events))
        return handle_fail(t, TCPREUSE_ERROR_THREAD, "cannot create a lock");
    t->has_events = true;
    const struct pipeline_params params = {
        .source = source,
        .sink = &t->events.sink,
        .threads = threads,
        .rules = o->rules ? (enum rules)(o->rules - TCPREUSE_RULES_4_0) : RULES_4_4,
        .filter = t->filter ? bpf_filter_of(t->filter) : NULL,
        .max_conversations = o->max_conversations,
        .expire = o->expire,
        .drop_copies = o->drop_copies,
        .key_parts = o->key,
        .verdicts = {.wanted = verdicts,
                     .answer_window = o->answer_window ? o->answer_window : (int64_t)ANSWER_WINDOW_S * SECOND,
                     .timers = &verdict_timers},
    };
    t->pipeline = pipeline_create(&params);
    if (!t->pipeline)
        return handle_fail(t, TCPREUSE_ERROR_MEMORY, "out of memory");
    return threads > 1 ? TCPREUSE_DONE : handle_take_error(t, pipeline_begin(t->pipeline));
}

int handle_end(struct tcpreuse *t)
{
    t->state = HANDLE_ENDED;
    handle_take_error(t, t->has_runner ? t->run_error : pipeline_end(t->pipeline));
    const struct pipeline_totals *totals = pipeline_totals(t->pipeline);
    if (!t->failure && !totals->conserved)
        t->failure = handle_fail(t, TCPREUSE_ERROR_INTERNAL, "frame counts do not add up");
    problems_sort(&t->problems);
    const size_t errors = problems_errors(&t->problems);
    for (size_t i = 0; errors && !t->failure && i <= t->problems.count; i++) {
        const struct problem *p = i < t->problems.count ? &t->problems.items[i] : NULL;
        if (p && p->note)
            continue;
        t->failure = handle_fail(t, TCPREUSE_ERROR_INPUT, "%s: %s%s", p && p->file ? p->file : "?",
                                 p && p->text ? p->text : "out of memory",
                                 errors > 1 ? "; there is more: see the other problems" : "");
    }
    return t->failure;
}

int tcpreuse_next(struct tcpreuse *t, const struct tcpreuse_event **event)
{
    *event = NULL;
    if (t->state == HANDLE_NEW)
        return handle_fail(t, TCPREUSE_ERROR_ORDER, "there is no input yet");
    *event = t->state == HANDLE_READING ? files_next(t)
             : t->has_events            ? events_take(&t->events, false)
                                        : NULL;
    return *event ? TCPREUSE_EVENT : handle_failed(t);
}

const char *tcpreuse_error(const struct tcpreuse *t)
{
    return !t ? "out of memory" : t->latest ? t->latest : "";
}

int tcpreuse_problem(struct tcpreuse *t, size_t number, struct tcpreuse_problem *problem)
{
    if (t->state != HANDLE_ENDED && t->state != HANDLE_NEW && t->has_runner)
        return handle_fail(t, TCPREUSE_ERROR_ORDER, "problems are complete once there are no more events");
    if (number >= t->problems.count)
        return TCPREUSE_ERROR_OPTION;
    const struct problem *p = &t->problems.items[number];
    *problem = (struct tcpreuse_problem){
        .file = p->file ? p->file : "?",
        .text = p->text ? p->text : "out of memory",
        .offset = p->has_offset ? (int64_t)p->offset : -1,
        .is_note = p->note,
    };
    return TCPREUSE_DONE;
}

uint64_t tcpreuse_count(const struct tcpreuse *t, enum tcpreuse_counter counter)
{
    if (!t->pipeline)
        return 0;
    const struct pipeline_progress progress = pipeline_progress(t->pipeline);
    switch (counter) {
    case TCPREUSE_COUNT_FRAMES:
        return progress.frames;
    case TCPREUSE_COUNT_BYTES:
        return progress.bytes;
    case TCPREUSE_COUNT_CONVERSATIONS:
        return progress.conversations;
    case TCPREUSE_COUNT_REUSES:
        return progress.reuses;
    }
    return 0;
}

void tcpreuse_close(struct tcpreuse *t)
{
    if (!t)
        return;
    files_stop(t);
    if (t->pipeline && t->state != HANDLE_ENDED && !t->has_runner)
        pipeline_end(t->pipeline); /* gives the source what is under way */
    pipeline_destroy(t->pipeline);
    if (t->has_events)
        events_free(&t->events);
    if (t->push)
        push_source_free(t->push);
    free(t->push);
    files_free(t);
    bpf_destroy(t->filter);
    free(t->filter_text);
    problems_free(&t->problems);
    free(t);
}
