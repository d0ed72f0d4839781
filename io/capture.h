/* An open capture file, and the formats that it can have. */
#ifndef TCPREUSE_CAPTURE_H
#define TCPREUSE_CAPTURE_H

#include "engine/source.h"
#include "io/problems.h"

/* A longer record is taken for a sign of damage, as Wireshark does (its WTAP_MAX_PACKET_SIZE_STANDARD). */
enum { RECORD_LENGTH_MAX = 262144 };

/* The same for a link type: some are known for longer frames. */
static inline uint32_t capture_record_max(uint32_t link_type)
{
    enum { LINK_DBUS = 231, LINK_USB_PCAP = 249, LINK_EBHSCR = 279 };
    switch (link_type) {
    case LINK_DBUS:
    case LINK_USB_PCAP:
        return 128 << 20;
    case LINK_EBHSCR:
        return 8 << 20;
    default:
        return RECORD_LENGTH_MAX;
    }
}

/* The link type of records that have a frame number and hold no packet of any kind. */
enum { LINK_TYPE_NOT_A_PACKET = 0xffff };

struct capture;
struct record;

enum { CAPTURE_PIECE = 64 << 20 };

enum capture_open_result { OPEN_DONE, OPEN_FAILED, OPEN_MORE };
#define RECORD_BROKEN  UINT64_MAX
#define RECORD_CHANGES (UINT64_C(1) << 63)

/* One file format. Functions may be called by any thread unless they say otherwise. */
struct capture_format {
    const char *name;
    /* Do the file's first bytes (at least 4, as many as there are up to 4096) look like this format? */
    bool (*probe)(const uint8_t *bytes, size_t count);
    /* Reads the file's header from its first count bytes, and sets c->first_record, c->context, and where a
     * format has them otherwise c->records_end and c->position_bytes. whole:
     * these are all bytes of the file. OPEN_FAILED after adding a problem; OPEN_MORE when more bytes are
     * needed, not if whole. Once before all else, but for calls that returned OPEN_MORE. */
    enum capture_open_result (*open)(struct capture *c, const uint8_t *bytes, uint64_t count, bool whole);
    /* As in struct source_ops; lanes lie in b->bytes, and have contexts of c. */
    void (*guess)(const struct capture *c, const struct batch *b, struct lane *lane);
    void (*walk)(const struct capture *c, struct batch *b, struct walk *walk);
    bool (*run)(const struct capture *c, const struct batch *b, const struct lane *lane,
                struct record_run *run);
    void (*change)(struct capture *c, struct batch *b, struct lane *lane);
    void (*fault)(struct capture *c, const struct batch *b, const struct lane *lane);
    /* For streams, which are cut into batches at record boundaries: the length of the record at p, of which
     * available bytes are there, to be read with context. 0: more bytes are needed to tell. RECORD_BROKEN:
     * walking will find a fault there. RECORD_CHANGES is added to the length of a record that walking would
     * stop at with LANE_CHANGE. */
    uint64_t (*record_length)(const struct capture *c, const void *context, const uint8_t *p,
                              uint64_t available);
    /* The length of the whole records from p on that change nothing, up to the one with which they reach
     * wanted bytes. NULL: record_length() tells as much, one by one. */
    uint64_t (*records_length)(const struct capture *c, const uint8_t *p, uint64_t available,
                               uint64_t wanted);
    /* For records.c, and NULL of other formats: describes the record at p, of which available bytes are
     * there, and its frame, whose decimals, link_type and fcs are set beforehand. False after record_fault().
     */
    bool (*read_record)(const struct capture *c, const uint8_t *p, uint64_t available, struct record *r,
                        struct frame *f);
    /* Frees format_data. NULL: there is none. */
    void (*close)(struct capture *c);
};

extern const struct capture_format format_pcap;
extern const struct capture_format format_pcapng;
extern const struct capture_format format_snoop;
extern const struct capture_format format_erf;
extern const struct capture_format format_netmon;
extern const struct capture_format format_netxray;
extern const struct capture_format format_visual;
extern const struct capture_format format_5views;
extern const struct capture_format format_commview;
extern const struct capture_format format_commview_x;
extern const struct capture_format format_sniffer;
extern const struct capture_format format_peek;
extern const struct capture_format format_peek_tagged;
extern const struct capture_format format_nettl;
extern const struct capture_format format_observer;
extern const struct capture_format format_lanalyzer;
extern const struct capture_format format_iptrace;

/* All formats, NULL at the end. */
extern const struct capture_format *const capture_formats[];

