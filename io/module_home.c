/* Where the program is. The library, which has a home of its own, has this function of its own (lib/module_home.c); what is
 * linked with both takes that one. */
#include "io/module.h"

#include <unistd.h>

size_t module_home(char *path, size_t n)
{
    const ssize_t length = readlink("/proc/self/exe", path, n);
    return length > 0 ? (size_t)length : 0;
}
