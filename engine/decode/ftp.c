/* What the first line of an FTP segment announces (RFC 959, RFC 2428). */
#include "engine/decode/ftp.h"

/* What is left of a line. */
struct text_line {
    const uint8_t *at, *end;
};

static bool is_digit(uint8_t c)
{
    return c >= '0' && c <= '9';
}

static bool is_blank(uint8_t c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

static bool next_is(const struct text_line *l, uint8_t c)
{
    return l->at < l->end && *l->at == c;
}

/* Digits, whose value stops at most. False when there are none. */
static bool read_digits(struct text_line *l, uint64_t most, uint64_t *value)
{
    const uint8_t *start = l->at;
    for (*value = 0; l->at < l->end && is_digit(*l->at); l->at++) {
        unsigned digit = *l->at - '0';
        *value = *value > (most - digit) / 10 ? most : *value * 10 + digit;
    }
    return l->at != start;
}

/* A number as C's functions read one: blanks and a sign may stand before it. It wraps at 32 bits, once what
 * has more than 64 has become the highest of them. */
static bool read_number(struct text_line *l, uint32_t *number)
{
    while (l->at < l->end && is_blank(*l->at))
        l->at++;
    bool negative = next_is(l, '-');
    if (negative || next_is(l, '+'))
        l->at++;
    uint64_t value;
    if (!read_digits(l, (uint64_t)INT64_MAX + negative, &value))
        return false;
    *number = (uint32_t)(negative ? -value : value);
    return true;
}

/* h1,h2,h3,h4,p1,p2: the first six numbers in a row that stand so, whatever is around them. What is beyond
 * 255 is not refused: of an address it reaches into the number before it. */
static struct ftp_announcement read_host_port(struct text_line l, enum ftp_kind kind)
{
    enum { NUMBERS = 6 };
    for (;;) {
        while (l.at < l.end && !is_digit(*l.at))
            l.at++;
        if (l.at == l.end)
            return (struct ftp_announcement){0};
        struct text_line rest = l;
        uint32_t n[NUMBERS];
        unsigned i = 0;
        while (read_number(&rest, &n[i]) && ++i < NUMBERS && next_is(&rest, ','))
            rest.at++;
        if (i == NUMBERS)
            return (struct ftp_announcement){
                .address = n[0] << 24 | n[1] << 16 | n[2] << 8 | n[3],
                .port = (uint16_t)((n[4] & 0xff) << 8 | (n[5] & 0xff)),
                .kind = (uint8_t)kind,
            };
        while (l.at < l.end && is_digit(*l.at))
            l.at++;
    }
}

/* Any of ASCII's marks and letters, RFC 2428, 2, but for what addresses are written with. */
static bool is_delimiter(uint8_t c)
{
    return c > ' ' && c <= '~' && !is_digit(c) && c != '.' && c != ':' && !(c >= 'a' && c <= 'f') &&
           !(c >= 'A' && c <= 'F');
}

/* (|||port|), RFC 2428, 3: up to three delimiters of one kind after the first parenthesis, then the port, and
 * somewhere a parenthesis again. A port that is too high is 65535 where `|` follows, and none at all is 0. */
static struct ftp_announcement read_extended(struct text_line l)
{
    const struct ftp_announcement nothing = {0};
    while (l.at < l.end && *l.at != '(')
        l.at++;
    if (l.at == l.end)
        return nothing;
    l.at++;
    uint8_t delimiter = 0;
    for (unsigned n = 0; n < 3 && l.at < l.end; n++, l.at++) {
        if (!n && is_delimiter(*l.at))
            delimiter = *l.at;
        if (!delimiter || *l.at != delimiter)
            break;
    }
    const uint8_t *start = l.at;
    if (start == l.end || *start == '+' || *start == '-' || !memchr(start, ')', (size_t)(l.end - start)))
        return nothing;

    struct text_line number = l;
    while (number.at < number.end && is_blank(*number.at))
        number.at++;
    bool negative = next_is(&number, '-');
    if (negative || next_is(&number, '+'))
        number.at++;
    uint64_t port;
    bool good = read_digits(&number, UINT64_MAX, &port);
    if (!good)
        number = l; /* nothing of it was read */
    if (negative && port != UINT64_MAX)
        port = -port;
    if (port > UINT16_MAX) {
        port = UINT16_MAX;
        good = false;
    }
    if (!good && !next_is(&number, '|'))
        return nothing;
    return (struct ftp_announcement){.port = (uint16_t)port, .kind = FTP_EXTENDED_PASSIVE};
}

/* The rest of the line: C's functions, with which 4.0 reads on, stop at a zero. */
static struct text_line rest_of(struct text_line l, size_t skip)
{
    l.at += MIN(skip, (size_t)(l.end - l.at));
    const uint8_t *zero = l.at < l.end ? memchr(l.at, 0, (size_t)(l.end - l.at)) : NULL;
    if (zero)
        l.end = zero;
    return l;
}

struct ftp_announcement ftp_read(const uint8_t *payload, uint32_t count, bool request)
{
    const struct ftp_announcement nothing = {0};
    struct text_line l = {payload, payload};
    while (l.end < payload + count && *l.end != '\r' && *l.end != '\n')
        l.end++;
    if (l.end - l.at < 4)
        return nothing;
    if (request)
        return load_be32(l.at) == 0x504f5254 /* PORT */ && (l.end - l.at == 4 || l.at[4] == ' ')
                   ? read_host_port(rest_of(l, 4), FTP_PORT)
                   : nothing;
    switch (load_be32(l.at) >> 8) {
    case 0x323237: /* 227 */
        return read_host_port(rest_of(l, 4), FTP_PASSIVE);
    case 0x323239: /* 229 */
        return read_extended(rest_of(l, 4));
    default:
        return nothing;
    }
}
