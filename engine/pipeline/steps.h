/* The steps of the pipeline, for the loop of a worker. pipeline.c explains them.
 *
 * A step returns true when it has done something, false when it had nothing to do or another worker has its turn. An
 * error in a step makes the pipeline fail (pipeline_fail()). */
#ifndef TCPREUSE_STEPS_H
#define TCPREUSE_STEPS_H

#include "engine/pipeline/state.h"

/* The next batch, filled by the source, for this worker to decode; NULL when there is none. */
struct batch *claim_step(struct worker *w);
/* Decodes the batch and hands it to settling. */
void decode_step(struct worker *w, struct batch *b);
bool settle_step(struct worker *w);
/* One batch, for the worker's own shard. */
bool drain_step(struct worker *w);
bool number_step(struct worker *w);
/* One batch. */
bool format_step(struct worker *w);
bool write_step(struct worker *w);

/* For sources with poll: gathers frames from this worker's part of the source. True when there may be
 * something to claim. */
bool poll_step(struct worker *w);
/* For sources with prepare: has the source get the next input ready. idle: nothing else is to be done. */
bool prepare_step(struct worker *w, bool idle);

/* Numbering's part in verdicts: adds the batch's reuses and findings, and lists the rows to be reported with the
 * batch. 0, or -1 when memory is short. */
int findings_take_in(struct pipeline *p, struct batch *b);
/* Appends the report rows of a waiting row. 0, or -1 when memory is short. Any thread. */
int findings_format(struct pipeline *p, struct text text[REPORTS], const struct waiting_row *row,
                    const struct origin *origin);
/* Once all batches are written: reports the reuses that still wait. *done is set when they are written. */
bool findings_finish_step(struct worker *w, bool *done);

/* Counts a reported reuse for endpoints.csv, if wanted. By the holder of numbering, or while findings are finished.
 * 0, or -1 when memory is short. */
int endpoint_rows_note_reuse(struct pipeline *p, const struct waiting_row *row);
/* Once the findings are finished: the rows of endpoints.csv. *done is set when they are written. */
bool endpoint_rows_step(struct worker *w, bool *done);

/* Rows of conversations.csv, once all batches are written: sorts them if needed, formats a piece, writes pieces.
 * Reads the worker's clock itself. *done is set when all are written. */
bool conversation_rows_step(struct worker *w, bool *done);

#endif
