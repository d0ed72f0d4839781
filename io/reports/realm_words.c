/* Realms in words, for people: the listing, the story of a reuse, and comments in an extract. */
#include "io/reports/realm_words.h"

#include <inttypes.h>
#include <stdio.h>

size_t realm_words(char text[REALM_WORDS_MAX], unsigned key_parts, const struct realm *realm)
{
    size_t n = 0;
    *text = 0;
    if (key_parts & KEY_VLAN && realm->vlan)
        n += (size_t)snprintf(text, REALM_WORDS_MAX, "VLAN %u", realm->vlan);
    if (key_parts & KEY_INTERFACE)
        n += (size_t)snprintf(text + n, REALM_WORDS_MAX - n, "%sinterface %" PRIu32, n ? ", " : "",
                              realm->interface);
    if (key_parts & KEY_VNI && realm->network)
        n += (size_t)snprintf(text + n, REALM_WORDS_MAX - n, "%sVNI %" PRIu32, n ? ", " : "",
                              realm->network - 1);
    return n;
}
