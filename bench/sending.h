/* What programs that feed a benchmark's ports share: frames of a capture, put into mbufs again and again. */
#ifndef TCPREUSE_SENDING_H
#define TCPREUSE_SENDING_H

#include <rte_mbuf.h>

enum { SEND_BURST = 64, SEND_MBUFS = 16383, SEND_CACHE = 256 };

struct capture {
    uint8_t *bytes;
    uint32_t *at;     /* of each frame in bytes */
    uint16_t *length; /* of each frame */
    size_t count;
};

/* Ends the process. */
void die(const char *what) __attribute__((noreturn));
/* Reads a pcap file of tracegen's, in this machine's byte order. Ends the process if there is none, or memory is
 * short. */
struct capture capture_read(const char *path);
/* The frames of the capture that one of several parts gets; all frames of a connection go to the same part. */
struct capture capture_part(const struct capture *c, unsigned part, unsigned parts);
/* Copies the next n frames of the capture, from *next on, into empty mbufs. */
void capture_fill(struct rte_mbuf **mbufs, unsigned n, const struct capture *c, size_t *next);

#endif
