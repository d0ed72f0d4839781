/* Loading modules: shared objects beside the program, or where they were installed. */
#include "io/module.h"

#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* The directory of the program, or of the library, comes first, so that a build uses its own modules. */
static void *load(const char *file)
{
    char path[4096];
    size_t n = module_home(path, sizeof path - strlen(file) - 1);
    while (n && path[n - 1] != '/')
        n--;
    if (n) {
        strcpy(path + n, file);
        if (!access(path, F_OK))
            return dlopen(path, RTLD_NOW | RTLD_LOCAL);
    }
    snprintf(path, sizeof path, "%s/%s", MODULE_DIRECTORY, file);
    return dlopen(path, RTLD_NOW | RTLD_LOCAL);
}

const void *module_load(const char *file, const char *name, char *error, size_t n)
{
    void *object = load(file);
    const char *const *module = object ? dlsym(object, name) : NULL;
    if (!module) {
        snprintf(error, n, "cannot load %s: %s", file, dlerror());
        return NULL;
    }
    if (strcmp(*module, TCPREUSE_VERSION) != 0) {
        snprintf(error, n, "%s belongs to tcpreuse %s, and this is tcpreuse %s; reinstall both", file,
                 *module, TCPREUSE_VERSION);
        return NULL;
    }
    return module;
}
