/* The workbook: takes the rows of CSV apart and puts their fields into cells, each as what its column holds. A sheet that is
 * full is continued in another one. */
#include "io/sheets/workbook.h"
#include "io/reports/names.h"
#include "io/reports/text.h"
#include "io/sheets/workbook_pages.h"
#include "io/sheets/xlsx_load.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>

enum { TABLE_COLUMNS = 64, WIDTH_LEAST = 8, WIDTH_MOST = 60, BILLION = 1000000000 };

/* The rows of a report. */
struct sheet_table {
    struct xlsx_sheet *sheet; /* the one being filled; NULL: none yet */
    unsigned number;          /* of sheets */
    uint32_t row;             /* the next one */
    uint16_t columns, frozen;
    uint16_t place[TABLE_COLUMNS]; /* by index in report_columns: column of the sheet */
    uint16_t width[TABLE_COLUMNS]; /* by column of the sheet: characters */
};

struct workbook {
    struct row_taker taker;
    struct workbook_params params;
    struct output *file;
    pthread_mutex_t lock; /* guards all below, since reports may be written by several threads */
    struct cells cells;
    struct xlsx_sheet *summary; /* the first one, filled last */
    struct sheet_table tables[REPORTS];
    struct text field;
};

static const char *const sheet_names[REPORTS] = {[REPORT_REUSE] = "Reuses", [REPORT_ENDPOINTS] = "Endpoints"};

/* Columns are in the order of the CSV, but for the verdict of a reuse: it comes first, so that it stays in view with the frame
 * and the time. */
static void lay_out(struct sheet_table *t, enum report report, const struct sink *sink)
{
    const struct report_columns *columns = &report_columns[report];
    const struct column *first = NULL;
    for (unsigned i = 0; i < columns->count && report == REPORT_REUSE; i++)
        if (columns->items[i].words == verdict_names && column_is_written(&columns->items[i], sink))
            first = &columns->items[i];
    t->columns = first != NULL;
    for (unsigned i = 0; i < columns->count; i++) {
        const struct column *c = &columns->items[i];
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): where there is a count there are items */
        if (c->type == COLUMN_UTC || column_is_written(c, sink))
            t->place[i] = c == first ? 0 : t->columns++;
    }
    t->frozen = report == REPORT_REUSE ? 2 + (first != NULL) : 3;
}

static void widen(struct sheet_table *t, uint16_t column, size_t width)
{
    t->width[column] = (uint16_t)MAX(t->width[column], MIN(width, (size_t)WIDTH_MOST));
}

/* Widths and filters of a sheet that gets no more rows. */
static void end_sheet(struct workbook *w, struct sheet_table *t)
{
    if (!t->sheet || w->cells.error)
        return;
    for (uint16_t i = 0; i < t->columns; i++)
        w->cells.xlsx->set_width(t->sheet, i, MAX(t->width[i], WIDTH_LEAST) + 1u);
    w->cells.xlsx->make_table(t->sheet, t->row - 1, t->columns, t->frozen);
}

static void begin_sheet(struct workbook *w, enum report report, const struct sink *sink)
{
    enum { BUTTON = 3 }; /* of the filter, in characters */
    struct sheet_table *t = &w->tables[report];
    char name[32];
    end_sheet(w, t);
    if (!t->number)
        lay_out(t, report, sink);
    t->number++;
    snprintf(name, sizeof name, t->number > 1 ? "%s %u" : "%s", sheet_names[report], t->number);
    t->sheet = cells_add_sheet(&w->cells, name);
    t->row = 1;
    for (unsigned i = 0; i < report_columns[report].count; i++) {
        const struct column *c = &report_columns[report].items[i];
        if (c->type != COLUMN_UTC && !column_is_written(c, sink))
            continue;
        cells_put_text(&w->cells, t->sheet, 0, t->place[i], c->name, XLSX_HEADER);
        widen(t, t->place[i], strlen(c->name) + BUTTON);
    }
}

