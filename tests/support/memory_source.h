/* A source that makes life hard for the pipeline, from frames in memory.
 *
 * Every input is a run of records. A record takes some units of an address space of its own, so that there
 * are positions where no record begins, and records that are longer than a lane. Batches and lanes are cut at
 * random positions; guesses are often wrong; a chain that starts in a wrong place finds records that do not
 * exist; memory "vanishes" in the middle of decoding; every step may dawdle. None of it may show in the
 * result. */
#ifndef TCPREUSE_TEST_MEMORY_SOURCE_H
#define TCPREUSE_TEST_MEMORY_SOURCE_H

#include "engine/source.h"

struct memory_input {
    const struct frame *frames;
    uint32_t count;
    uint32_t fault_at; /* the record that cannot be read; UINT32_MAX: none */
};

struct memory_source_params {
    const struct memory_input *inputs;
    uint32_t input_count;
    uint32_t lane_units; /* lanes are 1 to this long; a record takes 6 units on average */
    uint64_t seed;
    bool wrong_guesses;
    bool changing; /* there are marks from which on records are read in another way */
    bool vanishing;
    bool dawdling;
};

struct memory_source;

/* NULL when memory is short. inputs and frames outlive it. */
struct memory_source *memory_source_create(const struct memory_source_params *params);
struct source *memory_source_source(struct memory_source *s);
/* Calls f in the claim of the n-th batch (counted from 0). */
void memory_source_at_batch(struct memory_source *s, uint64_t n, void (*f)(void *), void *argument);
/* After the run: how many faults were reported, and whether each fault and each change was the right one, in
 * order. */
uint32_t memory_source_faults(const struct memory_source *s, bool *right);
/* After the run: batches handed out, and given back in order. */
uint64_t memory_source_claimed(const struct memory_source *s);
uint64_t memory_source_released(const struct memory_source *s);
void memory_source_destroy(struct memory_source *s);

#endif
