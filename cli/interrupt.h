/* SIGINT and SIGTERM: the first one ends the run in order, with reports of what has been read, and lets the
 * writer of a pipe finish; after a second one no pipe is waited for, and a third one ends the process. One that comes when
 * all has been read, while files are completed, lets them be completed, and counts for the exit status. There
 * is one run in a process. */
#ifndef TCPREUSE_INTERRUPT_H
#define TCPREUSE_INTERRUPT_H

#include "engine/pipeline.h"
#include "io/stop.h"

#include <signal.h>

/* What an interrupt asks to stop, for those who wait for input. 0, or -1 with errno. */
int interrupt_init(struct stop **stop);
/* From here on signals are handled. */
void interrupt_catch(void);
/* An interrupt stops this pipeline, even one that came earlier. NULL: it stops none any more. */
void interrupt_stops(struct pipeline *pipeline);
/* Signals end the process again. */
void interrupt_release(void);
/* Has one come so far? */
bool interrupt_came(void);
/* Once nobody waits with the stop any more. May be called without interrupt_init(). */
void interrupt_close(void);

/* Threads started between these two never handle an interrupt. */
void interrupt_block(sigset_t *before);
void interrupt_unblock(const sigset_t *before);

#endif
