/* How much memory the process uses, as the kernel counts it. */
#ifndef TCPREUSE_MEMORY_H
#define TCPREUSE_MEMORY_H

#include <stdint.h>

struct memory_use {
    uint64_t peak; /* most bytes resident at a time; pages of mapped captures are among them */
    uint64_t own;  /* bytes resident now that are of no file: tables, batches, buffers */
};

/* What cannot be found out is 0. */
struct memory_use memory_use_now(void);

#endif
