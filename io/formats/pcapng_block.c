/* The pcapng blocks that hold no packet. Most are skipped, but a broken one ends the reading in Wireshark, so
 * it does here. What it objects to was found by handing such files to tshark 4.6.9; tests/formats/blocks.py
 * asks again. */
#include "io/formats/pcapng.h"

enum {
    NAMES_BLOCK_MIN = 16,
    STATISTICS_BLOCK_MIN = 24,
    SECRETS_BLOCK_MIN = 20,
    JOURNAL_ENTRY_MIN = 23, /* "__REALTIME_TIMESTAMP=" and what makes it a line */
    CUSTOM_BLOCK_MIN = 16,

    /* Custom blocks and options of Netflix: logs of FreeBSD's TCP. Their type is little-endian in every
     * section. */
    ENTERPRISE_NETFLIX = 10949,
    NETFLIX_HEADER = 8, /* enterprise, type */
    NETFLIX_EVENT = 1,
    NETFLIX_SKIPPED = 2,
    NETFLIX_OPTION_DUMP = 2,
    NETFLIX_DUMP_MIN = 24,

    /* Events of Sysdig and Falco: with flags (F) or without, with a count of parameters (V2), large. */
    BLOCK_SYSDIG = 0x204,
    BLOCK_SYSDIG_F = 0x208,
    BLOCK_SYSDIG_V2 = 0x216,
    BLOCK_SYSDIG_F_V2 = 0x217,
    BLOCK_SYSDIG_V2_LARGE = 0x221,
    BLOCK_SYSDIG_F_V2_LARGE = 0x222,
    SYSDIG_BLOCK_MIN = 36, /* a processor's number 2, time 8, thread 8, event length 4, event type 2 */
    SYSDIG_EVENT_AT = 18,  /* where the event length stands */
    SYSDIG_EVENT_MIN = 22, /* it does not count the processor's number */
    SYSDIG_FLAGS = 4,      /* behind the processor's number */
    SYSDIG_PARAMETERS = 4, /* their count: of V2, at the end */

    NAMES_END = 0,
    NAMES_IPV4 = 1,
    NAMES_IPV6 = 2,

    OPTION_HEADER = 4,
    OPTION_END = 0,
    OPTION_PACKET_FLAGS = 2,
    OPTION_PACKET_HASH = 3,
    OPTION_PACKET_DROPS = 4,
    OPTION_PACKET_ID = 5,
    OPTION_PACKET_QUEUE = 6,
    OPTION_PACKET_VERDICT = 7,
    OPTION_PACKET_THREAD = 8,
    OPTION_CUSTOM_FIRST = 2988, /* 2988, 2989: may be copied; 19372, 19373: may not */
    OPTION_CUSTOM_NO_COPY = 19372,
    OPTION_CUSTOM_BYTES = 2989, /* the second of each two: bytes, no text */
    OPTION_CUSTOM_NO_COPY_BYTES = 19373,
};

static bool sysdig_has_flags(uint32_t type)
{
    return type == BLOCK_SYSDIG_F || type == BLOCK_SYSDIG_F_V2 || type == BLOCK_SYSDIG_F_V2_LARGE;
}

static bool sysdig_has_parameters(uint32_t type)
{
    return type != BLOCK_SYSDIG && type != BLOCK_SYSDIG_F;
}

