/* SIGBUS, and the jump back to capture_guard(). */
#include "io/guard.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>

/* Where this thread goes on when mapped bytes are gone; NULL outside of capture_guard(). */
static _Thread_local sigjmp_buf *on_bus_error;

static void handle_bus_error(int signal_number)
{
    if (on_bus_error)
        siglongjmp(*on_bus_error, 1);
    signal(signal_number, SIG_DFL);
    raise(signal_number);
}

static void install_handler(void)
{
    struct sigaction action = {.sa_handler = handle_bus_error, .sa_flags = SA_NODEFER};
    sigemptyset(&action.sa_mask);
    sigaction(SIGBUS, &action, NULL);
}

void capture_guard_install(void)
{
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    pthread_once(&once, install_handler);
}

bool capture_guard(void (*work)(void *), void *argument)
{
    sigjmp_buf here;
    if (sigsetjmp(here, 0) == 0) {
        on_bus_error = &here;
        work(argument);
        on_bus_error = NULL;
        return true;
    }
    on_bus_error = NULL;
    return false;
}
