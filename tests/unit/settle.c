/* Settling: what is decided once frames are in order. Runs over captures in memory, with lanes of a few frames.
 *
 * Length: cases with the captures that they need. */
#include "tests/support/packet.h"
#include "tests/support/whole_run.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

enum { START = 1000000, LANE_BYTES = 300, MILLISECOND = 1000000 };
#define SECOND INT64_C(1000000000)

/* A pcap file in memory, microseconds. */
struct file {
    uint8_t *bytes;
    size_t size, capacity;
};

static void add_bytes(struct file *f, const void *bytes, size_t size)
{
    if (f->size + size > f->capacity) {
        f->capacity = 2 * (f->size + size);
        f->bytes = realloc(f->bytes, f->capacity);
        cr_assert(f->bytes);
    }
    memcpy(f->bytes + f->size, bytes, size);
    f->size += size;
}

static struct file begin_file_of(uint32_t link_type)
{
    const uint32_t header[] = {0xa1b2c3d4, 0x00040002, 0, 0, 65535, link_type};
    struct file f = {0};
    add_bytes(&f, header, sizeof header);
    return f;
}

static struct file begin_file(void)
{
    return begin_file_of(1);
}

/* time: ms since START. */
static void add_frame(struct file *f, uint32_t time, const struct packet *p)
{
    const uint32_t header[] = {START + time / 1000, time % 1000 * 1000, p->size, p->size};
    add_bytes(f, header, sizeof header);
    add_bytes(f, p->bytes, p->size);
}

static struct packet segment_of(uint32_t client, unsigned flags, uint32_t seq)
{
    struct packet p = {.size = 0};
    put_ethernet(&p, 0x0800);
    put_ipv4(&p, &(struct ipv4_fields){.source = 0x0a010000 + client, .total = 40});
    put_tcp(&p, &(struct tcp_fields){.seq = seq, .flags = flags});
    return p;
}

/* Bytes from..to of a SYN with options of 12 bytes, as a fragment of IPv4. */
static struct packet fragment_of(uint32_t client, unsigned from, unsigned to, unsigned protocol)
{
    struct packet tcp = {.size = 0}, p = {.size = 0};
    put_tcp(&tcp, &(struct tcp_fields){.seq = 1, .flags = TCP_SYN, .words = 8});
    put_bytes(&tcp, (const uint8_t[12]){1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1, 1}, 12);
    put_ethernet(&p, 0x0800);
    put_ipv4(&p, &(struct ipv4_fields){.source = 0x0a020000 + client,
                                       .total = 20 + to - from,
                                       .fragment = (to < tcp.size ? 0x2000u : 0) | from / 8,
                                       .protocol = protocol});
    put_bytes(&p, tcp.bytes + from, to - from);
    return p;
}

struct ran {
    struct recording_sink sink;
    struct pipeline_totals totals; /* without notes, whose memory has gone with the run */
    uint64_t errors;
    uint64_t dropped[2]; /* fragments of IPv4 and IPv6 that were given up */
};

static uint64_t count_dropped(const struct notes *notes, uint32_t version)
{
    uint64_t dropped = 0;
    for (uint32_t i = 0; i < notes->count; i++) {
        const struct note *n = &notes->items[i];
        dropped += n->subject == SUBJECT_FRAGMENT_DROPPED && n->value == version ? n->frames : 0;
    }
    return dropped;
}

enum { FILES_MAX = 2 };

/* Frees the files. */
static struct ran run(struct file *files, size_t count, struct set_source_params set,
                      struct pipeline_params params)
{
    char path[FILES_MAX][MEMORY_PATH];
    const char *paths[FILES_MAX];
    int fd[FILES_MAX];
    struct problems problems = PROBLEMS_INIT;
    struct ran r = {.errors = 0};
    for (size_t i = 0; i < count; i++) {
        fd[i] = memory_file(files[i].bytes, files[i].size, path[i]);
        paths[i] = path[i];
        free(files[i].bytes);
    }
    set.paths = paths;
    set.count = count;
    set.problems = &problems;
    set.lane_bytes = set.lane_bytes ? set.lane_bytes : LANE_BYTES;
    struct set_source *source = set_source_create(&set);
    cr_assert(source);
    recording_sink_init(&r.sink);
    params.source = set_source_source(source);
    params.sink = &r.sink.sink;
    params.threads = params.threads ? params.threads : 1;
    struct pipeline *p = pipeline_create(&params);
    cr_assert(p);
    cr_assert_eq(pipeline_run(p), PIPELINE_OK);
    r.totals = *pipeline_totals(p);
    for (unsigned i = 0; i < 2; i++)
        r.dropped[i] = count_dropped(&r.totals.decoded.notes, i ? 6 : 4);
    r.totals.decoded.notes = (struct notes){0};
    r.errors = problems_errors(&problems);
    cr_expect(r.totals.conserved);
    pipeline_destroy(p);
    set_source_destroy(source);
    problems_free(&problems);
    for (size_t i = 0; i < count; i++)
        close(fd[i]);
    return r;
}

