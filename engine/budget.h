/* How much memory the process may use for what grows with its input: tables and long lists. Allocations are counted where
 * these grow, by the megabyte, so frames cost nothing. Now and then the memory of the whole process is measured.
 *
 * An exceeded budget refuses no allocation. Claiming stops, and the batches under way are completed
 * (engine/pipeline/claim.c), so a budget has to leave room for them. Without a budget, as in libtcpreuse, these functions
 * do nothing. */
#ifndef TCPREUSE_BUDGET_H
#define TCPREUSE_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Shorter lists are not counted; measuring includes them. */
enum { BUDGET_LIST_BYTES = 1 << 20 };

/* Sets the limit in bytes, 0: none, and clears "exceeded". Call it before the threads that use memory start. measure:
 * returns the private memory of the process in bytes, or 0 when it is unknown; called by any thread. */
void budget_set(uint64_t limit, uint64_t (*measure)(void));
/* Is there room for this many more bytes? If not, the budget is exceeded from now on. Call it before a large
 * allocation, even if the answer makes no difference to the caller. Any thread. */
bool budget_allows(size_t bytes);
/* Counts bytes as allocated, or as freed. Any thread. */
void budget_take(size_t bytes);
void budget_give(size_t bytes);
/* Any thread. */
bool budget_is_exceeded(void);

#endif
