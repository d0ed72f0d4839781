/* Every protocol, by room: link/, ip/, tunnel/. For the protocols themselves, which go on with each other.
 *
 * A decoder takes the layer from its own header on. It adds segments to the lists, or says with
 * decoder_stop() why it cannot go on, or does neither: then the frame has no TCP. */
#ifndef TCPREUSE_PROTOCOLS_H
#define TCPREUSE_PROTOCOLS_H

#include "engine/decode/decoder.h"

/* By the numbers of the registries. */
void decode_link(struct decoder *d, unsigned link_type, struct layer l);        /* LINKTYPE_ values */
void decode_ether_type(struct decoder *d, unsigned ether_type, struct layer l); /* IEEE 802 numbers (IANA) */
void decode_ip_protocol(struct decoder *d, unsigned protocol, struct layer l);  /* IANA protocol numbers */

/* Where no TCP is expected: a frame that seems to hold some is counted as unsupported. */
void decode_unexpected(struct decoder *d, enum subject subject, unsigned value, struct layer l);

/* link/: Ethernet and what it is tagged with */

void decode_ethernet(struct decoder *d, struct layer l);
/* From a number on that is a length of LLC, or an ether type. */
void decode_length_or_type(struct decoder *d, unsigned type, struct layer l);
bool ether_type_is_known(unsigned ether_type); /* whether or not it carries TCP */
void decode_llc(struct decoder *d, struct layer l);
/* SNAP, from the OUI on. bridged_pad: so many bytes stand before bridged frames. */
void decode_snap(struct decoder *d, uint32_t bridged_pad, struct layer l);
void decode_vlan(struct decoder *d, struct layer l);
/* A tag of size bytes, the last two of which are the next type. */
void decode_tag(struct decoder *d, uint32_t size, struct layer l);
void decode_vntag(struct decoder *d, struct layer l);
/* Ether types of single vendors. False: not one of them. */
bool decode_vendor_type(struct decoder *d, unsigned ether_type, struct layer l);
bool vendor_type_is_known(unsigned ether_type);
void decode_arista(struct decoder *d, struct layer l);
void decode_tecmp(struct decoder *d, struct layer l);
void decode_ethercat(struct decoder *d, struct layer l);
void decode_macsec(struct decoder *d, struct layer l);
void decode_pppoe(struct decoder *d, struct layer l);
void decode_mpacket(struct decoder *d, struct layer l);
void decode_epon(struct decoder *d, struct layer l);
void decode_ebhscr(struct decoder *d, struct layer l);

/* link/: PPP and HDLC */

enum { PPP_MULTILINK = 0x003d };

/* Address and control (FF 03) may be there; then the protocol. */
void decode_ppp(struct decoder *d, struct layer l);
void decode_ppp_protocol(struct decoder *d, struct layer l); /* they are not there */
void decode_ppp_framed(struct decoder *d, struct layer l);   /* a stream of bytes */
void decode_ppp_direction(struct decoder *d, struct layer l);
/* PPP with address and control, or without; Cisco HDLC where the address is Cisco's. */
void decode_ppp_hdlc(struct decoder *d, struct layer l);
void decode_chdlc(struct decoder *d, struct layer l);
/* What follows a protocol number of Cisco HDLC: an ether type, mostly. False if the number is unknown. */
bool decode_chdlc_protocol(struct decoder *d, unsigned protocol, struct layer l);
void decode_frame_relay(struct decoder *d, struct layer l);
/* From the NLPID on (RFC 2427). */
void decode_nlpid(struct decoder *d, struct layer l);

/* link/: 802.11 */

/* A frame without frame check sequence. */
void decode_80211(struct decoder *d, struct layer l);
/* What the fragments of f's frame carried. */
void decode_80211_whole(struct decoder *d, const struct fragment *f, struct layer l);
void decode_centrino(struct decoder *d, struct layer l);
void decode_radiotap(struct decoder *d, struct layer l);
void decode_prism(struct decoder *d, struct layer l);
void decode_avs(struct decoder *d, struct layer l);
void decode_ppi(struct decoder *d, struct layer l);

/* link/: other networks */

void decode_arcnet_bsd(struct decoder *d, struct layer l);
void decode_arcnet_linux(struct decoder *d, struct layer l);
void decode_ax25(struct decoder *d, struct layer l);
void decode_bpq(struct decoder *d, struct layer l);
void decode_ax25_kiss(struct decoder *d, struct layer l);
/* Packets between a host and its controller: with direction, without, and as Linux's monitor has them. */
void decode_bluetooth(struct decoder *d, struct layer l);
void decode_bluetooth_undirected(struct decoder *d, struct layer l);
void decode_bluetooth_monitor(struct decoder *d, struct layer l);
/* A message of L2CAP, from its length on. Only where d->bluetooth is set. */
void decode_bluetooth_noted(struct decoder *d, const struct fragment *f, struct layer l);
/* Where a part of a message belongs, of which the key's id and the offset are set then. False: nowhere. */
bool bluetooth_place(struct decoder *d, struct fragment *f);
enum { BLUETOOTH_WHOLE = 0, BLUETOOTH_BEGIN = 1, BLUETOOTH_MORE = 2 }; /* f->next */
void decode_docsis(struct decoder *d, struct layer l);
void decode_fddi(struct decoder *d, struct layer l);
void decode_ieee1394(struct decoder *d, struct layer l);
void decode_ipfc(struct decoder *d, struct layer l);
void decode_ipoib(struct decoder *d, struct layer l);
void decode_sunatm(struct decoder *d, struct layer l);
void decode_token_ring(struct decoder *d, struct layer l);

