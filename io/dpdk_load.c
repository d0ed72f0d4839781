/* Loads the part that is linked with DPDK, when it is asked for. */
#include "dpdk_module.h"

#include <dlfcn.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const struct dpdk_module *module; /* set once, by opening */

/* Beside the program, as in a build directory, or else where it was installed. */
static void *load(void)
{
    char path[4096];
    ssize_t n = readlink("/proc/self/exe", path, sizeof path - sizeof DPDK_MODULE_FILE);
    while (n > 0 && path[n - 1] != '/')
        n--;
    if (n > 0) {
        memcpy(path + n, DPDK_MODULE_FILE, sizeof DPDK_MODULE_FILE);
        if (!access(path, F_OK))
            return dlopen(path, RTLD_NOW | RTLD_LOCAL);
    }
    return dlopen(DPDK_MODULE_DIRECTORY "/" DPDK_MODULE_FILE, RTLD_NOW | RTLD_LOCAL);
}

enum dpdk_result dpdk_source_open(struct dpdk_source **s, const struct dpdk_params *params,
                                  char error[DPDK_ERROR_MAX])
{
    void *object = load();
    module = object ? dlsym(object, DPDK_MODULE_SYMBOL) : NULL;
    if (!module) {
        snprintf(error, DPDK_ERROR_MAX, "the part for DPDK cannot be loaded: %s", dlerror());
        return DPDK_FAILED;
    }
    if (strcmp(module->version, TCPREUSE_VERSION) != 0) {
        snprintf(error, DPDK_ERROR_MAX, "%s is of tcpreuse %s, and this is %s: install both anew",
                 DPDK_MODULE_FILE, module->version, TCPREUSE_VERSION);
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
