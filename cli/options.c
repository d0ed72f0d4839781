/* Reads the command line by the table of options, then checks what concerns several options at once.
 *
 * Length: what options mean together is checked where they are read, so that one place says what goes with what. */
#include "cli/options.h"
#include "cli/completions.h"
#include "cli/options_suggest.h"
#include "cli/options_table.h"
#include "cli/options_values.h"
#include "io/html/html.h"
#include "io/message.h"
#include "io/reports/community_id.h"
#include "io/reports/names.h"
#include "io/sheets/xlsx_load.h"

#include <ctype.h>
#include <getopt.h>
#include <sched.h>
#include <stdarg.h>
#include <stdlib.h>
#include <unistd.h>

/* getopt_long() returns this plus an option's index where the long form was given, the letter where the short
 * one was, and NO_OPTION for an argument that is none. */
enum { LONG_FORM = 256, NO_OPTION = 1 };

/* An option as it was given. */
struct given_option {
    const struct option_spec *spec;
    char form[32]; /* -j or --threads, for messages */
};

static __attribute__((format(printf, 1, 2))) enum options_result fail(const char *format, ...)
{
    char *text = NULL;
    va_list ap;
    va_start(ap, format);
    if (vasprintf(&text, format, ap) < 0)
        text = NULL;
    va_end(ap);
    message_error("%s", text ? text : "out of memory");
    fputs("Try 'tcpreuse --help' for a list of options.\n", stderr);
    free(text);
    return OPTIONS_WRONG;
}

static struct given_option option_given(int code)
{
    struct given_option given = {0};
    for (unsigned i = 0; i < OPTION_SPECS && !given.spec; i++)
        if (code == LONG_FORM + (int)i || (code && code == option_specs[i].letter))
            given.spec = &option_specs[i];
    if (given.spec && code >= LONG_FORM)
        snprintf(given.form, sizeof given.form, "--%s", given.spec->name);
    else if (given.spec)
        snprintf(given.form, sizeof given.form, "-%c", given.spec->letter);
    return given;
}

/* What follows an error: "; did you mean '--threads'?", or nothing where word is NULL. */
static const char *ask_whether(const char *dashes, const char *word, char text[64])
{
    *text = 0;
    if (word)
        snprintf(text, 64, "; did you mean '%s%s'?", dashes, word);
    return text;
}

/* "a, b or c" */
static const char *join_words(const char *const *words, unsigned count, char *text, size_t size)
{
    size_t n = 0;
    for (unsigned i = 0; i < count && n < size; i++)
        n += (size_t)snprintf(text + n, size - n, "%s%s", !i ? "" : i + 1 < count ? ", " : " or ", words[i]);
    return text;
}

static bool find_word(const char *const *words, unsigned count, const char *text, size_t length,
                      unsigned *found)
{
    for (*found = 0; *found < count; ++*found)
        if (strlen(words[*found]) == length && !strncmp(words[*found], text, length))
            return true;
    return false;
}

/* Storing values, kind by kind. */

static enum options_result store_number(const struct given_option *given, const char *text, void *member)
{
    const struct option_spec *spec = given->spec;
    uint64_t n;
    if (options_parse_number(text, strchr(text, 0), &n) && n >= spec->least && n <= spec->most) {
        if (spec->kind == OPTION_UNSIGNED)
            *(unsigned *)member = (unsigned)n;
        else
            *(uint64_t *)member = n;
        return OPTIONS_RUN;
    }
    char range[64];
    if (spec->most == UINT64_MAX)
        snprintf(range, sizeof range, "%llu or more", (unsigned long long)spec->least);
    else
        snprintf(range, sizeof range, "%llu to %llu", (unsigned long long)spec->least,
                 (unsigned long long)spec->most);
    return fail("invalid number '%s' for '%s' (%s)", text, given->form, range);
}

static enum options_result store_seconds(const struct given_option *given, const char *text, void *member)
{
    double seconds;
    if (!options_parse_seconds(text, &seconds))
        return fail("invalid time '%s' for '%s' (seconds, such as 60 or 0.5)", text, given->form);
    if (given->spec->kind == OPTION_SECONDS)
        *(double *)member = seconds;
    else
        *(int64_t *)member = (int64_t)(seconds * 1e9 + 0.5);
    return OPTIONS_RUN;
}

