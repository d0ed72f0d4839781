/* Shows progress from a thread of its own, which reads the pipeline's counters and the ports'. */
#include "cli/progress.h"
#include "engine/clock.h"
#include "io/memory.h"
#include "io/reports/json.h"
#include "io/terminal.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { LINE_MAX_BYTES = 512, TIME_MAX = 32 };

struct progress {
    struct progress_params params;
    bool terminal; /* the line is overwritten in place */
    /* Used by the thread, and by progress_stop() once the thread has ended. */
    double begun, shown;           /* monotonic s: the start, and the last line */
    struct pipeline_progress last; /* what the last line showed */
    pthread_t thread;
    pthread_mutex_t lock;
    pthread_cond_t wake;
    bool stop; /* set by progress_stop(), read by the thread; both hold the lock */
};

/* Minutes and seconds, or hours and minutes. */
static void format_time(double seconds, char text[TIME_MAX])
{
    const unsigned long n = seconds < 360000 ? (unsigned long)seconds : 360000;
    if (n < 3600)
        snprintf(text, TIME_MAX, "%lu:%02lu", n / 60, n % 60);
    else
        snprintf(text, TIME_MAX, "%lu h %02lu min", n / 3600, n / 60 % 60);
}

/* The most important comes first, since a narrow window cuts the line. Of pipes nobody knows the end. */
static int show_files(const struct progress *p, const struct pipeline_progress *now, double at,
                      char line[LINE_MAX_BYTES])
{
    uint64_t total, done;
    if (p->params.relay) {
        const struct relay_counts n = set_relay_counts(p->params.relay, true);
        total = p->params.follows ? 0 : n.bytes_total;
        done = n.bytes;
    } else if (p->params.gauge) {
        total = p->params.gauge->bytes_total;
        done = p->params.gauge->bytes_done(p->params.gauge->argument);
    } else if (p->params.files) {
        total = set_source_bytes_total(p->params.files);
        done = set_source_bytes_done(p->params.files);
    } else {
        total = 0;
        done = now->bytes;
    }
    const double passed = MAX(at - p->begun, 1e-3), rate = (double)done / passed;
    char left[TIME_MAX + 16] = "", so_far[32];
    if (total && done <= total) {
        snprintf(so_far, sizeof so_far, "%3.0f %%", 100.0 * (double)done / (double)total);
        if (done) {
            char time[TIME_MAX];
            format_time((double)(total - done) / rate + 0.5, time);
            snprintf(left, sizeof left, ", %s left", time);
        }
    } else {
        snprintf(so_far, sizeof so_far, "%.1f MB", (double)done / 1e6);
    }
    return snprintf(line, LINE_MAX_BYTES,
                    "%s%s, %.0f MB/s, %" PRIu64 " reuses, %" PRIu64 " frames, %" PRIu64 " conversations",
                    so_far, left, rate / 1e6, now->reuses, now->frames, now->conversations);
}

/* What a line on ports shows. */
struct port_line {
    double seconds;                            /* since the start */
    double interval;                           /* s since the last line */
    double frames_per_second, bits_per_second; /* in the interval */
    uint64_t received, lost[LOSSES];           /* frames since the start, of all ports */
};

static struct port_line measure_ports(const struct progress *p, const struct pipeline_progress *now,
                                      double at)
{
    struct port_line l = {.seconds = at - p->begun, .interval = at > p->shown ? at - p->shown : 1e-9};
    l.frames_per_second = (double)(now->frames - p->last.frames) / l.interval;
    l.bits_per_second = 8.0 * (double)(now->bytes - p->last.bytes) / l.interval;
    for (size_t i = 0; i < live_count(p->params.live); i++) {
        struct port_counters c;
        live_counters(p->params.live, i, &c);
        l.received += c.received;
        for (unsigned k = 0; k < LOSSES; k++)
            l.lost[k] += c.lost[k];
    }
    return l;
}

static int show_ports(const struct progress *p, const struct pipeline_progress *now, double at,
                      char line[LINE_MAX_BYTES])
{
    struct port_line l = measure_ports(p, now, at);
    return snprintf(
        line, LINE_MAX_BYTES,
        "%.0f s: %.3f million frames/s, %.3f Gbit/s, %" PRIu64 " frames, %" PRIu64 " missed, %" PRIu64
        " errors, %" PRIu64 " without buffer, %" PRIu64 " conversations, %" PRIu64 " reuses, %" PRIu64 " MB",
        l.seconds, l.frames_per_second / 1e6, l.bits_per_second / 1e9, now->frames, l.lost[LOSS_MISSED],
        l.lost[LOSS_ERRORS], l.lost[LOSS_NO_MBUF], now->conversations, now->reuses, memory_resident() >> 20);
}

