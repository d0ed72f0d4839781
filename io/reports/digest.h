/* What there is to say about all reuses: how many, of which verdicts, who has most of them. */
#ifndef TCPREUSE_DIGEST_H
#define TCPREUSE_DIGEST_H

#include "io/reports/listing_row.h"

/* Zeroed, it is empty. */
struct digest {
    uint64_t reuses, hurt;
    uint64_t verdicts[VERDICT_WORDS];
    struct ranking {
        void *tree;     /* of struct ranked, by endpoint: tsearch(3) */
        uint32_t count; /* of them */
        bool full;      /* further ones are not counted */
    } clients, servers;
};

/* 0, or -1 when memory is short. */
int digest_add(struct digest *d, const struct listing_row *row, bool has_finding);
enum { DIGEST_SENTENCE_MAX = 256 };
/* How many reuses there are, and how many of them hurt; returns text. */
const char *digest_sentence(char text[DIGEST_SENTENCE_MAX], uint64_t reuses, uint64_t hurt,
                            bool has_findings);
/* hint: at what tells more. */
void digest_print(const struct digest *d, struct page *page, bool has_findings, bool hint);
void digest_free(struct digest *d);

#endif
