/* Large, long-lived memory, straight from the kernel: zeroed, aligned to huge pages, and in huge pages where
 * the kernel gives them (random access to the conversation table: 38 ns a segment without, 26 with). */
#ifndef TCPREUSE_PAGES_H
#define TCPREUSE_PAGES_H

#include <stdbool.h>
#include <stddef.h>

/* NULL when memory is short. huge: use huge pages; false for what small captures never fill. Thread-safe. */
void *pages_alloc(size_t size, bool huge);
/* Writes to each page of new memory. Reading first would map the kernel's page of zeros, and the first write
 * would fault again and interrupt all other threads: 11 % of the samples of 4 M frames of 491 bytes, two threads. */
void pages_touch(void *memory, size_t size);
/* size: as passed to pages_alloc(). NULL is fine. */
void pages_free(void *memory, size_t size);

#endif
