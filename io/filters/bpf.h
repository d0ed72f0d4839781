/* Capture filters in libpcap's language (pcap-filter(7)). */
#ifndef TCPREUSE_BPF_H
#define TCPREUSE_BPF_H

#include "engine/filter.h"
#include "io/problems.h"

struct bpf;

enum bpf_result {
    BPF_CREATED,
    BPF_WRONG,  /* the expression is invalid */
    BPF_FAILED, /* no module, or no memory */
};

/* Compiles the expression for each link type when its first frame comes. A link type for which it does not
 * compile is a problem, and its frames do not match. BPF_WRONG if it compiles for no link type. On failure
 * the reason is in error (of n bytes). The expression and the problems must outlive the filter. */
enum bpf_result bpf_create(struct bpf **created, const char *expression, struct problems *problems,
                           char *error, size_t n);
struct filter *bpf_filter_of(struct bpf *b);
void bpf_destroy(struct bpf *b);

#endif
