/* The line on standard error that is overwritten in place, and rows that go to the same terminal. */
#ifndef TCPREUSE_TERMINAL_H
#define TCPREUSE_TERMINAL_H

#include <stdbool.h>

/* Columns of the window that the descriptor is, or 0 where it is none. A terminal that does not tell has 80. */
unsigned terminal_columns(int fd);
/* May what goes to this terminal have colours? Not where NO_COLOR says no (no-color.org), nor on one that has
 * none. */
bool terminal_wants_color(int fd);
/* Does the user's locale have UTF-8? */
bool terminal_has_utf8(void);

/* Shows the line instead of the one before, cut to the width of the window. Any thread. */
void terminal_show_line(const char *line);
/* Any thread. */
void terminal_clear_line(void);
/* Around writing anything else to a terminal: the line is taken away, and stays away until it is shown again.
 * Any thread; costs a lock. */
void terminal_begin_output(void);
void terminal_end_output(void);

#endif