static uint32_t count_lines(const struct text *t)
{
    uint32_t lines = 0;
    for (size_t i = 0; i < t->length; i++)
        lines += t->bytes[i] == '\n';
    return lines;
}

/* Frames to be ignored are numbered and not decoded, whether a lane has all, some or none of them. */
Test(settle, ignored_frames)
{
    enum { FRAMES = 60 };
    static const struct frame_range ignore[] = {{7, 8}, {21, 40}, {60, 99}};
    for (unsigned threads = 1; threads <= 3; threads += 2) {
        struct file f = begin_file();
        for (uint32_t i = 0; i < FRAMES; i++) {
            const struct packet p = segment_of(i, TCP_SYN, 1);
            add_frame(&f, i, &p);
        }
        struct ran r = run(
            &f, 1, (struct set_source_params){0},
            (struct pipeline_params){
                .rules = RULES_4_4, .threads = threads, .ignore = ignore, .ignore_count = ARRAY_LEN(ignore)});
        cr_expect_eq(r.totals.frames, FRAMES);
        cr_expect_eq(r.totals.decoded.segments, FRAMES - 2 - 20 - 1);
        cr_expect_eq(r.totals.conversations, FRAMES - 2 - 20 - 1);
        recording_sink_free(&r.sink);
    }
}

/* Behind what is destroyed, the run goes on where something follows, and ends where nothing does. */
Test(settle, destroyed_records)
{
    enum { FRAMES = 40, BROKEN = 20, GARBAGE = 50 };
    for (int resyncs = 0; resyncs <= 1; resyncs++)
        for (int follows = 0; follows <= 1; follows++) {
            struct file f = begin_file();
            static const uint8_t garbage[GARBAGE] = {0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                                     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
                                                     0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff};
            for (uint32_t i = 0; i < FRAMES; i++) {
                const struct packet p = segment_of(i, TCP_SYN, 1);
                if (i == BROKEN)
                    add_bytes(&f, garbage, GARBAGE);
                if (i < BROKEN || follows)
                    add_frame(&f, i, &p);
            }
            struct ran r = run(&f, 1, (struct set_source_params){.resyncs = resyncs},
                               (struct pipeline_params){.rules = RULES_4_4});
            cr_expect_eq(r.totals.frames, resyncs && follows ? FRAMES : BROKEN);
            cr_expect_eq(r.errors, 1);
            recording_sink_free(&r.sink);
        }
}

/* Copies are looked for within a file, and not over the places where time restarts. */
Test(settle, copies_where_time_restarts)
{
    enum { FRAMES = 30 };
    struct file f[2] = {begin_file(), begin_file()};
    for (uint32_t i = 0; i < FRAMES; i++) {
        const struct packet p = segment_of(i, TCP_SYN, 1);
        for (int copy = 0; copy < 2; copy++) {
            add_frame(&f[0], 5000 + 10 * i + copy, &p);
            add_frame(&f[1], 10 * i, &p);
        }
    }
    struct ran r = run(f, 2, (struct set_source_params){.append = true},
                       (struct pipeline_params){.rules = RULES_4_4, .drop_copies = 5 * MILLISECOND});
    cr_expect_eq(r.totals.frames, 4 * FRAMES);
    cr_expect_eq(r.totals.copies, 2 * FRAMES);
    recording_sink_free(&r.sink);
}

