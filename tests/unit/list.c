/* Lists that grow: items keep their content, and room is made in one step or by doubling. */
#include "engine/list.h"

#include <criterion/criterion.h>
#include <stdlib.h>

struct number_list {
    uint64_t *items;
    uint32_t count, capacity;
};

Test(list, keeps_items_while_it_grows)
{
    enum { COUNT = 1000 };
    struct number_list list = {0};
    for (uint64_t i = 0; i < COUNT; i++) {
        uint64_t *item = LIST_ADD(&list);
        cr_assert_not_null(item);
        *item = i;
    }
    cr_expect_eq(list.count, COUNT);
    cr_expect_geq(list.capacity, COUNT);
    for (uint64_t i = 0; i < COUNT; i++)
        cr_expect_eq(list.items[i], i);
    free(list.items);
}

Test(list, reserves_for_an_index)
{
    struct number_list list = {0};
    cr_assert_eq(list_reserve(&list.items, &list.capacity, 5000, sizeof *list.items), 0);
    cr_expect_geq(list.capacity, 5000);
    list.items[4999] = 7;
    const uint64_t *before = list.items;
    cr_assert_eq(list_reserve(&list.items, &list.capacity, 5000, sizeof *list.items), 0);
    cr_expect_eq(list.items, before);
    cr_expect_neq(list_reserve(&list.items, &list.capacity, UINT64_C(1) << 32, sizeof *list.items), 0,
                  "more items than a list can count");
    cr_expect_eq(list.items, before);
    cr_expect_geq(list.capacity, 5000);
    free(list.items);
}

Test(list, buffers_grow)
{
    char *bytes = NULL;
    size_t capacity = 0;
    cr_assert_eq(buffer_reserve(&bytes, &capacity, 10), 0);
    memcpy(bytes, "0123456789", 10);
    const size_t before = capacity;
    cr_assert_eq(buffer_reserve(&bytes, &capacity, before + 1), 0);
    cr_expect_geq(capacity, 2 * before);
    cr_expect_arr_eq(bytes, "0123456789", 10);
    free(bytes);
}
