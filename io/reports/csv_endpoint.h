/* The rows of endpoints.csv. */
#ifndef TCPREUSE_CSV_ENDPOINT_H
#define TCPREUSE_CSV_ENDPOINT_H

#include "engine/sink.h"

#define CSV_ENDPOINT_HEADER                                                                                  \
    "role,address,port,conversations,reuses,reuse_rate,failed_reuses,failed_share,"                          \
    "reuses_syn_isn,reuses_syn_after_rst,reuses_syn_after_fin,"                                              \
    "reuses_synack_isn,reuses_synack_after_rst,reuses_synack_after_fin,"                                     \
    "reuses_unknown,reuses_copy,reuses_retry,reuses_in_order,reuses_early_accepted,reuses_challenged,"       \
    "reuses_refused,reuses_delayed,reuses_lost,reuses_stale_open,least_gap,median_gap,"                      \
    "refused,unanswered,delayed,most_open,most_new,ports,lowest_port,highest_port,ports_in_range,"           \
    "range_ports,ports_seconds,range_seconds,port_order"

/* Appends the row. 0, or -1 when memory is short. Thread-safe. */
int csv_format_endpoint(struct sink *sink, struct text *text, const struct endpoint_row *row);

#endif
