/* What the process may do once all is open that a run needs: which files it may still open, and which system calls it may
 * make. For good, for all threads that start later, and without privileges. Landlock (landlock(7)) restricts files, TCP and
 * signals, as far as the kernel's version of it goes; a filter (seccomp(2)) restricts calls.
 *
 * From one thread, before others that are to be restricted start. libtcpreuse never calls it. */
#ifndef TCPREUSE_SANDBOX_H
#define TCPREUSE_SANDBOX_H

#include <stdbool.h>

/* Is it part of this build? Where it is not, all below fails with ENOSYS. */
bool sandbox_in_build(void);
/* Is it part of this kernel? landlock: 0 or its version. Each with errno, where it is not: ENOSYS, or
 * EOPNOTSUPP where it has been switched off. */
int sandbox_landlock_version(void);
bool sandbox_has_filter(void);

/* Calls that a run needs, whatever it reads and writes, are allowed; others fail (ENOSYS, as if the kernel did not know
 * them; EPERM where it is their arguments that are refused). Among those are all that begin a program or a process, open a
 * socket, trace, mount, load modules, or change whose the process is. Files can still be opened. 0, or -1 with errno. */
int sandbox_filter_calls(void);
/* Beside that: no memory becomes executable any more, so no shared object can be loaded. Likewise. */
int sandbox_filter_code(void);

enum sandbox_access {
    SANDBOX_READ,   /* a file, or a directory and all beneath it */
    SANDBOX_WRITE,  /* a directory: files beneath it are read, written, made, renamed and removed */
    SANDBOX_REMOVE, /* a directory: files beneath it are removed */
};

/* The rules of Landlock while they are collected: begin, allow, enter. -1 with errno, and what was begun is to be ended. */
int sandbox_files_begin(void);
/* rules: of sandbox_files_begin(). What is not there needs no rule, nor does what is in no file system, such as a pipe. 0, or
 * -1 with errno. */
int sandbox_files_allow(int rules, const char *path, enum sandbox_access access);
/* From here on the rules hold. 0, or -1 with errno. */
int sandbox_files_enter(int rules);
void sandbox_files_end(int rules);
/* Why a file cannot be opened, where errno was `error`, in words for people: strerror(), unless it is the rules that refuse it. Any
 * thread. */
const char *sandbox_explain(const char *path, int error);

#endif
