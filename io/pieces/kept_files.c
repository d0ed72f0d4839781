/* The blocks of piece files: each section with batches is one. */
#include "io/pieces/kept.h"
#include "io/pieces/kept_sections.h"

#include <stdlib.h>

struct kept_files {
    struct kept_supply supply;
    const char *const *files;
    size_t count;
    struct problems *problems;
    size_t next;                 /* to open */
    struct piece_reader *reader; /* of the one before it */
};

static void report(struct kept_files *f, const char *error)
{
    const char *file = f->files[f->next - 1];
    const size_t length = strlen(file);
    const bool named = !strncmp(error, file, length) && error[length] == ':';
    problems_add(f->problems, PROBLEM_ERROR, 0, file, -1, "%s", named ? error + length + 2 : error);
}

static void damaged(struct kept_supply *supply)
{
    report((struct kept_files *)supply, "its batches make no sense");
}

static enum kept_next open_next(struct kept_files *f)
{
    char error[PIECE_ERROR_MAX];
    if (f->next == f->count)
        return KEPT_END;
    if (piece_reader_open(&f->reader, f->files[f->next++], error) == PIECE_DONE)
        return KEPT_PIECE;
    f->reader = NULL;
    report(f, error);
    return KEPT_END;
}

static enum kept_next next(struct kept_supply *supply, struct kept_block **block)
{
    struct kept_files *f = (struct kept_files *)supply;
    char error[PIECE_ERROR_MAX];
    struct piece_section section;
    bool failed = false;
    if (f->reader && piece_reader_find(f->reader, KEPT_BATCHES, &section, &failed, error)) {
        *block = kept_block_create(section.count);
        if (!*block) {
            report(f, "out of memory");
            return KEPT_END;
        }
        memcpy((*block)->bytes, section.bytes, section.count);
        return KEPT_BLOCK;
    }
    piece_reader_close(f->reader);
    f->reader = NULL;
    if (!failed)
        return open_next(f);
    report(f, error);
    return KEPT_END;
}

struct kept_files *kept_files_create(const char *const *files, size_t count, struct problems *problems)
{
    struct kept_files *f = calloc(1, sizeof *f);
    if (f)
        *f = (struct kept_files){
            .supply = {next, damaged}, .files = files, .count = count, .problems = problems};
    return f;
}

struct kept_supply *kept_files_supply(struct kept_files *f)
{
    return &f->supply;
}

void kept_files_destroy(struct kept_files *f)
{
    if (!f)
        return;
    piece_reader_close(f->reader);
    free(f);
}
