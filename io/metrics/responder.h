/* A very small HTTP server: one page, one connection at a time. For collectors of metrics, on this machine by default. */
#ifndef TCPREUSE_RESPONDER_H
#define TCPREUSE_RESPONDER_H

#include <stdbool.h>
#include <stddef.h>

struct responder;

enum { RESPONDER_ERROR_MAX = 256, RESPONDER_PLACE_MAX = 160 };

/* Does it name a place to listen at, and not a file? */
bool responder_names(const char *text);
/* The path of a socket that it names; NULL: it names none. */
const char *responder_path(const char *text);
/* Listens at unix:PATH, tcp:PORT (of 127.0.0.1), tcp:ADDRESS:PORT or tcp:[ADDRESS]:PORT. A socket at PATH that nobody
 * listens at any more is replaced. NULL after writing the reason to error. */
struct responder *responder_open(const char *text, char error[RESPONDER_ERROR_MAX]);
/* Where it listens, for people: http://127.0.0.1:9184/metrics */
const char *responder_place(const struct responder *r);
/* Readable when somebody connects. */
int responder_descriptor(const struct responder *r);
/* Answers one connection within about a second. write(): makes the page; freed by the responder; NULL: there is no memory for
 * it. False: there was no connection, or no descriptor for it; then it stays readable, so the caller has to wait a little. */
bool responder_answer(struct responder *r, const char *type, char *(*write)(void *context, size_t *length),
                      void *context);
/* NULL is fine. */
void responder_close(struct responder *r);

#endif
