/* All traces that are no capture files, and which of them a file is. */
#include "io/texts/text_formats.h"

static const struct text_format *const formats[] = {
    &text_netscreen,  &text_ascend, &text_cosine,  &text_vms,    &text_k12text, &text_toshiba,
    &text_etherwatch, &text_iplog,  &text_iseries, &text_eyesdn, &text_i4b,     &text_hcidump,
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
    *more = !count && !whole;
    if (!count) /* then bytes may be NULL, which memmem() must not get */
        return NULL;
    const bool is_text = may_be_text(bytes, count);
    for (size_t i = 0; i < ARRAY_LEN(formats); i++) {
        const struct text_format *f = formats[i];
        if (!f->may_begin && !is_text)
            continue;
        if (f->probe(bytes, count, whole))
            return f;
        if (!f->may_begin || f->may_begin(bytes, count))
            *more = !whole;
    }
    return NULL;
}
