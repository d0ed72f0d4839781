/* What the files of interface capture share. interface_source.c explains how they work together.
 *
 *     interface_open.c    opens and closes: libpcap's handles, the filter in the kernel
 *     interface_handle.c  one interface: frames, counters, and how it ends
 *     interface_list.c    which interfaces there are
 *     interface_source.c  claiming, walking and releasing, as the pipeline asks for it */
#ifndef TCPREUSE_INTERFACE_INTERNAL_H
#define TCPREUSE_INTERFACE_INTERNAL_H

#include "io/ports/interface_source.h"
#include "io/ports/port_merge.h"

#include <pcap/pcap.h>
#include <stdatomic.h>

enum {
    TRAIN = 1024, /* frames of a batch at most */
    INTERFACE_NAME_MAX = 64,
};

/* A frame, copied out of the kernel's buffer. */
struct captured {
    uint32_t captured, length;
    uint32_t interface; /* index */
    uint8_t bytes[];
};

/* Frames that are gathered; a batch once they are claimed. Frame i is frame[i], time[i] and decimals[i]. */
struct train {
    unsigned count;
    struct captured *frame[TRAIN];
    int64_t time[TRAIN]; /* ns since 1970 */
    uint8_t decimals[TRAIN];
};

enum interface_state {
    INTERFACE_CAPTURES,
    INTERFACE_ENDS, /* nothing new comes in; what waits is taken */
    INTERFACE_DONE
};

struct interface {
    /* Constant once it is open. */
    pcap_t *pcap;
    char name[INTERFACE_NAME_MAX], link_name[32];
    uint32_t index;
    uint16_t link_type; /* LINKTYPE_ */
    uint8_t decimals;
    int fd; /* for poll(2); -1: none */

    /* With the turn of claiming, which orders it. */
    enum interface_state state;
    int64_t deadline;      /* of INTERFACE_ENDS, monotonic ns */
    struct pcap_stat last; /* as libpcap counted when it was last asked; its counters have 32 bits */

    /* Written with the turn of claiming, read by any thread; relaxed, they order nothing. */
    _Atomic uint64_t received, seen, missed, missed_by_interface, no_memory;
    _Atomic bool readable; /* its descriptor is worth waiting for */
} ALIGNED(CACHE_LINE);

struct interface_source {
    /* Set when opening; constant during the run. */
    struct source source;
    struct interface_params params;
    struct interface *interfaces; /* params.count of them */
    struct port_merge *merge;     /* of several interfaces, by time; NULL: there is one */
    struct train **spare;         /* an empty train of each worker, or NULL; used by that worker only */

    /* With the turn of claiming, which orders it. */
    int64_t begin;      /* monotonic ns; 0: not yet */
    int64_t last_frame; /* likewise: when there was one */
    int64_t counted;    /* likewise: when libpcap was last asked what it counted */
    bool ending;        /* all interfaces end */
    uint64_t claimed;   /* frames */
    uint64_t unread;    /* frames received beyond params.frames */

    /* Nothing more will come. Set with the turn of claiming, read by any thread; relaxed. */
    _Atomic bool ended;
};

static inline struct interface_source *interface_source_of(struct source *source)
{
    return (struct interface_source *)source;
}

extern const struct source_ops interface_source_ops;

/* As interface_source_open() and interface_source_close(). */
enum interface_result interface_open(struct interface_source **opened, const struct interface_params *params,
                                     size_t *which, char error[INTERFACE_ERROR_MAX]);
void interface_close(struct interface_source *s);
int interface_list_all(void (*visit)(void *, const struct interface_entry *), void *context,
                       char error[INTERFACE_ERROR_MAX]);

/* Makes the kernel let nothing more into the interface's buffer. False: it cannot. */
bool interface_reject_all(const struct interface *i);
/* Asks libpcap for the interface's counters. */
void interface_count(struct interface *i);
/* No more frames are wanted. */
void interface_end(struct interface *i, int64_t now);
/* Takes up to `most` frames, and sees whether the interface can be read on. A copy that finds no memory is counted. */
unsigned interface_take(struct interface_source *s, struct interface *i, struct port_frames to,
                        unsigned most);
/* The same, PORT_MERGE_BURST at most; a port_merge_ask, context is the source. */
unsigned interface_take_for_merge(void *context, unsigned index, struct port_frames to);

/* Frees the train's frames; it can be filled again. */
void interface_train_empty(struct train *t);
/* The same, and frees it. NULL is fine. */
void interface_train_free(struct train *t);

#endif