/* Copies are found, too, where all are a little earlier than a segment of the first lane. */
Test(settle, copies_where_time_goes_back)
{
    enum { FRAMES = 40 };
    struct file f = begin_file();
    const struct packet latest = segment_of(FRAMES, TCP_SYN, 1);
    add_frame(&f, 5003, &latest);
    for (uint32_t i = 0; i < FRAMES; i++) {
        const struct packet p = segment_of(i, TCP_SYN, 1);
        for (int copy = 0; copy < 2; copy++)
            add_frame(&f, 5000 + copy, &p);
    }
    struct ran r = run(&f, 1, (struct set_source_params){0},
                       (struct pipeline_params){.rules = RULES_4_4, .drop_copies = 5 * MILLISECOND});
    cr_expect_eq(r.totals.frames, 2 * FRAMES + 1);
    cr_expect_eq(r.totals.copies, FRAMES, "%u", (unsigned)r.totals.copies);
    recording_sink_free(&r.sink);
}

/* A file that turns out to go on in the time of another one is read in another way from there. */
Test(settle, files_that_overlap_late)
{
    enum { FRAMES = 3000 };
    for (unsigned threads = 1; threads <= 3; threads += 2) {
        struct file f[2] = {begin_file(), begin_file()};
        uint32_t in_order = 1;
        for (uint32_t i = 0; i < FRAMES; i++) {
            const struct packet p = segment_of(i, TCP_SYN, i);
            add_frame(&f[i >= FRAMES / 2 && i % 2], i, &p);
        }
        struct ran r =
            run(f, 2, (struct set_source_params){.threads = threads, .ahead = 2, .lane_bytes = 16 << 10},
                (struct pipeline_params){.rules = RULES_4_4, .threads = threads});
        cr_expect_eq(r.totals.frames, FRAMES);
        cr_expect_eq(r.totals.decoded.order.frames_back, 0);
        for (const char *line = r.sink.text[REPORT_PACKETS].bytes; in_order <= FRAMES; in_order++) {
            char expected[64];
            sprintf(expected, "%u %lld.6 ", in_order,
                    (long long)(START * SECOND + (in_order - 1) * INT64_C(1000000)));
            if (strncmp(line, expected, strlen(expected)) != 0)
                break;
            line = strchr(line, '\n') + 1;
        }
        cr_expect_eq(in_order, FRAMES + 1, "frame %u", in_order);
        recording_sink_free(&r.sink);
    }
}

/* Conversations that are idle for too long are forgotten at the same frames wherever time goes, and however often batches end. */
Test(settle, idle_where_time_goes_back)
{
    static const uint32_t starts[] = {0, 60000, 30000};
    static const uint64_t expired[] = {20, 20, 20};
    enum { FRAMES = 20 };
    for (unsigned second = 0; second < ARRAY_LEN(starts); second++)
        for (unsigned threads = 1; threads <= 3; threads += 2) {
            struct file f[2] = {begin_file(), begin_file()};
            for (uint32_t i = 0; i < FRAMES; i++) {
                const struct packet a = segment_of(i, TCP_SYN, 1), b = segment_of(i, TCP_SYN, 2);
                add_frame(&f[0], 40000 + i, &a);
                add_frame(&f[1], starts[second] + i, &b);
            }
            struct ran r =
                run(f, 2, (struct set_source_params){.append = true},
                    (struct pipeline_params){.rules = RULES_4_4, .threads = threads, .expire = 5 * SECOND});
            cr_expect_eq(r.totals.conversations, 2 * FRAMES);
            /* Earlier times make nothing idle: then the second file reuses. */
            const bool later = starts[second] > 40000;
            cr_expect_eq(r.totals.expired, later ? expired[second] : 0, "start %u: %u expired",
                         starts[second], (unsigned)r.totals.expired);
            cr_expect_eq(r.totals.reuses[TRIGGER_SYN_ISN], later ? 0 : FRAMES);
            recording_sink_free(&r.sink);
        }
}

