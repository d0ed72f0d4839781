/* The rules, case by case: the steps of docs/rules.md in the three generations. */
#include "engine/rules.h"

#include <criterion/criterion.h>

enum { A = TCP_ACK, S = TCP_SYN, SA = TCP_SYN | TCP_ACK, F = TCP_FIN, FA = TCP_FIN | TCP_ACK, R = TCP_RST };
static const enum rules generations[] = {RULES_4_0, RULES_4_2, RULES_4_4};

struct reuse_case {
    const char *what;
    unsigned flags;
    uint32_t seq; /* the sender's ISN is 1000 where it is known */
    uint8_t known, completeness;
    enum trigger expected[3]; /* in each generation */
};

#define NONE                                                                                                 \
    {                                                                                                        \
        TRIGGER_NONE, TRIGGER_NONE, TRIGGER_NONE                                                             \
    }

static const struct reuse_case reuse_cases[] = {
    {"no SYN, whatever the number", A, 5, 3, HAS_FIN | HAS_RST, NONE},
    {"FIN", FA, 5, 3, 0, NONE},
    {"RST", R, 5, 3, 0, NONE},
    {"SYN, nothing known", S, 5, 0, 0, NONE},
    {"SYN, only the receiver's ISN known", S, 5, 2, HAS_FIN | HAS_RST, NONE},
    {"SYN again", S, 1000, 3, HAS_SYN, NONE},
    {"SYN again, after data", S, 1000, 3, HAS_SYN | HAS_SYNACK | HAS_ACK | HAS_DATA, NONE},
    {"SYN with another ISN", S, 1001, 3, HAS_SYN, {TRIGGER_SYN_ISN, TRIGGER_SYN_ISN, TRIGGER_SYN_ISN}},
    {"SYN with a lower ISN", S, 0, 1, 0, {TRIGGER_SYN_ISN, TRIGGER_SYN_ISN, TRIGGER_SYN_ISN}},
    {"SYN after FIN", S, 1000, 3, HAS_FIN, {TRIGGER_NONE, TRIGGER_SYN_AFTER_FIN, TRIGGER_SYN_AFTER_FIN}},
    {"SYN after RST", S, 1000, 3, HAS_RST, {TRIGGER_NONE, TRIGGER_SYN_AFTER_RST, TRIGGER_SYN_AFTER_RST}},
    {"RST comes before FIN",
     S,
     1000,
     3,
     HAS_FIN | HAS_RST,
     {TRIGGER_NONE, TRIGGER_SYN_AFTER_RST, TRIGGER_SYN_AFTER_RST}},
    {"the ISN comes before both",
     S,
     7,
     3,
     HAS_FIN | HAS_RST,
     {TRIGGER_SYN_ISN, TRIGGER_SYN_ISN, TRIGGER_SYN_ISN}},
    {"SYN/ACK, nothing known", SA, 5, 0, HAS_FIN, NONE},
    {"SYN/ACK again", SA, 1000, 3, HAS_SYN | HAS_SYNACK, NONE},
    {"SYN/ACK with another ISN",
     SA,
     1001,
     3,
     0,
     {TRIGGER_SYNACK_ISN, TRIGGER_SYNACK_ISN, TRIGGER_SYNACK_ISN}},
    {"SYN/ACK after FIN", SA, 1000, 3, HAS_FIN, {TRIGGER_NONE, TRIGGER_NONE, TRIGGER_SYNACK_AFTER_FIN}},
    {"SYN/ACK after RST", SA, 1000, 3, HAS_RST, {TRIGGER_NONE, TRIGGER_NONE, TRIGGER_SYNACK_AFTER_RST}},
    {"other flags make no difference",
     S | TCP_PSH | F | R | 0xfe0,
     1001,
     3,
     0,
     {TRIGGER_SYN_ISN, TRIGGER_SYN_ISN, TRIGGER_SYN_ISN}},
};

Test(rules, reuse)
{
    for (size_t i = 0; i < ARRAY_LEN(reuse_cases); i++)
        for (unsigned g = 0; g < 3; g++)
            for (unsigned flow = 0; flow < 2; flow++) {
                const struct reuse_case *c = &reuse_cases[i];
                struct rules_state state = {.completeness = c->completeness};
                /* As seen from the sender: known bit 0 is its own. */
                state.known = flow ? (uint8_t)((c->known & 1) << 1 | c->known >> 1) : c->known;
                state.isn[flow] = 1000;
                state.isn[!flow] = 5;
                cr_expect_eq(rules_reuse(generations[g], &state, flow, c->flags, c->seq), c->expected[g],
                             "%s, generation %u, flow %u", c->what, g, flow);
            }
}

