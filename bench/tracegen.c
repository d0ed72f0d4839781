/* tracegen: writes captures of TCP traffic, the same bytes for the same options. docs/tracegen.md describes
 * it.
 *
 * Length: options, their checks and the usage text belong together.
 * Length of parse_option: one case an option. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "bench/tracegen.h"
#include "bench/tracegen_frame.h"

static const struct size_mix mixes[] = {
    /* About 491 and 980 bytes a frame, handshakes and closings of 64 bytes included. */
    {"imix", 3, 20, {{0, 30}, {576, 41}, {1514, 29}}},
    {"mtu", 3, 30, {{0, 13}, {576, 10}, {1514, 77}}},
};
#define MIX_COUNT (sizeof(mixes) / sizeof(mixes[0]))

/* With it, 20 million frames of 200,000 flows make about 1.5 million conversations. */
#define CONVERSATION_FRAMES_DEFAULT 14.3

static const char usage[] =
    "usage: tracegen [options] -w FILE\n"
    "Writes a pcap file of TCP traffic. The same options give the same bytes.\n"
    "\n"
    "  -w FILE                    write to FILE; - is the standard output\n"
    "  -h, --help                 show this text\n"
    "      --summary              print what was written to the standard error\n"
    "\n"
    "What to write:\n"
    "      --preset NAME          a reference trace: 64, mix, mtu or stale\n"
    "      --frames N             number of frames (1000000)\n"
    "      --flows N              connections that are active at a time (10000; 4 with --carrier)\n"
    "      --seed N               another seed, another trace (1)\n"
    "      --size BYTES           frames of this size where they carry data, 54 to 65000 (64)\n"
    "      --mix NAME             a mix of sizes instead: imix (about 491 bytes on average) or mtu (about "
    "980)\n"
    "      --payload KIND         what payloads hold: letters, random, or stale: whole old records of the "
    "trace (letters)\n"
    "      --heavy PERCENT        so many of the frames are of one connection that never ends (0)\n"
    "      --hostile              headers at random on few tuples\n"
    "      --carrier FILE         connections whose payloads carry the bytes of FILE\n"
    "\n"
    "Connections; PERCENT may have a fraction:\n"
    "      --conversation-frames N  mean number of frames of a conversation (14.3; with a mix, 20 or 30)\n"
    "      --new PERCENT          the same as --conversation-frames 100/PERCENT; 100 is a SYN flood\n"
    "      --fin PERCENT          how they end: FIN, RST or not at all (85, 10, 5). When one or two of the\n"
    "      --rst PERCENT          three are given, the first of fin, unclosed, rst that is not given takes\n"
    "      --unclosed PERCENT     the rest; when all are given, they add up to 100\n"
    "      --refused PERCENT      SYN answered by RST (0)\n"
    "      --reuse PERCENT        new ones that take the tuple of an ended one (5)\n"
    "      --same-isn PERCENT     reuses that take its initial sequence numbers too (0)\n"
    "      --syn-retransmit PERCENT  SYN sent twice (0)\n"
    "      --syn-reorder PERCENT  SYN that comes after its SYN/ACK (0)\n"
    "      --midstream PERCENT    no handshake (0)\n"
    "      --ipv6 PERCENT         IPv6 flows (0; hostile: 30)\n"
    "      --vlan PERCENT         tagged flows (0; hostile: 30)\n"
    "      --vlans N              tags of a tagged flow, 1 to 8 (1; hostile: up to 4)\n"
    "      --fragments PERCENT    hostile only: IP fragments (0)\n"
    "      --icmp PERCENT         hostile only: ICMP errors that quote a segment (0)\n"
    "\n"
    "The file:\n"
    "      --nanosecond           time stamps in nanoseconds\n"
    "      --big-endian           big-endian headers\n"
    "      --rate N               frames a second, on average (1000000)\n"
    "      --start SECONDS        time of the first frame, since 1970 (1700000000)\n"
    "      --snaplen N            bytes kept of a frame (262144)\n";

