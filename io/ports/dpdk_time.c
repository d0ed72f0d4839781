/* When a frame arrived: the time stamp that its driver left in the mbuf, where its meaning is known;
 * otherwise the real-time clock, read once a burst. */
#include "io/ports/dpdk_internal.h"

#include <rte_mbuf_dyn.h>
#include <time.h>

int64_t dpdk_clock_ns(clockid_t clock)
{
    struct timespec t;
    clock_gettime(clock, &t);
    return t.tv_sec * (int64_t)SECOND + t.tv_nsec;
}

void dpdk_time_find_stamps(struct dpdk_source *s)
{
    s->stamp_offset = rte_mbuf_dynfield_lookup(RTE_MBUF_DYNFIELD_TIMESTAMP_NAME, NULL);
    int bit = rte_mbuf_dynflag_lookup(RTE_MBUF_DYNFLAG_RX_TIMESTAMP_NAME, NULL);
    s->stamp_flag = bit >= 0 && s->stamp_offset >= 0 ? 1ull << bit : 0;
}

/* What a queue's stamps mean, judged by the first one. Only those within an hour of the real-time clock, in
 * nanoseconds, can be used. (net_pcap's are known beforehand: dpdk_open.c.) */
static enum stamp judge_stamp(uint64_t value, int64_t now)
{
    const int64_t hour = 3600LL * SECOND;
    int64_t difference = (int64_t)(value - (uint64_t)now);
    return difference > -hour && difference < hour ? STAMP_NANOSECONDS : STAMP_NONE;
}

void dpdk_time_stamp(const struct dpdk_source *s, struct queue *q, struct port_frames burst, unsigned n)
{
    int64_t now = 0;
    for (unsigned i = 0; i < n; i++) {
        const struct rte_mbuf *m = burst.frame[i];
        if (q->stamp != STAMP_NONE && m->ol_flags & s->stamp_flag) {
            uint64_t value = *RTE_MBUF_DYNFIELD(m, s->stamp_offset, const rte_mbuf_timestamp_t *);
            if (unlikely(q->stamp == STAMP_UNKNOWN))
                q->stamp = judge_stamp(value, dpdk_clock_ns(CLOCK_REALTIME));
            if (likely(q->stamp != STAMP_NONE)) {
                bool micro = q->stamp == STAMP_MICROSECONDS;
                burst.time[i] = (int64_t)value * (micro ? 1000 : 1);
                burst.decimals[i] = micro ? 6 : 9;
                continue;
            }
        }
        if (!now)
            now = dpdk_clock_ns(CLOCK_REALTIME);
        burst.time[i] = now;
        burst.decimals[i] = 9;
    }
}
