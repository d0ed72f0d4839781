/* Rows of the reports as JSON, an object a line: ndjson_members.c says what the members are called in each
 * naming, this file what they hold. All rows of a report have the same members in the same order: one that is
 * unknown is null.
 *
 * Length: rows of three reports, which share values. */
#include "io/reports/community_id.h"
#include "io/reports/csv_finding.h"
#include "io/reports/names.h"
#include "io/reports/ndjson_fields.h"
#include "io/reports/ndjson_members.h"
#include "io/reports/ndjson_text.h"
#include "io/reports/row_format.h"
#include "io/reports/text.h"

/* Longer than any row without a file name and names of timers: 52 members of at most 40 + 46 characters. */
enum { ROW_MAX = 4608 };

/* Words that are absent are empty. */
static char *put_word_or_null(char *p, const char *s)
{
    return *s ? ndjson_word(p, s) : ndjson_put(p, "null");
}

/* A point in time. Elasticsearch would keep a number as a float of 32 bits, so there it is a date. */
static char *put_time(char *p, enum naming naming, int64_t ns, unsigned decimals)
{
    if (naming != NAMING_ECS)
        return text_time(p, ns, decimals);
    *p++ = '"';
    p = text_utc(p, ns, decimals);
    return ndjson_put(p, "Z\"");
}

static char *put_delay(char *p, int64_t ns, unsigned decimals)
{
    return ns < 0 ? ndjson_put(p, "null") : text_time(p, ns, decimals);
}

static const char *timer_name(const void *timers, unsigned i)
{
    return ((const struct timers *)timers)->timer[i].name;
}

static const char *certainty_name(const void *names, unsigned i)
{
    return ((const char *const *)names)[i];
}

static char *community_id_value(char *p, const struct sink *sink, const union conversation_any *c,
                                enum family family)
{
    *p++ = '"';
    p = community_id_put(p, sink->community_id_seed, c, family);
    *p++ = '"';
    return p;
}

static const void *addresses_of(const union conversation_any *c, enum family family)
{
    return family == FAMILY_IPV4 ? (const void *)c->v4.address : c->v6.address;
}

/* Members that rows of reuses and of conversations share. NULL: it is another one. */
static char *conversation_value(char *p, enum naming naming, enum member member, const struct conversation *c,
                                int64_t first_time)
{
    const unsigned decimals = conversation_decimals(c);
    switch (member) {
    case COMPLETENESS_OF:
        return text_number(p, conversation_completeness(c));
    case FIRST_FRAME:
        return text_number(p, conversation_first_frame(c));
    case LAST_FRAME:
        return text_number(p, conversation_last_frame(c));
    case FIRST_TIME:
        return put_time(p, naming, first_time, decimals);
    case LAST_TIME:
        return put_time(p, naming, c->last_time, decimals);
    case FRAMES:
        return text_number(p, conversation_frames(c));
    case BYTES:
        return text_number(p, conversation_bytes(c));
    case ENDED:
        return ndjson_word(p, end_name(conversation_completeness(c)));
    default:
        return NULL;
    }
}

static char *origin_value(char *p, enum member member, const struct origin *origin)
{
    return member == FILE_NAME ? ndjson_string(p, origin->file) : text_number(p, origin->frame);
}

static char *finding_value(char *p, enum member member, const struct sink *sink, const struct reuse_row *row)
{
    const struct finding *f = row->finding;
    switch (member) {
    case CLOSED_BY:
        return ndjson_word(p, closer_names[f->closer]);
    case CLOSE:
        return ndjson_word(p, close_names[f->close]);
    case UNDERCUTS:
        return ndjson_words(p, f->undercuts, sink->timers->count, sink->timers, timer_name);
    case ACCEPTABLE:
        return ndjson_word(p, acceptable_names[f->acceptable]);
    case ISN_DISTANCE:
        return f->knows_distance ? ndjson_signed(p, f->isn_distance) : ndjson_put(p, "null");
    case ORIGIN:
        return ndjson_word(p, origin_names[f->origin]);
    case ANSWER:
        return put_word_or_null(p, answer_names[f->answer]);
    case EPISODE:
        return text_number(p, row->episode);
    case ATTEMPT:
        return text_number(p, f->attempt);
    case EPISODE_DELAY:
        return put_delay(p, f->episode_delay, f->decimals);
    case EPISODE_OUTCOME:
        return ndjson_word(p, episode_outcome_names[f->outcome]);
    case ANSWER_DELAY:
        return put_delay(p, f->answer_delay, f->decimals);
    case SYN_RETRIES:
        return text_number(p, f->syn_retries);
    case VERDICT:
        return ndjson_word(p, verdict_names[f->verdict]);
    default:
        return ndjson_words(p, f->certainty, CERTAINTIES, certainty_names, certainty_name);
    }
}

