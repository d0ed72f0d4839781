/* The secret key of the tuple hash. The hash itself is inline, in decode/emit.h. */
#include "engine/conversations/hash.h"

#include <errno.h>
#include <sys/random.h>

int hash_key_draw(struct hash_key *key)
{
    size_t have = 0;
    while (have < sizeof key->secret) {
        ssize_t n = getrandom(key->secret + have, sizeof key->secret - have, 0);
        if (n < 0 && errno == EINTR)
            continue;
        if (n <= 0)
            return -1;
        have += (size_t)n;
    }
    return 0;
}
