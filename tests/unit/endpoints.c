/* Endpoints of random conversations beside what counting one by one makes of them. */
#include "engine/pipeline/endpoints.h"
#include "tests/support/random.h"

#include <criterion/criterion.h>

enum { CONVERSATIONS = 400, REUSES = 120, RUNS = 40, SECOND = 1000000000 };

static struct conversation_of_run {
    union conversation_any c;
    struct history h;
    enum family family;
    unsigned client, server; /* endpoints of the model: a client; a server's address and port */
    uint16_t port;
} model[CONVERSATIONS];

static struct endpoint_reuse reuses[REUSES];

static void set_side(struct conversation_of_run *m, unsigned side, uint32_t address, uint16_t port)
{
    m->c.c.port[side] = port;
    if (m->family == FAMILY_IPV4)
        m->c.v4.address[side] = address;
    else
        memcpy(m->c.v6.address[side], &address, sizeof address);
}

static void draw(uint64_t *random)
{
    const unsigned clients = 1 + random_below(random, 9), servers = 1 + random_below(random, 9);
    int64_t time = 0;
    for (unsigned i = 0; i < CONVERSATIONS; i++) {
        struct conversation_of_run *m = &model[i];
        const unsigned side = random_below(random, 2);
        memset(m, 0, sizeof *m);
        m->client = random_below(random, clients);
        m->server = random_below(random, servers);
        m->family = (m->client ^ m->server) & 1 ? FAMILY_IPV6 : FAMILY_IPV4;
        m->port = (uint16_t)(32700 + random_below(random, 300));
        set_side(m, side, m->client, m->port);
        set_side(m, !side, 100 + m->server / 2, (uint16_t)(m->server % 2));
        m->c.c.state = (uint16_t)(STATE_CLIENT_KNOWN | (side ? STATE_CLIENT_1 : 0));
        time += random_below(random, SECOND / 4);
        m->h.first_time = time - random_below(random, SECOND / 8); /* frames may be out of order */
        m->c.c.last_time = m->h.first_time + random_below(random, 2 * SECOND);
        if (!random_below(random, 8)) /* the clock went back */
            m->c.c.last_time = m->h.first_time - random_below(random, SECOND);
    }
    for (unsigned i = 0; i < REUSES; i++)
        reuses[i] = (struct endpoint_reuse){.stream = random_below(random, CONVERSATIONS),
                                            .gap = random_below(random, 50),
                                            .trigger = (uint8_t)(1 + random_below(random, TRIGGERS - 1)),
                                            .verdict = (uint8_t)random_below(random, VERDICT_WORDS)};
}

/* Is the conversation one of the row's? */
static bool is_of(const struct conversation_of_run *m, const struct endpoint_row *row)
{
    const unsigned side = history_client(&m->c.c) ^ row->is_server;
    uint32_t address;
    if (m->family != row->family || (row->is_server && conversation_port(&m->c.c, side) != row->port))
        return false;
    if (m->family == FAMILY_IPV6)
        return !memcmp(m->c.v6.address[side], row->address, 16);
    memcpy(&address, row->address, sizeof address);
    return __builtin_bswap32(address) == m->c.v4.address[side];
}

static int64_t begin_of(const struct conversation_of_run *m)
{
    return MIN(m->h.first_time, m->c.c.last_time);
}

static int64_t end_of(const struct conversation_of_run *m)
{
    return MAX(m->h.first_time, m->c.c.last_time);
}

static void expect_conversations(const struct endpoint_row *row)
{
    uint32_t count = 0, most_open = 0, most_new = 0, ports = 0, in_range = 0;
    for (unsigned i = 0; i < CONVERSATIONS; i++) {
        uint32_t open = 0, new = 0;
        bool seen = false;
        if (!is_of(&model[i], row))
            continue;
        const int64_t at = begin_of(&model[i]);
        for (unsigned k = 0; k < CONVERSATIONS; k++) {
            if (!is_of(&model[k], row))
                continue;
            open += begin_of(&model[k]) <= at && end_of(&model[k]) >= at;
            new += begin_of(&model[k]) >= at &&begin_of(&model[k]) < at + SECOND;
            seen |= k < i && model[k].port == model[i].port;
        }
        count++;
        most_open = MAX(most_open, open);
        most_new = MAX(most_new, new);
        ports += !seen;
        in_range += !seen && model[i].port >= 32768 && model[i].port <= 32900;
    }
    cr_expect_eq(row->conversations, count);
    cr_expect_eq(row->most_open, most_open);
    cr_expect_eq(row->most_new, most_new);
    cr_expect_eq(row->ports, ports);
    cr_expect_eq(row->ports_in_range, in_range);
}

