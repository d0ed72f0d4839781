/* Two or three files that overlap in time, of records that the bytes describe: read as a set, by one thread and by three with
 * short lanes, they give the rows of the one file that a merge of them is; so does it if each is sorted before.
 *
 *     | options 1 | bytes a lane 1 | records of 4 bytes ...
 *     record: | file, and which frame 1 | flags of TCP 1 | microseconds since the record before, signed 2 |
 *
 * Frames of IP fragments are among them, in any order.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/support/packet.h"
#include "tests/support/whole_run.h"

#include <string.h>
#include <unistd.h>

enum {
    HEAD = 2,
    RECORD = 4,
    FILES = 3,
    RECORDS_MAX = 512,
    BYTES_MAX = RECORDS_MAX * 160,
    START = 1500000000
};

struct file {
    uint8_t bytes[BYTES_MAX];
    size_t count;
};

struct record {
    unsigned file;
    int64_t time; /* microseconds */
    struct packet packet;
};

static void put_le32(uint8_t *p, uint32_t n)
{
    for (int i = 0; i < 4; i++)
        p[i] = (uint8_t)(n >> 8 * i);
}

static void begin_file(struct file *f)
{
    static const uint32_t header[] = {0xa1b2c3d4, 0x00040002, 0, 0, 65535, 1};
    for (unsigned i = 0; i < ARRAY_LEN(header); i++)
        put_le32(f->bytes + 4 * i, header[i]);
    f->count = sizeof header;
}

static void add_record(struct file *f, const struct record *r)
{
    uint8_t *p = f->bytes + f->count;
    put_le32(p, (uint32_t)(r->time / 1000000));
    put_le32(p + 4, (uint32_t)(r->time % 1000000));
    put_le32(p + 8, r->packet.size);
    put_le32(p + 12, r->packet.size);
    memcpy(p + 16, r->packet.bytes, r->packet.size);
    f->count += 16 + r->packet.size;
}

static void make_packet(struct packet *p, unsigned what, unsigned flags)
{
    struct packet tcp = {.size = 0};
    const bool back = what & 1, fragment = what & 8;
    put_tcp(&tcp, &(struct tcp_fields){.source = back ? 80 : 1000 + (what >> 1 & 1),
                                       .destination = back ? 1000 + (what >> 1 & 1) : 80,
                                       .seq = what >> 2 & 1 ? 7 : 1000,
                                       .ack = 1,
                                       .flags = flags & 0x3f});
    put_zeros(&tcp, 12);
    p->size = 0;
    put_ethernet(p, 0x0800);
    struct ipv4_fields ip = {.source = back ? 2 : 1, .destination = back ? 1 : 2, .total = 20 + tcp.size};
    const uint32_t from = fragment && flags & 0x80 ? 16 : 0, to = fragment && !(flags & 0x80) ? 16 : tcp.size;
    if (fragment) {
        ip.total = 20 + to - from;
        ip.fragment = (to < tcp.size ? 0x2000u : 0) | from / 8;
    }
    put_ipv4(p, &ip);
    put_bytes(p, tcp.bytes + from, to - from);
}

/* Of the files that begin, the one whose next record is the earliest; of several, the last in order. */
static void merge(const struct record *records, unsigned count, struct file *to)
{
    bool taken[RECORDS_MAX] = {false};
    begin_file(to);
    for (unsigned done = 0; done < count; done++) {
        const struct record *best = NULL;
        for (unsigned file = 0; file < FILES; file++)
            for (unsigned i = 0; i < count; i++)
                if (!taken[i] && records[i].file == file) {
                    if (!best || records[i].time <= best->time)
                        best = &records[i];
                    break;
                }
        taken[best - records] = true;
        add_record(to, best);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct record records[RECORDS_MAX];
    static struct file files[FILES], merged;
    if (size < HEAD + RECORD)
        return 0;
    const unsigned count = (unsigned)MIN((size - HEAD) / RECORD, (size_t)RECORDS_MAX);
    int64_t time = START * INT64_C(1000000);
    for (unsigned file = 0; file < FILES; file++)
        begin_file(&files[file]);
    for (unsigned i = 0; i < count; i++) {
        const uint8_t *p = data + HEAD + RECORD * i;
        time += (int16_t)(p[2] | p[3] << 8);
        records[i].file = (p[0] >> 4) % FILES;
        records[i].time = MAX(time, INT64_C(0));
        make_packet(&records[i].packet, p[0] & 15, p[1]);
        add_record(&files[records[i].file], &records[i]);
    }
    merge(records, count, &merged);

    char path[FILES + 1][MEMORY_PATH];
    const char *paths[FILES + 1];
    int fd[FILES + 1];
    for (unsigned i = 0; i <= FILES; i++) {
        const struct file *f = i < FILES ? &files[i] : &merged;
        fd[i] = memory_file(f->bytes, f->count, path[i]);
        paths[i] = path[i];
    }
    const enum rules rules = data[0] % 3;
    struct whole_run one, other;
    struct set_source_params set = {.paths = paths + FILES, .count = 1, .lane_bytes = BYTES_MAX};
    whole_run(&one, set, rules, 1);
    set.paths = paths;
    set.count = FILES;
    set.ahead = 2;
    for (unsigned threads = 1; threads <= 3; threads += 2) {
        set.lane_bytes = threads == 1 ? BYTES_MAX : 17 + data[1];
        set.threads = threads;
        whole_run(&other, set, rules, threads);
        REQUIRE(!whole_run_differs(&one, &other));
        whole_run_free(&other);
    }
    whole_run_free(&one);
    for (unsigned i = 0; i <= FILES; i++)
        close(fd[i]);
    return 0;
}
