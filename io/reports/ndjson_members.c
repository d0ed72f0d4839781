/* What the members of the rows of JSON are called: as the CSV's columns, as Elastic Common Schema 8.11 does, and
 * as Zeek's logs do. The columns, which have a name of ours, follow each other as in columns_table.c. */
#include "io/reports/ndjson_members.h"
#include "io/reports/ndjson_text.h"
#include "io/reports/text.h"

/* A column that only we know: ECS wants names of others in a field set of their own. */
#define OURS                                                                                                 \
    {                                                                                                        \
        "%", "tcpreuse.%", "%"                                                                               \
    }
/* The parts of the key. */
#define REALM                                                                                                \
    {{"%", "network.vlan.id", "%"}, VLAN}, {{"%", "observer.ingress.interface.id", "%"}, INTERFACE},         \
    {                                                                                                        \
        OURS, VNI                                                                                            \
    }
#define ONLY_ECS(text)                                                                                       \
    {                                                                                                        \
        {NULL, text, NULL}, FIXED                                                                            \
    }
#define ONLY_ZEEK(text)                                                                                      \
    {                                                                                                        \
        {NULL, NULL, text}, FIXED                                                                            \
    }
#define ECS_EVENT(dataset)                                                                                   \
    ONLY_ECS("\"ecs.version\":\"8.11.0\""), ONLY_ECS("\"event.kind\":\"event\""),                            \
        ONLY_ECS("\"event.category\":[\"network\"]"), ONLY_ECS("\"event.type\":[\"connection\"]"),           \
        ONLY_ECS("\"event.dataset\":\"" dataset "\""), ONLY_ECS("\"network.transport\":\"tcp\"")

static const struct named reuse_members[] = {
    {OURS, FRAME},
    {{"%", "@timestamp", "ts"}, TIME},
    {OURS, STREAM},
    {OURS, PREVIOUS_STREAM},
    {OURS, TRIGGER},
    {{"%", "source.ip", NULL}, SRC},
    {{"%", "source.port", NULL}, SRC_PORT},
    {{"%", "destination.ip", NULL}, DST},
    {{"%", "destination.port", NULL}, DST_PORT},
    /* The sender of a SYN/ACK is the responder: reuse_value() knows. */
    {{NULL, NULL, "id.orig_h"}, SRC},
    {{NULL, NULL, "id.orig_p"}, SRC_PORT},
    {{NULL, NULL, "id.resp_h"}, DST},
    {{NULL, NULL, "id.resp_p"}, DST_PORT},
    ONLY_ZEEK("\"proto\":\"tcp\""),
    {OURS, ISN},
    {OURS, PREVIOUS_ISN},
    {OURS, COMPLETENESS_OF},
    {OURS, FIRST_FRAME},
    {OURS, LAST_FRAME},
    {OURS, LAST_TIME},
    {OURS, GAP},
    {OURS, FIRST_TIME},
    {OURS, FRAMES},
    {OURS, BYTES},
    {OURS, ENDED},
    {OURS, CLOSED_BY},
    {OURS, CLOSE},
    {OURS, UNDERCUTS},
    {OURS, ACCEPTABLE},
    {OURS, ISN_DISTANCE},
    {OURS, ORIGIN},
    {OURS, ANSWER},
    {OURS, EPISODE},
    {OURS, ATTEMPT},
    {OURS, EPISODE_DELAY},
    {OURS, EPISODE_OUTCOME},
    {OURS, ANSWER_DELAY},
    {OURS, SYN_RETRIES},
    {OURS, VERDICT},
    {OURS, CERTAINTY},
    {{"%", "network.community_id", "%"}, COMMUNITY_ID},
    REALM,
    {OURS, FILE_NAME},
    {OURS, FILE_FRAME},
    ECS_EVENT("tcpreuse.reuse"),
};

