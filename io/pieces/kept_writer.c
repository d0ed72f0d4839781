/* Writes piece files: batches come packed, as the text of a report, and are gathered into sections. */
#include "io/pieces/kept.h"
#include "io/pieces/kept_sections.h"

#include <errno.h>
#include <stdlib.h>

enum { SECTION_BYTES = 4 << 20 };

struct kept_writer {
    struct sink sink;
    struct piece_writer *file;
    struct saved_writer batches;
    int error;
};

static int flush(struct kept_writer *w)
{
    if (w->batches.length && piece_writer_add(w->file, KEPT_BATCHES, w->batches.bytes, w->batches.length)) {
        w->error = errno;
        return -1;
    }
    w->batches.length = 0;
    return 0;
}

static int write_batches(struct sink *sink, enum report report, const struct text *text)
{
    struct kept_writer *w = (struct kept_writer *)sink;
    (void)report;
    saved_put(&w->batches, text->bytes, text->length);
    if (w->batches.failed) {
        w->error = ENOMEM;
        return -1;
    }
    return w->batches.length < SECTION_BYTES ? 0 : flush(w);
}

static const struct sink_ops ops = {.write = write_batches};

struct kept_writer *kept_writer_create(const char *path, const struct outputs_params *params)
{
    struct kept_writer *w = calloc(1, sizeof *w);
    if (!w)
        return NULL;
    w->sink.ops = &ops;
    w->file = piece_writer_create(path, PIECE_PART, params);
    if (w->file)
        return w;
    const int error = errno;
    free(w);
    errno = error;
    return NULL;
}

struct sink *kept_writer_sink(struct kept_writer *w)
{
    return &w->sink;
}

int kept_writer_error(const struct kept_writer *w)
{
    return w->error;
}

void kept_problems_put(struct saved_writer *w, const struct problem *items, size_t count)
{
    saved_put64(w, count);
    for (size_t i = 0; i < count; i++) {
        const struct problem *p = &items[i];
        saved_put_text(w, p->file ? p->file : "");
        saved_put_text(w, p->text ? p->text : "");
        saved_put64(w, p->offset);
        saved_put8(w, p->has_offset);
        saved_put8(w, p->note);
        saved_put64(w, p->order);
    }
}

static void put_about(struct saved_writer *to, const struct kept_piece *k)
{
    saved_put32(to, k->index);
    saved_put32(to, k->count);
    saved_put64(to, k->layout);
    saved_put_text(to, k->program);
    saved_put32(to, k->rules);
    saved_put8(to, (uint8_t)k->key_parts);
    saved_put8(to, k->verdicts);
    saved_put8(to, k->append);
    saved_put64(to, (uint64_t)k->drop_copies);
    saved_put_text(to, k->choices);
    saved_put64(to, k->range.begin.input);
    saved_put64(to, k->range.begin.position);
    saved_put64(to, k->range.end.input);
    saved_put64(to, k->range.end.position);
    saved_put8(to, k->range.begin_walked);
    saved_put8(to, k->range.end_differs);
    saved_put64(to, k->range.end_frames);
    saved_put64(to, k->frames);
    saved_put64(to, k->bytes);
    saved_put64(to, k->opened);
    saved_put64(to, k->argument_count);
    for (size_t i = 0; i < k->argument_count; i++)
        saved_put_text(to, k->arguments[i]);
    saved_put64(to, k->path_count);
    for (size_t i = 0; i < k->path_count; i++) {
        saved_put_text(to, k->paths[i]);
        saved_put64(to, k->sizes[i]);
        saved_put64(to, (uint64_t)k->times[i]);
        saved_put64(to, k->ends[i].first);
        saved_put64(to, k->ends[i].last);
    }
    kept_problems_put(to, k->problems, k->problem_count);
}

int kept_writer_finish(struct kept_writer *w, const struct kept_piece *k)
{
    struct saved_writer about = {0};
    int result = -1;
    if (flush(w))
        return -1;
    put_about(&about, k);
    if (about.failed)
        errno = ENOMEM;
    else if (!piece_writer_add(w->file, KEPT_ABOUT, about.bytes, about.length))
        result = piece_writer_finish(w->file);
    free(about.bytes);
    return result;
}

void kept_writer_destroy(struct kept_writer *w)
{
    if (!w)
        return;
    piece_writer_destroy(w->file);
    free(w->batches.bytes);
    free(w);
}
