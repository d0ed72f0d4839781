/* The same functions in a build without DPDK: opening fails, and the others are never called. */
#include "io/ports/dpdk_source.h"

#include <stdio.h>

enum dpdk_result dpdk_source_open(struct dpdk_source **s, const struct dpdk_params *params,
                                  char error[DPDK_ERROR_MAX])
{
    (void)s;
    (void)params;
    snprintf(error, DPDK_ERROR_MAX,
             "this tcpreuse was built without DPDK; install libdpdk-dev and build it with -Ddpdk=enabled");
    return DPDK_WRONG;
}

struct source *dpdk_source_source(struct dpdk_source *s)
{
    (void)s;
    return NULL;
}

unsigned dpdk_source_threads(const struct dpdk_source *s)
{
    (void)s;
    return 0;
}

size_t dpdk_source_ports(const struct dpdk_source *s)
{
    (void)s;
    return 0;
}

void dpdk_source_counters(const struct dpdk_source *s, size_t i, struct port_counters *counters)
{
    (void)s;
    (void)i;
    *counters = (struct port_counters){0};
}

uint64_t dpdk_source_unread(const struct dpdk_source *s)
{
    (void)s;
    return 0;
}

void dpdk_source_close(struct dpdk_source *s)
{
    (void)s;
}
