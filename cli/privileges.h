/* Becoming another user once everything is open that only root may open. */
#ifndef TCPREUSE_PRIVILEGES_H
#define TCPREUSE_PRIVILEGES_H

#include "cli/exit_status.h"

#include <sys/types.h>

struct user {
    const char *name; /* as it was given */
    uid_t uid;
    gid_t gid;
};

/* Finds the user of this name, and whether this process may become it. Prints what is wrong. */
enum exit_status user_find(struct user *u, const char *name);
/* Makes all threads of the process run as this user, with its groups and without capabilities, for good. Prints what is
 * wrong; then the process must not go on. */
enum exit_status user_become(const struct user *u);

#endif
