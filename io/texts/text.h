/* Traces that are no capture files, but show the bytes of frames in some other way: as a rule printed as text, in
 * hexadecimal digits. Each format is one file that says how one record is read from bytes in memory;
 * io/streams/stream_text.c makes a pcapng file of the records, and so all else reads them like any stream. */
#ifndef TCPREUSE_TEXT_H
#define TCPREUSE_TEXT_H

#include "engine/util.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TEXT_FRAME_MAX = 262144,   /* bytes of a frame; more are taken for a sign of damage */
    TEXT_PROBE_BYTES = 4096,   /* so many of a file tell its format */
    TEXT_RECORD_MAX = 8 << 20, /* bytes that a record may take in the trace, with what stands before it */
    TEXT_LINKS_MAX = 6,
    TEXT_LINK_UNSUPPORTED = 0xffe0, /* a packet that is not looked into */
    TEXT_LINK_NO_PACKET = 0xffff,   /* a record that has a frame number, and no packet of any kind */
    TEXT_ISDN_WORDS = 4,
};

/* One frame; its bytes are the reader's. */
struct text_record {
    int64_t time;    /* since 1970, in the format's units */
    unsigned link;   /* which of the format's */
    uint32_t length; /* before it was cut */
};

enum text_result {
    TEXT_RECORD,  /* there is one */
    TEXT_SKIPPED, /* the bytes used have none */
    TEXT_MORE,    /* more bytes are needed */
    TEXT_END,     /* there is none up to the end of the trace */
    TEXT_FAULT,   /* text_fault() was called */
};

struct text_format;

/* Reads one trace. One thread at a time. */
struct text_reader {
    const struct text_format *format;
    const uint8_t *bytes; /* from the next record on */
    size_t count;
    uint64_t position; /* of bytes in the trace */
    bool whole;        /* these are all, up to the end of the trace */
    size_t used;       /* set by read(): the bytes that the record took, with what stands before it */
    uint8_t *frame;    /* TEXT_FRAME_MAX bytes */
    uint32_t captured; /* bytes of the frame */
    char *failure;     /* what was expected, and found; NULL when memory was short */
    uint64_t failure_at;
    int64_t own[8]; /* what the format remembers from record to record; zeros at first */
};

struct text_format {
    const char *name;
    /* NULL: it is text. Else: may these, too few for probe, begin such a trace? Captures should be told from it by as few
     * bytes as can be, since those of a slow pipe wait for the answer. */
    bool (*may_begin)(const uint8_t *bytes, size_t count);
    unsigned decimals; /* of its times */
    uint16_t links[TEXT_LINKS_MAX];
    unsigned link_count;
    /* Are these (TEXT_PROBE_BYTES, or whole: all there are, or as many as have come) the first bytes of such a trace?
     * No is only final with all of them. */
    bool (*probe)(const uint8_t *bytes, size_t count, bool whole);
    /* Reads the next record from t->bytes, and sets t->used. t->captured is 0 beforehand. */
    enum text_result (*read)(struct text_reader *t, struct text_record *r);
};

/* What a trace is whose first bytes these are: a format; NULL and *more: more bytes may tell; NULL: no trace of a
 * kind that is known here. whole: there are no more. Any thread. */
const struct text_format *text_find_format(const uint8_t *bytes, size_t count, bool whole, bool *more);

/* Returns TEXT_FAULT. at: of the bytes. */
enum text_result text_fault(struct text_reader *t, size_t at, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* One more byte of the frame. False, and nothing done, if it is too long. */
static inline bool text_put(struct text_reader *t, unsigned byte)
{
    if (t->captured == TEXT_FRAME_MAX)
        return false;
    t->frame[t->captured++] = (uint8_t)byte;
    return true;
}

/* Is this frame of the ISDN channel (0: D; 256 at most) PPP? Once for each frame, in order. The reader's own[0] up to
 * own[TEXT_ISDN_WORDS - 1] are used for it. */
bool text_isdn_is_ppp(struct text_reader *t, unsigned channel);

/* Lines. */

struct text_line {
    const char *at; /* without what ends it; not terminated */
    size_t length;
    size_t offset; /* of the bytes */
};

/* Where reading lines has come to; begin with zeros behind the first three. */
struct text_lines {
    const uint8_t *bytes;
    size_t count;
    bool whole;
    size_t next; /* offset of the line after the last one */
};

enum text_line_result { LINE_FOUND, LINE_NONE, LINE_UNFINISHED };

static inline struct text_lines text_lines(const struct text_reader *t)
{
    return (struct text_lines){.bytes = t->bytes, .count = t->count, .whole = t->whole};
}

/* LINE_NONE: the trace has no more. LINE_UNFINISHED: more bytes are needed. */
enum text_line_result text_next_line(struct text_lines *lines, struct text_line *line);
/* For read(), after another result than LINE_FOUND while what came before was no part of a record. */
enum text_result text_skip_lines(struct text_reader *t, const struct text_lines *lines,
                                 enum text_line_result result);
/* The next line with which a record begins; t->used stands before it. Anything but TEXT_RECORD is what read() returns:
 * there is none. */
enum text_result text_find_record(struct text_reader *t, struct text_lines *lines, struct text_line *line,
                                  bool begins(const struct text_line *));
/* Has it nothing but blanks? */
bool text_line_is_blank(const struct text_line *line);
/* Where the words stand in the line; NULL: nowhere. */
const char *text_line_find(const struct text_line *line, const char *words);
/* Does it begin with a letter, a digit or a bracket, behind blanks? For probe: quoted in a program's comments it does not. */
bool text_line_is_printed(const struct text_line *line);

/* Parts of a line. */

struct text_scan {
    const char *at, *end;
};

static inline struct text_scan text_scan_line(const struct text_line *line)
{
    return (struct text_scan){line->at, line->at + line->length};
}

void text_scan_blanks(struct text_scan *s);
/* Are these the next characters? Then they are passed; else nothing is done. */
bool text_scan_literal(struct text_scan *s, const char *literal);
/* A number of up to so many digits (9 at most), behind blanks. */
bool text_scan_decimal(struct text_scan *s, unsigned digits, uint32_t *value);
bool text_scan_hex(struct text_scan *s, unsigned digits, uint32_t *value);
/* Two hexadecimal digits, here. */
bool text_scan_byte(struct text_scan *s, unsigned *byte);
/* JAN: 1; false: it is none, in capitals or not. */
bool text_scan_month(struct text_scan *s, uint32_t *month);
/* -1: it is none. */
int text_digit(char c);

/* Seconds since 1970 of a date and time in this process's time zone, as Wireshark takes those without one. */
int64_t text_local_seconds(uint32_t year, uint32_t month, uint32_t day, uint32_t hour, uint32_t minute,
                           uint32_t second);

#endif
