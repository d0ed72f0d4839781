/* Prints what was wrong with the inputs. */
#include "cli/problems_print.h"
#include "io/message.h"

void problems_print(struct problems *problems, bool quiet)
{
    problems_sort(problems);
    for (size_t i = 0; i < problems->count; i++) {
        const struct problem *p = &problems->items[i];
        if (p->note && quiet)
            continue;
        const char *file = p->file ? p->file : "?", *text = p->text ? p->text : "out of memory";
        if (p->has_offset)
            message_error("%s: offset %llu: %s", file, (unsigned long long)p->offset, text);
        else
            message_error("%s: %s", file, text);
    }
    if (problems->lost)
        message_error("%zu more errors, lost for want of memory", problems->lost);
}
