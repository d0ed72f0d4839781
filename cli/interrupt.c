/* The signal handler and what it touches. */
#include "cli/interrupt.h"

#include <pthread.h>

/* Set and cleared by the main thread, read by the handler, on whichever thread a signal comes. */
static struct pipeline *_Atomic running;
static struct stop interrupt = {.fd = -1};

static void handle_interrupt(int number)
{
    stop_ask(&interrupt);
    struct pipeline *pipeline = running;
    if (pipeline)
        pipeline_stop(pipeline);
    signal(number, SIG_DFL);
}

int interrupt_init(struct stop **stop)
{
    *stop = &interrupt;
    return stop_init(&interrupt);
}

void interrupt_catch(void)
{
    signal(SIGINT, handle_interrupt);
    signal(SIGTERM, handle_interrupt);
}

void interrupt_stops(struct pipeline *pipeline)
{
    running = pipeline;
    if (pipeline && stop_is_asked(&interrupt)) /* before there was a pipeline */
        pipeline_stop(pipeline);
}

void interrupt_release(void)
{
    signal(SIGINT, SIG_DFL);
    signal(SIGTERM, SIG_DFL);
}

void interrupt_close(void)
{
    stop_close(&interrupt);
}

void interrupt_block(sigset_t *before)
{
    sigset_t interrupts;
    sigemptyset(&interrupts);
    sigaddset(&interrupts, SIGINT);
    sigaddset(&interrupts, SIGTERM);
    pthread_sigmask(SIG_BLOCK, &interrupts, before);
}

void interrupt_unblock(const sigset_t *before)
{
    pthread_sigmask(SIG_SETMASK, before, NULL);
}
