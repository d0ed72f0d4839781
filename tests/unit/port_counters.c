/* Names of drivers' statistics, and what a driver does not count. */
#include "io/ports/port_counters.h"

#include <criterion/criterion.h>

static void expect(const char *name, unsigned queue, enum port_loss loss)
{
    unsigned q = 1000, rank;
    enum port_loss l = LOSSES;
    cr_expect(port_loss_of_statistic(name, &q, &l, &rank), "%s is known", name);
    cr_expect(q == queue && l == loss, "%s is queue %u, %u", name, q, l);
}

static void expect_nothing(const char *name)
{
    unsigned queue, rank;
    enum port_loss loss;
    cr_expect_not(port_loss_of_statistic(name, &queue, &loss, &rank), "%s is nothing of a queue", name);
}

Test(port_counters, names)
{
    expect("rx_q0_errors", 0, LOSS_ERRORS); /* DPDK's own */
    expect("rx_q15_dropped", 15, LOSS_MISSED);
    expect("rx_q3_missed", 3, LOSS_MISSED);
    expect("rx_q3_drop_total", 3, LOSS_MISSED);
    expect("rxq_12_drop_pkts", 12, LOSS_MISSED);
    expect("rxq_2_err_pkts", 2, LOSS_ERRORS);
    expect("rxq7_rx_nombuf_pmd", 7, LOSS_NO_MBUF);
    expect("rxq7_errors_pmd", 7, LOSS_ERRORS);
    expect("rx_q1_rx_buf_alloc_failure", 1, LOSS_NO_MBUF);
    expect("rx_q1_mbuf_alloc_fail", 1, LOSS_NO_MBUF);
    expect("rx_q1_hw_errors", 1, LOSS_ERRORS);
}

Test(port_counters, other_names)
{
    static const char *const names[] = {
        "",
        "rx_q",
        "rx_q_errors",
        "rx_q0",
        "rx_q0_",
        "rx_q0error",
        "tx_q0_errors",
        "rx_errors",
        "rx_q0_packets",
        "rx_missed_errors",
        "rx_q0_err",
        "rx_q0_errors_x",
        "rx_q0_missed_",
        "rx_q0_drop_fcs",
        "rxq_0_drop_octs",
        "rx_q0_pmd",
        "rx_q99999999999999999999_x",
    };
    for (size_t i = 0; i < sizeof names / sizeof *names; i++)
        expect_nothing(names[i]);
}

Test(port_counters, the_general_one_first)
{
    unsigned queue, all, some;
    enum port_loss loss;
    cr_assert(port_loss_of_statistic("rx_q0_errors", &queue, &loss, &all));
    cr_assert(port_loss_of_statistic("rx_q0_hw_errors", &queue, &loss, &some));
    cr_expect_lt(all, some);
}

Test(port_counters, what_no_queue_has)
{
    struct port_counters c = {.lost = {[LOSS_MISSED] = 5, [LOSS_ERRORS] = 5}, .queues = 2};
    c.queue[1].lost[LOSS_ERRORS] = 2;
    c.queue[0].lost[LOSS_NO_MBUF] = PORT_LOSS_UNKNOWN;
    port_counters_check(&c);
    cr_expect_eq(c.queue[0].lost[LOSS_MISSED], PORT_LOSS_UNKNOWN, "5 were missed, and no queue says so");
    cr_expect_eq(c.queue[1].lost[LOSS_MISSED], PORT_LOSS_UNKNOWN);
    cr_expect_eq(c.queue[0].lost[LOSS_ERRORS], 0, "the other queue had the errors");
    cr_expect_eq(c.queue[1].lost[LOSS_ERRORS], 2);
    cr_expect_eq(c.queue[0].lost[LOSS_NO_MBUF], PORT_LOSS_UNKNOWN);
    cr_expect_eq(c.queue[1].lost[LOSS_NO_MBUF], 0, "no queue had what the port has not");
}
