/* Keeps signals away from threads that the engine and io start: handlers run on the caller's threads only. */
#ifndef TCPREUSE_SIGNALS_H
#define TCPREUSE_SIGNALS_H

#include <pthread.h>
#include <signal.h>

/* Blocks all signals but those of faults in this thread, so that the threads it starts inherit the mask. old: the mask
 * to restore with pthread_sigmask(SIG_SETMASK). */
static inline void signals_block(sigset_t *old)
{
    sigset_t all;
    sigfillset(&all);
    sigdelset(&all, SIGBUS);
    sigdelset(&all, SIGSEGV);
    sigdelset(&all, SIGFPE);
    sigdelset(&all, SIGILL);
    sigdelset(&all, SIGABRT);
    pthread_sigmask(SIG_SETMASK, &all, old);
}

#endif