enum {
    OPT_SUMMARY = 256,
    OPT_PRESET,
    OPT_FRAMES,
    OPT_FLOWS,
    OPT_SEED,
    OPT_SIZE,
    OPT_MIX,
    OPT_PAYLOAD,
    OPT_HEAVY,
    OPT_HOSTILE,
    OPT_CARRIER,
    OPT_CONVERSATION_FRAMES,
    OPT_NEW,
    OPT_FIN,
    OPT_RST,
    OPT_UNCLOSED,
    OPT_REFUSED,
    OPT_REUSE,
    OPT_SAME_ISN,
    OPT_SYN_RETRANSMIT,
    OPT_SYN_REORDER,
    OPT_MIDSTREAM,
    OPT_IPV6,
    OPT_VLAN,
    OPT_VLANS,
    OPT_FRAGMENTS,
    OPT_ICMP,
    OPT_NANOSECOND,
    OPT_BIG_ENDIAN,
    OPT_RATE,
    OPT_START,
    OPT_SNAPLEN,
    OPT_END
};

static const struct option long_options[] = {
    {"help", no_argument, NULL, 'h'},
    {"summary", no_argument, NULL, OPT_SUMMARY},
    {"preset", required_argument, NULL, OPT_PRESET},
    {"frames", required_argument, NULL, OPT_FRAMES},
    {"flows", required_argument, NULL, OPT_FLOWS},
    {"seed", required_argument, NULL, OPT_SEED},
    {"size", required_argument, NULL, OPT_SIZE},
    {"mix", required_argument, NULL, OPT_MIX},
    {"payload", required_argument, NULL, OPT_PAYLOAD},
    {"heavy", required_argument, NULL, OPT_HEAVY},
    {"hostile", no_argument, NULL, OPT_HOSTILE},
    {"carrier", required_argument, NULL, OPT_CARRIER},
    {"conversation-frames", required_argument, NULL, OPT_CONVERSATION_FRAMES},
    {"new", required_argument, NULL, OPT_NEW},
    {"fin", required_argument, NULL, OPT_FIN},
    {"rst", required_argument, NULL, OPT_RST},
    {"unclosed", required_argument, NULL, OPT_UNCLOSED},
    {"refused", required_argument, NULL, OPT_REFUSED},
    {"reuse", required_argument, NULL, OPT_REUSE},
    {"same-isn", required_argument, NULL, OPT_SAME_ISN},
    {"syn-retransmit", required_argument, NULL, OPT_SYN_RETRANSMIT},
    {"syn-reorder", required_argument, NULL, OPT_SYN_REORDER},
    {"midstream", required_argument, NULL, OPT_MIDSTREAM},
    {"ipv6", required_argument, NULL, OPT_IPV6},
    {"vlan", required_argument, NULL, OPT_VLAN},
    {"vlans", required_argument, NULL, OPT_VLANS},
    {"fragments", required_argument, NULL, OPT_FRAGMENTS},
    {"icmp", required_argument, NULL, OPT_ICMP},
    {"nanosecond", no_argument, NULL, OPT_NANOSECOND},
    {"big-endian", no_argument, NULL, OPT_BIG_ENDIAN},
    {"rate", required_argument, NULL, OPT_RATE},
    {"start", required_argument, NULL, OPT_START},
    {"snaplen", required_argument, NULL, OPT_SNAPLEN},
    {NULL, 0, NULL, 0},
};

/* What the user named, and the values that only make sense together with others. */
struct command_line {
    struct tracegen_options opt;
    struct size_mix one_size;
    bool given[OPT_END];
    share_t unclosed;
};

static _Noreturn void fail_usage(const char *option, const char *text)
{
    fprintf(stderr, "tracegen: %s%s%s\nTry 'tracegen -h'.\n", option, *option ? ": " : "", text);
    exit(1);
}

static const char *option_name(int code)
{
    for (const struct option *o = long_options; o->name != NULL; o++)
        if (o->val == code)
            return o->name;
    return "";
}

