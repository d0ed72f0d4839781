/* Wrong usage in words: what options.c and options_check.c say of it. */
#ifndef TCPREUSE_OPTIONS_WRONG_H
#define TCPREUSE_OPTIONS_WRONG_H

#include "cli/options.h"

/* Prints an error and a pointer to --help. Returns OPTIONS_WRONG. */
__attribute__((format(printf, 1, 2))) enum options_result options_fail(const char *format, ...);
/* What follows an error: "; did you mean '--threads'?", or nothing where word is NULL. Returns text. */
const char *options_ask_whether(const char *dashes, const char *word, char text[64]);
/* "a, b or c", as much of it as fits. Returns text. */
const char *options_join_words(const char *const *words, unsigned count, char *text, size_t size);
/* Finds the word that is these characters; *found is its index. */
bool options_find_word(const char *const *words, unsigned count, const char *text, size_t length,
                       unsigned *found);

#endif
