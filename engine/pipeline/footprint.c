/* What a conversation takes of memory, by what a run keeps of it. */
#include "engine/conversations/history.h"
#include "engine/conversations/idle.h"
#include "engine/conversations/ways.h"
#include "engine/pipeline.h"
#include "engine/pipeline/endpoints.h"

struct pipeline_footprint pipeline_footprint(const struct pipeline_params *params)
{
    enum { STREAM_BYTES = 6 }; /* stream_map.h */
    const bool *wants = params->sink->wants;
    const bool forgets = params->max_conversations || params->expire || params->expire_begun;
    /* The index is 3/8 full once it has doubled, and the old one is still there while it does. */
    const size_t index = sizeof(struct bucket) / BUCKET_SLOTS * 3 * 4 / 3;
    struct pipeline_footprint f = {.kept = conversation_size(params->key_parts ? FAMILY_KEYED : FAMILY_IPV6) +
                                           index + STREAM_BYTES};
    if (params->verdicts.wanted)
        f.kept += sizeof(struct history);
    if (wants[REPORT_CONVERSATIONS])
        f.kept += sizeof(struct ways);
    if (forgets)
        f.kept += 3 * sizeof(struct idle_link); /* it doubles by a copy */
    if (forgets && wants[REPORT_CONVERSATIONS])
        f.kept += STREAM_BYTES; /* of the one before */
    if (forgets && wants[REPORT_CONVERSATIONS])
        f.at_end += 2 * sizeof(struct conversation_row); /* and what sorting needs */
    if (wants[REPORT_ENDPOINTS]) /* an endpoint of its own for each, as in a flood of random sources */
        f.at_end += sizeof(struct endpoint_conversation) + (ROLES + 1) * sizeof(uint32_t) +
                    2 * (sizeof(struct endpoint) + sizeof(struct endpoint_slot));
    return f;
}
