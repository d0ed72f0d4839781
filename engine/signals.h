/* Signals are for the threads of whoever runs this, not for those that we start. */
#ifndef TCPREUSE_SIGNALS_H
#define TCPREUSE_SIGNALS_H

#include <pthread.h>
#include <signal.h>

/* Blocks all signals of this thread, but those that its own faults raise, so that threads that it starts have them blocked.
 * old: to be restored with pthread_sigmask(SIG_SETMASK). */
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
