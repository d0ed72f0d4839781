/* The columns that say what a reuse means, and how a conversation began and ended. */
#ifndef TCPREUSE_CSV_FINDING_H
#define TCPREUSE_CSV_FINDING_H

#include "engine/sink.h"
#include "io/reports/names.h"
#include "io/reports/text.h"

/* Appends them to a row, each with a comma before it. 0, or -1 when memory is short. Thread-safe. */
int csv_format_finding(const struct sink *sink, struct text *text, const struct reuse_row *row);

/* How client and server were told apart. */
enum client_by csv_client_by(const struct conversation *c);
/* ns from the first SYN to the SYN/ACK; negative: unknown. */
int64_t csv_rtt(const struct conversation_row *row);
/* The columns of conversations.csv that tell of its beginning and end, each with a comma before it, in less than
 * HISTORY_COLUMNS_MAX bytes. client: history_client(). Returns the end. Thread-safe. */
enum { HISTORY_COLUMNS_MAX = 200 };
char *csv_put_history(char *p, const struct conversation_row *row, unsigned client);

/* The columns of the key's parts, a comma before each, at p, where there are REALM_MAX bytes; their end. */
enum { REALM_MAX = 3 * (TEXT_NUMBER_MAX + 1) };
char *csv_put_realm(char *p, unsigned key_parts, const struct realm *r);

#endif
