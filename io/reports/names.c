/* The tables behind names.h. */
#include "io/reports/names.h"

const char *const report_names[REPORT_NAMES] = {
    [REPORT_REUSE] = "reuse",
    [REPORT_CONVERSATIONS] = "conversations",
    [REPORT_PACKETS] = "packets",
    [REPORT_SUMMARY] = "summary",
};

const char *const trigger_names[TRIGGERS] = {
    [TRIGGER_NONE] = "",
    [TRIGGER_SYN_ISN] = "syn-isn",
    [TRIGGER_SYN_AFTER_RST] = "syn-after-rst",
    [TRIGGER_SYN_AFTER_FIN] = "syn-after-fin",
    [TRIGGER_SYNACK_ISN] = "synack-isn",
    [TRIGGER_SYNACK_AFTER_RST] = "synack-after-rst",
    [TRIGGER_SYNACK_AFTER_FIN] = "synack-after-fin",
};

const char *const rules_names[RULES_NAMES] = {
    [RULES_4_0] = "4.0",
    [RULES_4_2] = "4.2",
    [RULES_4_4] = "4.4",
};
