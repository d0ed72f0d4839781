/* What a piece file says of itself: its last section, which is written when the piece is complete. */
#include "io/pieces/kept.h"
#include "io/pieces/kept_sections.h"

#include <stdio.h>
#include <stdlib.h>

void kept_problems_free(struct problem *items, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(items[i].file);
        free(items[i].text);
    }
    free(items);
}

void kept_piece_free(struct kept_piece *k)
{
    for (size_t i = 0; i < k->argument_count; i++)
        free(k->arguments[i]);
    for (size_t i = 0; i < k->path_count; i++)
        free(k->paths[i]);
    free(k->arguments);
    free(k->paths);
    free(k->sizes);
    free(k->times);
    free(k->ends);
    kept_problems_free(k->problems, k->problem_count);
    free(k->program);
    free(k->choices);
    *k = (struct kept_piece){0};
}

const char *kept_piece_differs(const struct kept_piece *a, const struct kept_piece *b)
{
    if (strcmp(a->program, b->program) || a->layout != b->layout)
        return "programs";
    if (a->count != b->count)
        return "numbers of pieces";
    if (strcmp(a->choices, b->choices))
        return "options";
    const char *path;
    return kept_inputs_differ(a, b, false, &path) ? "inputs" : NULL;
}

const char *kept_inputs_differ(const struct kept_piece *a, const struct kept_piece *b, bool with_times,
                               const char **path)
{
    *path = "";
    if (a->path_count != b->path_count)
        return "their number";
    for (size_t i = 0; i < a->path_count; i++) {
        *path = a->paths[i];
        if (strcmp(a->paths[i], b->paths[i]) != 0)
            return "its name";
        if (a->sizes[i] != b->sizes[i])
            return "its size";
        if (a->ends[i].first != b->ends[i].first)
            return "its first bytes";
        if (a->ends[i].last != b->ends[i].last)
            return "its last bytes";
        if (with_times && a->times[i] != b->times[i])
            return "the time of its last change";
    }
    return NULL;
}

/* How many items follow, of at least so many bytes each; memory for them. */
static size_t get_count(struct saved_reader *r, size_t least, size_t size, void *items)
{
    const uint64_t n = saved_get64(r);
    r->failed |= n > (uint64_t)(r->end - r->at) / least;
    void *memory = calloc(r->failed || !n ? 1 : n, size);
    memcpy(items, &memory, sizeof memory);
    saved_check_memory(r, memory);
    /* cppcheck-suppress memleak ; items has it */
    return r->failed ? 0 : n;
}

size_t kept_problems_get(struct saved_reader *r, struct problem **items)
{
    const size_t count = get_count(r, 26, sizeof **items, items);
    for (size_t i = 0; i < count; i++) {
        struct problem *p = &(*items)[i];
        p->file = saved_get_text(r);
        p->text = saved_get_text(r);
        p->offset = saved_get64(r);
        p->has_offset = saved_get8(r);
        p->note = saved_get8(r);
        p->order = saved_get64(r);
    }
    return count;
}

static void get_lists(struct saved_reader *r, struct kept_piece *k)
{
    k->argument_count = get_count(r, 4, sizeof *k->arguments, &k->arguments);
    for (size_t i = 0; i < k->argument_count; i++)
        k->arguments[i] = saved_get_text(r);
    k->path_count = get_count(r, 36, sizeof *k->paths, &k->paths);
    k->sizes = calloc(k->path_count + 1, sizeof *k->sizes);
    k->times = calloc(k->path_count + 1, sizeof *k->times);
    k->ends = calloc(k->path_count + 1, sizeof *k->ends);
    saved_check_memory(r, k->sizes && k->times && k->ends);
    for (size_t i = 0; i < k->path_count && k->sizes && k->times && k->ends; i++) {
        k->paths[i] = saved_get_text(r);
        k->sizes[i] = saved_get64(r);
        k->times[i] = (int64_t)saved_get64(r);
        k->ends[i].first = saved_get64(r);
        k->ends[i].last = saved_get64(r);
    }
    k->problem_count = kept_problems_get(r, &k->problems);
}

static bool is_border(const struct kept_piece *k, struct set_border border)
{
    return border.input < k->path_count || (border.input == k->path_count && !border.position);
}

bool kept_piece_get(struct saved_reader *r, struct kept_piece *k)
{
    k->index = saved_get32(r);
    k->count = saved_get32(r);
    k->layout = saved_get64(r);
    k->program = saved_get_text(r);
    k->rules = saved_get_below(r, RULES_4_4 + 1);
    k->key_parts = saved_get8(r);
    k->verdicts = saved_get8(r);
    k->append = saved_get8(r);
    k->drop_copies = (int64_t)saved_get64(r);
    k->choices = saved_get_text(r);
    k->range.begin.input = saved_get64(r);
    k->range.begin.position = saved_get64(r);
    k->range.end.input = saved_get64(r);
    k->range.end.position = saved_get64(r);
    k->range.begin_walked = saved_get8(r);
    k->range.end_differs = saved_get8(r);
    k->range.end_frames = saved_get64(r);
    k->frames = saved_get64(r);
    k->bytes = saved_get64(r);
    k->opened = saved_get64(r);
    if (!r->failed)
        get_lists(r, k);
    return !r->failed && r->at == r->end && k->index && k->index <= k->count &&
           is_border(k, k->range.begin) && is_border(k, k->range.end);
}

bool kept_read_about(struct piece_reader *r, const char *path, struct kept_piece *k,
                     char error[PIECE_ERROR_MAX])
{
    struct piece_section section;
    bool failed = false;
    struct saved_reader about = {.failed = !piece_reader_find(r, KEPT_ABOUT, &section, &failed, error)};
    if (failed)
        return false;
    if (!about.failed) {
        about.at = section.bytes;
        about.end = section.bytes + section.count;
        if (kept_piece_get(&about, k))
            return true;
    }
    snprintf(error, PIECE_ERROR_MAX, "%s: %s", path,
             about.short_of_memory ? "out of memory" : "it does not say of itself what a piece has to");
    return false;
}

bool kept_read(struct kept_piece *k, const char *path, char error[PIECE_ERROR_MAX])
{
    struct piece_reader *r;
    bool found = false;
    *k = (struct kept_piece){0};
    switch (piece_reader_open(&r, path, error)) {
    case PIECE_DONE:
        break;
    case PIECE_MISSING:
        snprintf(error, PIECE_ERROR_MAX, "%s: there is no such file", path);
        return false;
    case PIECE_WRONG:
        return false;
    }
    if (piece_reader_kind(r) != PIECE_PART)
        snprintf(error, PIECE_ERROR_MAX,
                 "%s: expected a piece, as --piece writes it, found a state of --state", path);
    else
        found = kept_read_about(r, path, k, error);
    if (found && strcmp(k->program, TCPREUSE_VERSION) != 0) {
        snprintf(error, PIECE_ERROR_MAX, "%s: was written by tcpreuse %s, this is %s", path, k->program,
                 TCPREUSE_VERSION);
        found = false;
    } else if (found && k->layout != packed_layout()) {
        snprintf(error, PIECE_ERROR_MAX,
                 "%s: was written by another build (tcpreuse %s), which lays out its memory differently",
                 path, k->program);
        found = false;
    }
    piece_reader_close(r);
    if (!found)
        kept_piece_free(k);
    return found;
}
