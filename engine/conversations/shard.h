/* A shard: the conversations of all tuples whose hash selects it, owned by one worker. */
#ifndef TCPREUSE_SHARD_H
#define TCPREUSE_SHARD_H

#include "engine/batch.h"
#include "engine/conversations/announced.h"
#include "engine/conversations/episode.h"
#include "engine/conversations/history.h"
#include "engine/conversations/idle.h"
#include "engine/conversations/table.h"
#include "engine/conversations/ways.h"

/* Conversations may be created out of capture order, since the find pass runs ahead of the update pass, and
 * both may create one. A record is no further than this from its place in capture order. */
enum { RECORDS_AHEAD = 256 };

struct shard {
    /* Only the owner reads and writes all of this. Others read tables and counters once all shards have
     * drained the last batch (batch.drained), or all workers have stopped. */
    struct table table[FAMILIES];
    unsigned index;
    enum rules rules;
    bool keyed;        /* the key of conversations has more than the tuple: set by shard_key() */
    bool keep_records; /* keep finished conversations, for a report of conversations or packets */
    /* Leave record, completeness and reuse in the segments, for a report of packets, or to count ways. */
    bool mark_segments;
    /* The completeness that a segment adds, to be or-ed into its conversation's port word:
     * rules_completeness() for an existing conversation and a segment without SYN, or with SYN and ACK. The
     * index is the segment's five lowest flags * 2, + 1 if it carries no data, + 64 where verdicts are wanted
     * and endpoint 1 sent it; with verdicts STATE_SENT and
     * STATE_SYNACK are added, too. */
    uint64_t port_word_added[128];
    uint8_t syn_completeness; /* of a conversation after a plain SYN that creates it */
    /* Set by shard_forget(). */
    bool forgets;
    bool note_ended;   /* list ended conversations in the batch, for a report of conversations */
    uint64_t most;     /* conversations that are kept at most; 0: no limit */
    int64_t idle_time; /* ns without a segment after which a conversation is forgotten; 0: never */
    /* Conversations expire if their last frame is at most over_before, and after frame over_from if it is at
     * most `over`. The owner sets these before each drain. */
    uint64_t over, over_before, over_from;
    uint64_t written; /* batches that have been written; the owner sets it before each drain */
    uint64_t batch;   /* the one being drained */
    struct idle_list idle[FAMILIES];
    uint64_t expired, displaced; /* conversations forgotten as idle, and because of `most` */
    /* Set before the first batch: copies of segments within this many ns are dropped; 0: none are. */
    int64_t copy_window;
    uint64_t copies; /* dropped */
    struct copy_filter seen[FAMILIES];
    /* Set by shard_give_verdicts(). */
    struct verdict_params verdicts;
    struct histories histories[FAMILIES];
    struct episodes episodes[FAMILIES];
    int64_t clock; /* the latest time stamp of all boundaries in the batches before */
    /* Set by shard_count_ways(). */
    bool counts_ways;
    struct record_chunks ways[FAMILIES];
    /* Set by shard_follow_ftp(). */
    bool follows_ftp;
    struct announced_table announced[FAMILIES];
} ALIGNED(CACHE_LINE);

/* The members' comments explain the parameters. 0, or -1 when memory is short; call shard_free() in either
 * case. */
int shard_init(struct shard *s, unsigned index, enum rules rules, bool keep_records, bool mark_segments);
/* Before the first batch, where the key of conversations is more than the tuple (not under 4.0): all of the
 * shard's segments are of FAMILY_KEYED. 0, or -1 when memory is short. */
int shard_key(struct shard *s);
/* Before the first batch, if the shard is to forget conversations. by_frames: over and over_before will be
 * set. */
void shard_forget(struct shard *s, uint64_t most, int64_t idle_time, bool by_frames, bool note_ended);
/* Before the first batch, under generation 4.0: connections that FTP announces count as created by the
 * announcement. key: the decoders'; it is read from the first batch on, and must outlive the shard. */
void shard_follow_ftp(struct shard *s, const struct hash_key *key);
/* Before the first batch: reuses get verdicts. What params point to must outlive the shard. */
void shard_give_verdicts(struct shard *s, const struct verdict_params *params);
/* Before the first batch: frames and payload of each direction are counted (ways.h). Requires
 * mark_segments. */
void shard_count_ways(struct shard *s);
void shard_free(struct shard *s);

/* Applies the rules to the shard's segments of a settled batch, and leaves the events in
 * batch->result[index]. shards: how many there are. Called by the owner, in batch order. 0, or -1 when memory
 * is short. */
int shard_drain(struct shard *s, struct batch *batch, unsigned shards);
/* At the end of the capture: the findings of reuses that still wait for an answer. 0, or -1 when memory is
 * short. */
int shard_finish(struct shard *s, struct found_list found[FAMILIES]);

#endif
