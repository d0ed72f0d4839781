/* Options of pcapng's packet blocks: which lengths each of them may have. */
#include "io/formats/pcapng.h"

#include <criterion/criterion.h>

enum { ROOM = 24 };

static struct pcapng_fault check(uint16_t number, uint16_t length, uint8_t first, uint32_t *flags)
{
    uint8_t option[4 + ROOM] = {0};
    memcpy(option, &number, sizeof number);
    memcpy(option + 2, &length, sizeof length);
    option[4] = first;
    const size_t used = length > ROOM ? ROOM : (size_t)pcapng_padded(length);
    return pcapng_check_options(option, 4 + used, false, flags);
}

/* By the pcapng draft; what it leaves open is what Wireshark accepts. */
static bool is_right(uint16_t number, uint16_t length, uint8_t first)
{
    switch (number) {
    case 2: /* epb_flags */
    case 6: /* epb_queue */
        return length == 4;
    case 3: /* epb_hash: a byte for the algorithm, and the hash */
        return length >= 1;
    case 4: /* epb_dropcount */
    case 5: /* epb_packetid */
    case 8: /* process and thread */
        return length == 8;
    case 7: /* epb_verdict: a byte for the kind; of TC and XDP a number of 8 */
        return length >= 1 && (first < 1 || first > 2 || length == 9);
    case 2988:
    case 2989:
    case 19372:
    case 19373: /* a number of an enterprise comes first */
        return length >= 4;
    default:
        return true;
    }
}

Test(pcapng_options, lengths)
{
    static const uint16_t numbers[] = {1,    2,    3,    4,    5,     6,     7,     8,    9,
                                       2987, 2988, 2989, 2990, 19371, 19372, 19373, 19374};
    for (size_t i = 0; i < ARRAY_LEN(numbers); i++) {
        for (uint16_t length = 0; length <= ROOM; length++) {
            for (uint8_t first = 0; first < 4; first++) {
                uint32_t flags = 0;
                const struct pcapng_fault fault = check(numbers[i], length, first, &flags);
                if (is_right(numbers[i], length, first)) {
                    cr_expect_eq(fault.broken, BROKEN_NOT, "option %u of %u bytes", numbers[i], length);
                } else {
                    cr_expect_eq(fault.broken, BROKEN_OPTION_LENGTH, "option %u of %u bytes", numbers[i],
                                 length);
                    cr_expect_eq(fault.expected, numbers[i]);
                    cr_expect_eq(fault.found, length);
                }
                cr_expect_eq(flags,
                             numbers[i] == 2 && length == 4 ? load_raw32((const uint8_t[4]){first}) : 0u);
            }
        }
        const struct pcapng_fault fault = check(numbers[i], ROOM + 1, 0, &(uint32_t){0});
        cr_expect_eq(fault.broken, BROKEN_OPTION, "option %u that does not end", numbers[i]);
    }
}

/* Other blocks give these numbers another meaning. */
Test(pcapng_options, of_other_blocks)
{
    for (uint16_t number = 2; number < 9; number++)
        for (uint16_t length = 0; length <= ROOM; length++)
            cr_expect_eq(check(number, length, 1, NULL).broken, BROKEN_NOT);
}

/* Nothing behind the end of the options is read as one. */
Test(pcapng_options, end)
{
    const uint16_t words[] = {0, 0, 6, 1, 0, 0};
    uint32_t flags = 0;
    cr_expect_eq(pcapng_check_options((const uint8_t *)words, sizeof words, false, &flags).broken,
                 BROKEN_NOT);
    cr_expect_eq(pcapng_check_options((const uint8_t *)(words + 2), 8, false, &flags).broken,
                 BROKEN_OPTION_LENGTH);
}