/* The next field of a row, without quotes; *at goes behind the comma or the line break. NULL when memory is short. */
static const char *next_field(struct text *field, const char **at)
{
    const char *p = *at;
    const bool quoted = *p == '"';
    field->length = 0;
    for (p += quoted;; p++) {
        if (quoted ? *p == '"' && *++p != '"' : *p == ',' || *p == '\n')
            break;
        char *room = text_room(field, 2);
        if (!room)
            return NULL;
        *room = *p;
        field->length++;
    }
    char *end = text_room(field, 1);
    if (!end)
        return NULL;
    *end = 0;
    *at = p + 1;
    return field->bytes;
}

/* Of the CSV. */
static int64_t parse_time(const char *text, unsigned *decimals)
{
    const bool negative = *text == '-';
    const char *point = strchr(text, '.');
    uint64_t fraction = 0;
    *decimals = point ? (unsigned)strlen(point + 1) : 0;
    for (unsigned i = 0; i < 9; i++)
        fraction = 10 * fraction + (i < *decimals ? (uint64_t)(point[1 + i] - '0') : 0);
    const uint64_t ns = strtoull(text + negative, NULL, 10) * BILLION + fraction;
    return (int64_t)(negative ? -ns : ns);
}

static void put_date(struct workbook *w, struct sheet_table *t, uint16_t column, const char *text)
{
    enum { WIDTH = 23 };
    static const int64_t day = INT64_C(86400) * BILLION;
    unsigned decimals;
    const int64_t ns = parse_time(text, &decimals);
    const int64_t days = ns / day - (ns < 0);
    /* Not ns - days * day, which may overflow. */
    const double rest = (double)(ns % day + (ns < 0 ? day : 0)) / (double)day;
    cells_put_number(&w->cells, t->sheet, t->row, column, XLSX_DAYS_1970 + (double)days + rest, XLSX_DATE);
    widen(t, column, WIDTH);
}

/* time: the last field of type COLUMN_TIME. */
static void put_utc(struct workbook *w, struct sheet_table *t, uint16_t column, const char *time)
{
    char utc[TEXT_UTC_MAX + TEXT_BEYOND + 2];
    unsigned decimals;
    const int64_t ns = parse_time(time, &decimals);
    strcpy(text_utc(utc, ns, decimals), "Z");
    cells_put_text(&w->cells, t->sheet, t->row, column, utc, XLSX_PLAIN);
    widen(t, column, strlen(utc));
}

static enum xlsx_style style_of_word(const struct column *c, const char *word)
{
    for (unsigned i = 0; c->words == verdict_names && i < VERDICT_WORDS; i++)
        if (!strcmp(word, verdict_names[i]))
            return cells_verdict_style(i);
    return XLSX_PLAIN;
}

static void put_field(struct workbook *w, struct sheet_table *t, const struct column *c, uint16_t column,
                      const char *text)
{
    static const enum xlsx_style styles[COLUMN_TYPES] = {
        [COLUMN_NUMBER] = XLSX_PLAIN, [COLUMN_SECONDS] = XLSX_SECONDS, [COLUMN_RATIO] = XLSX_RATIO};
    if (!*text)
        return;
    switch (c->type) {
    case COLUMN_TIME:
        put_date(w, t, column, text);
        return;
    case COLUMN_NUMBER:
    case COLUMN_SECONDS:
    case COLUMN_RATIO:
    case COLUMN_FLAG:
        cells_put_number(&w->cells, t->sheet, t->row, column, strtod(text, NULL), styles[c->type]);
        break;
    default:
        cells_put_text(&w->cells, t->sheet, t->row, column, text, style_of_word(c, text));
    }
    widen(t, column, strlen(text));
}

/* One row; returns its end, or NULL when memory is short. */
static const char *put_row(struct workbook *w, enum report report, const struct sink *sink, const char *at)
{
    struct sheet_table *t = &w->tables[report];
    char time[TEXT_TIME_MAX + 1] = "";
    for (unsigned i = 0; i < report_columns[report].count; i++) {
        const struct column *c = &report_columns[report].items[i];
        const char *text = "";
        if (column_is_written(c, sink) && !(text = next_field(&w->field, &at)))
            return NULL;
        if (c->type == COLUMN_TIME)
            snprintf(time, sizeof time, "%s", text);
        if (c->type == COLUMN_UTC)
            put_utc(w, t, t->place[i], time);
        else
            put_field(w, t, c, t->place[i], text);
    }
    t->row++;
    return at;
}

