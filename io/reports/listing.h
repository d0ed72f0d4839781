/* The report of reuses for people: an aligned listing, or with details each reuse in words, and at the end what
 * there is to say about all of them. */
#ifndef TCPREUSE_LISTING_H
#define TCPREUSE_LISTING_H

#include "io/reports/page.h"
#include "io/reports/row_format.h"

struct listing_params {
    struct page_style style;
    bool details;                /* as in Wireshark's packet details, and the story */
    bool digest;                 /* say something about all reuses at the end */
    bool with_origin;            /* reuses come from several files */
    const struct timers *timers; /* of the findings; NULL: there are no verdicts */
};

struct listing;

/* NULL when memory is short. */
struct listing *listing_create(const struct listing_params *params);
/* NULL is fine. */
void listing_destroy(struct listing *l);

/* Its state is a struct listing. For reuses only. */
extern const struct row_format listing_format;

#endif
