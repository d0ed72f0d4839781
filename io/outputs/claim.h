/* Takes a name in a directory for a file of this process alone. */
#ifndef TCPREUSE_CLAIM_H
#define TCPREUSE_CLAIM_H

#include <sys/types.h>

/* Creates the file, mode 0600, and locks it (flock(2)); the claim lasts as long as the descriptor is open. What has the
 * name already is removed, without being followed or written to: the file of a process that has ended, a link, a FIFO.
 * Returns the descriptor, or -1 with errno: EBUSY where another process that lives has claimed the name; *owner is its
 * id then if the file begins with one, else 0. owner may be NULL. */
int claim_name(int directory, const char *name, pid_t *owner);
/* Removes the file if it was claimed by a process that has ended. */
void claim_remove_left(int directory, const char *name);

#endif
