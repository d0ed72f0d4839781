/* Short of memory in every place: a run is repeated, and in the n-th repetition the n-th request for memory
 * fails, and all that follow it; then only the n-th. Every run has to end, with an error or, where it could
 * do without the memory, with all frames. A crash or, under AddressSanitizer, a leak is a failure.
 *
 * Length: every scenario with what builds its input.
 * Length of main: the scenarios.
 *
 * usage: allocation [[-] SCENARIO...]    -: all but these
 *
 * The requests of the program's own code are caught by the linker's --wrap, those of libraries are not. mmap() is called mmap64()
 * where offsets have 64 bits. No Criterion: it would ask for memory too. */
#include "engine/pipeline.h"
#include "engine/saved.h"
#include "io/reports/csv.h"
#include "io/sets/set_source.h"
#include "tests/stress/reference.h"
#include "tests/support/packet.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

/* Requests until the first one fails; below 0: none does. Requests come from all threads. */
static _Atomic long until_failure = -1;
static _Atomic long requests;
static bool only_one;          /* that one request fails, later ones do not */
static atomic_bool has_failed; /* a request has */

static bool fails(void)
{
    atomic_fetch_add(&requests, 1);
    if (atomic_load(&until_failure) < 0)
        return false;
    long n = atomic_fetch_sub(&until_failure, 1);
    if (n > 0)
        return false;
    atomic_store(&has_failed, true);
    if (!only_one)
        atomic_store(&until_failure, 0);
    errno = ENOMEM;
    return true;
}

void *__real_malloc(size_t size);
void *__real_calloc(size_t count, size_t size);
void *__real_realloc(void *p, size_t size);
void *__real_aligned_alloc(size_t alignment, size_t size);
void *__real_mmap64(void *at, size_t size, int protection, int flags, int fd, off_t offset);
void *__wrap_malloc(size_t size);
void *__wrap_calloc(size_t count, size_t size);
void *__wrap_realloc(void *p, size_t size);
void *__wrap_aligned_alloc(size_t alignment, size_t size);
void *__wrap_mmap64(void *at, size_t size, int protection, int flags, int fd, off_t offset);

void *__wrap_malloc(size_t size)
{
    return fails() ? NULL : __real_malloc(size);
}
void *__wrap_calloc(size_t count, size_t size)
{
    return fails() ? NULL : __real_calloc(count, size);
}
void *__wrap_realloc(void *p, size_t size)
{
    return fails() ? NULL : __real_realloc(p, size);
}
void *__wrap_aligned_alloc(size_t alignment, size_t size)
{
    return fails() ? NULL : __real_aligned_alloc(alignment, size);
}
void *__wrap_mmap64(void *at, size_t size, int protection, int flags, int fd, off_t offset)
{
    return fails() ? MAP_FAILED : __real_mmap64(at, size, protection, flags, fd, offset);
}

enum outcome_of_run {
    RAN,
    RAN_WITHOUT, /* likewise, though a request failed: it was for something that a run can do without */
    SAID_SO,
    WRONG,
};

struct scenario {
    const char *name;
    enum outcome_of_run (*run)(const struct scenario *, unsigned threads);
    const struct traffic *traffic;
    const char *directory, *capture;
    const char *const *paths; /* of a set */
    size_t path_count;
    int64_t sort_window, drop_copies, expire;
    enum rules rules;
    bool verdicts, only_reuses;
};

static enum outcome_of_run outcome_of(enum pipeline_error error)
{
    return error == PIPELINE_OK ? RAN : error == PIPELINE_MEMORY || error == PIPELINE_WRITE ? SAID_SO : WRONG;
}

