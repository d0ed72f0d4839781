/* Community ID: "1:" and the base64 of a SHA-1 over seed, addresses, protocol, a zero and ports, the lower
 * (address, port) first; all in network order. That is the order of the canonical tuple. */
#include "io/reports/community_id.h"

#include <nettle/base64.h>
#include <nettle/sha1.h>

_Static_assert(COMMUNITY_ID_LENGTH == 2 + BASE64_ENCODE_RAW_LENGTH(SHA1_DIGEST_SIZE), "length of the text");

static uint8_t *put_be16(uint8_t *p, uint16_t n)
{
    *p++ = (uint8_t)(n >> 8);
    *p++ = (uint8_t)n;
    return p;
}

static uint8_t *put_address(uint8_t *p, const union conversation_any *c, enum family family,
                            unsigned endpoint)
{
    if (family == FAMILY_IPV4) {
        p = put_be16(p, (uint16_t)(c->v4.address[endpoint] >> 16));
        return put_be16(p, (uint16_t)c->v4.address[endpoint]);
    }
    memcpy(p, c->v6.address[endpoint], sizeof c->v6.address[endpoint]);
    return p + sizeof c->v6.address[endpoint];
}

bool community_id_available(void)
{
    return true;
}

char *community_id_put(char *p, uint16_t seed, const union conversation_any *c, enum family family)
{
    enum { TCP = 6, HASHED_MAX = 2 + 2 * 16 + 2 + 2 * 2 };
    uint8_t hashed[HASHED_MAX], *end = hashed, digest[SHA1_DIGEST_SIZE];
    struct sha1_ctx sha1;
    end = put_be16(end, seed);
    end = put_address(end, c, family, 0);
    end = put_address(end, c, family, 1);
    end = put_be16(end, TCP << 8);
    end = put_be16(end, conversation_port(&c->c, 0));
    end = put_be16(end, conversation_port(&c->c, 1));
    sha1_init(&sha1);
    sha1_update(&sha1, (size_t)(end - hashed), hashed);
    sha1_digest(&sha1, sizeof digest, digest);
    *p++ = '1';
    *p++ = ':';
    base64_encode_raw(p, sizeof digest, digest);
    return p + BASE64_ENCODE_RAW_LENGTH(SHA1_DIGEST_SIZE);
}
