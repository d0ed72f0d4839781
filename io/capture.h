/* An open capture file, and the formats that it can have. */
#ifndef TCPREUSE_CAPTURE_H
#define TCPREUSE_CAPTURE_H

#include "../engine/source.h"
#include "problems.h"

/* A longer record is taken for a sign of damage, as Wireshark does (its WTAP_MAX_PACKET_SIZE_STANDARD). */
enum { RECORD_LENGTH_MAX = 262144 };

struct capture;

/* One file format. Functions may be called by any thread unless they say otherwise. */
struct capture_format {
    const char *name;
    /* Do the file's first bytes (at least 4, as many as there are up to 4096) look like this format? */
    bool (*probe)(const uint8_t *bytes, size_t count);
    /* Reads the file's header, and sets c->first_record. 0, or -1 after adding a problem. Once, before all
     * else. */
    int (*open)(struct capture *c);
    void (*guess)(const struct capture *c, struct lane *lane);
    void (*walk)(const struct capture *c, struct batch *b, struct walk *walk);
    void (*fault)(struct capture *c, const struct lane *lane);
};

extern const struct capture_format format_pcap;

/* All formats, NULL at the end. */
extern const struct capture_format *const capture_formats[];

struct capture {
    const char *path;
    size_t order; /* its place in the input */
    struct problems *problems;
    const struct capture_format *format;
    const uint8_t *bytes; /* mapped */
    uint64_t mapped;      /* bytes mapped: the size when it was opened */
    /* Up to here bytes may be read. Lowered (relaxed) by whoever meets the end of a file that was cut
     * meanwhile. */
    _Atomic uint64_t size;
    uint64_t first_record; /* offset */
    /* Batches that are under way, and one for the claimer: incremented by claiming, decremented by release.
     */
    _Atomic uint64_t users;

    /* of pcap */
    bool swapped;          /* other byte order than this machine's */
    uint32_t fraction_ns;  /* nanoseconds a unit of the fraction: 1000 or 1 */
    uint32_t fraction_max; /* units a second */
    uint8_t decimals;
    uint8_t fcs;
    uint16_t link_type;
    uint32_t first_second; /* time of the first record */
};

static inline uint64_t capture_size(const struct capture *c)
{
    return atomic_load_explicit(&c->size, memory_order_relaxed);
}

/* Maps the file, finds its format and reads its header. NULL after adding a problem. */
struct capture *capture_open(const char *path, size_t order, struct problems *problems);
void capture_close(struct capture *c);

/* Runs work(argument), which may read the capture's bytes. When the file is found to have been cut meanwhile,
 * lowers c->size to its new end and returns false. */
bool capture_guard(struct capture *c, void (*work)(void *), void *argument);

#endif
