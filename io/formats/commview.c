/* Packet logs of TamoSoft's CommView (the vendor documents both formats): records with nothing before them.
 * All numbers are little endian; times are local.
 *
 *     NCF  | length 2 | source length 2 | version 1: 0 | date and time 11 | flags 1: medium in the lower
 *            4 bits | signal, rate, band, channel, direction 5 | levels 2 | bytes |
 *     NCFX | length of all of it 4 | date and time 11 | medium 1 | ? 4 | of 802.11 ? 20 | bytes |
 *     date and time | year 2 | month 1 | day 1 | hour 1 | minute 1 | second 1 | microseconds 4 |
 *
 * There is no magic number, so that they are tried last. The date, the time and the medium of the first record
 * are as good as one: of random bytes, one in 10^10 has them.
 */
#include "io/formats/records.h"

enum { NCF_HEADER = 24, NCFX_HEADER = 20, NCFX_RADIO = 20 };

static uint16_t link_of(unsigned medium)
{
    static const uint16_t links[] = {1, 105, 6};
    return medium < ARRAY_LEN(links) ? links[medium] : 0xffff;
}

/* Of the first record. As in Wireshark, the microseconds may be any. */
static bool is_time(const uint8_t *p, unsigned first_year, unsigned last_year)
{
    unsigned year = load_le16(p);
    return year >= first_year && year <= last_year && p[2] >= 1 && p[2] <= 12 && p[3] >= 1 && p[3] <= 31 &&
           p[4] <= 23 && p[5] <= 59 && p[6] <= 60;
}

static int64_t time_of(const uint8_t *p)
{
    return records_time(records_local_seconds(load_le16(p), p[2], p[3], p[4], p[5], p[6]),
                        load_le32(p + 7) * INT64_C(1000));
}

static uint32_t ncfx_header(const uint8_t *p)
{
    return NCFX_HEADER + (p[15] == 1 ? NCFX_RADIO : 0);
}

/* The length of the record whose header is at p. 0: it is none. */
static uint32_t ncf_length(const uint8_t *p)
{
    bool plausible =
        load_le16(p) > 0 && p[4] == 0 && is_time(p + 5, 1970, 2037) && link_of(p[16] & 15) != 0xffff;
    return plausible ? (uint32_t)NCF_HEADER + load_le16(p) : 0;
}

static uint32_t ncfx_length(const uint8_t *p)
{
    const uint32_t length = load_le32(p);
    bool plausible = length > ncfx_header(p) && length <= RECORD_LENGTH_MAX &&
                     is_time(p + 4, 2000, UINT16_MAX) && p[15] <= 1;
    return plausible ? length : 0;
}

static bool ncf_probe(const uint8_t *bytes, size_t count)
{
    return count >= NCF_HEADER && ncf_length(bytes);
}

static bool ncfx_probe(const uint8_t *bytes, size_t count)
{
    return count >= NCFX_HEADER && ncfx_length(bytes);
}

static enum capture_open_result commview_open(struct capture *c, const uint8_t *bytes, uint64_t count,
                                              bool whole)
{
    (void)bytes;
    (void)count;
    (void)whole;
    c->first_record = 0;
    return OPEN_DONE;
}

static bool read_any(const uint8_t *p, uint64_t available, uint32_t header, uint64_t length,
                     const uint8_t *time, unsigned medium, struct record *r, struct frame *f)
{
    if (!record_has(r, length, length - header, available))
        return false;
    r->has_frame = true;
    f->time = time_of(time);
    f->data = p + header;
    f->captured = f->length = (uint32_t)(length - header);
    f->link_type = link_of(medium);
    return true;
}

static bool ncf_read(const struct capture *c, const uint8_t *p, uint64_t available, struct record *r,
                     struct frame *f)
{
    (void)c;
    if (!record_has_header(r, NCF_HEADER, available))
        return false;
    if (p[4] != 0)
        return record_fault(r, RECORD_NONSENSE, 0, p[4]);
    if (link_of(p[16] & 15) == 0xffff)
        return record_fault(r, RECORD_LINK, 0, p[16] & 15);
    return read_any(p, available, NCF_HEADER, NCF_HEADER + load_le16(p), p + 5, p[16] & 15, r, f);
}

static bool ncfx_read(const struct capture *c, const uint8_t *p, uint64_t available, struct record *r,
                      struct frame *f)
{
    (void)c;
    if (!record_has_header(r, NCFX_HEADER, available))
        return false;
    const uint32_t header = ncfx_header(p), length = load_le32(p);
    if (p[15] > 1)
        return record_fault(r, RECORD_LINK, 0, p[15]);
    if (length < header)
        return record_fault(r, RECORD_LENGTH, header, length);
    return read_any(p, available, header, length, p + 4, p[15], r, f);
}

const struct capture_format format_commview = {
    .name = "CommView NCF",
    .probe = ncf_probe,
    .open = commview_open,
    RECORDS_FORMAT,
    .read_record = ncf_read,
};

const struct capture_format format_commview_x = {
    .name = "CommView NCFX",
    .probe = ncfx_probe,
    .open = commview_open,
    RECORDS_FORMAT,
    .read_record = ncfx_read,
};
