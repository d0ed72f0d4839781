/* What a run has done so far, as text in the OpenMetrics format 1.0.0, which Prometheus and others read. docs/live.md lists
 * the metrics; dashboards know their names, so these stay. */
#ifndef TCPREUSE_OPENMETRICS_H
#define TCPREUSE_OPENMETRICS_H

#include "engine/pipeline.h"
#include "io/ports/port_counters.h"

#include <stdio.h>

#define OPENMETRICS_TYPE "application/openmetrics-text; version=1.0.0; charset=utf-8"

/* What each text begins with. */
#define OPENMETRICS_HEAD "# TYPE tcpreuse_"

struct openmetrics {
    const char *rules; /* their generation */
    struct pipeline_progress progress;
    bool verdicts;                     /* reuses have some */
    bool running;                      /* false: the numbers are final */
    double start;                      /* s since 1970 */
    uint64_t resident;                 /* bytes of memory */
    const struct port_counters *ports; /* or interfaces */
    size_t port_count;
};

/* ferror() tells of write errors. */
void openmetrics_write(const struct openmetrics *m, FILE *to);

#endif
