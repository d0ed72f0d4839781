/* What each verdict means, in a sentence, and what to look at next. docs/verdicts.md has the long form. */
#ifndef TCPREUSE_VERDICT_WORDS_H
#define TCPREUSE_VERDICT_WORDS_H

#include "io/reports/page.h"

struct verdict_words {
    const char *meaning; /* begins with a small letter, ends without a point */
    const char *next;    /* sentences; "": nothing to do */
    enum paint paint;
    bool hurts; /* the connection was refused, held up or lost */
};

extern const struct verdict_words verdict_words[VERDICT_WORDS];

#endif
