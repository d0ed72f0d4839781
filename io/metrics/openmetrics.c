/* The text. Of each metric all lines stand together, and those that say what it is come first. */
#include "io/metrics/openmetrics.h"
#include "io/reports/names.h"

#include <inttypes.h>

/* unit: that the name ends in; NULL: it has none. */
static void begin(FILE *to, const char *name, const char *type, const char *unit, const char *help)
{
    fprintf(to, OPENMETRICS_HEAD "%s %s\n", name, type);
    if (unit)
        fprintf(to, "# UNIT tcpreuse_%s %s\n", name, unit);
    fprintf(to, "# HELP tcpreuse_%s %s\n", name, help);
}

/* The names of interfaces are bytes; what is no printable ASCII becomes \xNN. */
static void write_label(FILE *to, const char *text)
{
    for (; *text; text++) {
        const unsigned char c = (unsigned char)*text;
        if (c == '"' || c == '\\')
            fprintf(to, "\\%c", c);
        else if (c < ' ' || c >= 127)
            fprintf(to, "\\\\x%02x", c);
        else
            fputc(c, to);
    }
}

static void write_counter(FILE *to, const char *name, const char *unit, const char *help, uint64_t n)
{
    begin(to, name, "counter", unit, help);
    fprintf(to, "tcpreuse_%s_total %" PRIu64 "\n", name, n);
}

static void write_found(const struct openmetrics *m, FILE *to)
{
    const struct pipeline_progress *p = &m->progress;
    begin(to, "reuses", "counter", NULL, "Reuses of TCP ports, by what revealed them.");
    for (unsigned i = 0; i < TRIGGERS; i++)
        if (*trigger_names[i])
            fprintf(to, "tcpreuse_reuses_total{trigger=\"%s\"} %" PRIu64 "\n", trigger_names[i],
                    p->by_trigger[i]);
    if (!m->verdicts)
        return;
    begin(to, "verdicts", "counter", NULL, "Reuses whose answer came or was due, by what they mean.");
    for (unsigned i = 0; i < VERDICT_WORDS; i++)
        fprintf(to, "tcpreuse_verdicts_total{verdict=\"%s\"} %" PRIu64 "\n", verdict_names[i],
                p->by_verdict[i]);
}

static void write_port(FILE *to, const char *name, const struct port_counters *port, const char *reason,
                       uint64_t n)
{
    fprintf(to, "tcpreuse_%s_total{interface=\"", name);
    write_label(to, port->name);
    fprintf(to, reason ? "\",reason=\"%s\"} " : "\"} ", reason);
    fprintf(to, "%" PRIu64 "\n", n);
}

static void write_ports(const struct openmetrics *m, FILE *to)
{
    static const char received[] = "interface_received_frames", lost[] = "interface_lost_frames";
    if (!m->port_count)
        return;
    begin(to, received, "counter", "frames", "Frames received from an interface or port.");
    for (size_t i = 0; i < m->port_count; i++)
        write_port(to, received, &m->ports[i], NULL, m->ports[i].received);
    begin(to, lost, "counter", "frames", "Frames that an interface or port lost, and why.");
    for (size_t i = 0; i < m->port_count; i++)
        for (unsigned k = 0; k < LOSSES; k++)
            write_port(to, lost, &m->ports[i], port_loss_name((enum port_loss)k), m->ports[i].lost[k]);
}

void openmetrics_write(const struct openmetrics *m, FILE *to)
{
    /* A gauge, not an info: the older text format, which node exporter's textfile collector reads, has no such type. */
    begin(to, "build_info", "gauge", NULL,
          "The program, and the generation of Wireshark's rules that it follows.");
    fprintf(to, "tcpreuse_build_info{version=\"" TCPREUSE_VERSION "\",rules=\"%s\"} 1\n", m->rules);
    begin(to, "start_time_seconds", "gauge", "seconds", "When the run began, since 1970-01-01 UTC.");
    fprintf(to, "tcpreuse_start_time_seconds %.3f\n", m->start);
    begin(to, "running", "gauge", NULL, "1 while the run goes on, 0 when the numbers are final.");
    fprintf(to, "tcpreuse_running %d\n", m->running);
    begin(to, "resident_memory_bytes", "gauge", "bytes", "Memory of the process.");
    fprintf(to, "tcpreuse_resident_memory_bytes %" PRIu64 "\n", m->resident);
    write_counter(to, "read_frames", "frames", "Frames read.", m->progress.frames);
    write_counter(to, "captured_bytes", "bytes", "Bytes of these frames, as far as they were captured.",
                  m->progress.bytes);
    write_counter(to, "conversations", NULL, "TCP conversations.", m->progress.conversations);
    write_found(m, to);
    write_ports(m, to);
    fputs("# EOF\n", to);
}
