/* The module that is linked with libxlsxwriter. The library does not check what it writes to its temporary files, so
 * close() does before it makes the workbook of them. */
#include "io/sheets/xlsx_module.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/statvfs.h>
#include <xlsxwriter.h>

struct xlsx_book {
    lxw_workbook *workbook;
    char *directory;
    lxw_format *styles[XLSX_STYLES];
};

enum { NO_COLOR = -1, PRINTED_COLUMNS = 10 /* side by side on a page */ };

/* Fills and the text on them: those that spreadsheets offer as good, neutral and bad, and their kin. */
static const struct {
    const char *number_format;
    int fill, text;
} looks[XLSX_STYLES] = {
    [XLSX_PLAIN] = {NULL, NO_COLOR, NO_COLOR},
    [XLSX_TEXT] = {NULL, NO_COLOR, NO_COLOR},
    [XLSX_TITLE] = {NULL, NO_COLOR, 0x1f3864},
    [XLSX_HEADER] = {NULL, 0x1f3864, 0xffffff},
    [XLSX_NUMBER] = {"#,##0", NO_COLOR, NO_COLOR},
    [XLSX_SECONDS] = {"0.000000", NO_COLOR, NO_COLOR},
    [XLSX_RATIO] = {"0.0000", NO_COLOR, NO_COLOR},
    [XLSX_PERCENT] = {"0.0%", NO_COLOR, NO_COLOR},
    [XLSX_DATE] = {"yyyy-mm-dd hh:mm:ss.000", NO_COLOR, NO_COLOR},
    [XLSX_WRAPPED] = {NULL, NO_COLOR, NO_COLOR},
    [XLSX_GREEN] = {NULL, 0xc6efce, 0x006100},
    [XLSX_BLUE] = {NULL, 0xddebf7, 0x1f4e78},
    [XLSX_YELLOW] = {NULL, 0xffeb9c, 0x7f4f00},
    [XLSX_RED] = {NULL, 0xffc7ce, 0x9c0006},
    [XLSX_VIOLET] = {NULL, 0xe4dfec, 0x4b2e83},
    [XLSX_GREY] = {NULL, 0xededed, 0x404040},
};

static lxw_format *make_style(lxw_workbook *workbook, enum xlsx_style style)
{
    lxw_format *f = workbook_add_format(workbook);
    if (!f)
        return NULL;
    if (looks[style].number_format)
        format_set_num_format(f, looks[style].number_format);
    if (looks[style].fill != NO_COLOR)
        format_set_bg_color(f, (lxw_color_t)looks[style].fill);
    if (looks[style].text != NO_COLOR)
        format_set_font_color(f, (lxw_color_t)looks[style].text);
    if (style == XLSX_TITLE || style == XLSX_HEADER)
        format_set_bold(f);
    if (style == XLSX_TITLE)
        format_set_font_size(f, 16);
    if (style == XLSX_WRAPPED)
        format_set_text_wrap(f);
    if (style != XLSX_TITLE)
        format_set_align(f, LXW_ALIGN_VERTICAL_TOP);
    if (!looks[style].number_format)
        format_set_indent(f, 1);
    return f;
}

/* The library tells what kind of call failed, and leaves errno, if anything. -1. */
static int fail(lxw_error result)
{
    const bool is_memory = !result || result == LXW_ERROR_MEMORY_MALLOC_FAILED;
    if (!errno)
        errno = is_memory ? ENOMEM : EINVAL;
    return -1;
}

static void drop(struct xlsx_book *book)
{
    if (!book)
        return;
    lxw_workbook_free(book->workbook);
    free(book->directory);
    free(book);
}

static struct xlsx_book *open_book(const char *path, const char *directory)
{
    errno = 0;
    struct xlsx_book *book = calloc(1, sizeof *book);
    if (!book)
        return NULL;
    book->directory = strdup(directory);
    if (!book->directory)
        goto fail;
    lxw_workbook_options options = {.constant_memory = LXW_TRUE, .tmpdir = book->directory};
    book->workbook = workbook_new_opt(path, &options);
    if (!book->workbook)
        goto fail;
    /* Without the time of the run: the same input gives the same bytes. ZIP's own times begin here, too. */
    enum { YEAR_1980 = 315532800 };
    char title[] = "TCP port reuse", comments[] = "Made by tcpreuse";
    lxw_doc_properties properties = {.title = title, .comments = comments, .created = YEAR_1980};
    if (workbook_set_properties(book->workbook, &properties))
        goto fail;
    for (unsigned i = XLSX_PLAIN + 1; i < XLSX_STYLES; i++)
        if (!(book->styles[i] = make_style(book->workbook, (enum xlsx_style)i)))
            goto fail;
    return book;
fail:
    fail(LXW_NO_ERROR);
    const int error = errno;
    drop(book);
    errno = error;
    return NULL;
}