/* Transfers of USB, as Linux has them, with a header of 48 bytes or of 64, and USBPcap. */
void decode_usb_linux(struct decoder *d, struct layer l);
void decode_usb_linux_padded(struct decoder *d, struct layer l);
void decode_usb_windows(struct decoder *d, struct layer l);

/* IEEE 802.15.4, with 6LoWPAN: with check sequence, without, with what the radio puts before it, with a TAP header. */
void decode_wpan(struct decoder *d, struct layer l);
void decode_wpan_no_fcs(struct decoder *d, struct layer l);
void decode_wpan_phy(struct decoder *d, struct layer l);
void decode_wpan_tap(struct decoder *d, struct layer l);
/* 6LoWPAN behind an ether type. */
void decode_lowpan_ethernet(struct decoder *d, struct layer l);

/* link/: what systems and devices put before a packet */

void decode_bsd_family(struct decoder *d, uint32_t family, struct layer l);
void decode_cooked1(struct decoder *d, struct layer l);
void decode_cooked2(struct decoder *d, struct layer l);
void decode_enc(struct decoder *d, struct layer l);
/* A record of Endace's format, from its header on. */
void decode_erf(struct decoder *d, struct layer l);
void decode_export_pdu(struct decoder *d, struct layer l);
void decode_ipnet(struct decoder *d, struct layer l);
void decode_juniper(struct decoder *d, unsigned link_type, struct layer l);
void decode_loop(struct decoder *d, struct layer l);
/* From the cooked header on. */
void decode_netlink(struct decoder *d, struct layer l);
void decode_nflog(struct decoder *d, struct layer l);
void decode_null(struct decoder *d, struct layer l);
void decode_pflog(struct decoder *d, struct layer l);
void decode_pktap(struct decoder *d, struct layer l);
void decode_raw(struct decoder *d, struct layer l);
void decode_symantec(struct decoder *d, struct layer l);

/* ip/ */

/* IPv4 or IPv6, by the version in the first byte. */
void decode_ip_any(struct decoder *d, struct layer l);
void decode_ipv4(struct decoder *d, struct layer l);
/* An IPv4 packet of this protocol, whatever its protocol field says. */
void decode_ipv4_of(struct decoder *d, unsigned protocol, struct layer l);
void decode_ipv6(struct decoder *d, struct layer l);
/* What follows an IPv6 header: extension headers, and so on. */
void decode_ipv6_next(struct decoder *d, unsigned next, struct layer l);
/* Notes a fragment that is all there, l, of which offset, more, next and key.id are set. */
void decode_fragment(struct decoder *d, struct fragment *f, struct layer l);
void decode_ah(struct decoder *d, struct layer l);
void decode_dsr(struct decoder *d, struct layer l);
void decode_icmp(struct decoder *d, struct layer l);
void decode_icmpv6(struct decoder *d, struct layer l);
void decode_ipcomp(struct decoder *d, struct layer l);
void ipcomp_memory_free(struct ipcomp_memory *m); /* NULL is nothing */
void decode_mobile_ip(struct decoder *d, struct layer l);
void decode_tcp(struct decoder *d, struct layer l);
void decode_udp(struct decoder *d, struct layer l);
void decode_udplite(struct decoder *d, struct layer l);

/* tunnel/ */

void decode_amt(struct decoder *d, struct layer l);
void decode_ayiya(struct decoder *d, struct layer l);
void decode_batman(struct decoder *d, struct layer l);
void decode_batman_gateway(struct decoder *d, struct layer l);
void decode_capwap(struct decoder *d, struct layer l);
void decode_erspan(struct decoder *d, struct layer l);
void decode_etherip(struct decoder *d, struct layer l);
void decode_geneve(struct decoder *d, struct layer l);
void decode_gre(struct decoder *d, struct layer l);
/* The type field of GRE, where the flags around it are these. */
void decode_gre_type(struct decoder *d, unsigned flags, unsigned type, struct layer l);
void decode_gtp(struct decoder *d, struct layer l);
bool decode_jmirror(struct decoder *d, struct layer l); /* false: it is something else */
bool decode_l2tp(struct decoder *d, struct layer l);    /* over UDP; false: it is something else */
void decode_l2tp_ip(struct decoder *d, struct layer l); /* version 3 over IP */
/* A message of version 3, from its session id on; a control message from its flags on. Only where d->l2tp is set. */
void decode_l2tp_noted(struct decoder *d, const struct fragment *f, struct layer l);
enum { L2TP_NOTE_CONTROL = 1, L2TP_NOTE_UDP = 2, L2TP_NOTE_IPV6 = 4 }; /* f->next */
void decode_lisp(struct decoder *d, struct layer l);
void decode_lisp_control(struct decoder *d, struct layer l);
void decode_lwapp(struct decoder *d, struct layer l);
void decode_mpls(struct decoder *d, struct layer l);
void decode_nsh(struct decoder *d, struct layer l);
/* The numbers that NSH and VXLAN-GPE share. */
void decode_next_protocol(struct decoder *d, unsigned next, struct layer l);
bool decode_sflow(struct decoder *d, struct layer l); /* false: it is something else */
void decode_teredo(struct decoder *d, struct layer l);
void decode_trill(struct decoder *d, struct layer l);
void decode_tzsp(struct decoder *d, struct layer l);
bool decode_zep(struct decoder *d, struct layer l); /* false: it is something else */
void decode_vxlan(struct decoder *d, struct layer l);
void decode_vxlan_gpe(struct decoder *d, struct layer l);

#endif
