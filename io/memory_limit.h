/* How much memory there is for the process: of its control groups and the machine. */
#ifndef TCPREUSE_MEMORY_LIMIT_H
#define TCPREUSE_MEMORY_LIMIT_H

#include <stdint.h>

/* Bytes: the least of what the machine has and what the control groups of the process allow (cgroups(7): memory.max of version
 * 2, memory.limit_in_bytes of version 1), each with all groups around it. 0: nothing tells. */
uint64_t memory_limit_find(void);

/* The same of the control groups alone; UINT64_MAX: none sets a limit. groups: what /proc/self/cgroup says; mounts: where
 * their file systems are, /sys/fs/cgroup. */
uint64_t memory_limit_of_groups(const char *groups, const char *mounts);

enum { MEMORY_TEXT = 32 };
/* Bytes for people: 14.4 GiB. Returns text. */
const char *memory_limit_text(uint64_t bytes, char text[MEMORY_TEXT]);

#endif