/* The engine alone, with many batches and all reports. */
static enum outcome_of_run run_engine(const struct scenario *s, unsigned threads)
{
    struct memory_input input = {s->traffic->frames, s->traffic->count, UINT32_MAX};
    struct memory_source_params source_params = {
        .inputs = &input, .input_count = 1, .lane_units = 300, .seed = 1, .wrong_guesses = true};
    struct recording_sink sink;
    recording_sink_init(&sink);
    struct memory_source *source = memory_source_create(&source_params);
    struct pipeline *p = NULL;
    enum outcome_of_run outcome = SAID_SO;
    if (!source)
        goto end;
    for (int i = 0; i < REPORTS; i++)
        sink.sink.wants[i] &= !s->only_reuses || i == REPORT_REUSE;
    struct pipeline_params params = {
        .source = memory_source_source(source),
        .sink = &sink.sink,
        .threads = threads,
        .rules = s->rules,
        .expire = s->expire,
        .verdicts = {.wanted = s->verdicts, .answer_window = INT64_C(3000000000), .timers = &verdict_timers}};
    p = pipeline_create(&params);
    if (!p)
        goto end;
    outcome = outcome_of(pipeline_run(p));
end:
    pipeline_destroy(p);
    memory_source_destroy(source);
    recording_sink_free(&sink);
    return outcome;
}

/* The way of the program: files to files, with all reports and with verdicts. The capture ends in the middle of a record, which is a problem to
 * tell. */
static enum outcome_of_run run_files(const struct scenario *s, unsigned threads)
{
    static const bool wants[REPORTS] = {true, true, true, true, true};
    struct problems problems = PROBLEMS_INIT;
    const char *paths[] = {s->capture, s->capture};
    struct set_source_params set = {.paths = paths, .count = 2, .append = true, .problems = &problems};
    struct set_source *source = set_source_create(&set);
    struct outputs *outputs = NULL;
    struct csv_sink *sink = NULL;
    struct pipeline *p = NULL;
    enum outcome_of_run outcome = SAID_SO;
    if (!source)
        goto end;
    outputs = outputs_open(s->directory, &(struct outputs_params){0});
    if (!outputs)
        goto end;
    struct csv_params csv = {
        .outputs = outputs, .directory = s->directory, .with_origin = true, .timers = &verdict_timers};
    memcpy(csv.wants, wants, sizeof csv.wants);
    sink = csv_sink_create(&csv);
    if (!sink)
        goto end;
    struct pipeline_params params = {
        .source = set_source_source(source),
        .sink = csv_sink_sink(sink),
        .threads = threads,
        .rules = s->rules,
        .verdicts = {.wanted = true, .answer_window = INT64_C(3000000000), .timers = &verdict_timers}};
    p = pipeline_create(&params);
    if (!p)
        goto end;
    outcome = outcome_of(pipeline_run(p));
    /* Both ends are damaged. A file that could not be opened for want of memory is one more problem, and a
     * problem for which there was no memory counts all the same. */
    if (outcome == RAN && problems_errors(&problems) != 2)
        outcome = WRONG;
    if (outcome == RAN && (set_source_opened(source) < 2 || problems.lost))
        outcome = SAID_SO;
end:
    pipeline_destroy(p);
    csv_sink_destroy(sink);
    outputs_close(outputs);
    set_source_destroy(source);
    problems_free(&problems);
    return outcome;
}

/* Is a file named by more than one error? */
static bool repeats_itself(const struct problems *p)
{
    for (size_t i = 0; i < p->count; i++)
        for (size_t k = 0; k < i; k++)
            if (!strcmp(p->items[i].file, p->items[k].file))
                return true;
    return false;
}

