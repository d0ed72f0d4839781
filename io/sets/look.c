/* Opens files once, before the run, to see what they are and when they begin. */
#include "io/sets/look.h"
#include "engine/signals.h"
#include "io/formats/kinds.h"
#include "io/formats/registry.h"
#include "io/problems.h"
#include "io/streams/stream.h"

#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* As many as most capture formats are known by, and as all are. Most first frames lie in the former, too. */
enum { HEAD_BYTES = PROBE_BYTES, LONG_HEAD_BYTES = 2 << 20 };

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

/* The format of what begins with head. PROBE_MORE: it could not be told, for want of memory or since reading
 * fails. */
static enum probe_result find_format(int fd, const uint8_t *head, size_t count, uint64_t size,
                                     const struct capture_format **format)
{
    enum probe_result result = capture_probe_formats(head, count, count >= size, format);
    uint8_t *bytes = result == PROBE_MORE ? malloc(LONG_HEAD_BYTES) : NULL;
    ssize_t n = bytes ? pread(fd, bytes, LONG_HEAD_BYTES, 0) : -1;
    if (n >= 0)
        result = capture_probe_formats(bytes, (size_t)n, n < LONG_HEAD_BYTES || (uint64_t)n >= size, format);
    free(bytes);
    return result;
}

void look_at_file(const char *path, struct look *look)
{
    uint8_t bytes[HEAD_BYTES];
    struct stat st;
    const struct capture_format *format = NULL;
    *look = (struct look){.is_capture = true};
    int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return; /* opening it as a capture will say why not */
    bool is_regular = !fstat(fd, &st) && S_ISREG(st.st_mode);
    ssize_t n = is_regular ? read(fd, bytes, sizeof bytes) : -1;
    if (n < 0)
        goto done; /* and what is wrong with it */
    look->done = true;
    look->size = (uint64_t)st.st_size;
    look->device = st.st_dev;
    look->inode = st.st_ino;
    const size_t count = (size_t)n;
    look->compressed = stream_is_needed(bytes, count, count == look->size);
    if (look->compressed)
        goto done;
    look->is_capture = find_format(fd, bytes, count, look->size, &format) != PROBE_NO;
    if (!look->is_capture)
        look->kind = kind_of(bytes, count);
    if (!format)
        goto done;
    /* What is wrong with it will be said when it is its turn. */
    struct problems nobody = PROBLEMS_INIT;
    struct capture *c = capture_new(path, 0, &nobody);
    if (c) {
        c->format = format;
        look->has_time = find_first_time(c, bytes, count, count == look->size, &look->first_time);
        look->grows = c->first_record && c->records_end == UINT64_MAX && c->position_bytes == 1;
        capture_drop(c);
    }
    problems_free(&nobody);
done:
    close(fd);
}

void look_into_file(const char *path, struct look *look)
{
    struct problems nobody = PROBLEMS_INIT;
    const struct capture_format *format;
    struct stream *s = stream_open(path, 0, &nobody, NULL);
    uint8_t *bytes = malloc(LONG_HEAD_BYTES);
    enum probe_result result = PROBE_MORE;
    size_t count = 0;
    for (size_t room = HEAD_BYTES; s && bytes && result == PROBE_MORE; room = LONG_HEAD_BYTES) {
        ssize_t n = 1;
        while (count < room && (n = stream_read(s, bytes + count, room - count)) > 0)
            count += (size_t)n;
        if (n < 0)
            break;
        result = capture_probe_formats(bytes, count, n == 0, &format);
        if (room == LONG_HEAD_BYTES)
            break;
    }
    look->is_capture = result != PROBE_NO;
    if (!look->is_capture)
        look->kind = kind_of(bytes, MIN(count, (size_t)HEAD_BYTES));
    free(bytes);
    stream_close(s);
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
    sigset_t old;
    if (more)
        signals_block(&old);
    while (started < MIN(more, (size_t)THREADS_MAX) && !pthread_create(&others[started], NULL, work_on, &job))
        started++;
    if (more)
        pthread_sigmask(SIG_SETMASK, &old, NULL);
    work_on(&job);
    while (started)
        /* cppcheck-suppress uninitvar ; pthread_create() has written it */
        pthread_join(others[--started], NULL);
}
