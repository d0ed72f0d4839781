/* A build without a sandbox, such as one with sanitizers, which trace and write files when the process ends. */
#include "io/sandbox.h"

#include <errno.h>
#include <string.h>

bool sandbox_in_build(void)
{
    return false;
}

int sandbox_landlock_version(void)
{
    errno = ENOSYS;
    return 0;
}

bool sandbox_has_filter(void)
{
    errno = ENOSYS;
    return false;
}

int sandbox_filter_calls(void)
{
    errno = ENOSYS;
    return -1;
}

int sandbox_filter_code(void)
{
    errno = ENOSYS;
    return -1;
}

int sandbox_files_begin(void)
{
    errno = ENOSYS;
    return -1;
}

int sandbox_files_allow(int rules, const char *path, enum sandbox_access access)
{
    (void)rules;
    (void)path;
    (void)access;
    return 0;
}

int sandbox_files_enter(int rules)
{
    (void)rules;
    errno = ENOSYS;
    return -1;
}

void sandbox_files_end(int rules)
{
    (void)rules;
}

const char *sandbox_explain(const char *path, int error)
{
    (void)path;
    return strerror(error);
}