/* Whole files that overlap in time. What is not read has to be told, file by file. */
static enum outcome_of_run run_set(const struct scenario *s, unsigned threads)
{
    struct problems problems = PROBLEMS_INIT;
    struct set_source_params set = {.paths = s->paths,
                                    .count = s->path_count,
                                    .sort_window = s->sort_window,
                                    .threads = threads,
                                    .ahead = threads + 1,
                                    .lane_bytes = 16 << 10,
                                    .problems = &problems};
    struct set_source *source = set_source_create(&set);
    struct recording_sink sink;
    struct pipeline *p = NULL;
    enum outcome_of_run outcome = SAID_SO;
    recording_sink_init(&sink);
    if (!source)
        goto end;
    struct pipeline_params params = {.source = set_source_source(source),
                                     .sink = &sink.sink,
                                     .threads = threads,
                                     .rules = s->rules,
                                     .drop_copies = s->drop_copies};
    p = pipeline_create(&params);
    if (!p)
        goto end;
    outcome = outcome_of(pipeline_run(p));
    if (outcome == RAN && problems_errors(&problems))
        outcome = repeats_itself(&problems) ? WRONG : SAID_SO;
    else if (outcome == RAN && pipeline_totals(p)->frames == s->traffic->count)
        outcome = atomic_load(&has_failed) ? RAN_WITHOUT : RAN;
end:
    pipeline_destroy(p);
    set_source_destroy(source);
    recording_sink_free(&sink);
    problems_free(&problems);
    return outcome;
}

static const char *running;

static void handle_alarm(int number)
{
    static const char text[] = ": a run does not end\n";
    (void)number;
    if (write(STDOUT_FILENO, running, strlen(running)) < 0 || write(STDOUT_FILENO, text, sizeof text - 1) < 0)
        _exit(2);
    _exit(1);
}

static int check(const struct scenario *s, unsigned threads)
{
    enum { SECONDS_A_RUN = 60 };
    running = s->name;
    atomic_store(&until_failure, -1);
    atomic_store(&has_failed, false);
    atomic_store(&requests, 0);
    if (s->run(s, threads) != RAN) {
        printf("%s, %u threads: failed without need\n", s->name, threads);
        return -1;
    }
    /* How many requests there are depends on which worker does what; so the last ones may not come. */
    long all = atomic_load(&requests);
    int result = 0;
    for (int one = 0; one < 2; one++) {
        only_one = one;
        for (long n = 0; n < all; n++) {
            atomic_store(&has_failed, false);
            atomic_store(&until_failure, n);
            alarm(SECONDS_A_RUN);
            enum outcome_of_run outcome = s->run(s, threads);
            alarm(0);
            atomic_store(&until_failure, -1);
            if (outcome == WRONG || (outcome == RAN && atomic_load(&has_failed))) {
                printf("%s, %u threads: request %ld of %ld failed, and the run %s\n", s->name, threads, n + 1,
                       all, outcome == RAN ? "did not say so" : "ended with a wrong error");
                result = -1;
            }
        }
    }
    printf("%s, %u threads: %ld requests\n", s->name, threads, all);
    return result;
}

/* Which frames of the traffic a file has. */
struct part {
    uint32_t first, step; /* frame first, and each step-th behind it */
    uint32_t skipped[2];  /* but those from here, to before there */
    uint32_t padding;     /* bytes behind each frame */
    bool cut;             /* the file ends within its last frame */
};

/* A pcap file of a part of the traffic, whose frames have a millisecond each. */
static int write_capture(const struct traffic *t, const char *path, const struct part *part)
{
    enum { PADDING_MAX = 4096 };
    static const uint8_t padding[PADDING_MAX];
    FILE *f = fopen(path, "wb");
    if (!f)
        return -1;
    const uint32_t header[6] = {0xa1b23c4d, 4 << 16 | 2, 0, 0, 65535, 1};
    fwrite(header, sizeof header, 1, f);
    for (uint32_t i = part->first; i < t->count; i += part->step) {
        const struct frame *frame = &t->frames[i];
        if (i >= part->skipped[0] && i < part->skipped[1])
            continue;
        const uint32_t record[4] = {i / 1000, i % 1000 * 1000000, frame->captured + part->padding,
                                    frame->length + part->padding};
        fwrite(record, sizeof record, 1, f);
        fwrite(frame->data, 1, frame->captured - (part->cut && i + part->step >= t->count), f);
        fwrite(padding, 1, part->padding, f);
    }
    return fclose(f);
}

/* Sets of files that overlap. */
enum { MERGED_FILES = 20, LATE_FILES = 2 };