uint32_t pcapng_block_min(uint32_t type)
{
    switch (type) {
    case BLOCK_SECTION:
        return SECTION_BLOCK_MIN;
    case BLOCK_INTERFACE:
        return INTERFACE_BLOCK_MIN;
    case BLOCK_PACKET:
    case BLOCK_ENHANCED:
        return PACKET_BLOCK_MIN;
    case BLOCK_SIMPLE:
        return SIMPLE_BLOCK_MIN;
    case BLOCK_NAMES:
        return NAMES_BLOCK_MIN;
    case BLOCK_STATISTICS:
        return STATISTICS_BLOCK_MIN;
    case BLOCK_SECRETS:
        return SECRETS_BLOCK_MIN;
    case BLOCK_JOURNAL:
        return JOURNAL_ENTRY_MIN + BLOCK_FRAME;
    case BLOCK_CUSTOM:
    case BLOCK_CUSTOM_NO_COPY:
        return CUSTOM_BLOCK_MIN;
    case BLOCK_SYSDIG:
    case BLOCK_SYSDIG_F:
    case BLOCK_SYSDIG_V2:
    case BLOCK_SYSDIG_F_V2:
    case BLOCK_SYSDIG_V2_LARGE:
    case BLOCK_SYSDIG_F_V2_LARGE:
        return SYSDIG_BLOCK_MIN + (sysdig_has_flags(type) ? SYSDIG_FLAGS : 0) +
               (sysdig_has_parameters(type) ? SYSDIG_PARAMETERS : 0);
    default:
        return BLOCK_FRAME;
    }
}

bool pcapng_is_counted(uint32_t type)
{
    switch (type) {
    case BLOCK_JOURNAL:
    case BLOCK_SYSDIG:
    case BLOCK_SYSDIG_F:
    case BLOCK_SYSDIG_V2:
    case BLOCK_SYSDIG_F_V2:
    case BLOCK_SYSDIG_V2_LARGE:
    case BLOCK_SYSDIG_F_V2_LARGE:
    case BLOCK_CUSTOM:
    case BLOCK_CUSTOM_NO_COPY:
        return true;
    default:
        return false;
    }
}

/* Whether option number, with this value, may be of this length in a packet block. */
static bool packet_option_fits(uint32_t number, uint32_t length, const uint8_t *value)
{
    enum { VERDICT_TC = 1, VERDICT_XDP = 2 }; /* a byte for the kind, and a number of 8 */
    switch (number) {
    case OPTION_PACKET_FLAGS:
    case OPTION_PACKET_QUEUE:
        return length == 4;
    case OPTION_PACKET_HASH:
        return length >= 1;
    case OPTION_PACKET_VERDICT:
        return length >= 1 && ((value[0] != VERDICT_TC && value[0] != VERDICT_XDP) || length == 9);
    case OPTION_PACKET_DROPS:
    case OPTION_PACKET_ID:
    case OPTION_PACKET_THREAD:
        return length == 8;
    default:
        return true;
    }
}

/* Whether a custom option may be of this length: it begins with an enterprise, and Wireshark reads one's. */
static bool custom_option_fits(uint32_t number, uint32_t length, const uint8_t *value, bool swapped)
{
    const bool bytes = number == OPTION_CUSTOM_BYTES || number == OPTION_CUSTOM_NO_COPY_BYTES;
    if (length < 4 || !bytes || pcapng_32(value, swapped) != ENTERPRISE_NETFLIX)
        return length >= 4;
    return length >= NETFLIX_HEADER &&
           (load_le32(value + 4) != NETFLIX_OPTION_DUMP || length >= NETFLIX_DUMP_MIN);
}

/*     | number 2 | length 2 | value, padded to 4 bytes ... | */
struct pcapng_fault pcapng_check_options(const uint8_t *p, uint64_t n, bool swapped, uint32_t *flags)
{
    while (n >= OPTION_HEADER) {
        uint32_t number = pcapng_16(p, swapped), length = pcapng_16(p + 2, swapped);
        p += OPTION_HEADER;
        n -= OPTION_HEADER;
        if (number == OPTION_END)
            break;
        if (length > n)
            return (struct pcapng_fault){BROKEN_OPTION, (uint32_t)n, length};
        bool custom = number - OPTION_CUSTOM_FIRST < 2 || number - OPTION_CUSTOM_NO_COPY < 2;
        if ((custom && !custom_option_fits(number, length, p, swapped)) ||
            (flags && !packet_option_fits(number, length, p)))
            return (struct pcapng_fault){BROKEN_OPTION_LENGTH, number, length};
        if (flags && number == OPTION_PACKET_FLAGS)
            *flags = pcapng_32(p, swapped);
        uint64_t step = MIN(pcapng_padded(length), n);
        p += step;
        n -= step;
    }
    return PCAPNG_FINE;
}