static uint64_t parse_number(int code, uint64_t min, uint64_t max)
{
    char text[120];
    char *end;

    errno = 0;
    unsigned long long v = strtoull(optarg, &end, 10);

    if (optarg[0] < '0' || optarg[0] > '9' || *end != '\0' || errno != 0 || v < min || v > max) {
        snprintf(text, sizeof(text), "'%.30s' is not a whole number from %llu to %llu", optarg,
                 (unsigned long long)min, (unsigned long long)max);
        fail_usage(option_name(code), text);
    }
    return v;
}

static double parse_decimal(int code, double min, double max)
{
    char text[120];
    char *end;
    double v = strtod(optarg, &end);

    if (end == optarg || *end != '\0' || !(v >= min && v <= max)) {
        snprintf(text, sizeof(text), "'%.30s' is not a number from %g to %g", optarg, min, max);
        fail_usage(option_name(code), text);
    }
    return v;
}

static share_t parse_share(int code)
{
    return (share_t)(parse_decimal(code, 0, 100) / 100 * (double)SHARE_ALL);
}

static void set_conversation_frames(struct tracegen_options *opt, double frames)
{
    opt->conversation_frames = (uint64_t)(frames * 65536);
}

static void parse_mix(struct command_line *c, const char *name)
{
    for (size_t i = 0; i < MIX_COUNT; i++) {
        if (strcmp(name, mixes[i].name) == 0) {
            c->opt.mix = &mixes[i];
            return;
        }
    }
    fail_usage("mix", "there are imix and mtu");
}

static void parse_payload(struct command_line *c, const char *name)
{
    const int kind = payload_kind_find(name);

    if (kind < 0)
        fail_usage("payload", "there are letters, random and stale");
    c->opt.payload = (enum payload_kind)kind;
}

/* The numbers of flows are such that most conversations end within the trace. */
static void parse_preset(struct command_line *c, const char *name)
{
    struct tracegen_options *opt = &c->opt;

    if (strcmp(name, "64") == 0) {
        opt->frames = 20000000;
        opt->flows = 200000;
    } else if (strcmp(name, "mix") == 0) {
        opt->frames = 4000000;
        opt->flows = 50000;
        opt->mix = &mixes[0];
    } else if (strcmp(name, "mtu") == 0) {
        opt->frames = 1500000;
        opt->flows = 10000;
        opt->mix = &mixes[1];
    } else if (strcmp(name, "stale") == 0) {
        opt->frames = 1500000;
        opt->flows = 10000;
        opt->mix = &mixes[1];
        opt->payload = PAYLOAD_STALE;
    } else {
        fail_usage("preset", "there are 64, mix, mtu and stale");
    }
}

