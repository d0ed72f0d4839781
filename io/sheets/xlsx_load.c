/* Loads the module that writes workbooks. */
#include "io/sheets/xlsx_load.h"
#include "io/module.h"

bool xlsx_available(void)
{
    return true;
}

const struct xlsx_module *xlsx_load(char *error, size_t n)
{
    return module_load(XLSX_MODULE_FILE, XLSX_MODULE_SYMBOL, error, n);
}
