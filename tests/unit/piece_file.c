/* The container of state files and piece files: what was written comes back, and no file that differs in a
 * byte, or is cut, does. */
#include "engine/packed.h"
#include "io/outputs/outputs.h"
#include "io/pieces/kept.h"
#include "io/pieces/piece_head.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static char path[64];

static void make_name(void)
{
    strcpy(path, "/tmp/tcpreuse-piece-XXXXXX");
    close(mkstemp(path));
}

static void remove_name(void)
{
    unlink(path);
}

TestSuite(piece_file, .init = make_name, .fini = remove_name);

static uint8_t large[70000];

/* A file of an empty, a small and a large section. */
static void write_file(void)
{
    for (size_t i = 0; i < sizeof large; i++)
        large[i] = (uint8_t)(i / 100);
    struct piece_writer *w = piece_writer_create(path, PIECE_STATE, &(struct outputs_params){0});
    cr_assert(w);
    cr_assert_eq(piece_writer_add(w, "empty", NULL, 0), 0);
    cr_assert_eq(piece_writer_add(w, "small", "abc", 3), 0);
    cr_assert_eq(piece_writer_add(w, "large", large, sizeof large), 0);
    cr_assert_eq(piece_writer_finish(w), 0);
    piece_writer_destroy(w);
}

static uint8_t *read_bytes(size_t *count)
{
    FILE *f = fopen(path, "rb");
    uint8_t *bytes = malloc(1 << 20);
    *count = fread(bytes, 1, 1 << 20, f);
    fclose(f);
    return bytes;
}

static void write_bytes(const uint8_t *bytes, size_t count)
{
    FILE *f = fopen(path, "wb");
    cr_assert_eq(fwrite(bytes, 1, count, f), count);
    fclose(f);
}

Test(piece_file, sections_come_back_in_their_order)
{
    struct piece_reader *r;
    struct piece_section s;
    char error[PIECE_ERROR_MAX];
    bool failed = false;
    write_file();
    cr_assert_eq(piece_reader_open(&r, path, error), PIECE_DONE, "%s", error);
    cr_assert_eq(piece_reader_kind(r), PIECE_STATE);
    for (int pass = 0; pass < 2; pass++) {
        cr_assert(piece_reader_next(r, &s, &failed, error));
        cr_assert_str_eq(s.name, "empty");
        cr_assert_eq(s.count, 0);
        cr_assert(piece_reader_next(r, &s, &failed, error));
        cr_assert_str_eq(s.name, "small");
        cr_assert_arr_eq(s.bytes, "abc", 3);
        cr_assert(piece_reader_next(r, &s, &failed, error));
        cr_assert_eq(s.count, sizeof large);
        cr_assert_arr_eq(s.bytes, large, sizeof large);
        cr_assert(!piece_reader_next(r, &s, &failed, error));
        cr_assert(!failed);
        piece_reader_rewind(r);
    }
    piece_reader_close(r);
}

static void expect_wrong(const char *what, size_t at)
{
    struct piece_reader *r;
    char error[PIECE_ERROR_MAX];
    cr_assert_eq(piece_reader_open(&r, path, error), PIECE_WRONG, "%s %zu", what, at);
    cr_assert_eq(strncmp(error, path, strlen(path)), 0, "names the file: %s", error);
}

Test(piece_file, any_byte_that_differs_is_found)
{
    size_t count;
    write_file();
    uint8_t *bytes = read_bytes(&count);
    for (size_t i = 0; i < count; i++) {
        if (i > 600 && i + 600 < count && i % 97)
            continue; /* within the large section, where a build without zstd has all of it */
        bytes[i] ^= (uint8_t)(1 + i % 255);
        write_bytes(bytes, count);
        expect_wrong("changed byte", i);
        bytes[i] ^= (uint8_t)(1 + i % 255);
    }
    free(bytes);
}

Test(piece_file, a_file_that_is_cut_or_goes_on_is_found)
{
    size_t count;
    write_file();
    uint8_t *bytes = read_bytes(&count);
    for (size_t i = 0; i < count; i++)
        if (i < 600 || i + 600 > count || i % 97 == 0) {
            write_bytes(bytes, i);
            expect_wrong("cut at", i);
        }
    bytes[count] = 0;
    write_bytes(bytes, count + 1);
    expect_wrong("one byte more", count);
    free(bytes);
}

