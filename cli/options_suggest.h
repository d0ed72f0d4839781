/* Finds what was meant where something else was typed. */
#ifndef TCPREUSE_OPTIONS_SUGGEST_H
#define TCPREUSE_OPTIONS_SUGGEST_H

/* The word most like the text of this length, or NULL where none is like it, or several are equally. */
const char *options_suggest_word(const char *const *words, unsigned count, const char *text, unsigned length);

/* What serves the purpose that an option of tshark and tcpdump has, by its letter, where there is none by that letter here.
 * NULL: no such option is known. */
const char *options_suggest_instead(char letter);

#endif
