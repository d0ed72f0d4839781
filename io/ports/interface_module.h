/* The interface between the program and what captures on interfaces, in the module that is linked with libpcap. */
#ifndef TCPREUSE_INTERFACE_MODULE_H
#define TCPREUSE_INTERFACE_MODULE_H

#include "io/ports/interface_source.h"

struct interface_module {
    const char *version; /* TCPREUSE_VERSION */
    enum interface_result (*open)(struct interface_source **, const struct interface_params *, size_t *which,
                                  char error[INTERFACE_ERROR_MAX]);
    struct source *(*source)(struct interface_source *);
    void (*counters)(const struct interface_source *, size_t, struct port_counters *);
    uint64_t (*unread)(const struct interface_source *);
    void (*close)(struct interface_source *);
    int (*list)(void (*visit)(void *, const struct interface_entry *), void *context,
                char error[INTERFACE_ERROR_MAX]);
};

#define INTERFACE_MODULE_FILE   "tcpreuse_libpcap.so"
#define INTERFACE_MODULE_SYMBOL "tcpreuse_interface_module"
extern const struct interface_module tcpreuse_interface_module;

#endif
