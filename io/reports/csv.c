/* The files that reports are written to: opening, header lines, rotation, splitting, errors. csv_rows.c and others
 * format the rows (row_format.h).
 *
 * Length: what happens to a file of a report, from its opening to its name, stands in one place. */
#include "io/reports/csv.h"
#include "engine/clock.h"
#include "io/columns/columns.h"
#include "io/message.h"
#include "io/reports/csv_endpoint.h"
#include "io/reports/csv_rows.h"
#include "io/reports/names.h"
#include "io/terminal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

struct csv_sink {
    struct sink sink;
    struct sink_ops ops; /* those of the format, and csv_write() */
    struct csv_params params;
    const struct row_format *format;
    bool on_terminal; /* rows go to one; set before the run */
    /* Used by the thread that writes the report, one at a time in the pipeline's order; by csv_sink_close()
     * once all threads have ended. */
    int fd[REPORTS];              /* -1: not open */
    struct output *file[REPORTS]; /* that it belongs to; NULL: it is standard output */
    char *path[REPORTS];          /* within the directory; NULL: standard output, or none opened yet */
    unsigned number[REPORTS];     /* of that file, counted by rotation */
    unsigned part[REPORTS];       /* of that, counted by splitting from 0 on */
    uint64_t lines[REPORTS];      /* in it, with the header; counted where reports are split */
    struct text
        names[REPORTS]; /* of the files that got their names, each with a zero byte; with room for the next */
    uint64_t bytes[REPORTS]; /* written to it; 0: not even the header */
    bool has_rows[REPORTS];  /* it has more than the header */
    double opened[REPORTS];  /* or its first rows came; monotonic s */
    int error[REPORTS];      /* errno of the first failure; nothing is written after it */
    struct text arranged;    /* rows of the report that is being written; where the format arranges them */
};

/* What a message calls the report's file. */
static const char *shown_path(const struct csv_sink *s, int report)
{
    if (s->path[report])
        return s->path[report];
    return s->params.outputs ? report_names[report] : "standard output";
}

static void tell_error(const struct csv_sink *s, int report, int error)
{
    problems_tell(s->params.failures, shown_path(s, report), "cannot write: %s", outputs_explain(error));
}

/* Writes all n bytes, however many write(2) takes at a time. 0, or -1 with errno. */
static int write_all(int fd, const void *bytes, size_t n)
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

const struct row_format csv_format = {
    .suffix = REPORT_SUFFIX,
    .reuse = csv_format_reuse,
    .packets = csv_format_packets,
    .conversation = csv_format_conversation,
    .episode = csv_format_episode,
    .endpoint = csv_format_endpoint,
    .header = columns_put_header,
};

static int write_header(struct csv_sink *s, enum report report)
{
    if (!s->format->header)
        return 0;
    static const char mark[] = "\ufeff";
    const size_t before = s->params.with_mark ? sizeof mark - 1 : 0;
    char line[sizeof mark + COLUMNS_LINE_MAX];
    memcpy(line, mark, before);
    const size_t n = before + s->format->header(&s->sink, report, line + before);
    if (write_all(s->fd[report], line, n))
        return -1;
    s->bytes[report] = n;
    s->lines[report] = 1;
    return 0;
}

/* The report's file is there, under the name that ends its path: keeps it. There is room. */
static void keep_name(struct csv_sink *s, int report)
{
    const char *name = s->path[report] + strlen(s->params.directory) + 1;
    const size_t length = strlen(name) + 1;
    memcpy(s->names[report].bytes + s->names[report].length, name, length);
    s->names[report].length += length;
}

/* A file that is written under its own name: it is empty, or as long as an earlier run's state says. */
static struct output *open_in_place(struct csv_sink *s, enum report report, const char *name)
{
    if (s->params.resume) {
        s->bytes[report] = s->params.resume[report].length;
        return output_append(s->params.outputs, name, s->bytes[report]);
    }
    struct output *file = output_create(s->params.outputs, name);
    return !file || output_commit(file) ? NULL : output_append(s->params.outputs, name, 0);
}

/* Opens the report's next file and writes its header. 0, or -1 with errno. */
static int open_file(struct csv_sink *s, enum report report)
{
    char number[16] = "", part[16] = "";
    if (s->number[report])
        snprintf(number, sizeof number, ".%u", s->number[report]);
    if (s->part[report])
        snprintf(part, sizeof part, "-%u", s->part[report] + 1);
    char *path;
    if (asprintf(&path, "%s/%s%s%s%s", s->params.directory, report_names[report], number, part,
                 s->format->suffix) < 0) {
        errno = ENOMEM;
        return -1; /* the message names the file before it */
    }
    free(s->path[report]);
    s->path[report] = path;
    if (!text_room(&s->names[report], strlen(path))) {
        errno = ENOMEM;
        return -1;
    }
    s->bytes[report] = 0;
    s->has_rows[report] = false;
    s->opened[report] = clock_seconds();
    const char *name = strrchr(path, '/') + 1;
    s->file[report] =
        s->params.in_place ? open_in_place(s, report, name) : output_create(s->params.outputs, name);
    if (!s->file[report])
        return -1;
    s->fd[report] = output_descriptor(s->file[report]);
    return s->params.resume ? 0 : write_header(s, report);
}

