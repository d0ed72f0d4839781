/* Which columns a run writes, and the header line that names them. */
#include "io/columns/columns.h"

const char *const column_type_names[COLUMN_TYPES] = {
    [COLUMN_NUMBER] = "number", [COLUMN_TIME] = "time",       [COLUMN_SECONDS] = "seconds",
    [COLUMN_RATIO] = "ratio",   [COLUMN_FLAG] = "flag",       [COLUMN_WORD] = "word",
    [COLUMN_WORDS] = "words",   [COLUMN_NUMBERS] = "numbers", [COLUMN_ADDRESS] = "address",
    [COLUMN_UTC] = "UTC",       [COLUMN_TEXT] = "text",
};

const char *const column_when_texts[WHENS] = {
    [WHEN_ALWAYS] = "",
    [WHEN_VERDICTS] = "not with `--verdicts off`",
    [WHEN_SPREADSHEET] = "with `--spreadsheet`",
    [WHEN_ENDING] = "with `--expire` or `--max-conversations`",
    [WHEN_COMMUNITY_ID] = "with `--community-id`",
    [WHEN_VLAN] = "with `--key tuple,vlan`",
    [WHEN_INTERFACE] = "with `--key tuple,interface`",
    [WHEN_VNI] = "with `--key tuple,vni`",
    [WHEN_ORIGIN] = "with several inputs",
};

bool column_is_written(const struct column *column, const struct sink *sink)
{
    switch (column->when) {
    case WHEN_VERDICTS:
        return sink->timers;
    case WHEN_SPREADSHEET:
        return sink->for_spreadsheets;
    case WHEN_ENDING:
        return sink->wants_ending;
    case WHEN_COMMUNITY_ID:
        return sink->wants_community_id;
    case WHEN_VLAN:
        return sink->key_parts & KEY_VLAN;
    case WHEN_INTERFACE:
        return sink->key_parts & KEY_INTERFACE;
    case WHEN_VNI:
        return sink->key_parts & KEY_VNI;
    case WHEN_ORIGIN:
        return sink->wants_origin;
    default:
        return true;
    }
}

size_t columns_put_header(const struct sink *sink, enum report report, char line[COLUMNS_LINE_MAX])
{
    const struct report_columns *columns = &report_columns[report];
    char *p = line;
    for (unsigned i = 0; i < columns->count; i++) {
        if (!column_is_written(&columns->items[i], sink))
            continue;
        if (p > line)
            *p++ = ',';
        p = stpcpy(p, columns->items[i].name);
    }
    *p++ = '\n';
    return (size_t)(p - line);
}
