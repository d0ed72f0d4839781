/* Finds the word that was meant where another one was typed. */
#ifndef TCPREUSE_OPTIONS_SUGGEST_H
#define TCPREUSE_OPTIONS_SUGGEST_H

/* The word most like the text of this length, or NULL where none is like it, or several are equally. */
const char *options_suggest_word(const char *const *words, unsigned count, const char *text, unsigned length);

#endif
