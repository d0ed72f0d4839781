/* The modules that talk MPI, by the names of their files: the same source (mpi_module.c), built once for each MPI. */
#ifndef TCPREUSE_RANKS_MODULE_H
#define TCPREUSE_RANKS_MODULE_H

#include "io/ranks/ranks.h"

#define RANKS_OPENMPI_FILE  "tcpreuse_openmpi.so"
#define RANKS_MPICH_FILE    "tcpreuse_mpich.so"
#define RANKS_MODULE_SYMBOL "tcpreuse_ranks_module"
extern const struct ranks_module tcpreuse_ranks_module;

#endif
