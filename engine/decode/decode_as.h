/* The user's rules for what a number means, as those of tshark -d, by Wireshark's names. */
#ifndef TCPREUSE_DECODE_AS_H
#define TCPREUSE_DECODE_AS_H

#include <stdbool.h>
#include <stdint.h>

struct decoder;
struct layer;

/* Whose numbers: Wireshark's layer types. */
enum decode_as_type {
    DECODE_AS_UDP_PORT,
    DECODE_AS_ETHERTYPE,
    DECODE_AS_IP_PROTO,
    DECODE_AS_MPLS_LABEL, /* at the bottom of the stack */
    DECODE_AS_USER_LINK,  /* the link types that are left to users, by Wireshark's numbers for them */
    DECODE_AS_TYPES
};

struct decode_as_numbers {
    const char *name; /* Wireshark's, of the layer type */
    uint32_t least, most;
};
extern const struct decode_as_numbers decode_as_numbers[DECODE_AS_TYPES];

/* The name of a protocol that numbers of this type can be decoded as; NULL: they cannot be decoded as it. */
enum { DECODE_AS_PROTOCOLS = 52 };
const char *decode_as_name(enum decode_as_type type, unsigned protocol);

struct decode_as {
    uint32_t first, last; /* inclusive */
    uint8_t type;         /* enum decode_as_type */
    uint8_t protocol;     /* see decode_as_name() */
};

/* The rules of a run. Where several have a number, the last counts. */
struct decode_as_list {
    const struct decode_as *items;
    uint32_t count;
    uint32_t types; /* bit i: there are some of type i */
};

struct decode_as_list decode_as_list_of(const struct decode_as *items, uint32_t count);
/* Do these rules change how plain frames (plain.h) are decoded? */
bool decode_as_changes_plain(const struct decode_as_list *list);

/* The rule for this number; NULL: none. */
const struct decode_as *decode_as_find(const struct decode_as_list *list, enum decode_as_type type,
                                       uint32_t number);
/* Decodes a layer by the rule. False, and nothing done, if the protocol does not accept it. */
bool decode_as(struct decoder *d, const struct decode_as *as, struct layer l);
/* Decodes what follows this number by its rule. False: there is none. */
bool decode_as_number(struct decoder *d, enum decode_as_type type, uint32_t number, struct layer l);

#endif
