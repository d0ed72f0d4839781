/* Rows of the CSV reports as text. Those of packets.csv are the many: see csv_format_packets(). */
#include "io/reports/csv_rows.h"
#include "io/columns/formula.h"
#include "io/reports/community_id.h"
#include "io/reports/csv_finding.h"
#include "io/reports/names.h"
#include "io/reports/text.h"
#include "io/reports/text_digits.h"

/* Longer than any row without a file name: 22 numbers of at most 22 characters, and two addresses. */
enum { ROW_MAX = 680 + TEXT_UTC_MAX + HISTORY_COLUMNS_MAX + COMMUNITY_ID_LENGTH };

static char *put(char *p, const char *s)
{
    size_t n = strlen(s);
    memcpy(p, s, n);
    return p + n;
}

ALWAYS_INLINE char *put_any_number(char *p, uint64_t n)
{
    return likely(n < TEN_BILLION) ? put_number_below_10_10(p, n) : text_number(p, n);
}

/* A port and a comma. */
ALWAYS_INLINE char *put_port(char *p, uint16_t port)
{
    p = put_six(p, port);
    *p++ = ',';
    return p;
}

/* The addresses of both endpoints. The other family's pointer is NULL. */
struct addresses {
    const uint32_t *v4;
    const uint8_t (*v6)[16];
};

static char *put_endpoint(char *p, struct addresses addresses, unsigned endpoint, uint16_t port)
{
    if (addresses.v4)
        p = put_ipv4(p, addresses.v4[endpoint]);
    else
        p = text_ipv6(p, addresses.v6[endpoint]);
    *p++ = ',';
    return put_port(p, port);
}

static char *put_number(char *p, uint64_t n)
{
    p = put_any_number(p, n);
    *p++ = ',';
    return p;
}

static char *put_time(char *p, int64_t ns, unsigned decimals)
{
    p = text_time(p, ns, decimals);
    *p++ = ',';
    return p;
}

/* The column time_utc, if the sink wants it. Spreadsheets take this form for text, so it keeps all its decimals: as a
 * date it would be a double, which is off by a microsecond. */
ALWAYS_INLINE char *put_utc(char *p, const struct sink *sink, int64_t ns, unsigned decimals)
{
    if (likely(!sink->for_spreadsheets))
        return p;
    p = text_utc(p, ns, decimals);
    *p++ = 'Z';
    *p++ = ',';
    return p;
}

static char *put_difference(char *p, int64_t from, int64_t to, unsigned decimals)
{
    p = text_difference(p, from, to, decimals);
    *p++ = ',';
    return p;
}

static struct addresses addresses_of(const union conversation_any *c, enum family family)
{
    if (family == FAMILY_IPV4)
        return (struct addresses){.v4 = c->v4.address};
    return (struct addresses){.v6 = c->v6.address};
}

/* A field that may hold any bytes, quoted where RFC 4180, 2 requires it. Up to twice its length, and three. */
static char *put_quoted(char *p, const struct sink *sink, const char *s)
{
    const char *safe = sink->for_spreadsheets && formula_begins(s) ? "'" : "";
    if (!s[strcspn(s, ",\"\r\n")])
        return put(put(p, safe), s);
    *p++ = '"';
    p = put(p, safe);
    for (; *s; s++) {
        if (*s == '"')
            *p++ = '"';
        *p++ = *s;
    }
    *p++ = '"';
    return p;
}

/* The column community_id, with a comma before it, if the sink wants it. */
static char *put_community_id(char *p, const struct sink *sink, const union conversation_any *c,
                              enum family family)
{
    if (!sink->wants_community_id)
        return p;
    *p++ = ',';
    return community_id_put(p, sink->community_id_seed, c, family);
}

/* Ends the row, after the columns file and file_frame if the sink wants them. 0, or -1 when memory is
 * short. */
