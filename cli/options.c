#include "cli/options.h"
#include "io/ports/port_counters.h"
#include "io/reports/names.h"

#include <errno.h>
#include <getopt.h>
#include <sched.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

static const char help[] =
    "usage: tcpreuse [OPTIONS] FILE|DIR|-...\n"
    "       tcpreuse [OPTIONS] --dpdk \"EAL ARGUMENTS\" [PORT OPTIONS]\n"
    "\n"
    "Finds where TCP connections reused the ports of earlier ones (Wireshark's \"TCP Port numbers "
    "reused\").\n"
    "The reuse report goes to standard output, a summary to standard error. Files are read as one capture, "
    "in the\n"
    "order of time; - is standard input.\n"
    "\n"
    "  -o, --output DIR       write the reports into DIR\n"
    "      --reports LIST     of reuse,conversations,packets,summary (with -o: all but packets)\n"
    "  -j, --threads N        worker threads (default: the processors this process may use)\n"
    "  -f, --filter BPF       look only at frames that match this capture filter (pcap-filter(7))\n"
    "      --rules VERSION    decide as Wireshark 4.0, 4.2 or 4.4 (and later) does (default: 4.4)\n"
    "      --recursive        search directories in directories, too\n"
    "      --files-from LIST  read the names of captures from the file LIST, one a line; - is standard "
    "input\n"
    "      --append           take files one after the other, in the order given\n"
    "      --ignore FRAMES    number these frames, but do not look at them: 5,9-12\n"
    "      --max-conversations N  keep about N conversations, and forget the longest idle ones\n"
    "      --expire S         forget conversations that were idle for more than S seconds\n"
    "      --rotate LIMIT     go on in a new report file: after 60s, or with 100K, 100M or 1G\n"
    "      --progress WHEN    auto, always or never (default: auto, on a terminal)\n"
    "      --stats            tell where the time went, thread by thread, and what the tables are like\n"
    "  -q, --quiet            no summary and no progress\n"
    "  -h, --help             this text\n"
    "      --version          the version\n"
    "\n"
    "Ports of DPDK instead of files:\n"
    "      --dpdk ARGUMENTS   read from the ports that the EAL finds with these arguments\n"
    "      --ports LIST       only these, counted from 0: 0,2 (default: all)\n"
    "      --queues N         receive queues of each port (default: as many as there are threads)\n"
    "      --mbufs N          buffers for frames (default: enough)\n"
    "      --duration S       end after S seconds\n"
    "      --frames N         end after N frames\n"
    "      --idle-exit S      end when no frame has come for S seconds\n"
    "      --stats-interval S every S seconds, a line of what is going on (default: on a terminal, 1)\n"
    "      --stats-format F   text or json: that line as a JSON object (every second, also when not on a "
    "terminal)\n"
    "\n"
    "exit status: 0 done, 1 wrong usage, 2 some input could not be read to its end, 3 could not write,\n"
    "130 interrupted\n";

static enum options_result wrong(const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    fputs("tcpreuse: ", stderr);
    vfprintf(stderr, format, ap);
    fputs(" (tcpreuse --help lists the options)\n", stderr);
    va_end(ap);
    return OPTIONS_WRONG;
}

/* A decimal number, and nothing else up to end. */
static bool read_number(const char *s, const char *end, uint64_t *n)
{
    if (s == end || end - s > 18)
        return false;
    for (*n = 0; s < end; s++) {
        if (*s < '0' || *s > '9')
            return false;
        *n = *n * 10 + (uint64_t)(*s - '0');
    }
    return true;
}

/* Seconds, with or without a fraction. */
static bool read_seconds(const char *s, double *seconds)
{
    char *end;
    if (!*s || s[strspn(s, "0123456789.")])
        return false;
    *seconds = strtod(s, &end);
    return !*end && *seconds > 0 && *seconds < 1e9;
}

/* 60s, 100K, 100M, 1G */
static bool read_rotation(struct options *o, const char *s)
{
    static const char units[] = "KMG";
    size_t length = strlen(s);
    uint64_t n;
    if (!length || !read_number(s, s + length - 1, &n) || !n)
        return false;
    const char *unit = strchr(units, s[length - 1]);
    if (!unit && s[length - 1] != 's')
        return false;
    if (unit)
        o->rotate_bytes = n << 10 * (unit - units + 1);
    else
        o->rotate_seconds = (double)n;
    return n <= UINT32_MAX;
}

