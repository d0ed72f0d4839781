/* The table of options. options_table.h says what its columns are. */
#include "cli/options_table.h"
#include "cli/completions.h"
#include "cli/options_values.h"
#include "io/ports/port_counters.h"
#include "io/reports/names.h"

static const char *const progress_words[] = {
    [PROGRESS_AUTO] = "auto", [PROGRESS_ALWAYS] = "always", [PROGRESS_NEVER] = "never"};
const char *const rules_words[RULES_WORDS] = {"4.0", "4.2", "4.4", "4.6"};
static const unsigned rules_values[RULES_WORDS] = {RULES_4_0, RULES_4_2, RULES_4_4, RULES_4_4};
static const char *const sandbox_words[] = {
    [SANDBOX_AUTO] = "auto", [SANDBOX_ON] = "on", [SANDBOX_OFF] = "off"};
static const char *const verdicts_words[] = {[VERDICTS_ON] = "on", [VERDICTS_OFF] = "off"};
static const char *const late_words[] = {[LATE_ACCEPT] = "accept", [LATE_REFUSE] = "refuse"};
static const char *const color_words[] = {
    [COLOR_AUTO] = "auto", [COLOR_ALWAYS] = "always", [COLOR_NEVER] = "never"};
static const char *const format_words[] = {"csv", "text", "ndjson"};
static const unsigned format_values[] = {FORMAT_CSV, FORMAT_TEXT, FORMAT_NDJSON};
static const char *const naming_words[] = {
    [NAMING_OURS] = "csv", [NAMING_ECS] = "ecs", [NAMING_ZEEK] = "zeek"};
static const char *const stats_format_words[] = {[STATS_TEXT] = "text", [STATS_JSON] = "json"};

/* The member's offset, if it has the type that the kind stores; else it does not compile. */
#define MEMBER(type, member)                                                                                 \
    (offsetof(struct options, member) +                                                                      \
     0 * sizeof(                                                                                             \
             char[__builtin_types_compatible_p(__typeof__(((struct options *)0)->member), type) ? 1 : -1]))

#define FLAG(name)    .kind = OPTION_FLAG, .member = MEMBER(bool, name)
#define STRING(name)  .kind = OPTION_STRING, .member = MEMBER(const char *, name)
#define SECONDS(name) .kind = OPTION_SECONDS, .member = MEMBER(double, name)
#define WORD(type, name, list)                                                                               \
    .kind = OPTION_WORD, .member = MEMBER(type, name), .words = (list), .word_count = ARRAY_LEN(list)

const char *const option_sections[SECTIONS] = {
    [SECTION_INPUT] = "Input",
    [SECTION_REPORTS] = "Reports",
    [SECTION_RESOURCES] = "Threads and memory",
    [SECTION_MESSAGES] = "Messages and help",
    [SECTION_LIVE] = "Live capture (require -i or --dpdk)",
    [SECTION_INTERFACES] = "Interfaces (require -i)",
    [SECTION_PORTS] = "Ports (require --dpdk)",
};