static char *reuse_value(char *p, enum naming naming, enum member member, const struct reuse_row *row)
{
    const struct reuse *r = row->reuse;
    const struct conversation *c = &r->previous.c;
    const void *addresses = addresses_of(&r->previous, row->family);
    const bool reversed = naming == NAMING_ZEEK && r->trigger >= TRIGGER_SYNACK_ISN;
    const unsigned src = reversed ? !r->flow : r->flow;
    switch (member) {
    case FRAME:
        return text_number(p, r->frame);
    case TIME:
        return put_time(p, naming, r->time, r->decimals);
    case STREAM:
        return text_number(p, r->stream);
    case PREVIOUS_STREAM:
        return text_number(p, r->previous_stream);
    case TRIGGER:
        return ndjson_word(p, trigger_names[r->trigger]);
    case SRC:
        return ndjson_address(p, row->family, addresses, src);
    case SRC_PORT:
        return text_number(p, conversation_port(c, src));
    case DST:
        return ndjson_address(p, row->family, addresses, !src);
    case DST_PORT:
        return text_number(p, conversation_port(c, !src));
    case ISN:
        return text_number(p, r->isn);
    case PREVIOUS_ISN:
        return text_number(p, r->previous_isn);
    case GAP:
        return text_difference(p, c->last_time, r->time, MAX(conversation_decimals(c), r->decimals));
    case VLAN:
    case INTERFACE:
    case VNI:
        return ndjson_realm_value(p, member, &r->previous.keyed.realm);
    default:
        return conversation_value(p, naming, member, c, c->first_time);
    }
}

static void end_row(struct text *text, const char *start, char *p)
{
    /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference,analyzer-null-dereference): a place in a text that has room */
    *p++ = '}';
    *p++ = '\n';
    text->length += (size_t)(p - start);
}

static size_t origin_max(const struct sink *sink, const struct origin *origin)
{
    return sink->wants_origin ? 6 * strlen(origin->file) + 64 : 0;
}

static int format_reuse(enum naming naming, struct sink *sink, struct text *text, const struct reuse_row *row)
{
    const size_t timers = row->finding ? sink->timers->count * (6 * (size_t)TIMER_NAME_MAX + 3) : 0;
    char *start = text_room(text, ROW_MAX + timers + origin_max(sink, &row->origin)), *p = start;
    if (!p)
        return -1;
    struct ndjson_walk walk = ndjson_walk(REPORT_REUSE);
    for (const struct named *named; (named = ndjson_walk_on(&walk));) {
        const bool finds = named->member >= CLOSED_BY && named->member <= CERTAINTY,
                   is_origin = named->member >= FILE_NAME;
        if (!named->key[naming] || (finds && !row->finding) || (is_origin && !sink->wants_origin) ||
            ndjson_is_not_in_key(sink, named->member) ||
            (named->member == COMMUNITY_ID && !sink->wants_community_id))
            continue;
        p = ndjson_put_key(p, p == start, &walk, naming);
        if (named->member == COMMUNITY_ID)
            p = community_id_value(p, sink, &row->reuse->previous, row->family);
        else if (finds)
            p = finding_value(p, named->member, sink, row);
        else if (is_origin)
            p = origin_value(p, named->member, &row->origin);
        else if (named->member != FIXED)
            p = reuse_value(p, naming, named->member, row);
    }
    end_row(text, start, p);
    return 0;
}

