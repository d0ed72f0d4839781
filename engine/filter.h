/* Which frames are looked at. io/ implements this. */
#ifndef TCPREUSE_FILTER_H
#define TCPREUSE_FILTER_H

#include "engine/frame.h"

#include <stdbool.h>

struct filter;

struct filter {
    /* Frames that do not match are numbered, and otherwise ignored. Any thread, several at a time. */
    bool (*matches)(struct filter *, const struct frame *);
};

#endif
