/* Writes the files of the schema. */
#include "io/sheets/schema.h"
#include "io/reports/names.h"

#include <errno.h>

/* 0, or -1 with errno. */
static int write_file(struct csv_sink *reports, struct outputs *outputs, const char *name,
                      void (*put)(struct csv_sink *reports, FILE *to))
{
    struct output *file = output_create(outputs, name);
    FILE *stream = file ? output_stream(file) : NULL;
    if (stream) {
        put(reports, stream);
        return output_commit(file);
    }
    output_discard(file);
    return -1;
}

int schema_write(struct csv_sink *reports, struct outputs *outputs, const char *directory,
                 struct problems *failures)
{
    static const struct {
        const char *name;
        void (*put)(struct csv_sink *reports, FILE *to);
    } files[] = {{SCHEMA_FILE, schema_put_sql}, {DATA_PACKAGE_FILE, schema_put_package}};
    int result = 0;
    for (unsigned i = 0; i < ARRAY_LEN(files); i++) {
        if (!write_file(reports, outputs, files[i].name, files[i].put))
            continue;
        outputs_tell(failures, directory, files[i].name, outputs_explain(errno));
        result = -1;
    }
    return result;
}