_Static_assert(sizeof(enum rules) == sizeof(unsigned), "store_word() sets any enum");

/* The index of a word among those that the option takes. */
static enum options_result choose_word(const struct given_option *given, const char *text, unsigned *index)
{
    const struct option_spec *spec = given->spec;
    if (find_word(spec->words, spec->word_count, text, strlen(text), index))
        return OPTIONS_RUN;
    char choices[128], question[64];
    const char *meant = options_suggest_word(spec->words, spec->word_count, text, (unsigned)strlen(text));
    return fail("invalid argument '%s' for '%s' (%s)%s", text, given->form,
                join_words(spec->words, spec->word_count, choices, sizeof choices),
                ask_whether("", meant, question));
}

static enum options_result store_word(const struct given_option *given, const char *text, void *member)
{
    unsigned value;
    enum options_result result = choose_word(given, text, &value);
    if (result == OPTIONS_RUN && given->spec->values)
        value = given->spec->values[value];
    if (result == OPTIONS_RUN)
        memcpy(member, &value, sizeof value);
    return result;
}

static enum options_result generate(const struct given_option *given, const char *text)
{
    unsigned shell;
    enum options_result result = choose_word(given, text, &shell);
    if (result != OPTIONS_RUN)
        return result;
    completions_print(stdout, (enum shell)shell);
    return OPTIONS_DONE;
}

static enum options_result fail_parsed(const struct given_option *given, const char *text)
{
    const struct option_spec *spec = given->spec;
    char allowed[512];
    if (spec->explain)
        spec->explain(text, allowed, sizeof allowed);
    return fail("invalid %s '%s' for '%s' (%s)", spec->noun, text, given->form,
                spec->explain ? allowed : spec->example);
}

static enum options_result store_option(struct options *o, const struct given_option *given, const char *text)
{
    const struct option_spec *spec = given->spec;
    void *member = (char *)o + spec->member;
    switch (spec->kind) {
    case OPTION_FLAG:
        *(bool *)member = true;
        return OPTIONS_RUN;
    case OPTION_STRING:
        if (strlen(text) < spec->least)
            return fail("invalid %s '%s' for '%s' (%s)", spec->noun, text, given->form, spec->example);
        *(const char **)member = text;
        return OPTIONS_RUN;
    case OPTION_FILE:
        o->files[o->file_count++] = text;
        return OPTIONS_RUN;
    case OPTION_UNSIGNED:
    case OPTION_UINT64:
        return store_number(given, text, member);
    case OPTION_SECONDS:
    case OPTION_NANOSECONDS:
        return store_seconds(given, text, member);
    case OPTION_WORD:
        return store_word(given, text, member);
    case OPTION_PARSED:
        return spec->parse(o, text) ? OPTIONS_RUN : fail_parsed(given, text);
    case OPTION_HELP:
        options_print_help(stdout);
        return OPTIONS_DONE;
    case OPTION_VERSION:
        options_print_version(stdout);
        return OPTIONS_DONE;
    case OPTION_GENERATE:
        return generate(given, text);
    }
    return OPTIONS_WRONG;
}

/* Checks of several options together. */

static enum options_result read_reports(struct options *o)
{
    if (!o->report_list && o->print_filter && !o->output)
        return OPTIONS_RUN;
    if (!o->report_list) {
        o->reports[REPORT_REUSE] = true;
        o->reports[REPORT_CONVERSATIONS] = o->summary = o->output;
        return OPTIONS_RUN;
    }
    for (const char *s = o->report_list;; s++) {
        const char *end = strchrnul(s, ',');
        unsigned report;
        if (!find_word(report_names, REPORT_NAMES, s, (size_t)(end - s), &report)) {
            char choices[128], question[64];
            const char *meant = options_suggest_word(report_names, REPORT_NAMES, s, (unsigned)(end - s));
            return fail("unknown report '%.*s' for '--reports' (%s)%s", (int)(end - s), s,
                        join_words(report_names, REPORT_NAMES, choices, sizeof choices),
                        ask_whether("", meant, question));
        }
        if (report == REPORT_SUMMARY)
            o->summary = true;
        else if (report == REPORT_SCHEMA)
            o->schema = true;
        else if (report == REPORT_XLSX)
            o->xlsx = true;
        else if (report == REPORT_PAGE)
            o->page = true;
        else
            o->reports[report] = true;
        if (!*end)
            return OPTIONS_RUN;
        s = end;
    }
}

