/* Whether, and how, workbooks can be written. */
#ifndef TCPREUSE_XLSX_LOAD_H
#define TCPREUSE_XLSX_LOAD_H

#include "io/sheets/xlsx_module.h"

#include <stdbool.h>

/* Whether this build has the module. */
bool xlsx_available(void);
/* NULL after writing the reason to error (of n bytes). */
const struct xlsx_module *xlsx_load(char *error, size_t n);

#endif
