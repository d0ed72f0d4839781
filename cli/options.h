/* The command line. */
#ifndef TCPREUSE_OPTIONS_H
#define TCPREUSE_OPTIONS_H

#include "../engine/pipeline.h"

enum exit_status {
    EXIT_DONE = 0,
    EXIT_USAGE = 1,
    EXIT_INPUT = 2,  /* some input could not be read to its end */
    EXIT_OUTPUT = 3, /* could not write */
    EXIT_INTERRUPTED = 130,
};

enum progress_mode { PROGRESS_AUTO, PROGRESS_ALWAYS, PROGRESS_NEVER };

struct options {
    const char *output;     /* directory, or NULL */
    const char *filter;     /* or NULL */
    const char *files_from; /* a list of files, or NULL */
    bool recursive;
    bool reports[REPORTS];
    bool summary; /* summary.json */
    unsigned threads;
    enum rules rules;
    bool append;
    struct frame_range *ignore;
    size_t ignore_count;
    enum progress_mode progress;
    bool quiet;
    char **files;
    int file_count;
};

enum options_result { OPTIONS_RUN, OPTIONS_DONE, OPTIONS_WRONG };

/* Reads argv. OPTIONS_DONE: help or version were asked for and are printed. OPTIONS_WRONG: an error is
 * printed. */
enum options_result options_read(struct options *o, int argc, char **argv);
void options_free(struct options *o);

#endif
