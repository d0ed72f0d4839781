/* A run that follows directories: between two sets of files nothing is under way, so the state can be saved, and
 * waiting costs nobody anything. follow_choice.c says what is read next. */
#include "cli/follow_internal.h"
#include "cli/problems_print.h"
#include "engine/clock.h"
#include "io/message.h"

#include <dirent.h>
#include <errno.h>
#include <search.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

enum {
    SAVE_OPEN_MS = 10000, /* the least between two times that the state is saved within a file */
    SAVE_SHARE = 9,       /* saving takes a tenth of the time at most */
    WAIT_MS = 50,         /* for something to come, while something else waits */
    IDLE_MS = 1000,
};

static enum relay_next follow_next(struct relay_feed *feed, const struct set_source *done,
                                   struct set_source **next);

void follow_print_problems(struct follow *f)
{
    problems_print_new(f->problems, f->options->quiet, &f->printed);
}

/* The input that was read in part, by this run or an earlier one. */
static uint32_t find_open(const struct piece_head *h)
{
    for (uint32_t i = h->input_count; i--;)
        if (h->inputs[i].flags & PIECE_INPUT_PART)
            return i;
    return FOLLOW_NONE;
}

/* Later a directory may vanish and come back, but at the beginning its name may be wrong. */
static enum exit_status check_directories(const struct options *o)
{
    for (int i = 0; i < o->follow_count; i++) {
        DIR *directory = opendir(o->follow[i]);
        if (!directory) {
            message_error("%s: cannot be followed: %s", o->follow[i], strerror(errno));
            return EXIT_INPUT;
        }
        closedir(directory);
    }
    return EXIT_DONE;
}

enum exit_status follow_open(struct follow **follow, const struct options *o, struct state *s,
                             struct problems *problems, const struct stop *stop)
{
    struct follow *f = *follow = calloc(1, sizeof *f);
    if (!f)
        return fail_memory();
    *f = (struct follow){.feed.next = follow_next,
                         .options = o,
                         .state = s,
                         .problems = problems,
                         .of_growth = PROBLEMS_INIT,
                         .stop = stop,
                         .open = find_open(&s->head)};
    f->begun = f->active = f->saved = clock_monotonic_ns();
    s->problems = problems;
    if (check_directories(o) != EXIT_DONE)
        return EXIT_INPUT;
    signal(SIGIO, SIG_IGN); /* of leases that are broken while the watch has them */
    f->watch = watch_create(&(struct watch_params){.directories = o->follow,
                                                   .count = (size_t)o->follow_count,
                                                   .poll = o->follow_poll,
                                                   .opens = o->follow_open,
                                                   .verbose = o->verbose,
                                                   .problems = problems,
                                                   .stop = stop});
    return f->watch ? EXIT_DONE : fail_memory();
}

struct relay_feed *follow_feed(struct follow *f)
{
    return &f->feed;
}

/* The set has been read, or an interrupt has ended that. 0, or -1: up to where cannot be said. */
static int note_read(struct follow *f, const struct set_source *done)
{
    struct state *s = f->state;
    const int result = state_note_read(s, done);
    f->open = find_open(&s->head);
    f->is_unsaved = true;
    f->has_closed |= !f->is_growth;
    f->active = clock_monotonic_ns();
    s->input_count = 0;
    problems_free(&f->of_growth);
    f->of_growth = (struct problems)PROBLEMS_INIT;
    return result;
}

static void save(struct follow *f)
{
    const int64_t begun = clock_monotonic_ns();
    if (!f->is_unsaved || state_save(f->state))
        return;
    f->saved = clock_monotonic_ns();
    f->may_save = f->saved + SAVE_SHARE * (f->saved - begun);
    f->is_unsaved = f->has_closed = false;
}

static void save_if_due(struct follow *f)
{
    const int64_t now = clock_monotonic_ns();
    if (now >= f->may_save && (f->has_closed || now - f->saved >= SAVE_OPEN_MS * INT64_C(1000000)))
        save(f);
}

static bool is_past(int64_t since, double seconds)
{
    return seconds > 0 && (double)(clock_monotonic_ns() - since) * 1e-9 >= seconds;
}

/* Nothing came for so long, and nothing is about to. */
static bool is_idle(const struct follow *f)
{
    return is_past(f->active, f->options->idle_exit) && !f->whole.count && watch_is_idle(f->watch);
}

/* ms, IDLE_MS at most. */
static int until(int64_t since, double seconds)
{
    const double left = seconds - (double)(clock_monotonic_ns() - since) * 1e-9;
    return seconds > 0 ? (int)MIN(MAX(left * 1000, 0.0) + 1, (double)IDLE_MS) : IDLE_MS;
}

int follow_wait_ms(const struct follow *f)
{
    if (f->whole.count || f->blocked_since || f->has_closed)
        return WAIT_MS;
    return MIN(until(f->begun, f->options->duration), until(f->active, f->options->idle_exit));
}

static enum relay_next end(struct follow *f)
{
    for (size_t i = 0; i < f->whole.count; i++)
        watch_note_unread(f->watch, f->whole.items[i].path);
    watch_note_rest(f->watch);
    save(f);
    return RELAY_END;
}

static enum relay_next follow_next(struct relay_feed *feed, const struct set_source *done,
                                   struct set_source **next)
{
    struct follow *f = (struct follow *)feed;
    struct state *s = f->state;
    if (done && note_read(f, done))
        return RELAY_END;
    if (stop_is_asked(f->stop))
        return end(f);
    save_if_due(f);
    follow_print_problems(f);
    if (s->status != EXIT_DONE)
        return RELAY_END;
    const bool is_late = is_past(f->begun, f->options->duration);
    *next = is_late ? NULL : follow_find_next(f);
    const bool ends = is_late || (!*next && is_idle(f));
    if (ends && s->status == EXIT_DONE)
        *next = follow_find_last(f);
    if (*next)
        return RELAY_SET;
    if (s->status != EXIT_DONE)
        return RELAY_END;
    return ends ? end(f) : RELAY_WAIT;
}

void follow_close(struct follow *f)
{
    if (!f)
        return;
    watch_close(f->watch);
    watched_list_free(&f->whole);
    watched_list_free(&f->written);
    free(f->chosen.paths);
    free(f->chosen.looks);
    problems_free(&f->of_growth);
    tdestroy(f->paths, free);
    free(f);
}
