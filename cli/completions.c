/* Completions for bash, zsh and fish. Arguments are told apart here once; each shell has its own way to say so. */
#include "cli/completions.h"
#include "cli/options_table.h"

#include <string.h>

const char *const completions_words[SHELLS] = {"complete-bash", "complete-zsh", "complete-fish"};

/* How the argument of an option is completed. */
enum completion {
    COMPLETE_NO_ARGUMENT,
    COMPLETE_OPTIONAL, /* an argument that only the form --option=ARGUMENT takes */
    COMPLETE_WORD,
    COMPLETE_LIST, /* words, separated by commas */
    COMPLETE_FILES,
    COMPLETE_DIRECTORIES,
    COMPLETE_NOTHING /* an argument that cannot be guessed */
};

static enum completion completion_of(const struct option_spec *spec)
{
    if (!spec->argument)
        return COMPLETE_NO_ARGUMENT;
    if (*spec->argument == '[')
        return COMPLETE_OPTIONAL;
    if (spec->words)
        return spec->kind == OPTION_STRING ? COMPLETE_LIST : COMPLETE_WORD;
    if (!strncmp(spec->argument, "FILE", 4))
        return COMPLETE_FILES;
    return strcmp(spec->argument, "DIR") ? COMPLETE_NOTHING : COMPLETE_DIRECTORIES;
}

static void print_words(FILE *to, const struct option_spec *spec)
{
    for (unsigned i = 0; i < spec->word_count; i++)
        fprintf(to, "%s%s", i ? " " : "", spec->words[i]);
}

/* Text for a place between single quotes. Backslashes go before the characters of `escaped`. */
static void print_quoted(FILE *to, const char *text, const char *escaped)
{
    for (; *text; text++) {
        if (*text == '\'')
            fputs("'\\'", to);
        else if (strchr(escaped, *text))
            fputc('\\', to);
        fputc(*text, to);
    }
}

/* "-j|--threads", the pattern of a case. */
static void print_bash_pattern(FILE *to, const struct option_spec *spec)
{
    if (spec->letter)
        fprintf(to, "-%c|", spec->letter);
    fprintf(to, "--%s", spec->name);
}

static void print_bash_case(FILE *to, const struct option_spec *spec)
{
    const enum completion completion = completion_of(spec);
    if (completion == COMPLETE_NO_ARGUMENT || completion == COMPLETE_OPTIONAL)
        return;
    fputs("    ", to);
    print_bash_pattern(to, spec);
    fputs(")\n        ", to);
    switch (completion) {
    case COMPLETE_WORD:
        fputs("mapfile -t COMPREPLY < <(compgen -W '", to);
        print_words(to, spec);
        fputs("' -- \"$current\")\n", to);
        break;
    case COMPLETE_LIST: /* what stands before the last comma stays */
        fputs("[[ $current == *,* ]] && before=${current%,*},\n"
              "        mapfile -t COMPREPLY < <(compgen -P \"$before\" -W '",
              to);
        print_words(to, spec);
        fputs("' -- \"${current##*,}\")\n", to);
        break;
    case COMPLETE_FILES:
        fputs("mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n", to);
        break;
    case COMPLETE_DIRECTORIES:
        fputs("mapfile -t COMPREPLY < <(compgen -d -- \"$current\")\n", to);
        break;
    default:
        fputs(":\n", to);
        break;
    }
    fputs("        return ;;\n", to);
}

/* Words of COMP_WORDBREAKS stand alone: "--rules=4" is --rules, =, 4. */
static void print_bash(FILE *to)
{
    fputs("# bash completion for tcpreuse; made by tcpreuse --generate complete-bash\n"
          "_tcpreuse() {\n"
          "    local current=${COMP_WORDS[COMP_CWORD]} previous=${COMP_WORDS[COMP_CWORD-1]} before=\n"
          "    [[ $current == = ]] && current=\n"
          "    [[ $previous == = ]] && previous=${COMP_WORDS[COMP_CWORD-2]}\n"
          "    case $previous in\n",
          to);
    for (unsigned i = 0; i < OPTION_SPECS; i++)
        print_bash_case(to, &option_specs[i]);
    fputs("    esac\n"
          "    if [[ $current == -* ]]; then\n"
          "        mapfile -t COMPREPLY < <(compgen -W '",
          to);
    for (unsigned i = 0; i < OPTION_SPECS; i++) {
        if (option_specs[i].letter)
            fprintf(to, "-%c ", option_specs[i].letter);
        fprintf(to, "--%s%s", option_specs[i].name, i + 1 < OPTION_SPECS ? " " : "");
    }
    fputs("' -- \"$current\")\n"
          "    else\n"
          "        mapfile -t COMPREPLY < <(compgen -f -- \"$current\")\n"
          "    fi\n"
          "}\n"
          "complete -o filenames -F _tcpreuse tcpreuse\n",
          to);
}

