/* A file is written anew every so often, under another name, and renamed, so that whoever reads it finds it whole. What it
 * replaces is an earlier file of metrics and nothing else: a slip in the command must not cost a capture. Else a responder makes
 * the text when somebody asks for it. */
#include "cli/metrics.h"
#include "cli/destination.h"
#include "engine/clock.h"
#include "io/memory.h"
#include "io/message.h"
#include "io/metrics/openmetrics.h"
#include "io/metrics/responder.h"
#include "io/reports/names.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <unistd.h>

static const double default_interval = 10; /* s */

enum { RETRY_MS = 100 /* until there may be a descriptor again */ };

struct metrics {
    const struct options *options;
    const struct pipeline *pipeline;
    const struct live *live;
    double start;                /* s since 1970 */
    struct responder *responder; /* NULL: a file is written */
    char *part;                  /* the file's name while it is written */
    int end;                     /* an eventfd, readable once the thread is to end */
    bool started;
    pthread_t thread;
    /* By the thread, and by metrics_finish() once it has ended. */
    bool failed; /* the file could not be written, which has been printed */
};

/* The text, to be freed; NULL when memory is short. */
static char *make(const struct metrics *m, bool running, size_t *length)
{
    char *text = NULL;
    const size_t count = live_count(m->live);
    struct port_counters *ports = count ? calloc(count, sizeof *ports) : NULL;
    FILE *to = ports || !count ? open_memstream(&text, length) : NULL;
    if (to) {
        for (size_t i = 0; i < count; i++)
            live_counters(m->live, i, &ports[i]);
        openmetrics_write(
            &(struct openmetrics){
                .rules = rules_names[m->options->rules],
                .progress = pipeline_progress(m->pipeline),
                .verdicts = m->options->verdicts == VERDICTS_ON,
                .running = running,
                .start = m->start,
                .resident = memory_resident(),
                .ports = ports,
                .port_count = count,
            },
            to);
        const bool failed = ferror(to);
        if (fclose(to) || failed) {
            free(text);
            text = NULL;
        }
    }
    free(ports);
    return text;
}

static char *make_page(void *context, size_t *length)
{
    return make(context, true, length);
}

/* May the file be replaced? There is none, or it is empty, or has metrics. 0, or -1 with errno. */
static int check_replaced(const char *path)
{
    char head[sizeof OPENMETRICS_HEAD - 1];
    struct stat st;
    if (stat(path, &st))
        return errno == ENOENT ? 0 : -1;
    if (!S_ISREG(st.st_mode)) {
        errno = ENOTSUP;
        return -1;
    }
    const int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    const ssize_t n = fd < 0 ? -1 : read(fd, head, sizeof head);
    const bool other = n > 0 && ((size_t)n < sizeof head || memcmp(head, OPENMETRICS_HEAD, sizeof head));
    const int error = other ? EEXIST : errno;
    if (fd >= 0)
        close(fd);
    errno = error;
    return n < 0 || other ? -1 : 0;
}

static const char *explain(int error)
{
    return error == EEXIST ? "it is there and holds no metrics: remove it, or choose another name"
                           : outputs_explain(error);
}

/* 0, or -1 with errno. */
static int write_whole(const struct metrics *m, const char *text, size_t length)
{
    if (check_replaced(m->options->metrics))
        return -1;
    unlink(m->part);
    const int fd = open(m->part, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0666);
    if (fd < 0)
        return -1;
    const ssize_t n = write(fd, text, length);
    const int error = n < 0 ? errno : (size_t)n < length ? ENOSPC : 0;
    close(fd);
    if (!error && !rename(m->part, m->options->metrics))
        return 0;
    const int why = error ? error : errno;
    unlink(m->part);
    errno = why;
    return -1;
}