static struct xlsx_sheet *add_sheet(struct xlsx_book *book, const char *name)
{
    errno = 0; /* of the sheet's temporary file */
    lxw_worksheet *sheet = workbook_add_worksheet(book->workbook, name);
    if (!sheet) {
        fail(LXW_NO_ERROR);
        return NULL;
    }
    worksheet_set_landscape(sheet);
    worksheet_fit_to_pages(sheet, 1, 0);
    return (struct xlsx_sheet *)sheet;
}

static int put_text(struct xlsx_book *book, struct xlsx_sheet *sheet, uint32_t row, uint16_t column,
                    const char *text, enum xlsx_style style)
{
    errno = 0;
    const lxw_error result = worksheet_write_string((lxw_worksheet *)sheet, row, column, text,
                                                    book->styles[style ? style : XLSX_TEXT]);
    return result ? fail(result) : 0;
}

static int put_number(struct xlsx_book *book, struct xlsx_sheet *sheet, uint32_t row, uint16_t column,
                      double n, enum xlsx_style style)
{
    errno = 0;
    const lxw_error result =
        worksheet_write_number((lxw_worksheet *)sheet, row, column, n, book->styles[style]);
    return result ? fail(result) : 0;
}

static void set_width(struct xlsx_sheet *sheet, uint16_t column, unsigned width)
{
    worksheet_set_column((lxw_worksheet *)sheet, column, column, width, NULL);
}

static void set_height(struct xlsx_sheet *sheet, uint32_t row, unsigned lines)
{
    worksheet_set_row((lxw_worksheet *)sheet, row, lines * LXW_DEF_ROW_HEIGHT, NULL);
}

static void make_table(struct xlsx_sheet *sheet, uint32_t last_row, uint16_t columns, uint16_t frozen)
{
    worksheet_freeze_panes((lxw_worksheet *)sheet, 1, frozen);
    worksheet_autofilter((lxw_worksheet *)sheet, 0, 0, last_row, (uint16_t)(columns - 1));
    worksheet_repeat_rows((lxw_worksheet *)sheet, 0, 0);
    if (columns > PRINTED_COLUMNS) {
        worksheet_fit_to_pages((lxw_worksheet *)sheet, (uint16_t)(columns / PRINTED_COLUMNS + 1), 0);
        worksheet_repeat_columns((lxw_worksheet *)sheet, 0, (uint16_t)(frozen - 1));
    }
}

/* The rows of all sheets are in their temporary files, and there is room for a copy of them, which the library makes. 0, or -1
 * with errno. */
static int check_rows(const struct xlsx_book *book)
{
    struct statvfs there;
    uint64_t bytes = 0;
    lxw_worksheet *sheet;
    STAILQ_FOREACH(sheet, book->workbook->worksheets, list_pointers)
    {
        if (!sheet->optimize_tmpfile)
            continue;
        const long at = ftell(sheet->optimize_tmpfile);
        if (fflush(sheet->optimize_tmpfile) || ferror(sheet->optimize_tmpfile) || at < 0) {
            errno = errno ? errno : EIO;
            return -1;
        }
        bytes += (uint64_t)at;
    }
    if (!statvfs(book->directory, &there) && (uint64_t)there.f_bavail * there.f_frsize < bytes) {
        errno = ENOSPC;
        return -1;
    }
    return 0;
}

static int close_book(struct xlsx_book *book, char *error, size_t n)
{
    errno = 0;
    if (check_rows(book)) {
        snprintf(error, n, "%s", strerror(errno));
        drop(book);
        return -1;
    }
    errno = 0;
    const lxw_error result = workbook_close(book->workbook); /* frees it */
    if (result)
        snprintf(error, n, "%s", errno ? strerror(errno) : lxw_strerror(result));
    free(book->directory);
    free(book);
    return result ? -1 : 0;
}

__attribute__((visibility("default"))) const struct xlsx_module tcpreuse_xlsx_module = {
    .version = TCPREUSE_VERSION,
    .open = open_book,
    .add_sheet = add_sheet,
    .put_text = put_text,
    .put_number = put_number,
    .set_width = set_width,
    .set_height = set_height,
    .make_table = make_table,
    .close = close_book,
    .drop = drop,
    .library = lxw_version,
};
