/* The tables behind names.h. */
#include "io/reports/names.h"

const char *const report_names[REPORT_NAMES] = {
    [REPORT_REUSE] = "reuse",         [REPORT_CONVERSATIONS] = "conversations",
    [REPORT_PACKETS] = "packets",     [REPORT_EPISODES] = "episodes",
    [REPORT_ENDPOINTS] = "endpoints", [REPORT_SUMMARY] = "summary",
    [REPORT_SCHEMA] = "schema",       [REPORT_XLSX] = "xlsx",
    [REPORT_PAGE] = "page",
};

const char *const key_part_names[KEY_PART_NAMES] = {"vlan", "interface", "vni"};

const char *const trigger_names[TRIGGERS] = {
    [TRIGGER_NONE] = "",
    [TRIGGER_SYN_ISN] = "syn-isn",
    [TRIGGER_SYN_AFTER_RST] = "syn-after-rst",
    [TRIGGER_SYN_AFTER_FIN] = "syn-after-fin",
    [TRIGGER_SYNACK_ISN] = "synack-isn",
    [TRIGGER_SYNACK_AFTER_RST] = "synack-after-rst",
    [TRIGGER_SYNACK_AFTER_FIN] = "synack-after-fin",
};

const char *const ending_names[] = {
    [ENDING_RUN] = "run", [ENDING_REUSE] = "reuse", [ENDING_EXPIRED] = "expired"};

const char *const verdict_names[VERDICT_WORDS] = {
    [VERDICT_UNKNOWN] = "unknown",
    [VERDICT_COPY] = "copy",
    [VERDICT_RETRY] = "retry",
    [VERDICT_IN_ORDER] = "in-order",
    [VERDICT_EARLY_ACCEPTED] = "early-accepted",
    [VERDICT_CHALLENGED] = "challenged",
    [VERDICT_REFUSED] = "refused",
    [VERDICT_DELAYED] = "delayed",
    [VERDICT_LOST] = "lost",
    [VERDICT_STALE_OPEN] = "stale-open",
};

const char *const close_names[CLOSES] = {
    [CLOSE_OPEN] = "open",
    [CLOSE_FIN] = "fin",
    [CLOSE_FIN_ONE_WAY] = "fin-one-way",
    [CLOSE_RST] = "rst",
    [CLOSE_FIN_RST] = "fin-rst",
    [CLOSE_REFUSED] = "refused",
    [CLOSE_UNANSWERED] = "unanswered",
};

const char *const closer_names[CLOSERS] = {
    [CLOSER_UNKNOWN] = "unknown", [CLOSER_NOBODY] = "nobody", [CLOSER_BOTH] = "both",
    [CLOSER_CLIENT] = "client",   [CLOSER_SERVER] = "server",
};

const char *const acceptable_names[ACCEPTABLES] = {
    [ACCEPTABLE_UNKNOWN] = "unknown",
    [ACCEPTABLE_NO] = "no",
    [ACCEPTABLE_YES] = "yes",
};

const char *const origin_names[ORIGINS] = {
    [ORIGIN_UNKNOWN] = "unknown",     [ORIGIN_COPY] = "copy",
    [ORIGIN_RECYCLED] = "recycled",   [ORIGIN_OLD_DUPLICATE] = "old-duplicate",
    [ORIGIN_SAME_HOST] = "same-host",
};

const char *const answer_names[ANSWERS] = {
    [ANSWER_NOT_ASKED] = "",
    [ANSWER_NONE] = "none",
    [ANSWER_UNSEEN] = "unseen",
    [ANSWER_SYNACK] = "syn-ack",
    [ANSWER_CHALLENGE] = "challenge-ack",
    [ANSWER_RST] = "rst",
};

const char *const episode_outcome_names[EPISODE_OUTCOMES] = {
    [EPISODE_OPEN] = "open",
    [EPISODE_CONNECTED] = "connected",
    [EPISODE_FAILED] = "failed",
};

const char *const handshake_names[HANDSHAKES] = {
    [HANDSHAKE_NOT_SEEN] = "not-seen",   [HANDSHAKE_COMPLETE] = "complete",
    [HANDSHAKE_HALF_OPEN] = "half-open", [HANDSHAKE_CHALLENGED] = "challenged",
    [HANDSHAKE_REFUSED] = "refused",     [HANDSHAKE_UNANSWERED] = "unanswered",
};

const char *const client_by_names[CLIENT_BYS] = {
    [CLIENT_BY_SYN] = "syn",
    [CLIENT_BY_SYNACK] = "syn-ack",
    [CLIENT_BY_PORT] = "port",
    [CLIENT_BY_FIRST_SEEN] = "first-seen",
};

const char *const port_order_names[PORT_ORDERS] = {
    [PORTS_UNKNOWN] = "unknown", [PORTS_SEQUENTIAL] = "sequential", [PORTS_RANDOM] = "random"};

const char *const certainty_names[CERTAINTIES] = {"isn-inferred", "one-direction", "quoted", "cut",
                                                  "clock-back"};

const char *const rules_names[RULES_NAMES] = {
    [RULES_4_0] = "4.0",
    [RULES_4_2] = "4.2",
    [RULES_4_4] = "4.4",
};
