/* The traces that are known here. */
#ifndef TCPREUSE_TEXT_FORMATS_H
#define TCPREUSE_TEXT_FORMATS_H

#include "io/texts/text.h"

extern const struct text_format text_netscreen;

#endif
