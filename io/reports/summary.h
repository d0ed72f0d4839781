/* What a run read, found and left out: for people (summary_text.c) and as JSON (summary_json.c). */
#ifndef TCPREUSE_SUMMARY_H
#define TCPREUSE_SUMMARY_H

#include "engine/pipeline.h"
#include "io/memory.h"
#include "io/ports/port_counters.h"
#include "io/problems.h"

#include <stdio.h>

/* What one rank of a job did (--mpi). */
struct rank_share {
    char host[256];
    unsigned pieces;        /* that it has read */
    uint64_t bytes, frames; /* in these */
    uint64_t sent;          /* bytes, to rank 0 */
    unsigned read_again;    /* pieces, since their first record was guessed wrong */
    double planning;        /* s until all ranks had one plan */
    double reading;         /* s during which it read, pieces side by side counted each */
};

struct summary {
    const struct pipeline_totals *totals;
    const struct problems *problems; /* sorted */
    const struct problems *failures; /* of the run itself and what it writes */
    bool complete;                   /* all that was to be read is in the reports */
    enum rules rules;
    unsigned threads;
    size_t files;                      /* named or found in directories */
    size_t files_opened;               /* captures among them */
    uint64_t bytes;                    /* of the inputs, as far as they were read */
    uint64_t bytes_total;              /* of regular files, read or not */
    const struct port_counters *ports; /* NULL when files were read */
    size_t port_count;
    bool drops_copies;
    bool resyncs;       /* what was destroyed in files was passed over */
    bool in_file_order; /* files were read, and frames stayed in the order of their file */
    bool verdicts;      /* reuses have some */
    bool told;          /* the report says how many reuses there are of which verdict */
    bool forgets;       /* the run may have forgotten conversations */
    uint64_t unread;    /* frames received beyond --frames */
    struct memory_use memory;
    uint64_t memory_limit;          /* bytes; 0: none */
    const char *sandbox;            /* what confines the process, in words; NULL: nobody asks */
    uint64_t expire_begun;          /* after which conversations were forgotten, by it; 0: not so */
    const struct rank_share *ranks; /* NULL: there are none */
    size_t rank_count;
};

/* Writes summary.json. ferror() tells of write errors. */
void summary_write_json(const struct summary *s, FILE *to);
void summary_print(const struct summary *s, FILE *to);
/* Warns if ports lost frames. */
void summary_print_drops(const struct summary *s, FILE *to);

#endif
