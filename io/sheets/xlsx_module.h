/* The interface of the module that is linked with libxlsxwriter, which writes workbooks of Excel (ECMA-376). Rows go to
 * temporary files as they come, so memory does not grow with them; within a sheet they have to come in order. One thread at
 * a time. */
#ifndef TCPREUSE_XLSX_MODULE_H
#define TCPREUSE_XLSX_MODULE_H

#include <stddef.h>
#include <stdint.h>

/* How a cell looks. */
enum xlsx_style {
    XLSX_PLAIN, /* a text is XLSX_TEXT then */
    XLSX_TEXT,  /* a little away from the number before it */
    XLSX_TITLE,
    XLSX_HEADER,
    XLSX_NUMBER,  /* with separators between thousands */
    XLSX_SECONDS, /* six decimals */
    XLSX_RATIO,   /* four */
    XLSX_PERCENT,
    XLSX_DATE, /* of a number of days since 1899-12-30: date and time in milliseconds */
    XLSX_WRAPPED,
    /* On a fill of this colour: */
    XLSX_GREEN,
    XLSX_BLUE,
    XLSX_YELLOW,
    XLSX_RED,
    XLSX_VIOLET,
    XLSX_GREY,
    XLSX_STYLES
};

enum {
    XLSX_ROWS = 1048576,    /* of a sheet */
    XLSX_TEXT_MAX = 32767,  /* characters in a cell; longer ones are refused */
    XLSX_DAYS_1970 = 25569, /* 1970-01-01 as a date */
};

struct xlsx_book;
struct xlsx_sheet;

struct xlsx_module {
    const char *version; /* TCPREUSE_VERSION */
    /* Nothing is written to path before close(); temporary files go to the directory, and have no names. NULL with errno. */
    struct xlsx_book *(*open)(const char *path, const char *directory);
    /* The book owns it. name: up to 31 characters, other than that of any other sheet. NULL with errno. */
    struct xlsx_sheet *(*add_sheet)(struct xlsx_book *book, const char *name);
    /* text: valid UTF-8 without control characters. 0, or -1 with errno. */
    int (*put_text)(struct xlsx_book *book, struct xlsx_sheet *sheet, uint32_t row, uint16_t column,
                    const char *text, enum xlsx_style style);
    int (*put_number)(struct xlsx_book *book, struct xlsx_sheet *sheet, uint32_t row, uint16_t column,
                      double n, enum xlsx_style style);
    /* In characters. */
    void (*set_width)(struct xlsx_sheet *sheet, uint16_t column, unsigned width);
    /* In lines of text, of the row that is being written. */
    void (*set_height)(struct xlsx_sheet *sheet, uint32_t row, unsigned lines);
    /* The table's header is in the first row and stays in view, with so many columns; each column gets a filter. */
    void (*make_table)(struct xlsx_sheet *sheet, uint32_t last_row, uint16_t columns, uint16_t frozen);
    /* Writes the file and frees the book, whatever comes of it. 0, or -1 with the reason in error. */
    int (*close)(struct xlsx_book *book, char *error, size_t n);
    /* Frees the book, and writes nothing. NULL is fine. */
    void (*drop)(struct xlsx_book *book);
    const char *(*library)(void); /* its version */
};

#define XLSX_MODULE_FILE   "tcpreuse_xlsx.so"
#define XLSX_MODULE_SYMBOL "tcpreuse_xlsx_module"
extern const struct xlsx_module tcpreuse_xlsx_module;

#endif