static void expect_reuses(const struct endpoint_row *row)
{
    uint32_t count = 0, failed = 0, below = 0, upto = 0, verdicts[VERDICT_WORDS] = {0};
    int64_t least = INT64_MAX;
    for (unsigned i = 0; i < REUSES; i++) {
        const struct endpoint_reuse *r = &reuses[i];
        if (!is_of(&model[r->stream], row))
            continue;
        count++;
        verdicts[r->verdict]++;
        failed +=
            r->verdict == VERDICT_REFUSED || r->verdict == VERDICT_CHALLENGED || r->verdict == VERDICT_LOST;
        least = MIN(least, r->gap);
        below += r->gap < row->median_gap.ns;
        upto += r->gap <= row->median_gap.ns;
    }
    cr_expect_eq(row->reuses, count);
    cr_expect_eq(row->failed, failed);
    cr_expect(!memcmp(row->by_verdict, verdicts, sizeof verdicts));
    if (!count)
        return;
    cr_expect_eq(row->least_gap.ns, least);
    cr_expect(below <= (count - 1) / 2 && upto > (count - 1) / 2);
}

/* Is the first row to come before the second? */
static bool is_before(const struct endpoint_row *a, const struct endpoint_row *b)
{
    const int by_address = memcmp(a->address, b->address, sizeof(((struct endpoint_key *)NULL)->address));
    if (a->failed != b->failed)
        return a->failed > b->failed;
    if (a->reuses != b->reuses)
        return a->reuses > b->reuses;
    if (a->family != b->family)
        return a->family < b->family;
    if (by_address)
        return by_address < 0;
    return a->is_server != b->is_server ? b->is_server : a->port < b->port;
}

Test(endpoints, count_what_counting_one_by_one_does)
{
    const struct hash_key key = {{1, 2, 3}};
    const struct port_range range = {32768, 32900};
    uint64_t random = 7;
    for (unsigned run = 0; run < RUNS; run++) {
        struct endpoints e;
        struct endpoint_row row, before = {0};
        uint32_t total = 0;
        draw(&random);
        cr_assert(!endpoints_init(&e, CONVERSATIONS, range, &key));
        for (unsigned i = CONVERSATIONS; i-- > 0;)
            cr_assert(!endpoints_add_conversation(&e, i, &model[i].c, &model[i].h, model[i].family));
        cr_assert(!endpoints_group(&e, reuses, REUSES, 0));
        for (uint32_t i = 0; i < e.count; i++, before = row) {
            endpoints_row(&e, i, &row);
            expect_conversations(&row);
            expect_reuses(&row);
            total += row.conversations;
            cr_expect(!i || is_before(&before, &row));
        }
        cr_expect_eq(total, 2 * CONVERSATIONS);
        endpoints_free(&e);
    }
}

static void group(struct endpoints *e, uint32_t worst)
{
    const struct hash_key key = {{1, 2, 3}};
    cr_assert(!endpoints_init(e, CONVERSATIONS, (struct port_range){32768, 32900}, &key));
    for (unsigned i = CONVERSATIONS; i-- > 0;)
        cr_assert(!endpoints_add_conversation(e, i, &model[i].c, &model[i].h, model[i].family));
    cr_assert(!endpoints_group(e, reuses, REUSES, worst));
}

