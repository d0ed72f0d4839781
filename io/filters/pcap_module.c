/* The module that is linked with libpcap. */
#include "io/filters/pcap_module.h"

#include <stdio.h>

/* What a matching packet returns; any number above 0 would do. */
enum { SNAPSHOT = 262144 };

static int compile(const char *expression, int dlt, struct bpf_program *program, char *error, size_t n)
{
    pcap_t *p = pcap_open_dead(dlt, SNAPSHOT);
    if (!p) {
        snprintf(error, n, "out of memory");
        return -1;
    }
    int result = pcap_compile(p, program, expression, 1, PCAP_NETMASK_UNKNOWN);
    if (result)
        snprintf(error, n, "%s", pcap_geterr(p));
    pcap_close(p);
    return result ? -1 : 0;
}

__attribute__((visibility("default"))) const struct pcap_module tcpreuse_pcap_module = {
    .version = TCPREUSE_VERSION,
    .compile = compile,
    .run = bpf_filter,
    .free = pcap_freecode,
    .library = pcap_lib_version,
};
