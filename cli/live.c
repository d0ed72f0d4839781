/* Opens ports or interfaces, and hides from the rest of the run which of them there are. */
#include "cli/live.h"
#include "cli/interrupt.h"
#include "cli/options_suggest.h"
#include "io/message.h"
#include "io/ports/dpdk_source.h"
#include "io/ports/interface_source.h"

#include <stdlib.h>
#include <string.h>

struct live {
    struct dpdk_source *ports;           /* either this */
    struct interface_source *interfaces; /* or this */
    struct source *source;
    unsigned threads;
    size_t count;
};

static enum exit_status open_ports(struct live *l, const struct options *o)
{
    char error[DPDK_ERROR_MAX];
    const struct dpdk_params params = {
        .eal = o->dpdk,
        .ports = o->ports,
        .port_count = o->port_count,
        .queues = o->queues,
        .threads = o->threads,
        .mbufs = o->mbufs,
        .keep_frames = o->ignore_count > 0,
        .frames = o->frames,
        .duration = o->duration,
        .idle_exit = o->idle_exit,
    };
    /* The EAL's threads live until the process ends. One that handled an interrupt could still be in the
     * handler while this thread frees what the handler uses. */
    sigset_t before;
    interrupt_block(&before);
    enum dpdk_result result = dpdk_source_open(&l->ports, &params, error);
    interrupt_unblock(&before);
    if (result != DPDK_OPEN) {
        message_error("%s", error);
        return result == DPDK_WRONG ? EXIT_USAGE : EXIT_INPUT;
    }
    l->source = dpdk_source_source(l->ports);
    l->threads = dpdk_source_threads(l->ports);
    l->count = dpdk_source_ports(l->ports);
    return EXIT_DONE;
}

/* Names of interfaces, owned. */
struct names {
    char **items;
    size_t count;
};

static void add_name(void *context, const struct interface_entry *entry)
{
    struct names *n = context;
    char **more = realloc(n->items, (n->count + 1) * sizeof *more);
    if (!more)
        return;
    n->items = more;
    n->items[n->count] = strdup(entry->name);
    n->count += n->items[n->count] != NULL;
}

/* There is no interface of that name: which one was meant, or which there are. */
static void fail_unknown(const char *name)
{
    char error[INTERFACE_ERROR_MAX], all[256] = "";
    struct names names = {0};
    interface_list(add_name, &names, error);
    const char *meant = options_suggest_word((const char *const *)names.items, (unsigned)names.count, name,
                                             (unsigned)strlen(name));
    size_t length = 0;
    for (size_t i = 0; i < names.count && length + strlen(names.items[i]) + 3 < sizeof all; i++)
        length += (size_t)sprintf(all + length, "%s%s", length ? ", " : "", names.items[i]);
    if (meant)
        message_error("%s: there is no such interface; did you mean '%s'? (there are %s)", name, meant, all);
    else
        message_error("%s: there is no such interface%s%s", name, *all ? "; there are " : "", all);
    for (size_t i = 0; i < names.count; i++)
        free(names.items[i]);
    free(names.items);
}

/* The interface is read no further; the run goes on with the others, if there are any. */
static void note_lost(void *context, size_t index, const char *name, const char *why)
{
    problems_add(context, PROBLEM_ERROR, index, name, -1, "%s: this interface is not read any further", why);
}

static enum exit_status open_interfaces(struct live *l, const struct options *o, struct problems *problems,
                                        const struct stop *stop)
{
    char error[INTERFACE_ERROR_MAX];
    size_t which = 0;
    const struct interface_params params = {
        .names = o->interfaces,
        .count = o->interface_count,
        .filter = o->filter,
        .snap_length = o->snap_length,
        .buffer = o->buffer,
        .promiscuous = !o->not_promiscuous,
        .threads = o->threads,
        .keep_frames = o->ignore_count > 0,
        .frames = o->frames,
        .duration = o->duration,
        .idle_exit = o->idle_exit,
        .stop = stop,
        .lost = note_lost,
        .context = problems,
    };
    switch (interface_source_open(&l->interfaces, &params, &which, error)) {
    case INTERFACE_OPEN:
        break;
    case INTERFACE_UNKNOWN:
        fail_unknown(o->interfaces[which]);
        return EXIT_USAGE;
    case INTERFACE_WRONG:
        message_error("%s", error);
        return EXIT_USAGE;
    case INTERFACE_FAILED:
        message_error("%s", error);
        return EXIT_INPUT;
    }
    l->source = interface_source_source(l->interfaces);
    l->threads = o->threads;
    l->count = o->interface_count;
    return EXIT_DONE;
}

enum exit_status live_open(struct live **opened, const struct options *o, struct problems *problems,
                           const struct stop *stop)
{
    struct live *l = calloc(1, sizeof *l);
    if (!l)
        return fail_memory();
    const enum exit_status status = o->dpdk ? open_ports(l, o) : open_interfaces(l, o, problems, stop);
    if (status == EXIT_DONE)
        *opened = l;
    else
        live_close(l);
    return status;
}

struct source *live_source(const struct live *l)
{
    return l->source;
}

unsigned live_threads(const struct live *l)
{
    return l->threads;
}

size_t live_count(const struct live *l)
{
    return l ? l->count : 0;
}

void live_counters(const struct live *l, size_t i, struct port_counters *counters)
{
    if (l->ports)
        dpdk_source_counters(l->ports, i, counters);
    else
        interface_source_counters(l->interfaces, i, counters);
}

uint64_t live_unread(const struct live *l)
{
    if (!l)
        return 0;
    return l->ports ? dpdk_source_unread(l->ports) : interface_source_unread(l->interfaces);
}

void live_announce(const struct live *l, const struct options *o)
{
    if (!l || !l->interfaces || o->quiet)
        return;
    for (size_t i = 0; i < l->count; i++) {
        struct port_counters c;
        live_counters(l, i, &c);
        message_error("capturing on %s (%s), %u bytes of each frame", c.name, c.driver, o->snap_length);
    }
}

void live_close(struct live *l)
{
    if (!l)
        return;
    dpdk_source_close(l->ports);
    interface_source_close(l->interfaces);
    free(l);
}

static void print_interface(void *context, const struct interface_entry *entry)
{
    FILE *to = context;
    fprintf(to, "%-20s %s", entry->name, entry->up ? "up" : "down");
    if (entry->loopback)
        fputs(", loopback", to);
    if (*entry->addresses)
        fprintf(to, ", %s", entry->addresses);
    if (*entry->description) {
        fputs(", ", to);
        message_write(to, entry->description);
    }
    fputc('\n', to);
}

enum exit_status live_list(void)
{
    char error[INTERFACE_ERROR_MAX];
    if (!interface_list(print_interface, stdout, error))
        return finish_standard_output();
    message_error("%s", error);
    return EXIT_INPUT;
}
