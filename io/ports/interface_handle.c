/* One interface: its frames, what the kernel counts of it, and how it ends.
 *
 * What the kernel has seen (the frames that match the filter) is either missed, for want of room in its buffer, or waits
 * there until it is received. When an interface ends, nothing more is let in, and what waits is received. So in the end
 * seen = received + missed, to the frame. */
#include "engine/clock.h"
#include "io/ports/interface_internal.h"

#include <linux/filter.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { LAST_MS = 500 /* what waits comes within two of libpcap's timeouts */ };

bool interface_reject_all(const struct interface *i)
{
    struct sock_filter nothing = BPF_STMT(BPF_RET | BPF_K, 0);
    const struct sock_fprog program = {.len = 1, .filter = &nothing};
    return i->fd >= 0 && !setsockopt(i->fd, SOL_SOCKET, SO_ATTACH_FILTER, &program, sizeof program);
}

static void add(_Atomic uint64_t *counter, uint64_t n)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + n,
                          memory_order_relaxed);
}

void interface_count(struct interface *i)
{
    struct pcap_stat now;
    if (pcap_stats(i->pcap, &now))
        return;
    add(&i->seen, now.ps_recv - i->last.ps_recv);
    add(&i->missed, now.ps_drop - i->last.ps_drop);
    /* Of an interface that has gone libpcap finds none, and counts down. */
    const uint32_t by_interface = now.ps_ifdrop - i->last.ps_ifdrop;
    if (by_interface <= INT32_MAX)
        add(&i->missed_by_interface, by_interface);
    i->last = now;
}

void interface_end(struct interface *i, int64_t now)
{
    if (i->state != INTERFACE_CAPTURES)
        return;
    i->state = INTERFACE_ENDS;
    i->deadline = now + (int64_t)LAST_MS * 1000000;
    interface_reject_all(i);
}

/* Where the callback puts frames. */
struct taking {
    struct interface *interface;
    struct port_frames to;
    unsigned count;
    uint64_t no_memory;
};

static void take_frame(u_char *context, const struct pcap_pkthdr *header, const u_char *bytes)
{
    struct taking *t = (struct taking *)context;
    const struct interface *i = t->interface;
    struct captured *c = malloc(sizeof *c + header->caplen);
    if (!c) {
        t->no_memory++;
        return;
    }
    *c = (struct captured){.captured = header->caplen, .length = header->len, .interface = i->index};
    memcpy(c->bytes, bytes, header->caplen);
    const int64_t fraction = header->ts.tv_usec; /* in the unit that was agreed on */
    t->to.frame[t->count] = c;
    t->to.time[t->count] = header->ts.tv_sec * INT64_C(1000000000) + fraction * (i->decimals == 9 ? 1 : 1000);
    t->to.decimals[t->count++] = i->decimals;
}

/* Has everything been received that the kernel let in? */
static bool has_all(struct interface *i)
{
    interface_count(i);
    const uint64_t taken = atomic_load_explicit(&i->received, memory_order_relaxed) +
                           atomic_load_explicit(&i->no_memory, memory_order_relaxed);
    const uint64_t missed = atomic_load_explicit(&i->missed, memory_order_relaxed);
    return taken + missed >= atomic_load_explicit(&i->seen, memory_order_relaxed);
}

unsigned interface_take(struct interface_source *s, struct interface *i, struct port_frames to, unsigned most)
{
    struct taking t = {.interface = i, .to = to};
    if (i->state == INTERFACE_DONE)
        return 0;
    const int result = pcap_dispatch(i->pcap, (int)most, take_frame, (u_char *)&t);
    add(&i->received, t.count);
    add(&i->no_memory, t.no_memory);
    if (result < 0 && i->state == INTERFACE_CAPTURES) {
        atomic_store_explicit(&i->readable, false, memory_order_relaxed);
        s->params.lost(s->params.context, i->index, i->name, pcap_geterr(i->pcap));
        interface_end(i, clock_monotonic_ns());
    }
    if (i->state == INTERFACE_ENDS && result <= 0 && (has_all(i) || clock_monotonic_ns() >= i->deadline)) {
        atomic_store_explicit(&i->readable, false, memory_order_relaxed);
        i->state = INTERFACE_DONE;
    }
    return t.count;
}

unsigned interface_take_for_merge(void *context, unsigned index, struct port_frames to)
{
    struct interface_source *s = context;
    return interface_take(s, &s->interfaces[index], to, PORT_MERGE_BURST);
}
