/* The report `page`: one HTML file that opens anywhere, with charts and a table of reuses. A sink around that of the
 * other reports collects what it shows; the file is written once the run has ended.
 *
 * Bounded memory: rows of the first HTML_ROWS_MAX reuses, and counts in a fixed number of bins. */
#ifndef TCPREUSE_HTML_H
#define TCPREUSE_HTML_H

#include "engine/sink.h"
#include "io/reports/summary.h"

enum {
    HTML_ROWS_MAX = 100000,   /* reuses that the table has: the first ones */
    HTML_EPISODES_MAX = 1000, /* those with most attempts */
    HTML_ENDPOINTS_MAX = 20,  /* clients, and servers: the worst ones */
    HTML_FILES_MAX = 50,      /* inputs that are named */
};

struct html;

/* Can this build write pages? Charts need a library. */
bool html_available(void);
/* Its version, for --version; NULL: there is none. */
const char *html_library(void);

struct html_params {
    struct sink *inner; /* gets all rows that it wants; outlives the page */
    bool endpoints;     /* the run keeps all conversations, so that there are rows of endpoints */
};

/* NULL when memory is short, or the build has none. */
struct html *html_create(const struct html_params *params);
/* That of the reports where h is NULL. */
struct sink *html_sink(struct html *h, struct sink *reports);
/* NULL is fine. */
void html_destroy(struct html *h);

/* What the page tells of the run beside its summary. */
struct html_about {
    const char *const *inputs; /* as named on the command line or found in directories */
    size_t input_count;
    const char *rows;         /* name of the report with all reuses; NULL: it is not written */
    const char *no_endpoints; /* why there are no endpoints; NULL: there are */
};

/* Once the run has ended and the sources of its rows' origins still live. 0, or -1 with errno when memory is short; the
 * caller checks the file for errors. */
int html_write(struct html *h, const struct summary *s, const struct html_about *about, FILE *to);

#endif
