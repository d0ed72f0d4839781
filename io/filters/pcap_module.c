/* The module that is linked with libpcap. */
#include "io/filters/pcap_module.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>

/* What a matching packet returns; any number above 0 would do. */
enum { SNAPSHOT = 262144 };

/* More than compiling takes. libpcap's lexer ends the process, or crashes, when it gets no memory; so there has to be some. */
enum { COMPILE_BYTES = 1 << 20 };

static int compile(const char *expression, int dlt, struct bpf_program *program, char *error, size_t n)
{
    void *room = malloc(COMPILE_BYTES);
    free(room);
    pcap_t *p = room ? pcap_open_dead(dlt, SNAPSHOT) : NULL;
    if (!p) {
        snprintf(error, n, "out of memory");
        return PCAP_MODULE_NO_MEMORY;
    }
    errno = 0;
    const bool compiled = !pcap_compile(p, program, expression, 1, PCAP_NETMASK_UNKNOWN);
    const bool short_of_memory = !compiled && errno == ENOMEM; /* its own code is the same for all errors */
    if (!compiled)
        snprintf(error, n, "%s", short_of_memory ? "out of memory" : pcap_geterr(p));
    pcap_close(p);
    return compiled ? 0 : short_of_memory ? PCAP_MODULE_NO_MEMORY : -1;
}

__attribute__((visibility("default"))) const struct pcap_module tcpreuse_pcap_module = {
    .version = TCPREUSE_VERSION,
    .compile = compile,
    .run = bpf_filter,
    .free = pcap_freecode,
    .library = pcap_lib_version,
};