/* A failure is told once; the next time may be better. */
static void write_file(struct metrics *m, bool running)
{
    size_t length;
    char *text = make(m, running, &length);
    const bool failed = !text || write_whole(m, text, length);
    if (failed && !m->failed)
        message_error("%s: cannot write: %s", m->options->metrics, text ? explain(errno) : "out of memory");
    m->failed = failed;
    free(text);
}

static void *metrics_main(void *argument)
{
    struct metrics *m = argument;
    const double interval = m->options->stats_interval > 0 ? m->options->stats_interval : default_interval;
    struct pollfd wait[] = {{.fd = m->end, .events = POLLIN},
                            {.fd = m->responder ? responder_descriptor(m->responder) : -1, .events = POLLIN}};
    for (;;) {
        if (!m->responder)
            write_file(m, true);
        if (poll(wait, 2, m->responder ? -1 : (int)MIN(interval * 1000, 1e9)) < 0 && errno != EINTR)
            return NULL;
        if (wait[0].revents)
            return NULL;
        if (wait[1].revents && !responder_answer(m->responder, OPENMETRICS_TYPE, make_page, m))
            poll(wait, 1, RETRY_MS);
    }
}

static enum exit_status open_file(struct metrics *m, const char *path)
{
    if (check_replaced(path)) {
        message_error("%s: cannot write: %s", path, explain(errno));
        return EXIT_OUTPUT;
    }
    if (asprintf(&m->part, "%s" OUTPUTS_PART, path) >= 0)
        return EXIT_DONE;
    m->part = NULL;
    return fail_memory();
}

enum exit_status metrics_open(struct metrics **opened, const struct options *o)
{
    char error[RESPONDER_ERROR_MAX];
    if (!o->metrics)
        return EXIT_DONE;
    struct metrics *m = calloc(1, sizeof *m);
    if (!m)
        return fail_memory();
    *opened = m;
    m->options = o;
    m->start = (double)clock_wall_ns() * 1e-9;
    m->end = eventfd(0, EFD_CLOEXEC);
    if (m->end < 0) {
        message_error("cannot create an event descriptor: %s", strerror(errno));
        return EXIT_INPUT;
    }
    if (!responder_names(o->metrics))
        return open_file(m, o->metrics);
    m->responder = responder_open(o->metrics, error);
    if (m->responder) {
        if (!o->quiet)
            message_error("metrics at %s", responder_place(m->responder));
        return EXIT_DONE;
    }
    message_error("--metrics %s: %s", o->metrics, error);
    return EXIT_OUTPUT;
}

enum exit_status metrics_check_name(const struct options *o)
{
    if (!o->metrics || responder_names(o->metrics))
        return EXIT_DONE;
    if (!o->extract || strcmp(o->extract, o->metrics))
        return destination_check_name(o, "--metrics", o->metrics);
    message_error("options '--metrics' and '--extract' name the same file: %s", o->metrics);
    return EXIT_USAGE;
}

enum exit_status metrics_start(struct metrics *m, const struct pipeline *pipeline, const struct live *live)
{
    if (!m)
        return EXIT_DONE;
    m->pipeline = pipeline;
    m->live = live;
    m->started = !pthread_create(&m->thread, NULL, metrics_main, m);
    if (m->started)
        return EXIT_DONE;
    message_error("--metrics: cannot start a thread");
    return EXIT_OUTPUT;
}

static void join(struct metrics *m)
{
    if (!m->started)
        return;
    if (eventfd_write(m->end, 1)) {
        /* cannot be: its counter is 0 */
    }
    pthread_join(m->thread, NULL);
    m->started = false;
}

enum exit_status metrics_finish(struct metrics *m)
{
    if (!m)
        return EXIT_DONE;
    join(m);
    if (!m->responder)
        write_file(m, false);
    return m->failed ? EXIT_OUTPUT : EXIT_DONE;
}

void metrics_close(struct metrics *m)
{
    if (!m)
        return;
    join(m);
    responder_close(m->responder);
    if (m->end >= 0)
        close(m->end);
    free(m->part);
    free(m);
}
