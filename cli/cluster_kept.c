/* --mpi --state DIR: ranks keep the pieces in files, and rank 0 puts these together when all are there. So a job that was
 * ended, by whatever, is started again with any number of ranks, and reads only what is missing. Into how many pieces the
 * inputs are cut depends on nothing but their bytes (cluster_plan.c). */
#include "cli/cluster_internal.h"
#include "cli/run.h"
#include "io/message.h"
#include "io/outputs/outputs.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/stat.h>

/* A rank's piece: one at a time. */
struct keeping {
    const struct cluster *c;
    struct outputs_params params;
    struct cluster_reading reading;
    struct kept_writer *writer;
    char *path;
};

static char *path_of(const struct cluster *c, unsigned piece)
{
    char *path = NULL;
    if (asprintf(&path, "%s/%u-of-%u.piece", c->options->state, piece + 1, c->pieces) < 0)
        path = NULL;
    cluster_check_memory(c, path);
    return path;
}

/* What the file of a piece says of itself, but for what is known once it is read. All it points to is the
 * set's. */
static struct kept_piece describe(const struct cluster *c, unsigned piece)
{
    struct kept_piece k = c->set;
    k.index = piece + 1;
    k.count = c->pieces;
    return k;
}

/* A file that is there and is no piece may be what somebody wants to keep, or one that was damaged: that is
 * for its owner. */
static bool is_there(const struct keeping *k, unsigned piece)
{
    const struct kept_piece wanted = describe(k->c, piece);
    char error[PIECE_ERROR_MAX];
    struct kept_piece old;
    struct stat st;
    if (stat(k->path, &st) && errno == ENOENT)
        return false;
    if (!kept_read(&old, k->path, error)) {
        message_error("%s", error);
        message_error(
            "%s: exists, and is not a piece that this job could use: remove it, and start the job again",
            k->path);
        cluster_fail(k->c, EXIT_INPUT);
    }
    const bool same = !kept_piece_differs(&old, &wanted) && old.index == wanted.index &&
                      !memcmp(old.times, wanted.times, old.path_count * sizeof *old.times);
    kept_piece_free(&old);
    return same;
}

static void fail_write(const struct keeping *k, int error)
{
    message_error("%s: cannot write: %s", k->path, outputs_explain(error));
    cluster_fail(k->c, EXIT_OUTPUT);
}

/* Begins to read a piece into its file. True: it is there already. */
static bool begin(struct keeping *k, unsigned piece)
{
    k->path = path_of(k->c, piece);
    if (is_there(k, piece)) {
        free(k->path);
        return true;
    }
    k->writer = kept_writer_create(k->path, &k->params);
    if (!k->writer)
        fail_write(k, errno);
    cluster_reading_start(&k->reading, k->c, piece, NULL, kept_writer_sink(k->writer));
    return false;
}

/* Is the piece complete? Then its file has its name, and *share tells of it. */
static bool finish(struct keeping *k, struct rank_share *share)
{
    struct cluster_reading *r = &k->reading;
    if (!r->used || !cluster_reading_is_done(r))
        return false;
    if (r->status == EXIT_OUTPUT)
        fail_write(k, kept_writer_error(k->writer));
    cluster_check(k->c, r->status);
    const struct kept_piece *read = &r->reading.about;
    struct kept_piece about = describe(k->c, r->piece);
    about.range = read->range;
    about.frames = read->frames;
    about.bytes = read->bytes;
    about.opened = read->opened;
    about.problems = r->problems.items;
    about.problem_count = r->problems.count;
    if (kept_writer_finish(k->writer, &about))
        fail_write(k, errno);
    *share = cluster_share_of(k->c, r).share;
    kept_writer_destroy(k->writer);
    free(k->path);
    cluster_reading_end(r);
    return true;
}

static void tell(const struct cluster *c, enum cluster_kind kind)
{
    const struct cluster_word word = {.kind = kind};
    cluster_tell(c, 0, CLUSTER_WORD, &word, sizeof word);
}

void cluster_kept_member(const struct cluster *c)
{
    struct keeping k = {.c = c, .params = {.sync = c->options->sync}};
    struct rank_share share;
    bool asked = false;
    for (size_t count;;) {
        bool did = finish(&k, &share);
        if (did) {
            tell(c, WORD_KEPT);
            cluster_tell(c, 0, CLUSTER_BLOCK, &share, sizeof share);
        }
        if (!k.reading.used && !asked) {
            asked = true;
            tell(c, WORD_ASK);
        }
        if (c->ranks->waiting(0, CLUSTER_ORDER, &count) >= 0) {
            struct cluster_word order;
            cluster_take(c, 0, CLUSTER_ORDER, &order, sizeof order);
            if (order.kind == ORDER_LEAVE)
                break;
            asked = false;
            if (begin(&k, order.piece))
                tell(c, WORD_FOUND);
            did = true;
        }
        if (!did)
            cluster_nap();
    }
    tell(c, WORD_LAST);
}

