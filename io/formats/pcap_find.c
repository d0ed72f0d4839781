/* Where records of a pcap file go on behind damage. Guessing (pcap_guess.c) looks before the place that it is asked for, where
 * there is damage; and what it answers may depend on earlier guesses. */
#include "io/formats/chain.h"
#include "io/formats/pcap.h"

/* A boundary is believed when this many records in a row look like records. */
enum { FIND_CHAIN = 8 };

static inline uint64_t follow(const struct capture *c, struct chained *chain, const uint8_t *p, uint64_t left)
{
    const struct pcap_file *file = c->format_data;
    if (left < file->record_header)
        return CHAIN_CUT;
    if (!pcap_is_plausible(file, p) || !chain_time(chain, pcap_32(p, file->swapped)))
        return CHAIN_BREAKS;
    const uint64_t length = file->record_header + (uint64_t)pcap_lengths(file, p).captured;
    return length <= left ? length : CHAIN_CUT;
}

uint64_t pcap_follow(const struct capture *c, struct chained *chain, const uint8_t *p, uint64_t left)
{
    return follow(c, chain, p, left);
}

static bool is_boundary(const struct capture *c, const struct window *window, uint64_t at)
{
    return pcap_is_plausible(c->format_data, window_at(window, at)) &&
           chain_holds(follow, c, window, NULL, at, FIND_CHAIN);
}

uint64_t pcap_find(const struct capture *c, const struct window *window, const struct record_reader *reader)
{
    enum { EIGHT_READ = 11 + 8 };
    const struct pcap_file *file = c->format_data;
    uint64_t at = reader->position;
    const uint64_t limit =
        MIN(reader->limit, window->end - MIN(window->end, (uint64_t)file->record_header - 1));
    const bool big_endian = file->swapped != (__BYTE_ORDER__ == __ORDER_BIG_ENDIAN__);
    if (file->plain && file->captured_max < 1 << 24)
        for (; at + 8 <= limit && at + EIGHT_READ <= window->end; at += 8) {
            uint64_t candidates = pcap_candidates(window_at(window, at), big_endian);
            for (; candidates; candidates &= candidates - 1) {
                const uint64_t candidate = at + (unsigned)__builtin_ctzll(candidates) / 8;
                if (is_boundary(c, window, candidate))
                    return candidate;
            }
        }
    for (; at < limit; at++)
        if (is_boundary(c, window, at))
            return at;
    return UINT64_MAX;
}
