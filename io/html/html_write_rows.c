/* The rows of the page's table as columns of numbers: ten times smaller than objects, and quick to write and to read.
 * Frames, streams and seconds are differences from the row before or from another column, which are short. Words are one
 * digit each, in one string a column. page_data.js reads them.
 *
 * Columns are made side by side, for some rows at a time that stay in the cache: one after the other, each read all rows
 * from memory again, which took two thirds of the time. */
#include "engine/batch.h"
#include "engine/conversations/hash.h"
#include "io/html/html_collected.h"
#include "io/reports/text.h"
#include "io/reports/text_digits.h"

#include <errno.h>
#include <stdlib.h>
#define XXH_INLINE_ALL
#include <xxhash.h>

/* Addresses, numbered in the order in which they first appear. */
struct addresses {
    struct hash_key key;
    uint32_t *slots; /* number + 1; 0: empty */
    uint32_t mask, count;
    struct html_address *items;
};

static int addresses_init(struct addresses *a, uint32_t rows)
{
    uint32_t slots = 64;
    while (slots < 4 * rows)
        slots *= 2;
    a->mask = slots - 1;
    a->slots = calloc(slots, sizeof *a->slots);
    a->items = malloc((2 * (size_t)rows + 1) * sizeof *a->items);
    return a->slots && a->items && !hash_key_draw(&a->key) ? 0 : -1;
}

static uint32_t number_address(struct addresses *a, const struct html_address *address)
{
    uint32_t at = (uint32_t)XXH3_64bits_withSecret(address, sizeof *address, a->key.secret, HASH_SECRET_SIZE);
    for (at &= a->mask; a->slots[at]; at = (at + 1) & a->mask)
        if (!memcmp(&a->items[a->slots[at] - 1], address, sizeof *address))
            return a->slots[at] - 1;
    a->items[a->count] = *address;
    a->slots[at] = ++a->count;
    return a->count - 1;
}

enum column {
    FRAME,
    SECONDS,
    NANOSECONDS,
    STREAM,
    PREVIOUS_STREAM,
    CLIENT,
    CLIENT_PORT,
    SERVER,
    SERVER_PORT,
    GAP,
    FIRST_FRAME,
    LAST_FRAME,
    FRAMES,
    BYTES,
    EPISODE,
    ATTEMPT,
    SYN_RETRIES,
    ANSWER_DELAY,
    EPISODE_DELAY,
    FILE_NUMBER,
    UNDERCUTS,
    VLAN, /* these only where they belong to the key */
    INTERFACE,
    VNI,
    COLUMNS
};

static const char *const column_names[COLUMNS] = {
    [FRAME] = "frame",
    [SECONDS] = "seconds",
    [NANOSECONDS] = "nanoseconds",
    [STREAM] = "stream",
    [PREVIOUS_STREAM] = "previous_stream",
    [CLIENT] = "client",
    [CLIENT_PORT] = "client_port",
    [SERVER] = "server",
    [SERVER_PORT] = "server_port",
    [GAP] = "gap",
    [FIRST_FRAME] = "first_frame",
    [LAST_FRAME] = "last_frame",
    [FRAMES] = "frames",
    [BYTES] = "bytes",
    [EPISODE] = "episode",
    [ATTEMPT] = "attempt",
    [SYN_RETRIES] = "syn_retries",
    [ANSWER_DELAY] = "answer_delay",
    [EPISODE_DELAY] = "episode_delay",
    [FILE_NUMBER] = "file",
    [UNDERCUTS] = "undercuts",
    [VLAN] = "vlan",
    [INTERFACE] = "interface",
    [VNI] = "vni",
};

_Static_assert(KEY_VLAN == 1 << (VLAN - VLAN) && KEY_INTERFACE == 1 << (INTERFACE - VLAN) &&
                   KEY_VNI == 1 << (VNI - VLAN),
               "columns in the order of enum key_parts");

/* Enumerations, and bits of up to five, as one of 0 to 9 and a to v. */
static const struct {
    const char *name;
    size_t offset;
} words[] = {
    {"trigger", offsetof(struct html_row, trigger)},       {"verdict", offsetof(struct html_row, verdict)},
    {"close", offsetof(struct html_row, close)},           {"closer", offsetof(struct html_row, closer)},
    {"acceptable", offsetof(struct html_row, acceptable)}, {"origin", offsetof(struct html_row, isn_origin)},
    {"answer", offsetof(struct html_row, answer)},         {"outcome", offsetof(struct html_row, outcome)},
    {"certainty", offsetof(struct html_row, certainty)},   {"decimals", offsetof(struct html_row, decimals)},
};
_Static_assert(1 << CERTAINTIES <= 32 && HTML_SERIES <= 32, "one digit");

