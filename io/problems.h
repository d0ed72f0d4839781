/* What went wrong: with the input (file, offset, what was expected, what was found), or with the run and its reports. The
 * text is printed by message_error(), which escapes it, and goes into summary.json. */
#ifndef TCPREUSE_PROBLEMS_H
#define TCPREUSE_PROBLEMS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of a file that are no records, and were passed over (--resync). */
#define PROBLEM_FRAMES_UNKNOWN UINT64_MAX
struct problem_gap {
    bool goes_on;    /* reading goes on behind them; else they are the rest of the file */
    bool gave_up;    /* the rest may be longer */
    uint64_t bytes;  /* that are no records, or belong to none */
    uint64_t from;   /* offset where they begin */
    uint64_t place;  /* offset where reading goes on */
    uint64_t frames; /* that they may have been; PROBLEM_FRAMES_UNKNOWN: there were none before */
    uint64_t count;  /* of such places; 0: there is none */
    bool is_sum;     /* of several places, from this one on */
};

struct problem {
    char *file;
    char *text;
    uint64_t offset;
    bool has_offset;
    bool note;    /* worth telling, but nothing is missing from the reports */
    size_t order; /* of the file among the inputs */
    struct problem_gap gap;
};

/* Any thread may add. Problems are rare, so one lock will do; it guards all fields until the threads have
 * ended. */
struct problems {
    pthread_mutex_t lock;
    struct problem *items;
    size_t count, capacity;
    size_t lost; /* errors for which there was no memory */
};

#define PROBLEMS_INIT                                                                                        \
    {                                                                                                        \
        .lock = PTHREAD_MUTEX_INITIALIZER                                                                    \
    }

enum problem_kind { PROBLEM_ERROR, PROBLEM_NOTE };

/* order: of the file among the inputs. offset: in the file, or -1 if none applies. The text is formatted as
 * by printf. When memory is short, the problem is kept without its text, or only counted. Thread-safe. */
void problems_add(struct problems *p, enum problem_kind kind, size_t order, const char *file, int64_t offset,
                  const char *format, ...) __attribute__((format(printf, 6, 7)));
/* The same for an error that is printed at once, as "FILE: TEXT"; file: "" where there is none. p may be NULL: it is
 * printed only. */
void problems_tell(struct problems *p, const char *file, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* How many there are. Thread-safe. */
size_t problems_count(struct problems *p);
/* By file, then offset. Not while other threads may add. */
void problems_sort(struct problems *p);
/* How many problems are errors and not notes, lost ones included. */
size_t problems_errors(const struct problems *p);
void problems_free(struct problems *p);

/* problems_gaps.c */

/* Of the error of the file with this number that was added since there were so many: what was passed over there, which
 * its text tells from now on. Thread-safe. */
void problems_set_gap(struct problems *p, size_t since, size_t order, const struct problem_gap *gap);
/* One more gap, of a file that has many: it is added to a problem of the file that sums them up, and that the first one
 * makes. By one thread at a time for a file. */
void problems_sum_gap(struct problems *p, size_t order, const char *file, uint64_t offset,
                      const struct problem_gap *gap);
/* All gaps; frames is PROBLEM_FRAMES_UNKNOWN where that of one is not known. Not while other threads may add. */
struct problem_gap problems_gaps(const struct problems *p);

#endif
