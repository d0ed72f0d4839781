/* Link types: the LINKTYPE_ values of https://www.tcpdump.org/linktypes.html. */
#include "engine/decode/protocols.h"

enum {
    LINK_ETHERNET = 1,
    LINK_USER0 = 147, /* to USER15, 162 */
    WIRESHARK_USER0 = 45,
};

/* Of a link type that is not expected to carry TCP. */
static void ignore(struct decoder *d, struct layer l)
{
    decode_unexpected(d, SUBJECT_LINK_TYPE, d->link_type, l);
}

typedef void link_decoder(struct decoder *, struct layer);

static link_decoder *const links[] = {
    [0] = decode_null,
    [3] = decode_ax25,
    [6] = decode_token_ring,
    [7] = decode_arcnet_bsd,
    [9] = decode_ppp_hdlc,
    [10] = decode_fddi,
    [11] = decode_llc,  /* DLT_ATM_RFC1483 */
    [12] = decode_raw,  /* DLT_RAW */
    [13] = decode_enc,  /* DLT_ENC of OpenBSD */
    [14] = decode_raw,  /* DLT_RAW of OpenBSD */
    [16] = decode_ipv4, /* classical IP over ATM of Linux */
    [18] = decode_ipv4, /* classical IP over ATM of Linux */
    [19] = decode_ipv4, /* classical IP over ATM of Linux */
    [50] = decode_ppp_hdlc,
    [51] = decode_pppoe,
    [99] = decode_symantec,
    [100] = decode_llc,
    [101] = decode_raw,
    [104] = decode_chdlc,
    [105] = decode_80211,
    [106] = decode_ipv4, /* classical IP over ATM of Linux */
    [107] = decode_frame_relay,
    [108] = decode_loop,
    [109] = decode_enc,
    [112] = decode_chdlc,
    [113] = decode_cooked1,
    [117] = decode_pflog,
    [119] = decode_prism,
    [122] = decode_ipfc,
    [123] = decode_sunatm,
    [127] = decode_radiotap,
    [128] = decode_tzsp,
    [129] = decode_arcnet_linux,
    [138] = decode_ieee1394,
    [143] = decode_docsis,
    [149] = decode_pktap, /* user-defined, but macOS wrote pktap so */
    [163] = decode_avs,
    [187] = decode_bluetooth_undirected,
    [189] = decode_usb_linux,
    [192] = decode_ppi,
    [195] = decode_wpan,
    [197] = decode_erf,
    [201] = decode_bluetooth,
    [202] = decode_ax25_kiss,
    [204] = decode_ppp_direction,
    [215] = decode_wpan_phy,
    [220] = decode_usb_linux_padded,
    [226] = decode_ipnet,
    [228] = decode_ipv4,
    [229] = decode_ipv6,
    [230] = decode_wpan_no_fcs,
    [239] = decode_nflog,
    [242] = decode_ipoib,
    [249] = decode_usb_windows,
    [252] = decode_export_pdu,
    [253] = decode_netlink,
    [254] = decode_bluetooth_monitor,
    [258] = decode_pktap,
    [259] = decode_epon,
    [274] = decode_mpacket,
    [276] = decode_cooked2,
    [279] = decode_ebhscr,
    [283] = decode_wpan_tap,

    /* not expected to carry TCP */
    [114] = ignore, /* LocalTalk */
    [118] = ignore, /* Cisco IOS debug output */
    [139] = ignore, /* MTP2 with a pseudo header */
    [140] = ignore, /* MTP2 */
    [141] = ignore, /* MTP3 */
    [142] = ignore, /* SCCP */
    [144] = ignore, /* IrDA */
    [165] = ignore, /* BACnet MS/TP */
    [177] = ignore, /* LAPD */
    [186] = ignore, /* USB, FreeBSD */
    [188] = ignore, /* IEEE 802.16 */
    [190] = ignore, /* CAN 2.0B */
    [196] = ignore, /* SITA */
    [198] = ignore, /* Raisecom */
    [199] = ignore, /* IPMB */
    [203] = ignore, /* LAPD */
    [209] = ignore, /* IPMB, Linux */
    [210] = ignore, /* FlexRay */
    [211] = ignore, /* MOST */
    [212] = ignore, /* LIN */
    [213] = ignore, /* X2E */
    [214] = ignore, /* X2E */
    [227] = ignore, /* CAN, Linux */
    [231] = ignore, /* D-Bus */
    [235] = ignore, /* DVB-CI */
    [236] = ignore, /* 3GPP 27.010 */
    [237] = ignore, /* STANAG 5066 D_PDU */
    [245] = ignore, /* NFC LLCP */
    [248] = ignore, /* SCTP */
    [250] = ignore, /* RTAC serial */
    [251] = ignore, /* Bluetooth LE */
    [255] = ignore, /* Bluetooth BR/EDR */
    [256] = ignore, /* Bluetooth LE with radio */
    [257] = ignore, /* PROFIBUS */
    [260] = ignore, /* IPMI */
    [261] = ignore, /* Z-Wave */
    [262] = ignore, /* Z-Wave */
    [263] = ignore, /* WattStopper */
    [264] = ignore, /* ISO 14443 */
    [266] = ignore, /* USB, macOS */
    [268] = ignore, /* SDLC */
    [270] = ignore, /* LoRaTap */
    [271] = ignore, /* vsock */
    [272] = ignore, /* Nordic BLE */
    [275] = ignore, /* DisplayPort AUX */
    [278] = ignore, /* OpenVizsla */
    [287] = ignore, /* Z-Wave */
    [288] = ignore, /* USB 2.0 */
    [290] = ignore, /* ETW */
    [291] = ignore, /* Netlink, ZBOSS */
    [292] = ignore, /* ZBOSS */
    [293] = ignore, /* USB 2.0, low speed */
    [294] = ignore, /* USB 2.0, full speed */
    [295] = ignore, /* USB 2.0, high speed */
    [296] = ignore, /* Auerswald log */
    [298] = ignore, /* Silicon Labs debug channel */
    [299] = ignore, /* UCI */
};

static bool is_juniper(unsigned link_type)
{
    switch (link_type) {
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
        return true;
    default:
        return false;
    }
}

static void decode_other_link(struct decoder *d, unsigned link_type, struct layer l)
{
    d->link_type = link_type;
    d->ip.source = NULL; /* no IP packet so far; decode_multilink() asks */
    if (unlikely(d->decode_as.types) && link_type >= LINK_USER0 &&
        decode_as_number(d, DECODE_AS_USER_LINK, link_type - LINK_USER0 + WIRESHARK_USER0, l))
        return;
    if (link_type < ARRAY_LEN(links) && links[link_type])
        links[link_type](d, l);
    else if (is_juniper(link_type))
        decode_juniper(d, link_type, l);
    else
        decoder_stop(d, OUTCOME_UNSUPPORTED, SUBJECT_LINK_TYPE, link_type);
}

void decode_link(struct decoder *d, unsigned link_type, struct layer l)
{
    if (likely(link_type == LINK_ETHERNET))
        decode_ethernet(d, l);
    else
        decode_other_link(d, link_type, l);
}
