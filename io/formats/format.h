/* What a capture format is. Every format includes this; which formats there are stands in registry.h. */
#ifndef TCPREUSE_FORMAT_H
#define TCPREUSE_FORMAT_H

#include "io/capture.h"

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

struct record;        /* io/formats/records.h */
struct record_run;    /* of the engine */
struct chained;       /* io/formats/chain.h */
struct packet_origin; /* io/packet_origin.h */

enum capture_open_result { OPEN_DONE, OPEN_FAILED, OPEN_MORE };
#define RECORD_BROKEN  UINT64_MAX
#define RECORD_CHANGES (UINT64_C(1) << 63)

/* PROBE_MORE: more bytes are needed to tell. */
enum probe_result { PROBE_NO, PROBE_YES, PROBE_MORE };

/* One file format. Functions may be called by any thread unless they say otherwise. */
struct capture_format {
    const char *name;
    /* The first four bytes of a file are enough for probe, and no other format's begin with them. */
    bool magic_tells;
    /* Do the file's first bytes (at least 4, as many as there are up to 4096) begin with what only this format
     * begins with? NULL: it has nothing of the kind. */
    bool (*probe)(const uint8_t *bytes, size_t count);
    /* For such formats, and NULL of others: do the file's first bytes (at least 4; whole: these are all) make
     * sense as records? Text, and the numbers of any other file, now and then do as one or two. */
    enum probe_result (*probe_records)(const uint8_t *bytes, uint64_t count, bool whole);
    /* Reads the file's header from its first count bytes, and sets c->first_record, c->context, and where a
     * format has them otherwise c->records_end and c->position_bytes. whole:
     * these are all bytes of the file. OPEN_FAILED after adding a problem; OPEN_MORE when more bytes are
     * needed, not if whole. Once before all else, but for calls that returned OPEN_MORE. */
    enum capture_open_result (*open)(struct capture *c, const uint8_t *bytes, uint64_t count, bool whole);
    /* The first record boundary at or behind the reader's position, before its limit, to the best of its
     * guessing; UINT64_MAX: none. */
    uint64_t (*guess)(const struct capture *c, const struct window *window,
                      const struct record_reader *reader);
    /* Likewise, anywhere, for reading on behind damage. NULL: nothing tells records of this format from other bytes. */
    uint64_t (*find)(const struct capture *c, const struct window *window,
                     const struct record_reader *reader);
    /* The length of the record at p, of which left bytes are there, if it makes sense behind those of the chain; or what
     * chain.h says. NULL where find is. */
    uint64_t (*follow)(const struct capture *c, struct chained *chain, const uint8_t *p, uint64_t left);
    /* A wrong length leads to records that are none, and may be read for some time. Such formats have no contexts. */
    bool misleads;
    /* The others as in struct source_ops, of readers with positions in the window, and contexts of c. */
    void (*walk)(const struct capture *c, const struct window *window, struct walk *walk);
    bool (*run)(const struct capture *c, const struct window *window, const struct record_reader *reader,
                struct record_run *run);
    void (*change)(struct capture *c, const struct window *window, struct record_reader *reader);
    void (*fault)(struct capture *c, const struct window *window, const struct record_reader *reader);
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
    /* What the file says of this frame, which was walked with this context, of a capture that keeps_interfaces.
     * False, or NULL: it says nothing more than the frame, and frames of one kind are of one interface. */
    bool (*origin)(const void *context, const struct frame *f, struct packet_origin *origin);
    /* The number of the interface of this frame, which was walked with this context. NULL: frames have none, or all
     * the same. */
    uint32_t (*interface)(const void *context, const struct frame *f);
    /* Frees format_data. NULL: there is none. */
    void (*close)(struct capture *c);
};

/* For open: zeroed memory of the format's own, c->format_data. NULL after adding a problem. */
void *capture_new_data(struct capture *c, size_t size);
/* For close: frees it. */
void capture_free_data(struct capture *c);

/* For run(): sets at, limit and longest of the run at the reader's position, of records with around bytes
 * besides what is captured. False: there is none. Records are of usual length, and the run ends as far from
 * the end of the window as the longest of them: where those are few (a small file, a chunk of a
 * stream) that is less than where they are many, and less still where few of them are left: so a file of
 * 1,250 small frames leaves five of them to the walk, and not 51, which are 3 % of the processor's time
 * outside the kernel. */
bool capture_run(const struct window *window, const struct record_reader *reader, uint32_t captured_max,
                 uint32_t around, struct record_run *run);

#endif
