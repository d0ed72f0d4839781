/* Prints what was wrong with the inputs. */
#include "cli/problems_print.h"
#include "io/message.h"

static void print(const struct problem *p, bool quiet)
{
    if (p->note && quiet)
        return;
    const char *file = p->file ? p->file : "?", *text = p->text ? p->text : "out of memory";
    if (p->has_offset)
        message_error("%s: offset %llu: %s", file, (unsigned long long)p->offset, text);
    else
        message_error("%s: %s", file, text);
}

void problems_print(struct problems *problems, bool quiet)
{
    problems_sort(problems);
    for (size_t i = 0; i < problems->count; i++)
        print(&problems->items[i], quiet);
    if (problems->lost)
        message_error("%zu more errors, lost for want of memory", problems->lost);
}

void problems_print_new(struct problems *problems, bool quiet, size_t *printed)
{
    pthread_mutex_lock(&problems->lock);
    while (*printed < problems->count)
        print(&problems->items[(*printed)++], quiet);
    pthread_mutex_unlock(&problems->lock);
}