/*     | type 2 | length 2 | address, names with NUL, padded to 4 bytes | ... | 0 2 | 0 2 | options ... | */
static struct pcapng_fault check_names(const uint8_t *p, uint64_t n, bool swapped)
{
    while (n >= 4) {
        uint32_t type = pcapng_16(p, swapped), length = pcapng_16(p + 2, swapped);
        p += 4;
        n -= 4;
        if (type == NAMES_END)
            return pcapng_check_options(p, n, swapped, NULL);
        uint64_t step = pcapng_padded(length);
        if (step > n)
            return (struct pcapng_fault){BROKEN_NAME, (uint32_t)n, length};
        uint32_t address = type == NAMES_IPV4 ? 4 : type == NAMES_IPV6 ? 16 : 0;
        if (length < address)
            return (struct pcapng_fault){BROKEN_NAME, address, length};
        if (address && length > address && p[length - 1] != 0)
            return (struct pcapng_fault){BROKEN_NAME_END, 0, length - address};
        p += step;
        n -= step;
    }
    return PCAPNG_FINE;
}

/*     | enterprise 4 | data ... |
 *
 * The data of most enterprises are nobody's business. */
static struct pcapng_fault check_custom(const uint8_t *p, uint64_t n, bool swapped)
{
    if (n < NETFLIX_HEADER || pcapng_32(p, swapped) != ENTERPRISE_NETFLIX)
        return PCAPNG_FINE;
    uint32_t type = load_le32(p + 4);
    if (type == NETFLIX_EVENT || type == NETFLIX_SKIPPED)
        return PCAPNG_FINE;
    return (struct pcapng_fault){BROKEN_NETFLIX, 0, type};
}

/*     | processor 2 | flags 4, of F | time 8 | thread 8 | event length 4 | event type 2
 *     | count of parameters 4, of V2 | parameters ... | */
static struct pcapng_fault check_sysdig(const uint8_t *p, uint32_t type, bool swapped)
{
    uint32_t event = pcapng_32(p + SYSDIG_EVENT_AT + (sysdig_has_flags(type) ? SYSDIG_FLAGS : 0), swapped);
    uint32_t min = SYSDIG_EVENT_MIN + (sysdig_has_parameters(type) ? SYSDIG_PARAMETERS : 0);
    return event < min ? (struct pcapng_fault){BROKEN_SYSDIG, min, event} : PCAPNG_FINE;
}

struct pcapng_fault pcapng_check_block(const uint8_t *p, uint64_t length, uint32_t type, bool swapped)
{
    const uint8_t *body = p + BLOCK_HEADER;
    uint64_t n = length - BLOCK_FRAME;
    switch (type) {
    case BLOCK_NAMES:
        return check_names(body, n, swapped);
    case BLOCK_STATISTICS: /* interface number and time, which nobody needs */
        return pcapng_check_options(body + 12, n - 12, swapped, NULL);
    case BLOCK_SECRETS: { /* type 4, length 4, secrets */
        uint32_t secrets = pcapng_32(body + 4, swapped);
        if (secrets > n - 8)
            return (struct pcapng_fault){BROKEN_SECRETS, (uint32_t)n - 8, secrets};
        return PCAPNG_FINE;
    }
    case BLOCK_JOURNAL:
        while (n > 0 && body[n - 1] == 0)
            n--;
        if (n < JOURNAL_ENTRY_MIN)
            return (struct pcapng_fault){BROKEN_JOURNAL, JOURNAL_ENTRY_MIN, (uint32_t)n};
        return PCAPNG_FINE;
    case BLOCK_CUSTOM:
    case BLOCK_CUSTOM_NO_COPY:
        return check_custom(body, n, swapped);
    case BLOCK_SYSDIG:
    case BLOCK_SYSDIG_F:
    case BLOCK_SYSDIG_V2:
    case BLOCK_SYSDIG_F_V2:
    case BLOCK_SYSDIG_V2_LARGE:
    case BLOCK_SYSDIG_F_V2_LARGE:
        return check_sysdig(body, type, swapped);
    default:
        return PCAPNG_FINE;
    }
}
