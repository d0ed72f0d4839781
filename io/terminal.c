/* Keeps the line in place and other output apart, with one lock. */
#include "io/terminal.h"

#include <pthread.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool shown; /* with the lock */

/* Columns of the window; a terminal that does not tell has 80. */
static int columns(void)
{
    struct winsize size;
    return ioctl(STDERR_FILENO, TIOCGWINSZ, &size) || size.ws_col == 0 ? 80 : size.ws_col;
}

static void clear_line(void)
{
    if (shown)
        fputs("\r\033[K", stderr);
    fflush(stderr);
    shown = false;
}

void terminal_show_line(const char *line)
{
    pthread_mutex_lock(&lock);
    /* The last column stays free: a cursor behind it is on the next line in some terminals. */
    fprintf(stderr, "\r%.*s\033[K", columns() - 1, line);
    fflush(stderr);
    shown = true;
    pthread_mutex_unlock(&lock);
}

void terminal_clear_line(void)
{
    pthread_mutex_lock(&lock);
    clear_line();
    pthread_mutex_unlock(&lock);
}

void terminal_begin_output(void)
{
    pthread_mutex_lock(&lock);
    clear_line();
}

void terminal_end_output(void)
{
    pthread_mutex_unlock(&lock);
}
