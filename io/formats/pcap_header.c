/* The pcap file header, and which of the layouts that go by its name a file has.
 *
 *     magic      file header   record header
 *     a1b2c3d4   24            16, microseconds. Also, with no other mark, 24 (patched libpcaps of Linux
 *                              distributions of 1999) and 20 (Nokia IPSO)
 *     a1b23c4d   24            16, nanoseconds
 *     a1b2cd34   24            24: | ... 16 | interface 4 | protocol 2 | packet type 1 | pad 1 |
 *                              (A. Kuznetzov's patch), or 28: with the processor and more padding
 *     1c0001ac   28            16, nanoseconds  (Ixia hardware capture: 4 bytes with the file's length)
 *     1c0001ab   28            16, microseconds (Ixia software capture)
 *
 * Versions before 2.3, and 543.0 of DG/UX, have a record's two lengths in the other order, 2.3 in either. AIX
 * writes version 2.2 with link types of its own (RFC 1573's ifType), and nanoseconds. Found by handing such
 * files to tshark 4.4.18, and https://www.ietf.org/archive/id/draft-ietf-opsawg-pcap-04.html.
 */
#include "io/formats/pcap.h"
#include "io/problems.h"

#include <inttypes.h>

enum {
    MAGIC_MICRO = 0xa1b2c3d4,
    MAGIC_NANO = 0xa1b23c4d,
    MAGIC_MODIFIED = 0xa1b2cd34,
    MAGIC_IXIA_HARDWARE = 0x1c0001ac,
    MAGIC_IXIA_SOFTWARE = 0x1c0001ab,

    IXIA_HEADER = FILE_HEADER + 4,
    MODIFIED_HEADER = 24,
    MODIFIED_SMP_HEADER = 28,
    NOKIA_HEADER = 20,

    /* Another layout is believed when so many records, or all there are, are plausible in it. */
    LAYOUT_RECORDS = 3,

    LINK_ETHERNET = 1,
    LINK_RESERVED = 0x03ff0000,
    LINK_FCS_KNOWN = 0x04000000,
};

bool pcap_magic(uint32_t magic)
{
    return magic == MAGIC_MICRO || magic == MAGIC_NANO || magic == MAGIC_MODIFIED ||
           magic == MAGIC_IXIA_HARDWARE || magic == MAGIC_IXIA_SOFTWARE;
}

/* LAYOUT_CUT: the records are plausible up to where the file ends in the midst of one. */
enum layout { LAYOUT_FITS, LAYOUT_FITS_NOT, LAYOUT_CUT, LAYOUT_MORE };

/* Whether the first records, of the count bytes at p, are plausible and whole with record headers of this
 * length. */
static enum layout layout_fits(const struct pcap_file *file, const uint8_t *p, uint64_t count,
                               unsigned header, bool whole)
{
    uint64_t at = 0;
    unsigned i = 0;
    for (; i < LAYOUT_RECORDS && at < count; i++) {
        uint64_t left = count - at;
        if (left < RECORD_HEADER)
            return whole ? LAYOUT_CUT : LAYOUT_MORE;
        struct pcap_lengths n = pcap_lengths(file, p + at);
        if (n.captured > file->captured_max || n.captured > n.original ||
            pcap_32(p + at + 4, file->swapped) >= file->fraction_max)
            return LAYOUT_FITS_NOT;
        if (left < header + n.captured)
            return whole ? LAYOUT_CUT : LAYOUT_MORE;
        at += header + n.captured;
    }
    return i < LAYOUT_RECORDS && !whole ? LAYOUT_MORE : LAYOUT_FITS;
}

/* The layout that goes with the magic number unless its first records contradict it and those of another do
 * not. */