static int end_row(const struct sink *sink, struct text *text, const struct origin *origin)
{
    size_t room = sink->wants_origin ? 2 * strlen(origin->file) + TEXT_NUMBER_MAX + 8 : 1;
    char *start = text_room(text, room), *p = start;
    if (!p)
        return -1;
    if (sink->wants_origin) {
        *p++ = ',';
        p = put_quoted(p, sink, origin->file);
        *p++ = ',';
        p = text_number(p, origin->frame);
    }
    *p++ = '\n';
    text->length += (size_t)(p - start);
    return 0;
}

int csv_format_reuse(struct sink *sink, struct text *text, const struct reuse_row *row)
{
    const struct reuse *r = row->reuse;
    const struct conversation *c = &r->previous.c;
    struct addresses addresses = addresses_of(&r->previous, row->family);
    unsigned decimals = conversation_decimals(c);
    char *start = text_room(text, ROW_MAX), *p = start;
    if (!p)
        return -1;
    p = put_number(p, r->frame);
    p = put_time(p, r->time, r->decimals);
    p = put_utc(p, sink, r->time, r->decimals);
    p = put_number(p, r->stream);
    p = put_number(p, r->previous_stream);
    p = put(p, trigger_names[r->trigger]);
    *p++ = ',';
    p = put_endpoint(p, addresses, r->flow, conversation_port(c, r->flow));
    p = put_endpoint(p, addresses, !r->flow, conversation_port(c, !r->flow));
    p = put_number(p, r->isn);
    p = put_number(p, r->previous_isn);
    p = put_number(p, conversation_completeness(c));
    p = put_number(p, conversation_first_frame(c));
    p = put_number(p, conversation_last_frame(c));
    p = put_time(p, c->last_time, decimals);
    p = put_difference(p, c->last_time, r->time, MAX(decimals, r->decimals));
    p = put_time(p, c->first_time, decimals);
    p = put_number(p, conversation_frames(c));
    p = put_number(p, conversation_bytes(c));
    p = put(p, end_name(conversation_completeness(c)));
    text->length += (size_t)(p - start);
    if (row->finding && csv_format_finding(sink, text, row))
        return -1;
    start = p = text_room(text, COMMUNITY_ID_LENGTH + 1 + REALM_MAX);
    if (!p)
        return -1;
    p = put_community_id(p, sink, &r->previous, row->family);
    p = csv_put_realm(p, sink->key_parts, &r->previous.keyed.realm);
    text->length += (size_t)(p - start);
    return end_row(sink, text, &row->origin);
}

/* An answer for each attempt, and the frame of its SYN: lists separated by spaces. */
static char *put_attempts(char *p, const struct episode_attempts *a)
{
    for (uint32_t i = 0; i < a->count; i++) {
        const struct episode_attempt *x = &a->attempt[i];
        p = put(p, i ? " " : "");
        p = put(p, x->close == CLOSES ? answer_names[x->answer] : close_names[x->close]);
    }
    *p++ = ',';
    for (uint32_t i = 0; i < a->count; i++) {
        p = put(p, i ? " " : "");
        p = text_number(p, a->attempt[i].frame);
    }
    return p;
}

int csv_format_episode(struct sink *sink, struct text *text, const struct episode_row *row)
{
    enum { ATTEMPT_MAX = 2 * (TEXT_NUMBER_MAX + 1) };
    const struct episode_attempts *a = row->attempts;
    const struct conversation *c = &row->reuse->previous.c;
    const struct addresses addresses = addresses_of(&row->reuse->previous, row->family);
    const unsigned client = row->reuse->flow;
    char *start = text_room(text, ROW_MAX + (size_t)a->count * ATTEMPT_MAX), *p = start;
    if (!p)
        return -1;
    p = put_number(p, row->episode);
    p = put_endpoint(p, addresses, client, conversation_port(c, client));
    p = put_endpoint(p, addresses, !client, conversation_port(c, !client));
    p = put_number(p, a->first_frame);
    p = put_time(p, a->first_time, a->decimals);
    p = put_utc(p, sink, a->first_time, a->decimals);
    p = put_number(p, a->count);
    p = put(p, episode_outcome_names[row->outcome]);
    *p++ = ',';
    if (row->delay >= 0)
        p = text_time(p, row->delay, a->decimals);
    *p++ = ',';
    p = put_attempts(p, a);
    p = csv_put_realm(p, sink->key_parts, &row->reuse->previous.keyed.realm);
    *p++ = '\n';
    text->length += (size_t)(p - start);
    return 0;
}

