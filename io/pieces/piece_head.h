/* What a state file or a piece file says of itself, in its first section: which program made it, with
 * which options, from which inputs, and which reports go with it. */
#ifndef TCPREUSE_PIECE_HEAD_H
#define TCPREUSE_PIECE_HEAD_H

#include "engine/saved.h"
#include "io/pieces/piece_file.h"

#define PIECE_HEAD_SECTION "head"

/* An option that changes the answer. */
struct piece_option {
    char *name, *value; /* value: as the user would give it */
};

enum piece_input_flags {
    PIECE_INPUT_PLACE = 1,  /* position and frames are known: if the file grows, reading goes on there */
    PIECE_INPUT_STREAM = 2, /* it was read as a stream: compressed, or text */
    PIECE_INPUT_PART = 4,   /* it was not read to its end: an interrupt came */
    PIECE_INPUT_LATE = 8,   /* what follows its place, or all of it if there is none, was late and refused */
};

struct piece_input {
    char *path;
    uint64_t size; /* when it was read; bytes */
    int64_t time;  /* of its last change; ns since 1970 */
    uint64_t device, inode;
    uint64_t first_bytes; /* how many bytes at its beginning, at most PIECE_FIRST_BYTES, have this digest */
    uint64_t first_digest;
    uint64_t last_digest; /* of the last PIECE_LAST_BYTES of `size`, or fewer where it is smaller */
    uint64_t position;    /* of the next record */
    uint64_t frames;      /* before it */
    uint32_t flags;       /* enum piece_input_flags */
};
/* Was anything of it read? */
static inline bool piece_input_is_read(const struct piece_input *in)
{
    return !(in->flags & PIECE_INPUT_LATE) || in->flags & PIECE_INPUT_PLACE;
}
enum { PIECE_FIRST_BYTES = 4096, PIECE_LAST_BYTES = 4096 };

/* A report whose rows so far are final. */
struct piece_report {
    char *name;           /* of its file, without the directory */
    uint64_t length;      /* bytes */
    uint64_t last_digest; /* of its last PIECE_LAST_BYTES, or fewer where it is shorter */
};

struct piece_head {
    char *program; /* its version */
    uint64_t frames, conversations, reuses;
    uint64_t waiting;    /* reuses whose answer is awaited */
    int64_t latest_time; /* of the frames; ns since 1970; INT64_MIN: there are none */
    uint64_t late;       /* inputs that were earlier than what had been read before them */
    struct piece_option *options;
    uint32_t option_count, option_capacity;
    struct piece_report *reports;
    uint32_t report_count, report_capacity;
    struct piece_input *inputs;
    uint32_t input_count, input_capacity;
};

/* Frees what it holds, and empties it. */
void piece_head_free(struct piece_head *h);
/* Copies what they are given. 0, or -1 when memory is short. */
int piece_head_add_option(struct piece_head *h, const char *name, const char *value);
int piece_head_add_report(struct piece_head *h, const struct piece_report *report);
int piece_head_add_input(struct piece_head *h, const struct piece_input *input);
void piece_head_put(struct saved_writer *w, const struct piece_head *h);
/* Into an empty head. What makes no sense, or finds no memory, fails the reader. */
void piece_head_get(struct saved_reader *r, struct piece_head *h);

/* The digest that heads tell files and reports by. */
uint64_t piece_digest(const void *bytes, size_t count);

#endif
