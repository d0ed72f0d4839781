/* A reuse in words. */
#ifndef TCPREUSE_STORY_H
#define TCPREUSE_STORY_H

#include "io/reports/listing_row.h"

/* Sentences of a story, for all who tell one. */
extern const struct story_words {
    const char *triggers[TRIGGERS];
    const char *closes[CLOSES];   /* without the point; "%s" stands where a closer does, at most once */
    const char *closers[CLOSERS]; /* who closed */
    const char *keeps;            /* behind CLOSE_FIN where one side was first */
    const char *origins[ORIGINS]; /* NULL: nothing to say */
    const char *accepts[ACCEPTABLES];
    const char *answers[ANSWERS];           /* ANSWER_SYNACK is no whole sentence: a delay may follow */
    const char *outcomes[EPISODE_OUTCOMES]; /* nor is EPISODE_CONNECTED */
    const char *certainties[CERTAINTIES];   /* by bit; what makes a verdict less certain */
} story_words;

/* As Wireshark's packet details have it, then what happened. timers: of the finding; NULL: there is none. */
void story_print(struct page *page, const struct listing_row *row, const struct timers *timers);

#endif