/* Without a directory, standard output takes exactly one report, which never rotates. */
static enum options_result check_output(const struct options *o)
{
    unsigned reports = 0;
    for (unsigned r = 0; r < REPORTS; r++)
        reports += o->reports[r];
    const bool others = o->summary || o->schema || o->xlsx || o->page;
    if (o->page && !html_available())
        return fail("report 'page': this build has no pages, since Chart.js (libjs-chart.js) was not there");
    if (!o->output && o->print_filter && (reports || others))
        return fail("option '--print-filter' takes standard output: use '-o' for reports");
    if (!o->output && !o->print_filter && (others || reports != 1))
        return fail("'--reports': standard output takes one of reuse, conversations, packets, episodes and "
                    "endpoints; use '-o' for more");
    if (o->extract && !strcmp(o->extract, "-") && (!o->output || o->print_filter))
        return fail(
            "option '--extract -' takes standard output: use '-o' for reports, and no '--print-filter'");
    if (o->extract && o->max_conversations)
        return fail("options '--extract' and '--max-conversations' exclude each other: which conversations "
                    "are forgotten "
                    "may differ when the inputs are read again");
    if (o->extract_frames && !o->extract)
        return fail("option '--extract-frames' requires '--extract'");
    for (unsigned r = REPORT_EPISODES; r <= REPORT_ENDPOINTS; r++)
        if (o->reports[r] && o->verdicts == VERDICTS_OFF)
            return fail("report '%s' requires verdicts: leave out '--verdicts off'", report_names[r]);
    if (o->reports[REPORT_ENDPOINTS] && options_forget(o))
        return fail("report 'endpoints' requires all conversations: leave out '--%s'",
                    o->expire ? "expire" : "max-conversations");
    if (o->key_parts && o->rules == RULES_4_0)
        return fail("option '--key' with more than the tuple requires '--rules 4.2' or later: what FTP "
                    "announces to 4.0 "
                    "has no VLAN, interface or VNI");
    if (o->key_parts & KEY_VNI && o->print_filter)
        return fail(
            "option '--print-filter' names streams as Wireshark numbers them, and Wireshark has no key with "
            "vni: use '--extract'");
    if (o->community_id && !community_id_available())
        return fail("option '--community-id': this build has no Community ID, since nettle was not there");
    if (!o->output && (o->rotate_bytes || o->rotate_seconds))
        return fail("option '--rotate' requires '-o': standard output cannot be rotated");
    if (!o->output && o->split_rows)
        return fail("option '--split-rows' requires '-o': standard output cannot be split");
    if (o->xlsx && !xlsx_available())
        return fail("report 'xlsx': this build has no workbooks, since libxlsxwriter was not there");
    if (o->schema && !reports)
        return fail("report 'schema' describes the csv of other reports: name some of them, too");
    return OPTIONS_RUN;
}

/* What there is in CSV only. */
static enum options_result check_csv(const struct options *o)
{
    const char *option = o->spreadsheet  ? "option '--spreadsheet'"
                         : o->bom        ? "option '--bom'"
                         : o->split_rows ? "option '--split-rows'"
                         : o->schema     ? "report 'schema'"
                         : o->xlsx       ? "report 'xlsx'"
                                         : NULL;
    if (option && o->format != FORMAT_CSV)
        return fail("%s is about csv, not '--format %s'", option,
                    o->format == FORMAT_TEXT ? "text" : "ndjson");
    return OPTIONS_RUN;
}