struct sets {
    char merged[MERGED_FILES][64], late[LATE_FILES][64], gzip[LATE_FILES][64];
    const char *merged_paths[MERGED_FILES], *late_paths[LATE_FILES], *gzip_paths[LATE_FILES];
};

/* merged: small files of which each has every twentieth frame; more than a heap has room for at first.
 * late: files that are mapped, and read for a while before the first one turns out to go on in the time of
 * the second one, and behind it. gzip: the same ones, compressed. */
static int write_sets(const struct traffic *t, const char *directory, struct sets *sets)
{
    for (uint32_t i = 0; i < MERGED_FILES; i++) {
        const struct part part = {.first = i, .step = MERGED_FILES};
        sprintf(sets->merged[i], "%s/merged-%02u.pcap", directory, i);
        sets->merged_paths[i] = sets->merged[i];
        if (write_capture(t, sets->merged[i], &part))
            return -1;
    }
    const uint32_t middle = t->count / 2, end = middle + t->count / 4;
    const struct part parts[LATE_FILES] = {
        {.step = 1, .skipped = {middle, end}, .padding = 4096},
        {.first = middle, .step = 1, .skipped = {end, t->count}, .padding = 4096},
    };
    for (int i = 0; i < LATE_FILES; i++) {
        char command[256];
        sprintf(sets->late[i], "%s/late-%d.pcap", directory, i);
        sprintf(sets->gzip[i], "%s/late-%d.pcap.gz", directory, i);
        sets->late_paths[i] = sets->late[i];
        sets->gzip_paths[i] = sets->gzip[i];
        sprintf(command, "gzip -1 -c %s > %s", sets->late[i], sets->gzip[i]);
        if (write_capture(t, sets->late[i], &parts[i]) || (WITH_GZIP && system(command)))
            return -1;
    }
    return 0;
}

static struct frame frame_of(const struct packet *p, uint32_t time)
{
    return (struct frame){.data = p->bytes,
                          .captured = p->size,
                          .length = p->size,
                          .link_type = 1,
                          .decimals = 6,
                          .time = time};
}

/* FTP: replies that announce connections, each on a control connection of its own, enough for all tables to
 * grow; then one that was announced. */
enum { FTP_FRAMES = 200 };

static struct traffic ftp_traffic(void)
{
    static const char reply[] = "227 (10,0,0,1,11,184)\r\n";
    static struct packet packets[FTP_FRAMES];
    static struct frame frames[FTP_FRAMES];
    for (uint32_t i = 0; i < FTP_FRAMES; i++) {
        struct packet *p = &packets[i];
        bool last = i == FTP_FRAMES - 1;
        put_ethernet(p, 0x0800);
        put_ipv4(p, &(struct ipv4_fields){.total = 40 + sizeof reply - 1});
        put_tcp(p, &(struct tcp_fields){
                       .source = last ? 3000 : 21, .destination = 40000 + i, .seq = 1, .flags = TCP_ACK});
        put_bytes(p, reply, sizeof reply - 1);
        frames[i] = frame_of(p, i);
    }
    return (struct traffic){.frames = frames, .count = FTP_FRAMES};
}

/* Fragments: datagrams of two, each the SYN of another conversation, or GRE of another unknown protocol. From a file, since no
 * lane of it is decoded again: what fails in putting them together has to be noticed there. */
enum { FRAGMENT_FRAMES = 60 };

static struct traffic fragment_traffic(void)
{
    static struct packet packets[FRAGMENT_FRAMES];
    static struct frame frames[FRAGMENT_FRAMES];
    for (uint32_t i = 0; i < FRAGMENT_FRAMES; i++) {
        struct packet *p = &packets[i];
        const bool second = i % 2, unknown = i >= 8;
        put_ethernet(p, 0x0800);
        put_ipv4(p, &(struct ipv4_fields){.total = second ? 28 : 44,
                                          .source = 0x0a010000 + i / 2,
                                          .fragment = second ? 3 : 0x2000,
                                          .protocol = unknown ? 47 : 6});
        if (!second && unknown) {
            put_u32(p, 0x1000 + i);
            put_zeros(p, 16);
        } else if (!second) {
            put_tcp(p, &(struct tcp_fields){.seq = 1, .flags = TCP_SYN});
        }
        put_zeros(p, second ? 8 : 4);
        frames[i] = frame_of(p, i);
    }
    return (struct traffic){.frames = frames, .count = FRAGMENT_FRAMES};
}

