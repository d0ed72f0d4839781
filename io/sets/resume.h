/* Going on in a file where an earlier run ended: the file has grown since. */
#ifndef TCPREUSE_RESUME_H
#define TCPREUSE_RESUME_H

#include "io/capture.h"

/* Makes the capture, which has just been opened, begin at this position, where a record begins: what
 * stands before it and changes how records are read, is read. False after adding a problem. */
bool resume_capture(struct capture *c, uint64_t position);

#endif