static char *row_of_conversation_value(char *p, enum naming naming, enum member member,
                                       const struct conversation_row *row)
{
    const struct conversation *c = &row->conversation->c;
    const void *addresses = addresses_of(row->conversation, row->family);
    const unsigned client = history_client(c), isn = member == CLIENT_ISN ? client : !client;
    switch (member) {
    case STREAM:
        return text_number(p, row->stream);
    case SRC:
        return ndjson_address(p, row->family, addresses, client);
    case SRC_PORT:
        return text_number(p, conversation_port(c, client));
    case DST:
        return ndjson_address(p, row->family, addresses, !client);
    case DST_PORT:
        return text_number(p, conversation_port(c, !client));
    case DURATION:
        return text_difference(p, row->first_time, c->last_time, conversation_decimals(c));
    case DURATION_NS:
        return ndjson_signed(p, time_between(row->first_time, c->last_time));
    case CLIENT_ISN:
    case SERVER_ISN:
        return conversation_known(c) >> isn & 1 ? text_number(p, c->isn[isn]) : ndjson_put(p, "null");
    case CLIENT_FRAMES:
    case SERVER_FRAMES:
        return text_number(p, row->ways->frames[client ^ (member == SERVER_FRAMES)]);
    case CLIENT_PAYLOAD:
    case SERVER_PAYLOAD:
        return text_number(p, row->ways->payload[client ^ (member == SERVER_PAYLOAD)]);
    case ENDED_BY:
        return ndjson_word(p, ending_names[row->ending]);
    case VLAN:
    case INTERFACE:
    case VNI:
        return ndjson_realm_value(p, member, &row->conversation->keyed.realm);
    default:
        return conversation_value(p, naming, member, c, row->first_time);
    }
}

static char *put_stream(char *p, uint64_t stream)
{
    return stream == NO_STREAM ? ndjson_put(p, "null") : text_number(p, stream);
}

static bool is_of_history(enum member member)
{
    return member >= CLIENT_BY && member <= REUSED_BY;
}

static char *history_value(char *p, enum member member, const struct conversation_row *row)
{
    const struct conversation *c = &row->conversation->c;
    const struct history *h = row->history;
    switch (member) {
    case CLIENT_BY:
        return ndjson_word(p, client_by_names[csv_client_by(c)]);
    case HANDSHAKE:
        return ndjson_word(p, handshake_names[history_handshake(c, h)]);
    case RTT:
        return put_delay(p, csv_rtt(row), conversation_decimals(c));
    case OWN_CLOSE:
        return ndjson_word(p, close_names[history_close_kind(c, h)]);
    case OWN_CLOSED_BY:
        return ndjson_word(p,
                           closer_names[history_closer(c, h, history_close_kind(c, h), history_client(c))]);
    case OWN_SYN_RETRIES:
        return text_number(p, h->syn_retries);
    case OWN_TRIGGER:
        return put_word_or_null(p, trigger_names[h->trigger]);
    case REUSES:
        return put_stream(p, row->older);
    default:
        return put_stream(p, row->newer);
    }
}

static int format_conversation(enum naming naming, struct sink *sink, struct text *text,
                               const struct conversation_row *row)
{
    char *start = text_room(text, ROW_MAX), *p = start;
    if (!p)
        return -1;
    struct ndjson_walk walk = ndjson_walk(REPORT_CONVERSATIONS);
    for (const struct named *named; (named = ndjson_walk_on(&walk));) {
        if (!named->key[naming] || (named->member == ENDED_BY && !sink->wants_ending) ||
            (is_of_history(named->member) && !row->history) || ndjson_is_not_in_key(sink, named->member) ||
            (named->member == COMMUNITY_ID && !sink->wants_community_id))
            continue;
        p = ndjson_put_key(p, p == start, &walk, naming);
        if (named->member == COMMUNITY_ID)
            p = community_id_value(p, sink, row->conversation, row->family);
        else if (is_of_history(named->member))
            p = history_value(p, named->member, row);
        else if (named->member != FIXED)
            p = row_of_conversation_value(p, naming, named->member, row);
    }
    end_row(text, start, p);
    return 0;
}

