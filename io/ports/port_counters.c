/* What the names of drivers' extended statistics mean. */
#include "io/ports/port_counters.h"

#include "engine/util.h"

#include <string.h>

/* What follows rx_qN_ and the like, the most general first: the words of DPDK 22.11's drivers. */
static const char *const statistics[LOSSES][6] = {
    [LOSS_MISSED] = {"missed", "dropped", "drop_pkts", "drop_total"},
    [LOSS_ERRORS] = {"errors", "err_pkts", "hw_errors"},
    [LOSS_NO_MBUF] = {"no_mbuf", "rx_nombuf", "allocation_errors", "mbuf_alloc_errors", "mbuf_alloc_fail",
                      "rx_buf_alloc_failure"},
};

const char *port_loss_name(enum port_loss loss)
{
    static const char *const names[] = {
        [LOSS_MISSED] = "missed", [LOSS_ERRORS] = "errors", [LOSS_NO_MBUF] = "no_mbuf"};
    return names[loss];
}

/* What follows the prefix, or NULL. */
static const char *skip(const char *s, const char *prefix)
{
    size_t n = strlen(prefix);
    return strncmp(s, prefix, n) ? NULL : s + n;
}

/* What follows rx_q7_, rxq_7_ or rxq7_, or NULL. */
static const char *read_queue(const char *name, unsigned *queue)
{
    const char *s = skip(name, "rx_q");
    if (!s && !(s = skip(name, "rxq_")))
        s = skip(name, "rxq");
    if (!s || *s < '0' || *s > '9')
        return NULL;
    for (*queue = 0; *s >= '0' && *s <= '9' && *queue < 1u << 16; s++)
        *queue = *queue * 10 + (unsigned)(*s - '0');
    return *s == '_' ? s + 1 : NULL;
}

bool port_loss_of_statistic(const char *name, unsigned *queue, enum port_loss *loss, unsigned *rank)
{
    static const char tail[] = "_pmd"; /* hinic */
    const char *what = read_queue(name, queue);
    if (!what)
        return false;
    size_t length = strlen(what);
    if (length > strlen(tail) && !strcmp(what + length - strlen(tail), tail))
        length -= strlen(tail);
    for (unsigned l = 0; l < LOSSES; l++)
        for (unsigned i = 0; i < ARRAY_LEN(statistics[l]) && statistics[l][i]; i++)
            if (strlen(statistics[l][i]) == length && !strncmp(statistics[l][i], what, length)) {
                *loss = (enum port_loss)l;
                *rank = i;
                return true;
            }
    return false;
}

void port_counters_check(struct port_counters *c)
{
    for (unsigned l = 0; l < LOSSES; l++) {
        bool counted = !c->lost[l];
        for (unsigned q = 0; q < c->queues && !counted; q++)
            counted = c->queue[q].lost[l] && c->queue[q].lost[l] != PORT_LOSS_UNKNOWN;
        for (unsigned q = 0; q < c->queues && !counted; q++)
            c->queue[q].lost[l] = PORT_LOSS_UNKNOWN;
    }
}
