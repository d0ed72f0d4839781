/* Reads FTP control connections (RFC 959; RFC 2428). */
#ifndef TCPREUSE_FTP_H
#define TCPREUSE_FTP_H

#include "engine/conversations/ftp_segment.h"

/* What a segment of a control connection announces; only its first line counts. request: it was sent to the
 * control port. Thread-safe. */
struct ftp_announcement ftp_read(const uint8_t *payload, uint32_t count, bool request);

#endif
