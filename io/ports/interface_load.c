/* Loads the module that is linked with libpcap when interfaces are opened or listed, and forwards to it. */
#include "io/module.h"
#include "io/ports/interface_module.h"

static const struct interface_module *module; /* set once, by opening or listing */

static int load(char error[INTERFACE_ERROR_MAX])
{
    module = module_load(INTERFACE_MODULE_FILE, INTERFACE_MODULE_SYMBOL, error, INTERFACE_ERROR_MAX);
    return module ? 0 : -1;
}

enum interface_result interface_source_open(struct interface_source **s,
                                            const struct interface_params *params, size_t *which,
                                            char error[INTERFACE_ERROR_MAX])
{
    return load(error) ? INTERFACE_FAILED : module->open(s, params, which, error);
}

struct source *interface_source_source(struct interface_source *s)
{
    return module->source(s);
}

void interface_source_counters(const struct interface_source *s, size_t i, struct port_counters *counters)
{
    module->counters(s, i, counters);
}

uint64_t interface_source_unread(const struct interface_source *s)
{
    return module->unread(s);
}

void interface_source_close(struct interface_source *s)
{
    if (s)
        module->close(s);
}

int interface_list(void (*visit)(void *context, const struct interface_entry *), void *context,
                   char error[INTERFACE_ERROR_MAX])
{
    return load(error) ? -1 : module->list(visit, context, error);
}