static void parse_option(struct command_line *c, int code)
{
    struct tracegen_options *opt = &c->opt;

    switch (code) {
    case 'h':
        fputs(usage, stdout);
        exit(0);
    case 'w':
        opt->output = optarg;
        return;
    case OPT_SUMMARY:
        opt->summary = true;
        break;
    case OPT_PRESET:
        break; /* taken before the others, which may change what it sets */
    case OPT_FRAMES:
        opt->frames = parse_number(code, 0, UINT64_C(1) << 48);
        break;
    case OPT_FLOWS:
        opt->flows = (uint32_t)parse_number(code, 1, UINT64_C(1) << 27);
        break;
    case OPT_SEED:
        opt->seed = parse_number(code, 0, UINT64_MAX);
        break;
    case OPT_SIZE:
        c->one_size.sizes[0].size = (uint32_t)parse_number(code, 54, 65000);
        opt->mix = &c->one_size;
        break;
    case OPT_MIX:
        parse_mix(c, optarg);
        break;
    case OPT_PAYLOAD:
        parse_payload(c, optarg);
        break;
    case OPT_HEAVY:
        opt->heavy = parse_share(code);
        break;
    case OPT_HOSTILE:
        opt->hostile = true;
        break;
    case OPT_CARRIER:
        opt->carrier = optarg;
        break;
    case OPT_CONVERSATION_FRAMES:
        set_conversation_frames(opt, parse_decimal(code, 1, 1e6));
        break;
    case OPT_NEW:
        set_conversation_frames(opt, 100 / parse_decimal(code, 0.0001, 100));
        break;
    case OPT_FIN:
        opt->fin = parse_share(code);
        break;
    case OPT_RST:
        opt->rst = parse_share(code);
        break;
    case OPT_UNCLOSED:
        c->unclosed = parse_share(code);
        break;
    case OPT_REFUSED:
        opt->refused = parse_share(code);
        break;
    case OPT_REUSE:
        opt->reuse = parse_share(code);
        break;
    case OPT_SAME_ISN:
        opt->same_isn = parse_share(code);
        break;
    case OPT_SYN_RETRANSMIT:
        opt->syn_retransmit = parse_share(code);
        break;
    case OPT_SYN_REORDER:
        opt->syn_reorder = parse_share(code);
        break;
    case OPT_MIDSTREAM:
        opt->midstream = parse_share(code);
        break;
    case OPT_IPV6:
        opt->ipv6 = parse_share(code);
        break;
    case OPT_VLAN:
        opt->vlan = parse_share(code);
        break;
    case OPT_VLANS:
        opt->vlan_depth = (uint32_t)parse_number(code, 1, VLAN_DEPTH_MAX);
        break;
    case OPT_FRAGMENTS:
        opt->fragments = parse_share(code);
        break;
    case OPT_ICMP:
        opt->icmp = parse_share(code);
        break;
    case OPT_NANOSECOND:
        opt->nanosecond = true;
        break;
    case OPT_BIG_ENDIAN:
        opt->big_endian = true;
        break;
    case OPT_RATE:
        opt->rate = parse_number(code, 1, 1000000000);
        break;
    case OPT_START:
        opt->start_ns = (uint64_t)(parse_decimal(code, 0, UINT32_MAX) * 1e9);
        break;
    case OPT_SNAPLEN:
        opt->snaplen = (uint32_t)parse_number(code, 1, 262144);
        break;
    default:
        fprintf(stderr, "Try 'tracegen -h'.\n");
        exit(1);
    }
    c->given[code] = true;
}

static void settle_endings(struct command_line *c)
{
    struct tracegen_options *opt = &c->opt;
    const bool *given = c->given;
    share_t named = (given[OPT_FIN] ? opt->fin : 0) + (given[OPT_RST] ? opt->rst : 0) +
                    (given[OPT_UNCLOSED] ? c->unclosed : 0);
    const share_t rounding = 4;

    if (!given[OPT_FIN] && !given[OPT_RST] && !given[OPT_UNCLOSED]) {
        opt->fin = SHARE_ALL / 100 * 85;
        opt->rst = SHARE_ALL / 100 * 10;
        return;
    }
    if (named > SHARE_ALL + rounding)
        fail_usage("", "fin, rst and unclosed are more than 100 percent together");
    share_t rest = named < SHARE_ALL ? SHARE_ALL - named : 0;

    if (!given[OPT_FIN])
        opt->fin = rest;
    else if (given[OPT_UNCLOSED] && !given[OPT_RST])
        opt->rst = rest;
    else if (given[OPT_UNCLOSED] && rest > rounding)
        fail_usage("", "fin, rst and unclosed are less than 100 percent together");
}