/* The same of PPP multilink, whose fragments are looked for by their numbers: after one for which there was no memory,
 * its neighbours come. */
static struct traffic multilink_traffic(void)
{
    enum { FIRST = 0x80, LAST = 0x40 };
    static struct packet packets[FRAGMENT_FRAMES];
    static struct frame frames[FRAGMENT_FRAMES];
    for (uint32_t i = 0; i < FRAGMENT_FRAMES; i++) {
        struct packet *p = &packets[i];
        const bool second = i % 2;
        put_ethernet(p, 0x8864);
        put_u32(p, 0x11000001);           /* PPPoE */
        put_u16(p, second ? 10 : 6 + 42); /* bytes of PPP */
        put_u16(p, 0x003d);
        put_u32(p, (uint32_t)(second ? LAST : FIRST) << 24 | i);
        if (!second) {
            put_u16(p, 0x0021);
            put_ipv4(p, &(struct ipv4_fields){.total = 44, .source = 0x0a010000 + i / 2});
            put_tcp(p, &(struct tcp_fields){.seq = 1, .flags = TCP_SYN});
        } else {
            put_zeros(p, 4);
        }
        frames[i] = frame_of(p, i);
    }
    return (struct traffic){.frames = frames, .count = FRAGMENT_FRAMES};
}

/* SYNs of one tuple, each with another number, of which the last one alone has a time stamp: only then histories need room for
 * some. */
enum { STAMPED_FRAMES = 2 };

static struct traffic stamped_traffic(void)
{
    static const uint8_t options[] = {8, 10, 0, 0, 0, 7, 0, 0, 0, 0, 1, 1};
    static struct packet packets[STAMPED_FRAMES];
    static struct frame frames[STAMPED_FRAMES];
    for (uint32_t i = 0; i < STAMPED_FRAMES; i++) {
        struct packet *p = &packets[i];
        const bool stamped = i == STAMPED_FRAMES - 1;
        put_ethernet(p, 0x0800);
        put_ipv4(p, &(struct ipv4_fields){.total = stamped ? 52 : 40});
        put_tcp(p, &(struct tcp_fields){.seq = i, .flags = TCP_SYN, .words = stamped ? 8 : 5});
        put_bytes(p, options, stamped ? sizeof options : 0);
        frames[i] = frame_of(p, i);
    }
    return (struct traffic){.frames = frames, .count = STAMPED_FRAMES};
}

/* A text that was saved, for which there is no memory: that is no damage. */
static enum outcome_of_run run_saved_text(const struct scenario *s, unsigned threads)
{
    (void)s;
    (void)threads;
    static const uint8_t bytes[] = {3, 0, 0, 0, 'a', 'b', 'c'};
    struct saved_reader r = {.at = bytes, .end = bytes + sizeof bytes};
    char *text = saved_get_text(&r);
    const bool is_right = text && !strcmp(text, "abc") && saved_is_done(&r) && !r.failed;
    free(text);
    if (text)
        return is_right ? RAN : WRONG;
    return r.failed && r.short_of_memory ? SAID_SO : WRONG;
}

static bool is_wanted(const char *name, int argc, char **argv)
{
    const bool others = argc > 1 && !strcmp(argv[1], "-");
    bool named = false;
    for (int i = 1; i < argc; i++)
        named |= !strcmp(name, argv[i]);
    return argc < 2 || named != others;
}

