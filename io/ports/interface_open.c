/* Opening and closing: one handle of libpcap for each interface. */
#include "engine/clock.h"
#include "io/link_types.h"
#include "io/ports/interface_internal.h"

#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
    /* The kernel hands over a part of its buffer when it is full, or after one or two of these. Much less than
     * PORT_MERGE_HOLD_NS, for which frames of one interface wait for those of others. */
    TIMEOUT_MS = 10,
    SETTLE_MS = 100,
    COMPILE_BYTES = 1 << 20, /* more than compiling takes: libpcap's lexer crashes when it gets no memory */
};

static void explain_permission(const char *name, char error[INTERFACE_ERROR_MAX])
{
    char program[256];
    const ssize_t n = readlink("/proc/self/exe", program, sizeof program - 1);
    program[MAX(n, (ssize_t)0)] = 0;
    snprintf(error, INTERFACE_ERROR_MAX,
             "%s: no permission to capture: CAP_NET_RAW is needed, and CAP_NET_ADMIN for promiscuous mode "
             "(-p: without); "
             "run as root, or once: setcap cap_net_raw,cap_net_admin=eip %s",
             name, n > 0 ? program : "tcpreuse");
}

/* In words. activated: what pcap_activate() returned. */
static enum interface_result explain(const struct interface *i, int activated,
                                     char error[INTERFACE_ERROR_MAX])
{
    const char *more = pcap_geterr(i->pcap);
    switch (activated) {
    case PCAP_ERROR_NO_SUCH_DEVICE:
        snprintf(error, INTERFACE_ERROR_MAX, "%s: there is no such interface", i->name);
        return INTERFACE_UNKNOWN;
    case PCAP_ERROR_PERM_DENIED:
    case PCAP_ERROR_PROMISC_PERM_DENIED:
        explain_permission(i->name, error);
        break;
    case PCAP_ERROR_IFACE_NOT_UP:
        snprintf(error, INTERFACE_ERROR_MAX, "%s: the interface is down; ip link set %s up", i->name,
                 i->name);
        break;
    default:
        snprintf(error, INTERFACE_ERROR_MAX, "%s: cannot capture: %s%s%s", i->name,
                 pcap_statustostr(activated), *more ? ": " : "", more);
    }
    return INTERFACE_FAILED;
}

/* Frames that came in before the filter was there are neither seen nor received. */
static void drop_frame(u_char *context, const struct pcap_pkthdr *header, const u_char *bytes)
{
    (void)header;
    (void)bytes;
    ++*(uint64_t *)context;
}