/* The rows of the worst ones are those that all rows begin with; the others are short. */
Test(endpoints, count_only_the_worst_ones)
{
    enum { WORST = 2 };
    uint64_t random = 11;
    unsigned shorter = 0;
    for (unsigned run = 0; run < RUNS; run++) {
        struct endpoints all, few;
        unsigned of_role[ROLES] = {0};
        draw(&random);
        for (unsigned i = 0; i < REUSES; i++) /* leave endpoints without reuses */
            reuses[i].stream = random_below(&random, 1 + run % 10);
        group(&all, 0);
        group(&few, WORST);
        cr_assert_eq(few.count, all.count);
        for (uint32_t i = 0; i < all.count; i++) {
            struct endpoint_row a, b;
            endpoints_row(&all, i, &a);
            endpoints_row(&few, i, &b);
            cr_expect_eq(b.reuses, a.reuses);
            cr_expect_eq(b.failed, a.failed);
            if (!a.reuses || of_role[a.is_server]++ >= WORST) {
                cr_expect_eq(b.most_open, 0);
                shorter++;
                continue;
            }
            cr_expect_eq(b.is_server, a.is_server);
            cr_expect_eq(b.port, a.port);
            cr_expect_eq(b.order, a.order);
            expect_conversations(&b);
            expect_reuses(&b);
        }
        endpoints_free(&all);
        endpoints_free(&few);
    }
    cr_expect_gt(shorter, RUNS);
}

/* Conversations of one client with one server, whose ports are these. */
static enum port_order order_of_ports(const uint16_t *ports, unsigned count)
{
    const struct hash_key key = {{1}};
    struct endpoints e;
    struct endpoint_row row;
    cr_assert(!endpoints_init(&e, count, (struct port_range){1, 2}, &key));
    for (unsigned i = 0; i < count; i++) {
        union conversation_any c = {
            .v4 = {.c = {.port = {ports[i], 80}, .state = STATE_CLIENT_KNOWN}, .address = {1, 2}}};
        const struct history h = {0};
        cr_assert(!endpoints_add_conversation(&e, i, &c, &h, FAMILY_IPV4));
    }
    cr_assert(!endpoints_group(&e, NULL, 0, 0));
    endpoints_row(&e, 0, &row);
    endpoints_free(&e);
    return row.order;
}

Test(endpoints, tell_the_order_of_ports)
{
    static const uint16_t up[] = {10, 11, 13, 17, 18, 20, 22, 23, 24},
                          few[] = {10, 11, 12, 13, 14, 15, 16, 17},
                          mixed[] = {500, 20, 900, 30, 40, 800, 10, 700, 600},
                          jumps[] = {1, 9, 20, 30, 40, 50, 60, 70, 80},
                          same[] = {5, 5, 5, 5, 5, 5, 5, 5, 5, 5, 5};
    cr_expect_eq(order_of_ports(up, ARRAY_LEN(up)), PORTS_SEQUENTIAL);
    cr_expect_eq(order_of_ports(few, ARRAY_LEN(few)), PORTS_UNKNOWN);
    cr_expect_eq(order_of_ports(mixed, ARRAY_LEN(mixed)), PORTS_RANDOM);
    cr_expect_eq(order_of_ports(jumps, ARRAY_LEN(jumps)), PORTS_UNKNOWN);
    cr_expect_eq(order_of_ports(same, ARRAY_LEN(same)), PORTS_UNKNOWN);
}

/* Of conversations at both ends of time, two at either begin within a second, and those of both do not. */
Test(endpoints, count_at_both_ends_of_time)
{
    static const int64_t times[] = {INT64_MIN, INT64_MIN + 1, 0, INT64_MAX - 1, INT64_MAX};
    const struct hash_key key = {{1}};
    struct endpoints e;
    struct endpoint_row row;
    cr_assert(!endpoints_init(&e, ARRAY_LEN(times), (struct port_range){1, 2}, &key));
    for (unsigned i = 0; i < ARRAY_LEN(times); i++) {
        const union conversation_any c = {
            .v4 = {
                .c = {.port = {(uint16_t)(1000 + i), 80}, .state = STATE_CLIENT_KNOWN, .last_time = times[i]},
                .address = {1, 2}}};
        const struct history h = {.first_time = times[i]};
        cr_assert(!endpoints_add_conversation(&e, i, &c, &h, FAMILY_IPV4));
    }
    cr_assert(!endpoints_group(&e, NULL, 0, 0));
    endpoints_row(&e, 0, &row);
    cr_expect_eq(row.most_new, 2);
    cr_expect_eq(row.most_open, 1);
    endpoints_free(&e);
}
