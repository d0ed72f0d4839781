/* Where records go on behind damage (--resync).
 *
 * A place is believed where the format's guess believes it: several records follow each other from there on. Frames may
 * hold such records, too, those of a capture that somebody downloads. Their chain breaks where the frame ends, before
 * RESYNC_SPAN bytes. So of two chains that overlap and break, the one that breaks later is taken; and where a chain
 * breaks, and the next one does not, but is of another time, the next one. */
#ifndef TCPREUSE_RESYNC_H
#define TCPREUSE_RESYNC_H

#include "io/formats/chain.h"

enum {
    /* A chain of so many bytes, or up to the end of the file, is believed. No usual frame is as long. */
    RESYNC_SPAN = 128 << 10,
    /* With so many bytes behind a place, any chain of records of up to 256 KiB can be told. */
    RESYNC_AHEAD = 4 << 20,
    /* Records that make no sense are taken back if they begin within so many bytes before the fault. */
    RESYNC_BACK = 1 << 20,
    /* So many records in a row that make sense were read rightly. */
    TRUST_CHAIN = 8,
};

/* How far records that were read made sense, of a format that misleads. Behind a wrong length, a reader may find what it can
 * read, and is no record, before it comes to what nobody can: so the search begins where trust ends. */
struct trust {
    struct chained chain;
    unsigned count; /* records in a row that make sense */
    bool unbroken;  /* all from the beginning on do */
    uint64_t end;   /* behind the last record that is trusted */
};

enum resync {
    RESYNC_FOUND,
    RESYNC_NONE, /* no record begins there */
    RESYNC_MORE, /* more bytes are needed to tell */
};

/* Records are read from there on. trusted: one does begin there. */
void trust_begin(struct trust *t, uint64_t at, bool trusted);
/* The records of the window from one to the other were read. */
void trust_records(struct trust *t, const struct capture *c, const struct window *window, uint64_t from,
                   uint64_t to);
/* Where the search for what follows the fault there begins: at the fault, or before it. */
uint64_t trust_search_from(const struct trust *t, uint64_t fault);
/* Can it be done with captures of this one's format? Its header has been read. */
bool resync_is_possible(const struct capture *c);
/* The first place from `from` on, before `to`, where records that are to be read with this context begin. whole: no more
 * bytes will follow those in the window; else RESYNC_AHEAD bytes follow `to` there. Any thread. */
enum resync resync_find(const struct capture *c, const struct window *window, const void *context,
                        uint64_t from, uint64_t to, bool whole, uint64_t *place);

#endif
