/* Modules: parts of the program in shared objects of their own. Few runs need them, and the libraries that
 * they are linked with would cost every start time (DPDK's 7 ms, libpcap's 1 ms). */
#ifndef TCPREUSE_MODULE_H
#define TCPREUSE_MODULE_H

#include <stddef.h>

/* Loads a module's file, which lies beside the program or the library, as in a build directory, or where it was installed,
 * and returns the object of this name in it. The object begins with the module's version (const char *).
 * The module stays loaded. NULL after writing the reason to error (of n bytes): not found, or another
 * version, whose structures may differ. */
const void *module_load(const char *file, const char *name, char *error, size_t n);

/* Writes the path of the program, or of the library that this code is in, without a zero at its end: its length, up to n; 0:
 * not known. */
size_t module_home(char *path, size_t n);

#endif
