/* An open capture file. */
#ifndef TCPREUSE_CAPTURE_H
#define TCPREUSE_CAPTURE_H

#include "engine/window.h"

#include <stdatomic.h>

/* How far the times of a file are moved. */
struct clock_shift {
    int64_t ns;       /* added to each time; 0: they stay as they are */
    uint8_t decimals; /* that this number of seconds has */
};

/* How far a capture has been read, or where reading is to begin. */
struct input_place {
    bool is_known;
    uint64_t position; /* of the next record */
    uint64_t frames;   /* before it */
};

struct capture_format; /* io/formats/format.h */
struct record_run;     /* of the engine */
struct problems;

enum { CAPTURE_PIECE = 64 << 20, CAPTURE_TRAIL = 16, CAPTURE_TRAIL_STEP = 128 << 10 };

struct capture {
    const char *path;
    size_t order; /* its place in the input */
    struct problems *problems;
    const struct capture_format *format;
    const uint8_t *bytes; /* mapped, or read into memory of its own */
    bool is_read;
    /* Bytes decoded, for each CAPTURE_PIECE bytes of a mapped file; NULL: not counted. Added to (acq_rel) by
     * whoever has decoded some. */
    _Atomic uint64_t *decoded;
    uint64_t mapped; /* bytes mapped: the size when it was opened */
    /* Up to here bytes may be read. Lowered (relaxed) by whoever meets the end of a file that was cut
     * meanwhile. */
    _Atomic uint64_t size;
    uint64_t first_record; /* offset */
    /* Positions of records lie before this; UINT64_MAX: they end with the file. A format that reads its
     * records through a table of their offsets has positions in this table, and sets it. Its batches have all
     * the file's bytes, and streams of it are one chunk. */
    uint64_t records_end;
    uint32_t position_bytes; /* bytes of the file that a step of one position stands for: more than 1 when
                                positions lie in a table */
    /* How records are to be read, in the format's own terms: what claiming gives to lanes. Set by open;
     * written (release) by change, in settling, read (acquire) in claiming. What it points to stays until the
     * capture is closed. */
    const void *_Atomic context;
    /* Where its frames begin to be later than the next file's first, by guessing; UINT64_MAX: not known. Set
     * by late_find(). */
    uint64_t late_at;
    struct input_place *place; /* the input's, of a mapped one; NULL: nobody asks */
    struct clock_shift shift;  /* of its frames' times; set by whoever opened it, before it is walked */
    bool notes_interfaces;     /* frames get their interface; set before it is walked */
    /* Interfaces that differ in their descriptions only are not taken for one. One thread then reads the file, from
     * begin to end. */
    bool keeps_interfaces;
    /* What is destroyed is passed over (io/sets/gap.h); set by whoever opened it. The next ones belong to the settler of
     * its batches, or to the cursor that walks it. */
    bool resyncs;
    uint64_t gaps;       /* that were reported */
    uint64_t gap_bytes;  /* all that was passed over */
    uint64_t gap_place;  /* where records went on behind the last one */
    uint64_t gap_frames; /* that were read before it */
    /* Places where records begin, in order, CAPTURE_TRAIL_STEP bytes apart or more, and none before gap_place. Of mapped
     * ones. */
    uint64_t trail[CAPTURE_TRAIL];
    unsigned trail_count;
    _Atomic uint8_t
        phase; /* a hint for guessing, from where they end: the place of records modulo the format's unit */
    uint16_t link_type; /* of all records, where a format has one */
    void *format_data;  /* the format's own, freed by its close */
    /* Batches that are under way, chunks, the input, the claimer: whoever holds a pointer to it beyond a
     * call. */
    _Atomic uint64_t users;
};

static inline uint64_t capture_size(const struct capture *c)
{
    return atomic_load_explicit(&c->size, memory_order_relaxed);
}

/* All bytes of a mapped file. */
static inline struct window capture_window(const struct capture *c)
{
    return (struct window){.bytes = c->bytes, .end = capture_size(c)};
}

/* Where the positions of a mapped file's records end. */
static inline uint64_t capture_records_end(const struct capture *c)
{
    return MIN(capture_size(c), c->records_end);
}

/* A capture without bytes of its own, for a stream. One user. NULL after adding a problem. */
struct capture *capture_new(const char *path, size_t order, struct problems *problems);
/* Maps the file; its format is not known yet. read_small: a small one is read instead, for whoever wants all
 * of it soon, and has few open at a time. One user. NULL after adding a problem. */
struct capture *capture_map(const char *path, size_t order, bool read_small, struct problems *problems);
/* The format's walk, of frames whose times are moved by c->shift, and that have their interface where
 * c->notes_interfaces. Any thread. */
void capture_walk(const struct capture *c, const struct window *window, struct walk *walk);
/* The format's run, if it has one: only of captures whose times stay as they are, and whose frames need no
 * interface or have but one. As in struct source_ops. */
bool capture_run_at(const struct capture *c, const struct window *window, const struct record_reader *reader,
                    struct record_run *run);
/* The time, moved; it stops at the ends of its type. */
int64_t clock_shift_time(const struct clock_shift *shift, int64_t time);
/* The mapped file's bytes from begin to end, in whole or in part of a region that was claimed, are decoded.
 * What has been decoded of a piece adds up to its size once; a wrong sum only costs time. Any thread. */
void capture_decoded(struct capture *c, uint64_t begin, uint64_t end);
/* One more user; returns c. Any thread that uses it. */
struct capture *capture_use(struct capture *c);
/* One user less; the last one closes it. Any thread. */
void capture_drop(struct capture *c);

/* Lowers c->size to where the file ends by now, after capture_guard() has failed on it, and adds a problem.
 */
void capture_find_end(struct capture *c);

#endif
