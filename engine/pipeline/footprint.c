/* The memory that a conversation takes, by what a run keeps of it. */
#include "engine/conversations/history.h"
#include "engine/conversations/idle.h"
#include "engine/conversations/ways.h"
#include "engine/pipeline/state.h"

struct pipeline_footprint pipeline_footprint(const struct pipeline_params *params)
{
    enum { STREAM_BYTES = 6 }; /* stream_map.h */
    const bool *wants = params->sink->wants;
    const bool forgets = params->max_conversations || params->expire || params->expire_begun;
    /* After doubling, the index is 3/8 full: 8/3 slots a conversation, and half as many in the old one. */
    const size_t index = sizeof(struct bucket) / BUCKET_SLOTS * 4;
    struct pipeline_footprint f = {.kept = conversation_size(params->key_parts ? FAMILY_KEYED : FAMILY_IPV6) +
                                           index + STREAM_BYTES};
    if (params->verdicts.wanted)
        f.kept += sizeof(struct beginning) + sizeof(struct stamps) + sizeof(struct past);
    if (wants[REPORT_CONVERSATIONS])
        f.kept += sizeof(struct ways) + (params->verdicts.wanted ? sizeof(int64_t) : 0);
    if (forgets)
        f.kept += 3 * sizeof(struct idle_link); /* it doubles by a copy */
    if (params->expire)
        f.kept += 3 * sizeof(uint64_t); /* likewise */
    if (forgets && wants[REPORT_CONVERSATIONS])
        f.kept += STREAM_BYTES; /* of the conversation before it */
    if (forgets && wants[REPORT_CONVERSATIONS])
        f.at_end += 2 * sizeof(struct row_place); /* sorting needs another copy */
    if (wants[REPORT_ENDPOINTS]) /* each with an endpoint of its own, as in a flood from random sources */
        f.at_end += sizeof(struct endpoint_conversation) + (ROLES + 1) * sizeof(uint32_t) +
                    2 * (sizeof(struct endpoint) + sizeof(struct endpoint_slot));
    return f;
}
