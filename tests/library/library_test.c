/* usage: library_test CAPTURE...
 *
 * libtcpreuse, as its user has it: frames that are pushed in pieces of any size give the events that the file gives, on one
 * thread and on several, also when handles take turns on a thread or run in threads at once; and wrong calls are refused. A
 * program with a plain main(), so that it runs under ThreadSanitizer. Captures are pcap files of microseconds in this
 * machine's byte order. */
#include "lib/tcpreuse.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static unsigned number, failed;

static void ok(bool right, const char *format, ...)
{
    va_list ap;
    printf("%sok %u - ", right ? "" : "not ", ++number);
    va_start(ap, format);
    vprintf(format, ap);
    va_end(ap);
    printf("\n");
    failed += !right;
}

static void *or_die(void *p)
{
    if (!p) {
        printf("Bail out! out of memory, or no such file\n");
        exit(1);
    }
    return p;
}

/* A file's frames. */
struct trace {
    uint8_t *bytes;
    struct tcpreuse_frame *frames;
    size_t count;
};

static uint32_t word(const uint8_t *p)
{
    uint32_t v;
    memcpy(&v, p, sizeof v);
    return v;
}

static struct trace trace_read(const char *path)
{
    enum { FILE_HEADER = 24, RECORD_HEADER = 16 };
    struct trace t = {0};
    FILE *file = or_die(fopen(path, "rb"));
    fseek(file, 0, SEEK_END);
    const size_t size = (size_t)ftell(file);
    rewind(file);
    t.bytes = or_die(malloc(size));
    t.frames = or_die(calloc(size / RECORD_HEADER, sizeof *t.frames));
    if (fread(t.bytes, 1, size, file) != size || word(t.bytes) != 0xa1b2c3d4)
        or_die(NULL);
    fclose(file);
    for (size_t at = FILE_HEADER; at < size;) {
        const uint8_t *p = t.bytes + at;
        t.frames[t.count++] = (struct tcpreuse_frame){
            .data = p + RECORD_HEADER,
            .time = (int64_t)word(p) * 1000000000 + word(p + 4) * 1000,
            .captured = word(p + 8),
            .length = word(p + 12),
            .link_type = (uint16_t)word(t.bytes + 20),
            .decimals = 6,
        };
        at += RECORD_HEADER + word(p + 8);
    }
    return t;
}

static void trace_free(struct trace *t)
{
    free(t->frames);
    free(t->bytes);
}

struct list {
    struct tcpreuse_event *items;
    size_t count;
};

/* Takes what there is; origins are left out, since pushed frames have none. */
static int take(struct tcpreuse *t, struct list *list)
{
    const struct tcpreuse_event *event;
    int result;
    while ((result = tcpreuse_next(t, &event)) > 0) {
        if ((list->count & (list->count - 1)) == 0)
            list->items =
                or_die(realloc(list->items, (list->count ? list->count * 2 : 1) * sizeof *list->items));
        struct tcpreuse_event *to = &list->items[list->count++];
        *to = *event;
        if (to->kind == TCPREUSE_REUSE) {
            to->reuse.file = NULL;
            to->reuse.file_frame = 0;
        }
    }
    return result;
}

static bool same(const struct list *a, const struct list *b)
{
    return a->count == b->count && (!a->count || !memcmp(a->items, b->items, a->count * sizeof *a->items));
}

static struct tcpreuse *open_handle(const struct tcpreuse_options *options)
{
    struct tcpreuse *t = or_die(tcpreuse_create());
    if (tcpreuse_configure(t, options)) {
        printf("Bail out! %s\n", tcpreuse_error(t));
        exit(1);
    }
    return t;
}

static int read_file(const char *path, struct tcpreuse_options options, unsigned threads, struct list *list)
{
    options.threads = threads;
    struct tcpreuse *t = open_handle(&options);
    int result = tcpreuse_read(t, &path, 1);
    if (!result)
        result = take(t, list);
    tcpreuse_close(t);
    return result;
}

