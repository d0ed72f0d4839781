/* Which inputs a state knows. Names are used again by rings of files, logs are moved and copied and begin anew, so a file is
 * told by what it holds: by its first bytes, and the last ones of those that were read. Among files that hold the same,
 * inodes and names decide. Each file is one of the head's inputs at most, and each of those one file at most. */
#include "cli/state_internal.h"

#include <inttypes.h>
#include <stdlib.h>

/* The head's inputs, in an order by which they are found. */
struct index {
    const struct piece_input **items;
    size_t count;
    int (*compare)(const void *, const void *);
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

static int compare_beginnings(const void *a, const void *b)
{
    const struct piece_input *const *x = a, *const *y = b;
    if ((*x)->first_bytes != (*y)->first_bytes)
        return (*x)->first_bytes < (*y)->first_bytes ? -1 : 1;
    return ((*x)->first_digest > (*y)->first_digest) - ((*x)->first_digest < (*y)->first_digest);
}

/* Has anything been read of it by which it could be told from others? The heads of empty captures are all alike. */
static bool has_content(const struct piece_input *in)
{
    return in->size && (in->frames || !(in->flags & PIECE_INPUT_PLACE));
}

/* 0, or -1 when memory is short. */
static int index_make(struct index *x, const struct piece_head *h, int compare(const void *, const void *))
{
    /* NOLINTNEXTLINE(bugprone-sizeof-expression): items are pointers */
    *x = (struct index){malloc((h->input_count + 1) * sizeof *x->items), h->input_count, compare};
    for (size_t i = 0; x->items && i < x->count; i++)
        x->items[i] = &h->inputs[i];
    if (x->items)
        /* NOLINTNEXTLINE(bugprone-sizeof-expression): likewise */
        qsort(x->items, x->count, sizeof *x->items, compare);
    return x->items ? 0 : -1;
}

/* The place of the first one that is not before the key. */
static size_t index_find(const struct index *x, const struct piece_input *key)
{
    size_t low = 0, high = x->count;
    while (low < high) {
        const size_t middle = low + (high - low) / 2;
        if (x->compare(&x->items[middle], &key) < 0)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}

/* Finding: which of the head's inputs have been found. */
struct finding_known {
    struct state *state;
    bool *found;
};

/* Whether the input is one of those that compare equal to the key: the first of them that was not found yet, and that it
 * holds. */
static bool find_among(struct finding_known *f, const struct index *x, const struct piece_input *key,
                       struct state_input *in, enum piece_likeness least)
{
    for (size_t i = index_find(x, key); i < x->count && !x->compare(&x->items[i], &key); i++) {
        const uint32_t known = (uint32_t)(x->items[i] - f->state->head.inputs);
        if (f->found[known] || piece_compare(in->path, &in->now, x->items[i]) < least)
            continue;
        f->found[known] = true;
        in->known_as = known;
        return true;
    }
    return false;
}

static void find_all(struct finding_known *f, const struct index *x)
{
    for (size_t i = 0; i < f->state->input_count; i++) {
        struct state_input *in = &f->state->inputs[i];
        if (in->known_as == UINT32_MAX)
            find_among(f, x, &in->now, in, PIECE_SHORTER);
    }
}

/* By nothing but what it holds: for each length of beginnings that the head has, which mostly is one. */
static void find_by_content(struct finding_known *f, const struct index *x, struct state_input *in)
{
    uint8_t bytes[PIECE_FIRST_BYTES];
    const size_t count = piece_read_first(in->path, bytes);
    for (size_t i = 0; i < x->count && x->items[i]->first_bytes <= count;) {
        struct piece_input key = {.first_bytes = x->items[i]->first_bytes};
        key.first_digest = piece_digest(bytes, (size_t)key.first_bytes);
        if (find_among(f, x, &key, in, PIECE_ALIKE))
            return;
        key.first_bytes++;
        key.first_digest = 0;
        i = index_find(x, &key);
    }
}

/* A copy, or a file that came from elsewhere: worth telling, since nobody else would. */
static void note_copy(struct state *s, const struct state_input *in, size_t order)
{
    const struct piece_input *known = &s->head.inputs[in->known_as];
    if (strcmp(known->path, in->path) != 0 && !(known->flags & PIECE_INPUT_LATE))
        problems_add(s->problems, PROBLEM_NOTE, order, in->path, -1,
                     "holds what was read as %s, and counts as that file", known->path);
}

int state_find_known(struct state *s, const size_t *orders)
{
    struct index paths = {0}, inodes = {0}, beginnings = {0};
    size_t told = 0;
    struct finding_known f = {s, calloc(s->head.input_count + 1, sizeof(bool))};
    const int result = !f.found || index_make(&paths, &s->head, compare_paths) ||
                               index_make(&inodes, &s->head, compare_inodes) ||
                               index_make(&beginnings, &s->head, compare_beginnings)
                           ? -1
                           : 0;
    if (!result) {
        find_all(&f, &inodes);
        find_all(&f, &paths);
    }
    for (size_t i = 0; !result && i < beginnings.count; i++)
        if (has_content(beginnings.items[i]))
            beginnings.items[told++] = beginnings.items[i];
    beginnings.count = told;
    for (size_t i = 0; !result && i < s->input_count; i++) {
        if (s->inputs[i].known_as != UINT32_MAX)
            continue;
        find_by_content(&f, &beginnings, &s->inputs[i]);
        if (s->inputs[i].known_as != UINT32_MAX)
            note_copy(s, &s->inputs[i], orders[i]);
    }
    free(paths.items);
    free(inodes.items);
    free(beginnings.items);
    free(f.found);
    return result;
}

int state_rename(struct state *s, const struct state_input *in)
{
    struct piece_input *known = &s->head.inputs[in->known_as];
    if (strcmp(known->path, in->path) != 0) {
        char *path = strdup(in->path);
        if (!path)
            return -1;
        free(known->path);
        known->path = path;
    }
    known->device = in->now.device;
    known->inode = in->now.inode;
    if (in->now.size == known->size)
        known->time = in->now.time;
    return 0;
}
