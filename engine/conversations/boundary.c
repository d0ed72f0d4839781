/* Boundaries with options in any order, and the search by position. */
#include "engine/conversations/boundary.h"
#include "engine/list.h"

/* Options, RFC 9293, 3.1; RFC 7323, 3.2. */
enum { OPTION_END, OPTION_NO_OPERATION, OPTION_TIMESTAMPS = 8, TIMESTAMPS_LENGTH = 10 };

enum { HEADER_WITHOUT_OPTIONS = 20 };

/* The TSval, if the options have one. */
static bool find_timestamp(const uint8_t *tcp, uint32_t end, uint32_t *timestamp)
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

int boundary_add(struct boundary_list *list, struct segment *s, const uint8_t *tcp, uint32_t captured,
                 int32_t ip_id)
{
    const uint32_t header = (tcp[12] >> 4) * 4u;
    uint32_t timestamp = 0;
    unsigned bits = (ip_id >= 0 ? BOUNDARY_IP_ID : 0) | (captured < header ? BOUNDARY_CUT : 0);
    if (list_reserve(&list->items, &list->capacity, (uint64_t)list->count + 1, sizeof *list->items))
        return -1;
    if (find_timestamp(tcp, MIN(header, captured), &timestamp))
        bits |= BOUNDARY_TIMESTAMP;
    boundary_put(list, s, timestamp, (uint16_t)ip_id, bits);
    return 0;
}

uint32_t boundary_count_up_to(const struct boundary_list *list, uint32_t position)
{
    uint32_t low = 0, high = list->count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (list->items[middle].position <= position)
            low = middle + 1;
        else
            high = middle;
    }
    return low;
}
