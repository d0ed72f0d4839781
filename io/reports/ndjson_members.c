/* What the members of the rows of JSON are called: as the CSV's columns, as Elastic Common Schema 8.11 does, and
 * as Zeek's logs do. */
#include "io/reports/ndjson_members.h"

/* A column that only the CSV knows: ECS wants names of others in a field set of their own. */
#define OURS(name)                                                                                           \
    {                                                                                                        \
        name, "tcpreuse." name, name                                                                         \
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
    {OURS("frame"), FRAME},
    {{"time", "@timestamp", "ts"}, TIME},
    {OURS("stream"), STREAM},
    {OURS("previous_stream"), PREVIOUS_STREAM},
    {OURS("trigger"), TRIGGER},
    {{"src", "source.ip", NULL}, SRC},
    {{"src_port", "source.port", NULL}, SRC_PORT},
    {{"dst", "destination.ip", NULL}, DST},
    {{"dst_port", "destination.port", NULL}, DST_PORT},
    /* The sender of a SYN/ACK is the responder: reuse_value() knows. */
    {{NULL, NULL, "id.orig_h"}, SRC},
    {{NULL, NULL, "id.orig_p"}, SRC_PORT},
    {{NULL, NULL, "id.resp_h"}, DST},
    {{NULL, NULL, "id.resp_p"}, DST_PORT},
    ONLY_ZEEK("\"proto\":\"tcp\""),
    {OURS("isn"), ISN},
    {OURS("previous_isn"), PREVIOUS_ISN},
    {OURS("previous_completeness"), COMPLETENESS_OF},
    {OURS("previous_first_frame"), FIRST_FRAME},
    {OURS("previous_last_frame"), LAST_FRAME},
    {OURS("previous_last_time"), LAST_TIME},
    {OURS("gap"), GAP},
    {OURS("previous_first_time"), FIRST_TIME},
    {OURS("previous_frames"), FRAMES},
    {OURS("previous_bytes"), BYTES},
    {OURS("previous_end"), END},
    {OURS("previous_closed_by"), CLOSED_BY},
    {OURS("previous_close"), CLOSE},
    {OURS("undercuts"), UNDERCUTS},
    {OURS("acceptable"), ACCEPTABLE},
    {OURS("isn_distance"), ISN_DISTANCE},
    {OURS("origin"), ORIGIN},
    {OURS("answer"), ANSWER},
    {OURS("episode"), EPISODE},
    {OURS("attempt"), ATTEMPT},
    {OURS("episode_delay"), EPISODE_DELAY},
    {OURS("episode_outcome"), EPISODE_OUTCOME},
    {OURS("answer_delay"), ANSWER_DELAY},
    {OURS("syn_retries"), SYN_RETRIES},
    {OURS("verdict"), VERDICT},
    {OURS("certainty"), CERTAINTY},
    {OURS("file"), FILE_NAME},
    {OURS("file_frame"), FILE_FRAME},
    ECS_EVENT("tcpreuse.reuse"),
};

static const struct named conversation_members[] = {
    {OURS("stream"), STREAM},
    {OURS("first_frame"), FIRST_FRAME},
    {OURS("last_frame"), LAST_FRAME},
    {{"first_time", "@timestamp", "ts"}, FIRST_TIME},
    {{NULL, "event.start", NULL}, FIRST_TIME},
    {{"last_time", "event.end", "last_time"}, LAST_TIME},
    {{"client", "source.ip", "id.orig_h"}, SRC},
    {{"client_port", "source.port", "id.orig_p"}, SRC_PORT},
    {{"server", "destination.ip", "id.resp_h"}, DST},
    {{"server_port", "destination.port", "id.resp_p"}, DST_PORT},
    ONLY_ZEEK("\"proto\":\"tcp\""),
    {OURS("completeness"), COMPLETENESS_OF},
    {{"frames", "network.packets", "frames"}, FRAMES},
    {{"bytes", "network.bytes", "bytes"}, BYTES},
    {{"duration", NULL, "duration"}, DURATION},
    {{NULL, "event.duration", NULL}, DURATION_NS},
    {OURS("client_isn"), CLIENT_ISN},
    {OURS("server_isn"), SERVER_ISN},
    {OURS("end"), END},
    {OURS("client_by"), CLIENT_BY},
    {OURS("handshake"), HANDSHAKE},
    {OURS("rtt"), RTT},
    {OURS("close"), OWN_CLOSE},
    {OURS("closed_by"), OWN_CLOSED_BY},
    {OURS("syn_retries"), OWN_SYN_RETRIES},
    {OURS("trigger"), OWN_TRIGGER},
    {OURS("reuses"), REUSES},
    {OURS("reused_by"), REUSED_BY},
    {{"client_frames", "source.packets", "orig_pkts"}, CLIENT_FRAMES},
    {{"server_frames", "destination.packets", "resp_pkts"}, SERVER_FRAMES},
    /* Not ECS's source.bytes, of which network.bytes is the sum: that has headers. */
    {{"client_payload", "tcpreuse.client_payload", "orig_bytes"}, CLIENT_PAYLOAD},
    {{"server_payload", "tcpreuse.server_payload", "resp_bytes"}, SERVER_PAYLOAD},
    {OURS("ended_by"), ENDED_BY},
    ECS_EVENT("tcpreuse.conversations"),
};

/* Zeek has no log of packets, and a packet does not tell which side opened the connection. */
static const struct named packet_members[] = {
    {OURS("frame"), FRAME},
    {{"time", "@timestamp", "ts"}, TIME},
    {OURS("stream"), STREAM},
    {OURS("completeness"), COMPLETENESS_OF},
    {OURS("reused"), REUSED},
    {{"src", "source.ip", "src"}, SRC},
    {{"src_port", "source.port", "src_port"}, SRC_PORT},
    {{"dst", "destination.ip", "dst"}, DST},
    {{"dst_port", "destination.port", "dst_port"}, DST_PORT},
    {OURS("flags"), FLAGS},
    {OURS("seq"), SEQ},
    {OURS("ack"), ACK},
    {OURS("len"), LEN},
    {OURS("file"), FILE_NAME},
    {OURS("file_frame"), FILE_FRAME},
    ECS_EVENT("tcpreuse.packets"),
};

const struct ndjson_members ndjson_members[REPORTS] = {
    [REPORT_REUSE] = {reuse_members, ARRAY_LEN(reuse_members)},
    [REPORT_CONVERSATIONS] = {conversation_members, ARRAY_LEN(conversation_members)},
    [REPORT_PACKETS] = {packet_members, ARRAY_LEN(packet_members)},
};