/* 0,2 */
static bool read_ports(struct options *o, const char *list)
{
    for (const char *s = list;; s++) {
        const char *end = strchrnul(s, ',');
        uint64_t n;
        if (!read_number(s, end, &n) || n > UINT16_MAX)
            return false;
        uint16_t *more = realloc(o->ports, (o->port_count + 1) * sizeof *more);
        if (!more)
            return false;
        o->ports = more;
        for (size_t i = 0; i < o->port_count; i++)
            if (o->ports[i] == n)
                return false;
        o->ports[o->port_count++] = (uint16_t)n;
        if (!*end)
            return true;
        s = end;
    }
}

static int by_first(const void *a, const void *b)
{
    const struct frame_range *x = a, *y = b;
    return (x->first > y->first) - (x->first < y->first);
}

/* 5,9-12: ascending and disjoint in the end. */
static bool read_frames(struct options *o, const char *list)
{
    for (const char *s = list;; s++) {
        const char *end = strchrnul(s, ','), *dash = memchr(s, '-', (size_t)(end - s));
        struct frame_range range;
        if (!read_number(s, dash ? dash : end, &range.first) || range.first == 0)
            return false;
        range.last = range.first;
        if (dash && (!read_number(dash + 1, end, &range.last) || range.last < range.first))
            return false;
        struct frame_range *more = realloc(o->ignore, (o->ignore_count + 1) * sizeof *more);
        if (!more)
            return false;
        o->ignore = more;
        o->ignore[o->ignore_count++] = range;
        if (!*end)
            break;
        s = end;
    }
    qsort(o->ignore, o->ignore_count, sizeof *o->ignore, by_first);
    size_t kept = 0;
    for (size_t i = 1; i < o->ignore_count; i++) {
        struct frame_range *last = &o->ignore[kept];
        if (o->ignore[i].first <= last->last + 1)
            last->last = MAX(last->last, o->ignore[i].last);
        else
            o->ignore[++kept] = o->ignore[i];
    }
    o->ignore_count = kept + 1;
    return true;
}

static enum options_result read_reports(struct options *o, const char *list)
{
    for (const char *s = list;; s++) {
        const char *end = strchrnul(s, ',');
        size_t length = (size_t)(end - s), i;
        for (i = 0; i < REPORT_NAMES; i++)
            if (strlen(report_names[i]) == length && !strncmp(report_names[i], s, length))
                break;
        if (i == REPORT_NAMES)
            return wrong(
                "--reports: there is no report \"%.*s\"; there are reuse, conversations, packets and summary",
                (int)length, s);
        if (i == REPORT_SUMMARY)
            o->summary = true;
        else
            o->reports[i] = true;
        if (!*end)
            return OPTIONS_RUN;
        s = end;
    }
}

static unsigned processors(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set))
        return 1;
    return MIN((unsigned)CPU_COUNT(&set), (unsigned)PIPELINE_THREADS);
}

