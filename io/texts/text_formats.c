/* All traces that are no capture files, and which of them a file is. */
#include "io/texts/text_formats.h"

static const struct text_format *const formats[] = {
    &text_netscreen,
};

/* Could these first bytes be text, as far as they are there? Bytes of any character set may be; a number, as captures
 * begin with, has zeros in it. */
static bool may_be_text(const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < MIN(count, (size_t)TEXT_PROBE_BYTES); i++)
        if (bytes[i] < '\a')
            return false;
    return true;
}

const struct text_format *text_find_format(const uint8_t *bytes, size_t count, bool whole, bool *more)
{
    count = MIN(count, (size_t)TEXT_PROBE_BYTES);
    whole = whole || count == TEXT_PROBE_BYTES;
    *more = false;
    if (!may_be_text(bytes, count))
        return NULL;
    for (size_t i = 0; i < ARRAY_LEN(formats); i++)
        if (formats[i]->probe(bytes, count, whole))
            return formats[i];
    *more = !whole;
    return NULL;
}
