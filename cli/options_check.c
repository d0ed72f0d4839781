/* What options mean together: what goes with what, and what some of them decide where others leave it open. */
#include "cli/options_check.h"
#include "cli/live.h"
#include "cli/options_modes.h"
#include "cli/options_suggest.h"
#include "cli/options_wrong.h"
#include "io/html/html.h"
#include "io/reports/community_id.h"
#include "io/reports/names.h"
#include "io/sheets/xlsx_load.h"

#include <string.h>
#include <unistd.h>

const char options_no_vni_filter[] =
    "option '--print-filter' names streams as Wireshark numbers them, and Wireshark has no key with vni: use "
    "'--extract'";

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
        if (!options_find_word(report_names, REPORT_NAMES, s, (size_t)(end - s), &report)) {
            char choices[128], question[64];
            const char *meant = options_suggest_word(report_names, REPORT_NAMES, s, (unsigned)(end - s));
            return options_fail("unknown report '%.*s' for '--reports' (%s)%s", (int)(end - s), s,
                                options_join_words(report_names, REPORT_NAMES, choices, sizeof choices),
                                options_ask_whether("", meant, question));
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
        return options_fail(
            "report 'page': this build has no pages, since Chart.js (libjs-chart.js) was not there");
    if (!o->output && o->print_filter && (reports || others))
        return options_fail("option '--print-filter' takes standard output: use '-o' for reports");
    if (!o->output && !o->print_filter && (others || reports != 1))
        return options_fail(
            "'--reports': standard output takes one of reuse, conversations, packets, episodes and "
            "endpoints; use '-o' for more");
    if (o->extract && !strcmp(o->extract, "-") && (!o->output || o->print_filter))
        return options_fail(
            "option '--extract -' takes standard output: use '-o' for reports, and no '--print-filter'");
    if (o->extract && o->max_conversations)
        return options_fail("options '--extract' and '--max-conversations' exclude each other: which "
                            "conversations are forgotten may differ when the inputs are read again");
    if (o->extract_frames && !o->extract)
        return options_fail("option '--extract-frames' requires '--extract'");
    for (unsigned r = REPORT_EPISODES; r <= REPORT_ENDPOINTS; r++)
        if (o->reports[r] && o->verdicts == VERDICTS_OFF)
            return options_fail("report '%s' requires verdicts: leave out '--verdicts off'", report_names[r]);
    if (o->reports[REPORT_ENDPOINTS] && options_forget(o))
        return options_fail("report 'endpoints' requires all conversations: leave out '--%s'",
                            o->max_conversations ? "max-conversations" : "expire");
    if (o->expire_auto && (o->combine || o->mpi || o->state))
        return options_fail("options '--%s' and '--expire auto' exclude each other: how many conversations "
                            "are kept depends on "
                            "one run; give a number of seconds",
                            o->combine ? "combine"
                            : o->mpi   ? "mpi"
                                       : "state");
    if (o->expire_auto && o->no_memory_limit)
        return options_fail(
            "option '--expire auto' goes by the limit of memory: leave out '--memory-limit none'");
    if (o->key_parts && o->rules == RULES_4_0)
        return options_fail("option '--key' with more than the tuple requires '--rules 4.2' or later: what "
                            "FTP announces to 4.0 has no VLAN, interface or VNI");
    if (o->key_parts & KEY_VNI && o->print_filter)
        return options_fail("%s", options_no_vni_filter);
    if (o->community_id && !community_id_available())
        return options_fail(
            "option '--community-id': this build has no Community ID, since nettle was not there");
    if (!o->output && (o->rotate_bytes || o->rotate_seconds))
        return options_fail("option '--rotate' requires '-o': standard output cannot be rotated");
    if (!o->output && o->split_rows)
        return options_fail("option '--split-rows' requires '-o': standard output cannot be split");
    if (o->xlsx && !xlsx_available())
        return options_fail("report 'xlsx': this build has no workbooks, since libxlsxwriter was not there");
    if (o->schema && !reports)
        return options_fail("report 'schema' describes the csv of other reports: name some of them, too");
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
        return options_fail("%s is about csv, not '--format %s'", option,
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

/* The format where none is given, and what does not go together with the one that is. Ranks may have a terminal that their
 * launcher made, wherever it passes on what they write. */
static enum options_result choose_format(struct options *o)
{
    const bool listable = !o->output && o->reports[REPORT_REUSE];
    if (o->details && o->format != FORMAT_AUTO && o->format != FORMAT_TEXT)
        return options_fail("option '--details' requires '--format text'");
    if (o->naming != NAMING_OURS && o->format != FORMAT_NDJSON)
        return options_fail("option '--names' requires '--format ndjson'");
    if ((o->format == FORMAT_TEXT || o->details) && !listable)
        return options_fail("option '%s' lists reuses on standard output: not with '-o', nor other reports",
                            o->details ? "--details" : "--format text");
    const bool listed = listable && !o->mpi && isatty(STDOUT_FILENO) && !o->spreadsheet && !o->bom;
    if (o->format == FORMAT_AUTO)
        o->format = o->details || listed ? FORMAT_TEXT : FORMAT_CSV;
    return OPTIONS_RUN;
}

/* What a state cannot hold yet of options that it can hold else, with the reason. */
static enum options_result check_state(const struct options *o)
{
    const struct {
        bool given;
        const char *option, *why;
    } refused[] = {
        {o->xlsx, "--reports xlsx", "the workbook would have the rows of this run only"},
        {o->page, "--reports page", "the page would show the reuses of this run only"},
    };
    if (!o->state && o->follow_count)
        return OPTIONS_RUN;
    if (!o->state)
        return options_given(o, "late") ? options_fail("option '--late' requires '--state' or '--follow'")
                                        : OPTIONS_RUN;
    for (unsigned i = 0; i < ARRAY_LEN(refused) && !o->mpi; i++)
        if (refused[i].given)
            return options_fail("options '--state' and '%s' exclude each other: %s", refused[i].option,
                                refused[i].why);
    return o->output ? OPTIONS_RUN
                     : options_fail("option '--state' requires '-o': it goes on with reports in a directory");
}

/* Following reads files as they come, each once, one after the other. */
static enum options_result check_follow(const struct options *o)
{
    const struct {
        bool given;
        const char *option, *why;
    } refused[] = {
        {o->files_from, "--files-from", "it reads what is in the directories"},
        {o->recursive, "--recursive", "it watches the directories that are named"},
        {o->append, "--append", "files are read as they are completed"},
        {o->clock_count, "--clock", "the names of the files are not known before"},
        {o->sort_window, "--sort-window", "it needs all files at once"},
        {o->resync, "--resync", "a file that still grows cannot be told from a damaged one"},
        {o->extract, "--extract", "it reads all inputs again, and they may be gone"},
        {o->interface_count, "-i", "frames come from interfaces or from files"},
        {o->dpdk, "--dpdk", "frames come from ports or from files"},
    };
    const char *requires = o->follow_open ? "follow-open" : o->follow_poll > 0 ? "follow-poll" : NULL;
    if (!o->follow_count && requires)
        return options_fail("option '--%s' requires '--follow'", requires);
    if (!o->follow_count && !live_wanted(o) && (o->duration > 0 || o->idle_exit > 0))
        return options_fail("option '--%s' requires '-i', '--dpdk' or '--follow'",
                            o->duration > 0 ? "duration" : "idle-exit");
    if (!o->follow_count)
        return OPTIONS_RUN;
    for (unsigned i = 0; i < ARRAY_LEN(refused); i++)
        if (refused[i].given)
            return options_fail("options '--follow' and '%s' exclude each other: %s", refused[i].option,
                                refused[i].why);
    if (o->file_count)
        return options_fail("option '--follow' reads what is in its directories: name no files beside it");
    if (o->follow_open && o->follow_count > 1)
        return options_fail("option '--follow-open' reads one file as it grows: follow one directory");
    return OPTIONS_RUN;
}

static enum options_result check_input(const struct options *o, const struct options_required *given)
{
    const char *from = o->dpdk ? "option '--dpdk' reads from ports" : "option '-i' captures on interfaces";
    const bool live = live_wanted(o);
    if (o->dpdk && o->interface_count)
        return options_fail("options '--dpdk' and '-i' exclude each other");
    if (live && (o->file_count || o->files_from || o->append || o->recursive || o->clocks || o->sort_window ||
                 o->resync))
        return options_fail("%s and takes no files", from);
    if (live && o->extract)
        return options_fail("option '--extract' reads its inputs again, and %s", from);
    if (!o->dpdk && *given->ports)
        return options_fail("option '%s' requires '--dpdk'", given->ports);
    if (!o->interface_count && *given->interfaces)
        return options_fail("option '%s' requires '-i'", given->interfaces);
    if (!live && *given->live)
        return options_fail("option '%s' requires '-i' or '--dpdk'", given->live);
    if (!live && !o->file_count && !o->files_from && !o->follow_count)
        return options_fail("no input: name a capture file or a directory, or - for standard input");
    return OPTIONS_RUN;
}

enum options_result options_check(struct options *o, const struct options_required *given)
{
    const bool inputs = o->file_count || o->files_from || live_wanted(o);
    enum options_result result = options_check_modes(o);
    if (result == OPTIONS_RUN && (o->list_interfaces || o->describe))
        return inputs ? options_fail("option '--%s' takes no inputs",
                                     o->describe ? "describe" : "list-interfaces")
                      : OPTIONS_RUN;
    if (result == OPTIONS_RUN)
        result = check_input(o, given);
    if (result == OPTIONS_RUN && o->pieces && !o->output)
        result = options_fail("option '--piece' requires '-o FILE'");
    if (result == OPTIONS_RUN)
        result = check_follow(o);
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
        result = options_fail("options '--quiet' and '--progress always' exclude each other");
    return result;
}
