/* Cells of a workbook, of any text. What goes wrong is kept, so that it is asked for once, at the end. One thread at a
 * time. */
#ifndef TCPREUSE_CELLS_H
#define TCPREUSE_CELLS_H

#include "engine/batch.h"
#include "io/sheets/xlsx_module.h"

struct cells {
    const struct xlsx_module *xlsx;
    struct xlsx_book *book;
    struct text scratch;
    int error; /* errno of what failed; 0: nothing has. Nothing is written after it */
};

/* Any bytes: what is no UTF-8 becomes U+FFFD, a control character its picture (U+2400 and on). Text that is too long is
 * cut. An empty one leaves the cell empty. */
void cells_put_text(struct cells *c, struct xlsx_sheet *sheet, uint32_t row, uint16_t column,
                    const char *text, enum xlsx_style style);
void cells_put_number(struct cells *c, struct xlsx_sheet *sheet, uint32_t row, uint16_t column, double n,
                      enum xlsx_style style);
struct xlsx_sheet *cells_add_sheet(struct cells *c, const char *name);

/* The colours of verdicts. */
enum xlsx_style cells_verdict_style(unsigned verdict);

#endif
