/* Stands for the page where the build has no library for charts. */
#include "io/html/html.h"

#include <errno.h>

bool html_available(void)
{
    return false;
}

const char *html_library(void)
{
    return NULL;
}

struct html *html_create(const struct html_params *params)
{
    (void)params;
    return NULL;
}

struct sink *html_sink(struct html *h, struct sink *reports)
{
    (void)h;
    return reports;
}

void html_destroy(struct html *h)
{
    (void)h;
}

int html_write(struct html *h, const struct summary *s, const struct html_about *about, FILE *to)
{
    (void)h;
    (void)s;
    (void)about;
    (void)to;
    errno = ENOTSUP;
    return -1;
}
