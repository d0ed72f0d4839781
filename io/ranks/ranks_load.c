/* Loads the module for the MPI that this process was started by, as its environment tells. Meson says which modules
 * there are (HAVE_OPENMPI, HAVE_MPICH). */
#include "io/module.h"
#include "io/ranks/ranks_module.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct kind {
    const char *name, *file;
    bool built;
    const char
        *signs[4]; /* variables that its launchers set; PMIX_ also srun --mpi=pmix, PMI_ srun --mpi=pmi2 */
} kinds[] = {
    {"Open MPI", RANKS_OPENMPI_FILE, HAVE_OPENMPI, {"OMPI_COMM_WORLD_SIZE", "PMIX_RANK", "PMIX_NAMESPACE"}},
    {"MPICH", RANKS_MPICH_FILE, HAVE_MPICH, {"PMI_RANK", "PMI_SIZE", "PMI_FD"}},
};
enum { KINDS = sizeof kinds / sizeof *kinds, SIGNS = sizeof kinds->signs / sizeof *kinds->signs };

static bool has_sign(const struct kind *kind)
{
    for (unsigned i = 0; i < SIGNS && kind->signs[i]; i++)
        if (getenv(kind->signs[i]))
            return true;
    return false;
}

/* The kind that the process was started by; else any that there is. */
static const struct kind *choose(void)
{
    for (unsigned i = 0; i < KINDS; i++)
        if (has_sign(&kinds[i]))
            return &kinds[i];
    for (unsigned i = 0; i < KINDS; i++)
        if (kinds[i].built)
            return &kinds[i];
    return NULL;
}

const struct ranks_module *ranks_load(char error[RANKS_ERROR_MAX])
{
    static const struct ranks_module *module;
    const struct kind *kind = choose();
    if (module)
        return module;
    if (!kind)
        snprintf(error, RANKS_ERROR_MAX, "this build has no MPI");
    else if (!kind->built)
        snprintf(error, RANKS_ERROR_MAX, "it was started by %s's launcher, and this build has no part for %s",
                 kind->name, kind->name);
    else
        module = module_load(kind->file, RANKS_MODULE_SYMBOL, error, RANKS_ERROR_MAX);
    return module;
}

char *ranks_libraries(void)
{
    char *text = NULL;
    size_t length;
    FILE *f = open_memstream(&text, &length);
    if (!f)
        return NULL;
    for (unsigned i = 0, n = 0; i < KINDS; i++) {
        char error[RANKS_ERROR_MAX];
        if (!kinds[i].built)
            continue;
        const struct ranks_module *m = module_load(kinds[i].file, RANKS_MODULE_SYMBOL, error, sizeof error);
        char *library = m ? m->library() : NULL;
        fprintf(f, "%s%s", n++ ? ", " : "", m ? library ? library : kinds[i].name : error);
        free(library);
    }
    if (!HAVE_OPENMPI && !HAVE_MPICH)
        fputs("not in this build", f);
    if (fclose(f)) {
        free(text);
        return NULL;
    }
    return text;
}
