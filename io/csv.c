#include "csv.h"
#include "text.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct csv_sink {
    struct sink sink;
    int fd[REPORTS];
    char *path[REPORTS];
    struct csv_params params;
    /* Of the file that is being written: by the one thread that writes the report. */
    unsigned number[REPORTS];
    uint64_t bytes[REPORTS];
    double opened[REPORTS]; /* monotonic s */
    /* Errors of write(2), kept by the one thread that writes a report at a time, read when all have ended. */
    int error[REPORTS];
};

static const char *const names[REPORTS] = {
    [REPORT_REUSE] = "reuse",
    [REPORT_CONVERSATIONS] = "conversations",
    [REPORT_PACKETS] = "packets",
};

static const char *const headers[REPORTS] = {
    [REPORT_REUSE] = ("frame,time,stream,previous_stream,trigger,src,src_port,dst,dst_port,isn,previous_isn,"
                      "previous_completeness,previous_first_frame,previous_last_frame,previous_last_time,gap,"
                      "previous_first_time,previous_frames,previous_bytes,previous_end"),
    [REPORT_CONVERSATIONS] =
        ("stream,first_frame,last_frame,first_time,last_time,client,client_port,server,server_port,"
         "completeness,frames,bytes,duration,client_isn,server_isn,end"),
    [REPORT_PACKETS] = "frame,time,stream,completeness,reused,src,src_port,dst,dst_port,flags,seq,ack,len",
};

static const char *const trigger_names[TRIGGERS] = {
    [TRIGGER_NONE] = "",
    [TRIGGER_SYN_ISN] = "syn-isn",
    [TRIGGER_SYN_AFTER_RST] = "syn-after-rst",
    [TRIGGER_SYN_AFTER_FIN] = "syn-after-fin",
    [TRIGGER_SYNACK_ISN] = "synack-isn",
    [TRIGGER_SYNACK_AFTER_RST] = "synack-after-rst",
    [TRIGGER_SYNACK_AFTER_FIN] = "synack-after-fin",
};

const char *report_name(enum report report)
{
    return names[report];
}

/* No row of any report is longer: 20 numbers of at most 22 characters, and two addresses. */
enum { ROW_MAX = 640 };

static char *put(char *p, const char *s)
{
    size_t n = strlen(s);
    memcpy(p, s, n);
    return p + n;
}

/* Both endpoints' addresses, of one family: the other pointer is NULL. */
struct addresses {
    const uint32_t *v4;
    const uint8_t (*v6)[16];
};

static char *put_endpoint(char *p, struct addresses addresses, unsigned endpoint, uint16_t port)
{
    if (addresses.v4)
        p = text_ipv4(p, addresses.v4[endpoint]);
    else
        p = text_ipv6(p, addresses.v6[endpoint]);
    *p++ = ',';
    p = text_number(p, port);
    *p++ = ',';
    return p;
}

static char *put_number(char *p, uint64_t n)
{
    p = text_number(p, n);
    *p++ = ',';
    return p;
}

static char *put_time(char *p, int64_t ns, unsigned decimals)
{
    p = text_time(p, ns, decimals);
    *p++ = ',';
    return p;
}

/* How a conversation had ended: an RST ends it whatever else there was. */
static const char *end_name(unsigned completeness)
{
    return completeness & HAS_RST ? "rst" : completeness & HAS_FIN ? "fin" : "open";
}

static struct addresses addresses_of(const union conversation_any *c, enum family family)
{
    if (family == FAMILY_IPV4)
        return (struct addresses){.v4 = c->v4.address};
    return (struct addresses){.v6 = c->v6.address};
}

static struct addresses addresses_of_segment(const struct segment *s, enum family family)
{
    if (family == FAMILY_IPV4)
        return (struct addresses){.v4 = ((const struct segment4 *)s)->address};
    return (struct addresses){.v6 = ((const struct segment6 *)s)->address};
}

/* A field that may hold anything, quoted where RFC 4180, 2 asks for it. */
static char *put_quoted(char *p, const char *s)
{
    if (!s[strcspn(s, ",\"\r\n")])
        return put(p, s);
    *p++ = '"';
    for (; *s; s++) {
        if (*s == '"')
            *p++ = '"';
        *p++ = *s;
    }
    *p++ = '"';
    return p;
}

/* The columns file and file_frame, where they are wanted, and the row's end. */
static int end_row(const struct sink *sink, struct text *text, const struct origin *origin)
{
    size_t room = sink->wants_origin ? 2 * strlen(origin->file) + TEXT_NUMBER_MAX + 8 : 1;
    char *start = text_room(text, room), *p = start;
    if (!p)
        return -1;
    if (sink->wants_origin) {
        *p++ = ',';
        p = put_quoted(p, origin->file);
        *p++ = ',';
        p = text_number(p, origin->frame);
    }
    *p++ = '\n';
    text->length += (size_t)(p - start);
    return 0;
}

