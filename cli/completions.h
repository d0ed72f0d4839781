/* Scripts with which a shell completes tcpreuse's options, made from the table of options.
 *
 * The name of an option's argument decides how it is completed: FILE as files, DIR as directories, FILE=S as files before
 * the sign; where the option has words, they are offered, and separated by commas unless it takes only one. Nothing
 * is offered for other arguments, such as numbers. */
#ifndef TCPREUSE_COMPLETIONS_H
#define TCPREUSE_COMPLETIONS_H

#include <stdio.h>

enum shell { SHELL_BASH, SHELL_ZSH, SHELL_FISH, SHELLS };

/* What --generate takes, in the order of enum shell: complete-bash ... */
extern const char *const completions_words[SHELLS];

void completions_print(FILE *to, enum shell shell);

#endif
