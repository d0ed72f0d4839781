/* Parts of the program that are shared objects of their own: few runs need them, and the libraries that they
 * are linked with cost time at every start (DPDK's 7 ms, libpcap's 1). */
#ifndef TCPREUSE_MODULE_H
#define TCPREUSE_MODULE_H

#include <stddef.h>

/* The object of this name in the module's file, which begins with its version (const char *). The file lies
 * beside the program, as in a build directory, or else where it was installed. It stays loaded. NULL after
 * writing why not to error (of n bytes): not found, or of another version, whose structures differ. */
const void *module_load(const char *file, const char *name, char *error, size_t n);

#endif