static void take(struct row_taker *taker, const struct sink *sink, enum report report,
                 const struct text *rows)
{
    struct workbook *w = (struct workbook *)taker;
    struct sheet_table *t = &w->tables[report];
    pthread_mutex_lock(&w->lock);
    for (const char *at = rows->bytes, *end = at + rows->length;
         rows->length && at < end && !w->cells.error;) {
        if (!t->sheet || t->row == w->params.split_rows)
            begin_sheet(w, report, sink);
        if (!w->cells.error && !(at = put_row(w, report, sink, at)))
            w->cells.error = ENOMEM;
    }
    pthread_mutex_unlock(&w->lock);
}

static void tell_error(const struct workbook *w, const char *why)
{
    outputs_tell(w->params.failures, w->params.directory, XLSX_FILE, why);
}

struct workbook *workbook_create(const struct workbook_params *params)
{
    char error[512], path[32];
    struct workbook *w = calloc(1, sizeof *w);
    if (!w) {
        outputs_tell(params->failures, params->directory, XLSX_FILE, outputs_explain(ENOMEM));
        return NULL;
    }
    pthread_mutex_init(&w->lock, NULL);
    w->params = *params;
    if (!w->params.split_rows || w->params.split_rows > XLSX_ROWS)
        w->params.split_rows = XLSX_ROWS;
    w->taker.take = take;
    w->taker.wants[REPORT_REUSE] = true;
    w->taker.wants[REPORT_ENDPOINTS] = params->endpoints;
    w->cells.xlsx = xlsx_load(error, sizeof error);
    if (!w->cells.xlsx) {
        tell_error(w, error);
        goto fail;
    }
    w->file = output_create(params->outputs, XLSX_FILE);
    if (!w->file) {
        tell_error(w, outputs_explain(errno));
        goto fail;
    }
    /* The library opens files by their names only. */
    snprintf(path, sizeof path, "/proc/self/fd/%d", output_descriptor(w->file));
    w->cells.book = w->cells.xlsx->open(path, params->directory);
    w->summary = w->cells.book ? cells_add_sheet(&w->cells, "Summary") : NULL;
    if (!w->summary) {
        tell_error(w, outputs_explain(errno));
        goto fail;
    }
    return w;
fail:
    workbook_destroy(w);
    return NULL;
}

struct row_taker *workbook_taker(struct workbook *w)
{
    return &w->taker;
}

int workbook_write(struct workbook *w, const struct sink *sink, const struct summary *summary)
{
    char error[256];
    for (int r = 0; r < REPORTS; r++) {
        if (w->taker.wants[r] && !w->tables[r].sheet)
            begin_sheet(w, (enum report)r, sink);
        end_sheet(w, &w->tables[r]);
    }
    workbook_put_columns(&w->cells, sink, w->taker.wants);
    workbook_put_summary(&w->cells, w->summary, summary);
    struct output *file = w->file;
    int result = -1;
    w->file = NULL;
    if (w->cells.error) {
        snprintf(error, sizeof error, "%s", outputs_explain(w->cells.error));
    } else {
        struct xlsx_book *book = w->cells.book;
        w->cells.book = NULL;
        result = w->cells.xlsx->close(book, error, sizeof error);
    }
    if (result)
        output_discard(file);
    else if ((result = output_commit(file)))
        snprintf(error, sizeof error, "%s", outputs_explain(errno));
    if (result)
        tell_error(w, error);
    return result;
}

void workbook_destroy(struct workbook *w)
{
    if (!w)
        return;
    if (w->cells.xlsx)
        w->cells.xlsx->drop(w->cells.book);
    pthread_mutex_destroy(&w->lock);
    free(w->cells.scratch.bytes);
    free(w->field.bytes);
    output_discard(w->file);
    free(w);
}
