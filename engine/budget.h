/* How much memory the process may use for what grows with its input: tables, and lists that have become long. It is counted
 * where these grow, by the megabyte, so frames cost nothing; what the process has in all is measured from time to time.
 *
 * A budget that is exceeded refuses nothing. Whoever claims batches sees it, and claims no more, so that what is under way
 * comes to a whole end (engine/pipeline/claim.c): whoever sets a budget leaves room for that. Without one, as in
 * libtcpreuse, all of this does nothing. */
#ifndef TCPREUSE_BUDGET_H
#define TCPREUSE_BUDGET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Lists that are shorter do not count by themselves. */
enum { BUDGET_LIST_BYTES = 1 << 20 };

/* Before the threads that use memory start. limit: bytes; 0: none. measure: bytes that the process has of its own now, or 0
 * when that is not known; any thread. What was exceeded before is forgotten. */
void budget_set(uint64_t limit, uint64_t (*measure)(void));
/* Is there room for so many bytes more? If not, the budget is exceeded from now on. Any thread. */
bool budget_allows(size_t bytes);
/* They were taken, or given back. Any thread. */
void budget_take(size_t bytes);
void budget_give(size_t bytes);
/* Any thread. */
bool budget_is_exceeded(void);

#endif
