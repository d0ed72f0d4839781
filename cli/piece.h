/* --piece: reads a piece of the inputs into a file. --combine: puts such files together (combine.h). */
#ifndef TCPREUSE_PIECE_H
#define TCPREUSE_PIECE_H

#include "cli/exit_status.h"
#include "cli/options.h"
#include "io/sets/inputs.h"

struct kept_piece; /* io/pieces/kept.h */

/* Makes the file that -o names, unless it is there already. As run(). The file keeps the command (options.argv). again: the
 * file that is to be made once more; of other inputs than that one's, nothing is written, and an error names them. NULL:
 * any. */
enum exit_status piece_make(const struct options *o, const struct inputs *inputs,
                            const struct kept_piece *again, struct problems *problems);

#endif
