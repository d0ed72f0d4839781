/* The list of the FTP segments of a lane. */
#include "engine/conversations/ftp_segment.h"
#include "engine/list.h"

struct ftp_segment *ftp_list_add(struct ftp_list *list, const struct segment *s, enum family family)
{
    struct ftp_segment *f = LIST_ADD(list);
    if (!f)
        return NULL;
    *f = (struct ftp_segment){.family = (uint8_t)family};
    memcpy(f, s, segment_size(family));
    return f;
}
