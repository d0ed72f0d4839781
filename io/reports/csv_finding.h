/* The columns that say what a reuse means, and how a conversation began and ended. */
#ifndef TCPREUSE_CSV_FINDING_H
#define TCPREUSE_CSV_FINDING_H

#include "engine/sink.h"

/* Appends them to a row, each with a comma before it. 0, or -1 when memory is short. Thread-safe. */
int csv_format_finding(const struct sink *sink, struct text *text, const struct reuse_row *row);

/* The endpoint that conversations.csv calls the client: the sender of the SYN, the receiver of the SYN/ACK; where
 * neither was seen, the one with the higher port, or the one that was seen first. */
unsigned csv_client(const struct conversation *c);
/* How the two were told apart. */
const char *csv_client_by(const struct conversation *c);
/* ns from the first SYN to the SYN/ACK; negative: unknown. */
int64_t csv_rtt(const struct conversation_row *row);
/* The columns of conversations.csv that tell of its beginning and end, each with a comma before it, in less than
 * HISTORY_COLUMNS_MAX bytes. client: csv_client(). Returns the end. Thread-safe. */
enum { HISTORY_COLUMNS_MAX = 200 };
char *csv_put_history(char *p, const struct conversation_row *row, unsigned client);

#endif
