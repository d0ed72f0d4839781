/* A source that reads files one after the other, in the order given, as one capture. */
#ifndef TCPREUSE_FILE_SOURCE_H
#define TCPREUSE_FILE_SOURCE_H

#include "../engine/source.h"
#include "problems.h"

struct file_source;

/* paths: count of them, owned by the caller, as are the problems; both outlive the source. NULL when memory
 * is short. */
struct file_source *file_source_create(const char *const *paths, size_t count, struct problems *problems);
struct source *file_source_source(struct file_source *s);
/* Lanes of so many bytes instead of what is good for speed: for tests, whose files are small. Before the
 * pipeline runs. */
void file_source_set_lane_bytes(struct file_source *s, uint64_t bytes);
/* Captures that could be opened. Not while the pipeline runs. */
size_t file_source_opened(const struct file_source *s);
/* Bytes of all inputs, as far as they are known, and of what has been handed out: for a progress display. */
uint64_t file_source_bytes_total(const struct file_source *s);
uint64_t file_source_bytes_claimed(const struct file_source *s);
void file_source_destroy(struct file_source *s);

#endif
