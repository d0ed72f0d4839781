/* The container of state files and piece files: named sections of bytes, each with its length and
 * checksum, behind a magic and a version, and a checksum of the whole at the end. docs/state.md has the
 * layout.
 *
 * A file is written under another name, and gets its own when it is complete (io/outputs/). Reading it
 * begins with checking all of it, so that no part of a damaged file is ever used. */
#ifndef TCPREUSE_PIECE_FILE_H
#define TCPREUSE_PIECE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum piece_kind {
    PIECE_STATE = 1, /* of a capture from its beginning on */
    PIECE_PART = 2,  /* of a part of a capture, of which the beginning is not known */
};

enum {
    PIECE_VERSION = 4,
    PIECE_NAME_MAX = 15,           /* of a section, without the 0 at its end */
    PIECE_SECTION_MAX = 256 << 20, /* bytes. Larger things come in several sections of one name */
    PIECE_ERROR_MAX = 512,
};

/* Writing. One thread at a time. */

struct piece_writer;

/* Begins a file under a temporary name, which is locked: another process that begins it meanwhile gets EBUSY. NULL with
 * errno, for outputs_explain(). */
struct outputs_params;
struct piece_writer *piece_writer_create(const char *path, enum piece_kind kind,
                                         const struct outputs_params *params);
/* Adds a section. 0, or -1 with errno; then the writer is of no use any more. */
int piece_writer_add(struct piece_writer *w, const char *name, const void *bytes, size_t count);
/* The file is complete: it goes to the disk, if the parameters ask for it, and takes the place of what is there under its
 * name. 0, or -1 with errno, and then what was there still is. */
int piece_writer_finish(struct piece_writer *w);
/* Removes what is not finished. NULL is fine. */
void piece_writer_destroy(struct piece_writer *w);

/* Reading. One thread at a time. */

struct piece_reader;

struct piece_section {
    char name[PIECE_NAME_MAX + 1];
    const uint8_t *bytes; /* of the reader, until the next section */
    size_t count;
    uint64_t stored; /* bytes in the file */
};

enum piece_result {
    PIECE_DONE,
    PIECE_MISSING, /* there is no such file */
    PIECE_WRONG,   /* it cannot be read, is foreign, cut, damaged or of another version */
};

/* Opens a file and checks all of it. Else error says what was expected where, and what was found; it
 * begins with the path. */
enum piece_result piece_reader_open(struct piece_reader **r, const char *path, char error[PIECE_ERROR_MAX]);
enum piece_kind piece_reader_kind(const struct piece_reader *r);
/* Bytes of the file. */
uint64_t piece_reader_size(const struct piece_reader *r);
/* The next section, from the first one on. False: that was the last one; or the file was changed
 * meanwhile, or memory is short, and then *failed is set and error says so. */
bool piece_reader_next(struct piece_reader *r, struct piece_section *s, bool *failed,
                       char error[PIECE_ERROR_MAX]);
/* The next section of this name, likewise: those before it are not decompressed. */
bool piece_reader_find(struct piece_reader *r, const char *name, struct piece_section *s, bool *failed,
                       char error[PIECE_ERROR_MAX]);
/* The next section will be the first one. */
void piece_reader_rewind(struct piece_reader *r);
void piece_reader_close(struct piece_reader *r);

#endif