/* Too many conversations, some of them idle for too long: what has expired is over then, what is displaced is over at once. */
Test(settle, too_many_and_idle)
{
    enum { FRAMES = 20, MOST = 4 };
    for (int timed = 0; timed <= 1; timed++) {
        struct file f = begin_file();
        for (uint32_t i = 0; i < FRAMES; i++) {
            const struct packet p = segment_of(i, TCP_SYN, 1);
            add_frame(&f, i < FRAMES / 2 ? i : 10000 + i, &p);
        }
        struct ran r =
            run(&f, 1, (struct set_source_params){.lane_bytes = 100},
                (struct pipeline_params){
                    .rules = RULES_4_4, .max_conversations = MOST, .expire = timed ? 5 * SECOND : 0});
        cr_expect_eq(r.totals.conversations, FRAMES);
        cr_expect_eq(count_lines(&r.sink.text[REPORT_CONVERSATIONS]), FRAMES);
        cr_expect_gt(r.totals.displaced, 0);
        if (timed)
            cr_expect_gt(r.totals.expired, 0);
        else
            cr_expect_eq(r.totals.displaced, FRAMES - MOST, "%u", (unsigned)r.totals.displaced);
        recording_sink_free(&r.sink);
    }
}

/* A run that keeps hands on batches as they are, and numbers them. */
Test(settle, kept_batches)
{
    enum { FRAMES = 30 };
    struct file f = begin_file();
    for (uint32_t i = 0; i < FRAMES; i++) {
        const struct packet p = i % 3 ? segment_of(i, TCP_SYN, 1) : fragment_of(i, 0, 24, 6);
        add_frame(&f, i, &p);
    }
    struct ran r = run(&f, 1, (struct set_source_params){0},
                       (struct pipeline_params){.rules = RULES_4_4, .keeps = true});
    cr_expect_eq(r.totals.frames, FRAMES);
    cr_expect_gt(r.sink.text[REPORT_REUSE].length, FRAMES);
    cr_expect_eq(r.totals.conversations, 0);
    recording_sink_free(&r.sink);
}

/* The datagram's segment counts in the frame that completes it, among the segments before and behind. */
Test(settle, fragments_among_segments)
{
    struct file f = begin_file();
    const struct packet before = segment_of(1, TCP_SYN, 1), last = fragment_of(9, 24, 32, 6),
                        first = fragment_of(9, 0, 24, 6), behind = segment_of(2, TCP_SYN, 1);
    add_frame(&f, 0, &last);
    add_frame(&f, 1, &before);
    add_frame(&f, 2, &first);
    add_frame(&f, 3, &behind);
    struct ran r = run(&f, 1, (struct set_source_params){.lane_bytes = 4096},
                       (struct pipeline_params){.rules = RULES_4_4});
    cr_expect_eq(r.totals.decoded.segments, 3);
    cr_expect_eq(r.totals.decoded.frames[OUTCOME_WITH_TCP], 3);
    cr_expect_eq(r.totals.decoded.frames[OUTCOME_WITHOUT_TCP], 1); /* the fragment that waited */
    const char *text = r.sink.text[REPORT_PACKETS].bytes;
    static const char *const lines[] = {"2 1000000001000000.6 0 ", "3 1000000002000000.6 1 ",
                                        "4 1000000003000000.6 2 "};
    for (size_t i = 0; i < ARRAY_LEN(lines); i++) {
        cr_expect_eq(strncmp(text, lines[i], strlen(lines[i])), 0, "%.40s", text);
        text = strchr(text, '\n') + 1;
    }
    recording_sink_free(&r.sink);
}

/* A datagram of a protocol that is not looked into is counted as that. */
Test(settle, fragments_of_what_is_unknown)
{
    struct file f = begin_file();
    const struct packet first = fragment_of(9, 0, 24, 50), last = fragment_of(9, 24, 32, 50);
    add_frame(&f, 0, &first);
    add_frame(&f, 1, &last);
    struct ran r = run(&f, 1, (struct set_source_params){0}, (struct pipeline_params){.rules = RULES_4_4});
    cr_expect_eq(r.totals.decoded.frames[OUTCOME_UNSUPPORTED], 1);
    cr_expect_eq(r.totals.decoded.frames[OUTCOME_WITHOUT_TCP], 1);
    recording_sink_free(&r.sink);
}

