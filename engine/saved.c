/* Values as bytes: growth, and the checks of what is read. */
#include "engine/saved.h"
#include "engine/list.h"

#include <stdlib.h>

void saved_put(struct saved_writer *w, const void *bytes, size_t count)
{
    if (w->failed || !count)
        return;
    if (buffer_reserve(&w->bytes, &w->capacity, w->length + count)) {
        w->failed = true;
        return;
    }
    memcpy(w->bytes + w->length, bytes, count);
    w->length += count;
}

const uint8_t *saved_take(struct saved_reader *r, size_t count)
{
    if (r->failed || (size_t)(r->end - r->at) < count) {
        r->failed = true;
        return NULL;
    }
    const uint8_t *at = r->at;
    r->at += count;
    return at;
}

char *saved_get_text(struct saved_reader *r)
{
    const uint32_t length = saved_get32(r);
    const uint8_t *bytes = saved_take(r, length);
    if (!bytes || memchr(bytes, 0, length)) {
        r->failed = true;
        return NULL;
    }
    char *text = malloc((size_t)length + 1);
    saved_check_memory(r, text);
    if (!text)
        return NULL;
    memcpy(text, bytes, length);
    text[length] = 0;
    return text;
}
