/* What the CSV reports of a run hold, for databases and programs: schema.sql and datapackage.json beside them. Both are made
 * from io/columns, and name the files and columns that the run has written. */
#ifndef TCPREUSE_SCHEMA_H
#define TCPREUSE_SCHEMA_H

#include "io/reports/csv.h"

#include <stdio.h>

/* Writes both files, once all reports are closed. directory: its name, for messages. 0, or -1 after telling failures
 * (problems_tell()) what could not be written. */
int schema_write(struct csv_sink *reports, struct outputs *outputs, const char *directory,
                 struct problems *failures);

/* Tables in SQL that DuckDB and SQLite read, and a view that joins a reuse with both of its conversations. ferror() tells of
 * write errors. */
void schema_put_sql(struct csv_sink *reports, FILE *to);
/* A data package (https://specs.frictionlessdata.io/tabular-data-package/), each file a resource. Likewise. */
void schema_put_package(struct csv_sink *reports, FILE *to);

#endif
