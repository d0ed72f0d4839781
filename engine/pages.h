/* Large, long-lived memory, straight from the kernel: zeroed, aligned to huge pages, and in huge pages where
 * the kernel gives them (random access to the conversation table: 38 ns a segment without, 26 with). */
#ifndef TCPREUSE_PAGES_H
#define TCPREUSE_PAGES_H

#include <stdbool.h>
#include <stddef.h>

/* NULL when memory is short. huge: worth huge pages; false for what small captures never fill. Thread-safe.
 */
void *pages_alloc(size_t size, bool huge);
/* size as it was asked for. NULL is fine. */
void pages_free(void *memory, size_t size);

#endif