/* Between pcap_activate() and the filter, frames of all kinds get in. They are taken out again while nothing else gets in. */
static void empty_buffer(const struct interface *i)
{
    uint64_t dropped = 0;
    if (!interface_reject_all(i))
        return;
    for (unsigned ms = 0; ms < SETTLE_MS; ms++) {
        struct pcap_stat stat;
        while (pcap_dispatch(i->pcap, -1, drop_frame, (u_char *)&dropped) > 0)
            ;
        if (pcap_stats(i->pcap, &stat) || (uint32_t)(stat.ps_recv - stat.ps_drop) <= dropped)
            return;
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
}

/* Without an expression, too: what it accepts, it cuts to the snap length, so that the buffer has room for more. */
static enum interface_result set_filter(const struct interface *i, const char *expression,
                                        char error[INTERFACE_ERROR_MAX])
{
    struct bpf_program program;
    void *room = malloc(COMPILE_BYTES);
    free(room);
    if (!room)
        return INTERFACE_FAILED;
    if (pcap_compile(i->pcap, &program, expression ? expression : "", 1, PCAP_NETMASK_UNKNOWN)) {
        snprintf(error, INTERFACE_ERROR_MAX, "--filter: %s: %s", i->name, pcap_geterr(i->pcap));
        return INTERFACE_WRONG;
    }
    const int failure = pcap_setfilter(i->pcap, &program);
    pcap_freecode(&program);
    if (failure)
        snprintf(error, INTERFACE_ERROR_MAX, "--filter: %s: %s", i->name, pcap_geterr(i->pcap));
    return failure ? INTERFACE_FAILED : INTERFACE_OPEN;
}

static int set_options(pcap_t *p, const struct interface_params *params, bool all)
{
    pcap_set_tstamp_precision(p,
                              PCAP_TSTAMP_PRECISION_NANO); /* one that does not have it keeps microseconds */
    return pcap_set_snaplen(p, (int)params->snap_length) ||
           pcap_set_promisc(p, params->promiscuous && !all) || pcap_set_timeout(p, TIMEOUT_MS) ||
           pcap_set_buffer_size(p, (int)(params->buffer << 10));
}

static enum interface_result open_one(struct interface *i, const struct interface_params *params,
                                      char error[INTERFACE_ERROR_MAX])
{
    char why[PCAP_ERRBUF_SIZE];
    i->pcap = pcap_create(i->name, why);
    if (!i->pcap || set_options(i->pcap, params, !strcmp(i->name, "any"))) {
        snprintf(error, INTERFACE_ERROR_MAX, "%s: cannot capture: %s", i->name,
                 i->pcap ? "out of memory" : why);
        return INTERFACE_FAILED;
    }
    const int activated = pcap_activate(i->pcap);
    if (activated < 0)
        return explain(i, activated, error);
    if (pcap_setnonblock(i->pcap, 1, why)) {
        snprintf(error, INTERFACE_ERROR_MAX, "%s: cannot capture: %s", i->name, why);
        return INTERFACE_FAILED;
    }
    i->fd = pcap_get_selectable_fd(i->pcap);
    atomic_init(&i->readable, i->fd >= 0);
    const char *link = pcap_datalink_val_to_name(pcap_datalink(i->pcap));
    i->link_type = (uint16_t)link_type_of_dlt(pcap_datalink(i->pcap));
    snprintf(i->link_name, sizeof i->link_name, "%s", link ? link : "unknown");
    i->decimals = pcap_get_tstamp_precision(i->pcap) == PCAP_TSTAMP_PRECISION_NANO ? 9 : 6;
    empty_buffer(i);
    enum interface_result result = set_filter(i, params->filter, error);
    if (result == INTERFACE_OPEN && pcap_stats(i->pcap, &i->last))
        i->last = (struct pcap_stat){0};
    return result;
}

void interface_close(struct interface_source *s)
{
    if (!s)
        return;
    for (unsigned w = 0; s->spare && w < s->params.threads; w++)
        interface_train_free(s->spare[w]);
    port_merge_destroy(s->merge, free);
    for (size_t i = 0; s->interfaces && i < s->params.count; i++)
        if (s->interfaces[i].pcap)
            pcap_close(s->interfaces[i].pcap);
    free(s->interfaces);
    free(s->spare);
    free(s);
}

static enum interface_result open_all(struct interface_source *s, size_t *which,
                                      char error[INTERFACE_ERROR_MAX])
{
    const struct interface_params *params = &s->params;
    for (size_t i = 0; i < params->count; i++) {
        struct interface *interface = &s->interfaces[i];
        interface->index = (uint32_t)i;
        if ((size_t)snprintf(interface->name, sizeof interface->name, "%s", params->names[i]) >=
            sizeof interface->name) {
            snprintf(error, INTERFACE_ERROR_MAX, "%.64s...: there is no such interface", params->names[i]);
            *which = i;
            return INTERFACE_UNKNOWN;
        }
    }
    for (size_t i = 0; i < params->count; i++) {
        enum interface_result result = open_one(&s->interfaces[i], params, error);
        *which = i;
        if (result != INTERFACE_OPEN)
            return result;
    }
    return INTERFACE_OPEN;
}

enum interface_result interface_open(struct interface_source **opened, const struct interface_params *params,
                                     size_t *which, char error[INTERFACE_ERROR_MAX])
{
    struct interface_source *s = calloc(1, sizeof *s);
    enum interface_result result = INTERFACE_FAILED;
    snprintf(error, INTERFACE_ERROR_MAX, "out of memory");
    if (!s)
        return result;
    s->source.ops = &interface_source_ops;
    s->source.ends_itself = true;
    s->source.endless = true;
    s->params = *params;
    s->interfaces = aligned_alloc(CACHE_LINE, params->count * sizeof *s->interfaces);
    s->spare = calloc(params->threads, sizeof(struct train *));
    if (s->interfaces)
        memset(s->interfaces, 0, params->count * sizeof *s->interfaces);
    if (params->count > 1)
        s->merge = port_merge_create((unsigned)params->count, interface_take_for_merge, s);
    if (s->interfaces && s->spare && (s->merge || params->count == 1))
        result = open_all(s, which, error);
    if (result == INTERFACE_OPEN)
        *opened = s;
    else
        interface_close(s);
    return result;
}
