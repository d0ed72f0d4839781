/* The data package: which files there are, and what their columns hold. */
#include "io/reports/json.h"
#include "io/reports/names.h"
#include "io/sheets/schema.h"

#include <stdlib.h>

static const char *const field_types[COLUMN_TYPES] = {
    [COLUMN_NUMBER] = "integer", [COLUMN_TIME] = "number",    [COLUMN_SECONDS] = "number",
    [COLUMN_RATIO] = "number",   [COLUMN_FLAG] = "boolean",   [COLUMN_WORD] = "string",
    [COLUMN_WORDS] = "string",   [COLUMN_NUMBERS] = "string", [COLUMN_ADDRESS] = "string",
    [COLUMN_UTC] = "datetime",   [COLUMN_TEXT] = "string",
};

static void put_words(struct json *j, const char *name, const struct column *c)
{
    json_begin_array(j, name, JSON_INLINE);
    for (unsigned i = 0; i < c->word_count; i++)
        if (*c->words[i])
            json_string(j, NULL, c->words[i]);
    json_end(j);
}

static void put_one(struct json *j, const char *name, const char *word)
{
    json_begin_array(j, name, JSON_INLINE);
    json_string(j, NULL, word);
    json_end(j);
}

/* kind, unit, source, words and only are ours; the others the specification's. */
static void put_field(struct json *j, const struct column *c)
{
    json_begin_object(j, NULL, JSON_LINES);
    json_string(j, "name", c->name);
    json_string(j, "type", field_types[c->type]);
    if (c->type == COLUMN_FLAG) {
        put_one(j, "trueValues", "1");
        put_one(j, "falseValues", "0");
    }
    json_string(j, "kind", column_type_names[c->type]);
    if (c->unit)
        json_string(j, "unit", c->unit);
    json_string(j, "description", c->meaning);
    json_string(j, "source", c->source);
    if (*column_when_texts[c->when])
        json_string(j, "only", column_when_texts[c->when]);
    if (c->type == COLUMN_WORDS && c->words)
        put_words(j, "words", c);
    json_begin_object(j, "constraints", JSON_INLINE);
    json_bool(j, "required", !c->may_be_empty);
    if (c->type == COLUMN_WORD)
        put_words(j, "enum", c);
    json_end(j);
    json_end(j);
}

static void put_key(struct json *j, const char *column)
{
    json_begin_object(j, NULL, JSON_LINES);
    json_string(j, "fields", column);
    json_begin_object(j, "reference", JSON_INLINE);
    json_string(j, "resource", report_names[REPORT_CONVERSATIONS]);
    json_string(j, "fields", "stream");
    json_end(j);
    json_end(j);
}

/* Whether all conversations are in one file, which keys can refer to. */
static bool has_conversations(const struct csv_sink *reports)
{
    const char *first = csv_sink_next_file(reports, REPORT_CONVERSATIONS, NULL);
    return first && !csv_sink_next_file(reports, REPORT_CONVERSATIONS, first);
}

static void put_schema(struct json *j, struct csv_sink *reports, enum report report)
{
    const struct report_columns *columns = &report_columns[report];
    json_begin_object(j, "schema", JSON_LINES);
    json_begin_array(j, "fields", JSON_LINES);
    for (unsigned i = 0; i < columns->count; i++)
        if (column_is_written(&columns->items[i], csv_sink_sink(reports)))
            put_field(j, &columns->items[i]);
    json_end(j);
    put_one(j, "missingValues", "");
    if (report == REPORT_CONVERSATIONS)
        json_string(j, "primaryKey", "stream");
    if (report == REPORT_REUSE && has_conversations(reports)) {
        json_begin_array(j, "foreignKeys", JSON_LINES);
        put_key(j, "stream");
        put_key(j, "previous_stream");
        json_end(j);
    }
    json_end(j);
}

static void put_dialect(struct json *j)
{
    json_begin_object(j, "dialect", JSON_INLINE);
    json_string(j, "delimiter", ",");
    json_string(j, "lineTerminator", "\n");
    json_string(j, "quoteChar", "\"");
    json_bool(j, "doubleQuote", true);
    json_bool(j, "header", true);
    json_end(j);
}

static void put_resource(struct json *j, struct csv_sink *reports, enum report report, const char *file)
{
    char name[64]; /* without the suffix: a report's, and two numbers */
    snprintf(name, sizeof name, "%.*s", (int)(strlen(file) - strlen(REPORT_SUFFIX)), file);
    json_begin_object(j, NULL, JSON_LINES);
    json_string(j, "name", name);
    json_string(j, "path", file);
    json_string(j, "profile", "tabular-data-resource");
    json_string(j, "description", report_columns[report].about);
    json_string(j, "format", "csv");
    json_string(j, "mediatype", "text/csv");
    json_string(j, "encoding", "utf-8");
    put_dialect(j);
    put_schema(j, reports, report);
    json_end(j);
}

void schema_put_package(struct csv_sink *reports, FILE *to)
{
    struct json j = {.to = to};
    json_begin_object(&j, NULL, JSON_LINES);
    json_string(&j, "profile", "tabular-data-package");
    json_string(&j, "name", "tcpreuse-reports");
    json_string(&j, "title", "TCP port reuse in packet captures, found by tcpreuse " TCPREUSE_VERSION);
    json_begin_array(&j, "resources", JSON_LINES);
    for (int r = 0; r < REPORTS; r++)
        for (const char *file = NULL; (file = csv_sink_next_file(reports, (enum report)r, file));)
            put_resource(&j, reports, (enum report)r, file);
    json_end(&j);
    json_end(&j);
}