static char *packet_value(char *p, enum naming naming, enum member member, const struct packet_row *row)
{
    const struct segment *s = row->segment;
    const void *addresses = row->family == FAMILY_IPV4 ? (const void *)((const struct segment4 *)s)->address
                                                       : ((const struct segment6 *)s)->address;
    static const char hex[] = "0123456789abcdef";
    const unsigned src = s->bits & SEGMENT_FLOW, flags = SEGMENT_FLAGS(s);
    switch (member) {
    case FRAME:
        return text_number(p, row->frame);
    case TIME:
        return put_time(p, naming, s->time, SEGMENT_DECIMALS(s));
    case STREAM:
        return text_number(p, row->stream);
    case COMPLETENESS_OF:
        return text_number(p, s->completeness);
    case REUSED:
        return ndjson_put(p, s->bits & SEGMENT_REUSE ? "true" : "false");
    case SRC:
        return ndjson_address(p, row->family, addresses, src);
    case SRC_PORT:
        return text_number(p, s->port[src]);
    case DST:
        return ndjson_address(p, row->family, addresses, !src);
    case DST_PORT:
        return text_number(p, s->port[!src]);
    case FLAGS:
        return ndjson_word(
            p, (char[]){'0', 'x', '0', hex[flags >> 8], hex[flags >> 4 & 15], hex[flags & 15], 0});
    case SEQ:
        return text_number(p, s->seq);
    case ACK:
        return text_number(p, s->ack);
    case VLAN:
    case INTERFACE:
    case VNI:
        return ndjson_realm_value(p, member, segment_realm(s));
    default:
        return s->bits & SEGMENT_LENGTH_KNOWN ? text_number(p, s->payload) : ndjson_put(p, "null");
    }
}

static int format_packets(enum naming naming, struct sink *sink, struct text *text,
                          const struct packet_row *rows, unsigned count)
{
    for (const struct packet_row *row = rows, *end = rows + count; row < end; row++) {
        char *start = text_room(text, ROW_MAX + origin_max(sink, &row->origin)), *p = start;
        if (!p)
            return -1;
        struct ndjson_walk walk = ndjson_walk(REPORT_PACKETS);
        for (const struct named *named; (named = ndjson_walk_on(&walk));) {
            const bool is_origin = named->member >= FILE_NAME;
            if (!named->key[naming] || (is_origin && !sink->wants_origin) ||
                ndjson_is_not_in_key(sink, named->member))
                continue;
            p = ndjson_put_key(p, p == start, &walk, naming);
            if (is_origin)
                p = origin_value(p, named->member, &row->origin);
            else if (named->member != FIXED)
                p = packet_value(p, naming, named->member, row);
        }
        end_row(text, start, p);
    }
    return 0;
}

#define FORMATS(naming, name)                                                                                \
    static int reuse_##name(struct sink *sink, struct text *text, const struct reuse_row *row)               \
    {                                                                                                        \
        return format_reuse(naming, sink, text, row);                                                        \
    }                                                                                                        \
    static int packets_##name(struct sink *sink, struct text *text, const struct packet_row *rows,           \
                              unsigned count)                                                                \
    {                                                                                                        \
        return format_packets(naming, sink, text, rows, count);                                              \
    }                                                                                                        \
    static int conversation_##name(struct sink *sink, struct text *text, const struct conversation_row *row) \
    {                                                                                                        \
        return format_conversation(naming, sink, text, row);                                                 \
    }                                                                                                        \
    static int episode_##name(struct sink *sink, struct text *text, const struct episode_row *row)           \
    {                                                                                                        \
        return ndjson_format_episode(naming, sink, text, row);                                               \
    }                                                                                                        \
    static int endpoint_##name(struct sink *sink, struct text *text, const struct endpoint_row *row)         \
    {                                                                                                        \
        return ndjson_format_endpoint(naming, sink, text, row);                                              \
    }                                                                                                        \
    static const struct row_format format_##name = {.suffix = NDJSON_SUFFIX,                                 \
                                                    .reuse = reuse_##name,                                   \
                                                    .packets = packets_##name,                               \
                                                    .conversation = conversation_##name,                     \
                                                    .episode = episode_##name,                               \
                                                    .endpoint = endpoint_##name}

FORMATS(NAMING_OURS, ours);
FORMATS(NAMING_ECS, ecs);
FORMATS(NAMING_ZEEK, zeek);

const struct row_format *const ndjson_formats[NAMINGS] = {
    [NAMING_OURS] = &format_ours, [NAMING_ECS] = &format_ecs, [NAMING_ZEEK] = &format_zeek};
