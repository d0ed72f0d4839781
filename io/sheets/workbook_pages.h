/* The sheets of a workbook that are not rows of a report. What went wrong is in c->error. */
#ifndef TCPREUSE_WORKBOOK_PAGES_H
#define TCPREUSE_WORKBOOK_PAGES_H

#include "io/columns/columns.h"
#include "io/reports/summary.h"
#include "io/sheets/cells.h"

/* What was read and found, and what each verdict means. */
void workbook_put_summary(struct cells *c, struct xlsx_sheet *sheet, const struct summary *s);
/* Adds a sheet that says what the columns of these reports mean. */
void workbook_put_columns(struct cells *c, const struct sink *sink, const bool reports[REPORTS]);

#endif
