/* Privileges are dropped in the order in which each step still may do the next one: groups, group, user. What has been
 * done is checked, since a step that quietly did nothing would leave root's rights to whoever finds a bug in a decoder. */
#include "cli/privileges.h"
#include "io/message.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/prctl.h>
#include <unistd.h>

enum exit_status user_find(struct user *u, const char *name)
{
    errno = 0;
    /* cppcheck-suppress getpwnamCalled ; before any thread starts */
    const struct passwd *entry = getpwnam(name);
    if (!entry) {
        /* Some of these mean that there is none, by the system's user database: getpwnam(3). */
        const bool none = !errno || errno == ENOENT || errno == ESRCH || errno == EBADF || errno == EPERM;
        message_error("--user: %s: %s", name, none ? "there is no such user" : strerror(errno));
        return EXIT_USAGE;
    }
    *u = (struct user){name, entry->pw_uid, entry->pw_gid};
    if (geteuid() != 0) {
        message_error("--user: only root can become '%s'; leave it out, since this process is not root",
                      name);
        return EXIT_USAGE;
    }
    return EXIT_DONE;
}

/* Is this process the user, and nobody else any more? */
static bool is_user(const struct user *u)
{
    uid_t real, effective, saved;
    gid_t real_group, effective_group, saved_group;
    if (getresuid(&real, &effective, &saved) || getresgid(&real_group, &effective_group, &saved_group))
        return false;
    if (real != u->uid || effective != u->uid || saved != u->uid)
        return false;
    if (real_group != u->gid || effective_group != u->gid || saved_group != u->gid)
        return false;
    return u->uid == 0 || (setresuid(0, 0, 0) && setresgid(0, 0, 0));
}

enum exit_status user_become(const struct user *u)
{
    if (initgroups(u->name, u->gid) || setresgid(u->gid, u->gid, u->gid) ||
        setresuid(u->uid, u->uid, u->uid)) {
        message_error("--user: cannot become '%s': %s", u->name, strerror(errno));
        return EXIT_INPUT;
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) || !is_user(u)) {
        message_error("--user: root's rights are still there after becoming '%s'", u->name);
        return EXIT_INPUT;
    }
    return EXIT_DONE;
}