/* --spreadsheet stands for several options. */
static void spread_spreadsheet(struct options *o)
{
    enum { SHEET_ROWS = 1048576 }; /* of Excel and LibreOffice */
    if (!o->spreadsheet)
        return;
    o->bom = true;
    if (o->output && !o->split_rows)
        o->split_rows = SHEET_ROWS;
}

/* The format where none is given, and what does not go together with the one that is. */
static enum options_result choose_format(struct options *o)
{
    const bool listable = !o->output && o->reports[REPORT_REUSE];
    if (o->details && o->format != FORMAT_AUTO && o->format != FORMAT_TEXT)
        return fail("option '--details' requires '--format text'");
    if (o->naming != NAMING_OURS && o->format != FORMAT_NDJSON)
        return fail("option '--names' requires '--format ndjson'");
    if ((o->format == FORMAT_TEXT || o->details) && !listable)
        return fail("option '%s' lists reuses on standard output: not with '-o', nor other reports",
                    o->details ? "--details" : "--format text");
    const bool listed = listable && isatty(STDOUT_FILENO) && !o->spreadsheet && !o->bom;
    if (o->format == FORMAT_AUTO)
        o->format = o->details || listed ? FORMAT_TEXT : FORMAT_CSV;
    return OPTIONS_RUN;
}

/* What a state cannot hold yet, with the reason. */
static enum options_result check_state(const struct options *o)
{
    const struct {
        bool given;
        const char *option, *why;
    } refused[] = {
        {o->dpdk, "--dpdk", "ports cannot be read again"},
        {o->rules == RULES_4_0, "--rules 4.0", "what FTP announced is not saved"},
        {o->max_conversations, "--max-conversations",
         "which conversations are forgotten depends on the number of threads"},
        {o->expire, "--expire", "the order in which conversations expire is not saved"},
        {o->drop_copies, "--drop-copies", "its window of packets is not saved"},
        {o->sort_window, "--sort-window", "its window of frames is not saved"},
        {o->clock_count, "--clock", "how the times of inputs were moved is not saved"},
        {o->rotate_bytes || o->rotate_seconds, "--rotate",
         "rows that are not final are cut from the last file"},
        {o->key_parts, "--key", "what belongs to the key beside the tuple is not saved"},
        {o->xlsx, "--reports xlsx", "the workbook would have the rows of this run only"},
        {o->page, "--reports page", "the page would show the reuses of this run only"},
        {o->spreadsheet, "--spreadsheet", "it splits reports into several files"},
        {o->split_rows, "--split-rows", "rows that are not final are cut from the last file"},
        {o->extract, "--extract", "it reads all inputs again"},
        {o->print_filter, "--print-filter", "it needs all reuses, and the state has only those that wait"},
    };
    if (!o->state)
        return OPTIONS_RUN;
    for (unsigned i = 0; i < ARRAY_LEN(refused); i++)
        if (refused[i].given)
            return fail("options '--state' and '%s' exclude each other: %s", refused[i].option,
                        refused[i].why);
    return o->output ? OPTIONS_RUN
                     : fail("option '--state' requires '-o': it goes on with reports in a directory");
}

/* What goes into a piece is decided when it is made, what is reported when pieces are put together. */
static enum options_result check_pieces(const struct options *o)
{
    const bool reports = o->report_list || o->format != FORMAT_AUTO || o->details || o->print_filter ||
                         o->extract || o->community_id || o->rotate_bytes || o->rotate_seconds || o->timers;
    const bool reading = o->filter || o->append || o->recursive || o->files_from || o->clocks ||
                         o->drop_copies || o->decode_as_count;
    if (o->pieces && o->combine)
        return fail("options '--piece' and '--combine' exclude each other");
    if ((o->pieces || o->combine) && (o->state || o->key_parts))
        return fail("options '--%s' and '--%s' exclude each other", o->pieces ? "piece" : "combine",
                    o->state ? "state" : "key");
    if (o->pieces && !o->output)
        return fail("option '--piece' requires '-o FILE'");
    if (o->pieces && reports)
        return fail("option '--piece' makes no reports: give what concerns them to '--combine'");
    if (o->combine && reading)
        return fail("option '--combine' reads pieces: give what concerns their inputs to '--piece'");
    if (o->combine && o->extract)
        return fail("option '--extract' reads its inputs again, and '--combine' reads pieces");
    if ((o->pieces || o->combine) && (o->ignore_count || o->sort_window || options_forget(o) || o->dpdk))
        return fail("options '--ignore', '--sort-window', '--max-conversations', '--expire' and '--dpdk' "
                    "need one run "
                    "over all frames: not with '--%s'",
                    o->pieces ? "piece" : "combine");
    return OPTIONS_RUN;
}

