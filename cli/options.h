/* The command line. */
#ifndef TCPREUSE_OPTIONS_H
#define TCPREUSE_OPTIONS_H

#include "engine/pipeline.h"
#include "io/capture.h"
#include "io/reports/row_format.h"
#include "io/sets/set_source.h"

#include <stdio.h>

enum progress_mode { PROGRESS_AUTO, PROGRESS_ALWAYS, PROGRESS_NEVER };
/* SANDBOX_AUTO: as far as the kernel has one, and the options leave one. */
enum sandbox_mode { SANDBOX_AUTO, SANDBOX_ON, SANDBOX_OFF };
enum verdicts_mode { VERDICTS_ON, VERDICTS_OFF };
/* FORMAT_AUTO, while reading options only: what suits where the report goes. */
enum report_format { FORMAT_AUTO, FORMAT_CSV, FORMAT_TEXT, FORMAT_NDJSON };
enum color_mode { COLOR_AUTO, COLOR_ALWAYS, COLOR_NEVER };
/* What becomes of an input that begins before the end of what was read. */
enum late_mode { LATE_ACCEPT, LATE_REFUSE };
enum stats_format { STATS_TEXT, STATS_JSON };

/* The times of a file are moved. */
struct clock_option {
    const char *file;
    size_t file_length;
    struct clock_shift shift;
};

/* The table of options has no more rows. */
enum { OPTIONS_MOST = 96 };

/* What the user asked for, checked. Strings point into argv. */
struct options {
    /* Input: files, or with dpdk ports, or interfaces. */
    const char **files; /* in the order given */
    int file_count;
    const char *files_from; /* a file that lists files, or NULL */
    bool recursive;
    bool append;
    const char **follow; /* directories whose files are read as they come */
    int follow_count;
    bool follow_open;            /* and as they grow */
    double follow_poll;          /* s between looks at them; 0: as the file system wants */
    struct clock_option *clocks; /* each file once */
    size_t clock_count;
    bool resync;                 /* what is destroyed in a file is passed over */
    int64_t sort_window;         /* ns; 0: frames stay in the order of their file */
    int64_t drop_copies;         /* ns; 0: copies count */
    struct decode_as *decode_as; /* in the order given */
    uint32_t decode_as_count;
    unsigned piece, pieces;        /* read one of so many pieces, into the file `output`; pieces 0: all */
    struct set_border piece_begin; /* where, with files counted from 1; file 0: to be found */
    bool combine;                  /* the files are such pieces */
    bool mpi;                      /* the run is that of all ranks of a job */
    const char *filter;            /* pcap-filter(7), or NULL */
    struct frame_range *ignore;
    size_t ignore_count;

    /* Reports. */
    const char *output;      /* directory; NULL: the one report goes to standard output */
    const char *report_list; /* as given, or NULL; reports and summary are what it means */
    bool reports[REPORTS];
    bool summary; /* summary.json */
    bool schema;  /* schema.sql and datapackage.json */
    bool xlsx;    /* reuse.xlsx */
    bool page;    /* report.html */
    enum report_format format;
    enum naming naming; /* of members in NDJSON */
    bool details;       /* the listing tells each reuse in words */
    enum color_mode color;
    enum rules rules;
    unsigned key_parts; /* enum key_parts of the conversations' key, beside the tuple */
    enum verdicts_mode verdicts;
    int64_t answer_window; /* ns; 0: nothing waits */
    const char *timers;    /* a file, or NULL: those that the program knows */
    struct port_range port_range;
    bool community_id;
    uint16_t community_id_seed;
    bool bom;                /* files of CSV begin with a byte order mark */
    uint64_t split_rows;     /* lines of a file of CSV; 0: no limit */
    bool spreadsheet;        /* CSV as spreadsheets read it: all of this */
    bool print_filter;       /* a display filter instead of rows on standard output */
    const char *extract;     /* a pcapng file, or -; NULL: none */
    uint64_t extract_frames; /* of it: around each reuse; 0: all */
    uint64_t rotate_bytes;   /* 0: no limit */
    double rotate_seconds;   /* 0: no limit */
    bool sync;               /* files are on disk before the run ends */

    const char *state;   /* a file with which the run goes on, and that it leaves; NULL: none */
    enum late_mode late; /* with state or follow */

    unsigned threads;           /* 0, only with dpdk: one for each core of the EAL */
    uint64_t max_conversations; /* 0: no limit */
    int64_t expire;             /* ns; 0: never */
    bool expire_auto;           /* behind as many others as memory_limit has room for, instead */
    uint64_t memory_limit;      /* bytes; 0: what there is, less a tenth */
    bool no_memory_limit;
    enum sandbox_mode sandbox;

    bool given[OPTIONS_MOST]; /* one for each row of the table of options */
    int argc;                 /* the command, as it was given */
    char **argv;

    enum progress_mode progress;
    bool quiet;
    bool verbose;         /* names what is skipped */
    bool stats;           /* where the time went */
    const char *metrics;  /* a file, or a place to listen at; NULL: none */
    const char *describe; /* a state or piece file to be described instead of a run; NULL: none */

    /* Ports instead of files. */
    const char *dpdk; /* arguments of the EAL, or NULL */
    uint16_t *ports;  /* NULL: all */
    size_t port_count;
    unsigned queues; /* for each port; 0: chosen from port and workers */
    unsigned mbufs;  /* 0: enough */

    /* Interfaces instead of files. */
    const char **interfaces;
    size_t interface_count;
    unsigned snap_length; /* bytes of a frame */
    unsigned buffer;      /* KiB of the kernel, for each interface */
    bool not_promiscuous;
    bool list_interfaces; /* instead of a run */

    /* Ports and interfaces. */
    const char *user;      /* whom the process becomes once they are open; NULL: it stays who it is */
    uint64_t frames;       /* these three end the run; 0: they do not */
    double duration;       /* s */
    double idle_exit;      /* s */
    double stats_interval; /* s; 0: none given */
    enum stats_format stats_format;
};

enum options_result { OPTIONS_RUN, OPTIONS_DONE, OPTIONS_WRONG, OPTIONS_NO_MEMORY };

/* Reads argv. OPTIONS_DONE: --help or --version has been answered on
 * standard output. Of the others, the error has been printed. Call options_free() whatever the result. */
enum options_result options_read(struct options *o, int argc, char **argv);
void options_free(struct options *o);

/* May conversations be forgotten before the run ends? */
static inline bool options_forget(const struct options *o)
{
    return o->max_conversations || o->expire || o->expire_auto;
}

/* Prints what --help prints. */
void options_print_help(FILE *to);
/* What --version prints: version, generations of rules, and what the build contains. */
void options_print_version(FILE *to);

#endif
