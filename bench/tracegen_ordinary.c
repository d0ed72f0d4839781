/* Ordinary traffic: a table of active connections, each of which follows a script of segments; every frame is
 * the next segment of a connection drawn at random. A connection that has ended leaves its tuple in a small
 * pool, from which later connections take the tuples that they reuse. */
#include <stdio.h>
#include <stdlib.h>

#include "bench/tracegen.h"
#include "bench/tracegen_frame.h"

enum step_kind { STEP_SEGMENT, STEP_DATA, STEP_END };

struct step {
    uint8_t kind;
    uint8_t from; /* in a closing script: 0 is the end that closes */
    uint8_t flags;
};

#define CLIENT 0
#define SERVER 1

/* All scripts one after the other; an opening ends at STEP_DATA, a closing at STEP_END. */
static const struct step steps[] = {
    /* 0: idle, and a connection that stays open */
    {STEP_END, 0, 0},
    /* 1: handshake */
    {STEP_SEGMENT, CLIENT, TCP_SYN},
    {STEP_SEGMENT, SERVER, TCP_SYN | TCP_ACK},
    {STEP_SEGMENT, CLIENT, TCP_ACK},
    {STEP_DATA, 0, 0},
    /* 5: SYN sent again */
    {STEP_SEGMENT, CLIENT, TCP_SYN},
    {STEP_SEGMENT, CLIENT, TCP_SYN},
    {STEP_SEGMENT, SERVER, TCP_SYN | TCP_ACK},
    {STEP_SEGMENT, CLIENT, TCP_ACK},
    {STEP_DATA, 0, 0},
    /* 10: SYN after its SYN/ACK */
    {STEP_SEGMENT, SERVER, TCP_SYN | TCP_ACK},
    {STEP_SEGMENT, CLIENT, TCP_SYN},
    {STEP_SEGMENT, CLIENT, TCP_ACK},
    {STEP_DATA, 0, 0},
    /* 14: refused */
    {STEP_SEGMENT, CLIENT, TCP_SYN},
    {STEP_SEGMENT, SERVER, TCP_RST | TCP_ACK},
    {STEP_END, 0, 0},
    /* 17: four-way close */
    {STEP_SEGMENT, 0, TCP_FIN | TCP_ACK},
    {STEP_SEGMENT, 1, TCP_ACK},
    {STEP_SEGMENT, 1, TCP_FIN | TCP_ACK},
    {STEP_SEGMENT, 0, TCP_ACK},
    {STEP_END, 0, 0},
    /* 22: three-way close */
    {STEP_SEGMENT, 0, TCP_FIN | TCP_ACK},
    {STEP_SEGMENT, 1, TCP_FIN | TCP_ACK},
    {STEP_SEGMENT, 0, TCP_ACK},
    {STEP_END, 0, 0},
    /* 26: reset */
    {STEP_SEGMENT, 0, TCP_RST},
    {STEP_END, 0, 0},
    /* 28: reset with ACK */
    {STEP_SEGMENT, 0, TCP_RST | TCP_ACK},
    {STEP_END, 0, 0},
    /* 30: no handshake */
    {STEP_DATA, 0, 0},
};

enum script {
    SCRIPT_IDLE = 0,
    SCRIPT_HANDSHAKE = 1,
    SCRIPT_RETRANSMIT = 5,
    SCRIPT_REORDER = 10,
    SCRIPT_REFUSED = 14,
    SCRIPT_FIN4 = 17,
    SCRIPT_FIN3 = 22,
    SCRIPT_RST = 26,
    SCRIPT_RST_ACK = 28,
    SCRIPT_MIDSTREAM = 30
};

/* One line of cache: each frame touches a random one. */
struct connection {
    struct endpoints ends;
    uint32_t isn[2];
    uint32_t next[2]; /* next sequence number of each end */
    uint32_t data_left;
    uint32_t cut_after; /* frames left before the connection is cut off; 0: it is not */
    uint8_t step;
    uint8_t closing;
    uint8_t closer;
    uint8_t unused[21];
};
_Static_assert(sizeof(struct connection) == 64, "a connection is one cache line");

struct ended {
    struct endpoints ends;
    uint32_t isn[2];
};

/* Enough that a tuple rests a while, and small beside the table of connections. */
#define POOL_SIZE 65536u

/* How far ahead connections are drawn, so that their cache lines are there when their turn comes. */
#define AHEAD 16u

struct ordinary {
    const struct tracegen_options *opt;
    struct tracegen_counts *counts;
    struct connection *connections;
    struct ended *pool;
    uint32_t pool_used;
    uint64_t reuses_owed;
    uint64_t tuples_made;
    uint64_t tuple_key;
    struct rng rng;
};

/* A tuple that no connection had before: the bits of a scrambled counter. Clients are 10.0.0.0/15,
 * servers 10.128.0.0/24; the server ports are none that a protocol dissector claims. */
