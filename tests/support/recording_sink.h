/* A sink that keeps the reports' text in memory, a line a row:
 *
 *     reuse          frame time stream previous_stream trigger opens flags isn previous_isn sender receiver
 *                    completeness known first_frame last_frame first_time last_time frames bytes
 *     conversation   stream client server completeness first_frame last_frame first_time last_time frames
 * bytes isn isn packet         frame time stream completeness reused sender receiver flags seq ack length
 *
 * The isns of a conversation are the client's and the server's, - where unknown. */
#ifndef TCPREUSE_TEST_RECORDING_SINK_H
#define TCPREUSE_TEST_RECORDING_SINK_H

#include "engine/sink.h"

struct recording_sink {
    struct sink sink;
    struct text text[REPORTS];
    size_t room; /* bytes of a report that can be written before writing fails */
};

/* All reports wanted, endless room. */
void recording_sink_init(struct recording_sink *s);
void recording_sink_free(struct recording_sink *s);

/* An endpoint as it stands in the rows. Four in turn. */
const char *endpoint_text(enum family family, const void *address, unsigned port);
/* Appends a line as by printf. 0, or -1 when memory is short. */
int text_print(struct text *t, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif
