/* Processes of one job that send each other bytes: MPI's ranks. What does it is a module, since its libraries are large,
 * and there is one for each kind of MPI: ranks_load() chooses that of whoever started the process.
 *
 * Of a module's functions one is called at a time, by whichever thread. None of them waits, but those that say so; who
 * has to wait asks again after a nap, since MPI's own waiting takes a processor. Errors of MPI itself end the job, with
 * a message of MPI. */
#ifndef TCPREUSE_RANKS_H
#define TCPREUSE_RANKS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { RANKS_ERROR_MAX = 512, RANKS_HOST_MAX = 256 };

/* What a process knows of its job. */
struct ranks_job {
    unsigned rank, count; /* this one, from 0 on, of so many */
    unsigned beside;      /* ranks on this machine, this one included */
    char host[RANKS_HOST_MAX];
};

/* Bytes on their way. */
struct ranks_transfer;

struct ranks_module {
    const char *version; /* TCPREUSE_VERSION */
    /* Joins the job: once a process. False with the reason. */
    bool (*join)(struct ranks_job *job, char error[RANKS_ERROR_MAX]);
    /* The library and its version. May be called without joining. The caller frees it; NULL when memory is short. */
    char *(*library)(void);
    /* Hands what is in rank 0's bytes to all. All have to call it, with the same count; waits. */
    void (*broadcast)(void *bytes, size_t count);
    /* Starts to send bytes, which stay as they are until it is done. NULL when memory is short. At most INT_MAX
     * bytes, as of all messages. */
    struct ranks_transfer *(*send)(unsigned to, int tag, const void *bytes, size_t count);
    /* Is there a message with this tag, from this rank or, if that is negative, any? Its rank and count; or -1. */
    int (*waiting)(int from, int tag, size_t *count);
    /* Starts to receive a message that is waiting. NULL when memory is short. Messages of one rank and tag come in
     * the order in which they were sent. */
    struct ranks_transfer *(*receive)(unsigned from, int tag, void *bytes, size_t count);
    /* Is it done? Then it is freed, and *t becomes NULL. NULL is done. */
    bool (*is_done)(struct ranks_transfer **t);
    /* Ends all processes of the job. */
    __attribute__((noreturn)) void (*abort)(int status);
    /* All leave, when nothing is on its way any more; waits. */
    void (*leave)(void);
};

/* NULL with the reason: this build has no such module, or it cannot be loaded. Whatever it loaded once, it returns
 * again. */
const struct ranks_module *ranks_load(char error[RANKS_ERROR_MAX]);

/* What --version tells of them: libraries and versions; the caller frees it. NULL when memory is short. */
char *ranks_libraries(void);

#endif
