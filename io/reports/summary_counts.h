/* Numbers and words that the summary for people and the one in JSON share. */
#ifndef TCPREUSE_SUMMARY_COUNTS_H
#define TCPREUSE_SUMMARY_COUNTS_H

#include "io/reports/summary.h"

enum { SUMMARY_TRIGGERS = TRIGGERS - 1 };
/* All but TRIGGER_NONE, in the order of the summary. */
extern const enum trigger summary_triggers[SUMMARY_TRIGGERS];

uint64_t summary_count_reuses(const struct summary *s);
/* Frames that the ports count as not received. */
uint64_t summary_count_lost(const struct summary *s);
/* Seconds of the run, above 0, to divide by. */
double summary_seconds(const struct summary *s);

enum { SUMMARY_NOTE_MAX = 128 };
/* What a note is about, as "IP protocol 50", in text. Returns text. */
const char *summary_describe_note(const struct note *n, char text[SUMMARY_NOTE_MAX]);
/* Sorts the notes by frames, the most first. */
void summary_sort_notes(const struct summary *s);

#endif
