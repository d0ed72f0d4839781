/* A shard: the conversations of the tuples whose hash falls on it, owned by one worker. */
#ifndef TCPREUSE_SHARD_H
#define TCPREUSE_SHARD_H

#include "engine/batch.h"
#include "engine/conversations/idle.h"
#include "engine/conversations/table.h"

/* A shard begins conversations up to so many segments ahead of the one that it updates, and that one may
 * begin one, too: their records lie no further than this from their place in the order of the capture. */
enum { RECORDS_AHEAD = 256 };

struct shard {
    /* Used by the owner only, until all workers have stopped. */
    struct table table[FAMILIES];
    unsigned index;
    enum rules rules;
    bool keep_records;  /* finished conversations stay, for a report of conversations or packets */
    bool mark_segments; /* leave record, completeness and reuse in the segments, for a report of packets */
    /* What a segment adds to its conversation's port_word, which is completeness, by twice its five lowest
     * flags, and one more if it carries no data: rules_completeness() of a segment without SYN, or with SYN
     * and ACK, of a conversation that is there. */
    uint64_t port_word_added[64];
    uint8_t syn_completeness; /* of a conversation after the SYN that creates it */
    /* Only where conversations are forgotten. */
    bool forgets;
    bool note_ended;   /* leave those that ended in the batch's result, for a report of conversations */
    uint64_t most;     /* conversations to be kept; 0: any number */
    int64_t idle_time; /* ns after which they are forgotten; 0: never */
    uint64_t written;  /* batches that are; set before each drain */
    uint64_t batch;    /* being drained */
    struct idle_list idle[FAMILIES];
    uint64_t expired, displaced; /* forgotten after idle_time, and for want of room */
    /* Only under generation 4.0. */
    bool follows_ftp;
    struct announced_table announced[FAMILIES];
} ALIGNED(CACHE_LINE);

int shard_init(struct shard *s, unsigned index, enum rules rules, bool keep_records, bool mark_segments);
/* Before the first batch: lets it forget conversations. */
void shard_forget(struct shard *s, uint64_t most, int64_t idle_time, bool note_ended);
/* Before the first batch: lets it take connections that FTP announces as created by that. key: that of the
 * decoders, drawn before the first batch. */
void shard_follow_ftp(struct shard *s, const struct hash_key *key);
void shard_free(struct shard *s);

/* Runs the batch's lists for this shard through the table and the rules, and leaves what came of it in
 * batch->result[index]. The batch is settled. Called by the owner, in batch order. 0, or -1 when memory is
 * short. */
int shard_drain(struct shard *s, struct batch *batch, unsigned shards);

#endif