/* What consecutive rows of a call mostly share, so that it is formatted once: the second of the time stamp,
 * and the frame number without its last three digits. */
struct common {
    int64_t second;     /* where it begins, in ns, not before the epoch */
    uint64_t thousands; /* of the frame number */
    unsigned second_length, thousands_length;
    char second_text[16], thousands_text[16]; /* 10 digits and the point; 12, since frames have 48 bits */
};

ALWAYS_INLINE char *put_frame(char *p, struct common *common, uint64_t frame)
{
    const uint64_t thousands = frame / 1000;
    if (unlikely(thousands != common->thousands)) {
        if (!thousands)
            return put_six(p, (uint32_t)frame);
        common->thousands = thousands;
        common->thousands_length =
            (unsigned)(text_number(common->thousands_text, thousands) - common->thousands_text);
    }
    memcpy(p, common->thousands_text, sizeof common->thousands_text);
    p += common->thousands_length;
    store_le32(p, (uint32_t)three_digits((uint32_t)(frame % 1000)));
    return p + 3;
}

ALWAYS_INLINE char *put_packet_time(char *p, struct common *common, int64_t ns, unsigned decimals)
{
    enum { SECOND = 1000000000 };
    uint64_t fraction = (uint64_t)ns - (uint64_t)common->second;
    if (unlikely(fraction >= SECOND)) {
        if (ns < 0)
            return text_time(p, ns, decimals);
        fraction = (uint64_t)ns % SECOND;
        common->second = ns - (int64_t)fraction;
        char *end = text_number(common->second_text, (uint64_t)ns / SECOND);
        *end++ = '.';
        common->second_length = (unsigned)(end - common->second_text);
    }
    memcpy(p, common->second_text, sizeof common->second_text);
    p += common->second_length;
    put_nine(p, (uint32_t)fraction);
    return decimals ? p + decimals : p - 1;
}

/* Completeness, 1 if the segment is a reuse, and a comma after each. */
ALWAYS_INLINE char *put_state(char *p, unsigned completeness, bool reused)
{
    const bool two = completeness > 9;
    const uint64_t state = three_digits(completeness) | UINT64_C(0x2c302c) << 24 | (uint64_t)reused << 32;
    store_le64(p, state >> (two ? 8 : 16));
    return p + 4 + two;
}

/* 0x0 and three hexadecimal digits. */
ALWAYS_INLINE char *put_flags(char *p, unsigned flags)
{
    static const char digits[16] = "0123456789abcdef";
    memcpy(p, "0x0", 3);
    p[3] = digits[flags >> 8];
    p[4] = digits[flags >> 4 & 15];
    p[5] = digits[flags & 15];
    return p + 6;
}

/* 400 instructions a row. A function call and a branch or two for each number made it 740, and twice the
 * time: 172 instead of 84 ticks (micro rows). packets.csv of 20 M segments, two threads: 0.71 of the time. */
