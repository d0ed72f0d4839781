/* MACsec, IEEE 802.1AE, 9.3. Only frames that are protected but not encrypted can be read.
 *
 *     |V|ES|SC|SCB|E|C|AN 2| short length 1 | packet number 4 | SCI 8, if SC | type 2 | ... | ICV 16 |
 *
 * The short length is that of what stands between the header and the ICV; 0: all of it. Wireshark 4.4 wants that and the ICV to be there;
 * 4.0 knows of neither.
 */
#include "engine/decode/protocols.h"

enum {
    TCI_VERSION = 0x80,
    TCI_SCI = 0x20,
    TCI_ENCRYPTED = 0x08,
    TCI_CHANGED = 0x04,
    ICV = 16,
};

void decode_macsec(struct decoder *d, struct layer l)
{
    if (!decoder_need(d, &l, 6, SUBJECT_MACSEC) || !decoder_enter(d))
        return;
    unsigned tci = layer_u8(&l, 0);
    if (tci & (TCI_VERSION | TCI_ENCRYPTED | TCI_CHANGED)) {
        decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_MACSEC, tci);
        return;
    }
    uint32_t header = tci & TCI_SCI ? 14 : 6;
    const unsigned said = layer_u8(&l, 1);
    l = layer_after(l, header);
    if (d->rules != RULES_4_0) {
        const uint32_t length = said ? said : l.length - MIN(ICV, l.length);
        if (!decoder_need(d, &l, length + ICV, SUBJECT_MACSEC))
            return;
        l = layer_first(l, length);
    }
    if (!decoder_need(d, &l, 2, SUBJECT_MACSEC))
        return;
    decode_ether_type(d, layer_u16(&l, 0), layer_after(l, 2));
}