static void settle(struct command_line *c)
{
    struct tracegen_options *opt = &c->opt;
    const bool *given = c->given;

    if (opt->output == NULL)
        fail_usage("", "-w FILE is missing");
    if (given[OPT_SIZE] && given[OPT_MIX])
        fail_usage("", "size and mix exclude each other");
    if (given[OPT_NEW] && given[OPT_CONVERSATION_FRAMES])
        fail_usage("", "new and conversation-frames exclude each other");
    if (opt->hostile && opt->carrier != NULL)
        fail_usage("", "hostile and carrier exclude each other");
    if (!opt->hostile && (given[OPT_FRAGMENTS] || given[OPT_ICMP]))
        fail_usage("", "fragments and icmp go with hostile");
    if (opt->heavy != 0 && (opt->hostile || opt->carrier != NULL))
        fail_usage("", "heavy goes with ordinary traffic");
    if (opt->payload != PAYLOAD_LETTERS && (opt->hostile || opt->carrier != NULL))
        fail_usage("", "payload goes with ordinary traffic");
    if (opt->midstream + opt->syn_retransmit + opt->syn_reorder + opt->refused > SHARE_ALL)
        fail_usage("",
                   "midstream, syn-retransmit, syn-reorder and refused are more than 100 percent together");
    settle_endings(c);
    if (!given[OPT_CONVERSATION_FRAMES] && !given[OPT_NEW])
        set_conversation_frames(opt, opt->mix == &c->one_size ? CONVERSATION_FRAMES_DEFAULT
                                                              : opt->mix->conversation_frames);
    if (opt->hostile) {
        if (!given[OPT_IPV6])
            opt->ipv6 = SHARE_ALL / 100 * 30;
        if (!given[OPT_VLAN])
            opt->vlan = SHARE_ALL / 100 * 30;
        if (!given[OPT_VLANS])
            opt->vlan_depth = 4;
    }
    if (opt->carrier != NULL && !given[OPT_FLOWS])
        opt->flows = 4;
    opt->frames_given = given[OPT_FRAMES];
}

static void parse_command_line(struct command_line *c, int argc, char **argv)
{
    int code;

    c->one_size = (struct size_mix){.count = 1, .sizes = {{64, 100}}};
    c->opt = (struct tracegen_options){
        .frames = 1000000,
        .seed = 1,
        .flows = 10000,
        .mix = &c->one_size,
        .reuse = SHARE_ALL / 100 * 5,
        .vlan_depth = 1,
        .start_ns = UINT64_C(1700000000) * 1000000000,
        .rate = 1000000,
        .snaplen = 262144,
    };
    opterr = 0;
    while ((code = getopt_long(argc, argv, "hw:", long_options, NULL)) != -1)
        if (code == OPT_PRESET)
            parse_preset(c, optarg);
    opterr = 1;
    optind = 0;
    while ((code = getopt_long(argc, argv, "hw:", long_options, NULL)) != -1)
        parse_option(c, code);
    if (optind < argc)
        fail_usage(argv[optind], "not an option");
    settle(c);
}

static void print_summary(const struct writer *w, const struct tracegen_counts *n)
{
    fprintf(
        stderr,
        "frames=%llu bytes=%llu conversations=%llu reuses=%llu same_isn=%llu fin=%llu rst=%llu refused=%llu "
        "midstream=%llu syn_retransmit=%llu syn_reorder=%llu\n",
        (unsigned long long)w->frames, (unsigned long long)w->bytes, (unsigned long long)n->conversations,
        (unsigned long long)n->reuses, (unsigned long long)n->same_isn, (unsigned long long)n->fin,
        (unsigned long long)n->rst, (unsigned long long)n->refused, (unsigned long long)n->midstream,
        (unsigned long long)n->syn_retransmit, (unsigned long long)n->syn_reorder);
}

int main(int argc, char **argv)
{
    struct command_line c = {0};
    struct tracegen_counts counts = {0};
    struct carrier *carrier = NULL;
    struct writer w;
    int status = 1;

    parse_command_line(&c, argc, argv);
    /* A reader that has seen enough ends a pipe; that is reported as a write error. */
    signal(SIGPIPE, SIG_IGN);
    if (c.opt.carrier != NULL) {
        carrier = carrier_open(c.opt.carrier);
        if (carrier == NULL)
            return 1;
        carrier_adapt(carrier, &c.opt, c.given[OPT_START], c.given[OPT_NANOSECOND], c.given[OPT_BIG_ENDIAN]);
    }
    if (writer_open(&w, &c.opt) == 0) {
        if (carrier != NULL)
            carrier_write(&w, &c.opt, carrier, &counts);
        else if (c.opt.hostile)
            hostile_write(&w, &c.opt);
        else
            ordinary_write(&w, &c.opt, &counts);
        status = 0;
    }
    if (writer_close(&w) != 0)
        status = 1;
    if (status == 0 && c.opt.summary)
        print_summary(&w, &counts);
    carrier_close(carrier);
    return status;
}