/* Rank 0's view. */
struct keeper {
    const struct cluster *c;
    struct keeping own;
    struct rank_share *shares; /* one a rank */
    bool *asks;
    unsigned next, done, found, last_words;
    double told; /* monotonic s, when it was told last how many are done */
};

static void add_found(struct keeper *k)
{
    k->found++;
    k->done++;
}

static void add_kept(struct keeper *k, unsigned rank, const struct rank_share *share)
{
    cluster_share_add(&k->shares[rank], share);
    k->done++;
}

static void take_word(struct keeper *k, unsigned from)
{
    struct cluster_word word;
    struct rank_share share;
    cluster_take(k->c, from, CLUSTER_WORD, &word, sizeof word);
    switch (word.kind) {
    case WORD_ASK:
        k->asks[from] = true;
        break;
    case WORD_FOUND:
        add_found(k);
        break;
    case WORD_KEPT:
        cluster_take(k->c, from, CLUSTER_BLOCK, &share, sizeof share);
        add_kept(k, from, &share);
        break;
    default:
        k->last_words++;
    }
}

static bool take_words(struct keeper *k)
{
    size_t count;
    bool did = false;
    for (int from; (from = k->c->ranks->waiting(-1, CLUSTER_WORD, &count)) >= 0; did = true)
        take_word(k, (unsigned)from);
    return did;
}

static void hand_out(struct keeper *k)
{
    for (unsigned rank = 1; rank < k->c->job.count && k->next < k->c->pieces; rank++) {
        if (!k->asks[rank])
            continue;
        const struct cluster_word order = {.kind = ORDER_READ, .piece = k->next++};
        k->asks[rank] = false;
        cluster_tell(k->c, rank, CLUSTER_ORDER, &order, sizeof order);
    }
}

/* As others do by their words. */
static bool read_itself(struct keeper *k)
{
    struct rank_share share;
    const bool did = finish(&k->own, &share);
    if (did)
        add_kept(k, 0, &share);
    if (k->own.reading.used || k->next == k->c->pieces)
        return did;
    if (begin(&k->own, k->next++))
        add_found(k);
    return true;
}

static void tell_progress(struct keeper *k)
{
    static const double interval = 10;
    const double now = clock_seconds();
    if (k->c->options->quiet || now - k->told < interval)
        return;
    if (k->told > 0)
        fprintf(stderr, "%u of %u pieces are there\n", k->done, k->c->pieces);
    k->told = now;
}

static void read_all(struct keeper *k)
{
    while (k->done < k->c->pieces) {
        bool did = take_words(k);
        hand_out(k);
        did |= read_itself(k);
        tell_progress(k);
        if (!did)
            cluster_nap();
    }
    if (!k->c->options->quiet)
        fprintf(stderr, "%u pieces, of which %u were there\n", k->done, k->found);
}

/* What was read is in the files, and all else is as with --combine. */
static enum exit_status put_together(const struct keeper *k, struct problems *problems)
{
    const struct cluster *c = k->c;
    struct options o = *c->options;
    struct inputs set = {0};
    struct combine combine;
    const char **files = calloc(c->pieces + 1, sizeof(const char *));
    char **paths = calloc(c->pieces + 1, sizeof *paths);
    cluster_check_memory(c, files);
    cluster_check_memory(c, paths);
    for (unsigned i = 0; i < c->pieces; i++)
        files[i] = paths[i] = path_of(c, i);
    o.files = files;
    o.file_count = (int)c->pieces;
    o.state = NULL;
    o.filter = NULL; /* done by whoever read, as is the next */
    o.decode_as_count = 0;
    o.clock_count = 0;
    enum exit_status status = combine_open(&combine, &o, &set, problems);
    combine.all_or_nothing = true;
    combine.shares = k->shares;
    combine.share_count = c->job.count;
    if (status == EXIT_DONE)
        status = run(&o, &set, &combine, problems);
    combine_close(&combine);
    inputs_free(&set);
    for (unsigned i = 0; i < c->pieces; i++)
        free(paths[i]);
    free(paths);
    free(files);
    return status;
}

enum exit_status cluster_kept_leader(const struct cluster *c, struct problems *problems)
{
    struct keeper k = {.c = c, .own = {.c = c, .params = {.sync = c->options->sync}}};
    if (mkdir(c->options->state, 0777) && errno != EEXIST) {
        message_error("%s: cannot create: %s", c->options->state, strerror(errno));
        cluster_fail(c, EXIT_OUTPUT);
    }
    k.shares = calloc(c->job.count, sizeof *k.shares);
    k.asks = calloc(c->job.count, sizeof *k.asks);
    cluster_check_memory(c, k.shares);
    cluster_check_memory(c, k.asks);
    read_all(&k);
    const enum exit_status status = put_together(&k, problems);
    const struct cluster_word leave = {.kind = ORDER_LEAVE};
    for (unsigned rank = 1; rank < c->job.count; rank++)
        cluster_tell(c, rank, CLUSTER_ORDER, &leave, sizeof leave);
    while (k.last_words + 1 < c->job.count) {
        take_words(&k);
        cluster_nap();
    }
    free(k.shares);
    free(k.asks);
    return status;
}