/* What never ends is given up, and counted so, for both versions of IP. */
Test(settle, fragments_without_end)
{
    enum { FRAMES = 16400, PIECES = 1 << 14 };
    for (int v6 = 0; v6 <= 1; v6++) {
        struct file f = begin_file();
        struct packet p = {.size = 0};
        put_ethernet(&p, v6 ? 0x86dd : 0x0800);
        if (v6) {
            put_ipv6(&p, &(struct ipv6_fields){.payload = 16, .next = 44});
            put_bytes(&p, (const uint8_t[8]){6, 0, 0, 9, 0, 0, 0, 1}, 8); /* offset 8, more to come */
        } else {
            put_ipv4(&p, &(struct ipv4_fields){.total = 28, .fragment = 0x2001});
        }
        put_zeros(&p, 8);
        for (uint32_t i = 0; i < FRAMES; i++)
            add_frame(&f, i, &p);
        struct ran r = run(&f, 1, (struct set_source_params){.lane_bytes = 1 << 20},
                           (struct pipeline_params){.rules = RULES_4_4});
        cr_expect_eq(r.dropped[v6], PIECES, "%u", (unsigned)r.dropped[v6]);
        cr_expect_eq(r.dropped[!v6], 0);
        cr_expect_eq(r.totals.decoded.frames[OUTCOME_UNSUPPORTED], FRAMES);
        recording_sink_free(&r.sink);
    }
}

/* A datagram that holds a fragment of another one, which it completes. */
Test(settle, fragments_in_fragments)
{
    struct packet tcp = {.size = 0}, inner[2], outer[2][2];
    struct file f = begin_file();
    put_tcp(&tcp, &(struct tcp_fields){.seq = 1, .flags = TCP_SYN});
    put_zeros(&tcp, 4);
    for (unsigned i = 0; i < 2; i++) {
        inner[i].size = 0;
        put_ipv4(&inner[i],
                 &(struct ipv4_fields){
                     .source = 0x0a030001, .total = i ? 28 : 36, .fragment = i ? 2 : 0x2000, .protocol = 6});
        put_bytes(&inner[i], tcp.bytes + 16 * i, i ? 8 : 16);
        for (unsigned k = 0; k < 2; k++) {
            struct packet *p = &outer[i][k];
            p->size = 0;
            put_ethernet(p, 0x0800);
            put_ipv4(p, &(struct ipv4_fields){.source = 0x0a030010 + i,
                                              .total = 20 + (k ? inner[i].size - 24 : 24),
                                              .fragment = k ? 3 : 0x2000,
                                              .protocol = 4});
            put_bytes(p, inner[i].bytes + 24 * k, k ? inner[i].size - 24 : 24);
        }
    }
    for (unsigned n = 0; n < 4; n++)
        add_frame(&f, n, &outer[n / 2][n % 2]);
    struct ran r = run(&f, 1, (struct set_source_params){.lane_bytes = 4096},
                       (struct pipeline_params){.rules = RULES_4_4});
    cr_expect_eq(r.totals.decoded.segments, 1);
    cr_expect_eq(strncmp(r.sink.text[REPORT_PACKETS].bytes, "4 ", 2), 0, "%.30s",
                 r.sink.text[REPORT_PACKETS].bytes);
    recording_sink_free(&r.sink);
}

/* Two fragments of one datagram in one frame, as samples of sFlow, beside a whole segment: the frame is counted for that. */
Test(settle, fragments_in_one_frame)
{
    struct file f = begin_file();
    struct packet whole = segment_of(7, TCP_SYN, 1), first = fragment_of(9, 0, 24, 6),
                  last = fragment_of(9, 24, 32, 6);
    const struct packet *const samples[] = {&first, &last, &whole};
    struct packet udp = {.size = 0}, p = {.size = 0};
    const uint32_t head[] = {5, 1, 0xc0000201, 0, 1, 100, ARRAY_LEN(samples)};
    for (size_t i = 0; i < ARRAY_LEN(head); i++)
        put_u32(&udp, head[i]);
    for (size_t i = 0; i < ARRAY_LEN(samples); i++) {
        const uint32_t size = samples[i]->size, padded = (size + 3) & ~3u;
        const uint32_t fields[] = {1, 32 + 8 + 16 + padded, 1, 1,    1, 1,   0, 1, 2, 1,
                                   1, 16 + padded,          1, size, 0, size};
        for (size_t k = 0; k < ARRAY_LEN(fields); k++)
            put_u32(&udp, fields[k]);
        put_bytes(&udp, samples[i]->bytes, size);
        put_zeros(&udp, padded - size);
    }
    put_ethernet(&p, 0x0800);
    put_ipv4(&p, &(struct ipv4_fields){.total = 28 + udp.size, .protocol = 17});
    put_u16(&p, 60999);
    put_u16(&p, 6343);
    put_u16(&p, 8 + udp.size);
    put_u16(&p, 0);
    put_bytes(&p, udp.bytes, udp.size);
    add_frame(&f, 0, &p);
    struct ran r = run(&f, 1, (struct set_source_params){0}, (struct pipeline_params){.rules = RULES_4_4});
    cr_expect_eq(r.totals.decoded.segments, 2);
    cr_expect_eq(r.totals.decoded.frames[OUTCOME_WITH_TCP], 1);
    recording_sink_free(&r.sink);
}