static void tuple_make_fresh(struct ordinary *o, struct endpoints *e)
{
    const uint64_t mask = (UINT64_C(1) << 42) - 1;
    uint64_t x = (o->tuples_made++ + o->tuple_key) & mask;

    x = (x * UINT64_C(0x9e3779b97f4a7c15)) & mask;
    x ^= x >> 21;
    x = (x * UINT64_C(0xd1342543de82ef95)) & mask;
    x ^= x >> 21;

    e->port[CLIENT] = (uint16_t)(0x8000 | (x & 0x3fff));
    e->port[SERVER] = (uint16_t)(40000 + ((x >> 14) & 7));
    e->address[CLIENT] = 0x0a000000 | (uint32_t)((x >> 17) & 0x1ffff);
    e->address[SERVER] = 0x0a800000 | (uint32_t)((x >> 34) & 0xff);
    e->is_ipv6 = rng_chance(&o->rng, o->opt->ipv6);
    e->vlan_depth = rng_chance(&o->rng, o->opt->vlan) ? (uint8_t)o->opt->vlan_depth : 0;
    e->vlan = (uint16_t)(100 + ((x >> 17) & 0xff));
}

static uint32_t script_length(uint8_t step)
{
    uint32_t n = 0;

    while (steps[step + n].kind == STEP_SEGMENT)
        n++;
    return n;
}

/* Rounds a number in units of 2^-16 up or down at random, so that the mean stays. */
static uint32_t round_randomly(struct rng *r, uint64_t value)
{
    return (uint32_t)((value + (rng_next(r) >> 48)) >> 16);
}

static uint8_t draw_closing(struct ordinary *o)
{
    uint64_t draw = rng_next(&o->rng);
    share_t share = draw >> 32;
    bool variant = draw & 1;

    if (share < o->opt->fin)
        return variant ? SCRIPT_FIN4 : SCRIPT_FIN3;
    if (share < o->opt->fin + o->opt->rst)
        return variant ? SCRIPT_RST : SCRIPT_RST_ACK;
    return SCRIPT_IDLE;
}

static uint8_t draw_opening(struct ordinary *o, struct tracegen_counts *n)
{
    const struct tracegen_options *opt = o->opt;
    share_t share = rng_next(&o->rng) >> 32;

    /* One draw for all four: main() has seen to it that they are 100 percent at most together. */
    if (share < opt->midstream) {
        n->midstream++;
        return SCRIPT_MIDSTREAM;
    }
    share -= opt->midstream;
    if (share < opt->syn_retransmit) {
        n->syn_retransmit++;
        return SCRIPT_RETRANSMIT;
    }
    share -= opt->syn_retransmit;
    if (share < opt->syn_reorder) {
        n->syn_reorder++;
        return SCRIPT_REORDER;
    }
    share -= opt->syn_reorder;
    if (share < opt->refused) {
        n->refused++;
        return SCRIPT_REFUSED;
    }
    return SCRIPT_HANDSHAKE;
}

/* The data phase is what the mean length leaves. Where opening and closing are longer than that already, the
 * connection is cut off instead. */
static void draw_length(struct ordinary *o, struct connection *c)
{
    uint64_t mean = o->opt->conversation_frames;
    uint64_t control = (uint64_t)(script_length(c->step) + script_length(c->closing)) << 16;

    c->cut_after = 0;
    c->data_left = 0;
    if (mean < control)
        c->cut_after = round_randomly(&o->rng, mean);
    else if (c->step != SCRIPT_REFUSED)
        c->data_left = round_randomly(
            &o->rng,
            (uint64_t)(((unsigned __int128)(mean - control) * rng_exponential_1_5(&o->rng) / 3) >> 15));
    /* Without any frame it would be no connection. */
    if (control == 0 && c->data_left == 0)
        c->data_left = 1;
}

static void connection_start(struct ordinary *o, struct connection *c)
{
    struct tracegen_counts *n = o->counts;
    bool same_isn = false;

    c->step = draw_opening(o, n);
    c->closing = c->step == SCRIPT_REFUSED ? SCRIPT_IDLE : draw_closing(o);
    c->closer = (uint8_t)(rng_next(&o->rng) >> 63);
    draw_length(o, c);

    /* What cannot be reused yet (there is no ended tuple, or this connection shows no handshake) is owed to a
     * later one. */
    if (rng_chance(&o->rng, o->opt->reuse))
        o->reuses_owed++;
    if (o->reuses_owed > 0 && o->pool_used > 0 && c->step != SCRIPT_MIDSTREAM) {
        struct ended *old = &o->pool[rng_below(&o->rng, o->pool_used)];

        c->ends = old->ends;
        c->isn[0] = old->isn[0];
        c->isn[1] = old->isn[1];
        *old = o->pool[--o->pool_used];
        o->reuses_owed--;
        n->reuses++;
        same_isn = rng_chance(&o->rng, o->opt->same_isn);
        n->same_isn += same_isn;
    } else {
        tuple_make_fresh(o, &c->ends);
    }
    if (!same_isn) {
        uint64_t isns = rng_next(&o->rng);

        c->isn[0] = (uint32_t)isns;
        c->isn[1] = (uint32_t)(isns >> 32);
    }
    c->next[0] = c->isn[0] + 1;
    c->next[1] = c->isn[1] + 1;
    n->conversations++;
}

