/* Writes the files of the schema. */
#include "io/sheets/schema.h"
#include "io/message.h"
#include "io/reports/names.h"

#include <errno.h>

/* 0, or -1 after printing an error. */
static int write_file(struct csv_sink *reports, struct outputs *outputs, const char *directory,
                      const char *name, void (*put)(struct csv_sink *reports, FILE *to))
{
    struct output *file = output_create(outputs, name);
    FILE *stream = file ? output_stream(file) : NULL;
    if (stream) {
        put(reports, stream);
        if (!output_commit(file))
            return 0;
    } else {
        output_discard(file);
    }
    message_error("%s/%s: cannot write: %s", directory, name, outputs_explain(errno));
    return -1;
}

int schema_write(struct csv_sink *reports, struct outputs *outputs, const char *directory)
{
    const int sql = write_file(reports, outputs, directory, SCHEMA_FILE, schema_put_sql);
    return write_file(reports, outputs, directory, DATA_PACKAGE_FILE, schema_put_package) || sql ? -1 : 0;
}
