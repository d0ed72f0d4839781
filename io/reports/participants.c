/* A sink around another one, which notes the conversations that take part in a reuse, for a display filter and for
 * an extract. */
#include "io/reports/participants.h"
#include "io/reports/names.h"
#include "io/reports/outer_sink.h"
#include "io/reports/text.h"

#include <inttypes.h>
#include <pthread.h>
#include <stdlib.h>

struct participants {
    struct outer_sink outer;
    pthread_mutex_t lock; /* formatting is for all threads: guards what follows until the run has ended */
    struct noted_reuse *reuses;
    size_t count, capacity;
    /* From participants_finish() on: ascending, each once. */
    uint64_t *streams;
    size_t stream_count;
};

static int note(struct participants *p, const struct noted_reuse *reuse)
{
    int result = 0;
    pthread_mutex_lock(&p->lock);
    if (p->count == p->capacity) {
        const size_t capacity = p->capacity ? p->capacity * 2 : 64;
        struct noted_reuse *more = realloc(p->reuses, capacity * sizeof *more);
        if (more) {
            p->reuses = more;
            p->capacity = capacity;
        }
    }
    if (p->count < p->capacity)
        p->reuses[p->count++] = *reuse;
    else
        result = -1;
    pthread_mutex_unlock(&p->lock);
    return result;
}

static int format_reuse(struct sink *sink, struct text *text, const struct reuse_row *row)
{
    struct participants *p = (struct participants *)sink;
    const struct reuse *r = row->reuse;
    const struct conversation *c = &r->previous.c;
    const struct noted_reuse noted = {
        .frame = r->frame,
        .stream = r->stream,
        .previous_stream = r->previous_stream,
        .gap = time_between(c->last_time, r->time),
        .realm = sink->key_parts ? r->previous.keyed.realm : (struct realm){0},
        .key_parts = (uint8_t)sink->key_parts,
        .decimals = (uint8_t)MAX(conversation_decimals(c), r->decimals),
        .trigger = r->trigger,
        .close = row->finding ? row->finding->close : CLOSES,
        .verdict = row->finding ? row->finding->verdict : VERDICT_WORDS,
    };
    if (note(p, &noted))
        return -1;
    return outer_sink_reuse(sink, text, row);
}

static const struct sink_ops ops = {
    .format_reuse = format_reuse,
    .format_episode = outer_sink_episode,
    .format_packets = outer_sink_packets,
    .format_conversation = outer_sink_conversation,
    .format_endpoint = outer_sink_endpoint,
    .write = outer_sink_write,
};

struct participants *participants_create(struct sink *inner)
{
    struct participants *p = calloc(1, sizeof *p);
    if (!p)
        return NULL;
    outer_sink_init(&p->outer, inner, &ops);
    p->outer.sink.wants[REPORT_REUSE] = true;
    pthread_mutex_init(&p->lock, NULL);
    return p;
}

struct sink *participants_sink(struct participants *p)
{
    return &p->outer.sink;
}

void participants_destroy(struct participants *p)
{
    if (!p)
        return;
    pthread_mutex_destroy(&p->lock);
    free(p->reuses);
    free(p->streams);
    free(p);
}

static int compare(uint64_t a, uint64_t b)
{
    return (a > b) - (a < b);
}

static int by_frame_then_stream(const void *a, const void *b)
{
    const struct noted_reuse *x = a, *y = b;
    return x->frame != y->frame ? compare(x->frame, y->frame) : compare(x->stream, y->stream);
}

static int by_stream(const void *a, const void *b)
{
    return compare(*(const uint64_t *)a, *(const uint64_t *)b);
}

int participants_finish(struct participants *p)
{
    if (!p->count)
        return 0;
    uint64_t *streams = malloc(2 * p->count * sizeof *streams);
    if (!streams)
        return -1;
    qsort(p->reuses, p->count, sizeof *p->reuses, by_frame_then_stream);
    for (size_t i = 0; i < p->count; i++) {
        streams[2 * i] = p->reuses[i].previous_stream;
        streams[2 * i + 1] = p->reuses[i].stream;
    }
    qsort(streams, 2 * p->count, sizeof *streams, by_stream);
    size_t n = 1;
    for (size_t i = 1; i < 2 * p->count; i++)
        if (streams[i] != streams[n - 1])
            streams[n++] = streams[i];
    p->streams = streams;
    p->stream_count = n;
    return 0;
}

const struct noted_reuse *participants_reuses(const struct participants *p, size_t *count)
{
    *count = p->count;
    return p->reuses;
}

bool participants_equal(const struct participants *a, const struct participants *b)
{
    bool equal = a->count == b->count;
    for (size_t i = 0; equal && i < a->count; i++)
        equal = a->reuses[i].frame == b->reuses[i].frame && a->reuses[i].stream == b->reuses[i].stream &&
                a->reuses[i].previous_stream == b->reuses[i].previous_stream;
    return equal;
}

bool participants_have(const struct participants *p, uint64_t stream)
{
    return p->stream_count && bsearch(&stream, p->streams, p->stream_count, sizeof stream, by_stream);
}

bool participants_print_filter(const struct participants *p, FILE *to)
{
    if (!p->stream_count) {
        fputs("!frame\n", to);
        return false;
    }
    const char *separator = "tcp.stream in {";
    for (size_t i = 0, last; i < p->stream_count; i = last + 1) {
        for (last = i; last + 1 < p->stream_count && p->streams[last + 1] == p->streams[last] + 1;)
            last++;
        fprintf(to, "%s%" PRIu64, separator, p->streams[i]);
        if (last > i)
            fprintf(to, "%s%" PRIu64, last > i + 1 ? ".." : ",", p->streams[last]);
        separator = ",";
    }
    fputs("}\n", to);
    return true;
}

/* What the gap is measured from. */
static const char *const after[CLOSES + 1] = {
    [CLOSE_OPEN] = "after its last segment, while it was open",
    [CLOSE_FIN] = "after its FIN",
    [CLOSE_FIN_ONE_WAY] = "after its FIN, which one side sent",
    [CLOSE_RST] = "after its RST",
    [CLOSE_FIN_RST] = "after its RST",
    [CLOSE_REFUSED] = "after it was refused",
    [CLOSE_UNANSWERED] = "after its last segment, which was not answered",
    [CLOSES] = "after its last segment",
};

size_t participants_put_comment(const struct noted_reuse *r, char text[PARTICIPANTS_COMMENT_MAX])
{
    char gap[TEXT_TIME_MAX + TEXT_BEYOND];
    char *end = text_time(gap, r->gap, r->decimals);
    if (memchr(gap, '.', (size_t)(end - gap)))
        while (end[-1] == '0' || end[-1] == '.')
            if (*--end == '.')
                break;
    *end = 0;
    char realm[REALM_WORDS_MAX];
    const char *separator = realm_words(realm, r->key_parts, &r->realm) ? "; " : "";
    const bool decided = r->verdict < VERDICT_WORDS && r->verdict != VERDICT_UNKNOWN;
    return (size_t)snprintf(text, PARTICIPANTS_COMMENT_MAX,
                            "TCP port reuse: stream %" PRIu64 " reuses stream %" PRIu64 ", %s s %s%s%s%s%s",
                            r->stream, r->previous_stream, gap, after[r->close], decided ? "; " : "",
                            decided ? verdict_names[r->verdict] : "", separator, realm);
}
