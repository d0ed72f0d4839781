/* Community IDs of TCP connections beside the published ones: the baseline of
 * https://github.com/corelight/community-id-spec, seeds 0 and 1. */
#include "io/reports/community_id.h"

#include <arpa/inet.h>
#include <criterion/criterion.h>

static const struct {
    const char *address[2];
    uint16_t port[2];
    uint16_t seed;
    const char *id;
} published[] = {
    {{"128.232.110.120", "66.35.250.204"}, {34855, 80}, 0, "1:LQU9qZlK+B5F3KDmev6m5PMibrg="},
    {{"128.232.110.120", "66.35.250.204"}, {34855, 80}, 1, "1:3V71V58M3Ksw/yuFALMcW0LAHvc="},
    {{"2001:470:e5bf:dead:4957:2174:e82c:4887", "2607:f8b0:400c:c03::1a"},
     {63943, 25},
     0,
     "1:/qFaeAR+gFe1KYjMzVDsMv+wgU4="},
    {{"2001:470:e5bf:dead:4957:2174:e82c:4887", "2607:f8b0:400c:c03::1a"},
     {63943, 25},
     1,
     "1:eJYTW6AOzFLlSUoESovMjnu7rMw="},
};

/* An endpoint of the canonical tuple. */
static void set_endpoint(union conversation_any *c, enum family family, unsigned i, const char *address,
                         uint16_t port)
{
    c->c.port[i] = port;
    if (family == FAMILY_IPV6) {
        cr_assert_eq(inet_pton(AF_INET6, address, c->v6.address[i]), 1);
        return;
    }
    uint32_t in_network_order;
    cr_assert_eq(inet_pton(AF_INET, address, &in_network_order), 1);
    c->v4.address[i] = ntohl(in_network_order);
}

Test(community_id, is_as_published)
{
    if (!community_id_available())
        cr_skip_test("a build without nettle");
    for (unsigned i = 0; i < ARRAY_LEN(published); i++) {
        const enum family family = strchr(published[i].address[0], ':') ? FAMILY_IPV6 : FAMILY_IPV4;
        const bool swapped = family == FAMILY_IPV4; /* 66.35.250.204 is the lower one */
        union conversation_any c = {0};
        char text[COMMUNITY_ID_LENGTH + 1] = "";
        for (unsigned k = 0; k < 2; k++)
            set_endpoint(&c, family, k ^ swapped, published[i].address[k], published[i].port[k]);
        const char *end = community_id_put(text, published[i].seed, &c, family);
        cr_expect_eq(end - text, COMMUNITY_ID_LENGTH);
        cr_expect_str_eq(text, published[i].id);
    }
}