Test(piece_file, nothing_has_the_name_before_it_is_finished)
{
    struct piece_reader *r;
    char error[PIECE_ERROR_MAX], partial[80];
    write_file();
    struct piece_writer *w = piece_writer_create(path, PIECE_PART, &(struct outputs_params){0});
    cr_assert_eq(piece_writer_add(w, "other", "x", 1), 0);
    cr_assert_eq(piece_reader_open(&r, path, error), PIECE_DONE);
    cr_assert_eq(piece_reader_kind(r), PIECE_STATE);
    piece_reader_close(r);
    snprintf(partial, sizeof partial, "%s" OUTPUTS_PART, path);
    cr_assert_eq(access(partial, F_OK), 0);
    errno = 0;
    cr_assert_null(piece_writer_create(path, PIECE_PART, &(struct outputs_params){0}));
    cr_assert_eq(errno, EBUSY);
    piece_writer_destroy(w);
    cr_assert_neq(access(partial, F_OK), 0);
}

Test(piece_file, a_missing_file_is_told_from_a_wrong_one)
{
    struct piece_reader *r;
    char error[PIECE_ERROR_MAX];
    unlink(path);
    cr_assert_eq(piece_reader_open(&r, path, error), PIECE_MISSING);
}

Test(piece_file, a_section_has_a_name_of_its_own)
{
    struct piece_writer *w = piece_writer_create(path, PIECE_PART, &(struct outputs_params){0});
    cr_assert_neq(piece_writer_add(w, "end", "x", 1), 0);
    cr_assert_neq(piece_writer_add(w, "a name that is too long", "x", 1), 0);
    piece_writer_destroy(w);
}

Test(piece_file, a_head_comes_back)
{
    struct piece_head h = {.program = strdup("1.2"), .frames = 5, .latest_time = -7, .late = 1}, got = {0};
    struct saved_writer w = {0};
    char report[] = "reuse.csv", input[] = "a.pcap";
    cr_assert_eq(piece_head_add_option(&h, "rules", "4.4"), 0);
    cr_assert_eq(piece_head_add_report(&h, &(struct piece_report){report, 12, 34}), 0);
    cr_assert_eq(piece_head_add_input(&h, &(struct piece_input){.path = input, .size = 9, .frames = 3}), 0);
    piece_head_put(&w, &h);
    struct saved_reader r = {.at = w.bytes, .end = w.bytes + w.length};
    piece_head_get(&r, &got);
    cr_assert(!r.failed && r.at == r.end);
    cr_assert_str_eq(got.program, "1.2");
    cr_assert_eq(got.latest_time, -7);
    cr_assert_str_eq(got.options[0].value, "4.4");
    cr_assert_str_eq(got.reports[0].name, "reuse.csv");
    cr_assert_eq(got.inputs[0].frames, 3);
    piece_head_free(&got);
    for (size_t cut = 0; cut < w.length; cut++) {
        struct saved_reader shorter = {.at = w.bytes, .end = w.bytes + cut};
        piece_head_get(&shorter, &got);
        cr_assert(shorter.failed);
        piece_head_free(&got);
    }
    piece_head_free(&h);
    free(w.bytes);
}

/* Is a piece read that this program made? Fills error if not. */
static bool reads_piece_of(const char *program, char error[PIECE_ERROR_MAX])
{
    char version[32];
    struct kept_piece got, k = {.index = 1, .count = 1, .layout = packed_layout(), .program = version};
    struct kept_writer *w = kept_writer_create(path, &(struct outputs_params){0});
    snprintf(version, sizeof version, "%s", program);
    k.choices = version;
    cr_assert(w);
    cr_assert_eq(kept_writer_finish(w, &k), 0);
    kept_writer_destroy(w);
    const bool read = kept_read(&got, path, error);
    kept_piece_free(&got);
    return read;
}

Test(piece_file, a_piece_of_another_version_is_refused)
{
    char error[PIECE_ERROR_MAX] = "";
    cr_assert(reads_piece_of(TCPREUSE_VERSION, error), "%s", error);
    cr_assert(!reads_piece_of("0.0.0", error));
    cr_assert(strstr(error, "was written by tcpreuse 0.0.0, this is "), "%s", error);
}