int main(int argc, char **argv)
{
    char directory[] = "/tmp/tcpreuse-allocation-XXXXXX", capture[64], fragments_capture[64],
         multilink_capture[64];
    struct traffic t;
    int result = 0;
    const struct part all = {.step = 1, .cut = true};
    static struct sets sets;
    if (!mkdtemp(directory) || traffic_make(&t, 700, 150, 1))
        return 1;
    sprintf(capture, "%s/capture.pcap", directory);
    sprintf(fragments_capture, "%s/fragments.pcap", directory);
    sprintf(multilink_capture, "%s/multilink.pcap", directory);
    const struct traffic ftp = ftp_traffic(), fragments = fragment_traffic(), multilink = multilink_traffic();
    const struct traffic reused = stamped_traffic();
    const struct traffic begun = {.frames = reused.frames + STAMPED_FRAMES - 1, .count = 1};
    const struct traffic announced = {.frames = ftp.frames, .count = 1}; /* nothing comes behind it */
    if (write_capture(&t, capture, &all) || write_capture(&fragments, fragments_capture, &all) ||
        write_capture(&multilink, multilink_capture, &all) || write_sets(&t, directory, &sets))
        return 1;
    signal(SIGALRM, handle_alarm);
    const struct scenario scenarios[] = {
        {.name = "engine", .run = run_engine, .traffic = &t, .rules = RULES_4_4},
        {.name = "verdicts", .run = run_engine, .traffic = &t, .rules = RULES_4_4, .verdicts = true},
        {.name = "forgets",
         .run = run_engine,
         .traffic = &t,
         .rules = RULES_4_4,
         .verdicts = true,
         .expire = 20000000},
        {.name = "forgets_all",
         .run = run_engine,
         .traffic = &t,
         .rules = RULES_4_4,
         .only_reuses = true,
         .expire = 20000000},
        {.name = "FTP", .run = run_engine, .traffic = &ftp, .rules = RULES_4_0},
        {.name = "announced", .run = run_engine, .traffic = &announced, .rules = RULES_4_0},
        {.name = "stamp_of_the_first",
         .run = run_engine,
         .traffic = &begun,
         .rules = RULES_4_4,
         .verdicts = true,
         .expire = 20000000},
        {.name = "stamp_of_a_reuse",
         .run = run_engine,
         .traffic = &reused,
         .rules = RULES_4_4,
         .verdicts = true,
         .expire = 20000000},
        {.name = "fragments",
         .run = run_files,
         .directory = directory,
         .capture = fragments_capture,
         .rules = RULES_4_4},
        {.name = "multilink",
         .run = run_files,
         .directory = directory,
         .capture = multilink_capture,
         .rules = RULES_4_4},
        {.name = "saved text", .run = run_saved_text},
        {.name = "files", .run = run_files, .directory = directory, .capture = capture, .rules = RULES_4_4},
        {.name = "merged",
         .run = run_set,
         .traffic = &t,
         .paths = sets.merged_paths,
         .path_count = MERGED_FILES},
        {.name = "late", .run = run_set, .traffic = &t, .paths = sets.late_paths, .path_count = LATE_FILES},
        {.name = "sorted",
         .run = run_set,
         .traffic = &t,
         .paths = sets.merged_paths,
         .path_count = MERGED_FILES,
         .sort_window = INT64_C(5000000000)},
        {.name = "copies",
         .run = run_set,
         .traffic = &t,
         .paths = sets.merged_paths,
         .path_count = MERGED_FILES,
         .drop_copies = INT64_C(5000000000)},
        {.name = "gzip", .run = run_set, .traffic = &t, .paths = sets.gzip_paths, .path_count = LATE_FILES},
    };
    const size_t count = ARRAY_LEN(scenarios) - !WITH_GZIP;
    for (size_t i = 0; i < count; i++)
        for (unsigned threads = 1; threads <= 3 && is_wanted(scenarios[i].name, argc, argv); threads += 2)
            result |= check(&scenarios[i], threads);
    traffic_free(&t);
    char command[128];
    sprintf(command, "rm -r %s", directory);
    result |= system(command);
    return result ? 1 : 0;
}
