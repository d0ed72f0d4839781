/* Stands in for xlsx_load.c where libxlsxwriter was not there. */
#include "io/sheets/xlsx_load.h"

#include <stdio.h>

bool xlsx_available(void)
{
    return false;
}

const struct xlsx_module *xlsx_load(char *error, size_t n)
{
    snprintf(error, n, "not in this build");
    return NULL;
}
