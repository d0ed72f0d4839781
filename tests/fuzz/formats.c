/* Any bytes as a file of a capture format that is named, and not guessed from them, so that none has to be found by its
 * magic number. Read from begin to end, and once more record by record, as streams are cut: both give the same frames, which
 * lie in the file. And what is looked for behind a fault lies behind it.
 *
 *     | format 1 | the file's bytes ...
 */
#include "io/formats/format.h"
#include "io/formats/registry.h"
#include "io/formats/resync.h"
#include "io/problems.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

enum { HEAD = 1, FILE_MAX = 1 << 16, FRAMES_MAX = 1 << 12 };

static const struct capture_format *const formats[] = {
    &format_pcap,        &format_pcapng, &format_snoop, &format_netmon,   &format_netxray,    &format_sniffer,
    &format_visual,      &format_5views, &format_nettl, &format_observer, &format_lanalyzer,  &format_iptrace,
    &format_peek_tagged, &format_peek,   &format_erf,   &format_commview, &format_commview_x,
};

struct reading {
    struct capture *capture;
    const void *context;
    unsigned count;
    struct frame frames[FRAMES_MAX];
};

/* Walks what is in the window from at on. Returns the state in which it ends, and moves *at. */
static enum lane_state walk(struct reading *r, const struct window *window, uint64_t *at)
{
    struct record_reader reader = {
        .position = *at,
        .limit = MIN(window->end, r->capture->records_end),
        .context = r->context,
        .state = LANE_OPEN,
    };
    if (r->capture->records_end != UINT64_MAX)
        reader.limit = r->capture->records_end;
    struct walk turn = {.end = 1, .reader = {&reader}};
    while (r->count < FRAMES_MAX - WALK_FRAMES) {
        if (reader.state == LANE_CHANGE) {
            const uint64_t before = reader.position;
            r->capture->format->change(r->capture, window, &reader);
            REQUIRE(reader.state == LANE_FAULT || reader.position > before);
            if (reader.state == LANE_CHANGE)
                reader.state = LANE_OPEN;
        }
        if (reader.state != LANE_OPEN)
            break;
        r->capture->format->walk(r->capture, window, &turn);
        for (unsigned k = 0; k < turn.count[0]; k++)
            r->frames[r->count++] = turn.frame[0][k];
    }
    if (reader.state == LANE_FAULT)
        r->capture->format->fault(r->capture, window, &reader);
    r->context = reader.context;
    *at = reader.position;
    return reader.state;
}

static bool begin(struct reading *r, const struct capture_format *format, const uint8_t *bytes, uint64_t size,
                  struct problems *problems)
{
    r->count = 0;
    r->capture = capture_new("input", 0, problems);
    REQUIRE(r->capture);
    r->capture->format = format;
    atomic_store(&r->capture->size, size);
    const enum capture_open_result result = format->open(r->capture, bytes, size, true);
    REQUIRE(result != OPEN_MORE);
    r->context = atomic_load(&r->capture->context);
    return result == OPEN_DONE;
}

/* One record after the other, as far as each can be told. */
static void read_apart(struct reading *r, const uint8_t *bytes, uint64_t size)
{
    for (uint64_t at = r->capture->first_record; at < size;) {
        uint64_t length = r->capture->format->record_length(r->capture, r->context, bytes + at, size - at);
        if (length == RECORD_BROKEN)
            return;
        length &= ~RECORD_CHANGES;
        if (!length || length > size - at)
            return;
        const struct window window = {.bytes = bytes, .end = at + length};
        const uint64_t before = at;
        if (walk(r, &window, &at) == LANE_FAULT)
            return;
        REQUIRE(at == before + length || r->count >= FRAMES_MAX - WALK_FRAMES);
        if (r->count >= FRAMES_MAX - WALK_FRAMES)
            return;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static struct reading whole, apart;
    if (size < HEAD + 4 || size > FILE_MAX)
        return 0;
    const uint8_t *bytes = data + HEAD;
    const struct window window = {.bytes = bytes, .end = size - HEAD};
    const struct capture_format *format = formats[data[0] % ARRAY_LEN(formats)];
    if (format->probe ? !format->probe(bytes, MIN(window.end, (uint64_t)4096))
                      : format->probe_records(bytes, window.end, true) != PROBE_YES)
        return 0; /* files that are not probed are not opened */
    struct problems problems = PROBLEMS_INIT;
    if (begin(&whole, format, bytes, window.end, &problems)) {
        uint64_t at = whole.capture->first_record, place;
        const enum lane_state state = walk(&whole, &window, &at);
        for (unsigned i = 0; i < whole.count; i++) {
            const struct frame *f = &whole.frames[i];
            REQUIRE(f->data >= bytes && f->data + f->captured <= bytes + window.end);
        }
        if (state == LANE_FAULT && resync_is_possible(whole.capture) &&
            resync_find(whole.capture, &window, whole.context, at + 1, window.end, true, &place) ==
                RESYNC_FOUND)
            REQUIRE(place > at && place < window.end);
        if (whole.capture->records_end == UINT64_MAX && begin(&apart, format, bytes, window.end, &problems)) {
            read_apart(&apart, bytes, window.end);
            REQUIRE(apart.count <= whole.count);
            for (unsigned i = 0; i < apart.count; i++) {
                const struct frame *a = &whole.frames[i], *b = &apart.frames[i];
                REQUIRE(a->data == b->data && a->captured == b->captured && a->time == b->time &&
                        a->link_type == b->link_type && a->length == b->length);
            }
            REQUIRE(state == LANE_FAULT || whole.count == apart.count ||
                    whole.count >= FRAMES_MAX - WALK_FRAMES);
            capture_drop(apart.capture);
        } else if (whole.capture->records_end == UINT64_MAX) {
            capture_drop(apart.capture);
        }
    }
    capture_drop(whole.capture);
    problems_free(&problems);
    return 0;
}
