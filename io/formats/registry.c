/* All formats, and which of them a file has. */
#include "io/formats/registry.h"
#include "io/formats/kinds.h"
#include "io/guard.h"
#include "io/problems.h"
#include "io/streams/stream.h"

#include <inttypes.h>

/* Those that are known by plausible records only come last. */
static const struct capture_format *const formats[] = {
    &format_pcap,        &format_pcapng, &format_snoop, &format_netmon,   &format_netxray,    &format_sniffer,
    &format_visual,      &format_5views, &format_nettl, &format_observer, &format_lanalyzer,  &format_iptrace,
    &format_peek_tagged, &format_peek,   &format_erf,   &format_commview, &format_commview_x,
};

enum probe_result capture_probe_formats(const uint8_t *bytes, uint64_t count, bool whole,
                                        const struct capture_format **format)
{
    const size_t head = MIN(count, (uint64_t)PROBE_BYTES);
    *format = NULL;
    for (size_t i = 0; head >= 4 && i < ARRAY_LEN(formats); i++) {
        const struct capture_format *f = formats[i];
        enum probe_result result =
            f->probe ? (f->probe(bytes, head) ? PROBE_YES : PROBE_NO) : f->probe_records(bytes, count, whole);
        if (result == PROBE_YES)
            *format = f;
        if (result != PROBE_NO)
            return result;
    }
    return PROBE_NO;
}

enum capture_open_result capture_find_format(struct capture *c, const uint8_t *bytes, uint64_t count,
                                             bool whole)
{
    size_t n = MIN(count, (uint64_t)PROBE_BYTES);
    enum probe_result result = capture_probe_formats(bytes, count, whole, &c->format);
    if (result != PROBE_NO)
        return result == PROBE_YES ? OPEN_DONE : OPEN_MORE;
    const struct kind *kind = kind_of(bytes, n);
    if (n == 0)
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, 0,
                     "expected a capture, found an empty file");
    else if (kind && n >= 4)
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, 0, "expected a capture, found %s%s%s",
                     kind->name, kind->advice ? ": " : "", kind->advice ? kind->advice : "");
    else if (n < 4)
        problems_add(
            c->problems, PROBLEM_ERROR, c->order, c->path, 0,
            "expected the magic number of a capture file (4 bytes), found the end of the file after %zu", n);
    else
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, 0,
                     "expected the magic number of a capture file, found %02x %02x %02x %02x", bytes[0],
                     bytes[1], bytes[2], bytes[3]);
    return OPEN_FAILED;
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
        (*job->compressed = stream_is_needed(c->bytes, MIN(capture_size(c), (uint64_t)PROBE_BYTES),
                                             capture_size(c) <= PROBE_BYTES))) {
        job->result = -1;
        return;
    }
    job->result = capture_find_format(c, c->bytes, capture_size(c), true) != OPEN_DONE;
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
