/* What went wrong with the input, in the user's words: file, offset, what was expected, what was found. */
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
    bool note;    /* worth saying, but nothing of what the user asked for is missing */
    size_t order; /* of the file in the input */
};

/* Problems are rare, so a lock is cheap here. Any thread may add. */
struct problems {
    pthread_mutex_t lock;
    struct problem *items;
    size_t count, capacity;
    size_t lost; /* errors that there was no memory for */
};

#define PROBLEMS_INIT                                                                                        \
    {                                                                                                        \
        .lock = PTHREAD_MUTEX_INITIALIZER                                                                    \
    }

enum problem_kind { PROBLEM_ERROR, PROBLEM_NOTE };

/* offset: -1 where none applies. The text is formatted as by printf. Short of memory, the problem is kept
 * without its text, or only counted. */
void problems_add(struct problems *p, enum problem_kind kind, size_t order, const char *file, int64_t offset,
                  const char *format, ...) __attribute__((format(printf, 6, 7)));
/* In the order of files, then offsets; not while others may add. */
void problems_sort(struct problems *p);
/* Those that are no notes, with the lost ones. */
size_t problems_errors(const struct problems *p);
void problems_free(struct problems *p);

#endif
