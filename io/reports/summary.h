/* What a run read, found and left out: for people, and as JSON. */
#ifndef TCPREUSE_SUMMARY_H
#define TCPREUSE_SUMMARY_H

#include "engine/pipeline.h"
#include "io/memory.h"
#include "io/ports/port_counters.h"
#include "io/problems.h"

#include <stdio.h>

struct summary {
    const struct pipeline_totals *totals;
    const struct problems *problems; /* sorted */
    enum rules rules;
    unsigned threads;
    size_t files;                      /* named or found */
    size_t files_opened;               /* captures among them */
    uint64_t bytes;                    /* of the inputs */
    const struct port_counters *ports; /* instead of files, or NULL */
    size_t port_count;
    bool forgets;    /* conversations may have been forgotten */
    uint64_t unread; /* frames that were received beyond those that were asked for */
    struct memory_use memory;
};

const char *rules_name(enum rules rules);

/* 0, or -1 with errno. */
int summary_write_json(const struct summary *s, const char *path);
void summary_print(const struct summary *s, FILE *to);
/* Says so when ports lost frames; else nothing. */
void summary_print_drops(const struct summary *s, FILE *to);

#endif
