/* How much memory the process uses, as the kernel counts it. */
#ifndef TCPREUSE_MEMORY_H
#define TCPREUSE_MEMORY_H

#include <stdint.h>

struct memory_use {
    uint64_t peak; /* peak resident bytes, pages of mapped captures included */
    uint64_t own;  /* anonymous bytes resident now: tables, batches, buffers */
};

/* 0 for what the kernel does not tell. Any thread. */
struct memory_use memory_use_now(void);
/* Anonymous bytes resident now; 0 when they cannot be read. Any thread. */
uint64_t memory_own(void);
/* Bytes resident now, pages of mapped captures included; 0 when it cannot be read. Any thread. */
uint64_t memory_resident(void);

#endif