struct capture {
    const char *path;
    size_t order; /* its place in the input */
    struct problems *problems;
    const struct capture_format *format;
    const uint8_t *bytes; /* mapped, or read into memory of its own */
    bool is_read;
    /* Bytes decoded, for each CAPTURE_PIECE bytes of a mapped file; NULL: not counted. Added to (acq_rel) by
     * whoever has decoded some. */
    _Atomic uint64_t *decoded;
    uint64_t mapped; /* bytes mapped: the size when it was opened */
    /* Up to here bytes may be read. Lowered (relaxed) by whoever meets the end of a file that was cut
     * meanwhile. */
    _Atomic uint64_t size;
    uint64_t first_record; /* offset */
    /* Positions of records lie before this; UINT64_MAX: they end with the file. A format that reads its
     * records through a table of their offsets has positions in this table, and sets it. Its batches have all
     * the file's bytes, and streams of it are one chunk. */
    uint64_t records_end;
    uint32_t position_bytes; /* bytes of the file that a step of one position stands for: more than 1 when
                                positions lie in a table */
    /* How records are to be read, in the format's own terms: what claiming gives to lanes. Set by open;
     * written (release) by change, in settling, read (acquire) in claiming. What it points to stays until the
     * capture is closed. */
    const void *_Atomic context;
    /* Where its frames begin to be later than the next file's first, by guessing; UINT64_MAX: not known. Set
     * by late_find(). */
    uint64_t late_at;
    void *format_data; /* the format's own, freed by its close */
    /* Batches that are under way, chunks, the input, the claimer: whoever holds a pointer to it beyond a
     * call. */
    _Atomic uint64_t users;

    /* of pcap */
    bool swapped;          /* other byte order than this machine's */
    uint32_t fraction_ns;  /* nanoseconds a unit of the fraction: 1000 or 1 */
    uint32_t fraction_max; /* units a second */
    uint32_t captured_max;
    uint8_t record_header; /* bytes of a record before what was captured */
    bool plain;            /* record headers of 16 bytes, lengths in order */
    uint8_t length_order;  /* enum pcap_length_order */
    uint8_t decimals;
    uint8_t fcs;
    uint16_t link_type;

    /* of snoop */
    bool surveyor; /* 802.11 frames of Shomiti's analyzers, with a header of their own */
};

static inline uint64_t capture_size(const struct capture *c)
{
    return atomic_load_explicit(&c->size, memory_order_relaxed);
}

/* Where the positions of a mapped file's records end. */
static inline uint64_t capture_records_end(const struct capture *c)
{
    return MIN(capture_size(c), c->records_end);
}

/* A capture without bytes of its own, for a stream. One user. NULL after adding a problem. */
struct capture *capture_new(const char *path, size_t order, struct problems *problems);
/* Maps the file, finds its format and reads its header. read_small: a small one is read instead, for whoever
 * wants all of it soon, and has few open at a time. One user. NULL after adding a problem; or without one,
 * and *compressed set, when the file is compressed (compressed may be NULL: then this is a problem, too). */
struct capture *capture_map(const char *path, size_t order, bool read_small, bool *compressed,
                            struct problems *problems);
/* Sets c->format by the first bytes; 0, or -1 after adding a problem. */
int capture_find_format(struct capture *c, const uint8_t *bytes, uint64_t count);
/* The mapped file's bytes from begin to end, in whole or in part of a region that was claimed, are decoded.
 * What has been decoded of a piece adds up to its size once; a wrong sum only costs time. Any thread. */
void capture_decoded(struct capture *c, uint64_t begin, uint64_t end);
/* One more user; returns c. Any thread that uses it. */
struct capture *capture_use(struct capture *c);
/* One user less; the last one closes it. Any thread. */
void capture_drop(struct capture *c);

/* Runs work(argument), which may read mapped bytes. False when bytes were gone: a file has been cut
 * meanwhile. */
bool capture_guard(void (*work)(void *), void *argument);
/* Lowers c->size to where the file ends by now, after capture_guard() has failed on it, and adds a problem.
 */
void capture_find_end(struct capture *c);
/* For run(): sets at, limit and longest of the run at the lane's position, of records with around bytes
 * besides what is captured. False: there is none. Records are of usual length, and the run ends as far from
 * the end of the batch's bytes as the longest of them: where those are few (a small file, a chunk of a
 * stream) that is less than where they are many, and less still where few of them are left: so a file of
 * 1,250 small frames leaves five of them to the walk, and not 51, which are 3 % of the processor's time
 * outside the kernel. */
bool capture_run(const struct batch *b, const struct lane *lane, uint32_t captured_max, uint32_t around,
                 struct record_run *run);

/* Walks all open lanes of a batch a step each in turn, so that the cache misses of their chains overlap.
 * next(lane, frame) gives the lane's next record, or false after changing the lane's state. */
#define WALK_LANES(b, walk, next)                                                                            \
    do {                                                                                                     \
        for (unsigned i_ = (walk)->first; i_ < (walk)->end; i_++)                                            \
            (walk)->count[i_] = 0;                                                                           \
        for (unsigned k_ = 0; k_ < WALK_FRAMES; k_++)                                                        \
            for (unsigned i_ = (walk)->first; i_ < (walk)->end; i_++) {                                      \
                struct lane *lane_ = &(b)->lane[i_];                                                         \
                if (lane_->state == LANE_OPEN && next(lane_, &(walk)->frame[i_][k_]))                        \
                    (walk)->count[i_] = k_ + 1;                                                              \
            }                                                                                                \
    } while (0)

#endif