static enum capture_open_result find_layout(struct pcap_file *file, const uint8_t *p, uint64_t count,
                                            bool whole, bool modified)
{
    static const uint8_t usual[] = {RECORD_HEADER, MODIFIED_HEADER, NOKIA_HEADER};
    static const uint8_t patched[] = {MODIFIED_HEADER, MODIFIED_SMP_HEADER};
    const uint8_t *headers = modified ? patched : usual;
    size_t n = modified ? ARRAY_LEN(patched) : ARRAY_LEN(usual);
    file->record_header = headers[0];
    for (size_t i = 0; i < n; i++)
        switch (layout_fits(file, p, count, headers[i], whole)) {
        case LAYOUT_FITS:
            file->record_header = headers[i];
            return OPEN_DONE;
        case LAYOUT_MORE:
            return OPEN_MORE;
        case LAYOUT_CUT:
            /* A file that is cut is more likely than one of a rare layout that ends just there. The two that are
             * patched are both rare: there what ends with the file is right, as in Wireshark. */
            if (i == 0 && !modified)
                return OPEN_DONE;
            break;
        case LAYOUT_FITS_NOT:
            break;
        }
    return OPEN_DONE;
}

/* The pcap link type of an AIX file; 0xffff: it is none of AIX's. */
static uint16_t aix_link(uint32_t link)
{
    switch (link) {
    case 6:
        return LINK_ETHERNET;
    case 9: /* token ring */
        return 6;
    case 15: /* FDDI */
        return 10;
    case 24: /* loopback */
        return 0;
    default:
        return 0xffff;
    }
}

enum capture_open_result pcap_read_header(struct capture *c, const uint8_t *bytes, uint64_t count, bool whole)
{
    struct pcap_file *file = capture_new_data(c, sizeof *file);
    if (!file)
        return OPEN_FAILED;
    uint32_t magic = load_raw32(bytes);
    file->swapped = !pcap_magic(magic);
    magic = pcap_32(bytes, file->swapped);
    bool ixia = magic == MAGIC_IXIA_HARDWARE || magic == MAGIC_IXIA_SOFTWARE;
    c->first_record = ixia ? IXIA_HEADER : FILE_HEADER;
    if (count < c->first_record) {
        if (!whole)
            return OPEN_MORE;
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, 0,
                     "expected a pcap file header of %" PRIu64
                     " bytes, found the end of the file after %" PRIu64,
                     c->first_record, count);
        return OPEN_FAILED;
    }
    unsigned major = load_raw16(bytes + 4), minor = load_raw16(bytes + 6);
    if (file->swapped) {
        major = __builtin_bswap16((uint16_t)major);
        minor = __builtin_bswap16((uint16_t)minor);
    }
    if (major < 2) {
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, 4,
                     "expected a pcap file of version 2, found %u.%u", major, minor);
        return OPEN_FAILED;
    }
    uint32_t link = pcap_32(bytes + 20, file->swapped);
    if (link & LINK_RESERVED) {
        problems_add(c->problems, PROBLEM_ERROR, c->order, c->path, 20,
                     "expected a link type with reserved bits of zero, found 0x%08" PRIx32, link);
        return OPEN_FAILED;
    }
    file->link_type = (uint16_t)link;
    bool aix = magic == MAGIC_MICRO && major == 2 && minor == 2 && aix_link(link) != 0xffff;
    if (aix)
        file->link_type = aix_link(link);
    /* The length of the frame check sequence, in 16-bit units. */
    if (link & LINK_FCS_KNOWN && file->link_type == LINK_ETHERNET)
        file->fcs = (uint8_t)((link >> 28) * 2);
    file->captured_max = capture_record_max(file->link_type);

    bool nano = magic == MAGIC_NANO || magic == MAGIC_IXIA_HARDWARE || aix;
    file->fraction_ns = nano ? 1 : 1000;
    file->fraction_max = nano ? 1000000000 : 1000000;
    file->decimals = nano ? 9 : 6;
    file->length_order = LENGTHS_IN_ORDER;
    if ((major == 2 && minor < 3) || (major == 543 && minor == 0))
        file->length_order = LENGTHS_SWAPPED;
    else if (major == 2 && minor == 3)
        file->length_order = LENGTHS_SMALLER_FIRST;

    enum capture_open_result result = OPEN_DONE;
    file->record_header = RECORD_HEADER;
    if (magic == MAGIC_MODIFIED || (magic == MAGIC_MICRO && !aix))
        result = find_layout(file, bytes + c->first_record, count - c->first_record, whole,
                             magic == MAGIC_MODIFIED);
    file->plain = file->record_header == RECORD_HEADER && file->length_order == LENGTHS_IN_ORDER;
    return result;
}
