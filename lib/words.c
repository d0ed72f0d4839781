/* Words and addresses as text: what needs no handle. */
#include "io/reports/csv_finding.h"
#include "io/reports/names.h"
#include "lib/tcpreuse.h"

_Static_assert((int)TCPREUSE_VERDICT_UNKNOWN == VERDICT_UNKNOWN &&
                   (int)TCPREUSE_VERDICT_COPY == VERDICT_COPY &&
                   (int)TCPREUSE_VERDICT_RETRY == VERDICT_RETRY &&
                   (int)TCPREUSE_VERDICT_IN_ORDER == VERDICT_IN_ORDER &&
                   (int)TCPREUSE_VERDICT_EARLY_ACCEPTED == VERDICT_EARLY_ACCEPTED &&
                   (int)TCPREUSE_VERDICT_CHALLENGED == VERDICT_CHALLENGED &&
                   (int)TCPREUSE_VERDICT_REFUSED == VERDICT_REFUSED &&
                   (int)TCPREUSE_VERDICT_DELAYED == VERDICT_DELAYED &&
                   (int)TCPREUSE_VERDICT_LOST == VERDICT_LOST &&
                   (int)TCPREUSE_VERDICT_STALE_OPEN == VERDICT_STALE_OPEN,
               "verdicts are those of the public interface");

const char *tcpreuse_word(enum tcpreuse_words words, unsigned number)
{
#define WORDS(names)                                                                                         \
    {                                                                                                        \
        (names), ARRAY_LEN(names)                                                                            \
    }
    static const char *const ends[] = {"rst", "fin", "open"};
    static const struct {
        const char *const *names;
        unsigned count;
    } lists[] = {
        [TCPREUSE_WORDS_TRIGGER] = WORDS(trigger_names),
        [TCPREUSE_WORDS_END] = WORDS(ends),
        [TCPREUSE_WORDS_CLOSED_BY] = WORDS(closer_names),
        [TCPREUSE_WORDS_CLOSE] = WORDS(close_names),
        [TCPREUSE_WORDS_ACCEPTABLE] = WORDS(acceptable_names),
        [TCPREUSE_WORDS_ORIGIN] = WORDS(origin_names),
        [TCPREUSE_WORDS_ANSWER] = WORDS(answer_names),
        [TCPREUSE_WORDS_OUTCOME] = WORDS(episode_outcome_names),
        [TCPREUSE_WORDS_VERDICT] = WORDS(verdict_names),
        [TCPREUSE_WORDS_CERTAINTY] = WORDS(certainty_names),
        [TCPREUSE_WORDS_CLIENT_BY] = WORDS(client_by_names),
        [TCPREUSE_WORDS_HANDSHAKE] = WORDS(handshake_names),
        [TCPREUSE_WORDS_ENDED_BY] = WORDS(ending_names),
    };
    if (words == TCPREUSE_WORDS_TIMERS)
        return number < verdict_timers.count ? verdict_timers.timer[number].name : NULL;
    if ((unsigned)words >= ARRAY_LEN(lists) || number >= lists[words].count)
        return NULL;
    return lists[words].names[number];
}

_Static_assert((int)TCPREUSE_ADDRESS_SIZE > (int)TEXT_ADDRESS_MAX + (int)TEXT_BEYOND, "room for an address");

char *tcpreuse_address(char text[TCPREUSE_ADDRESS_SIZE], const uint8_t address[16], unsigned ip_version)
{
    *(ip_version == 4 ? text_ipv4(text, load_be32(address)) : text_ipv6(text, address)) = 0;
    return text;
}

const char *tcpreuse_version(void)
{
    return TCPREUSE_VERSION;
}
