/* Rows of the reports as CSV: the formatting half of a csv_sink. They append to the text and return 0, or
 * -1 when memory is short. Any thread, several at a time, each with a text of its own. */
#ifndef TCPREUSE_CSV_ROWS_H
#define TCPREUSE_CSV_ROWS_H

#include "engine/sink.h"

int csv_format_reuse(struct sink *sink, struct text *text, const struct reuse_row *row);
int csv_format_episode(struct sink *sink, struct text *text, const struct episode_row *row);
int csv_format_packets(struct sink *sink, struct text *text, const struct packet_row *rows, unsigned count);
int csv_format_conversation(struct sink *sink, struct text *text, const struct conversation_row *row);

#endif