static void connection_end(struct ordinary *o, struct connection *c)
{
    c->step = SCRIPT_IDLE;
    if (o->opt->reuse == 0)
        return;
    uint32_t at = o->pool_used < POOL_SIZE ? o->pool_used++ : rng_below(&o->rng, POOL_SIZE);

    o->pool[at] = (struct ended){c->ends, {c->isn[0], c->isn[1]}};
}

static uint32_t draw_size(struct ordinary *o)
{
    const struct size_mix *mix = o->opt->mix;
    uint32_t draw = rng_below(&o->rng, 100);
    uint32_t i = 0;

    while (i + 1 < mix->count && draw >= mix->sizes[i].percent)
        draw -= mix->sizes[i++].percent;
    return mix->sizes[i].size;
}

/* Sets the connection to its next step that is a segment, through the end of the data phase. */
static void connection_settle(struct connection *c)
{
    if (steps[c->step].kind == STEP_DATA && c->data_left == 0)
        c->step = c->closing;
}

static void connection_send(struct ordinary *o, struct writer *w, struct connection *c, uint32_t small)
{
    const struct step *step = &steps[c->step];
    struct segment s = {.ip_id = (uint16_t)w->frames};
    uint32_t size = small;

    if (step->kind == STEP_DATA) {
        /* Servers send most of the data. */
        s.from = (rng_next(&o->rng) >> 62) != 0;
        s.flags = TCP_ACK;
        size = draw_size(o);
        if (size == 0) {
            size = small;
        } else if (size > frame_overhead(&c->ends)) {
            s.payload_length = size - frame_overhead(&c->ends);
            s.flags |= TCP_PSH;
        }
        if (w->payloads != NULL && s.payload_length > 0)
            payloads_fill(w->payloads, &s);
        c->data_left--;
    } else {
        s.from = c->step >= SCRIPT_FIN4 ? step->from ^ c->closer : step->from;
        s.flags = step->flags;
        /* Connections are counted, not segments. */
        o->counts->fin += c->step == SCRIPT_FIN4 || c->step == SCRIPT_FIN3;
        o->counts->rst += c->step == SCRIPT_RST || c->step == SCRIPT_RST_ACK;
        c->step++;
    }
    s.seq = s.flags & TCP_SYN ? c->isn[s.from] : c->next[s.from];
    s.ack = s.flags & TCP_ACK ? c->next[!s.from] : 0;
    c->next[s.from] += s.payload_length + (s.flags & TCP_FIN ? 1 : 0);

    uint32_t length = frame_build(writer_frame(w), &c->ends, &s, size < small ? size : small);

    writer_commit(w, length, length);
}

/* The connection whose turn it is. The heavy one, if there is one, is the first. */
static uint32_t draw_connection(struct ordinary *o)
{
    if (o->opt->heavy != 0 && rng_chance(&o->rng, o->opt->heavy))
        return 0;
    return rng_below(&o->rng, o->opt->flows);
}

void ordinary_write(struct writer *w, const struct tracegen_options *opt, struct tracegen_counts *counts)
{
    struct ordinary o = {.opt = opt, .counts = counts};
    uint32_t drawn[AHEAD];
    uint32_t small = FRAME_SMALL;

    /* With --size below 64, all frames are that small. */
    if (opt->mix->sizes[0].size != 0 && opt->mix->sizes[0].size < small)
        small = opt->mix->sizes[0].size;

    o.connections = aligned_alloc(64, (size_t)opt->flows * sizeof(*o.connections));
    o.pool = calloc(POOL_SIZE, sizeof(*o.pool));
    if (o.connections == NULL || o.pool == NULL) {
        fprintf(stderr, "tracegen: out of memory\n");
        w->failed = true;
        goto out;
    }
    rng_seed(&o.rng, opt->seed, 0);
    o.tuple_key = rng_next(&o.rng);
    for (uint32_t i = 0; i < opt->flows; i++)
        o.connections[i].step = SCRIPT_IDLE;
    for (uint32_t i = 0; i < AHEAD; i++)
        drawn[i] = draw_connection(&o);

    for (uint64_t i = 0; i < opt->frames && !w->failed; i++) {
        struct connection *c = &o.connections[drawn[i % AHEAD]];

        drawn[i % AHEAD] = draw_connection(&o);
        __builtin_prefetch(&o.connections[drawn[i % AHEAD]], 1);
        if (c->step == SCRIPT_IDLE) {
            connection_start(&o, c);
            if (opt->heavy != 0 && c == o.connections) {
                c->cut_after = 0;
                c->data_left = UINT32_MAX;
            }
            connection_settle(c);
        }
        connection_send(&o, w, c, small);
        connection_settle(c);
        if (steps[c->step].kind == STEP_END || (c->cut_after > 0 && --c->cut_after == 0))
            connection_end(&o, c);
    }
out:
    free(o.connections);
    free(o.pool);
}
