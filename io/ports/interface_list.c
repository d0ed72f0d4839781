/* Which interfaces there are. */
#include "io/ports/interface_internal.h"

#include <arpa/inet.h>
#include <string.h>

enum { ADDRESSES_MAX = 512 };

/* The interface's IP addresses; of those that do not fit, nothing. */
static void write_addresses(const pcap_addr_t *address, char text[ADDRESSES_MAX])
{
    size_t n = 0;
    *text = 0;
    for (; address; address = address->next) {
        char one[INET6_ADDRSTRLEN];
        const struct sockaddr *a = address->addr;
        if (!a || (a->sa_family != AF_INET && a->sa_family != AF_INET6))
            continue;
        const void *bytes = a->sa_family == AF_INET
                                ? (const void *)&((const struct sockaddr_in *)(const void *)a)->sin_addr
                                : &((const struct sockaddr_in6 *)(const void *)a)->sin6_addr;
        inet_ntop(a->sa_family, bytes, one, sizeof one);
        if (n + strlen(one) + 2 > ADDRESSES_MAX)
            continue;
        n += (size_t)snprintf(text + n, ADDRESSES_MAX - n, "%s%s", n ? " " : "", one);
    }
}

int interface_list_all(void (*visit)(void *, const struct interface_entry *), void *context,
                       char error[INTERFACE_ERROR_MAX])
{
    char why[PCAP_ERRBUF_SIZE];
    pcap_if_t *all;
    if (pcap_findalldevs(&all, why)) {
        snprintf(error, INTERFACE_ERROR_MAX, "cannot list the interfaces: %s", why);
        return -1;
    }
    for (const pcap_if_t *i = all; i; i = i->next) {
        char addresses[ADDRESSES_MAX];
        write_addresses(i->addresses, addresses);
        const struct interface_entry entry = {i->name, i->description ? i->description : "", addresses,
                                              i->flags & PCAP_IF_UP, i->flags & PCAP_IF_LOOPBACK};
        visit(context, &entry);
    }
    pcap_freealldevs(all);
    return 0;
}