Test(rules, opens_conversation)
{
    static const bool expected[3][TRIGGERS] = {
        {false, true, true, true, false, false, false},
        {false, true, true, true, false, false, false},
        {false, true, true, true, true, true, true},
    };
    for (unsigned g = 0; g < 3; g++)
        for (unsigned t = 0; t < TRIGGERS; t++)
            cr_expect_eq(rules_opens_conversation(generations[g], (enum trigger)t), expected[g][t],
                         "generation %u, trigger %u", g, t);
}

Test(rules, is_new)
{
    static const struct {
        const char *what;
        unsigned flags;
        uint8_t known; /* of the sender: bit 0 */
        bool created;
        enum trigger trigger;
        bool expected[3];
    } cases[] = {
        {"the first segment of a tuple", A, 0, true, TRIGGER_NONE, {true, true, true}},
        {"the first SYN of a tuple", S, 0, true, TRIGGER_NONE, {true, true, true}},
        {"a SYN that is a reuse", S, 0, true, TRIGGER_SYN_ISN, {false, true, true}},
        {"a SYN/ACK that opens", SA, 0, true, TRIGGER_SYNACK_ISN, {false, true, true}},
        {"a SYN/ACK that goes on", SA, 1, false, TRIGGER_SYNACK_ISN, {false, false, false}},
        {"a SYN of an unknown side", S, 2, false, TRIGGER_NONE, {false, true, true}},
        {"a SYN again", S, 1, false, TRIGGER_NONE, {false, false, false}},
        {"a SYN/ACK of an unknown side", SA, 2, false, TRIGGER_NONE, {false, false, false}},
        {"any other segment", A, 2, false, TRIGGER_NONE, {false, false, false}},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        for (unsigned g = 0; g < 3; g++) {
            struct rules_state state = {.known = cases[i].known};
            cr_expect_eq(
                rules_is_new(generations[g], &state, 0, cases[i].flags, cases[i].created, cases[i].trigger),
                cases[i].expected[g], "%s, generation %u", cases[i].what, g);
        }
}

Test(rules, learn_isns)
{
    static const struct {
        const char *what;
        unsigned flags;
        uint8_t bits, known;
        uint8_t expect_known[3];
        uint32_t expect_isn[2]; /* of flow 0, where it is learnt, and of flow 1 */
    } cases[] = {
        /* seq is 500, ack 900; what is known before is 1 and 2 */
        {"SYN", S, SEGMENT_LENGTH_KNOWN, 0, {1, 1, 1}, {500, 0}},
        {"SYN/ACK tells of both", SA, SEGMENT_LENGTH_KNOWN, 0, {3, 3, 3}, {500, 899}},
        {"no SYN: one before", A, SEGMENT_LENGTH_KNOWN, 0, {3, 3, 3}, {499, 899}},
        {"no ACK: only the sender's", F, SEGMENT_LENGTH_KNOWN, 0, {1, 1, 1}, {499, 0}},
        {"the sender's stays", A, SEGMENT_LENGTH_KNOWN, 1, {3, 3, 3}, {1, 899}},
        {"the receiver's stays", A, SEGMENT_LENGTH_KNOWN, 2, {3, 3, 3}, {499, 2}},
        {"both stay, also for a SYN", SA, SEGMENT_LENGTH_KNOWN, 3, {3, 3, 3}, {1, 2}},
        {"quoted in an error", SA, SEGMENT_LENGTH_KNOWN | SEGMENT_QUOTED, 0, {0, 0, 0}, {0, 0}},
        {"no segment length", SA, 0, 0, {0, 3, 3}, {500, 899}},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        for (unsigned g = 0; g < 3; g++)
            for (unsigned flow = 0; flow < 2; flow++) {
                uint8_t known = cases[i].known, want = cases[i].expect_known[g];
                if (flow) {
                    known = (uint8_t)((known & 1) << 1 | known >> 1);
                    want = (uint8_t)((want & 1) << 1 | want >> 1);
                }
                struct rules_state state = {.known = known};
                state.isn[flow] = cases[i].known & 1 ? 1 : 0;
                state.isn[!flow] = cases[i].known & 2 ? 2 : 0;
                struct segment s = {.seq = 500,
                                    .ack = 900,
                                    .flags = (uint16_t)cases[i].flags,
                                    .bits = (uint8_t)(cases[i].bits | (flow ? SEGMENT_FLOW : 0))};
                rules_learn_isns(generations[g], &state, &s);
                cr_expect_eq(state.known, want, "%s, generation %u, flow %u", cases[i].what, g, flow);
                for (unsigned side = 0; side < 2; side++)
                    if (cases[i].expect_known[g] >> side & 1)
                        cr_expect_eq(state.isn[flow ^ side], cases[i].expect_isn[side],
                                     "%s, generation %u, flow %u, side %u", cases[i].what, g, flow, side);
            }
}

Test(rules, isn_wraps_around)
{
    struct rules_state state = {0};
    struct segment s = {.seq = 0, .ack = 0, .flags = A, .bits = SEGMENT_LENGTH_KNOWN};
    rules_learn_isns(RULES_4_4, &state, &s);
    cr_expect_eq(state.isn[0], UINT32_MAX);
    cr_expect_eq(state.isn[1], UINT32_MAX);
}

struct completeness_case {
    const char *what;
    uint8_t had;
    unsigned flags, payload;
    uint8_t bits;
    bool is_new, created;
    uint8_t expected;     /* from 4.2 on */
    uint8_t expected_4_0; /* 255: the same */
};

enum { KNOWN = SEGMENT_LENGTH_KNOWN, SHORT = SEGMENT_SHORT_OFFSET, QUOTED = SEGMENT_QUOTED, SAME = 255 };

static const struct completeness_case completeness_cases[] = {
    {"SYN", 0, S, 0, KNOWN, true, true, 1, SAME},
    {"SYN with data", 0, S, 9, KNOWN, true, true, 9, SAME},
    {"SYN with data of no known length", 0, S, 9, 0, true, true, 1, SAME},
    {"a SYN starts over", 63, S, 0, KNOWN, true, false, 1, SAME},
    {"a SYN again adds nothing", 6, S, 9, KNOWN, false, false, 6, SAME},
    {"SYN/ACK", 1, SA, 0, KNOWN, false, false, 3, SAME},
    {"SYN/ACK with data is only that", 1, SA, 5, KNOWN, false, false, 3, SAME},
    {"SYN/ACK first", 0, SA, 0, KNOWN, true, true, 2, 0},
    {"ACK", 3, A, 0, KNOWN, false, false, 7, SAME},
    {"data", 7, A, 1, KNOWN, false, false, 15, SAME},
    {"data is no ACK", 3, A, 1, KNOWN, false, false, 11, SAME},
    {"data of no known length is an ACK", 3, A, 1, 0, false, false, 7, SAME},
    {"in mid-stream", 0, A, 1, KNOWN, true, true, 8, 0},
    {"without ACK, data is nothing", 3, TCP_PSH, 1, KNOWN, false, false, 3, SAME},
    {"FIN/ACK", 7, FA, 0, KNOWN, false, false, 23, SAME},
    {"FIN/ACK with data", 3, FA, 5, KNOWN, false, false, 27, SAME},
    {"a FIN without ACK adds nothing", 7, F, 0, KNOWN, false, false, 7, SAME},
    {"RST", 7, R, 0, KNOWN, false, false, 39, SAME},
    {"RST/ACK", 1, R | A, 0, KNOWN, false, false, 37, SAME},
    {"RST first", 0, R, 0, KNOWN, true, true, 32, 0},
    {"all at once", 0, S | F | R | A, 0, KNOWN, false, false, 2 + 16 + 32, SAME},
    {"SYN and FIN", 0, S | F, 0, KNOWN, true, true, 1, SAME},
    {"SYN and RST", 0, S | R, 0, KNOWN, true, true, 33, 1},
    {"SYN and RST with data", 0, S | R, 1, KNOWN, true, true, 41, 9},
    {"SYN and RST, not new", 1, S | R, 0, KNOWN, false, false, 33, SAME},
    {"a short data offset changes nothing", 7, R, 0, KNOWN | SHORT, false, false, 7, SAME},
    {"a short data offset does not start over", 7, S, 0, KNOWN | SHORT, true, false, 7, SAME},
    {"quoted segments count", 0, S, 0, QUOTED, true, true, 1, SAME},
};

Test(rules, completeness)
{
    for (size_t i = 0; i < ARRAY_LEN(completeness_cases); i++)
        for (unsigned g = 0; g < 3; g++) {
            const struct completeness_case *c = &completeness_cases[i];
            struct segment s = {.flags = (uint16_t)c->flags, .payload = c->payload, .bits = c->bits};
            uint8_t expected = g == 0 && c->expected_4_0 != SAME ? c->expected_4_0 : c->expected;
            cr_expect_eq(rules_completeness(generations[g], c->had, &s, c->is_new, c->created), expected,
                         "%s, generation %u", c->what, g);
        }
}

Test(rules, header_bytes)
{
    cr_expect_eq(rules_header_bytes(RULES_4_0), 16);
    cr_expect_eq(rules_header_bytes(RULES_4_2), 16);
    cr_expect_eq(rules_header_bytes(RULES_4_4), 14);
}
