/* Segments of FTP control connections (RFC 959; RFC 2428), of which generation 4.0 takes note: the connection
 * that a PORT command, or the reply to PASV or EPSV, announces counts as created there and then, and its first
 * segment creates nothing (docs/rules.md). Later generations do not come here.
 *
 * A decoder leaves a copy of each segment of a control connection, with what it says (engine/decode/ftp.h), in
 * the list of its lane. Settling, which goes in capture order, finds out which of them are read (control.h)
 * and lists in the batch what they announce. A shard takes that in on its way through the batch
 * (announced.h). */
#ifndef TCPREUSE_FTP_SEGMENT_H
#define TCPREUSE_FTP_SEGMENT_H

#include "engine/conversations/segment.h"

enum { FTP_CONTROL_PORT = 21, FTP_DATA_PORT = 20 };

enum ftp_kind {
    FTP_NOTHING,
    FTP_PORT,             /* the client waits at address and port for the server's port 20, RFC 959, 3.2 */
    FTP_PASSIVE,          /* the server waits at address and port for the client */
    FTP_EXTENDED_PASSIVE, /* the same, at the address of its control connection */
};

struct ftp_announcement {
    uint32_t address; /* host order; 0 when extended */
    uint16_t port;
    uint8_t kind; /* enum ftp_kind */
};

struct ftp_segment {
    union {
        struct segment s;
        struct segment4 v4;
        struct segment6 v6;
    };
    struct ftp_announcement says;
    uint16_t window; /* as it stands in the header */
    uint8_t family;  /* enum family */
    bool cut;        /* not all of its payload was captured */
};

/* Of a lane, in the order of their positions but for those out of IP fragments. */
struct ftp_list {
    struct ftp_segment *items;
    uint32_t count, capacity;
};

/* Adds one with a copy of a segment; the rest is for the caller to fill in. NULL when memory is short. */
struct ftp_segment *ftp_list_add(struct ftp_list *list, const struct segment *s, enum family family);

ALWAYS_INLINE bool ftp_is_control(const struct segment *s)
{
    return s->port[0] == FTP_CONTROL_PORT || s->port[1] == FTP_CONTROL_PORT;
}

#endif