int csv_format_packets(struct sink *sink, struct text *text, const struct packet_row *rows, unsigned count)
{
    struct common common = {.second_text = "0.", .second_length = 2, .thousands = UINT64_MAX};
    for (const struct packet_row *row = rows, *end = rows + count; row < end; row++) {
        const struct segment *s = row->segment;
        const unsigned flow = s->bits & SEGMENT_FLOW;
        char *start = text_room(text, ROW_MAX), *p = start;
        if (!p)
            return -1;
        p = put_frame(p, &common, row->frame);
        *p++ = ',';
        p = put_packet_time(p, &common, s->time, SEGMENT_DECIMALS(s));
        *p++ = ',';
        p = put_utc(p, sink, s->time, SEGMENT_DECIMALS(s));
        p = put_any_number(p, row->stream);
        *p++ = ',';
        p = put_state(p, s->completeness, s->bits & SEGMENT_REUSE);
        if (likely(row->family == FAMILY_IPV4)) {
            const uint32_t *address = ((const struct segment4 *)s)->address;
            p = put_ipv4(p, address[flow]);
            *p++ = ',';
            p = put_port(p, s->port[flow]);
            p = put_ipv4(p, address[!flow]);
        } else {
            const uint8_t(*address)[16] = ((const struct segment6 *)s)->address;
            p = text_ipv6(p, address[flow]);
            *p++ = ',';
            p = put_port(p, s->port[flow]);
            p = text_ipv6(p, address[!flow]);
        }
        *p++ = ',';
        p = put_port(p, s->port[!flow]);
        p = put_flags(p, SEGMENT_FLAGS(s));
        *p++ = ',';
        p = put_number_below_10_10(p, s->seq);
        *p++ = ',';
        p = put_number_below_10_10(p, s->ack);
        *p++ = ',';
        if (s->bits & SEGMENT_LENGTH_KNOWN)
            p = put_number_below_10_10(p, s->payload);
        if (unlikely(sink->key_parts))
            p = csv_put_realm(p, sink->key_parts, segment_realm(s));
        if (sink->wants_origin) {
            text->length += (size_t)(p - start);
            if (end_row(sink, text, &row->origin))
                return -1;
            continue;
        }
        *p++ = '\n';
        text->length += (size_t)(p - start);
    }
    return 0;
}

int csv_format_conversation(struct sink *sink, struct text *text, const struct conversation_row *row)
{
    const struct conversation *c = &row->conversation->c;
    struct addresses addresses = addresses_of(row->conversation, row->family);
    unsigned completeness = conversation_completeness(c), decimals = conversation_decimals(c);
    const unsigned client = history_client(c);
    char *start = text_room(text, ROW_MAX), *p = start;
    if (!p)
        return -1;
    p = put_number(p, row->stream);
    p = put_number(p, conversation_first_frame(c));
    p = put_number(p, conversation_last_frame(c));
    p = put_time(p, row->first_time, decimals);
    p = put_utc(p, sink, row->first_time, decimals);
    p = put_time(p, c->last_time, decimals);
    p = put_endpoint(p, addresses, client, conversation_port(c, client));
    p = put_endpoint(p, addresses, !client, conversation_port(c, !client));
    p = put_number(p, completeness);
    p = put_number(p, conversation_frames(c));
    p = put_number(p, conversation_bytes(c));
    p = put_difference(p, row->first_time, c->last_time, decimals);
    for (unsigned i = 0; i < 2; i++) {
        unsigned side = i ? !client : client;
        if (conversation_known(c) >> side & 1)
            p = text_number(p, c->isn[side]);
        *p++ = ',';
    }
    p = put(p, end_name(completeness));
    if (row->history)
        p = csv_put_history(p, row, client);
    for (unsigned i = 0; i < 4; i++) {
        const uint64_t *const counts = i < 2 ? row->ways->frames : row->ways->payload;
        *p++ = ',';
        p = put_any_number(p, counts[client ^ (i & 1)]);
    }
    if (sink->wants_ending) {
        *p++ = ',';
        p = put(p, ending_names[row->ending]);
    }
    p = put_community_id(p, sink, row->conversation, row->family);
    p = csv_put_realm(p, sink->key_parts, &row->conversation->keyed.realm);
    *p++ = '\n';
    text->length += (size_t)(p - start);
    return 0;
}
