/* Where records of a pcap file begin, seen from somewhere in its midst.
 *
 * A record header is known by those behind it: a chain of them, each where the one before ends, with plausible lengths and
 * times. A payload may hold such a chain, too: a capture that is sent, or what a buffer that is used again had in it
 * before. If that ends where its record does, it goes on as the file's own chain. So the search begins before the place that is
 * asked for, by the longest record that was met: a chain that comes through from there has left the record that it began in.
 *
 *     | record ....................................... | record ........ | record
 *           ^ from   | old | old | old | old | old | old |                ^ the answer
 *                      ^ a chain             ^ position                                 */
#include "io/formats/pcap.h"

enum {
    /* A boundary is believed when this many records in a row look like records. */
    GUESS_CHAIN = 8,
    GUESS_BEHIND = 4, /* of them from the position on */
    /* Time between two records in a row of a chain that is believed: a day forward, a minute back. */
    GUESS_SECONDS_FORWARD = 86400,
    GUESS_SECONDS_BACK = 60,
    /* The longest datagram, with what is around it: how far the first search looks back, and any at most. */
    LOOK_BACK_MAX = 65536 + 64,
    /* Records that are looked at before it is enough: payloads can be made of which each byte begins another chain. */
    LOOKS_MAX = 20000,
    FORGET = 16, /* part of what is known of the longest record, with each guess that meets none */
};

struct search {
    const struct pcap_file *file;
    const struct window *window;
    uint64_t first;    /* no record begins before it */
    uint64_t position; /* the answer is not before it */
    uint64_t begin;    /* of the chain that came through */
    uint32_t longest;  /* record of that */
    uint32_t looks;    /* that are left */
};

/* Of the record at p, if it is plausible: its bytes in the file, and its seconds. is_common: lengths in order, and numbers in this
 * machine's order. */
ALWAYS_INLINE bool look(const struct pcap_file *file, const uint8_t *p, bool is_common, uint32_t *length,
                        uint32_t *seconds)
{
    if (is_common) {
        const uint32_t captured = load_raw32(p + 8);
        *length = RECORD_HEADER + captured;
        *seconds = load_raw32(p);
        return captured - 1 < file->captured_max && captured <= load_raw32(p + 12) &&
               load_raw32(p + 4) < file->fraction_max;
    }
    *length = file->record_header + pcap_lengths(file, p).captured;
    *seconds = pcap_32(p, file->swapped);
    return pcap_is_plausible(file, p);
}

/* From the candidate on, a chain of records with plausible times through the position and behind it, or up to the very end of
 * the file: its first record from the position on. UINT64_MAX: there is none. */
ALWAYS_INLINE uint64_t follow_chain(struct search *s, uint64_t at, bool is_common)
{
    const struct pcap_file *const file = s->file;
    const struct window *const window = s->window;
    const uint64_t begin = at, position = s->position, end = window->end, last = end - file->record_header;
    uint64_t found = UINT64_MAX;
    uint32_t before, longest, length, seconds, i = 1, behind = 0;
    if (!look(file, window_at(window, at), is_common, &length, &before))
        return UINT64_MAX;
    if (at >= position) {
        found = at;
        behind = 1;
    }
    longest = length;
    for (at += length; i < GUESS_CHAIN || behind < GUESS_BEHIND; i++, at += length) {
        if (at >= position && !behind++)
            found = at;
        if (at == end)
            break;
        if (at > last || !look(file, window_at(window, at), is_common, &length, &seconds) ||
            (seconds - before > GUESS_SECONDS_FORWARD && before - seconds > GUESS_SECONDS_BACK)) {
            s->looks -= MIN(s->looks, i);
            return UINT64_MAX;
        }
        before = seconds;
        longest = MAX(longest, length);
    }
    if (at > end)
        return UINT64_MAX;
    s->begin = begin;
    s->longest = longest;
    return found;
}

/* Lanes begin somewhere in a record, so that hundreds of positions are none: eight of them at a time, by the
 * length alone. One by one took 30 of 337 instructions a frame of 980 bytes, this takes 5. */
