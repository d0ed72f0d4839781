/* Reads the command line by the table of options. What options mean together is checked in options_check.c. */
#include "cli/options.h"
#include "cli/completions.h"
#include "cli/options_check.h"
#include "cli/options_suggest.h"
#include "cli/options_table.h"
#include "cli/options_values.h"
#include "cli/options_wrong.h"
#include "io/message.h"
#include "io/ports/interface_source.h"

#include <ctype.h>
#include <getopt.h>
#include <sched.h>
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

static struct given_option option_given(int code)
{
    struct given_option given = {0};
    for (unsigned i = 0; i < OPTION_SPECS && !given.spec; i++)
        /* NOLINTNEXTLINE(clang-analyzer-core.NullDereference): a table of the program's */
        if (code == LONG_FORM + (int)i || (code && code == option_specs[i].letter))
            given.spec = &option_specs[i];
    if (given.spec && code >= LONG_FORM)
        snprintf(given.form, sizeof given.form, "--%s", given.spec->name);
    else if (given.spec)
        snprintf(given.form, sizeof given.form, "-%c", given.spec->letter);
    return given;
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
    return options_fail("invalid number '%s' for '%s' (%s)", text, given->form, range);
}

static enum options_result store_seconds(const struct given_option *given, const char *text, void *member)
{
    double seconds;
    if (!options_parse_seconds(text, &seconds))
        return options_fail("invalid time '%s' for '%s' (seconds, such as 60 or 0.5)", text, given->form);
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
    if (options_find_word(spec->words, spec->word_count, text, strlen(text), index))
        return OPTIONS_RUN;
    char choices[128], question[64];
    const char *meant = options_suggest_word(spec->words, spec->word_count, text, (unsigned)strlen(text));
    return options_fail("invalid argument '%s' for '%s' (%s)%s", text, given->form,
                        options_join_words(spec->words, spec->word_count, choices, sizeof choices),
                        options_ask_whether("", meant, question));
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
    return options_fail("invalid %s '%s' for '%s' (%s)", spec->noun, text, given->form,
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
            return options_fail("invalid %s '%s' for '%s' (%s)", spec->noun, text, given->form,
                                spec->example);
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
        return options_fail("option '%.*s' is ambiguous (%s)", (int)length, word, candidates);
    return options_fail("unknown option '%.*s'%s", (int)length, word,
                        options_ask_whether("--", suggest_option(word + 2, length - 2), question));
}

/* A letter that is no option. word: may begin with it. It may be the start of a long option with one dash only
 * (-threads), the wrong case, or the first letter of a long option. */
static enum options_result fail_letter(char letter, const char *word)
{
    char question[64] = "";
    size_t length = strcspn(word, "=");
    const char *const instead = options_suggest_instead(letter);
    if (length > 3 && word[0] == '-' && word[1] == letter)
        options_ask_whether("--", suggest_option(word + 1, length - 1), question);
    if (!*question && instead)
        return options_fail("unknown option '-%c'; %s", letter, instead);
    const char lower = (char)tolower((unsigned char)letter);
    for (unsigned i = 0; !*question && i < OPTION_SPECS; i++)
        if (option_specs[i].letter == lower)
            options_ask_whether("-", (char[]){lower, 0}, question);
    if (!*question)
        options_ask_whether("--", suggest_option(&lower, 1), question);
    return options_fail("unknown option '-%c'%s", letter, question);
}

/* What getopt_long() rejected with code; word: the last one it has read to its end, next: the one after it, of
 * which it may have read some letters. optopt is the code of an option that
 * it knows, the letter of one that it does not know, or 0 for a long one. */
static enum options_result fail_option(int code, const char *word, const char *next)
{
    struct given_option given = option_given(optopt);
    if (given.spec && code == ':')
        return options_fail("option '%s' requires an argument", given.form);
    if (given.spec)
        return options_fail("option '%s' takes no argument", given.form);
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

/* cpu_set_t has room for 1,024 processors; where there are more, sched_getaffinity() fails. */
static unsigned available_processors(void)
{
    cpu_set_t set;
    const long count =
        sched_getaffinity(0, sizeof set, &set) ? sysconf(_SC_NPROCESSORS_ONLN) : CPU_COUNT(&set);
    return (unsigned)MIN(MAX(count, 1L), (long)PIPELINE_THREADS);
}

/* getopt() remembers between calls that files are to be returned in their order, and the EAL, which reads its
 * arguments with it too, would be given words that are none. Setting optind to 0 makes it forget (getopt(3)). */
static void reset_getopt(void)
{
    char name[] = "tcpreuse", *none[] = {name, NULL};
    optind = 0;
    /* cppcheck-suppress ignoredReturnValue ; there is no option in it */
    (void)getopt(1, none, "");
}

/* Reads argv, option by option. last: of each section, the last one given. */
static enum options_result read_arguments(struct options *o, int argc, char **argv,
                                          struct given_option last[SECTIONS])
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
        o->given[given.spec - option_specs] = true;
        last[given.spec->section] = given;
        result = store_option(o, &given, optarg);
    }
    for (int i = optind; result == OPTIONS_RUN && i < argc; i++) /* after -- */
        o->files[o->file_count++] = argv[i];
    reset_getopt();
    return result;
}

enum options_result options_read(struct options *o, int argc, char **argv)
{
    struct given_option last[SECTIONS] = {0};
    *o = (struct options){.argc = argc,
                          .argv = argv,
                          .rules = RULES_4_4,
                          .answer_window = 3 * INT64_C(1000000000),
                          .port_range = {32768, 60999},
                          .snap_length = INTERFACE_SNAP,
                          .buffer = INTERFACE_BUFFER_KIB,
                          .files = calloc((size_t)argc + 1, sizeof *o->files),
                          .follow = calloc((size_t)argc + 1, sizeof *o->follow)};
    if (!o->files || !o->follow) {
        message_error("out of memory");
        return OPTIONS_NO_MEMORY;
    }
    enum options_result result = read_arguments(o, argc, argv, last);
    if (result == OPTIONS_RUN)
        result = options_check(o, &(struct options_required){
                                      .live = last[SECTION_LIVE].form,
                                      .interfaces = last[SECTION_INTERFACES].form,
                                      .ports = last[SECTION_PORTS].form,
                                  });
    if (!o->dpdk && !o->threads)
        o->threads = available_processors();
    return result;
}

void options_free(struct options *o)
{
    free(o->files);
    free(o->follow);
    free(o->ignore);
    free(o->clocks);
    free(o->decode_as);
    free(o->ports);
    free(o->interfaces);
}
