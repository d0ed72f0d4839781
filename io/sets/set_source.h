/* A source that reads a set of files and streams as one capture: in the order of their first frames' times,
 * merged by time where they overlap, as mergecap does; or one after the other in the order given.
 *
 * Files that do not overlap are read one after the other, each in parallel regions. A batch carries the time
 * at which the next file begins. Settling reports a frame that is later; the source takes back what was
 * claimed behind it and merges frame by frame, until only one file is left. set_switch.c has the details. */
#ifndef TCPREUSE_SET_SOURCE_H
#define TCPREUSE_SET_SOURCE_H

#include "engine/source.h"
#include "io/capture.h"
#include "io/problems.h"
#include "io/sets/input.h"
#include "io/sets/look.h"
#include "io/stop.h"

struct set_source;

/* A place in the set's files, in the order in which they are read. */
struct set_border {
    size_t input;      /* number of the file; as many as there are: the end */
    uint64_t position; /* in it; 0: its beginning */
};

/* What of the set is read, or was. */
struct set_piece {
    struct set_border begin, end;
    /* Where it ends inside a file, records are read differently than the file's header says, since what stands before
     * them changes that. And where it begins in one, all that stands before was read. */
    bool end_differs, begin_walked;
    uint64_t end_frames; /* where it ends inside a file: its frames of that file */
};

struct set_source_params {
    const char *const *paths; /* "-" is standard input */
    size_t count;
    const struct look *looks; /* one a path, if done; NULL: no file was looked at */
    const int64_t *begins; /* likewise: as set_source_begins() told of the same set; NULL: it is not known */
    const struct clock_shift *shifts; /* one a path, in the same order; NULL: all times stay as they are */
    const struct input_place
        *resumes; /* one a path; NULL: all are read from their beginnings, whenever that is */
    int64_t
        sort_window; /* ns by which frames of a file may be late to be put in order of time; 0: none are */
    bool append;     /* read in the order given */
    bool
        resyncs; /* what is destroyed in a file is passed over (gap.h). Not of pieces, nor of inputs that go on */
    bool notes_interfaces; /* frames have their interface */
    bool
        reads; /* no file is mapped: they are read, as pipes are, with no handler of a signal. Not of pieces */
    unsigned threads; /* of the run; as many look at the files before it */
    unsigned ahead;   /* inputs to open, and streams to read, ahead of their turn */
    /* Read one of so many pieces of about equal bytes, counted from 1, of a set of regular files, to be read one after
     * the other; pieces 0: all. */
    unsigned piece, pieces;
    /* Where it begins, for sure; NULL: where the plan says, or inside a file at the first record that is found there. */
    const struct set_border *piece_begin;
    uint64_t lane_bytes; /* 0 is the default, for speed; tests with small files want many lanes */
    struct problems *problems;
    /* When it is asked to stop, no stream is waited for any longer. Frames that were read from one still
     * come, unless files were being merged. NULL: nobody will ask. */
    const struct stop *stop;
};

/* Opens files to see when they begin. What the parameters point to must outlive the source. NULL when memory
 * is short. */
struct set_source *set_source_create(const struct set_source_params *params);
struct source *set_source_source(struct set_source *s);
/* Inputs that could be opened; a stream counts if it began like a capture. Not during the run. */
size_t set_source_opened(const struct set_source *s);
/* For a progress display: bytes of all regular files, and bytes read so far. Any thread. */
uint64_t set_source_bytes_total(const struct set_source *s);
uint64_t set_source_bytes_done(const struct set_source *s);
/* Bytes of all inputs: the size of a regular file, or, if the run was interrupted, what was read of it; of
 * others what was read. Not during the run. */
uint64_t set_source_bytes(const struct set_source *s, bool interrupted);
/* The run was interrupted: reports pipes that were not read to their ends. Not during the run. */
void set_source_note_unread(struct set_source *s);
/* When the input that was given in this order begins, or goes on; INT64_MAX: not known. Before the run. */
int64_t set_source_begins(const struct set_source *s, size_t order);

enum set_standing {
    SET_UNREAD,  /* it has not begun, or could not be opened */
    SET_PART,    /* read up to a place that is known */
    SET_READ,    /* to its end; the place is known for mapped inputs */
    SET_UNKNOWN, /* read in part, and it cannot be said up to where */
};
/* How far the input that was given in this order is read. While nothing of the source is under way, and it
 * has said CLAIM_END. */
enum set_standing set_source_standing(const struct set_source *s, size_t order, struct input_place *place);
/* It was read as a stream: compressed, or text. */
bool set_source_is_stream(const struct set_source *s, size_t order);
/* Where the piece began and ended: behind its last record, or at the file's end if it met a fault. After the run. */
struct set_piece set_source_piece(const struct set_source *s);
/* Bytes of the inputs between these two. After the run. */
uint64_t set_source_piece_bytes(const struct set_source *s);
/* Of it where it began, once its first batch was settled, during the run. */
struct set_piece set_source_piece_begun(const struct set_source *s);
/* Does the piece begin where the one before it ended, and does it know how to read on? */
bool set_piece_follows(const struct set_piece *before, const struct set_piece *piece);
/* Is it a place before another one? */
static inline bool set_border_before(struct set_border a, struct set_border b)
{
    return a.input < b.input || (a.input == b.input && a.position < b.position);
}
/* The path and size of the file with this number. */
const char *set_source_input(const struct set_source *s, size_t i, uint64_t *size);
void set_source_destroy(struct set_source *s);

#endif
