/* Link types: the numbers of the pcap registry (https://www.tcpdump.org/linktypes.html). */
#include "engine/decode/protocols.h"

enum { LINK_ETHERNET = 1 };

/* Link types that carry no TCP: they are no loss, and not reported as unsupported. */
static bool carries_no_tcp(unsigned link_type)
{
    switch (link_type) {
    case 114: /* LocalTalk */
    case 118: /* Cisco IOS debug output */
    case 139: /* MTP2 with a pseudo header */
    case 140: /* MTP2 */
    case 141: /* MTP3 */
    case 142: /* SCCP */
    case 144: /* IrDA */
    case 165: /* BACnet MS/TP */
    case 177: /* LAPD */
    case 186: /* USB, FreeBSD */
    case 187: /* Bluetooth HCI */
    case 188: /* IEEE 802.16 */
    case 189: /* USB, Linux */
    case 190: /* CAN 2.0B */
    case 196: /* SITA */
    case 198: /* Raisecom */
    case 199: /* IPMB */
    case 201: /* Bluetooth HCI with direction */
    case 203: /* LAPD */
    case 209: /* IPMB, Linux */
    case 210: /* FlexRay */
    case 211: /* MOST */
    case 212: /* LIN */
    case 213: /* X2E */
    case 214: /* X2E */
    case 220: /* USB, Linux, padded */
    case 227: /* CAN, Linux */
    case 231: /* D-Bus */
    case 235: /* DVB-CI */
    case 236: /* 3GPP 27.010 */
    case 237: /* STANAG 5066 D_PDU */
    case 245: /* NFC LLCP */
    case 248: /* SCTP */
    case 249: /* USBPcap */
    case 250: /* RTAC serial */
    case 251: /* Bluetooth LE */
    case 253: /* Netlink */
    case 254: /* Bluetooth, Linux monitor */
    case 255: /* Bluetooth BR/EDR */
    case 256: /* Bluetooth LE with radio */
    case 257: /* PROFIBUS */
    case 260: /* IPMI */
    case 261: /* Z-Wave */
    case 262: /* Z-Wave */
    case 263: /* WattStopper */
    case 264: /* ISO 14443 */
    case 266: /* USB, macOS */
    case 268: /* SDLC */
    case 270: /* LoRaTap */
    case 271: /* vsock */
    case 272: /* Nordic BLE */
    case 275: /* DisplayPort AUX */
    case 278: /* OpenVizsla */
    case 287: /* Z-Wave */
    case 288: /* USB 2.0 */
    case 290: /* ETW */
    case 291: /* Netlink, ZBOSS */
    case 292: /* ZBOSS */
    case 293: /* USB 2.0, low speed */
    case 294: /* USB 2.0, full speed */
    case 295: /* USB 2.0, high speed */
    case 296: /* Auerswald log */
    case 298: /* Silicon Labs debug channel */
    case 299: /* UCI */
        return true;
    default:
        return false;
    }
}

static void decode_other_link(struct decoder *d, unsigned link_type, struct layer l)
{
    switch (link_type) {
    case 0:
        decode_null(d, l);
        return;
    case 3:
        decode_ax25(d, l);
        return;
    case 6:
        decode_token_ring(d, l);
        return;
    case 7:
        decode_arcnet_bsd(d, l);
        return;
    case 9:
    case 50:
        decode_ppp_hdlc(d, l);
        return;
    case 10:
        decode_fddi(d, l);
        return;
    case 12: /* DLT_RAW; 14 is OpenBSD's */
    case 14:
    case 101:
        decode_raw(d, l);
        return;
    case 11: /* DLT_ATM_RFC1483 */
    case 100:
        decode_llc(d, l);
        return;
    case 13: /* DLT_ENC of OpenBSD */
    case 109:
        decode_enc(d, l);
        return;
    case 16: /* classical IP over ATM of Linux, under all its numbers */
    case 18:
    case 19:
    case 106:
    case 228:
        decode_ipv4(d, l);
        return;
    case 229:
        decode_ipv6(d, l);
        return;
    case 51:
        decode_pppoe(d, l);
        return;
    case 99:
        decode_symantec(d, l);
        return;
    case 104:
    case 112:
        decode_chdlc(d, l);
        return;
    case 105:
        decode_80211(d, l);
        return;
    case 107:
        decode_frame_relay(d, l);
        return;
    case 108:
        decode_loop(d, l);
        return;
    case 113:
        decode_cooked1(d, l);
        return;
    case 117:
        decode_pflog(d, l);
        return;
    case 119:
        decode_prism(d, l);
        return;
    case 122:
        decode_ipfc(d, l);
        return;
    case 123:
        decode_sunatm(d, l);
        return;
    case 127:
        decode_radiotap(d, l);
        return;
    case 128:
        decode_tzsp(d, l);
        return;
    case 129:
        decode_arcnet_linux(d, l);
        return;
    case 130:
    case 131:
    case 133:
    case 135:
    case 136:
    case 137:
    case 167:
    case 178:
    case 179:
    case 180:
    case 181:
    case 183:
    case 200:
        decode_juniper(d, link_type, l);
        return;
    case 138:
        decode_ieee1394(d, l);
        return;
    case 143:
        decode_docsis(d, l);
        return;
    case 149: /* user-defined, but macOS wrote pktap so */
    case 258:
        decode_pktap(d, l);
        return;
    case 163:
        decode_avs(d, l);
        return;
    case 192:
        decode_ppi(d, l);
        return;
    case 197:
        decode_erf(d, l);
        return;
    case 202:
        decode_ax25_kiss(d, l);
        return;
    case 204:
        decode_ppp_direction(d, l);
        return;
    case 226:
        decode_ipnet(d, l);
        return;
    case 239:
        decode_nflog(d, l);
        return;
    case 242:
        decode_ipoib(d, l);
        return;
    case 252:
        decode_export_pdu(d, l);
        return;
    case 259:
        decode_epon(d, l);
        return;
    case 274:
        decode_mpacket(d, l);
        return;
    case 276:
        decode_cooked2(d, l);
        return;
    case 279:
        decode_ebhscr(d, l);
        return;
    }
    if (!carries_no_tcp(link_type))
        decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_LINK_TYPE, link_type);
}

void decode_link(struct decoder *d, unsigned link_type, struct layer l)
{
    if (likely(link_type == LINK_ETHERNET))
        decode_ethernet(d, l);
    else
        decode_other_link(d, link_type, l);
}