static int push_all(const struct trace *trace, const struct tcpreuse_options *options, size_t step,
                    bool flush, struct list *list)
{
    struct tcpreuse *t = open_handle(options);
    int result = 0;
    for (size_t i = 0; i < trace->count && !result; i += step) {
        result = tcpreuse_push(t, &trace->frames[i], trace->count - i < step ? trace->count - i : step);
        if (!result && flush)
            result = tcpreuse_flush(t);
        if (!result)
            result = take(t, list);
    }
    if (!result)
        result = tcpreuse_finish(t);
    if (!result)
        result = take(t, list);
    if (!result && tcpreuse_count(t, TCPREUSE_COUNT_FRAMES) != trace->count)
        result = -100;
    tcpreuse_close(t);
    return result;
}

static const struct tcpreuse_options option_sets[] = {
    {.size = sizeof option_sets[0], .events = TCPREUSE_REUSE | TCPREUSE_CONVERSATION},
    {.size = sizeof option_sets[0], .flags = TCPREUSE_NO_VERDICTS, .rules = TCPREUSE_RULES_4_2},
    {.size = sizeof option_sets[0],
     .events = TCPREUSE_REUSE | TCPREUSE_CONVERSATION,
     .rules = TCPREUSE_RULES_4_0},
    {.size = sizeof option_sets[0],
     .events = TCPREUSE_REUSE | TCPREUSE_CONVERSATION,
     .key = TCPREUSE_KEY_VLAN,
     .drop_copies = 1000000},
    {.size = sizeof option_sets[0], .events = TCPREUSE_REUSE | TCPREUSE_CONVERSATION, .expire = 5000000000},
};

static const struct {
    size_t step;
    bool flush;
} pushes[] = {{1, false}, {7, true}, {997, true}, {2048, false}, {2049, true}, {1 << 20, false}};

static void check_trace(const char *path)
{
    struct trace trace = trace_read(path);
    for (size_t o = 0; o < sizeof option_sets / sizeof option_sets[0]; o++) {
        struct list file = {0};
        ok(read_file(path, option_sets[o], 1, &file) == 0 && file.count, "%s, options %zu: %zu events", path,
           o, file.count);
        for (unsigned threads = 2; threads <= 5; threads += 3) {
            struct list other = {0};
            ok(read_file(path, option_sets[o], threads, &other) == 0 && same(&file, &other),
               "%s, options %zu: the same on %u threads", path, o, threads);
            free(other.items);
        }
        for (size_t p = 0; p < sizeof pushes / sizeof pushes[0]; p++) {
            struct list pushed = {0};
            /* What is forgotten is forgotten between two pieces of work. */
            if (option_sets[o].expire)
                continue;
            ok(push_all(&trace, &option_sets[o], pushes[p].step, pushes[p].flush, &pushed) == 0 &&
                   same(&file, &pushed),
               "%s, options %zu: the same pushed by %zu", path, o, pushes[p].step);
            free(pushed.items);
        }
        free(file.items);
    }
    trace_free(&trace);
}

struct job {
    const struct trace *trace;
    const char *path;
    struct list list;
    int result;
    unsigned number;
};

static void *run_job(void *argument)
{
    struct job *job = argument;
    struct tcpreuse_options options = option_sets[0];
    job->result = job->number % 2 ? read_file(job->path, options, job->number, &job->list)
                                  : push_all(job->trace, &options, 333, true, &job->list);
    return NULL;
}

/* Handles in threads of their own, some of which have threads of theirs. */
static void check_threads(const char *path)
{
    enum { JOBS = 4 };
    struct trace trace = trace_read(path);
    struct list should = {0};
    struct job jobs[JOBS];
    pthread_t threads[JOBS];
    bool right = read_file(path, option_sets[0], 1, &should) == 0;
    for (unsigned i = 0; i < JOBS; i++) {
        jobs[i] = (struct job){.trace = &trace, .path = path, .number = i};
        if (pthread_create(&threads[i], NULL, run_job, &jobs[i]))
            or_die(NULL);
    }
    for (unsigned i = 0; i < JOBS; i++) {
        pthread_join(threads[i], NULL);
        right &= jobs[i].result == 0 && same(&should, &jobs[i].list);
        free(jobs[i].list.items);
    }
    ok(right, "%s: handles in %d threads at once", path, (int)JOBS);
    free(should.items);
    trace_free(&trace);
}