static int format_reuse(struct sink *sink, struct text *text, const struct reuse_row *row)
{
    const struct reuse *r = row->reuse;
    const struct conversation *c = &r->previous.c;
    struct addresses addresses = addresses_of(&r->previous, row->family);
    unsigned decimals = conversation_decimals(c);
    char *start = text_room(text, ROW_MAX), *p = start;
    if (!p)
        return -1;
    p = put_number(p, r->frame);
    p = put_time(p, r->time, r->decimals);
    p = put_number(p, r->stream);
    p = put_number(p, r->previous_stream);
    p = put(p, trigger_names[r->trigger]);
    *p++ = ',';
    p = put_endpoint(p, addresses, r->flow, conversation_port(c, r->flow));
    p = put_endpoint(p, addresses, !r->flow, conversation_port(c, !r->flow));
    p = put_number(p, r->isn);
    p = put_number(p, r->previous_isn);
    p = put_number(p, conversation_completeness(c));
    p = put_number(p, conversation_first_frame(c));
    p = put_number(p, conversation_last_frame(c));
    p = put_time(p, c->last_time, decimals);
    p = put_time(p, r->time - c->last_time, MAX(decimals, r->decimals));
    p = put_time(p, c->first_time, decimals);
    p = put_number(p, conversation_frames(c));
    p = put_number(p, conversation_bytes(c));
    p = put(p, end_name(conversation_completeness(c)));
    text->length += (size_t)(p - start);
    return end_row(sink, text, &row->origin);
}

static int format_packet(struct sink *sink, struct text *text, const struct packet_row *row)
{
    const struct segment *s = row->segment;
    struct addresses addresses = addresses_of_segment(s, row->family);
    unsigned flow = s->bits & SEGMENT_FLOW;
    char *start = text_room(text, ROW_MAX), *p = start;
    if (!p)
        return -1;
    p = put_number(p, row->frame);
    p = put_time(p, s->time, SEGMENT_DECIMALS(s));
    p = put_number(p, row->stream);
    p = put_number(p, s->completeness);
    *p++ = s->bits & SEGMENT_REUSE ? '1' : '0';
    *p++ = ',';
    p = put_endpoint(p, addresses, flow, s->port[flow]);
    p = put_endpoint(p, addresses, !flow, s->port[!flow]);
    p = text_flags(p, SEGMENT_FLAGS(s));
    *p++ = ',';
    p = put_number(p, s->seq);
    p = put_number(p, s->ack);
    if (s->bits & SEGMENT_LENGTH_KNOWN)
        p = text_number(p, s->payload);
    text->length += (size_t)(p - start);
    return end_row(sink, text, &row->origin);
}

static int format_conversation(struct sink *sink, struct text *text, const struct conversation_row *row)
{
    static const char *const endings[] = {
        [ENDING_RUN] = "run", [ENDING_REUSE] = "reuse", [ENDING_EXPIRED] = "expired"};
    const struct conversation *c = &row->conversation->c;
    struct addresses addresses = addresses_of(row->conversation, row->family);
    unsigned completeness = conversation_completeness(c), decimals = conversation_decimals(c);
    unsigned client = conversation_client(c);
    char *start = text_room(text, ROW_MAX), *p = start;
    if (!p)
        return -1;
    p = put_number(p, row->stream);
    p = put_number(p, conversation_first_frame(c));
    p = put_number(p, conversation_last_frame(c));
    p = put_time(p, c->first_time, decimals);
    p = put_time(p, c->last_time, decimals);
    p = put_endpoint(p, addresses, client, conversation_port(c, client));
    p = put_endpoint(p, addresses, !client, conversation_port(c, !client));
    p = put_number(p, completeness);
    p = put_number(p, conversation_frames(c));
    p = put_number(p, conversation_bytes(c));
    p = put_time(p, c->last_time - c->first_time, decimals);
    for (unsigned i = 0; i < 2; i++) {
        unsigned side = i ? !client : client;
        if (conversation_known(c) >> side & 1)
            p = text_number(p, c->isn[side]);
        *p++ = ',';
    }
    p = put(p, end_name(completeness));
    if (sink->wants_ending) {
        *p++ = ',';
        p = put(p, endings[row->ending]);
    }
    *p++ = '\n';
    text->length += (size_t)(p - start);
    return 0;
}

int write_all(int fd, const void *bytes, size_t n)
{
    const char *p = bytes;
    while (n) {
        ssize_t written = write(fd, p, n);
        if (written < 0 && errno == EINTR)
            continue;
        if (written < 0)
            return -1;
        p += written;
        n -= (size_t)written;
    }
    return 0;
}