struct writer {
    const struct html_collected *c;
    FILE *to;
    struct text numbers[COLUMNS], words[ARRAY_LEN(words)];
    struct addresses addresses;
    const char **files;
    size_t file_count, file_capacity, last_file;
    uint64_t *sets; /* of timers: few differ */
    uint32_t set_count, set_capacity;
    bool failed; /* memory was short */
};

/* The number of a file, whose name is one pointer for all its rows. */
static int64_t number_file(struct writer *w, const char *file)
{
    if (w->last_file < w->file_count && w->files[w->last_file] == file)
        return (int64_t)w->last_file;
    for (w->last_file = 0; w->last_file < w->file_count; w->last_file++)
        if (w->files[w->last_file] == file)
            return (int64_t)w->last_file;
    if (w->file_count == w->file_capacity) {
        const size_t capacity = w->file_capacity ? 2 * w->file_capacity : 16;
        const char **more = realloc(w->files, capacity * sizeof(const char *));
        if (!more) {
            w->failed = true;
            return -1;
        }
        w->files = more;
        w->file_capacity = capacity;
    }
    w->files[w->file_count++] = file;
    return (int64_t)w->last_file;
}

static int64_t number_set(struct writer *w, uint64_t set)
{
    uint32_t k = 0;
    while (k < w->set_count && w->sets[k] != set)
        k++;
    if (k < w->set_count)
        return k;
    if (k == w->set_capacity) {
        const uint32_t capacity = 2 * k + 16;
        uint64_t *more = realloc(w->sets, capacity * sizeof *more);
        if (!more) {
            w->failed = true;
            return 0;
        }
        w->sets = more;
        w->set_capacity = capacity;
    }
    w->sets[w->set_count++] = set;
    return k;
}

enum { SECOND = 1000000000 };

static int64_t second_of(int64_t ns)
{
    return ns / SECOND - (ns % SECOND < 0);
}

/* before: the row before, or NULL. */
static int64_t value_of(struct writer *w, enum column column, const struct html_row *r,
                        const struct html_row *before)
{
    switch (column) {
    case FRAME:
        return (int64_t)(r->frame - (before ? before->frame : 0));
    case SECONDS:
        return second_of(r->time) - (before ? second_of(before->time) : 0);
    case NANOSECONDS:
        return r->time - second_of(r->time) * SECOND;
    case STREAM:
        return (int64_t)(r->stream - (before ? before->stream : 0));
    case PREVIOUS_STREAM:
        return (int64_t)(r->stream - r->previous_stream);
    case CLIENT:
        return number_address(&w->addresses, &r->client);
    case CLIENT_PORT:
        return r->client_port;
    case SERVER:
        return number_address(&w->addresses, &r->server);
    case SERVER_PORT:
        return r->server_port;
    case GAP:
        return r->gap;
    case FIRST_FRAME:
        return (int64_t)(r->frame - r->first_frame);
    case LAST_FRAME:
        return (int64_t)(r->frame - r->last_frame);
    case FRAMES:
        return (int64_t)r->frames;
    case BYTES:
        return (int64_t)r->bytes;
    case EPISODE:
        return (int64_t)(r->stream - r->episode);
    case ATTEMPT:
        return r->attempt;
    case SYN_RETRIES:
        return r->syn_retries;
    case ANSWER_DELAY:
        return r->answer_delay;
    case EPISODE_DELAY:
        return r->episode_delay;
    case UNDERCUTS:
        return number_set(w, r->undercuts);
    case VLAN:
        return r->realm.vlan ? r->realm.vlan : -1;
    case INTERFACE:
        return r->realm.interface;
    case VNI:
        return (int64_t)r->realm.network - 1;
    default:
        return r->origin.file ? number_file(w, r->origin.file) : -1;
    }
}

static char *put_signed(char *p, int64_t n)
{
    if (n < 0)
        *p++ = '-';
    return text_number(p, n < 0 ? -(uint64_t)n : (uint64_t)n);
}

/* Three numbers in ten have one digit, and nearly all at most six. */
static char *put_value(char *p, int64_t n)
{
    enum { MILLION = 1000000 };
    if ((uint64_t)n < 10) {
        *p++ = (char)('0' + n);
        return p;
    }
    return (uint64_t)n < MILLION ? put_six(p, (uint32_t)n) : put_signed(p, n);
}

static bool has_column(const struct writer *w, enum column column)
{
    return column < VLAN || w->c->key_parts >> (column - VLAN) & 1;
}

