/* The options as data. Parsing, the checks of single values, --help and shell completions are made from one table.
 * tests/input/options.py holds the table, the man page and the option lists in docs/usage.md,
 * docs/live.md and docs/dpdk.md against each other.
 *
 * To add an option: a member of struct options, a row of the table and one of options_modes.c, and an entry in the man
 * page and in one of the lists. What concerns several options at once is checked in options_check.c. */
#ifndef TCPREUSE_OPTIONS_TABLE_H
#define TCPREUSE_OPTIONS_TABLE_H

#include "cli/options.h"

enum option_section {
    SECTION_INPUT,
    SECTION_REPORTS,
    SECTION_RESOURCES,
    SECTION_MESSAGES,
    SECTION_LIVE,       /* these require interfaces or ports */
    SECTION_INTERFACES, /* these require interfaces */
    SECTION_PORTS,      /* these require --dpdk */
    SECTIONS
};

/* What the argument is, and the type of the member that takes its value. */
enum option_kind {
    OPTION_FLAG,        /* no argument; bool, set to true */
    OPTION_STRING,      /* const char *, at least `least` bytes long */
    OPTION_FILE,        /* one more of `files` */
    OPTION_UNSIGNED,    /* unsigned, from `least` to `most` */
    OPTION_UINT64,      /* uint64_t, from `least` to `most` */
    OPTION_SECONDS,     /* double: seconds above 0, a fraction allowed */
    OPTION_NANOSECONDS, /* int64_t: given in seconds, kept in nanoseconds */
    OPTION_WORD,        /* an enum: the index in `words`, or what `values` has for it */
    OPTION_PARSED,      /* `parse` stores it */
    OPTION_HELP,        /* no argument; answered at once */
    OPTION_VERSION,     /* no argument; answered at once */
    OPTION_GENERATE,    /* a word; answered at once */
};

struct option_spec {
    const char *name; /* without the dashes */
    char letter;      /* or 0 */
    /* The argument's name in --help; NULL: the option takes none. "[=NAME]", of an option without a letter:
     * it may be left out, and then `parse` gets NULL. */
    const char *argument;
    enum option_kind kind;
    enum option_section section;
    const char *help; /* one line of any length; --help wraps it */
    size_t member;    /* offset in struct options */
    uint64_t least, most;
    /* Of OPTION_WORD, what the argument may be; of OPTION_STRING, what a list may name, for completions. */
    const char *const *words;
    unsigned word_count;
    const unsigned *values;
    bool (*parse)(struct options *o, const char *text); /* false: the text is wrong */
    const char *noun;                                   /* in errors: "invalid NOUN 'text' for ..." */
    const char *example;                                /* in errors: what is allowed */
    /* The same, of a text that is wrong; NULL: the example says it. */
    void (*explain)(const char *wrong, char *text, size_t size);
};

enum { OPTION_SPECS = 69 };
/* In the order in which --help lists them, section by section. */
extern const struct option_spec *const option_specs;
extern const char *const option_sections[SECTIONS];

/* What --rules takes: the generations, then other names of the last one. */
enum { RULES_WORDS = 4 };
extern const char *const rules_words[RULES_WORDS];

#endif
