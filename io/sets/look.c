/* Opens files once, before the run, to see what they are and when they begin. */
#include "io/sets/look.h"
#include "io/formats/registry.h"
#include "io/problems.h"
#include "io/streams/stream.h"

#include <fcntl.h>
#include <pthread.h>
#include <sys/stat.h>
#include <unistd.h>

/* As many as capture formats are known by. Most first frames lie in them, too. */
enum { HEAD_BYTES = 4096 };

/* The first frame in the head of a file, read as the head of a stream is: a record is taken when all of it is
 * there. */
static bool find_first_time(struct capture *c, const uint8_t *bytes, size_t count, bool whole, int64_t *time)
{
    const struct capture_format *format = c->format;
    if (format->open(c, bytes, count, whole) != OPEN_DONE || c->records_end != UINT64_MAX)
        return false;
    const void *context = atomic_load_explicit(&c->context, memory_order_relaxed);
    struct window window = {.bytes = bytes};
    struct record_reader reader;
    for (uint64_t at = c->first_record; at < count; at = reader.position) {
        uint64_t length = format->record_length(c, context, bytes + at, count - at);
        const bool changes = length != RECORD_BROKEN && length & RECORD_CHANGES;
        if (changes)
            length &= ~RECORD_CHANGES;
        if (length == 0 || length > count - at) /* or it is broken */
            return false;
        reader = (struct record_reader){.position = at, .limit = at + length, .context = context};
        if (changes) {
            reader.state = LANE_CHANGE;
            window.end = reader.limit = count;
            format->change(c, &window, &reader);
            context = reader.context;
        } else {
            struct walk walk;
            walk.first = 0;
            walk.end = 1;
            walk.reader[0] = &reader;
            reader.state = LANE_OPEN;
            window.end = reader.limit;
            format->walk(c, &window, &walk);
            if (walk.count[0]) {
                *time = walk.frame[0][0].time;
                return true;
            }
        }
        if (reader.state == LANE_FAULT || reader.position <= at)
            return false;
    }
    return false;
}

void look_at_file(const char *path, struct look *look)
{
    uint8_t bytes[HEAD_BYTES];
    struct stat st;
    *look = (struct look){.is_capture = true};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return; /* opening it as a capture will say why not */
    bool is_regular = !fstat(fd, &st) && S_ISREG(st.st_mode);
    ssize_t n = is_regular ? read(fd, bytes, sizeof bytes) : -1;
    close(fd);
    if (n < 0)
        return; /* and what is wrong with it */
    look->done = true;
    look->size = (uint64_t)st.st_size;
    const size_t count = (size_t)n;
    if (stream_compression(bytes, count))
        return;
    const struct capture_format *format = capture_probe_formats(bytes, count);
    look->is_capture = format;
    if (!format)
        return;
    /* What is wrong with it will be said when it is its turn. */
    struct problems nobody = PROBLEMS_INIT;
    struct capture *c = capture_new(path, 0, &nobody);
    if (c) {
        c->format = format;
        look->has_time = find_first_time(c, bytes, count, count == look->size, &look->first_time);
        capture_drop(c);
    }
    problems_free(&nobody);
}

struct job {
    void (*work)(void *, size_t);
    void *argument;
    size_t count;
    _Atomic size_t next; /* taken with an atomic add */
};

static void *work_on(void *argument)
{
    struct job *job = argument;
    for (size_t i; (i = atomic_fetch_add_explicit(&job->next, 1, memory_order_relaxed)) < job->count;)
        job->work(job->argument, i);
    return NULL;
}

void look_at_many(void (*work)(void *, size_t), void *argument, size_t count, unsigned threads)
{
    enum { FILES_A_THREAD = 64, THREADS_MAX = 64 };
    struct job job = {.work = work, .argument = argument, .count = count};
    pthread_t others[THREADS_MAX];
    unsigned started = 0;
    size_t more = MIN(count / FILES_A_THREAD, (size_t)MAX(threads, 1u) - 1);
    while (started < MIN(more, (size_t)THREADS_MAX) && !pthread_create(&others[started], NULL, work_on, &job))
        started++;
    work_on(&job);
    while (started)
        pthread_join(others[--started], NULL);
}
