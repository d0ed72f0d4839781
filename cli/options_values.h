/* How single values are written on the command line. All return false for a text that is wrong. */
#ifndef TCPREUSE_OPTIONS_VALUES_H
#define TCPREUSE_OPTIONS_VALUES_H

#include "cli/options.h"

/* A decimal number that takes all of the text from s to end. */
bool options_parse_number(const char *s, const char *end, uint64_t *n);
/* Seconds above 0, with or without a fraction. */
bool options_parse_seconds(const char *s, double *seconds);

/* These store what they read in the options. Given twice, lists add up. They return false also when memory is
 * short. */

/* seconds, or auto */
bool options_parse_expire(struct options *o, const char *s);
/* 500M or 12G, or none */
bool options_parse_memory_limit(struct options *o, const char *s);
/* 60s, 100K, 100M or 1G */
bool options_parse_rotation(struct options *o, const char *s);
/* 0 to 65535; NULL: none is given */
bool options_parse_community_id(struct options *o, const char *seed);
/* 32768-60999: client ports, lowest to highest */
bool options_parse_port_range(struct options *o, const char *s);
/* 0,2: ports, each at most once */
bool options_parse_ports(struct options *o, const char *list);
/* eth0: one more interface, each at most once */
bool options_parse_interface(struct options *o, const char *name);
/* 96: bytes of a frame; 0: as many as there are */
bool options_parse_snap_length(struct options *o, const char *s);
/* b.pcap=-0.003: a file, and seconds to be added to its times; each file once */
bool options_parse_clock(struct options *o, const char *s);
/* udp.port==48879,vxlan; udp.port==5000-5003,gtp or udp.port==5000:4,gtp: several ports; see decode_as.h */
bool options_parse_decode_as(struct options *o, const char *s);
/* Writes one as it is given. text: of OPTIONS_RULE_MAX bytes. Returns it. */
enum { OPTIONS_RULE_MAX = 64 };
const char *options_write_decode_as(const struct decode_as *rule, char *text);
/* What is wrong with such a rule, which has been found wrong. */
void options_explain_decode_as(const char *s, char *text, size_t size);
/* tuple,vlan,vni: what conversations have in common, the tuple and each of key_part_names at most once */
bool options_parse_key(struct options *o, const char *list);
/* The parts of a key as --key takes them; returns text. */
enum { OPTIONS_KEY_MAX = 32 };
const char *options_write_key(unsigned key_parts, char text[OPTIONS_KEY_MAX]);
/* 2/8, or 2/8@1234: the second of eight pieces, which begins at this offset of its first file */
bool options_parse_piece(struct options *o, const char *s);
/* A directory, one more of those that are followed */
bool options_parse_follow(struct options *o, const char *s);
/* 5,9-12: frames, from 1 on */
bool options_parse_frames(struct options *o, const char *list);

#endif
