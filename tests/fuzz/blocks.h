/* Changes of captures in pcapng that leave the lengths of blocks right, so that what is changed is read. */
#ifndef TCPREUSE_FUZZ_BLOCKS_H
#define TCPREUSE_FUZZ_BLOCKS_H

#include <stddef.h>
#include <stdint.h>

/* As LLVMFuzzerCustomMutator(), of a capture. What is no pcapng is changed by LLVMFuzzerMutate(), and so is each fourth one
 * that is. */
size_t blocks_mutate(uint8_t *capture, size_t size, size_t most, unsigned seed);

#endif
