/* One input of a set: a regular file, which is mapped, or a stream, which is read into chunks. */
#ifndef TCPREUSE_INPUT_H
#define TCPREUSE_INPUT_H

#include "engine/turn.h"
#include "engine/window.h"
#include "io/formats/resync.h"
#include "io/sets/gap.h"
#include "io/streams/stream.h"

/* A piece of a stream in memory: whole records, cut into lanes at record boundaries. */
struct chunk {
    struct capture *capture; /* the chunk is one of its users */
    uint8_t *memory;
    size_t capacity;
    /* While it is filled. */
    size_t count;         /* bytes that it has */
    size_t wanted;        /* at which it is full */
    size_t tried;         /* of count: known to be no whole record, if all there is */
    int64_t since;        /* monotonic ns: when the first byte behind those came */
    struct window window; /* of memory; positions are those of the stream */
    unsigned lanes;
    struct {
        uint64_t begin, limit;
        const void *context;
    } lane[LANES];
    struct gap *gaps; /* of an input that resyncs: CHUNK_GAPS of them; NULL: none yet */
    unsigned gap_count;
    bool
        gave_up; /* its last record is broken, and where records go on was not searched to the end of the stream */
    /* Incremented by a user that passes it on, decremented in chunk_drop(). */
    _Atomic unsigned users;
    struct chunk *next;
};

void chunk_drop(struct chunk *chunk);

enum {
    /* The first of a small file, or of one that is only looked at: 16 KB, or eight times the file. */
    CHUNK_BYTES_MIN = 16 << 10,
    CHUNK_BYTES = 1 << 20, /* memory costs most when it is first touched: with 2 MB a run takes 5 % longer */
    /* Gaps in a chunk; what follows is the next one's. */
    CHUNK_GAPS = 64,
    /* Chunks of one stream that may wait to be claimed. */
    CHUNKS_AHEAD = 4,
    /* A stream with a longer record is given up. Only files of D-Bus and USBPcap may have one (capture_record_max()). */
    CHUNK_BYTES_MAX = 64 << 20,
};

enum input_kind { INPUT_UNKNOWN, INPUT_MAPPED, INPUT_STREAM };

struct input {
    const char *path;
    size_t order; /* in which it was given */
    struct problems *problems;
    const struct stop *stop;
    int64_t first_time;        /* of its first frame; INT64_MAX: none, or unknown */
    struct clock_shift shift;  /* of its times; set before it is opened */
    bool sized;                /* a regular file: its size counts as its bytes */
    uint64_t size;             /* of such a file, when it was first looked at */
    bool reads;                /* a regular file is a stream, too, and nothing is mapped */
    bool is_look;              /* only its first frame is wanted */
    bool resyncs;              /* what is destroyed is passed over (gap.h) */
    struct input_place resume; /* known: an earlier run read the records before it. Of mapped inputs */
    bool keeps_interfaces;     /* its capture does */
    bool notes_interfaces;     /* its capture does */

    struct turn turn; /* opening and filling: what follows belongs to the holder, unless noted otherwise */
    enum input_kind kind;
    bool opened;
    bool failed;  /* it could not be opened or read to its end, and this is reported */
    bool begun;   /* claiming has come to it: nothing to open ahead */
    bool counted; /* among the inputs that could be opened; the claimer's */
    /* How far the frames of a mapped input are numbered. Written by the settler of its batches, and by the
     * claimer while it has none under way; read when nothing is. */
    struct input_place place;
    struct capture *capture;
    struct stream *stream;
    uint8_t *rest; /* bytes that were read from the stream, but are in no chunk yet */
    size_t rest_count, rest_capacity;
    uint64_t position;     /* of rest in the stream */
    struct chunk *partial; /* is being filled, but the stream had no more for now */
    bool began;            /* the format's header has been read */
    const void *context;
    struct trust trust; /* of an input that resyncs: in the records up to position */
    bool gives_up;      /* there are as many bytes as may be searched for the record behind a gap */
    bool ended;         /* nothing more will be read */
    bool broken; /* because the stream failed, or was stopped: a record that it left incomplete is no fault of
                    its own */
    bool noted;  /* it is reported that an interrupt kept it from being read to its end */

    /* Chunks that are filled but not taken: a ring with one writer, the holder of the turn, and one reader,
     * the claimer. Indices run freely; each is stored (release) by its side and loaded (acquire) by the
     * other. */
    struct chunk *ready[CHUNKS_AHEAD];
    _Atomic uint64_t filled, taken;
    _Atomic bool finished;     /* release, behind the last chunk: nothing more will be filled */
    _Atomic uint64_t consumed; /* bytes of the file, for the display */

    /* The claimer's: chunks that were taken but not accepted, in order. They are taken again before those in
     * the ring. */
    struct chunk *again_first, *again_last;
};

/* The arguments must outlive the input. stop: NULL if nobody will ask. NULL when memory is short. */
struct input *input_create(const char *path, size_t order, struct problems *problems,
                           const struct stop *stop);
void input_free(struct input *in);

/* Opens the input, unless it is open. By the holder of the turn. read_small: as for capture_open(). False if
 * it cannot be opened; the problem is reported. */
bool input_open(struct input *in, bool read_small);
/* Hands over the capture of a mapped input, with its use. The input is closed then. */
struct capture *input_take_capture(struct input *in);

/* Fills the next chunk, if the ring has room. A pipe that has nothing to read is waited for if wait is set;
 * else the chunk is left for the next call. By the holder of the turn. True if something was done. */
bool input_fill(struct input *in, bool wait);
/* Waits until a pipe that has had nothing to read has something, for about ms at most. By the holder of the
 * turn. True if it has. */
bool input_wait(struct input *in, int ms);
/* Stopping is asked for, and nothing more will be read: if this is a pipe that has not ended, says so, once.
 * By the holder of the turn, or when all threads have ended. */
void input_note_unread(struct input *in);
/* By the holder of the turn. */
void input_close_stream(struct input *in);

/* The next chunk of a stream, with its use. NULL if none is ready. By the claimer. */
struct chunk *input_take_chunk(struct input *in);
/* No chunk is ready, and none will be. By the claimer. */
bool input_is_finished(const struct input *in);

#endif
