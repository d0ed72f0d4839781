/* The signal handler and what it touches. */
#include "cli/interrupt.h"
#include "engine/clock.h"

#include <pthread.h>

/* Set and cleared by the main thread, read by the handler, on whichever thread a signal comes. */
static struct pipeline *_Atomic running;
static struct stop interrupt = {.fd = -1};
/* When the first signal came, monotonic ns; 0: none did. Written and read by the handler. */
static _Atomic int64_t first_at;

enum { TOGETHER_NS = 100000000 };

/* Signals that come together count once: timeout(1) sends one to the process and one to its group. */
static void handle_interrupt(int number)
{
    const int64_t now = clock_monotonic_ns(), first = atomic_load_explicit(&first_at, memory_order_relaxed);
    if (first && now - first < TOGETHER_NS)
        return;
    if (first)
        signal(number, SIG_DFL);
    else
        atomic_store_explicit(&first_at, now, memory_order_relaxed);
    stop_ask(&interrupt); /* NOLINT(bugprone-signal-handler, cert-sig30-c): a store and a write() */
    struct pipeline *pipeline = running;
    if (pipeline)
        pipeline_stop(pipeline); /* NOLINT(bugprone-signal-handler, cert-sig30-c): a store */
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

bool interrupt_came(void)
{
    return stop_is_asked(&interrupt);
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
