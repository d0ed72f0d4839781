/* Rows of JSON made of rows of CSV: of the reports that have few, so that their fields are written in one place. The
 * table of columns says what each field is. None of these fields is ever quoted: they are numbers, addresses, and
 * words of ours. */
#include "io/reports/ndjson_fields.h"
#include "io/columns/columns.h"
#include "io/reports/csv_endpoint.h"
#include "io/reports/csv_rows.h"
#include "io/reports/ndjson_text.h"
#include "io/reports/text.h"

#include <stdlib.h>

/* What other namings call a column; all others as the CSV does, and in ECS in a field set of their own. */
static const struct renamed {
    enum report report;
    const char *column, *ecs, *zeek;
} renamed[] = {
    {REPORT_EPISODES, "client", "source.ip", "id.orig_h"},
    {REPORT_EPISODES, "client_port", "source.port", "id.orig_p"},
    {REPORT_EPISODES, "server", "destination.ip", "id.resp_h"},
    {REPORT_EPISODES, "server_port", "destination.port", "id.resp_p"},
    {REPORT_EPISODES, "first_time", "@timestamp", "ts"},
    {REPORT_EPISODES, "vlan", "network.vlan.id", "vlan"},
    {REPORT_EPISODES, "interface", "observer.ingress.interface.id", "interface"},
};

/* What ECS wants to know of any event; a row of endpoints has no time, and is no event. */
static const char *const ecs_more[REPORTS] = {
    [REPORT_EPISODES] =
        ",\"ecs.version\":\"8.11.0\",\"event.kind\":\"event\",\"event.category\":[\"network\"],"
        "\"event.type\":[\"connection\"],\"event.dataset\":\"tcpreuse.episodes\","
        "\"network.transport\":\"tcp\"",
    [REPORT_ENDPOINTS] = ",\"ecs.version\":\"8.11.0\",\"event.kind\":\"metric\","
                         "\"event.dataset\":\"tcpreuse.endpoints\",\"network.transport\":\"tcp\"",
};

enum {
    NAME_MAX_LENGTH = 64,                     /* of a member, with its punctuation */
    FIELD_MORE = NAME_MAX_LENGTH + 8 + 3 * 4, /* beyond the field itself, lists of words aside */
    ROW_MORE = 512,                           /* what ECS wants, and the ends */
};

static const struct renamed *find_renamed(enum report report, const char *column)
{
    for (unsigned i = 0; i < ARRAY_LEN(renamed); i++)
        if (renamed[i].report == report && !strcmp(renamed[i].column, column))
            return &renamed[i];
    return NULL;
}

static char *put_key(char *p, enum naming naming, enum report report, const char *column)
{
    const struct renamed *const other = find_renamed(report, column);
    *p++ = '"';
    if (naming == NAMING_OURS || (naming == NAMING_ZEEK && !other))
        p = ndjson_put(p, column);
    else if (other)
        p = ndjson_put(p, naming == NAMING_ECS ? other->ecs : other->zeek);
    else
        p = ndjson_put(ndjson_put(p, "tcpreuse."), column);
    return ndjson_put(p, "\":");
}

static char *put_bytes(char *p, const char *s, size_t n)
{
    memcpy(p, s, n);
    return p + n;
}

/* Words or numbers that spaces separate. */
static char *put_list(char *p, const char *s, const char *end, const char *quote)
{
    *p++ = '[';
    for (bool first = true; s < end; first = false) {
        const char *const stop = memchr(s, ' ', (size_t)(end - s)), *const next = stop ? stop : end;
        p = ndjson_put(p, first ? "" : ",");
        p = ndjson_put(put_bytes(ndjson_put(p, quote), s, (size_t)(next - s)), quote);
        s = stop ? stop + 1 : end;
    }
    *p++ = ']';
    return p;
}

static char *put_field(char *p, const struct column *column, const char *s, const char *end)
{
    switch (column->type) {
    case COLUMN_WORDS:
        return put_list(p, s, end, "\"");
    case COLUMN_NUMBERS:
        return put_list(p, s, end, "");
    default:
        break;
    }
    if (s == end)
        return ndjson_put(p, "null");
    const bool is_number = column->type == COLUMN_NUMBER || column->type == COLUMN_TIME ||
                           column->type == COLUMN_SECONDS || column->type == COLUMN_RATIO;
    const char *const quote = is_number ? "" : "\"";
    return ndjson_put(put_bytes(ndjson_put(p, quote), s, (size_t)(end - s)), quote);
}

/* row: with a zero at its end. time_utc: its time as ECS has it; NULL: the report has none. */
static int put_fields(struct sink *sink, struct text *text, enum naming naming, enum report report,
                      const char *row, const char *time_utc)
{
    const struct report_columns *const columns = &report_columns[report];
    /* A list has three bytes more for each of its words. */
    char *const start = text_room(text, 4 * strlen(row) + columns->count * FIELD_MORE + ROW_MORE), *p = start;
    if (!p)
        return -1;
    *p++ = '{';
    const char *field = row;
    for (unsigned i = 0; i < columns->count; i++) {
        const struct column *const column = &columns->items[i];
        if (!column_is_written(column, sink))
            continue;
        const char *const end = field + strcspn(field, ",\n");
        if (field > row)
            *p++ = ',';
        p = put_key(p, naming, report, column->name);
        if (naming == NAMING_ECS && column->type == COLUMN_TIME && find_renamed(report, column->name))
            p = ndjson_word(p, time_utc);
        else
            p = put_field(p, column, field, end);
        field = end + 1;
    }
    if (naming == NAMING_ECS)
        p = ndjson_put(p, ecs_more[report]);
    p = ndjson_put(p, "}\n");
    text->length += (size_t)(p - start);
    return 0;
}

/* The same of a row that may not have been made; frees it. */
static int put_and_free(struct sink *sink, struct text *text, enum naming naming, enum report report,
                        struct text *row, int failed, const char *time_utc)
{
    char *const end = failed ? NULL : text_room(row, 1);
    if (end) {
        *end = 0;
        failed = put_fields(sink, text, naming, report, row->bytes, time_utc);
    }
    free(row->bytes);
    return end ? failed : -1;
}

int ndjson_format_episode(enum naming naming, struct sink *sink, struct text *text,
                          const struct episode_row *row)
{
    struct text csv = {0};
    char time[TEXT_UTC_MAX + TEXT_BEYOND + 2];
    const int failed = csv_format_episode(sink, &csv, row);
    char *p = text_utc(time, row->attempts->first_time, row->attempts->decimals);
    *p++ = 'Z';
    *p = 0;
    return put_and_free(sink, text, naming, REPORT_EPISODES, &csv, failed, time);
}

int ndjson_format_endpoint(enum naming naming, struct sink *sink, struct text *text,
                           const struct endpoint_row *row)
{
    struct text csv = {0};
    const int failed = csv_format_endpoint(sink, &csv, row);
    return put_and_free(sink, text, naming, REPORT_ENDPOINTS, &csv, failed, NULL);
}