/* A line of _arguments: '(-j --threads)'{-j+,--threads=}'[help]:N:' */
static void print_zsh_option(FILE *to, const struct option_spec *spec)
{
    const enum completion completion = completion_of(spec);
    const bool repeated = spec->kind == OPTION_FILE || spec->kind == OPTION_PARSED;
    const char *sign = completion == COMPLETE_NO_ARGUMENT ? "" : completion == COMPLETE_OPTIONAL ? "=-" : "=";
    fputs("  ", to);
    if (repeated)
        fputs("'*'", to);
    else if (spec->letter)
        fprintf(to, "'(-%c --%s)'", spec->letter, spec->name);
    if (spec->letter)
        fprintf(to, "{-%c%s,--%s%s}'[", spec->letter, *sign ? "+" : "", spec->name, sign);
    else
        fprintf(to, "'--%s%s[", spec->name, sign);
    print_quoted(to, spec->help, "[]\\");
    fputc(']', to);
    switch (completion) {
    case COMPLETE_NO_ARGUMENT:
        break;
    case COMPLETE_OPTIONAL:
        fputs("::argument: ", to);
        break;
    case COMPLETE_WORD:
        fprintf(to, ":%s:(", spec->argument);
        print_words(to, spec);
        fputc(')', to);
        break;
    case COMPLETE_LIST:
        fprintf(to, ":%s:_values -s , %s ", spec->argument, spec->argument);
        print_words(to, spec);
        break;
    case COMPLETE_FILES:
        fputs(":FILE:_files", to);
        break;
    case COMPLETE_DIRECTORIES:
        fputs(":DIR:_directories", to);
        break;
    case COMPLETE_NOTHING:
        fprintf(to, ":%s: ", spec->argument);
        break;
    }
    fputs("' \\\n", to);
}

static void print_zsh(FILE *to)
{
    fputs("#compdef tcpreuse\n"
          "# zsh completion for tcpreuse; made by tcpreuse --generate complete-zsh\n"
          "_arguments -s -S : \\\n",
          to);
    for (unsigned i = 0; i < OPTION_SPECS; i++)
        print_zsh_option(to, &option_specs[i]);
    fputs("  '*:capture:_files'\n", to);
}

static void print_fish(FILE *to)
{
    fputs("# fish completion for tcpreuse; made by tcpreuse --generate complete-fish\n", to);
    for (unsigned i = 0; i < OPTION_SPECS; i++) {
        const struct option_spec *spec = &option_specs[i];
        fputs("complete -c tcpreuse", to);
        if (spec->letter)
            fprintf(to, " -s %c", spec->letter);
        fprintf(to, " -l %s", spec->name);
        switch (completion_of(spec)) {
        case COMPLETE_NO_ARGUMENT:
        case COMPLETE_OPTIONAL:
            break;
        case COMPLETE_WORD:
            fputs(" -x -a '", to);
            print_words(to, spec);
            fputc('\'', to);
            break;
        case COMPLETE_LIST:
            fputs(" -x -a '(__fish_complete_list , \"printf %s\\\\\\\\n ", to);
            print_words(to, spec);
            fputs("\")'", to);
            break;
        case COMPLETE_FILES:
            fputs(" -r -F", to);
            break;
        case COMPLETE_DIRECTORIES:
            fputs(" -x -a '(__fish_complete_directories)'", to);
            break;
        case COMPLETE_NOTHING:
            fputs(" -x", to);
            break;
        }
        fputs(" -d '", to);
        print_quoted(to, spec->help, "");
        fputs("'\n", to);
    }
}

void completions_print(FILE *to, enum shell shell)
{
    switch (shell) {
    case SHELL_BASH:
        print_bash(to);
        break;
    case SHELL_ZSH:
        print_zsh(to);
        break;
    case SHELL_FISH:
        print_fish(to);
        break;
    case SHELLS:
        break;
    }
}
