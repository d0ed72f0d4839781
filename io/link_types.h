/* Files hold numbers of the LINKTYPE_ registry; libpcap has this system's DLT_ values. They differ where systems once
 * disagreed (pcap-linktype(7)). */
#ifndef TCPREUSE_LINK_TYPES_H
#define TCPREUSE_LINK_TYPES_H

#include <pcap/dlt.h>

static const struct {
    unsigned link_type;
    int dlt;
} link_types_that_differ[] = {
    {100, DLT_ATM_RFC1483}, {101, DLT_RAW}, {102, DLT_SLIP_BSDOS}, {103, DLT_PPP_BSDOS}, {106, DLT_ATM_CLIP},
};

static inline int link_type_to_dlt(unsigned link_type)
{
    for (unsigned i = 0; i < sizeof link_types_that_differ / sizeof link_types_that_differ[0]; i++)
        if (link_types_that_differ[i].link_type == link_type)
            return link_types_that_differ[i].dlt;
    return (int)link_type;
}

static inline unsigned link_type_of_dlt(int dlt)
{
    for (unsigned i = 0; i < sizeof link_types_that_differ / sizeof link_types_that_differ[0]; i++)
        if (link_types_that_differ[i].dlt == dlt)
            return link_types_that_differ[i].link_type;
    return (unsigned)dlt;
}

#endif
