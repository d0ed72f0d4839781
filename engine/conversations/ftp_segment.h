/* Segments of FTP control connections (RFC 959; RFC 2428), for generation 4.0 only. There, the connection
 * that a PORT command or the reply to PASV or EPSV announces counts as created by the announcement, and its
 * first segment creates nothing (docs/rules.md).
 *
 * A decoder adds a copy of each segment of a control connection, with what it announces
 * (engine/decode/ftp.h), to the list of its lane. Settling, in capture order, determines which of them 4.0
 * reads (control.h), and lists their announcements in the batch. A shard applies these as it drains the batch
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
    uint16_t window; /* as in the header, not scaled */
    uint8_t family;  /* enum family */
    bool cut;        /* not all of its payload was captured */
};

/* Of a lane, by position, except for those from IP fragments. */
struct ftp_list {
    struct ftp_segment *items;
    uint32_t count, capacity;
};

/* Adds a copy of a segment; the caller fills in the other members. NULL when memory is short. */
struct ftp_segment *ftp_list_add(struct ftp_list *list, const struct segment *s, enum family family);

ALWAYS_INLINE bool ftp_is_control(const struct segment *s)
{
    return s->port[0] == FTP_CONTROL_PORT || s->port[1] == FTP_CONTROL_PORT;
}

#endif
