/* Lists of segments, and the memory that goes from one to the next. */
#include "engine/conversations/segment.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static void fill(struct segment_list *l, struct spare_lists *spare, unsigned n, enum family f)
{
    for (unsigned i = 0; i < n; i++) {
        struct segment *s = segment_list_add(l, spare, f);
        cr_assert(s);
        s->seq = i;
    }
}

Test(segment_list, keeps_its_segments_as_it_grows)
{
    for (int f = 0; f < FAMILIES; f++) {
        struct segment_list l = {0};
        fill(&l, NULL, 1000, (enum family)f);
        cr_assert_eq(segment_list_count(&l, (enum family)f), 1000);
        for (unsigned i = 0; i < 1000; i++)
            cr_assert_eq(segment_list_at(&l, i, (enum family)f)->seq, i);
        segment_list_clear(&l);
        cr_assert_eq(segment_list_count(&l, (enum family)f), 0);
        free(l.items);
    }
}

/* Memory that was given comes back, the last one first, to a list of the same family, and empty. */
Test(segment_list, takes_what_is_spare)
{
    struct spare_lists spare;
    cr_assert_eq(spare_lists_init(&spare, 4, 64), 0);
    for (int f = 0; f < FAMILIES; f++) {
        struct segment_list a = {0}, b = {0}, c = {0};
        fill(&a, &spare, 100, (enum family)f);
        fill(&b, &spare, 200, (enum family)f);
        const uint8_t *first = a.items, *second = b.items;
        spare_lists_give(&spare, &a, (enum family)f);
        spare_lists_give(&spare, &b, (enum family)f);
        spare_lists_give(&spare, &c, (enum family)f); /* has none */
        cr_assert(!a.items && !a.end && !a.limit && !b.items);
        cr_assert_eq(spare.count[f], 2);
        fill(&c, &spare, 150, (enum family)f);
        cr_assert_eq(c.items, second);
        cr_assert_eq(segment_list_count(&c, (enum family)f), 150);
        fill(&a, &spare, 1, (enum family)f);
        cr_assert_eq(a.items, first);
        cr_assert_eq(spare.count[f], 0);
        /* One that has memory grows, and takes none. */
        spare_lists_give(&spare, &a, (enum family)f);
        fill(&c, &spare, 300, (enum family)f);
        cr_assert_eq(spare.count[f], 1);
        spare_lists_give(&spare, &c, (enum family)f);
    }
    spare_lists_free(&spare);
    cr_assert(!spare.lists[0]);
}

/* As many as the owner expects: so it is not copied again and again. */
Test(segment_list, begins_with_room)
{
    struct spare_lists spare;
    cr_assert_eq(spare_lists_init(&spare, 2, 500), 0);
    for (int f = 0; f < FAMILIES; f++) {
        struct segment_list l = {0};
        fill(&l, &spare, 1, (enum family)f);
        cr_assert_eq((size_t)(l.limit - l.items), 500 * segment_size((enum family)f));
        fill(&l, &spare, 500, (enum family)f);
        cr_assert_eq(segment_list_count(&l, (enum family)f), 501);
        free(l.items);
    }
    spare_lists_free(&spare);
}

/* What is given beyond the limit is freed: a worker that drains much and decodes little hoards nothing. */
Test(segment_list, spares_so_many_and_no_more)
{
    struct spare_lists spare;
    cr_assert_eq(spare_lists_init(&spare, 2, 1), 0);
    for (unsigned i = 0; i < 5; i++) {
        struct segment_list l = {0};
        fill(&l, NULL, 1, FAMILY_IPV6);
        spare_lists_give(&spare, &l, FAMILY_IPV6);
        cr_assert(!l.items);
    }
    cr_assert_eq(spare.count[FAMILY_IPV6], 2);
    cr_assert_eq(spare.count[FAMILY_IPV4], 0);
    spare_lists_free(&spare);
}
