/* What is said about damaged input. */
#include "io/problems.h"

#include <criterion/criterion.h>
#include <stdio.h>

Test(problems, none)
{
    struct problems p = PROBLEMS_INIT;
    problems_sort(&p);
    cr_expect_eq(problems_errors(&p), 0);
    problems_free(&p);
}

Test(problems, text_and_place)
{
    struct problems p = PROBLEMS_INIT;
    char file[] = "a.pcap";
    problems_add(&p, PROBLEM_ERROR, 3, file, 77, "expected %d, found %s", 5, "nothing");
    problems_add(&p, PROBLEM_NOTE, 4, "b", -1, "skipped");
    file[0] = 'x'; /* it is copied */
    cr_assert_eq(p.count, 2);
    cr_expect_str_eq(p.items[0].file, "a.pcap");
    cr_expect_str_eq(p.items[0].text, "expected 5, found nothing");
    cr_expect(p.items[0].has_offset && p.items[0].offset == 77 && !p.items[0].note);
    cr_expect(!p.items[1].has_offset && p.items[1].note && p.items[1].order == 4);
    cr_expect_eq(problems_errors(&p), 1);
    problems_free(&p);
    cr_expect_eq(p.count, 0);
}

Test(problems, sorted_by_file_and_offset)
{
    struct problems p = PROBLEMS_INIT;
    static const int places[][2] = {{2, 5}, {0, 9}, {2, -1}, {1, 0}, {0, 3}, {2, 4}, {1, 7}, {0, 4}, {3, 0}};
    for (size_t i = 0; i < sizeof places / sizeof *places; i++)
        problems_add(&p, PROBLEM_ERROR, (size_t)places[i][0], "file", places[i][1], "%d %d", places[i][0],
                     places[i][1]);
    problems_sort(&p);
    char all[100] = "";
    for (size_t i = 0; i < p.count; i++)
        sprintf(all + strlen(all), "%s%s", i ? ", " : "", p.items[i].text);
    cr_expect_str_eq(all, "0 3, 0 4, 0 9, 1 0, 1 7, 2 -1, 2 4, 2 5, 3 0");
    problems_free(&p);
}

static void *add_many(void *argument)
{
    for (int i = 0; i < 500; i++)
        problems_add(argument, i % 2 ? PROBLEM_NOTE : PROBLEM_ERROR, (size_t)i, "file", i, "%d", i);
    return NULL;
}

Test(problems, from_many_threads)
{
    struct problems p = PROBLEMS_INIT;
    pthread_t threads[4];
    for (int i = 0; i < 4; i++)
        cr_assert_eq(pthread_create(&threads[i], NULL, add_many, &p), 0);
    for (int i = 0; i < 4; i++)
        pthread_join(threads[i], NULL);
    cr_expect_eq(p.count, 2000);
    cr_expect_eq(problems_errors(&p), 1000);
    problems_free(&p);
}