static const struct option_spec specs[] = {
    {"read-file", 'r', "FILE", .section = SECTION_INPUT, .kind = OPTION_FILE,
     .help = "read this FILE (or DIR, or -), as tshark spells it; may be repeated"},
    {"filter", 'f', "FILTER", .section = SECTION_INPUT, STRING(filter),
     .help = "examine only frames that match this capture filter, as in tcpdump (pcap-filter(7))"},
    {"recursive", 0, NULL, .section = SECTION_INPUT, FLAG(recursive),
     .help = "search subdirectories as well"},
    {"files-from", 0, "FILE", .section = SECTION_INPUT, STRING(files_from),
     .help = "read the names of inputs from FILE, one per line; - is standard input"},
    {"append", 0, NULL, .section = SECTION_INPUT, FLAG(append),
     .help = "read files one after another in the order given, not in order of time"},
    {"clock", 0, "FILE=S", .section = SECTION_INPUT, .kind = OPTION_PARSED, .parse = options_parse_clock,
     .noun = "clock", .example = "such as b.pcap=-0.003, each file once",
     .help = "add S seconds to the times of this FILE, for example b.pcap=-0.003; may be repeated"},
    {"resync", 0, NULL, .section = SECTION_INPUT, FLAG(resync),
     .help = "after damage in a capture, continue at the next plausible records, and say where"},
    {"sort-window", 0, "S", .section = SECTION_INPUT, .kind = OPTION_NANOSECONDS,
     .member = MEMBER(int64_t, sort_window),
     .help = "sort the frames of each file by time, if they are late by at most S seconds"},
    {"drop-copies", 0, "S", .section = SECTION_INPUT, .kind = OPTION_NANOSECONDS,
     .member = MEMBER(int64_t, drop_copies),
     .help = "drop copies of a packet within S seconds, as mirror ports make them, for example 0.001"},
    {"decode-as", 'd', "RULE", .section = SECTION_INPUT, .kind = OPTION_PARSED,
     .parse = options_parse_decode_as, .noun = "rule", .explain = options_explain_decode_as,
     .help = "decode what follows a number as another protocol, as in tshark -d, for example "
             "udp.port==48879,vxlan or ethertype==0x88b5,ip; may be repeated"},
    {"ignore", 0, "FRAMES", .section = SECTION_INPUT, .kind = OPTION_PARSED, .parse = options_parse_frames,
     .noun = "frame list", .example = "such as 5,9-12; frames count from 1",
     .help = "number these frames but otherwise ignore them, for example 5,9-12"},
    {"follow", 0, "DIR", .section = SECTION_INPUT, .kind = OPTION_PARSED, .parse = options_parse_follow,
     .noun = "directory", .example = "one that exists",
     .help = "read the captures in DIR, then new ones as they are closed or renamed, until interrupted; may "
             "be repeated"},
    {"follow-open", 0, NULL, .section = SECTION_INPUT, FLAG(follow_open),
     .help = "with --follow, read a pcap or pcapng that is still being written as it grows"},
    {"follow-poll", 0, "S", .section = SECTION_INPUT, SECONDS(follow_poll),
     .help = "with --follow, scan every S seconds, as on network file systems; a file that has not changed "
             "for two scans is complete"},
    {"piece", 0, "I/N", .section = SECTION_INPUT, .kind = OPTION_PARSED, .parse = options_parse_piece,
     .noun = "piece", .example = "such as 2/8, the second of eight",
     .help = "read only piece I of N of the inputs, into the file that -o names, for --combine"},
    {"combine", 0, NULL, .section = SECTION_INPUT, FLAG(combine),
     .help = "the files are all pieces of one set: report as one run over its inputs would"},
    {"mpi", 0, NULL, .section = SECTION_INPUT, FLAG(mpi),
     .help = "run as one of the ranks that mpirun or srun starts: all of them read, and rank 0 reports"},
    {"interface", 'i', "NAME", .section = SECTION_INPUT, .kind = OPTION_PARSED,
     .parse = options_parse_interface, .noun = "interface", .example = "a name, each once, or any",
     .help = "capture on this interface instead of reading files; any: on all; may be repeated"},
    {"list-interfaces", 'D', NULL, .section = SECTION_INPUT, FLAG(list_interfaces),
     .help = "show the interfaces of this machine, and exit"},
    {"duration", 0, "S", .section = SECTION_INPUT, SECONDS(duration),
     .help = "with --follow, -i or --dpdk, stop after S seconds"},
    {"idle-exit", 0, "S", .section = SECTION_INPUT, SECONDS(idle_exit),
     .help = "with --follow, -i or --dpdk, stop when nothing has arrived for S seconds"},
    {"dpdk", 0, "ARGUMENTS", .section = SECTION_INPUT, STRING(dpdk),
     .help = "read from DPDK ports instead of files; ARGUMENTS go to DPDK's EAL"},

    {"output", 'o', "DIR", .section = SECTION_REPORTS, .kind = OPTION_STRING,
     .member = MEMBER(const char *, output), .least = 1, .noun = "directory name",
     .example = "one that exists or can be made",
     .help = "write the reports into DIR, which is created if it does not exist"},
    {"reports", 0, "LIST", .section = SECTION_REPORTS, STRING(report_list), .words = report_names,
     .word_count = REPORT_NAMES,
     .help = "write these reports: any of reuse, conversations, packets, episodes, endpoints, summary, "
             "schema, xlsx, and page, charts and tables for a browser (default: reuse; with -o, reuse, "
             "conversations and summary)"},
    {"format", 0, "FORMAT", .section = SECTION_REPORTS, WORD(enum report_format, format, format_words),
     .values = format_values,
     .help = "csv, ndjson (JSON, an object a line), or text, a listing of the reuses (default: text on a "
             "terminal, else csv)"},
    {"details", 'V', NULL, .section = SECTION_REPORTS, FLAG(details),
     .help = "explain each reuse in words: as Wireshark's packet details do, then what happened"},
    {"color", 0, "WHEN", .section = SECTION_REPORTS, WORD(enum color_mode, color, color_words),
     .help =
         "colour the listing: auto, always or never (default: auto, on a terminal unless NO_COLOR is set)"},
    {"names", 0, "SCHEMA", .section = SECTION_REPORTS, WORD(enum naming, naming, naming_words),
     .help = "name members of ndjson as the columns of csv, ecs (Elastic Common Schema) or zeek (its logs) "
             "(default: csv)"},
    {"rules", 0, "VERSION", .section = SECTION_REPORTS, WORD(enum rules, rules, rules_words),
     .values = rules_values,
     .help = "decide as Wireshark 4.0, 4.2 or 4.4 does; 4.6 is the same as 4.4 (default: 4.4)"},
    {"key", 0, "PARTS", .section = SECTION_REPORTS, .kind = OPTION_PARSED, .parse = options_parse_key,
     .noun = "key", .example = "tuple, and behind it any of vlan, interface and vni, such as tuple,vlan",
     .help =
         "keep conversations of one tuple apart by vlan, interface, or vni of VXLAN and Geneve, for example "
         "tuple,vlan (default: tuple)"},
    {"verdicts", 0, "WHEN", .section = SECTION_REPORTS, WORD(enum verdicts_mode, verdicts, verdicts_words),
     .help = "on: say what each reuse means, and wait for its answer; off: report it at once (default: on)"},
    {"answer-window", 0, "S", .section = SECTION_REPORTS, .kind = OPTION_NANOSECONDS,
     .member = MEMBER(int64_t, answer_window),
     .help = "wait S seconds of capture time for the answer to a SYN (default: 3)"},
    {"timers", 0, "FILE", .section = SECTION_REPORTS, STRING(timers),
     .help =
         "compare gaps with the timers in FILE (lines of name,kind,seconds) instead of the built-in ones"},
    {"port-range", 0, "LO-HI", .section = SECTION_REPORTS, .kind = OPTION_PARSED,
     .parse = options_parse_port_range, .noun = "port range", .example = "such as 1024-65535",
     .help = "in endpoints, assume that clients use the ports LO to HI (default: 32768-60999)"},
    {"community-id", 0, "[=SEED]", .section = SECTION_REPORTS, .kind = OPTION_PARSED,
     .parse = options_parse_community_id, .noun = "seed", .example = "0 to 65535",
     .help = "add a column with the Community ID to reuse and conversations (default seed: 0)"},
    {"spreadsheet", 0, NULL, .section = SECTION_REPORTS, FLAG(spreadsheet),
     .help =
         "write csv for spreadsheets: --bom, --split-rows 1048576 (with -o), times as text in UTC, and no "
         "name that begins like a formula"},
    {"bom", 0, NULL, .section = SECTION_REPORTS, FLAG(bom),
     .help = "begin csv with a byte order mark, by which Excel recognises UTF-8"},
    {"split-rows", 0, "N", .section = SECTION_REPORTS, .kind = OPTION_UINT64,
     .member = MEMBER(uint64_t, split_rows), .least = 2, .most = UINT64_MAX,
     .help = "start another csv file (reuse-2.csv ...) after N lines, header included"},
    {"rotate", 0, "LIMIT", .section = SECTION_REPORTS, .kind = OPTION_PARSED, .parse = options_parse_rotation,
     .noun = "limit", .example = "a time such as 60s, or a size such as 100M",
     .help = "start a new report file after a time (60s) or at a size (100K, 100M, 1G)"},
    {"fsync", 0, NULL, .section = SECTION_REPORTS, FLAG(sync),
     .help = "flush files to disk before they get their names"},
    {"extract", 0, "FILE", .section = SECTION_REPORTS, .kind = OPTION_STRING,
     .member = MEMBER(const char *, extract), .least = 1, .noun = "file name",
     .example = "of a pcapng file, or -",
     .help = "write the frames of all conversations that take part in a reuse to the pcapng file FILE"},
    {"extract-frames", 0, "N", .section = SECTION_REPORTS, .kind = OPTION_UINT64,
     .member = MEMBER(uint64_t, extract_frames), .least = 1, .most = UINT64_MAX,
     .help = "extract N of these frames before and after each reuse, not all"},
    {"state", 0, "FILE", .section = SECTION_REPORTS, .kind = OPTION_STRING,
     .member = MEMBER(const char *, state), .least = 1, .noun = "file name", .example = "of a state file",
     .help = "continue where the run that wrote FILE ended: read what is new, append to the reports, and "
             "rewrite FILE; with --mpi, a directory of what was read, so that a job can be restarted"},
    {"late", 0, "WHAT", .section = SECTION_REPORTS, WORD(enum late_mode, late, late_words),
     .help = "with --state or --follow, accept or refuse an input that begins before the end of what was "
             "read (default: accept)"},
    {"print-filter", 0, NULL, .section = SECTION_REPORTS, FLAG(print_filter),
     .help = "print a Wireshark display filter for all conversations that take part in a reuse, and no rows"},

    {"threads", 'j', "N", .section = SECTION_RESOURCES, .kind = OPTION_UNSIGNED,
     .member = MEMBER(unsigned, threads), .least = 1, .most = PIPELINE_THREADS,
     .help = "run N worker threads (default: one per available processor)"},
    {"max-conversations", 0, "N", .section = SECTION_RESOURCES, .kind = OPTION_UINT64,
     .member = MEMBER(uint64_t, max_conversations), .least = 1, .most = UINT64_MAX,
     .help = "keep about N conversations in memory; forget the longest idle first"},
    {"expire", 0, "S", .section = SECTION_RESOURCES, .kind = OPTION_PARSED, .parse = options_parse_expire,
     .noun = "time", .example = "seconds, such as 60 or 0.5, or auto",
     .help = "forget conversations after S seconds without a segment; auto: once about as many others have "
             "begun as the memory limit has room for"},
    {"memory-limit", 0, "SIZE", .section = SECTION_RESOURCES, .kind = OPTION_PARSED,
     .parse = options_parse_memory_limit, .noun = "size", .example = "such as 500M or 12G, or none",
     .help = "stop before more memory is used, and report what was found (500M, 12G; none: no limit; "
             "default: nine tenths of what the machine or the control group has)"},

    {"sandbox", 0, "WHEN", .section = SECTION_RESOURCES, WORD(enum sandbox_mode, sandbox, sandbox_words),
     .help = "once everything is open, give up all rights that the run does not need: auto (as far as the "
             "kernel supports it), on (or fail) or off (default: auto)"},

    {"progress", 0, "WHEN", .section = SECTION_MESSAGES, WORD(enum progress_mode, progress, progress_words),
     .help = "show progress: auto, always or never (default: auto, on a terminal that gets no rows)"},
    {"stats", 0, NULL, .section = SECTION_MESSAGES, FLAG(stats),
     .help = "show where each thread spent its time, and how full the tables are"},
    {"metrics", 0, "FILE", .section = SECTION_MESSAGES, .kind = OPTION_STRING,
     .member = MEMBER(const char *, metrics), .least = 1, .noun = "place", .example = "such as tcp:9184",
     .help = "write metrics for dashboards (OpenMetrics) into FILE, or serve them at tcp:PORT, "
             "tcp:ADDRESS:PORT or unix:PATH"},
    {"quiet", 'q', NULL, .section = SECTION_MESSAGES, FLAG(quiet), .help = "hide the summary and progress"},
    {"verbose", 'v', NULL, .section = SECTION_MESSAGES, FLAG(verbose),
     .help = "name each file of a directory that is skipped, and what it is"},
    {"describe", 0, "FILE", .section = SECTION_MESSAGES, .kind = OPTION_STRING,
     .member = MEMBER(const char *, describe), .least = 1, .noun = "file name", .example = "of a state file",
     .help = "check a state or piece file, show what it holds, and exit"},
    {"help", 'h', NULL, .section = SECTION_MESSAGES, .kind = OPTION_HELP, .help = "show this help and exit"},
    {"version", 0, NULL, .section = SECTION_MESSAGES, .kind = OPTION_VERSION,
     .help = "show the version and what this build contains, and exit"},
    {"generate", 0, "WHAT", .section = SECTION_MESSAGES, .kind = OPTION_GENERATE, .words = completions_words,
     .word_count = SHELLS,
     .help =
         "print a script that completes these options in a shell, and exit: complete-bash, complete-zsh or "
         "complete-fish"},

    {"frames", 0, "N", .section = SECTION_LIVE, .kind = OPTION_UINT64, .member = MEMBER(uint64_t, frames),
     .least = 1, .most = UINT64_MAX, .help = "stop after N frames"},
    {"user", 0, "NAME", .section = SECTION_LIVE, .kind = OPTION_STRING, .member = MEMBER(const char *, user),
     .least = 1, .noun = "user", .example = "the name of a user",
     .help = "become this user, without root's rights, once interfaces or ports are open"},
    {"stats-interval", 0, "S", .section = SECTION_LIVE, SECONDS(stats_interval),
     .help = "show a status line every S seconds (default: every second, on a terminal only)"},
    {"stats-format", 0, "FORMAT", .section = SECTION_LIVE,
     WORD(enum stats_format, stats_format, stats_format_words),
     .help = "text or json: write the status line as a JSON object, by default every second, on a "
             "terminal or not"},

    {"snaplen", 's', "N", .section = SECTION_INTERFACES, .kind = OPTION_PARSED,
     .parse = options_parse_snap_length, .noun = "length", .example = "64 to 262144; 0: whole frames",
     .help = "capture N bytes of each frame; 0: all of them (default: 512, enough for headers)"},
    {"no-promiscuous-mode", 'p', NULL, .section = SECTION_INTERFACES, FLAG(not_promiscuous),
     .help = "do not put interfaces into promiscuous mode"},
    {"buffer-size", 'B', "KIB", .section = SECTION_INTERFACES, .kind = OPTION_UNSIGNED,
     .member = MEMBER(unsigned, buffer), .least = 1, .most = 1 << 20,
     .help = "size of the kernel's buffer for each interface (default: 16384)"},

    {"ports", 0, "LIST", .section = SECTION_PORTS, .kind = OPTION_PARSED, .parse = options_parse_ports,
     .noun = "port list", .example = "such as 0,2, each port once",
     .help = "read from these ports only, counted from 0, for example 0,2 (default: all)"},
    {"queues", 0, "N", .section = SECTION_PORTS, .kind = OPTION_UNSIGNED, .member = MEMBER(unsigned, queues),
     .least = 1, .most = PORT_QUEUES, .help = "use N receive queues per port (default: one per thread)"},
    {"mbufs", 0, "N", .section = SECTION_PORTS, .kind = OPTION_UNSIGNED, .member = MEMBER(unsigned, mbufs),
     .least = 1024, .most = 1 << 28, .help = "allocate N frame buffers (default: as many as can be in use)"},
};
_Static_assert(ARRAY_LEN(specs) == OPTION_SPECS, "the number of rows");
const struct option_spec *const option_specs = specs;