enum options_result options_read(struct options *o, int argc, char **argv)
{
    enum {
        OPTION_REPORTS = 256,
        OPTION_RULES,
        OPTION_APPEND,
        OPTION_IGNORE,
        OPTION_PROGRESS,
        OPTION_RECURSIVE,
        OPTION_FILES_FROM,
        OPTION_STATS,
        OPTION_VERSION,
        OPTION_MAX_CONVERSATIONS,
        OPTION_EXPIRE,
        OPTION_ROTATE,
        OPTION_DPDK,
        OPTION_PORTS, /* this one and those behind it are for ports */
        OPTION_QUEUES,
        OPTION_MBUFS,
        OPTION_DURATION,
        OPTION_FRAMES,
        OPTION_IDLE_EXIT,
        OPTION_STATS_INTERVAL,
        OPTION_STATS_FORMAT,
    };
    static const struct option longs[] = {
        {"output", required_argument, NULL, 'o'},
        {"reports", required_argument, NULL, OPTION_REPORTS},
        {"threads", required_argument, NULL, 'j'},
        {"filter", required_argument, NULL, 'f'},
        {"rules", required_argument, NULL, OPTION_RULES},
        {"append", no_argument, NULL, OPTION_APPEND},
        {"recursive", no_argument, NULL, OPTION_RECURSIVE},
        {"files-from", required_argument, NULL, OPTION_FILES_FROM},
        {"ignore", required_argument, NULL, OPTION_IGNORE},
        {"progress", required_argument, NULL, OPTION_PROGRESS},
        {"stats", no_argument, NULL, OPTION_STATS},
        {"quiet", no_argument, NULL, 'q'},
        {"help", no_argument, NULL, 'h'},
        {"version", no_argument, NULL, OPTION_VERSION},
        {"max-conversations", required_argument, NULL, OPTION_MAX_CONVERSATIONS},
        {"expire", required_argument, NULL, OPTION_EXPIRE},
        {"rotate", required_argument, NULL, OPTION_ROTATE},
        {"dpdk", required_argument, NULL, OPTION_DPDK},
        {"ports", required_argument, NULL, OPTION_PORTS},
        {"queues", required_argument, NULL, OPTION_QUEUES},
        {"mbufs", required_argument, NULL, OPTION_MBUFS},
        {"duration", required_argument, NULL, OPTION_DURATION},
        {"frames", required_argument, NULL, OPTION_FRAMES},
        {"idle-exit", required_argument, NULL, OPTION_IDLE_EXIT},
        {"stats-interval", required_argument, NULL, OPTION_STATS_INTERVAL},
        {"stats-format", required_argument, NULL, OPTION_STATS_FORMAT},
        {0},
    };
    const char *reports = NULL;
    uint64_t n;
    double seconds;
    *o = (struct options){.rules = RULES_4_4};
    const char *port_option = NULL; /* the last one that only makes sense for ports */

