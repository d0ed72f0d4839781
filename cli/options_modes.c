/* Which options go with --state, --piece, --combine, --mpi and --describe. These do not do what other runs
 * do: an option that means nothing to one of them is refused by its name, and never ignored. */
#include "cli/options_modes.h"
#include "cli/options_table.h"
#include "cli/options_wrong.h"

static const char *const mode_options[OPTION_MODES] = {[MODE_DESCRIBE] = "describe",
                                                       [MODE_STATE] = "state",
                                                       [MODE_PIECE] = "piece",
                                                       [MODE_COMBINE] = "combine",
                                                       [MODE_MPI] = "mpi"};

/* Whether an option goes with a mode: one of the first two, or why it is refused. part: it determines what is
 * in the mode's files, so it must be the same in each run; whoever reads the files compares. */
static const char goes[] = "", part[] = "", only_shows[] = "it only shows what a file holds",
                  inputs[] = "it is about the inputs of pieces: give it to '--piece'",
                  reports[] = "it writes no reports: give it to '--combine'",
                  listing[] = "its reports are files, not a listing",
                  one_run[] = "it needs one run over all frames",
                  ports[] = "what ports and interfaces receive cannot be read again",
                  one_process[] = "ports and interfaces belong to one process",
                  not_saved[] = "what ranks know is not saved",
                  known_before[] = "the inputs of pieces are known from the start",
                  by_itself[] = "each rank chooses its pieces itself",
                  are_there[] = "the pieces exist already", lists[] = "it only lists interfaces",
                  again[] = "it reads all inputs again",
                  what_was_lost[] =
                      "where a damaged file continues is known only when it is read from its beginning",
                  saved[] = "a state belongs to a run that reads its inputs itself";

/* Each option of the table. */
static const struct {
    const char *option;
    const char *to[OPTION_MODES]; /* in the order of their enum */
} classes[] = {
    /* option, --state, --piece, --combine, --mpi, --describe */
    {"read-file", {goes, goes, goes, goes, only_shows}},
    {"filter", {part, part, inputs, goes, only_shows}},
    {"recursive", {goes, goes, inputs, goes, only_shows}},
    {"files-from", {goes, goes, inputs, goes, only_shows}},
    {"append", {part, part, inputs, goes, only_shows}},
    {"clock", {"how the times of inputs were moved is not saved", part, inputs, goes, only_shows}},
    {"resync", {what_was_lost, what_was_lost, inputs, what_was_lost, only_shows}},
    {"sort-window",
     {"its window of frames is not saved", one_run, one_run, "frames go from one piece to another",
      only_shows}},
    {"drop-copies", {"its window of packets is not saved", part, inputs, goes, only_shows}},
    {"decode-as", {part, part, inputs, goes, only_shows}},
    {"ignore", {part, one_run, one_run, "a rank does not know the numbers of its frames", only_shows}},
    {"follow", {goes, known_before, inputs, known_before, only_shows}},
    {"follow-open", {goes, known_before, inputs, known_before, only_shows}},
    {"follow-poll", {goes, known_before, inputs, known_before, only_shows}},
    {"piece",
     {"a piece begins anywhere, and is read without what came before", goes, are_there, by_itself,
      only_shows}},
    {"combine", {"pieces are put together by one run", are_there, goes, are_there, only_shows}},
    {"mpi", {goes, by_itself, are_there, goes, only_shows}},
    {"interface", {ports, ports, ports, one_process, only_shows}},
    {"list-interfaces", {lists, lists, lists, lists, only_shows}},
    {"dpdk", {ports, ports, ports, one_process, only_shows}},
    {"output", {goes, goes, goes, goes, only_shows}},
    {"reports", {part, reports, goes, goes, only_shows}},
    {"format", {part, reports, goes, goes, only_shows}},
    {"details", {listing, reports, goes, goes, only_shows}},
    {"color", {listing, reports, goes, goes, only_shows}},
    {"names", {part, reports, goes, goes, only_shows}},
    {"rules", {part, part, part, goes, only_shows}},
    {"key", {part, part, part, goes, only_shows}},
    {"verdicts", {part, part, goes, goes, only_shows}},
    {"answer-window", {part, reports, goes, goes, only_shows}},
    {"timers", {part, reports, goes, goes, only_shows}},
    {"port-range", {part, reports, goes, goes, only_shows}},
    {"community-id", {part, reports, goes, goes, only_shows}},
    {"spreadsheet", {"it splits reports into several files", reports, goes, goes, only_shows}},
    {"bom", {part, reports, goes, goes, only_shows}},
    {"split-rows", {"rows that are not final are cut from the last file", reports, goes, goes, only_shows}},
    {"rotate", {"rows that are not final are cut from the last file", reports, goes, goes, only_shows}},
    {"fsync", {goes, goes, goes, goes, only_shows}},
    {"extract", {again, again, again, again, only_shows}},
    {"extract-frames", {again, again, again, again, only_shows}},
    {"state", {goes, saved, saved, goes, only_shows}},
    {"late", {goes, saved, saved, not_saved, only_shows}},
    {"print-filter",
     {"it needs all reuses, and the state has only those that wait", reports, goes, goes, only_shows}},
    {"threads", {goes, goes, goes, goes, only_shows}},
    {"max-conversations",
     {"which conversations are forgotten depends on the number of threads", one_run, one_run,
      "which are forgotten depends on all ranks", only_shows}},
    {"expire", {part, reports, goes, goes, only_shows}},
    {"memory-limit", {goes, "a piece keeps no conversations", goes, goes, only_shows}},
    {"sandbox", {goes, goes, goes, goes, goes}},
    {"progress", {goes, goes, goes, goes, only_shows}},
    {"stats", {goes, "a piece fills no tables", goes, goes, only_shows}},
    {"metrics", {goes, "a piece finds nothing", goes, "they are of one process", only_shows}},
    {"quiet", {goes, goes, goes, goes, goes}},
    {"verbose", {goes, goes, goes, goes, only_shows}},
    {"describe", {only_shows, only_shows, only_shows, only_shows, goes}},
    {"help", {goes, goes, goes, goes, goes}},
    {"version", {goes, goes, goes, goes, goes}},
    {"generate", {goes, goes, goes, goes, goes}},
    {"snaplen", {ports, ports, ports, one_process, only_shows}},
    {"no-promiscuous-mode", {ports, ports, ports, one_process, only_shows}},
    {"buffer-size", {ports, ports, ports, one_process, only_shows}},
    {"ports", {ports, ports, ports, one_process, only_shows}},
    {"queues", {ports, ports, ports, one_process, only_shows}},
    {"mbufs", {ports, ports, ports, one_process, only_shows}},
    {"duration", {goes, ports, ports, one_process, only_shows}},
    {"frames", {ports, ports, ports, one_process, only_shows}},
    {"idle-exit", {goes, ports, ports, one_process, only_shows}},
    {"user", {ports, ports, ports, one_process, only_shows}},
    {"stats-interval", {ports, ports, ports, one_process, only_shows}},
    {"stats-format", {ports, ports, ports, one_process, only_shows}},
};
_Static_assert(ARRAY_LEN(classes) == OPTION_SPECS,
               "each option has a row: what is it to a state, to pieces, to who combines them?");
