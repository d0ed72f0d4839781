/* --help, made from the table of options. */
#include "cli/options_table.h"

#include <string.h>

enum {
    HELP_WIDTH = 80,
    HELP_COLUMN = 29, /* where the help of an option begins */
    HELP_LINE = HELP_WIDTH - HELP_COLUMN,
};

static const char head[] = "Usage: tcpreuse [OPTION]... FILE|DIR|-...\n"
                           "       tcpreuse [OPTION]... -i INTERFACE...\n"
                           "       tcpreuse [OPTION]... --dpdk \"EAL ARGUMENTS\"\n"
                           "\n"
                           "Find TCP connections that reuse the ports of earlier ones: what Wireshark marks\n"
                           "as \"TCP Port numbers reused\".\n"
                           "\n"
                           "All inputs together are one capture, in order of time; - is standard input. The\n"
                           "reuse report goes to standard output, a summary to standard error.\n";

static const char tail[] = "\n"
                           "Exit status: 0 success, 1 wrong usage, 2 some input could not be read to its\n"
                           "end, 3 output could not be written, 130 interrupted.\n";

/* Text in lines of at most HELP_LINE columns, all but the first one indented. */
static void print_wrapped(FILE *to, const char *text)
{
    while (strlen(text) > HELP_LINE) {
        const char *end = memrchr(text, ' ', HELP_LINE + 1);
        fprintf(to, "%.*s\n%*s", (int)(end - text), text, HELP_COLUMN, "");
        text = end + 1;
    }
    fprintf(to, "%s\n", text);
}

static void print_option(FILE *to, const struct option_spec *spec)
{
    char words[HELP_COLUMN + 1], letter[] = "    ";
    if (spec->letter)
        memcpy(letter, (char[]){'-', spec->letter, ','}, 3);
    const char *argument = spec->argument ? spec->argument : "";
    snprintf(words, sizeof words, "  %s--%s%s%s", letter, spec->name,
             *argument && *argument != '[' ? " " : "", argument);
    fprintf(to, "%-*s", HELP_COLUMN, words);
    print_wrapped(to, spec->help);
}

void options_print_help(FILE *to)
{
    fputs(head, to);
    for (unsigned section = 0; section < SECTIONS; section++) {
        fprintf(to, "\n%s:\n", option_sections[section]);
        for (unsigned i = 0; i < OPTION_SPECS; i++)
            if (option_specs[i].section == section)
                print_option(to, &option_specs[i]);
    }
    fputs(tail, to);
}
