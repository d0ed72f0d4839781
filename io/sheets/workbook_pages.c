/* The summary, and the explanation of columns, as sheets. */
#include "io/sheets/workbook_pages.h"
#include "io/reports/names.h"
#include "io/reports/summary_counts.h"
#include "io/reports/verdict_words.h"

#include <stdio.h>

/* A sheet being filled from the top. */
struct page_rows {
    struct cells *cells;
    struct xlsx_sheet *sheet;
    const unsigned *widths; /* of the columns, in characters */
    uint32_t row;
    uint32_t tall; /* the last row that was made higher, and by how many lines it is */
    unsigned lines;
};

static void put(struct page_rows *p, uint16_t column, const char *text, enum xlsx_style style)
{
    cells_put_text(p->cells, p->sheet, p->row, column, text, style);
    if (style != XLSX_WRAPPED || p->cells->error)
        return;
    /* A line ends between words, so it has fewer characters than there is room for. Programs set the height of rows by the
     * text only where somebody changes it. */
    enum { WORD = 6 };
    const unsigned lines = 1 + (unsigned)strlen(text) / (p->widths[column] - WORD);
    if (lines == 1 || (p->tall == p->row && lines <= p->lines))
        return;
    p->tall = p->row;
    p->lines = lines;
    p->cells->xlsx->set_height(p->sheet, p->row, lines);
}

static void put_number(struct page_rows *p, uint16_t column, uint64_t n)
{
    cells_put_number(p->cells, p->sheet, p->row, column, (double)n, XLSX_NUMBER);
}

/* Begins a table, after an empty row. */
static void put_header(struct page_rows *p, const char *const *names, unsigned count)
{
    p->row += 2;
    for (unsigned i = 0; i < count; i++)
        put(p, (uint16_t)i, names[i], XLSX_HEADER);
}

static void put_counts(struct page_rows *p, const struct summary *s)
{
    const struct pipeline_totals *t = s->totals;
    const struct {
        const char *name;
        uint64_t n;
        bool there;
    } counts[] = {
        {"files read", s->files_opened, !s->ports},
        {"frames", t->frames, true},
        {"frames with TCP", t->decoded.frames[OUTCOME_WITH_TCP], true},
        {"frames without TCP", t->decoded.frames[OUTCOME_WITHOUT_TCP], true},
        {"frames truncated", t->decoded.frames[OUTCOME_TRUNCATED], true},
        {"frames malformed", t->decoded.frames[OUTCOME_MALFORMED], true},
        {"frames unsupported", t->decoded.frames[OUTCOME_UNSUPPORTED], true},
        {"frames ignored", t->decoded.frames[OUTCOME_IGNORED], true},
        {"conversations", t->conversations, true},
        {"distinct pairs of endpoints", t->tuples, true},
        {"reuses", summary_count_reuses(s), true},
    };
    static const char *const names[] = {"read and found", "number"};
    put_header(p, names, ARRAY_LEN(names));
    for (unsigned i = 0; i < ARRAY_LEN(counts); i++) {
        if (!counts[i].there)
            continue;
        p->row++;
        put(p, 0, counts[i].name, XLSX_PLAIN);
        put_number(p, 1, counts[i].n);
    }
}

static void put_share(struct page_rows *p, const struct summary *s, uint64_t n)
{
    const uint64_t all = summary_count_reuses(s);
    put_number(p, 1, n);
    if (all)
        cells_put_number(p->cells, p->sheet, p->row, 2, (double)n / (double)all, XLSX_PERCENT);
}

static void put_verdicts(struct page_rows *p, const struct summary *s)
{
    static const char *const names[] = {"verdict", "reuses", "share", "meaning", "what to look at next"};
    if (!s->verdicts)
        return;
    put_header(p, names, ARRAY_LEN(names));
    for (unsigned i = 0; i < VERDICT_WORDS; i++) {
        p->row++;
        put(p, 0, verdict_names[i], cells_verdict_style(i));
        put_share(p, s, s->totals->verdicts[i]);
        put(p, 3, verdict_words[i].meaning, XLSX_WRAPPED);
        put(p, 4, verdict_words[i].next, XLSX_WRAPPED);
    }
}

static void put_triggers(struct page_rows *p, const struct summary *s)
{
    static const char *const names[] = {"trigger", "reuses", "share"};
    put_header(p, names, ARRAY_LEN(names));
    for (unsigned i = 0; i < SUMMARY_TRIGGERS; i++) {
        p->row++;
        put(p, 0, trigger_names[summary_triggers[i]], XLSX_PLAIN);
        put_share(p, s, s->totals->reuses[summary_triggers[i]]);
    }
}

