/* One port: its number of queues, how it spreads frames over them, starting and stopping. */
#include "io/ports/dpdk_internal.h"

#include <errno.h>
#include <rte_errno.h>
#include <stdlib.h>

enum {
    DESCRIPTORS = 2048, /* 140 us at 14.88 million frames a second */
    FRAME_MAX = 9600,   /* jumbo frames, in as many buffers as they need */
    RSS_KEY_MAX = 64,   /* the longest known key has 52 bytes */
    FEW_QUEUES = 16,    /* see choose_queues() */
};

/* Hashes both directions of a connection to the same queue, since the key repeats every 16 bits. */
static uint8_t symmetric_key[RSS_KEY_MAX];

static const char *name_of(uint16_t port)
{
    static char name[RTE_ETH_NAME_MAX_LEN];
    return rte_eth_dev_get_name_by_port(port, name) ? "?" : name;
}

/* A port that spreads frames itself gets one queue per worker. A virtual port with a few queues was given
 * their number in its arguments, and each of them receives frames. One with many (net_memif has 255) has as
 * many as its peer uses, which cannot be known here; and in DPDK 22.11 a queue that the peer does not use
 * reads the ring of another one, so that two workers took frames from each other. So it gets one queue. */
static unsigned choose_queues(const struct rte_eth_dev_info *info, unsigned threads)
{
    unsigned most = MIN(info->max_rx_queues, (unsigned)PORT_QUEUES);
    if (info->flow_type_rss_offloads)
        return MIN(most, threads);
    return most <= FEW_QUEUES ? most : 1;
}

enum dpdk_result dpdk_port_describe(struct port *p, uint16_t number, unsigned asked, unsigned threads,
                                    char error[DPDK_ERROR_MAX])
{
    *p = (struct port){.number = number};
    if (!rte_eth_dev_is_valid_port(number)) {
        snprintf(error, DPDK_ERROR_MAX, "--ports: there is no port %u; the EAL found %u, counted from 0",
                 number, rte_eth_dev_count_avail());
        return DPDK_WRONG;
    }
    int failed = rte_eth_dev_info_get(number, &p->info);
    if (failed) {
        snprintf(error, DPDK_ERROR_MAX, "port %u (%s) cannot be queried: %s", number, name_of(number),
                 rte_strerror(-failed));
        return DPDK_FAILED;
    }
    unsigned most = MIN(p->info.max_rx_queues, (unsigned)PORT_QUEUES);
    if (asked > most) {
        snprintf(error, DPDK_ERROR_MAX, "--queues: port %u (%s) has %u queues at most, not %u", number,
                 name_of(number), most, asked);
        return DPDK_WRONG;
    }
    p->queues = asked ? asked : MAX(choose_queues(&p->info, threads), 1u);
    uint16_t receive = DESCRIPTORS, transmit = 0;
    p->descriptors = rte_eth_dev_adjust_nb_rx_tx_desc(number, &receive, &transmit) ? DESCRIPTORS : receive;
    return DPDK_OPEN;
}

static void spread(const struct port *p, struct rte_eth_conf *conf)
{
    uint64_t types = p->info.flow_type_rss_offloads & (RTE_ETH_RSS_IPV4 | RTE_ETH_RSS_NONFRAG_IPV4_TCP |
                                                       RTE_ETH_RSS_IPV6 | RTE_ETH_RSS_NONFRAG_IPV6_TCP);
    if (!types || p->queues < 2)
        return;
    for (unsigned i = 0; i < RSS_KEY_MAX; i++)
        symmetric_key[i] = i % 2 ? 0x5a : 0x6d;
    conf->rxmode.mq_mode = RTE_ETH_MQ_RX_RSS;
    conf->rx_adv_conf.rss_conf = (struct rte_eth_rss_conf){
        .rss_key = symmetric_key,
        .rss_key_len = MIN(p->info.hash_key_size ? p->info.hash_key_size : 40, (uint8_t)RSS_KEY_MAX),
        .rss_hf = types,
    };
}

enum dpdk_result dpdk_port_start(struct port *p, struct rte_mempool *pool, char error[DPDK_ERROR_MAX])
{
    struct rte_eth_conf conf = {0};
    const char *step = "cannot be configured", *hint = "";
    spread(p, &conf);
    if (p->info.rx_offload_capa & RTE_ETH_RX_OFFLOAD_SCATTER) {
        conf.rxmode.offloads |= RTE_ETH_RX_OFFLOAD_SCATTER;
        conf.rxmode.mtu = MIN(p->info.max_mtu, (uint16_t)FRAME_MAX);
    }
    int failed = rte_eth_dev_configure(p->number, (uint16_t)p->queues, 0, &conf);
    if (failed)
        goto fail;
    step = "cannot set up its queues";
    hint = "; with infinite_rx there must be more buffers (--mbufs) than frames in the file";
    for (unsigned q = 0; q < p->queues; q++) {
        failed = rte_eth_rx_queue_setup(p->number, (uint16_t)q, p->descriptors,
                                        (unsigned)rte_eth_dev_socket_id(p->number), NULL, pool);
        if (failed)
            goto fail;
    }
    step = "cannot be started";
    hint = "; is its link up, and is no one else using it?";
    failed = rte_eth_dev_start(p->number);
    if (failed)
        goto fail;
    p->started = true;
    dpdk_counters_find(p);
    /* Ports that support neither receive everything anyway. */
    rte_eth_promiscuous_enable(p->number);
    rte_eth_allmulticast_enable(p->number);
    return DPDK_OPEN;
fail:
    snprintf(error, DPDK_ERROR_MAX, "port %u (%s, %s) %s: %s%s", p->number, name_of(p->number),
             p->info.driver_name, step, rte_strerror(-failed), hint);
    return DPDK_FAILED;
}

void dpdk_port_stop(struct port *p)
{
    if (p->started)
        rte_eth_dev_stop(p->number);
    p->started = false;
    free(p->losses);
    p->losses = NULL;
    p->loss_count = 0;
}
