/* What frames come from while they arrive: the kernel's interfaces, or DPDK ports. */
#ifndef TCPREUSE_LIVE_H
#define TCPREUSE_LIVE_H

#include "cli/exit_status.h"
#include "cli/options.h"
#include "io/ports/port_counters.h"
#include "io/stop.h"

struct live;

/* Is a run with these options live? */
static inline bool live_wanted(const struct options *o)
{
    return o->dpdk || o->interface_count;
}

/* Opens what the options ask for, or prints why it cannot be opened and returns the exit status. An interface that goes down
 * meanwhile becomes a problem. */
enum exit_status live_open(struct live **opened, const struct options *o, struct problems *problems,
                           const struct stop *stop);
struct source *live_source(const struct live *l);
unsigned live_threads(const struct live *l);
/* How many ports or interfaces there are; 0 where l is NULL. */
size_t live_count(const struct live *l);
/* Counters of the i-th. Any thread. */
void live_counters(const struct live *l, size_t i, struct port_counters *counters);
/* Frames beyond --frames; 0 where l is NULL. After the run has ended. */
uint64_t live_unread(const struct live *l);
/* Tells on standard error what is captured on, unless --quiet. */
void live_announce(const struct live *l, const struct options *o);
/* NULL is fine. */
void live_close(struct live *l);

/* --list-interfaces, on standard output. */
enum exit_status live_list(void);

#endif