static enum options_result check_input(const struct options *o, const char *ports_option)
{
    if (o->dpdk &&
        (o->file_count || o->files_from || o->append || o->recursive || o->clocks || o->sort_window))
        return fail("option '--dpdk' reads from ports and takes no files");
    if (o->dpdk && o->extract)
        return fail("option '--extract' reads its inputs again, and '--dpdk' reads from ports");
    if (!o->dpdk && ports_option)
        return fail("option '%s' requires '--dpdk'", ports_option);
    if (!o->dpdk && !o->file_count && !o->files_from)
        return fail("no input: name a capture file or a directory, or - for standard input");
    return OPTIONS_RUN;
}

/* Reading argv. */

/* The option whose name is most like a word without its dashes, or NULL. */
static const char *suggest_option(const char *word, size_t length)
{
    const char *names[OPTION_SPECS];
    for (unsigned i = 0; i < OPTION_SPECS; i++)
        names[i] = option_specs[i].name;
    return options_suggest_word(names, OPTION_SPECS, word, (unsigned)length);
}

/* A long option that does not exist, or an abbreviation of several. */
static enum options_result fail_long_option(const char *word)
{
    char candidates[256] = "", question[64];
    size_t length = strcspn(word, "="), n = 0;
    for (unsigned i = 0; length > 2 && i < OPTION_SPECS && n < sizeof candidates; i++)
        if (!strncmp(option_specs[i].name, word + 2, length - 2))
            n += (size_t)snprintf(candidates + n, sizeof candidates - n, "%s--%s", n ? ", " : "",
                                  option_specs[i].name);
    if (n)
        return fail("option '%.*s' is ambiguous (%s)", (int)length, word, candidates);
    return fail("unknown option '%.*s'%s", (int)length, word,
                ask_whether("--", suggest_option(word + 2, length - 2), question));
}

/* A letter that is no option. word: may begin with it. It may be the start of a long option with one dash only
 * (-threads), the wrong case, or the first letter of a long option. */
static enum options_result fail_letter(char letter, const char *word)
{
    char question[64] = "";
    size_t length = strcspn(word, "=");
    if (length > 3 && word[0] == '-' && word[1] == letter)
        ask_whether("--", suggest_option(word + 1, length - 1), question);
    const char lower = (char)tolower((unsigned char)letter);
    for (unsigned i = 0; !*question && i < OPTION_SPECS; i++)
        if (option_specs[i].letter == lower)
            ask_whether("-", (char[]){lower, 0}, question);
    if (!*question)
        ask_whether("--", suggest_option(&lower, 1), question);
    return fail("unknown option '-%c'%s", letter, question);
}

/* What getopt_long() rejected with code; word: the last one it has read to its end, next: the one after it, of
 * which it may have read some letters. optopt is the code of an option that
 * it knows, the letter of one that it does not know, or 0 for a long one. */
static enum options_result fail_option(int code, const char *word, const char *next)
{
    struct given_option given = option_given(optopt);
    if (given.spec && code == ':')
        return fail("option '%s' requires an argument", given.form);
    if (given.spec)
        return fail("option '%s' takes no argument", given.form);
    if (optopt)
        return fail_letter((char)optopt, next);
    return fail_long_option(word);
}

