/* Messages on standard error.
 *
 * File names and texts that captures hold may contain anything, escape sequences for the terminal among it.
 * So what is printed is escaped: a byte of a control character (C0, DEL, C1) or of invalid UTF-8 becomes
 * \xNN. A backslash stays as it is. */
#ifndef TCPREUSE_MESSAGE_H
#define TCPREUSE_MESSAGE_H

#include <stdarg.h>
#include <stdio.h>

/* Writes "tcpreuse: ", the text formatted as by printf and escaped, and a newline to standard error.
 * Any thread. */
void message_error(const char *format, ...) __attribute__((format(printf, 1, 2)));
/* Messages say from now on who writes them: "tcpreuse: who: ". The text stays the caller's. Before there are other
 * threads. */
void message_name_writer(const char *who);
/* A text as by vprintf, which the caller frees; NULL when memory is short. */
char *message_text(const char *format, va_list ap) __attribute__((format(printf, 1, 0)));
/* Writes s escaped. NULL: "?". */
void message_write(FILE *to, const char *s);

#endif
