/* Loads the module that is linked with DPDK when ports are opened, and forwards to it. */
#include "io/module.h"
#include "io/ports/dpdk_module.h"

#include <stdio.h>

static const struct dpdk_module *module; /* set once, by opening */

enum dpdk_result dpdk_source_open(struct dpdk_source **s, const struct dpdk_params *params,
                                  char error[DPDK_ERROR_MAX])
{
    char why[DPDK_ERROR_MAX - 32];
    module = module_load(DPDK_MODULE_FILE, DPDK_MODULE_SYMBOL, why, sizeof why);
    if (!module) {
        snprintf(error, DPDK_ERROR_MAX, "%s", why);
        return DPDK_FAILED;
    }
    return module->open(s, params, error);
}

struct source *dpdk_source_source(struct dpdk_source *s)
{
    return module->source(s);
}

unsigned dpdk_source_threads(const struct dpdk_source *s)
{
    return module->threads(s);
}

size_t dpdk_source_ports(const struct dpdk_source *s)
{
    return module->ports(s);
}

void dpdk_source_counters(const struct dpdk_source *s, size_t i, struct port_counters *counters)
{
    module->counters(s, i, counters);
}

uint64_t dpdk_source_unread(const struct dpdk_source *s)
{
    return module->unread(s);
}

void dpdk_source_close(struct dpdk_source *s)
{
    if (s)
        module->close(s);
}
