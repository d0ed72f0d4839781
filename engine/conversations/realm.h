/* The network that a frame belongs to, which may be a part of the key of conversations beside the tuple.
 * Hosts in two VLANs, or in two tenants' overlay networks, may have the same addresses. */
#ifndef TCPREUSE_REALM_H
#define TCPREUSE_REALM_H

#include "engine/util.h"

/* The parts of a realm that belong to the key of conversations; none if the key is the tuple. */
enum key_parts { KEY_VLAN = 1, KEY_INTERFACE = 2, KEY_VNI = 4 };

/* Parts that are not in the key are zero. Hashed and compared as bytes. */
struct realm {
    uint32_t interface; /* frame.interface */
    uint32_t network; /* the VNI of the innermost VXLAN or Geneve header (RFC 7348, RFC 8926), + 1; 0: none */
    uint16_t vlan;    /* of the outermost 802.1Q tag whose VLAN is not 0; 0: there is none */
    uint8_t family;   /* enum family of the addresses */
    uint8_t unused[5];
};
_Static_assert(sizeof(struct realm) == 16, "two words, without padding");

#endif
