/* The command line. */
#ifndef TCPREUSE_OPTIONS_H
#define TCPREUSE_OPTIONS_H

#include "engine/pipeline.h"

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
    bool summary;     /* summary.json */
    unsigned threads; /* 0: of ports, one for each core of the EAL */
    enum rules rules;
    bool append;
    struct frame_range *ignore;
    size_t ignore_count;
    enum progress_mode progress;
    bool quiet;
    uint64_t max_conversations; /* 0: any number */
    int64_t expire;             /* ns; 0: never */
    uint64_t rotate_bytes;      /* 0: never, as the next one */
    double rotate_seconds;
    bool stats; /* where the time went */
    char **files;
    int file_count;
    /* Ports instead of files. */
    const char *dpdk; /* arguments of the EAL, or NULL */
    uint16_t *ports;  /* NULL: all */
    size_t port_count;
    unsigned queues, mbufs; /* 0: as it fits */
    uint64_t frames;        /* these three: 0 when they do not end the run */
    double duration, idle_exit;
    double stats_interval; /* s; 0: none asked for */
    bool stats_json;
};

enum options_result { OPTIONS_RUN, OPTIONS_DONE, OPTIONS_WRONG };

/* Reads argv. OPTIONS_DONE: help or version were asked for and are printed. OPTIONS_WRONG: an error is
 * printed. */
enum options_result options_read(struct options *o, int argc, char **argv);
void options_free(struct options *o);

#endif
