/* A sink whose rows are the events of the public interface, and the queue that they wait in. */
#ifndef TCPREUSE_LIB_EVENTS_H
#define TCPREUSE_LIB_EVENTS_H

#include "engine/sink.h"
#include "lib/tcpreuse.h"

#include <pthread.h>

struct event_list {
    struct tcpreuse_event *items;
    size_t count, capacity;
};

struct events {
    struct sink sink;
    pthread_mutex_t lock;    /* guards what follows up to `changed` */
    struct event_list queue; /* from the writer */
    size_t most;             /* in the queue before writing waits; 0: it never does */
    bool ended;              /* nothing more will be written */
    bool abandoned;          /* nobody takes events any more: they are dropped */
    pthread_cond_t changed;  /* signalled by either side */
    struct event_list taken; /* the taker's: what it has taken from the queue */
    size_t next;             /* of them */
};

struct events_params {
    unsigned kinds; /* enum tcpreuse_event_kind */
    unsigned key_parts;
    bool wants_origin, wants_community_id;
    uint16_t community_id_seed;
    const struct timers *timers; /* NULL: no verdicts are wanted */
    size_t most;                 /* events that may wait, where the taker has another thread; 0: it has not */
};

/* 0, or -1 when a lock could not be had. */
int events_init(struct events *e, const struct events_params *params);
void events_free(struct events *e);
/* The next event; NULL: there is none for now. wait: until there is one, or they have ended. By the taker. */
const struct tcpreuse_event *events_take(struct events *e, bool wait);
/* All events are in the queue. By the writer. */
void events_end(struct events *e);
/* No event will be taken any more. By the taker. */
void events_abandon(struct events *e);

#endif