    opterr = 0;
    for (int c; (c = getopt_long(argc, argv, ":o:j:f:qh", longs, NULL)) != -1;) {
        if (c >= OPTION_PORTS)
            port_option = argv[optind - 1] == optarg ? argv[optind - 2] : argv[optind - 1];
        switch (c) {
        case 'o':
            if (!*optarg)
                return wrong("--output: expected a directory, found nothing");
            o->output = optarg;
            break;
        case OPTION_REPORTS:
            reports = optarg;
            break;
        case 'j':
            if (!read_number(optarg, strchr(optarg, 0), &n) || n < 1 || n > PIPELINE_THREADS)
                return wrong("--threads: expected a number from 1 to %d, found \"%s\"", PIPELINE_THREADS,
                             optarg);
            o->threads = (unsigned)n;
            break;
        case 'f':
            o->filter = optarg;
            break;
        case OPTION_RULES:
            if (!strcmp(optarg, "4.0"))
                o->rules = RULES_4_0;
            else if (!strcmp(optarg, "4.2"))
                o->rules = RULES_4_2;
            else if (!strcmp(optarg, "4.4"))
                o->rules = RULES_4_4;
            else
                return wrong("--rules: expected 4.0, 4.2 or 4.4, found \"%s\"", optarg);
            break;
        case OPTION_APPEND:
            o->append = true;
            break;
        case OPTION_RECURSIVE:
            o->recursive = true;
            break;
        case OPTION_FILES_FROM:
            o->files_from = optarg;
            break;
        case OPTION_IGNORE:
            if (!read_frames(o, optarg))
                return wrong("--ignore: expected frame numbers from 1 on such as 5,9-12, found \"%s\"",
                             optarg);
            break;
        case OPTION_PROGRESS:
            if (!strcmp(optarg, "auto"))
                o->progress = PROGRESS_AUTO;
            else if (!strcmp(optarg, "always"))
                o->progress = PROGRESS_ALWAYS;
            else if (!strcmp(optarg, "never"))
                o->progress = PROGRESS_NEVER;
            else
                return wrong("--progress: expected auto, always or never, found \"%s\"", optarg);
            break;
        case 'q':
            o->quiet = true;
            break;
        case 'h':
            fputs(help, stdout);
            return OPTIONS_DONE;
        case OPTION_STATS:
            o->stats = true;
            break;
        case OPTION_VERSION:
            puts("tcpreuse " TCPREUSE_VERSION);
            return OPTIONS_DONE;
        case OPTION_MAX_CONVERSATIONS:
            if (!read_number(optarg, strchr(optarg, 0), &o->max_conversations) || !o->max_conversations)
                return wrong("--max-conversations: expected a number from 1 on, found \"%s\"", optarg);
            break;
        case OPTION_EXPIRE:
            if (!read_seconds(optarg, &seconds))
                return wrong("--expire: expected seconds, found \"%s\"", optarg);
            o->expire = (int64_t)(seconds * 1e9);
            break;
        case OPTION_ROTATE:
            if (!read_rotation(o, optarg))
                return wrong("--rotate: expected a time such as 60s or a size such as 100M, found \"%s\"",
                             optarg);
            break;
        case OPTION_DPDK:
            o->dpdk = optarg;
            break;
        case OPTION_PORTS:
            if (!read_ports(o, optarg))
                return wrong("--ports: expected different port numbers such as 0,2, found \"%s\"", optarg);
            break;
        case OPTION_QUEUES:
            if (!read_number(optarg, strchr(optarg, 0), &n) || n < 1 || n > PORT_QUEUES)
                return wrong("--queues: expected a number from 1 to %d, found \"%s\"", PORT_QUEUES, optarg);
            o->queues = (unsigned)n;
            break;
        case OPTION_MBUFS:
            if (!read_number(optarg, strchr(optarg, 0), &n) || n < 1024 || n > 1 << 28)
                return wrong("--mbufs: expected a number from 1024 on, found \"%s\"", optarg);
            o->mbufs = (unsigned)n;
            break;
        case OPTION_FRAMES:
            if (!read_number(optarg, strchr(optarg, 0), &o->frames) || !o->frames)
                return wrong("--frames: expected a number from 1 on, found \"%s\"", optarg);
            break;
        case OPTION_DURATION:
            if (!read_seconds(optarg, &o->duration))
                return wrong("--duration: expected seconds, found \"%s\"", optarg);
            break;
        case OPTION_IDLE_EXIT:
            if (!read_seconds(optarg, &o->idle_exit))
                return wrong("--idle-exit: expected seconds, found \"%s\"", optarg);
            break;
        case OPTION_STATS_INTERVAL:
            if (!read_seconds(optarg, &o->stats_interval))
                return wrong("--stats-interval: expected seconds, found \"%s\"", optarg);
            break;
        case OPTION_STATS_FORMAT:
            o->stats_json = !strcmp(optarg, "json");
            if (!o->stats_json && strcmp(optarg, "text") != 0)
                return wrong("--stats-format: expected text or json, found \"%s\"", optarg);
            break;
        case ':':
            return wrong("%s wants an argument", argv[optind - 1]);
        default:
            if (optopt && optopt < 256)
                return wrong("there is no option -%c", optopt);
            return wrong("there is no option %s", argv[optind - 1]);
        }
    }
    if (o->dpdk && (optind < argc || o->files_from || o->append || o->recursive))
        return wrong("--dpdk reads from ports, and takes no files");
    if (!o->dpdk && port_option)
        return wrong("%s is for ports, which --dpdk opens", port_option);
    if (!o->dpdk && optind == argc && !o->files_from)
        return wrong("which capture? Name a file or a directory");
    if (!o->dpdk && !o->threads)
        o->threads = processors();
    o->files = argv + optind;
    o->file_count = argc - optind;

    if (reports && read_reports(o, reports) != OPTIONS_RUN)
        return OPTIONS_WRONG;
    if (!reports) {
        o->reports[REPORT_REUSE] = true;
        o->reports[REPORT_CONVERSATIONS] = o->summary = o->output;
    }
    if (!o->output &&
        (o->summary ||
         o->reports[REPORT_REUSE] + o->reports[REPORT_CONVERSATIONS] + o->reports[REPORT_PACKETS] != 1))
        return wrong("--reports: only one of reuse, conversations and packets fits on standard output; "
                     "name a directory for more with --output");
    if (!o->output && (o->rotate_bytes || o->rotate_seconds))
        return wrong("--rotate: standard output cannot be rotated; name a directory with --output");
    if (o->quiet && o->progress == PROGRESS_ALWAYS)
        return wrong("--quiet and --progress always contradict each other");
    return OPTIONS_RUN;
}

void options_free(struct options *o)
{
    free(o->ignore);
    free(o->ports);
}
