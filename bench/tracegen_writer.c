/* The pcap file: https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-03.html, link type Ethernet. */
#include <endian.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "bench/tracegen.h"

/* What one write() takes. It stays in the second-level cache between being filled and being copied by the
 * kernel. */
#define WRITE_SIZE  ((size_t)512 * 1024)
#define RECORD_HEAD 16

static void put_u32(const struct writer *w, uint8_t *p, uint32_t v)
{
    v = w->big_endian ? htobe32(v) : htole32(v);
    memcpy(p, &v, 4);
}

static void put_u16(const struct writer *w, uint8_t *p, uint16_t v)
{
    v = w->big_endian ? htobe16(v) : htole16(v);
    memcpy(p, &v, 2);
}

int writer_open(struct writer *w, const struct tracegen_options *opt)
{
    bool to_stdout = strcmp(opt->output, "-") == 0;

    memset(w, 0, sizeof(*w));
    w->fd = -1;
    w->name = to_stdout ? "standard output" : opt->output;
    w->nanosecond = opt->nanosecond;
    w->big_endian = opt->big_endian;
    w->snaplen = opt->snaplen;
    w->now_ns = opt->start_ns;
    w->period_twice = 2 * ((UINT64_C(1000000000) << 32) / opt->rate);
    rng_seed(&w->clock, opt->seed, 1);

    if (opt->payload != PAYLOAD_LETTERS)
        w->payloads = payloads_new(opt->payload, opt->seed);
    w->buffer = malloc(WRITE_SIZE + 2 * (RECORD_HEAD + WRITER_FRAME_MAX));
    if (w->buffer == NULL || (opt->payload != PAYLOAD_LETTERS && w->payloads == NULL)) {
        fprintf(stderr, "tracegen: out of memory\n");
        return -1;
    }
    w->fd = to_stdout ? STDOUT_FILENO : open(opt->output, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    if (w->fd < 0) {
        fprintf(stderr, "tracegen: %s: %s\n", w->name, strerror(errno));
        return -1;
    }

    put_u32(w, w->buffer, w->nanosecond ? 0xa1b23c4d : 0xa1b2c3d4);
    put_u16(w, w->buffer + 4, 2);
    put_u16(w, w->buffer + 6, 4);
    put_u32(w, w->buffer + 8, 0);
    put_u32(w, w->buffer + 12, 0);
    put_u32(w, w->buffer + 16, w->snaplen);
    put_u32(w, w->buffer + 20, 1);
    w->used = 24;
    return 0;
}

static void write_out(struct writer *w, size_t size)
{
    size_t done = 0;

    while (done < size && !w->failed) {
        ssize_t n = write(w->fd, w->buffer + done, size - done);

        if (n >= 0) {
            done += (size_t)n;
        } else if (errno != EINTR) {
            fprintf(stderr, "tracegen: %s: %s\n", w->name, strerror(errno));
            w->failed = true;
        }
    }
    w->bytes += size;
    /* Only whole multiples of the write size go out before the end, so that no page is written twice. */
    memmove(w->buffer, w->buffer + size, w->used - size);
    w->used -= size;
}

void writer_flush(struct writer *w)
{
    while (w->used >= WRITE_SIZE)
        write_out(w, WRITE_SIZE);
}

int writer_close(struct writer *w)
{
    if (w->fd >= 0) {
        write_out(w, w->used);
        if (close(w->fd) != 0 && !w->failed) {
            fprintf(stderr, "tracegen: %s: %s\n", w->name, strerror(errno));
            w->failed = true;
        }
        w->fd = -1;
    }
    payloads_free(w->payloads);
    w->payloads = NULL;
    free(w->buffer);
    w->buffer = NULL;
    return w->failed ? -1 : 0;
}

uint8_t *writer_frame(struct writer *w)
{
    return w->buffer + w->used + RECORD_HEAD;
}

void writer_commit_late(struct writer *w, uint32_t length, uint32_t captured, uint64_t back_ns)
{
    uint8_t *p = w->buffer + w->used;
    uint64_t time_ns = w->now_ns - (back_ns < w->now_ns ? back_ns : w->now_ns);
    uint32_t seconds = (uint32_t)(time_ns / 1000000000);
    uint32_t rest = (uint32_t)(time_ns % 1000000000);

    if (captured > w->snaplen)
        captured = w->snaplen;
    put_u32(w, p, seconds);
    put_u32(w, p + 4, w->nanosecond ? rest : rest / 1000);
    put_u32(w, p + 8, captured);
    put_u32(w, p + 12, length);
    w->used += RECORD_HEAD + captured;
    if (w->payloads != NULL)
        payloads_keep(w->payloads, p, RECORD_HEAD + captured);
    w->frames++;

    uint64_t step = (uint64_t)(((unsigned __int128)rng_next(&w->clock) * w->period_twice) >> 64);
    uint64_t fraction = (uint64_t)w->now_fraction + (uint32_t)step;

    w->now_fraction = (uint32_t)fraction;
    w->now_ns += (step >> 32) + (fraction >> 32);
    if (w->used >= WRITE_SIZE)
        writer_flush(w);
}

void writer_commit(struct writer *w, uint32_t length, uint32_t captured)
{
    writer_commit_late(w, length, captured, 0);
}
