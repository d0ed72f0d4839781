/* Which inputs are new to a state, and where those that have grown go on. A file is told by what it begins
 * with and by its name, or, where it was renamed, by its inode; so a ring buffer may use its names again. */
#include "cli/state_internal.h"
#include "io/message.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

/* The first bytes of a file, as many as there are up to `most`. Their number, or -1 with errno. */
static ssize_t read_first(int fd, uint8_t *bytes, size_t most)
{
    size_t have = 0;
    while (have < most) {
        const ssize_t n = pread(fd, bytes + have, most - have, (off_t)have);
        if (n < 0 && errno == EINTR)
            continue;
        if (n < 0)
            return -1;
        if (!n)
            break;
        have += (size_t)n;
    }
    return (ssize_t)have;
}

/* With the digest of the first first_bytes, or of PIECE_FIRST_BYTES. 0 or -1. */
static int identify(const char *path, uint64_t first_bytes, struct piece_input *in)
{
    uint8_t bytes[PIECE_FIRST_BYTES];
    struct stat st;
    if (stat(path, &st))
        return -1;
    if (!S_ISREG(st.st_mode)) { /* opening a pipe would wait for its writer */
        errno = EINVAL;
        return -1;
    }
    const int fd = open(path, O_RDONLY | O_CLOEXEC);
    if (fd < 0)
        return -1;
    const ssize_t n = fstat(fd, &st) ? -1 : read_first(fd, bytes, first_bytes);
    const int error = errno;
    close(fd);
    errno = error;
    if (n < 0)
        return -1;
    *in = (struct piece_input){.size = (uint64_t)st.st_size,
                               .time = (int64_t)st.st_mtim.tv_sec * 1000000000 + st.st_mtim.tv_nsec,
                               .device = st.st_dev,
                               .inode = st.st_ino,
                               .first_bytes = (uint64_t)n,
                               .first_digest = piece_digest(bytes, (size_t)n)};
    return 0;
}

int state_identify(const char *path, struct piece_input *in)
{
    return identify(path, PIECE_FIRST_BYTES, in);
}

/* Does the file begin as the one did that was read? */
static bool begins_alike(const char *path, const struct piece_input *known)
{
    struct piece_input now;
    return !identify(path, known->first_bytes, &now) && now.first_bytes == known->first_bytes &&
           now.first_digest == known->first_digest;
}

/* The inputs of a head, by name and by inode. */
struct directory {
    const struct piece_input **by_path, **by_inode;
    size_t count;
};

static int compare_paths(const void *a, const void *b)
{
    const struct piece_input *const *x = a, *const *y = b;
    return strcmp((*x)->path, (*y)->path);
}

static int compare_inodes(const void *a, const void *b)
{
    const struct piece_input *const *x = a, *const *y = b;
    if ((*x)->device != (*y)->device)
        return (*x)->device < (*y)->device ? -1 : 1;
    return ((*x)->inode > (*y)->inode) - ((*x)->inode < (*y)->inode);
}

static int directory_make_of(struct directory *d, const struct piece_head *h)
{
    d->count = h->input_count;
    d->by_path = malloc((d->count + 1) * sizeof *d->by_path);
    d->by_inode = malloc((d->count + 1) * sizeof *d->by_inode);
    if (!d->by_path || !d->by_inode)
        return -1;
    for (size_t i = 0; i < d->count; i++)
        d->by_path[i] = d->by_inode[i] = &h->inputs[i];
    qsort(d->by_path, d->count, sizeof *d->by_path, compare_paths);
    qsort(d->by_inode, d->count, sizeof *d->by_inode, compare_inodes);
    return 0;
}

static void directory_free_of(struct directory *d)
{
    free(d->by_path);
    free(d->by_inode);
}

static const struct piece_input *find_in(const struct piece_input **items, size_t count,
                                         const struct piece_input *key,
                                         int compare(const void *, const void *))
{
    const struct piece_input *const *found = bsearch(&key, items, count, sizeof *items, compare);
    return found ? *found : NULL;
}

/* What the head knows of the file: *same: it is the one that was read; else another one had its name. */
static const struct piece_input *find_known(const struct directory *d, const struct piece_input *now,
                                            bool *same)
{
    const struct piece_input *named = find_in(d->by_path, d->count, now, compare_paths);
    *same = named && begins_alike(now->path, named);
    if (*same)
        return named;
    const struct piece_input *moved = find_in(d->by_inode, d->count, now, compare_inodes);
    *same = moved && begins_alike(now->path, moved);
    return *same ? moved : named;
}

static void fail_input(struct state *s, const char *path, size_t order, const char *why)
{
    problems_add(s->problems, PROBLEM_ERROR, order, path, -1, "%s", why);
}

/* Is the file to be read, and from where? Sets the rest of *in. */
static bool is_new(struct state *s, const struct directory *d, size_t order, struct state_input *in)
{
    bool same;
    in->now.path = (char *)(uintptr_t)in->path;
    const struct piece_input *known = find_known(d, &in->now, &same);
    in->known_as = known ? (uint32_t)(known - s->head.inputs) : UINT32_MAX;
    if (!same)
        return true;
    if (in->now.size < known->size) {
        fail_input(s, in->path, order, "is shorter than when it was read: what it held then still counts");
        return false;
    }
    if (in->now.size == known->size && !(known->flags & PIECE_INPUT_PART))
        return false;
    if (!(known->flags & PIECE_INPUT_PLACE)) {
        fail_input(
            s, in->path, order,
            known->flags & PIECE_INPUT_STREAM
                ? "has grown since it was read, and cannot be gone on with: it is compressed, or text"
                : "has grown since it was read, and cannot be gone on with: it was merged with others");
        return false;
    }
    in->place = (struct input_place){.is_known = true, .position = known->position, .frames = known->frames};
    return true;
}

