/* Files told by what is in them: what a head notes of an input, and whether a file is one that a head knows. Names and
 * inodes do not tell: logs are rotated, rings use their names again, copies have inodes of their own. Thread-safe. */
#ifndef TCPREUSE_PIECE_IDENTIFY_H
#define TCPREUSE_PIECE_IDENTIFY_H

#include "io/pieces/piece_head.h"

/* Notes size, time and inode of the file; all else is zero, the path too. 0, or -1 with errno; EINVAL: it is no regular
 * file. */
int piece_stat(const char *path, struct piece_input *in);
/* The same, and the digests of its first and its last bytes. */
int piece_identify(const char *path, struct piece_input *in);

/* The digest of up to PIECE_LAST_BYTES bytes before `end`; of fewer where the file is shorter. 0, or -1 with errno. */
int piece_digest_before(int fd, uint64_t end, uint64_t *digest);

/* The file's first bytes, as many as there are up to PIECE_FIRST_BYTES. Their number; 0 also if they cannot be read. */
size_t piece_read_first(const char *path, uint8_t bytes[PIECE_FIRST_BYTES]);

/* How a file stands to one that is known. */
enum piece_likeness {
    PIECE_OTHER,   /* it does not begin with what was read, or cannot be read */
    PIECE_SHORTER, /* it begins alike, and is shorter than what was read */
    PIECE_ALIKE,   /* it begins with what was read: nothing has changed, or it has grown */
};

/* Of the file that piece_stat() saw as `now`: what was read is told by the first and the last bytes of it. Of a file of the
 * same inode, size and time the first bytes are enough. */
enum piece_likeness piece_compare(const char *path, const struct piece_input *now,
                                  const struct piece_input *known);

/* What differs between two files that piece_identify() saw at different times or places, in words; NULL: nothing does.
 * Times are compared where they are to be. */
const char *piece_differs(const struct piece_input *a, const struct piece_input *b, bool with_times);

#endif
