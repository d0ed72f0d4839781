/* The kernel's network interfaces as a source of frames, by libpcap. Opening one loads libpcap, so that a run on files
 * pays nothing for it. */
#ifndef TCPREUSE_INTERFACE_SOURCE_H
#define TCPREUSE_INTERFACE_SOURCE_H

#include "engine/source.h"
#include "io/ports/port_counters.h"
#include "io/stop.h"

#include <stdio.h>

struct interface_source;

enum {
    INTERFACE_SNAP_MIN = 64,
    /* Bytes of a frame that are kept where nobody says otherwise: the headers of two overlay networks, IPv6 and all
     * options of TCP, and some hundred bytes more. */
    INTERFACE_SNAP = 512,
    INTERFACE_SNAP_MAX = 262144, /* libpcap's limit */
    INTERFACE_BUFFER_KIB = 16384,
    INTERFACE_ERROR_MAX = 512,
};

struct interface_params {
    const char *const *names; /* "any": all of them */
    size_t count;
    const char *filter; /* pcap-filter(7), run by the kernel; NULL: all frames */
    unsigned snap_length;
    unsigned buffer; /* KiB, of the kernel, for each interface */
    bool promiscuous;
    unsigned threads; /* workers */
    bool keep_frames; /* until the batch is written; needed when frames are to be ignored */
    /* What ends the run; 0: no limit. */
    uint64_t frames;  /* read in all */
    double duration;  /* s */
    double idle_exit; /* s since the last frame */
    const struct stop *stop;
    /* An interface went down, or cannot be read any more: why, in words. By one worker at a time. */
    void (*lost)(void *context, size_t index, const char *name, const char *why);
    void *context;
};

enum interface_result {
    INTERFACE_OPEN,
    INTERFACE_UNKNOWN, /* there is no such interface; *which says for which name */
    INTERFACE_WRONG,   /* the filter is invalid */
    INTERFACE_FAILED,  /* it could not be done: permissions, memory, it is down */
};

/* Opens all interfaces, which begin to capture. On INTERFACE_OPEN sets *s, otherwise writes an error that says what can be
 * done about it. What params points to must outlive the source. */
enum interface_result interface_source_open(struct interface_source **s,
                                            const struct interface_params *params, size_t *which,
                                            char error[INTERFACE_ERROR_MAX]);
struct source *interface_source_source(struct interface_source *s);
/* Counters of the i-th interface; those that come from the kernel are some tenths of a second old while the run goes on.
 * Any thread. */
void interface_source_counters(const struct interface_source *s, size_t i, struct port_counters *counters);
/* Frames that were received beyond params.frames, and not read. After the run has ended. */
uint64_t interface_source_unread(const struct interface_source *s);
/* NULL is fine. */
void interface_source_close(struct interface_source *s);

/* An interface of this machine. The texts are valid during the call of the visitor only. */
struct interface_entry {
    const char *name;
    const char *description; /* or "" */
    const char *addresses;   /* separated by spaces, or "" */
    bool up, loopback;
};

/* Calls visit() for each interface that can be captured on. 0, or -1 after writing an error. */
int interface_list(void (*visit)(void *context, const struct interface_entry *), void *context,
                   char error[INTERFACE_ERROR_MAX]);

#endif
