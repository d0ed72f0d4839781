/* ISDN channels, for all traces of them. The D channel (0) has signalling. What a B channel has shows its first frame that
 * begins with PPP's address and control: from there on all of the channel's is PPP, in Wireshark, too. */
#include "io/texts/text.h"

enum { ALL_STATIONS = 0xff, UNNUMBERED = 3, CHANNELS = 256 };

bool text_isdn_is_ppp(struct text_reader *t, unsigned channel)
{
    _Static_assert(CHANNELS == 64 * TEXT_ISDN_WORDS, "a bit for each channel");
    channel %= CHANNELS;
    if (channel == 0)
        return false;
    uint64_t word = (uint64_t)t->own[channel / 64];
    const uint64_t bit = UINT64_C(1) << channel % 64;
    if (t->captured >= 2 && t->frame[0] == ALL_STATIONS && t->frame[1] == UNNUMBERED)
        word |= bit;
    t->own[channel / 64] = (int64_t)word;
    return word & bit;
}