_Static_assert((int)OPTION_SPECS <= (int)OPTIONS_MOST, "options.given has one for each");

/* NULL: someone has misspelled it. */
static const char *class_of(const char *option, enum option_mode mode)
{
    for (unsigned i = 0; i < ARRAY_LEN(classes); i++)
        if (!strcmp(classes[i].option, option))
            return classes[i].to[mode];
    return NULL;
}

static enum options_result check_mode(const struct options *o, enum option_mode mode)
{
    for (unsigned i = 0; i < OPTION_SPECS; i++) {
        const char *name = option_specs[i].name, *why = class_of(name, mode);
        if (!why)
            return options_fail("nobody has said whether '--%s' goes with '--%s'", name, mode_options[mode]);
        if (o->given[i] && why != goes && why != part)
            return options_fail("options '--%s' and '--%s' exclude each other: %s", mode_options[mode], name,
                                why);
    }
    return OPTIONS_RUN;
}

enum options_result options_check_modes(const struct options *o)
{
    const bool is[OPTION_MODES] = {[MODE_DESCRIBE] = o->describe,
                                   [MODE_STATE] = o->state && !o->mpi, /* there it is a directory of pieces */
                                   [MODE_PIECE] = o->pieces,
                                   [MODE_COMBINE] = o->combine,
                                   [MODE_MPI] = o->mpi};
    for (enum option_mode mode = OPTION_MODES; mode-- > 0;) {
        const enum options_result result = is[mode] ? check_mode(o, mode) : OPTIONS_RUN;
        if (result != OPTIONS_RUN)
            return result;
    }
    return OPTIONS_RUN;
}

bool options_given(const struct options *o, const char *name)
{
    for (unsigned i = 0; i < OPTION_SPECS; i++)
        if (!strcmp(option_specs[i].name, name))
            return o->given[i];
    return false;
}
