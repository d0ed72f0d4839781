/* A reuse in words. */
#ifndef TCPREUSE_STORY_H
#define TCPREUSE_STORY_H

#include "io/reports/listing_row.h"

/* As Wireshark's packet details have it, then what happened. timers: of the finding; NULL: there is none. */
void story_print(struct page *page, const struct listing_row *row, const struct timers *timers);

#endif
