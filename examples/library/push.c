/* Pushes frames as a program would that captures them itself, and tells of reuses as soon as their verdicts are known. The frames
 * come from a pcap file on standard input, of microseconds and in this machine's byte order.
 *
 *     cc push.c $(pkg-config --cflags --libs libtcpreuse) -o push
 *     ./push <capture.pcap
 */
#include <inttypes.h>
#include <stdio.h>
#include <tcpreuse.h>

struct file_header {
    uint32_t magic;
    uint16_t version[2];
    uint32_t zone, accuracy, snap_length, link_type;
};

struct record_header {
    uint32_t seconds, microseconds, captured, length;
};

static uint8_t data[1 << 18];

/* Takes the events that there are. 0 or an error. */
static int take_events(struct tcpreuse *t)
{
    const struct tcpreuse_event *event;
    int result;
    while ((result = tcpreuse_next(t, &event)) == TCPREUSE_EVENT)
        printf("frame %" PRIu64 ": %s\n", event->reuse.frame,
               tcpreuse_word(TCPREUSE_WORDS_VERDICT, event->reuse.verdict));
    return result;
}

static int push_file(struct tcpreuse *t, FILE *file)
{
    struct file_header header;
    struct record_header record;
    int result = TCPREUSE_DONE;
    size_t got = 0;
    if (fread(&header, sizeof header, 1, file) != 1 || header.magic != 0xa1b2c3d4)
        return TCPREUSE_ERROR_INPUT;
    while (result == TCPREUSE_DONE && (got = fread(&record, 1, sizeof record, file)) == sizeof record) {
        if (record.captured > sizeof data || fread(data, 1, record.captured, file) != record.captured)
            return TCPREUSE_ERROR_INPUT;
        const struct tcpreuse_frame frame = {
            .data = data, /* may be overwritten once the call is over */
            .captured = record.captured,
            .length = record.length,
            .time = record.seconds * INT64_C(1000000000) + record.microseconds * INT64_C(1000),
            .decimals = 6,
            .link_type = (uint16_t)header.link_type,
        };
        result = tcpreuse_push(t, &frame, 1);
        /* A live program would flush once or twice a second, so that nothing waits for a batch to be full. */
        if (result == TCPREUSE_DONE)
            result = take_events(t);
    }
    if (result == TCPREUSE_DONE && (got || ferror(file))) /* a part of a record */
        result = TCPREUSE_ERROR_INPUT;
    if (result == TCPREUSE_DONE)
        result = tcpreuse_finish(t);
    const int taken = take_events(t); /* those that could be had come before an error */
    return result == TCPREUSE_DONE ? taken : result;
}

int main(void)
{
    struct tcpreuse *t = tcpreuse_create();
    const int result = t ? push_file(t, stdin) : TCPREUSE_ERROR_MEMORY;
    if (result < 0)
        fprintf(stderr, "error %d %s\n", result, tcpreuse_error(t));
    tcpreuse_close(t);
    return result < 0;
}