static const struct named conversation_members[] = {
    {OURS, STREAM},
    {OURS, FIRST_FRAME},
    {OURS, LAST_FRAME},
    {{"%", "@timestamp", "ts"}, FIRST_TIME},
    {{NULL, "event.start", NULL}, FIRST_TIME},
    {{"%", "event.end", "%"}, LAST_TIME},
    {{"%", "source.ip", "id.orig_h"}, SRC},
    {{"%", "source.port", "id.orig_p"}, SRC_PORT},
    {{"%", "destination.ip", "id.resp_h"}, DST},
    {{"%", "destination.port", "id.resp_p"}, DST_PORT},
    ONLY_ZEEK("\"proto\":\"tcp\""),
    {OURS, COMPLETENESS_OF},
    {{"%", "network.packets", "%"}, FRAMES},
    {{"%", "network.bytes", "%"}, BYTES},
    {{"%", NULL, "%"}, DURATION},
    {{NULL, "event.duration", NULL}, DURATION_NS},
    {OURS, CLIENT_ISN},
    {OURS, SERVER_ISN},
    {OURS, ENDED},
    {OURS, CLIENT_BY},
    {OURS, HANDSHAKE},
    {OURS, RTT},
    {OURS, OWN_CLOSE},
    {OURS, OWN_CLOSED_BY},
    {OURS, OWN_SYN_RETRIES},
    {OURS, OWN_TRIGGER},
    {OURS, REUSES},
    {OURS, REUSED_BY},
    {{"%", "source.packets", "orig_pkts"}, CLIENT_FRAMES},
    {{"%", "destination.packets", "resp_pkts"}, SERVER_FRAMES},
    /* Not ECS's source.bytes, of which network.bytes is the sum: that has headers. */
    {{"%", "tcpreuse.%", "orig_bytes"}, CLIENT_PAYLOAD},
    {{"%", "tcpreuse.%", "resp_bytes"}, SERVER_PAYLOAD},
    {OURS, ENDED_BY},
    {{"%", "network.community_id", "%"}, COMMUNITY_ID},
    REALM,
    ECS_EVENT("tcpreuse.conversations"),
};

/* Zeek has no log of packets, and a packet does not tell which side opened the connection. */
static const struct named packet_members[] = {
    {OURS, FRAME},
    {{"%", "@timestamp", "ts"}, TIME},
    {OURS, STREAM},
    {OURS, COMPLETENESS_OF},
    {OURS, REUSED},
    {{"%", "source.ip", "%"}, SRC},
    {{"%", "source.port", "%"}, SRC_PORT},
    {{"%", "destination.ip", "%"}, DST},
    {{"%", "destination.port", "%"}, DST_PORT},
    {OURS, FLAGS},
    {OURS, SEQ},
    {OURS, ACK},
    {OURS, LEN},
    REALM,
    {OURS, FILE_NAME},
    {OURS, FILE_FRAME},
    ECS_EVENT("tcpreuse.packets"),
};

const struct ndjson_members ndjson_members[REPORTS] = {
    [REPORT_REUSE] = {reuse_members, ARRAY_LEN(reuse_members)},
    [REPORT_CONVERSATIONS] = {conversation_members, ARRAY_LEN(conversation_members)},
    [REPORT_PACKETS] = {packet_members, ARRAY_LEN(packet_members)},
};

char *ndjson_put_key(char *p, bool first, const struct ndjson_walk *walk, enum naming naming)
{
    const struct named *named = walk->next - 1;
    *p++ = first ? '{' : ',';
    if (named->member == FIXED)
        return ndjson_put(p, named->key[naming]);
    *p++ = '"';
    for (const char *key = named->key[naming]; *key; key++) {
        if (*key == '%')
            p = ndjson_put(p, walk->columns[-1].name);
        else
            *p++ = *key;
    }
    return ndjson_put(p, "\":");
}

bool ndjson_is_not_in_key(const struct sink *sink, enum member member)
{
    return member >= VLAN && member <= VNI && !(sink->key_parts >> (member - VLAN) & 1);
}

char *ndjson_realm_value(char *p, enum member member, const struct realm *r)
{
    if (member == INTERFACE)
        return text_number(p, r->interface);
    if (member == VLAN)
        return r->vlan ? text_number(p, r->vlan) : ndjson_put(p, "null");
    return r->network ? text_number(p, r->network - 1) : ndjson_put(p, "null");
}
