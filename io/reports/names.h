/* The words for reports, triggers and rule generations, as file names, columns and options spell them. Every
 * other place takes them from here. */
#ifndef TCPREUSE_NAMES_H
#define TCPREUSE_NAMES_H

#include "engine/sink.h"

/* Reports as --reports names them: each enum report, then those that are no reports of rows. */
enum { REPORT_SUMMARY = REPORTS, REPORT_SCHEMA, REPORT_XLSX, REPORT_PAGE, REPORT_NAMES };
extern const char *const report_names[REPORT_NAMES];

/* A report of rows is the file of its name with REPORT_SUFFIX, the summary is SUMMARY_FILE. */
#define REPORT_SUFFIX ".csv"
#define NDJSON_SUFFIX ".ndjson"
#define SUMMARY_FILE  "summary.json"
/* The schema is two files. */
#define SCHEMA_FILE       "schema.sql"
#define DATA_PACKAGE_FILE "datapackage.json"
#define XLSX_FILE         "reuse.xlsx"
#define PAGE_FILE         "report.html" /* of the report page: io/html/html.h */

/* By the number of the bit in enum key_parts. Columns and members are called so, too. */
enum { KEY_PART_NAMES = 3 };
extern const char *const key_part_names[KEY_PART_NAMES];
/* As the column trigger and the summary spell them; TRIGGER_NONE is "". */
extern const char *const trigger_names[TRIGGERS];

/* Why a conversation ended, by enum ending. */
extern const char *const ending_names[ENDING_EXPIRED + 1];

/* How a conversation ended. An RST ends it even after a FIN. */
static inline const char *end_name(unsigned completeness)
{
    return completeness & HAS_RST ? "rst" : completeness & HAS_FIN ? "fin" : "open";
}

/* What the columns of a finding say; verdict_names also in the summary. */
extern const char *const verdict_names[VERDICT_WORDS];
extern const char *const close_names[CLOSES];
extern const char *const closer_names[CLOSERS];
extern const char *const acceptable_names[ACCEPTABLES];
extern const char *const origin_names[ORIGINS];
extern const char *const answer_names[ANSWERS];
extern const char *const episode_outcome_names[EPISODE_OUTCOMES];
extern const char *const handshake_names[HANDSHAKES];

/* How client and server of a conversation were told apart. */
enum client_by { CLIENT_BY_SYN, CLIENT_BY_SYNACK, CLIENT_BY_PORT, CLIENT_BY_FIRST_SEEN, CLIENT_BYS };
extern const char *const client_by_names[CLIENT_BYS];

extern const char *const port_order_names[PORT_ORDERS];
/* By bit of enum certainty. */
extern const char *const certainty_names[CERTAINTIES];

enum { RULES_NAMES = RULES_4_4 + 1 };
/* Generations of the rules, as --rules and the summary spell them. */
extern const char *const rules_names[RULES_NAMES];

#endif