/* Of rows begin to end. */
static int add_numbers(struct writer *w, enum column column, uint32_t begin, uint32_t end)
{
    struct html_row *const *const rows = (struct html_row *const *)w->c->rows.items;
    struct text *const text = &w->numbers[column];
    char *const room = text_room(text, (size_t)(end - begin) * (TEXT_NUMBER_MAX + 2) + TEXT_BEYOND),
                *p = room;
    if (!room)
        return -1;
    for (uint32_t i = begin; i < end; i++) {
        if (i)
            *p++ = ',';
        p = put_value(p, value_of(w, column, rows[i], i ? rows[i - 1] : NULL));
    }
    text->length += (size_t)(p - room);
    return 0;
}

static int add_words(struct writer *w, size_t k, uint32_t begin, uint32_t end)
{
    struct html_row *const *const rows = (struct html_row *const *)w->c->rows.items;
    char *const room = text_room(&w->words[k], end - begin);
    if (!room)
        return -1;
    for (uint32_t i = begin; i < end; i++)
        room[i - begin] = "0123456789abcdefghijklmnopqrstuv"[((const uint8_t *)rows[i])[words[k].offset]];
    w->words[k].length += end - begin;
    return 0;
}

/* 0, or -1 when memory is short. */
static int make_columns(struct writer *w)
{
    enum { AT_A_TIME = 128 };
    for (uint32_t begin = 0; begin < w->c->rows.count; begin += AT_A_TIME) {
        const uint32_t end = MIN(begin + AT_A_TIME, w->c->rows.count);
        for (unsigned column = 0; column < COLUMNS; column++)
            if (has_column(w, (enum column)column) && add_numbers(w, (enum column)column, begin, end))
                return -1;
        for (size_t k = 0; k < ARRAY_LEN(words); k++)
            if (add_words(w, k, begin, end))
                return -1;
    }
    return w->failed ? -1 : 0;
}

static void write_numbers(const struct writer *w, enum column column)
{
    fprintf(w->to, "%s\"%s\":[", column ? ",\n" : "", column_names[column]);
    fwrite(w->numbers[column].bytes, 1, w->numbers[column].length, w->to);
    putc(']', w->to);
}

static void write_words(const struct writer *w, size_t k)
{
    fprintf(w->to, ",\n\"%s\":\"", words[k].name);
    fwrite(w->words[k].bytes, 1, w->words[k].length, w->to);
    putc('"', w->to);
}

static void write_sets(const struct writer *w)
{
    fputs(",\n\"timer_sets\":[", w->to);
    for (uint32_t k = 0; k < w->set_count; k++) {
        const char *separator = "";
        fputs(k ? ",[" : "[", w->to);
        for (unsigned t = 0; t < TIMERS_MAX; t++)
            if (w->sets[k] >> t & 1) {
                fprintf(w->to, "%s%u", separator, t);
                separator = ",";
            }
        putc(']', w->to);
    }
    putc(']', w->to);
}

static void write_addresses(const struct writer *w)
{
    fputs(",\n\"addresses\":[", w->to);
    for (uint32_t i = 0; i < w->addresses.count; i++) {
        const struct html_address *a = &w->addresses.items[i];
        char text[TEXT_ADDRESS_MAX + TEXT_BEYOND];
        char *end =
            a->family == FAMILY_IPV4 ? text_ipv4(text, load_be32(a->bytes)) : text_ipv6(text, a->bytes);
        fprintf(w->to, "%s\"%.*s\"", i ? "," : "", (int)(end - text), text);
    }
    putc(']', w->to);
}

static void write_columns(const struct writer *w)
{
    putc('{', w->to);
    for (unsigned column = 0; column < COLUMNS; column++)
        if (has_column(w, (enum column)column))
            write_numbers(w, (enum column)column);
    for (size_t k = 0; k < ARRAY_LEN(words); k++)
        write_words(w, k);
    write_sets(w);
    write_addresses(w);
    fputs("}\n", w->to);
}

int html_write_rows(const struct html_collected *c, FILE *to, const char ***files, size_t *count)
{
    struct writer w = {.c = c, .to = to};
    const int result = addresses_init(&w.addresses, c->rows.count) || make_columns(&w) ? -1 : 0;
    if (!result)
        write_columns(&w);
    for (unsigned column = 0; column < COLUMNS; column++)
        free(w.numbers[column].bytes);
    for (size_t k = 0; k < ARRAY_LEN(words); k++)
        free(w.words[k].bytes);
    free(w.addresses.slots);
    free(w.addresses.items);
    free(w.sets);
    *files = w.files;
    *count = w.file_count;
    if (result)
        errno = ENOMEM;
    return result;
}