/* Handles that take turns on one thread, of which one is closed in the middle. */
static void check_turns(const char *path)
{
    struct trace trace = trace_read(path);
    struct list should = {0}, lists[2] = {0};
    struct tcpreuse *handles[] = {open_handle(&option_sets[0]), open_handle(&option_sets[0]),
                                  open_handle(&option_sets[0])};
    bool right = read_file(path, option_sets[0], 1, &should) == 0;
    for (size_t i = 0; i < trace.count; i++)
        for (unsigned h = 0; h < 3; h++) {
            right &= !handles[h] || tcpreuse_push(handles[h], &trace.frames[i], 1) == 0;
            if (i % 50 == 49)
                right &= !handles[h] || tcpreuse_flush(handles[h]) == 0;
            if (h < 2)
                take(handles[h], &lists[h]);
            else if (i == 60) {
                tcpreuse_close(handles[h]);
                handles[h] = NULL;
            }
        }
    for (unsigned h = 0; h < 2; h++) {
        right &=
            tcpreuse_finish(handles[h]) == 0 && take(handles[h], &lists[h]) == 0 && same(&should, &lists[h]);
        tcpreuse_close(handles[h]);
        free(lists[h].items);
    }
    ok(right, "%s: handles that take turns on a thread", path);
    tcpreuse_close(handles[2]);
    free(should.items);
    trace_free(&trace);
}

/* A run that is closed before its end, while its threads wait for somebody to take events. */
static void check_early_close(const char *path)
{
    const struct tcpreuse_event *event;
    for (unsigned threads = 1; threads <= 3; threads++) {
        struct tcpreuse_options options = option_sets[0];
        options.threads = threads;
        struct tcpreuse *t = open_handle(&options);
        ok(tcpreuse_read(t, &path, 1) == 0 && tcpreuse_next(t, &event) == TCPREUSE_EVENT,
           "closed after the first event, %u threads", threads);
        tcpreuse_close(t);
    }
}

static void check_orders(const char *path)
{
    const struct tcpreuse_event *event;
    const struct tcpreuse_frame frame = {.data = "x", .captured = 1, .link_type = 1},
                                nowhere = {.captured = 5}, fine = {.decimals = 10};
    struct tcpreuse *t = or_die(tcpreuse_create());
    ok(tcpreuse_next(t, &event) == TCPREUSE_ERROR_ORDER && *tcpreuse_error(t), "events before any input");
    ok(tcpreuse_push(t, &nowhere, 1) == TCPREUSE_ERROR_OPTION, "a frame without its data");
    ok(tcpreuse_push(t, &fine, 1) == TCPREUSE_ERROR_OPTION, "a time of too many decimals");
    ok(tcpreuse_push(t, &frame, 1) == 0, "a frame of one byte");
    ok(tcpreuse_configure(t, &option_sets[0]) == TCPREUSE_ERROR_ORDER, "options after the first frame");
    ok(tcpreuse_read(t, &path, 1) == TCPREUSE_ERROR_ORDER, "files after the first frame");
    ok(tcpreuse_finish(t) == 0 && tcpreuse_next(t, &event) == 0 && !event, "no events of that frame");
    ok(tcpreuse_push(t, &frame, 1) == TCPREUSE_ERROR_ORDER, "a frame after the last one");
    ok(tcpreuse_next(t, &event) == 0, "and still no error of the run");
    tcpreuse_close(t);
    tcpreuse_close(NULL);
}

static void check_option(struct tcpreuse_options options, int result, const char *what)
{
    struct tcpreuse *t = or_die(tcpreuse_create());
    ok(tcpreuse_configure(t, &options) == result && !*tcpreuse_error(t) == !result, "options: %s", what);
    tcpreuse_close(t);
}