static double seconds_now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

static int write_header(struct csv_sink *s, enum report report)
{
    const char *more = "";
    if (report == REPORT_CONVERSATIONS)
        more = s->sink.wants_ending ? ",ended_by" : "";
    else if (s->sink.wants_origin)
        more = ",file,file_frame";
    char line[ROW_MAX];
    int n = snprintf(line, sizeof line, "%s%s\n", headers[report], more);
    s->bytes[report] = (uint64_t)n;
    return write_all(s->fd[report], line, (size_t)n);
}

/* The report's next file, with its header. 0, or -1 with errno. */
static int open_file(struct csv_sink *s, enum report report)
{
    char number[16] = "";
    if (s->number[report])
        snprintf(number, sizeof number, ".%u", s->number[report]);
    free(s->path[report]);
    if (asprintf(&s->path[report], "%s/%s%s.csv", s->params.directory, names[report], number) < 0) {
        s->path[report] = NULL;
        errno = ENOMEM;
        return -1;
    }
    s->opened[report] = seconds_now();
    s->fd[report] = open(s->path[report], O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
    return s->fd[report] < 0 ? -1 : write_header(s, report);
}

static bool is_full(const struct csv_sink *s, enum report report, uint64_t more)
{
    const struct csv_params *p = &s->params;
    return (p->rotate_bytes && s->bytes[report] + more > p->rotate_bytes) ||
           (p->rotate_seconds > 0 && seconds_now() - s->opened[report] >= p->rotate_seconds);
}

static int rotate(struct csv_sink *s, enum report report)
{
    int fd = s->fd[report];
    s->fd[report] = -1;
    if (close(fd))
        return -1;
    s->number[report]++;
    return open_file(s, report);
}

static int csv_write(struct sink *sink, enum report report, const struct text *text)
{
    struct csv_sink *s = (struct csv_sink *)sink;
    if (s->error[report])
        return -1;
    if ((is_full(s, report, text->length) && rotate(s, report)) ||
        write_all(s->fd[report], text->bytes, text->length)) {
        s->error[report] = errno;
        return -1;
    }
    s->bytes[report] += text->length;
    return 0;
}

static const struct sink_ops ops = {
    .format_reuse = format_reuse,
    .format_packet = format_packet,
    .format_conversation = format_conversation,
    .write = csv_write,
};

struct csv_sink *csv_sink_create(const struct csv_params *params)
{
    const char *directory = params->directory;
    struct csv_sink *s = calloc(1, sizeof *s);
    if (!s)
        return NULL;
    s->params = *params;
    s->sink.ops = &ops;
    s->sink.wants_origin = params->with_origin;
    s->sink.wants_ending = params->with_ending;
    for (int r = 0; r < REPORTS; r++) {
        s->sink.wants[r] = params->wants[r];
        s->fd[r] = -1;
    }
    if (directory && mkdir(directory, 0777) && errno != EEXIST) {
        fprintf(stderr, "tcpreuse: %s: cannot be made: %s\n", directory, strerror(errno));
        goto fail;
    }
    for (int r = 0; r < REPORTS; r++) {
        int failed;
        if (!params->wants[r])
            continue;
        if (directory) {
            failed = open_file(s, (enum report)r);
        } else {
            s->fd[r] = STDOUT_FILENO;
            s->path[r] = strdup("standard output");
            failed = write_header(s, (enum report)r);
        }
        if (failed) {
            fprintf(stderr, "tcpreuse: %s: cannot be written: %s\n", s->path[r] ? s->path[r] : names[r],
                    strerror(errno));
            goto fail;
        }
    }
    return s;
fail:
    csv_sink_destroy(s);
    return NULL;
}

struct sink *csv_sink_sink(struct csv_sink *s)
{
    return &s->sink;
}

int csv_sink_close(struct csv_sink *s)
{
    int result = 0;
    for (int r = 0; r < REPORTS; r++) {
        if (s->fd[r] >= 0 && s->fd[r] != STDOUT_FILENO && close(s->fd[r]) && !s->error[r])
            s->error[r] = errno;
        s->fd[r] = -1;
        if (s->error[r]) {
            fprintf(stderr, "tcpreuse: %s: cannot be written: %s\n", s->path[r], strerror(s->error[r]));
            result = -1;
        }
    }
    return result;
}

void csv_sink_destroy(struct csv_sink *s)
{
    if (!s)
        return;
    for (int r = 0; r < REPORTS; r++) {
        if (s->fd[r] >= 0 && s->fd[r] != STDOUT_FILENO)
            close(s->fd[r]);
        free(s->path[r]);
    }
    free(s);
}
