/* Capture filters in libpcap's language (pcap-filter(7)). */
#ifndef TCPREUSE_BPF_H
#define TCPREUSE_BPF_H

#include "engine/filter.h"
#include "io/problems.h"

struct bpf;

enum bpf_result {
    BPF_CREATED,
    BPF_WRONG, /* the expression */
    BPF_FAILED,
};

/* The expression is compiled for each link type when its first frame comes; a link type for which it does not
 * compile is a problem, and none of its frames match. It is wrong if it compiles for no link type. What is
 * not created leaves why in error (of n bytes). The expression and the problems outlive the filter. */
enum bpf_result bpf_create(struct bpf **created, const char *expression, struct problems *problems,
                           char *error, size_t n);
struct filter *bpf_filter_of(struct bpf *b);
void bpf_destroy(struct bpf *b);

#endif