ALWAYS_INLINE uint64_t search(struct search *s, uint64_t at, uint64_t limit, bool is_common)
{
    enum { EIGHT_READ = 11 + 8 };
    const struct pcap_file *file = s->file;
    const struct window *window = s->window;
    const bool big_endian = file->swapped != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
    uint64_t found = UINT64_MAX;
    if (file->plain && file->captured_max < 1 << 24)
        for (; at + 8 <= limit && at + EIGHT_READ <= window->end && s->looks; at += 8) {
            uint64_t candidates = pcap_candidates(window_at(window, at), big_endian);
            for (; candidates; candidates &= candidates - 1) {
                const uint64_t candidate = at + (unsigned)__builtin_ctzll(candidates) / 8;
                found = follow_chain(s, candidate, is_common);
                if (found != UINT64_MAX)
                    return found;
            }
        }
    for (; at < limit && s->looks; at++) {
        found = follow_chain(s, at, is_common);
        if (found != UINT64_MAX)
            return found;
    }
    return UINT64_MAX;
}

/* A header that is read from a wrong byte on may be plausible, too, and lead to one that is read likewise:
 *
 * - four bytes late, the fraction is taken for the seconds, and the original length for the captured one;
 * - one byte early or three late (little-endian), or one late (big-endian), a length is 256 times what it is, which leads on where
 *   frames have one size and the fraction is small.
 *
 * So a chain that begins at the right byte is preferred to the one that was found. */
static uint64_t prefer_neighbour(struct search *s, uint64_t limit, uint64_t found)
{
    static const int64_t distances[2][3] = {{-3, 1, -4}, {-1, -4}};
    const bool big_endian = s->file->swapped != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
    const uint64_t begin = s->begin;
    for (unsigned i = 0; i < ARRAY_LEN(*distances) && distances[big_endian][i]; i++) {
        const uint64_t neighbour = begin + (uint64_t)distances[big_endian][i];
        if (neighbour < s->first || neighbour >= limit)
            continue;
        const uint64_t other = follow_chain(s, neighbour, false);
        if (other != UINT64_MAX)
            return other;
    }
    return found;
}

static uint64_t search_from(struct search *s, uint64_t at, uint64_t limit)
{
    const uint64_t found =
        s->file->plain && !s->file->swapped ? search(s, at, limit, true) : search(s, at, limit, false);
    return found == UINT64_MAX ? found : prefer_neighbour(s, limit, found);
}

uint64_t pcap_guess(const struct capture *c, const struct window *window, const struct record_reader *reader)
{
    struct pcap_file *file = c->format_data;
    const uint64_t position = reader->position, first = MAX(c->first_record, window->base),
                   limit =
                       MIN(reader->limit, window->end - MIN(window->end, (uint64_t)file->record_header - 1));
    const uint32_t longest = atomic_load_explicit(&file->longest, memory_order_relaxed);
    const uint64_t back = longest ? longest : LOOK_BACK_MAX;
    struct search s = {
        .file = file, .window = window, .first = first, .position = position, .looks = LOOKS_MAX};
    uint64_t found = search_from(&s, position - MIN(position, back) < first ? first : position - back, limit);
    if (found == UINT64_MAX && !s.looks) { /* as good as it can be had from here on */
        s.looks = LOOKS_MAX;
        found = search_from(&s, position, limit);
    }
    /* A chain that was none after all may have had a record that is longer than any: what one guess alone has met does not
     * count, but of the first, and what none meets any more is forgotten. */
    const uint32_t met = s.longest <= LOOK_BACK_MAX ? s.longest : 0;
    const uint32_t before = atomic_load_explicit(&file->longest_before, memory_order_relaxed);
    const uint32_t next = longest ? MAX(MIN(met, before), longest - longest / FORGET) : met;
    if (met != before)
        atomic_store_explicit(&file->longest_before, met, memory_order_relaxed);
    if (next != longest)
        atomic_store_explicit(&file->longest, next, memory_order_relaxed);
    return found < limit ? found : UINT64_MAX;
}