/* Messages of L2TP version 3 wait for what was said before them; of a session of which nothing was said, nothing is found. */
Test(settle, l2tp_without_session)
{
    struct file f = begin_file();
    struct packet p = {.size = 0};
    put_ethernet(&p, 0x0800);
    put_ipv4(&p, &(struct ipv4_fields){.total = 24, .protocol = 115});
    put_u32(&p, 77);
    add_frame(&f, 0, &p);
    struct ran r = run(&f, 1, (struct set_source_params){0}, (struct pipeline_params){.rules = RULES_4_4});
    cr_expect_eq(r.totals.frames, 1);
    cr_expect_eq(r.totals.decoded.segments, 0);
    recording_sink_free(&r.sink);
}

static void put_le16(struct packet *p, unsigned v)
{
    put_u8(p, v & 0xff);
    put_u8(p, v >> 8);
}

/* A packet of Bluetooth data with these bytes of a message; flags: 2, the first, or 1, one more. */
static struct packet bluetooth_packet(unsigned flags, const void *bytes, unsigned size)
{
    struct packet p = {.size = 0};
    put_u32(&p, 0); /* sent */
    put_u8(&p, 2);  /* data */
    put_le16(&p, 9 | flags << 12);
    put_le16(&p, size);
    put_bytes(&p, bytes, size);
    return p;
}

/* Messages of Bluetooth, in one packet or in several: the segment is where the message ends. Of what goes on with a message whose
 * beginning is not there, nothing is found. */
Test(settle, bluetooth_messages)
{
    enum { FIRST = 2, MORE = 1, CUT = 30, LINK_TYPE = 201 };
    struct packet message = {.size = 0};
    put_le16(&message, 2 + 3 + 40);
    put_le16(&message, 2);  /* the channel of any service */
    put_le16(&message, 15); /* BNEP */
    put_u8(&message, 2);    /* without addresses */
    put_u16(&message, 0x0800);
    put_ipv4(&message, &(struct ipv4_fields){.total = 40});
    put_tcp(&message, &(struct tcp_fields){.seq = 1, .flags = TCP_SYN});
    const struct packet whole = bluetooth_packet(FIRST, message.bytes, message.size),
                        begin = bluetooth_packet(FIRST, message.bytes, CUT),
                        more = bluetooth_packet(MORE, message.bytes + CUT, message.size - CUT);
    struct file f = begin_file_of(LINK_TYPE);
    add_frame(&f, 0, &more);
    add_frame(&f, 1, &whole);
    add_frame(&f, 2, &begin);
    add_frame(&f, 3, &more);
    add_frame(&f, 4, &more);
    struct ran r = run(&f, 1, (struct set_source_params){0}, (struct pipeline_params){.rules = RULES_4_4});
    cr_expect_eq(r.totals.decoded.segments, 2, "%u", (unsigned)r.totals.decoded.segments);
    cr_expect_eq(r.totals.decoded.frames[OUTCOME_WITH_TCP], 2);
    cr_expect_eq(r.totals.decoded.frames[OUTCOME_WITHOUT_TCP], 1); /* the one that waited */
    cr_expect_eq(r.totals.decoded.frames[OUTCOME_UNSUPPORTED], 2);
    const char *text = r.sink.text[REPORT_PACKETS].bytes;
    cr_expect_eq(strncmp(text, "2 ", 2), 0, "%.40s", text);
    cr_expect_eq(strncmp(strchr(text, '\n') + 1, "4 ", 2), 0, "%.200s", text);
    recording_sink_free(&r.sink);
}