/* Tables for getopt_long(), made from ours. */
static void describe_options(struct option longs[OPTION_SPECS + 1], char shorts[2 * OPTION_SPECS + 3])
{
    *shorts++ = '-'; /* give other arguments, too, in order */
    *shorts++ = ':'; /* tell missing arguments from unknown options */
    for (unsigned i = 0; i < OPTION_SPECS; i++) {
        const struct option_spec *spec = &option_specs[i];
        int argument = !spec->argument          ? no_argument
                       : *spec->argument == '[' ? optional_argument
                                                : required_argument;
        longs[i] = (struct option){spec->name, argument, NULL, LONG_FORM + (int)i};
        if (spec->letter)
            *shorts++ = spec->letter;
        if (spec->letter && spec->argument)
            *shorts++ = ':';
    }
    longs[OPTION_SPECS] = (struct option){0};
    *shorts = 0;
}

static unsigned available_processors(void)
{
    cpu_set_t set;
    if (sched_getaffinity(0, sizeof set, &set))
        return 1;
    return MIN((unsigned)CPU_COUNT(&set), (unsigned)PIPELINE_THREADS);
}

/* getopt() remembers between calls that files are to be returned in their order, and the EAL, which reads its
 * arguments with it too, would be given words that are none. Setting optind to 0 makes it forget (getopt(3)). */
static void reset_getopt(void)
{
    char name[] = "tcpreuse", *none[] = {name, NULL};
    optind = 0;
    getopt(1, none, "");
}

/* Reads argv, option by option. ports_option: the last one given that requires --dpdk. */
static enum options_result read_arguments(struct options *o, int argc, char **argv,
                                          struct given_option *ports_option)
{
    struct option longs[OPTION_SPECS + 1];
    char shorts[2 * OPTION_SPECS + 3];
    enum options_result result = OPTIONS_RUN;

    describe_options(longs, shorts);
    opterr = 0;
    for (int code; result == OPTIONS_RUN && (code = getopt_long(argc, argv, shorts, longs, NULL)) != -1;) {
        if (code == NO_OPTION) {
            o->files[o->file_count++] = optarg;
            continue;
        }
        if (code == ':' || code == '?')
            return fail_option(code, argv[optind - 1], optind < argc ? argv[optind] : "");
        struct given_option given = option_given(code);
        if (given.spec->section == SECTION_PORTS)
            *ports_option = given;
        result = store_option(o, &given, optarg);
    }
    for (int i = optind; result == OPTIONS_RUN && i < argc; i++) /* after -- */
        o->files[o->file_count++] = argv[i];
    reset_getopt();
    return result;
}

enum options_result options_read(struct options *o, int argc, char **argv)
{
    struct given_option ports_option = {0};
    *o = (struct options){.argc = argc,
                          .argv = argv,
                          .rules = RULES_4_4,
                          .answer_window = 3 * INT64_C(1000000000),
                          .port_range = {32768, 60999},
                          .files = calloc((size_t)argc + 1, sizeof *o->files)};
    if (!o->files) {
        message_error("out of memory");
        return OPTIONS_NO_MEMORY;
    }
    enum options_result result = read_arguments(o, argc, argv, &ports_option);
    if (result == OPTIONS_RUN && o->describe)
        return o->file_count || o->files_from || o->dpdk ? fail("option '--describe' takes no inputs")
                                                         : OPTIONS_RUN;
    if (result == OPTIONS_RUN)
        result = check_input(o, ports_option.spec ? ports_option.form : NULL);
    if (result == OPTIONS_RUN)
        result = check_pieces(o);
    if (result == OPTIONS_RUN)
        result = read_reports(o);
    spread_spreadsheet(o);
    if (result == OPTIONS_RUN)
        result = check_output(o);
    if (result == OPTIONS_RUN)
        result = choose_format(o);
    if (result == OPTIONS_RUN)
        result = check_csv(o);
    if (result == OPTIONS_RUN)
        result = check_state(o);
    if (result == OPTIONS_RUN && o->quiet && o->progress == PROGRESS_ALWAYS)
        result = fail("options '--quiet' and '--progress always' exclude each other");
    if (!o->dpdk && !o->threads)
        o->threads = available_processors();
    return result;
}

void options_free(struct options *o)
{
    free(o->files);
    free(o->ignore);
    free(o->clocks);
    free(o->decode_as);
    free(o->ports);
}
