/* The reports that a state goes on with: their lengths, and what they end with, so that rows which have
 * changed since are noticed without reading all of them. */
#include "cli/state_internal.h"
#include "io/message.h"
#include "io/reports/names.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *suffix_of(const struct options *o)
{
    return o->format == FORMAT_NDJSON ? NDJSON_SUFFIX : REPORT_SUFFIX;
}

/* Digest of the last bytes before an end. 0, or -1 with errno; ERANGE: the file is shorter. */
static int digest_end(const char *path, uint64_t end, uint64_t *digest)
{
    struct stat st;
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    int result = fstat(fd, &st);
    if (!result && (uint64_t)st.st_size < end) {
        errno = ERANGE;
        result = -1;
    }
    if (!result)
        result = piece_digest_before(fd, end, digest);
    const int error = errno;
    close(fd);
    errno = error;
    return result;
}

/* The report's path; NULL when memory is short. */
static char *report_path(const struct options *o, const char *name)
{
    char *path;
    return asprintf(&path, "%s/%s", o->output, name) < 0 ? NULL : path;
}

/* Is the report as the state left it, or longer? */
static enum exit_status check_report(const struct state *s, const struct piece_report *report)
{
    uint64_t digest;
    char *path = report_path(s->options, report->name);
    if (!path)
        return fail_memory();
    enum exit_status status = EXIT_DONE;
    if (digest_end(path, report->length, &digest)) {
        message_error("%s: the state %s goes on with this report, of %" PRIu64 " bytes or more: %s", path,
                      s->options->state, report->length, errno == ERANGE ? "it is shorter" : strerror(errno));
        status = EXIT_INPUT;
    } else if (digest != report->last_digest) {
        message_error("%s: the state %s goes on with this report, but its rows before offset %" PRIu64
                      " have changed",
                      path, s->options->state, report->length);
        status = EXIT_INPUT;
    }
    free(path);
    return status;
}

enum exit_status state_check_reports(struct state *s)
{
    for (unsigned r = 0; r < REPORTS; r++) {
        char name[64];
        bool found = false;
        snprintf(name, sizeof name, "%s%s", report_names[r], suffix_of(s->options));
        for (uint32_t i = 0; i < s->head.report_count && s->options->reports[r]; i++)
            if (!strcmp(s->head.reports[i].name, name)) {
                const enum exit_status status = check_report(s, &s->head.reports[i]);
                if (status != EXIT_DONE)
                    return status;
                s->resume[r].length = s->head.reports[i].length;
                found = true;
            }
        if (s->options->reports[r] && !found) {
            message_error("%s: the state knows no report %s", s->options->state, name);
            return EXIT_INPUT;
        }
    }
    return EXIT_DONE;
}

static int note_report(struct state *s, unsigned report, uint64_t length)
{
    char name[64];
    snprintf(name, sizeof name, "%s%s", report_names[report], suffix_of(s->options));
    struct piece_report to = {.name = name, .length = length};
    char *path = report_path(s->options, name);
    if (!path)
        return -1;
    const int result = digest_end(path, length, &to.last_digest);
    free(path);
    return result ? -1 : piece_head_add_report(&s->head, &to);
}

int state_note_reports(struct state *s, const struct csv_resume now[REPORTS])
{
    for (uint32_t i = 0; i < s->head.report_count; i++)
        free(s->head.reports[i].name);
    s->head.report_count = 0;
    for (unsigned r = 0; r < REPORTS; r++)
        if (s->options->reports[r] && note_report(s, r, now[r].length))
            return -1;
    return 0;
}
