/* The traces that are known here. */
#ifndef TCPREUSE_TEXT_FORMATS_H
#define TCPREUSE_TEXT_FORMATS_H

#include "io/texts/text.h"

extern const struct text_format text_netscreen;
extern const struct text_format text_k12text;
extern const struct text_format text_toshiba;
extern const struct text_format text_etherwatch;
extern const struct text_format text_vms;
extern const struct text_format text_cosine;
extern const struct text_format text_ascend;
extern const struct text_format text_iplog;
extern const struct text_format text_iseries;
extern const struct text_format text_eyesdn;
extern const struct text_format text_i4b;
extern const struct text_format text_hcidump;

#endif
