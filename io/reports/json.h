/* A JSON writer (RFC 8259): begin a container, write members, end it. Commas, line breaks, indentation and
 * escapes are its own business.
 *
 *     struct json j = {.to = file};
 *     json_begin_object(&j, NULL, JSON_LINES);
 *     json_string(&j, "name", "value");
 *     json_begin_array(&j, "sizes", JSON_INLINE);
 *     json_unsigned(&j, NULL, 64);
 *     json_end(&j);
 *     json_end(&j);
 *
 * name is the member's in an object, and NULL in an array and for the outermost value. What is written goes
 * to the file at once, and a newline follows the outermost container. ferror() tells of write errors. One
 * thread at a time. */
#ifndef TCPREUSE_JSON_H
#define TCPREUSE_JSON_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

/* JSON_LINES: a line for each member, indented by two spaces. JSON_INLINE: members on one line. A JSON_LINES
 * container inside a JSON_INLINE one closes on its last line. */
enum json_layout { JSON_LINES, JSON_INLINE };

/* The most containers that may be open at a time. */
enum { JSON_DEPTH = 16 };

struct json {
    FILE *to;
    unsigned depth, indent; /* open containers, and those of JSON_LINES among them */
    bool within_html;       /* strings have no character that means something in HTML or JavaScript */
    bool break_line;        /* before the next member of a JSON_INLINE container */
    struct json_container {
        enum json_layout layout;
        char close; /* '}' or ']' */
        bool filled;
    } open[JSON_DEPTH];
};

void json_begin_object(struct json *j, const char *name, enum json_layout layout);
void json_begin_array(struct json *j, const char *name, enum json_layout layout);
/* Ends the innermost container. */
void json_end(struct json *j);
/* Begins a new line before the next member of a JSON_INLINE container that would be too long. */
void json_break(struct json *j);

/* Output is valid UTF-8 whatever s holds: each byte that is no part of a valid character becomes U+FFFD. */
void json_string(struct json *j, const char *name, const char *s);
void json_unsigned(struct json *j, const char *name, uint64_t n);
void json_signed(struct json *j, const char *name, int64_t n);
/* With so many decimals; null for NaN and infinities, which JSON does not have. */
void json_real(struct json *j, const char *name, double x, unsigned decimals);
void json_bool(struct json *j, const char *name, bool b);
void json_null(struct json *j, const char *name);

#endif