static void put_left_out(struct page_rows *p, const struct summary *s)
{
    static const char *const names[] = {"frames left out", "frames", "", "what"};
    const struct notes *notes = &s->totals->decoded.notes;
    if (notes->count)
        put_header(p, names, ARRAY_LEN(names));
    for (uint32_t i = 0; i < notes->count; i++) {
        char what[SUMMARY_NOTE_MAX];
        p->row++;
        put(p, 0, outcome_name(notes->items[i].outcome), XLSX_PLAIN);
        put_number(p, 1, notes->items[i].frames);
        put(p, 3, summary_describe_note(&notes->items[i], what), XLSX_WRAPPED);
    }
}

static void put_problem_rows(struct page_rows *p, const struct problems *problems)
{
    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *problem = &problems->items[i];
        p->row++;
        put(p, 0, problem->note ? "note" : "error", problem->note ? XLSX_PLAIN : XLSX_RED);
        if (problem->has_offset)
            put_number(p, 1, problem->offset);
        put(p, 3, problem->text ? problem->text : "out of memory", XLSX_WRAPPED);
        put(p, 4, problem->file ? problem->file : "", XLSX_WRAPPED);
    }
}

/* Errors and notes about the input, and errors of the run. */
static void put_problems(struct page_rows *p, const struct summary *s)
{
    static const char *const names[] = {"problem", "offset", "", "message", "file"};
    if (s->problems->count || s->failures->count)
        put_header(p, names, ARRAY_LEN(names));
    put_problem_rows(p, s->problems);
    put_problem_rows(p, s->failures);
}

void workbook_put_summary(struct cells *c, struct xlsx_sheet *sheet, const struct summary *s)
{
    static const unsigned widths[] = {27, 14, 8, 72, 72};
    struct page_rows p = {.cells = c, .sheet = sheet, .widths = widths};
    char text[96];
    put(&p, 0, "TCP port reuse", XLSX_TITLE);
    snprintf(text, sizeof text, "tcpreuse " TCPREUSE_VERSION ", rules of Wireshark %s%s",
             rules_names[s->rules],
             s->totals->stopped ? "; interrupted, so this is a part only"
             : s->complete      ? ""
                                : "; with errors, so this may be a part only: see below");
    p.row++;
    put(&p, 0, text, XLSX_PLAIN);
    put_counts(&p, s);
    put_verdicts(&p, s);
    put_triggers(&p, s);
    put_left_out(&p, s);
    put_problems(&p, s);
    for (uint16_t i = 0; i < ARRAY_LEN(widths) && !c->error; i++)
        c->xlsx->set_width(sheet, i, widths[i]);
}

/* Without the marks of CommonMark. */
static void put_plain(struct page_rows *p, uint16_t column, const char *text, enum xlsx_style style)
{
    char plain[512];
    size_t n = 0;
    for (; *text && n < sizeof plain - 1; text++)
        if (*text != '`' && *text != '*')
            plain[n++] = *text;
    plain[n] = 0;
    put(p, column, plain, style);
}

static void put_unit(struct page_rows *p, const struct column *column)
{
    char text[256];
    size_t n = (size_t)snprintf(text, sizeof text, "%s", column->unit ? column->unit : "");
    for (unsigned i = 0; i < column->word_count && n < sizeof text; i++)
        if (*column->words[i])
            n += (size_t)snprintf(text + n, sizeof text - n, "%s%s", n ? ", " : "", column->words[i]);
    put(p, 3, text, XLSX_WRAPPED);
}

void workbook_put_columns(struct cells *c, const struct sink *sink, const bool reports[REPORTS])
{
    static const char *const names[] = {"report", "column", "type", "unit or values", "meaning", "source"};
    static const unsigned widths[] = {13, 24, 12, 50, 80, 26};
    struct page_rows p = {.cells = c, .sheet = cells_add_sheet(c, "Columns"), .widths = widths};
    /* NOLINTNEXTLINE(bugprone-too-small-loop-variable): there are few */
    for (uint16_t i = 0; i < ARRAY_LEN(names); i++)
        put(&p, i, names[i], XLSX_HEADER);
    for (unsigned r = 0; r < REPORTS; r++) {
        for (unsigned i = 0; reports[r] && i < report_columns[r].count; i++) {
            const struct column *column = &report_columns[r].items[i];
            if (column->type != COLUMN_UTC && !column_is_written(column, sink))
                continue;
            p.row++;
            put(&p, 0, report_names[r], XLSX_PLAIN);
            put(&p, 1, column->name, XLSX_PLAIN);
            put(&p, 2, column_type_names[column->type], XLSX_PLAIN);
            put_unit(&p, column);
            put_plain(&p, 4, column->meaning, XLSX_WRAPPED);
            put_plain(&p, 5, column->source, XLSX_PLAIN);
        }
    }
    for (uint16_t i = 0; i < ARRAY_LEN(widths) && !c->error; i++)
        c->xlsx->set_width(p.sheet, i, widths[i]);
    if (!c->error)
        c->xlsx->make_table(p.sheet, p.row, ARRAY_LEN(names), 2);
}