static void check_options(void)
{
    enum { SIZE = sizeof(struct tcpreuse_options) };
    const struct {
        struct tcpreuse_options options;
        uint64_t unknown;
    } newer = {{.size = sizeof newer}, 1}, same_as_old = {{.size = sizeof newer}, 0};
    check_option((struct tcpreuse_options){.size = SIZE}, 0, "none");
    check_option((struct tcpreuse_options){0}, TCPREUSE_ERROR_OPTION, "without a size");
    check_option((struct tcpreuse_options){.size = SIZE - 4}, TCPREUSE_ERROR_OPTION, "half a pointer");
    check_option((struct tcpreuse_options){.size = SIZE, .rules = 9}, TCPREUSE_ERROR_OPTION, "rules");
    check_option((struct tcpreuse_options){.size = SIZE, .events = 8}, TCPREUSE_ERROR_OPTION, "events");
    check_option((struct tcpreuse_options){.size = SIZE, .threads = 1000}, TCPREUSE_ERROR_OPTION, "threads");
    check_option((struct tcpreuse_options){.size = SIZE, .expire = -1}, TCPREUSE_ERROR_OPTION, "a time");
    check_option(
        (struct tcpreuse_options){.size = SIZE, .key = TCPREUSE_KEY_VNI, .rules = TCPREUSE_RULES_4_0},
        TCPREUSE_ERROR_OPTION, "a key under 4.0");
    struct tcpreuse *t = or_die(tcpreuse_create());
    ok(tcpreuse_configure(t, &newer.options) == TCPREUSE_ERROR_UNAVAILABLE,
       "options of a newer header, in use");
    ok(tcpreuse_configure(t, &same_as_old.options) == 0, "options of a newer header, not in use");
    tcpreuse_close(t);
}

static void check_files(const char *path)
{
    const struct tcpreuse_event *event;
    const char *paths[] = {"no/such/file", path};
    struct tcpreuse_problem problem;
    struct tcpreuse *t = or_die(tcpreuse_create());
    struct list list = {0};
    ok(tcpreuse_read(t, paths, 2) == 0, "a file that is not there, and one that is");
    ok(take(t, &list) == TCPREUSE_ERROR_INPUT && list.count, "events, then the error: %s", tcpreuse_error(t));
    ok(tcpreuse_problem(t, 0, &problem) == 0 && !strcmp(problem.file, paths[0]) && !problem.is_note &&
           tcpreuse_problem(t, 1, &problem) == TCPREUSE_ERROR_OPTION,
       "the problem, in words");
    ok(tcpreuse_next(t, &event) == TCPREUSE_ERROR_INPUT, "the error stays");
    ok(tcpreuse_read(t, paths, 1) < 0, "and the handle is used up");
    ok(tcpreuse_configure(t, &(struct tcpreuse_options){.size = sizeof(struct tcpreuse_options)}) ==
               TCPREUSE_ERROR_ORDER &&
           strstr(tcpreuse_error(t), "options") && tcpreuse_next(t, &event) == TCPREUSE_ERROR_INPUT &&
           strstr(tcpreuse_error(t), paths[0]),
       "each error has its own words");
    tcpreuse_close(t);
    free(list.items);
}

int main(int argc, char **argv)
{
    if (argc < 2)
        or_die(NULL);
    for (int i = 1; i < argc; i++)
        check_trace(argv[i]);
    check_threads(argv[argc - 1]);
    check_turns(argv[1]);
    check_early_close(argv[argc - 1]);
    check_orders(argv[1]);
    check_options();
    check_files(argv[1]);
    char text[TCPREUSE_ADDRESS_SIZE];
    ok(!strcmp(tcpreuse_address(text, (const uint8_t[16]){192, 0, 2, 1}, 4), "192.0.2.1"), "an address");
    ok(!strcmp(tcpreuse_word(TCPREUSE_WORDS_VERDICT, TCPREUSE_VERDICT_STALE_OPEN), "stale-open") &&
           !tcpreuse_word(TCPREUSE_WORDS_VERDICT, TCPREUSE_VERDICT_STALE_OPEN + 1) &&
           !tcpreuse_word((enum tcpreuse_words)99, 0),
       "words");
    printf("1..%u\n", number);
    return failed != 0;
}
