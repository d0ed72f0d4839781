/* What the files of --state share: state.c, the file and the run; state_inputs.c, which inputs are new; state_known.c,
 * which file is which; state_reports.c, what the reports are like; state_options.c, which options change the answer. And
 * those of --follow, which has inputs read as they come, with a state file or without. */
#ifndef TCPREUSE_STATE_INTERNAL_H
#define TCPREUSE_STATE_INTERNAL_H

#include "cli/destination.h"
#include "cli/state.h"
#include "io/pieces/piece_identify.h"

/* An input that is to be read. */
struct state_input {
    const char *path;         /* owned by the state */
    struct look look;         /* as the search for inputs left it */
    struct input_place place; /* known: where it goes on */
    struct piece_input now;   /* how it is found before it is read; its path is the above */
    uint32_t known_as;        /* its place in the head's inputs; UINT32_MAX: it is not there yet */
    bool refused;             /* it is late */
    bool continues;           /* it was read in part, last of all: so it is not late, whenever it goes on */
    bool may_grow;            /* what is read now is a part of it */
};

struct state {
    struct relay_feed feed;
    const struct options *options;
    const struct timers *timers;
    struct problems *problems;
    struct destination destination; /* not opened: there is one file */
    struct piece_writer *writer;
    struct piece_reader *reader; /* NULL: there is no state yet, or it is loaded */
    struct piece_head head;
    bool resumes; /* there was a state */
    struct csv_resume resume[REPORTS];
    struct state_input *inputs; /* to be read now */
    size_t input_count;
    struct state_run run;
    bool begun; /* the feed has given the inputs */
    /* Arguments of the set that is being read: one an input that is not refused. Where its problems go: NULL, to
     * those of the run. */
    struct problems *set_problems;
    const char **paths;
    struct look *looks;
    struct input_place *places;
    size_t *which; /* of the inputs */
    size_t set_count;
    enum exit_status status;
};

/* state.c */

/* Tells that memory is short while the run goes. Returns EXIT_INPUT. */
enum exit_status state_fail_memory(const struct state *s);
/* The set of the inputs; those that are late are told, and left out if they are refused. NULL: there are none, or
 * memory is short, and then the status says so. */
struct set_source *state_make_set(struct state *s);
/* Writes the state. While nothing is under way. 0, or -1: the status says so, and why has been told. */
int state_save(struct state *s);

/* state_inputs.c */

/* Which of the head's inputs the file is; UINT32_MAX: none, or it is not there. The inputs are forgotten. 0, or -1 when
 * memory is short. */
int state_find_input(struct state *s, const char *path, uint32_t *known_as);
/* Late inputs, with the set that would read them: notes them, and marks those that are refused. The number
 * of those. */
size_t state_find_late(struct state *s, const struct set_source *set);
/* The set has been read: the head's inputs stand where it ended. 0, or -1: up to where it is read cannot
 * be said, or memory is short; then a message has been printed, and the head is as before. */
int state_note_read(struct state *s, const struct set_source *set);
/* The inputs that are refused are noted, so that the next run does not count them again. 0, or -1 after printing an
 * error. */
int state_note_refused(struct state *s);

/* state_known.c */

/* Which of the head's inputs each input is, whose paths, sizes, times and inodes are known. orders: theirs among the
 * arguments of the run, for notes. 0, or -1 when memory is short. */
int state_find_known(struct state *s, const size_t *orders);
/* The head's input that this one is has its name, inode and time. 0, or -1 when memory is short. */
int state_rename(struct state *s, const struct state_input *in);

/* state_reports.c */

/* Are the reports as the state left them, or longer? Sets the lengths to go on with. */
enum exit_status state_check_reports(struct state *s);
/* Puts the reports, which have these lengths on the disk, into the head. 0, or -1 with errno. */
int state_note_reports(struct state *s, const struct csv_resume now[REPORTS]);

/* state_options.c */

/* Puts the options that change the answer into a head. 0, or -1 when memory is short. */
int state_put_options(struct piece_head *h, const struct options *o, const struct timers *timers);
/* Do the options of the state fit those of the run? Else an error is printed. */
bool state_options_fit(const struct piece_head *state, const struct piece_head *run, const char *path);

#endif
