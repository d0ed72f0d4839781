/* The line on standard error that is overwritten in place, and rows that go to the same terminal. */
#ifndef TCPREUSE_TERMINAL_H
#define TCPREUSE_TERMINAL_H

/* Shows the line instead of the one before, cut to the width of the window. Any thread. */
void terminal_show_line(const char *line);
/* Any thread. */
void terminal_clear_line(void);
/* Around writing anything else to a terminal: the line is taken away, and stays away until it is shown again.
 * Any thread; costs a lock. */
void terminal_begin_output(void);
void terminal_end_output(void);

#endif
