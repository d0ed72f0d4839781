/* What was wrong with the inputs, on standard error. */
#ifndef TCPREUSE_PROBLEMS_PRINT_H
#define TCPREUSE_PROBLEMS_PRINT_H

#include "io/problems.h"

/* Sorts the problems and prints them; quiet: no notes. Once all threads that add some have ended. */
void problems_print(struct problems *problems, bool quiet);
/* Prints those from *printed on, in the order in which they came, and counts them there. Any thread. */
void problems_print_new(struct problems *problems, bool quiet, size_t *printed);

#endif