/* Written in one call, so that the line stays whole among what others write. docs/dpdk.md explains the
 * members. */
static void show_ports_json(const struct progress *p, const struct pipeline_progress *now, double at)
{
    const struct port_line l = measure_ports(p, now, at);
    char *line = NULL;
    size_t length;
    struct json j = {.to = open_memstream(&line, &length)};
    if (!j.to)
        return;
    json_begin_object(&j, NULL, JSON_INLINE);
    /* NOLINTNEXTLINE(bugprone-integer-division): whole microseconds */
    json_real(&j, "time", (double)(clock_wall_ns() / 1000) / 1e6, 6);
    json_real(&j, "seconds", l.seconds, 6);
    json_real(&j, "interval", l.interval, 6);
    json_real(&j, "frames_per_second", l.frames_per_second, 0);
    json_real(&j, "bits_per_second", l.bits_per_second, 0);
    json_unsigned(&j, "frames", now->frames);
    json_unsigned(&j, "bytes", now->bytes);
    json_unsigned(&j, "received", l.received);
    json_unsigned(&j, "missed", l.lost[LOSS_MISSED]);
    json_unsigned(&j, "errors", l.lost[LOSS_ERRORS]);
    json_unsigned(&j, "no_mbuf", l.lost[LOSS_NO_MBUF]);
    json_unsigned(&j, "conversations", now->conversations);
    json_unsigned(&j, "reuses", now->reuses);
    json_unsigned(&j, "memory", memory_resident());
    json_end(&j);
    if (!fclose(j.to))
        fwrite(line, 1, length, stderr);
    free(line);
}

static void show(struct progress *p)
{
    struct pipeline_progress now = pipeline_progress(p->params.pipeline);
    double at = clock_seconds();
    if (p->params.json) {
        show_ports_json(p, &now, at);
    } else {
        char line[LINE_MAX_BYTES];
        if (p->params.live)
            show_ports(p, &now, at, line);
        else
            show_files(p, &now, at, line);
        if (p->terminal)
            terminal_show_line(line);
        else
            fprintf(stderr, "%s\n", line);
    }
    fflush(stderr);
    p->last = now;
    p->shown = at;
}

/* Seconds until the next line. shown: there has been one. */
static double seconds_to_wait(const struct progress *p, bool shown)
{
    if (p->params.interval > 0)
        return p->params.interval;
    if (p->params.live)
        return 1;
    return shown && !p->terminal ? 1 : 0.25;
}

/* Waits for that long, or until progress_stop(). With the lock. */
static void wait_for(struct progress *p, double seconds)
{
    const int64_t wake = clock_wall_ns() + (int64_t)(seconds * 1e9);
    const struct timespec t = {.tv_sec = wake / 1000000000, .tv_nsec = wake % 1000000000};
    int woken = 0;
    while (!p->stop && woken != ETIMEDOUT)
        woken = pthread_cond_timedwait(&p->wake, &p->lock, &t);
}

static void *progress_main(void *argument)
{
    struct progress *p = argument;
    bool shown = false;
    pthread_mutex_lock(&p->lock);
    while (!p->stop) {
        wait_for(p, seconds_to_wait(p, shown));
        if (!p->stop) {
            show(p);
            shown = true;
        }
    }
    pthread_mutex_unlock(&p->lock);
    if (shown && p->terminal)
        terminal_clear_line();
    return NULL;
}

static void destroy(struct progress *p)
{
    pthread_cond_destroy(&p->wake);
    pthread_mutex_destroy(&p->lock);
    free(p);
}

struct progress *progress_start(const struct progress_params *params)
{
    bool terminal = isatty(STDERR_FILENO) && !params->json;
    bool asked = params->interval > 0 || params->json || params->mode == PROGRESS_ALWAYS;
    /* As with curl: no line among rows, unless it is asked for. Lines on ports have always been there. */
    bool among_rows = params->rows_on_output && !params->live && isatty(STDOUT_FILENO);
    if (!asked && (params->quiet || params->mode == PROGRESS_NEVER || !terminal || among_rows))
        return NULL;
    struct progress *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    *p = (struct progress){.params = *params, .terminal = terminal};
    p->begun = p->shown = clock_seconds();
    pthread_mutex_init(&p->lock, NULL);
    pthread_cond_init(&p->wake, NULL);
    if (pthread_create(&p->thread, NULL, progress_main, p)) {
        destroy(p);
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
    if (p->params.json)
        show(p); /* the last object has the numbers of the whole run */
    destroy(p);
}
