/* Keeps the line in place and other output apart, with one lock. What a terminal is like. */
#include "io/terminal.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static bool shown; /* with the lock */

unsigned terminal_columns(int fd)
{
    struct winsize size;
    if (!isatty(fd))
        return 0;
    return ioctl(fd, TIOCGWINSZ, &size) || size.ws_col == 0 ? 80 : size.ws_col;
}

bool terminal_wants_color(int fd)
{
    const char *no = getenv("NO_COLOR"), *term = getenv("TERM");
    return isatty(fd) && !(no && *no) && term && strcmp(term, "dumb") != 0;
}

bool terminal_has_utf8(void)
{
    static const char *const names[] = {"LC_ALL", "LC_CTYPE", "LANG"}; /* the first one that is set decides */
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        const char *value = getenv(names[i]);
        if (value && *value)
            return strcasestr(value, "utf-8") || strcasestr(value, "utf8");
    }
    return false;
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
    const unsigned columns = terminal_columns(STDERR_FILENO);
    fprintf(stderr, "\r%.*s\033[K", columns ? (int)columns - 1 : 79, line);
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
