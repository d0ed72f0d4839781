/* Rows that wait for their findings: they come out in the order of the capture, whatever the order in which
 * findings become complete, and with the episode that they belong to. */
#include "engine/pipeline/waiting.h"

#include <criterion/criterion.h>
#include <stdlib.h>

enum { LISTS = 3 };

static struct waiting begin(void)
{
    return (struct waiting){.tickets = calloc(LISTS, sizeof(struct ticket_map))};
}

static void add(struct waiting *w, unsigned list, uint32_t ticket, uint64_t stream)
{
    const struct reuse r = {.ticket = ticket, .stream = stream, .previous_stream = stream + 1000};
    const struct waiting_row *row = waiting_add(w, &r, list);
    cr_assert(row);
    cr_assert_eq(row->list, list);
    cr_assert_not(row->complete);
}

static void complete(struct waiting *w, unsigned list, uint32_t ticket, uint32_t first_ticket,
                     bool from_previous)
{
    const struct found f = {ticket, first_ticket, {.attempt = ticket + 1, .from_previous = from_previous}};
    waiting_complete(w, &f, list);
}

/* The stream of the first row, which is taken out; UINT64_MAX: none is complete. */
static uint64_t take(struct waiting *w)
{
    const struct waiting_row *row = waiting_first(w);
    if (!row)
        return UINT64_MAX;
    const uint64_t stream = row->reuse.stream;
    waiting_remove_first(w);
    return stream;
}

Test(waiting, the_first_row_holds_back_all_others)
{
    struct waiting w = begin();
    cr_expect_null(waiting_first(&w));
    add(&w, 0, 0, 10);
    add(&w, 1, 0, 11);
    add(&w, 0, 1, 12);
    complete(&w, 0, 1, 1, false);
    complete(&w, 1, 0, 0, false);
    cr_expect_null(waiting_first(&w));
    complete(&w, 0, 0, 0, false);
    for (uint64_t stream = 10; stream < 13; stream++)
        cr_expect_eq(take(&w), stream);
    cr_expect_null(waiting_first(&w));
    waiting_free(&w, LISTS);
}

Test(waiting, tickets_of_a_list_may_come_in_any_order)
{
    struct waiting w = begin();
    add(&w, 2, 3, 13);
    add(&w, 2, 0, 10);
    add(&w, 2, 2, 12);
    add(&w, 2, 1, 11);
    for (uint32_t ticket = 0; ticket < 4; ticket++)
        complete(&w, 2, ticket, ticket, false);
    cr_expect_eq(take(&w), 13);
    cr_expect_eq(take(&w), 10);
    cr_expect_eq(take(&w), 12);
    cr_expect_eq(take(&w), 11);
    waiting_free(&w, LISTS);
}

Test(waiting, rows_of_an_episode_have_the_stream_that_it_began_with)
{
    struct waiting w = begin();
    for (uint32_t ticket = 0; ticket < 5; ticket++)
        add(&w, 0, ticket, ticket);
    complete(&w, 0, 0, 0, false);
    complete(&w, 0, 2, 0, false);
    complete(&w, 0, 1, 1, true); /* its episode began with the old conversation, which was no reuse */
    complete(&w, 0, 3, 1, false);
    complete(&w, 0, 4, 1, false);
    const uint64_t episode[] = {0, 1001, 0, 1001, 1001};
    for (unsigned i = 0; i < ARRAY_LEN(episode); i++) {
        const struct waiting_row *row = waiting_first(&w);
        cr_assert(row);
        cr_expect_eq(row->episode, episode[i]);
        cr_expect_eq(row->finding.attempt, i + 1);
        waiting_remove_first(&w);
    }
    waiting_free(&w, LISTS);
}

/* Many rows through rings that grow while one row holds up all others, in each list; and on, in the rings as
 * they are. */
Test(waiting, rings_grow_and_turn)
{
    enum { ROWS = 1000, ROUNDS = 50, FEW = 40 };
    struct waiting w = begin();
    uint64_t in = 0, out = 0;
    uint32_t ticket[LISTS] = {0};
    for (unsigned i = 0; i < ROWS; i++, in++)
        add(&w, i % LISTS, ticket[i % LISTS]++, in);
    for (unsigned i = ROWS; i-- > 0;) {
        cr_assert_null(waiting_first(&w));
        complete(&w, i % LISTS, i / LISTS, i / LISTS, false);
    }
    while (out < in)
        cr_assert_eq(take(&w), out++);
    const uint64_t capacity = w.capacity;
    for (unsigned round = 0; round < ROUNDS; round++) {
        const uint32_t from = ticket[1];
        for (unsigned i = 0; i < FEW; i++, in++)
            add(&w, 1, ticket[1]++, in);
        for (uint32_t t = ticket[1]; t-- > from;)
            complete(&w, 1, t, t, false);
        while (out < in)
            cr_assert_eq(take(&w), out++);
    }
    cr_expect_eq(w.capacity, capacity);
    waiting_free(&w, LISTS);
}

/* A row that waits for long does not keep the tickets behind it from coming and going. */
Test(waiting, one_list_waits_for_long_while_others_go_on)
{
    enum { ROWS = 300 };
    struct waiting w = begin();
    add(&w, 0, 0, 0);
    for (uint32_t t = 0; t < ROWS; t++) {
        add(&w, 1, t, t + 1);
        complete(&w, 1, t, t, false);
    }
    cr_expect_null(waiting_first(&w));
    complete(&w, 0, 0, 0, false);
    for (uint64_t stream = 0; stream <= ROWS; stream++)
        cr_assert_eq(take(&w), stream);
    waiting_free(&w, LISTS);
}

Test(waiting, tickets_wrap)
{
    struct waiting w = begin();
    w.tickets[0].low = w.tickets[0].end = UINT32_MAX - 1;
    for (uint32_t i = 0; i < 200; i++)
        add(&w, 0, UINT32_MAX - 1 + i, i);
    for (uint32_t i = 200; i-- > 0;)
        complete(&w, 0, UINT32_MAX - 1 + i, UINT32_MAX - 1 + i, false);
    for (uint64_t i = 0; i < 200; i++)
        cr_assert_eq(take(&w), i);
    waiting_free(&w, LISTS);
}
