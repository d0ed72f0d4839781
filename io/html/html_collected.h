/* What the sink has collected for the page, and writing reads. */
#ifndef TCPREUSE_HTML_COLLECTED_H
#define TCPREUSE_HTML_COLLECTED_H

#include "io/html/html.h"
#include "io/html/html_counts.h"

/* An address, as bytes in network order; IPv4 has the first four. */
struct html_address {
    uint8_t bytes[16];
    uint8_t family; /* enum family */
};

/* A reuse. */
struct html_row {
    uint64_t frame, stream, previous_stream, episode;
    uint64_t first_frame, last_frame, frames, bytes; /* of the conversation before */
    int64_t time, gap;                               /* ns */
    int64_t answer_delay, episode_delay;             /* ns; negative: none */
    uint64_t undercuts;                              /* bit i: timer i */
    struct origin origin;
    uint32_t attempt, syn_retries;
    uint16_t client_port, server_port;
    uint8_t segment; /* of the frame: rows of one are in this order */
    uint8_t trigger, verdict, close, closer, acceptable, isn_origin, answer, outcome, certainty, decimals;
    struct html_address client, server;
    struct realm realm; /* zero unless it belongs to the key */
};

/* Of more than one attempt. */
struct html_episode {
    uint64_t episode, first_frame;
    int64_t first_time, delay; /* ns; a negative delay: none */
    uint32_t attempts;
    uint16_t client_port, server_port;
    uint8_t outcome, decimals;
    struct html_address client, server;
    struct realm realm; /* zero unless it belongs to the key */
};

struct html_endpoint {
    struct html_address address;
    struct endpoint_row row; /* its pointers say nothing any more */
    bool has_open;
    struct html_open open;
};

struct html_ranking {
    uint32_t all; /* endpoints */
    uint32_t count;
    struct html_endpoint worst[HTML_ENDPOINTS_MAX];
};

struct html_collected {
    const struct timers *timers; /* NULL: there are no verdicts */
    unsigned key_parts;          /* enum key_parts */
    bool endpoints;
    struct html_times times;
    struct html_gaps gaps, delays;
    uint64_t unanswered;             /* reuses without a delay */
    struct html_kept rows, episodes; /* of struct html_row, of struct html_episode */
    uint64_t episode_count, attempts, by_outcome[EPISODE_OUTCOMES];
    struct html_ranking clients, servers;
};

/* Writes the rows as an object of columns. No ending zero bytes; what is written is safe within HTML. files: of the
 * origins, to be freed; *count of them. 0, or -1 with errno. */
int html_write_rows(const struct html_collected *c, FILE *to, const char ***files, size_t *count);

struct html_collected *html_collected_of(struct html *h);

/* Parts of the page around its data, made when the program is built (embed.py). */
extern const char html_head[], html_between[], html_tail[];
extern const size_t html_head_size, html_between_size, html_tail_size;
extern const char html_library_version[];

#endif
