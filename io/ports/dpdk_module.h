/* The interface between the program and its module that is linked with DPDK. */
#ifndef TCPREUSE_DPDK_MODULE_H
#define TCPREUSE_DPDK_MODULE_H

#include "io/ports/dpdk_source.h"

struct dpdk_module {
    const char *version; /* TCPREUSE_VERSION */
    enum dpdk_result (*open)(struct dpdk_source **, const struct dpdk_params *, char error[DPDK_ERROR_MAX]);
    struct source *(*source)(struct dpdk_source *);
    unsigned (*threads)(const struct dpdk_source *);
    size_t (*ports)(const struct dpdk_source *);
    void (*counters)(const struct dpdk_source *, size_t, struct port_counters *);
    uint64_t (*unread)(const struct dpdk_source *);
    void (*close)(struct dpdk_source *);
};

#define DPDK_MODULE_FILE   "tcpreuse_dpdk.so"
#define DPDK_MODULE_SYMBOL "tcpreuse_dpdk_module"
extern const struct dpdk_module tcpreuse_dpdk_module;

#endif
