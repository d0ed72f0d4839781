/* The head of state files and piece files as values, and as bytes. */
#include "io/pieces/piece_head.h"
#include "engine/list.h"

#include <stdlib.h>

#define XXH_INLINE_ALL
#include <xxhash.h>

uint64_t piece_digest(const void *bytes, size_t count)
{
    return XXH3_64bits(bytes, count);
}

void piece_head_free(struct piece_head *h)
{
    for (uint32_t i = 0; i < h->option_count; i++) {
        free(h->options[i].name);
        free(h->options[i].value);
    }
    for (uint32_t i = 0; i < h->report_count; i++)
        free(h->reports[i].name);
    for (uint32_t i = 0; i < h->input_count; i++)
        free(h->inputs[i].path);
    free(h->program);
    free(h->options);
    free(h->reports);
    free(h->inputs);
    *h = (struct piece_head){0};
}

int piece_head_add_option(struct piece_head *h, const char *name, const char *value)
{
    if (list_reserve(&h->options, &h->option_capacity, (uint64_t)h->option_count + 1, sizeof *h->options))
        return -1;
    struct piece_option option = {strdup(name), strdup(value)};
    h->options[h->option_count++] = option;
    return option.name && option.value ? 0 : -1;
}

int piece_head_add_report(struct piece_head *h, const struct piece_report *report)
{
    if (list_reserve(&h->reports, &h->report_capacity, (uint64_t)h->report_count + 1, sizeof *h->reports))
        return -1;
    struct piece_report *to = &h->reports[h->report_count++];
    *to = *report;
    to->name = strdup(report->name);
    return to->name ? 0 : -1;
}

int piece_head_add_input(struct piece_head *h, const struct piece_input *input)
{
    if (list_reserve(&h->inputs, &h->input_capacity, (uint64_t)h->input_count + 1, sizeof *h->inputs))
        return -1;
    struct piece_input *to = &h->inputs[h->input_count++];
    *to = *input;
    to->path = strdup(input->path);
    return to->path ? 0 : -1;
}

void piece_head_put(struct saved_writer *w, const struct piece_head *h)
{
    saved_put_text(w, h->program);
    saved_put64(w, h->frames);
    saved_put64(w, h->conversations);
    saved_put64(w, h->reuses);
    saved_put64(w, h->waiting);
    saved_put64(w, (uint64_t)h->latest_time);
    saved_put64(w, h->late);
    saved_put32(w, h->option_count);
    for (uint32_t i = 0; i < h->option_count; i++) {
        saved_put_text(w, h->options[i].name);
        saved_put_text(w, h->options[i].value);
    }
    saved_put32(w, h->report_count);
    for (uint32_t i = 0; i < h->report_count; i++) {
        saved_put_text(w, h->reports[i].name);
        saved_put64(w, h->reports[i].length);
        saved_put64(w, h->reports[i].last_digest);
    }
    saved_put32(w, h->input_count);
    for (uint32_t i = 0; i < h->input_count; i++) {
        const struct piece_input *in = &h->inputs[i];
        saved_put_text(w, in->path);
        saved_put64(w, in->size);
        saved_put64(w, (uint64_t)in->time);
        saved_put64(w, in->device);
        saved_put64(w, in->inode);
        saved_put64(w, in->first_bytes);
        saved_put64(w, in->first_digest);
        saved_put64(w, in->last_digest);
        saved_put64(w, in->position);
        saved_put64(w, in->frames);
        saved_put32(w, in->flags);
    }
}

static void get_option(struct saved_reader *r, struct piece_head *h)
{
    char *name = saved_get_text(r), *value = saved_get_text(r);
    if (name && value)
        saved_check_memory(r, !piece_head_add_option(h, name, value));
    free(name);
    free(value);
}

static void get_report(struct saved_reader *r, struct piece_head *h)
{
    struct piece_report report = {.name = saved_get_text(r)};
    report.length = saved_get64(r);
    report.last_digest = saved_get64(r);
    if (report.name)
        saved_check_memory(r, !piece_head_add_report(h, &report));
    free(report.name);
}

static void get_input(struct saved_reader *r, struct piece_head *h)
{
    struct piece_input in = {.path = saved_get_text(r)};
    in.size = saved_get64(r);
    in.time = (int64_t)saved_get64(r);
    in.device = saved_get64(r);
    in.inode = saved_get64(r);
    in.first_bytes = saved_get64(r);
    in.first_digest = saved_get64(r);
    in.last_digest = saved_get64(r);
    in.position = saved_get64(r);
    in.frames = saved_get64(r);
    in.flags = saved_get32(r);
    r->failed |= in.first_bytes > PIECE_FIRST_BYTES;
    if (in.path && !r->failed)
        saved_check_memory(r, !piece_head_add_input(h, &in));
    free(in.path);
}

void piece_head_get(struct saved_reader *r, struct piece_head *h)
{
    h->program = saved_get_text(r);
    h->frames = saved_get64(r);
    h->conversations = saved_get64(r);
    h->reuses = saved_get64(r);
    h->waiting = saved_get64(r);
    h->latest_time = (int64_t)saved_get64(r);
    h->late = saved_get64(r);
    for (uint32_t n = saved_get32(r); n && !r->failed; n--)
        get_option(r, h);
    for (uint32_t n = saved_get32(r); n && !r->failed; n--)
        get_report(r, h);
    for (uint32_t n = saved_get32(r); n && !r->failed; n--)
        get_input(r, h);
}
