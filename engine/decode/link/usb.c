/* USB: network devices of the classes NCM and MBIM in bulk transfers (CDC NCM 1.0, CDC MBIM 1.0, sections 3 and 7).
 *
 *     link types 189, 220 | ... 9 | transfer type 1 | ... up to 48 or 64 bytes | data
 *     link type 249       | ... 22 | transfer type 1 | ... up to 27 bytes | data
 *     block               | "NCMH" 4 | header length 2 | sequence 2 | length 2 | table 2
 *     table               | "NCM0", "NCM1" or "IPS", session | length 2 | next table 2 | (index 2, length 2) ...
 *     of 32 bits          | "ncmh" 4 | header length 2 | sequence 2 | length 4 | table 4
 *     its table           | "ncm0", ... 4 | length 2 | reserved 2 | next table 4 | reserved 4 | (index 4, length 4) ...
 *
 * The least significant byte comes first. Positions count from the start of the block. Tables of NCM hold Ethernet frames, those
 * of IPS, IP packets; an index or length of 0 ends them, but not in 4.0. Like tshark, this goes by the marks alone: no descriptor
 * is needed, and the lengths of header and block are not looked at. What a device of class ECM sends has no mark; it is treated as
 * in unexpected.c.
 */
#include "engine/decode/protocols.h"

enum {
    TRANSFER_BULK = 3,
    LINUX_TRANSFER = 9,
    LINUX_HEADER = 48,
    LINUX_HEADER_PADDED = 64,
    WINDOWS_TRANSFER = 22,
    WINDOWS_HEADER = 27,
    ETHERNET_HEADER = 14,
};

/* Of a block of 16 or of 32 bits. */
struct block_form {
    char block[4], ethernet[3], ip[3];
    uint8_t width;       /* of positions and lengths */
    uint8_t first_table; /* where the block says where its first table is */
    uint8_t next_table;  /* where a table says where the next one is */
    uint8_t entries;     /* where its entries begin */
};

static const struct block_form forms[] = {
    {{'N', 'C', 'M', 'H'}, {'N', 'C', 'M'}, {'I', 'P', 'S'}, 2, 10, 6, 8},
    {{'n', 'c', 'm', 'h'}, {'n', 'c', 'm'}, {'i', 'p', 's'}, 4, 12, 8, 16},
};
enum { TABLE_LENGTH = 4 };

static uint32_t number(const struct block_form *form, const struct layer *l, uint64_t at)
{
    if (at > l->captured)
        return 0;
    return form->width == 2 ? layer_le16(l, (uint32_t)at) : layer_le32(l, (uint32_t)at);
}

/* Whether the table's datagrams are all there; none of them behind one that is not. */
static bool decode_table(struct decoder *d, const struct block_form *form, struct layer block, uint32_t table,
                         bool ethernet)
{
    const struct surroundings around = decoder_surroundings(d);
    const uint64_t end = (uint64_t)table + layer_le16(&block, table + TABLE_LENGTH);
    for (uint64_t at = (uint64_t)table + form->entries; at + 2u * form->width <= end;
         at += 2u * form->width) {
        const uint32_t index = number(form, &block, at), size = number(form, &block, at + form->width);
        if ((!index || !size) && d->rules == RULES_4_0)
            continue;
        if (!index || !size)
            return true;
        if (index > block.length || size > block.length - index || (ethernet && size < ETHERNET_HEADER)) {
            decoder_stop(d, OUTCOME_MALFORMED, SUBJECT_ETHERNET, 0);
            return false;
        }
        decoder_go_back(d, around);
        const struct layer datagram = layer_first(layer_after(block, index), size);
        if (ethernet)
            decode_ethernet(d, datagram);
        else
            decode_ip_any(d, datagram);
    }
    return true;
}

static void decode_block(struct decoder *d, const struct block_form *form, struct layer block)
{
    uint32_t table = number(form, &block, form->first_table);
    do {
        const uint32_t size = layer_le16(&block, table + TABLE_LENGTH);
        const uint32_t next = number(form, &block, (uint64_t)table + form->next_table);
        const struct layer from_table = layer_after(block, table);
        if (!decoder_need(d, &from_table, form->entries, SUBJECT_ETHERNET))
            return;
        const uint8_t *mark = from_table.at;
        const bool ethernet = !memcmp(mark, form->ethernet, 3) && (mark[3] == '0' || mark[3] == '1');
        if ((!ethernet && memcmp(mark, form->ip, 3) != 0) || !decoder_enter(d))
            return;
        if (size % (2u * form->width) || next % 4 || next > block.length) {
            decoder_stop(d, OUTCOME_MALFORMED, SUBJECT_ETHERNET, 0);
            return;
        }
        if (!decode_table(d, form, block, table, ethernet))
            return;
        table = next;
    } while (table);
}

/* A transfer of this type, from its data on; whole: from the capture's header on. */
static void decode_transfer(struct decoder *d, unsigned type, struct layer l, struct layer whole)
{
    for (unsigned i = 0; type == TRANSFER_BULK && i < ARRAY_LEN(forms); i++) {
        const uint8_t *mark = layer_bytes(&l, 0, 4);
        if (mark && !memcmp(mark, forms[i].block, 4)) {
            decode_block(d, &forms[i], l);
            return;
        }
    }
    decode_unexpected(d, SUBJECT_LINK_TYPE, d->link_type, whole);
}

void decode_usb_linux(struct decoder *d, struct layer l)
{
    decode_transfer(d, layer_u8(&l, LINUX_TRANSFER), layer_after(l, LINUX_HEADER), l);
}

void decode_usb_linux_padded(struct decoder *d, struct layer l)
{
    decode_transfer(d, layer_u8(&l, LINUX_TRANSFER), layer_after(l, LINUX_HEADER_PADDED), l);
}

void decode_usb_windows(struct decoder *d, struct layer l)
{
    decode_transfer(d, layer_u8(&l, WINDOWS_TRANSFER), layer_after(l, WINDOWS_HEADER), l);
}
