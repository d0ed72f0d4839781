/* Capture filters in libpcap's language (pcap-filter(7)). */
#ifndef TCPREUSE_BPF_H
#define TCPREUSE_BPF_H

#include "../engine/filter.h"
#include "problems.h"

struct bpf;

/* The expression is compiled for each link type when its first frame comes; a link type for which it does not
 * compile is a problem, and none of its frames match. NULL after writing why it compiles for no link type to
 * error (of n bytes). The expression and the problems outlive the filter. */
struct bpf *bpf_create(const char *expression, struct problems *problems, char *error, size_t n);
struct filter *bpf_filter_of(struct bpf *b);
void bpf_destroy(struct bpf *b);

#endif
