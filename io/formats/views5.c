/* Captures of InfoVista's 5View. All numbers are little endian.
 *
 *     file   | aaaaaaaa 4 | ? 4 | version 4: 00010000 | ? 4 | file type 4 | ? 36 |
 *     record | 3333eeee 4 | ? 8 | kind 4: 0 for frames | length 4 | number 4 | seconds 4 |
 *              nanoseconds 4 | ? 4 | bytes |
 *
 * Seen on files that editcap writes, and on what tshark makes of others.
 */
#include "io/formats/records.h"

enum { FILE_HEADER = 56, RECORD = 36, FILE_TYPE_ETHERNET = 0x18001000, VERSION = 0x10000 };
#define RECORD_KEY 0x3333eeeeu

static bool views5_probe(const uint8_t *bytes, size_t count)
{
    return count >= 4 && load_le32(bytes) == 0xaaaaaaaa;
}

static enum capture_open_result views5_open(struct capture *c, const uint8_t *bytes, uint64_t count,
                                            bool whole)
{
    enum capture_open_result result = records_need_header(c, FILE_HEADER, count, whole);
    if (result != OPEN_DONE)
        return result;
    if (load_le32(bytes + 8) != VERSION)
        return records_refuse(c, 8, "version 65536 of a 5View file", load_le32(bytes + 8));
    if (load_le32(bytes + 16) != FILE_TYPE_ETHERNET)
        return records_refuse(c, 16, "5View file type 402657280, Ethernet", load_le32(bytes + 16));
    c->link_type = 1;
    c->first_record = FILE_HEADER;
    return OPEN_DONE;
}

static bool views5_read(const struct capture *c, const uint8_t *p, uint64_t available, struct record *r,
                        struct frame *f)
{
    (void)c;
    if (!record_has_header(r, RECORD, available))
        return false;
    if (load_le32(p) != RECORD_KEY)
        return record_fault(r, RECORD_MARK, RECORD_KEY, load_le32(p));
    uint32_t length = load_le32(p + 16);
    if (!record_has(r, (uint64_t)RECORD + length, length, available))
        return false;
    r->has_frame = load_le32(p + 12) == 0;
    f->time = records_time(load_le32(p + 24), load_le32(p + 28));
    f->decimals = 9;
    f->data = p + RECORD;
    f->captured = f->length = length;
    return true;
}

const struct capture_format format_5views = {
    .name = "5View",
    .probe = views5_probe,
    .open = views5_open,
    RECORDS_FORMAT,
    .read_record = views5_read,
};
