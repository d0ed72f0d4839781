/* The interface of the module that is linked with libpcap. Only capture filters need it. */
#ifndef TCPREUSE_PCAP_MODULE_H
#define TCPREUSE_PCAP_MODULE_H

#include <pcap/pcap.h>
#include <stddef.h>

enum { PCAP_MODULE_NO_MEMORY = -2 };

struct pcap_module {
    const char *version; /* TCPREUSE_VERSION */
    /* For frames of this DLT_ value. 0, or -1 or PCAP_MODULE_NO_MEMORY with the reason in error. One thread at a time. */
    int (*compile)(const char *expression, int dlt, struct bpf_program *program, char *error, size_t n);
    unsigned (*run)(const struct bpf_insn *, const unsigned char *, unsigned length, unsigned captured);
    void (*free)(struct bpf_program *);
    const char *(*library)(void); /* libpcap's name and version */
};

#define PCAP_MODULE_FILE   "tcpreuse_libpcap.so"
#define PCAP_MODULE_SYMBOL "tcpreuse_pcap_module"
extern const struct pcap_module tcpreuse_pcap_module;

#endif