/* The file has all its rows: it gets its name. 0, or -1 with errno. */
static int commit(struct csv_sink *s, int report)
{
    struct output *file = s->file[report];
    s->file[report] = NULL;
    s->fd[report] = -1;
    if (!file)
        return 0;
    if (output_commit(file))
        return -1;
    keep_name(s, report);
    return 0;
}

/* Whether more bytes, of whole rows, belong into the next file. None is left without rows. */
static bool is_full(const struct csv_sink *s, enum report report, uint64_t more)
{
    const struct csv_params *p = &s->params;
    if (!more || !s->has_rows[report])
        return false;
    return (p->rotate_bytes && s->bytes[report] + more > p->rotate_bytes) ||
           (p->rotate_seconds > 0 && clock_seconds() - s->opened[report] >= p->rotate_seconds);
}

/* Goes on in another file, after its number or part has changed. */
static int open_next(struct csv_sink *s, enum report report)
{
    return commit(s, report) ? -1 : open_file(s, report);
}

static int rotate(struct csv_sink *s, enum report report)
{
    s->number[report]++;
    s->part[report] = 0;
    return open_next(s, report);
}

/* Standard output gets its header with the first rows, since a run without input has none. */
static int begin(struct csv_sink *s, enum report report)
{
    return s->bytes[report] ? 0 : write_header(s, report);
}

/* An odd number of quotes in it: a field goes on behind the line break. */
static bool opens_quotes(const char *bytes, size_t n)
{
    size_t quotes = 0;
    for (size_t i = 0; i < n; i++)
        quotes += bytes[i] == '"';
    return quotes & 1;
}

/* The bytes of the first rows, at most so many, and how many rows these are. A line break within quotes ends none; few
 * rows have any. */
static size_t measure_rows(const char *bytes, size_t n, bool has_quotes, uint64_t most, uint64_t *rows)
{
    const char *at = bytes, *const end = bytes + n;
    bool quoted = false;
    for (*rows = 0; at < end && *rows < most;) {
        const char *const stop = memchr(at, '\n', (size_t)(end - at)), *const next = stop ? stop + 1 : end;
        quoted ^= has_quotes && opens_quotes(at, (size_t)(next - at));
        *rows += stop && !quoted;
        at = next;
    }
    return (size_t)(at - bytes);
}

/* Rows into as many files as they take. 0, or -1 with errno. */
static int write_split(struct csv_sink *s, enum report report, const char *bytes, size_t n)
{
    const bool has_quotes = n && memchr(bytes, '"', n);
    while (n) {
        if (s->lines[report] >= s->params.split_rows) {
            s->part[report]++;
            if (open_next(s, report))
                return -1;
        }
        uint64_t rows;
        const size_t size =
            measure_rows(bytes, n, has_quotes, s->params.split_rows - s->lines[report], &rows);
        if (write_all(s->fd[report], bytes, size))
            return -1;
        s->has_rows[report] = true;
        s->lines[report] += rows;
        s->bytes[report] += size;
        bytes += size;
        n -= size;
    }
    return 0;
}

/* 0, or -1 with errno. */
static int write_rows(struct csv_sink *s, enum report report, const struct text *text)
{
    if (begin(s, report) || (is_full(s, report, text->length) && rotate(s, report)))
        return -1;
    if (text->length && !s->has_rows[report])
        s->opened[report] = clock_seconds(); /* the time of a file counts from its first rows on */
    if (s->params.split_rows)
        return write_split(s, report, text->bytes, text->length);
    if (text->length && write_all(s->fd[report], text->bytes, text->length))
        return -1;
    s->has_rows[report] |= text->length > 0;
    s->bytes[report] += text->length;
    return 0;
}

/* The same, beside a progress line that the terminal may show. */
static int write_beside_progress(struct csv_sink *s, enum report report, const struct text *text)
{
    if (!s->on_terminal)
        return write_rows(s, report, text);
    terminal_begin_output();
    int result = write_rows(s, report, text), error = errno;
    terminal_end_output();
    errno = error;
    return result;
}

static bool takes(const struct csv_sink *s, int report)
{
    return s->params.taker && s->params.taker->wants[report];
}

