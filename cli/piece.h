/* --piece: reads a piece of the inputs into a file. --combine: puts such files together (combine.h). */
#ifndef TCPREUSE_PIECE_H
#define TCPREUSE_PIECE_H

#include "cli/run.h"

/* Makes the file that -o names, unless it is there already. As run(). argv: the whole command, which the file keeps. */
enum exit_status piece_make(const struct options *o, const struct inputs *inputs, struct problems *problems);

#endif
