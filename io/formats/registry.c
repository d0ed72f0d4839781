/* All formats, and which of them a file has. */
#include "io/formats/registry.h"
#include "io/guard.h"
#include "io/problems.h"
#include "io/streams/stream.h"

#include <inttypes.h>

/* What a format is known by. */
enum { PROBE_BYTES = 4096 };

/* Those that are known by plausible records only come last. */
static const struct capture_format *const formats[] = {
    &format_pcap,        &format_pcapng, &format_snoop, &format_netmon,   &format_netxray,    &format_sniffer,
    &format_visual,      &format_5views, &format_nettl, &format_observer, &format_lanalyzer,  &format_iptrace,
    &format_peek_tagged, &format_peek,   &format_erf,   &format_commview, &format_commview_x,
};

const struct capture_format *capture_probe_formats(const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; count >= 4 && i < ARRAY_LEN(formats); i++)
        if (formats[i]->probe(bytes, count))
            return formats[i];
    return NULL;
}

int capture_find_format(struct capture *c, const uint8_t *bytes, uint64_t count)
{
    size_t n = MIN(count, (uint64_t)PROBE_BYTES);
    c->format = capture_probe_formats(bytes, n);
    if (c->format)
        return 0;
    const char *compression = stream_compression(bytes, n);
    if (n == 0)
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, 0,
                     "expected a capture, found an empty file");
    else if (compression)
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, 0,
                     "expected the magic number of a capture file, found %s data", compression);
    else if (n < 4)
        problems_add(
            c->problems, PROBLEM_ERROR, c->order, c->path, 0,
            "expected the magic number of a capture file (4 bytes), found the end of the file after %zu", n);
    else
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, 0,
                     "expected the magic number of a capture file, found %02x %02x %02x %02x", bytes[0],
                     bytes[1], bytes[2], bytes[3]);
    return -1;
}

struct open_job {
    struct capture *capture;
    bool *compressed;
    int result;
};

static void open_format(void *argument)
{
    struct open_job *job = argument;
    struct capture *c = job->capture;
    if (job->compressed && capture_size(c) >= 4 &&
        (*job->compressed = stream_compression(c->bytes, MIN(capture_size(c), (uint64_t)PROBE_BYTES)))) {
        job->result = -1;
        return;
    }
    job->result = capture_find_format(c, c->bytes, capture_size(c));
    if (!job->result)
        job->result = c->format->open(c, c->bytes, capture_size(c), true) != OPEN_DONE;
}

struct capture *capture_open(const char *path, size_t order, bool read_small, bool *compressed,
                             struct problems *problems)
{
    struct capture *c = capture_map(path, order, read_small, problems);
    struct open_job job = {.capture = c, .compressed = compressed};
    if (!c)
        return NULL;
    while (!capture_guard(open_format, &job))
        capture_find_end(c);
    if (job.result) {
        capture_drop(c);
        return NULL;
    }
    return c;
}