static int csv_write(struct sink *sink, enum report report, const struct text *text)
{
    struct csv_sink *s = (struct csv_sink *)sink;
    if (s->error[report])
        return -1;
    if (s->format->arrange) {
        s->arranged.length = 0;
        if (s->format->arrange(s->params.format_state, text, &s->arranged)) {
            s->error[report] = ENOMEM;
            return -1;
        }
        text = &s->arranged;
    }
    if (takes(s, report))
        s->params.taker->take(s->params.taker, sink, report, text);
    if (!s->params.wants[report])
        return 0;
    if (write_beside_progress(s, report, text)) {
        s->error[report] = errno;
        return -1;
    }
    return 0;
}

/* Opens what the report goes to. 0, or -1 with errno. */
static int open_report(struct csv_sink *s, enum report report)
{
    if (s->params.outputs)
        return open_file(s, report);
    s->fd[report] = STDOUT_FILENO;
    return 0;
}

struct csv_sink *csv_sink_create(const struct csv_params *params)
{
    struct csv_sink *s = calloc(1, sizeof *s);
    if (!s) {
        message_error("out of memory");
        return NULL;
    }
    s->params = *params;
    s->on_terminal = !params->outputs && isatty(STDOUT_FILENO);
    s->format = params->format ? params->format : &csv_format;
    s->ops = (struct sink_ops){.format_reuse = s->format->reuse,
                               .format_packets = s->format->packets,
                               .format_conversation = s->format->conversation,
                               .format_episode = s->format->episode,
                               .format_endpoint = s->format->endpoint,
                               .write = csv_write};
    s->sink.ops = &s->ops;
    s->sink.wants_origin = params->with_origin;
    s->sink.wants_ending = params->with_ending;
    s->sink.key_parts = params->key_parts;
    s->sink.wants_community_id = params->with_community_id;
    s->sink.community_id_seed = params->community_id_seed;
    s->sink.timers = params->timers;
    s->sink.for_spreadsheets = params->for_spreadsheets;
    for (int r = 0; r < REPORTS; r++) {
        s->sink.wants[r] = params->wants[r] || takes(s, r);
        s->fd[r] = -1;
    }
    for (int r = 0; r < REPORTS; r++) {
        if (params->wants[r] && open_report(s, (enum report)r)) {
            tell_error(s, r, errno);
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

/* What follows the rows. */
static void finish(struct csv_sink *s, int report)
{
    if (!s->format->finish || s->fd[report] < 0 || s->error[report])
        return;
    s->arranged.length = 0;
    if (s->format->finish(s->params.format_state, &s->arranged))
        s->error[report] = ENOMEM;
    else if (write_beside_progress(s, (enum report)report, &s->arranged))
        s->error[report] = errno;
}

/* A report that could not be written ends behind its last whole row. One of which not even the header is there is none. */
static void commit_part(struct csv_sink *s, int report)
{
    struct output *file = s->file[report];
    if (!file)
        return;
    if (s->bytes[report] && !ftruncate(s->fd[report], (off_t)s->bytes[report]))
        commit(s, report);
    else
        output_discard(file);
    s->file[report] = NULL;
    s->fd[report] = -1;
}

int csv_sink_close(struct csv_sink *s)
{
    int result = 0;
    for (int r = 0; r < REPORTS; r++) {
        finish(s, r);
        if (s->fd[r] >= 0 && !s->error[r] && (begin(s, (enum report)r) || commit(s, r)))
            s->error[r] = errno;
        commit_part(s, r);
        if (s->error[r] && !csv_sink_lost_reader(s))
            tell_error(s, r, s->error[r]);
        result = s->error[r] ? -1 : result;
    }
    return result;
}

const char *csv_sink_next_file(const struct csv_sink *s, enum report report, const char *name)
{
    const struct text *names = &s->names[report];
    if (!names->length)
        return NULL;
    const char *next = name ? name + strlen(name) + 1 : names->bytes;
    return next < names->bytes + names->length ? next : NULL;
}

int csv_sink_sync(struct csv_sink *s, struct csv_resume now[REPORTS])
{
    for (int r = 0; r < REPORTS; r++) {
        now[r].length = s->bytes[r];
        if (s->error[r] || (s->fd[r] >= 0 && fsync(s->fd[r]) && errno != EINVAL))
            return -1;
    }
    return 0;
}

bool csv_sink_lost_reader(const struct csv_sink *s)
{
    for (int r = 0; s && r < REPORTS; r++)
        if (s->error[r] == EPIPE && !s->params.outputs)
            return true;
    return false;
}

void csv_sink_destroy(struct csv_sink *s)
{
    if (!s)
        return;
    for (int r = 0; r < REPORTS; r++) {
        output_discard(s->file[r]);
        free(s->path[r]);
        free(s->names[r].bytes);
    }
    free(s->arranged.bytes);
    free(s);
}
