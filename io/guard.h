/* Reading mapped bytes of a file that somebody may cut short meanwhile.
 *
 * Mapping beats reading (20 ns a 64-byte frame through read(), 7 mapped), but pages of a file that is cut
 * raise SIGBUS. So mapped bytes are read under capture_guard() only, and a handler jumps back there.
 *
 * The jump can leave any instruction that reads mapped bytes, and nothing is unwound. So at such an
 * instruction, work and what it calls
 * - own no memory that nothing else points to,
 * - hold no lock and no turn,
 * - have no half-done change to anything that outlives the call: a list's count grows after its item is
 *   complete, a pointer is stored when what it points to can be freed.
 * Allocating and locking are fine where no mapped byte is read before the change is complete. */
#ifndef TCPREUSE_GUARD_H
#define TCPREUSE_GUARD_H

#include <stdbool.h>

/* Installs the handler, for the process; without it, mapped bytes that are gone end the process. With the first file that
 * is mapped, so that whoever maps none keeps the signal as it is. Any thread. */
void capture_guard_install(void);
/* Runs work(argument), which may read mapped bytes. False when bytes were gone: a file has been cut
 * meanwhile. Any thread; not from within work. */
bool capture_guard(void (*work)(void *), void *argument);

#endif