/* Under --append what comes first on the command line is read first. */
static void note_out_of_order(struct state *s, const bool *is_read, const struct inputs *inputs)
{
    size_t first = 0;
    for (size_t i = 0; i < inputs->count; i++) {
        const bool is_behind = first < s->input_count && s->inputs[first].path == inputs->paths[i];
        first += is_behind;
        if (is_behind || !is_read[i])
            continue;
        for (size_t k = 0; k < first; k++)
            if (!s->inputs[k].place.is_known && !s->inputs[k].refused) {
                fail_input(
                    s, s->inputs[k].path, i,
                    "stands before an input that an earlier run read: its rows come behind that one's");
                s->inputs[k].refused = s->options->late == LATE_REFUSE;
                s->head.late++;
            }
        return;
    }
}

enum exit_status state_take_inputs(struct state *s, const struct inputs *inputs, struct problems *problems)
{
    struct directory d = {0};
    enum exit_status status = EXIT_DONE;
    bool *is_read = calloc(inputs->count + 1, sizeof *is_read);
    s->problems = problems;
    s->inputs = calloc(inputs->count + 1, sizeof *s->inputs);
    if (!is_read || !s->inputs || directory_make_of(&d, &s->head))
        status = fail_memory();
    for (size_t i = 0; status == EXIT_DONE && i < inputs->count; i++) {
        struct state_input *in = &s->inputs[s->input_count];
        *in = (struct state_input){.path = inputs->paths[i], .look = inputs->looks[i]};
        if (state_identify(in->path, &in->now))
            fail_input(s, in->path, i,
                       errno == EINVAL ? "is no regular file: with --state, inputs are files"
                                       : strerror(errno));
        else if (is_new(s, &d, i, in))
            s->input_count++;
        else
            is_read[i] = true;
    }
    if (status == EXIT_DONE && s->options->append)
        note_out_of_order(s, is_read, inputs);
    directory_free_of(&d);
    free(is_read);
    return status;
}

/* Times in s since 1970. */
static void format_time(int64_t ns, char text[32])
{
    snprintf(text, 32, "%s%" PRIu64 ".%09" PRIu64, ns < 0 ? "-" : "",
             (uint64_t)(ns < 0 ? -(ns / 1000000000) : ns / 1000000000),
             (uint64_t)(ns < 0 ? -(ns % 1000000000) : ns % 1000000000));
}

/* One input alone goes on behind itself, whatever its times. */
static bool is_alone(const struct state *s, const struct state_input *in)
{
    return s->head.input_count == 1 && in->known_as == 0 && in->place.is_known;
}

size_t state_find_late(struct state *s, const struct set_source *set)
{
    size_t refused = 0;
    if (s->head.latest_time == INT64_MIN || s->options->append)
        return 0;
    for (size_t i = 0; i < s->set_count; i++) {
        struct state_input *in = &s->inputs[s->which[i]];
        const int64_t begins = set_source_begins(set, i);
        /* Of frames at the same time, mergecap takes that of the later input first. */
        if (begins == INT64_MAX || is_alone(s, in) || begins > s->head.latest_time ||
            (begins == s->head.latest_time && in->place.is_known))
            continue;
        char first[32], latest[32];
        const bool refuse = s->options->late == LATE_REFUSE;
        format_time(begins, first);
        format_time(s->head.latest_time, latest);
        problems_add(
            s->problems, PROBLEM_ERROR, i, in->path, -1,
            refuse ? "is late, and not read: it begins at %s, and frames up to %s have been read"
                   : "is late: it begins at %s, and frames up to %s have been read: it is read behind them",
            first, latest);
        in->refused = refuse;
        refused += refuse;
        s->head.late++;
    }
    return refused;
}

/* How the input stands, for the head; false: nothing of it was read. *unknown: it cannot be said. */
static bool standing_of(const struct state *s, const struct set_source *set, size_t i, struct piece_input *to,
                        bool *unknown)
{
    struct input_place place;
    const enum set_standing standing = set_source_standing(set, i, &place);
    *to = s->inputs[s->which[i]].now;
    *unknown = standing == SET_UNKNOWN;
    to->flags = (place.is_known ? PIECE_INPUT_PLACE : 0) | (standing == SET_PART ? PIECE_INPUT_PART : 0) |
                (set_source_is_stream(set, i) ? PIECE_INPUT_STREAM : 0);
    to->position = place.position;
    to->frames = place.frames;
    return standing != SET_UNREAD;
}

int state_note_read(struct state *s, const struct set_source *set)
{
    struct piece_input now;
    bool unknown;
    for (size_t i = 0; i < s->set_count; i++) {
        standing_of(s, set, i, &now, &unknown);
        if (unknown) {
            message_error("%s: not saved: the interrupt came while %s was read in a way that cannot be gone "
                          "on with; the "
                          "next run begins where this one began",
                          s->options->state, now.path);
            return -1;
        }
    }
    for (size_t i = 0; i < s->set_count; i++) {
        const uint32_t known = s->inputs[s->which[i]].known_as;
        if (!standing_of(s, set, i, &now, &unknown))
            continue;
        if (known == UINT32_MAX) {
            if (piece_head_add_input(&s->head, &now)) {
                fail_memory();
                return -1;
            }
            s->inputs[s->which[i]].known_as = s->head.input_count - 1;
            continue;
        }
        char *path = strdup(now.path);
        if (!path) {
            fail_memory();
            return -1;
        }
        free(s->head.inputs[known].path);
        now.path = path;
        s->head.inputs[known] = now;
    }
    return 0;
}
