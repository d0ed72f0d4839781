/* What is noted of a segment with SYN, FIN or RST: its time stamp option and IP identification. */
#include "engine/conversations/boundary.h"
#include "engine/list.h"

/* Options, RFC 9293, 3.1; RFC 7323, 3.2. */
enum { OPTION_END, OPTION_NO_OPERATION, OPTION_TIMESTAMPS = 8, TIMESTAMPS_LENGTH = 10 };

enum { HEADER_WITHOUT_OPTIONS = 20 };

/* The TSval, if the options have one. */
static __attribute__((noinline)) bool find_timestamp(const uint8_t *tcp, uint32_t end, uint32_t *timestamp)
{
    for (uint32_t at = HEADER_WITHOUT_OPTIONS; at < end;) {
        if (tcp[at] == OPTION_NO_OPERATION) {
            at++;
            continue;
        }
        if (tcp[at] == OPTION_END || end - at < 2 || tcp[at + 1] < 2)
            return false;
        if (tcp[at] == OPTION_TIMESTAMPS && tcp[at + 1] == TIMESTAMPS_LENGTH &&
            end - at >= TIMESTAMPS_LENGTH) {
            *timestamp = load_be32(tcp + at + 2);
            return true;
        }
        at += tcp[at + 1];
    }
    return false;
}

int boundary_add(struct boundary_list *list, const struct segment *s, const uint8_t *tcp, uint32_t captured,
                 int32_t ip_id)
{
    struct boundary *const b = LIST_ADD(list);
    if (!b)
        return -1;
    const uint32_t header = (tcp[12] >> 4) * 4u;
    uint32_t timestamp = 0;
    unsigned bits = (ip_id >= 0 ? BOUNDARY_IP_ID : 0) | (captured < header ? BOUNDARY_CUT : 0);
    if (header > HEADER_WITHOUT_OPTIONS && find_timestamp(tcp, MIN(header, captured), &timestamp))
        bits |= BOUNDARY_TIMESTAMP;
    b->clock = b > list->items ? MAX(s->time, b[-1].clock) : s->time;
    b->position = s->position;
    b->timestamp = timestamp;
    b->ip_id = (uint16_t)ip_id;
    b->bits = (uint8_t)bits;
    return 0;
}
