/* The list of what went wrong. */
#include "io/problems.h"
#include "io/message.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Takes the text, which is NULL where there was no memory for it. */
static void add(struct problems *p, enum problem_kind kind, size_t order, const char *file, int64_t offset,
                char *text)
{
    pthread_mutex_lock(&p->lock);
    if (p->count == p->capacity) {
        size_t capacity = p->capacity ? p->capacity * 2 : 8;
        struct problem *items = realloc(p->items, capacity * sizeof *items);
        if (!items) {
            p->lost += kind == PROBLEM_ERROR;
            pthread_mutex_unlock(&p->lock);
            free(text);
            return;
        }
        p->items = items;
        p->capacity = capacity;
    }
    p->items[p->count++] = (struct problem){
        .file = strdup(file),
        .text = text,
        .offset = offset < 0 ? 0 : (uint64_t)offset,
        .has_offset = offset >= 0,
        .note = kind == PROBLEM_NOTE,
        .order = order,
    };
    pthread_mutex_unlock(&p->lock);
}

void problems_add(struct problems *p, enum problem_kind kind, size_t order, const char *file, int64_t offset,
                  const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    char *text = message_text(format, ap);
    va_end(ap);
    add(p, kind, order, file, offset, text);
}

void problems_tell(struct problems *p, const char *file, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    char *text = message_text(format, ap);
    va_end(ap);
    message_error("%s%s%s", file, *file ? ": " : "", text ? text : "out of memory");
    if (p)
        add(p, PROBLEM_ERROR, 0, file, -1, text);
    else
        free(text);
}

size_t problems_count(struct problems *p)
{
    pthread_mutex_lock(&p->lock);
    const size_t n = p->count;
    pthread_mutex_unlock(&p->lock);
    return n;
}

static int by_place(const void *a, const void *b)
{
    const struct problem *x = a, *y = b;
    if (x->order != y->order)
        return x->order < y->order ? -1 : 1;
    return (x->offset > y->offset) - (x->offset < y->offset);
}

void problems_sort(struct problems *p)
{
    if (p->count)
        qsort(p->items, p->count, sizeof *p->items, by_place);
}

size_t problems_errors(const struct problems *p)
{
    size_t n = p->lost;
    for (size_t i = 0; i < p->count; i++)
        n += !p->items[i].note;
    return n;
}

void problems_free(struct problems *p)
{
    for (size_t i = 0; i < p->count; i++) {
        free(p->items[i].file);
        free(p->items[i].text);
    }
    free(p->items);
    p->items = NULL;
    p->count = p->capacity = p->lost = 0;
}
