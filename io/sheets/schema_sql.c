/* The schema in SQL. Only what DuckDB and SQLite have in common: types that mean the same in both, comments behind two
 * hyphens, names without quotes. How rows are loaded differs, so that stands in comments. */
#include "io/reports/names.h"
#include "io/sheets/schema.h"

/* SQLite keeps decimals as doubles, and all others of these as they are. */
static const char *const sql_types[COLUMN_TYPES] = {
    [COLUMN_NUMBER] = "BIGINT",
    [COLUMN_TIME] = "DECIMAL(20,9)",
    [COLUMN_SECONDS] = "DECIMAL(20,9)", /* 11 digits before the point: differences of times */
    [COLUMN_RATIO] = "DOUBLE",
    [COLUMN_FLAG] = "BOOLEAN",
    [COLUMN_WORD] = "TEXT",
    [COLUMN_WORDS] = "TEXT",
    [COLUMN_NUMBERS] = "TEXT",
    [COLUMN_ADDRESS] = "TEXT",
    [COLUMN_UTC] = "TEXT", /* a TIMESTAMP ends at microseconds */
    [COLUMN_TEXT] = "TEXT",
};

/* The columns that the files of a report have, one after another. */
static const struct column *next_column(const struct sink *sink, enum report report,
                                        const struct column *column)
{
    const struct report_columns *columns = &report_columns[report];
    const struct column *end = columns->items + columns->count;
    for (column = column ? column + 1 : columns->items; column < end; column++)
        if (column_is_written(column, sink))
            return column;
    return NULL;
}

static void put_table(const struct sink *sink, enum report report, FILE *to)
{
    fprintf(to, "\n-- %s: %s\nCREATE TABLE %s (\n", report_names[report], report_columns[report].about,
            report_names[report]);
    const struct column *next = next_column(sink, report, NULL);
    for (const struct column *c; (c = next);) {
        next = next_column(sink, report, c);
        fprintf(to, "    %s %s%s%s -- %s", c->name, sql_types[c->type], c->may_be_empty ? "" : " NOT NULL",
                next ? "," : "", c->meaning);
        if (c->unit)
            fprintf(to, " [%s]", c->unit);
        const char *separator = " (";
        for (unsigned i = 0; i < c->word_count; i++) {
            if (!*c->words[i])
                continue;
            fprintf(to, "%s%s", separator, c->words[i]);
            separator = ", ";
        }
        fprintf(to, "%s\n", c->words ? ")" : "");
    }
    fprintf(to, ");\n");
}

/* The lines that load the report, each behind `tag`. */
static void put_load(struct csv_sink *reports, enum report report, bool sqlite, FILE *to)
{
    const char *name = report_names[report], *separator = " ";
    for (const char *file = NULL; (file = csv_sink_next_file(reports, report, file));) {
        if (sqlite)
            fprintf(to, "-- SQLite> .import --csv --skip 1 %s %s\n", file, name);
        else
            fprintf(to, "-- DuckDB> COPY %s FROM '%s' (HEADER);\n", name, file);
    }
    if (!sqlite)
        return;
    /* .import knows no NULL. */
    for (const struct column *c = NULL; (c = next_column(csv_sink_sink(reports), report, c));) {
        if (!c->may_be_empty)
            continue;
        if (*separator == ' ')
            fprintf(to, "-- SQLite> UPDATE %s SET", name);
        fprintf(to, "%s %s = NULLIF(%s, '')", *separator == ' ' ? "" : separator, c->name, c->name);
        separator = ",";
    }
    if (*separator == ',')
        fprintf(to, ";\n");
}

static void put_loads(struct csv_sink *reports, bool sqlite, FILE *to)
{
    for (int r = 0; r < REPORTS; r++)
        if (csv_sink_next_file(reports, (enum report)r, NULL))
            put_load(reports, (enum report)r, sqlite, to);
}

/* Columns of a conversation under other names, since those of the reuse begin with previous_. */
static void put_side(const struct sink *sink, const char *side, FILE *to)
{
    for (const struct column *c = NULL; (c = next_column(sink, REPORT_CONVERSATIONS, c));)
        if (c != report_columns[REPORT_CONVERSATIONS].items) /* its stream; the reuse has it */
            fprintf(to, ",\n    %s_one.%s AS %s_%s", side, c->name, side, c->name);
}

static void put_view(const struct sink *sink, FILE *to)
{
    fprintf(to, "\n-- Each reuse with the conversation that had the ports before (old_...), and the one that "
                "it opens "
                "(new_...).\n"
                "CREATE VIEW reuse_conversations AS\nSELECT reuse.*");
    put_side(sink, "old", to);
    put_side(sink, "new", to);
    fprintf(to, "\nFROM reuse\n"
                "LEFT JOIN conversations AS old_one ON old_one.stream = reuse.previous_stream\n"
                "LEFT JOIN conversations AS new_one ON new_one.stream = reuse.stream;\n");
}

void schema_put_sql(struct csv_sink *reports, FILE *to)
{
    const struct sink *sink = csv_sink_sink(reports);
    fprintf(
        to,
        "-- Tables for the reports of tcpreuse " TCPREUSE_VERSION ", in SQL for DuckDB and SQLite.\n"
        "-- Times are seconds since 1970-01-01 UTC. SQLite keeps them as doubles, which hold microseconds.\n"
        "--\n"
        "-- These lines load the reports, once the tables are there:\n"
        "--   sed -n 's/^-- DuckDB> //p' " SCHEMA_FILE " | duckdb reports.db\n"
        "--   sed -n 's/^-- SQLite> //p' " SCHEMA_FILE " | sqlite3 reports.db\n--\n");
    put_loads(reports, false, to);
    fprintf(to, "--\n");
    put_loads(reports, true, to);
    for (int r = 0; r < REPORTS; r++)
        if (csv_sink_next_file(reports, (enum report)r, NULL))
            put_table(sink, (enum report)r, to);
    if (csv_sink_next_file(reports, REPORT_REUSE, NULL) &&
        csv_sink_next_file(reports, REPORT_CONVERSATIONS, NULL))
        put_view(sink, to);
}
