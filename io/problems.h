/* What went wrong: with the input (file, offset, what was expected, what was found), or with the run and its reports. The
 * text is printed by message_error(), which escapes it, and goes into summary.json. */
#ifndef TCPREUSE_PROBLEMS_H
#define TCPREUSE_PROBLEMS_H

#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct problem {
    char *file;
    char *text;
    uint64_t offset;
    bool has_offset;
    bool note;    /* worth telling, but nothing is missing from the reports */
    size_t order; /* of the file among the inputs */
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
/* By file, then offset. Not while other threads may add. */
void problems_sort(struct problems *p);
/* How many problems are errors and not notes, lost ones included. */
size_t problems_errors(const struct problems *p);
void problems_free(struct problems *p);

#endif
