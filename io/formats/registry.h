/* The formats that a capture file can have, and opening a file whose format is not known yet. */
#ifndef TCPREUSE_REGISTRY_H
#define TCPREUSE_REGISTRY_H

#include "io/formats/format.h"

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

/* So many bytes are enough for formats with a magic number. */
enum { PROBE_BYTES = 4096 };

/* The format that a file's first bytes look like: at least PROBE_BYTES, or all there are (whole: these are
 * all). *format is NULL for none. PROBE_MORE: a format without a magic number needs more to tell; 2 MiB are
 * enough. */
enum probe_result capture_probe_formats(const uint8_t *bytes, uint64_t count, bool whole,
                                        const struct capture_format **format);
/* Sets c->format by the same; OPEN_FAILED after adding a problem. */
enum capture_open_result capture_find_format(struct capture *c, const uint8_t *bytes, uint64_t count,
                                             bool whole);
/* Maps or reads the file as capture_map() does, finds its format and reads its header. One user. NULL after
 * adding a problem; or without one, and *compressed set, when the file is compressed (compressed may be NULL:
 * then this is a problem, too). */
struct capture *capture_open(const char *path, size_t order, bool read_small, bool *compressed,
                             struct problems *problems);

#endif
