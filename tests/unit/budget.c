/* The budget of memory: what was taken counts until it is measured, and what is too much is said once and for all; the
 * limits of control groups; an index that is filled further where it may not double. */
#include "engine/budget.h"
#include "engine/conversations/table.h"
#include "engine/pages.h"
#include "engine/pipeline.h"
#include "io/memory_limit.h"
#include "tests/support/memory_source.h"
#include "tests/support/recording_sink.h"
#include "tests/support/traffic.h"

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>

static uint64_t used;
static unsigned measurements;

static uint64_t measure(void)
{
    measurements++;
    return used;
}

enum { LIMIT = 1000, MEASURE_AFTER = LIMIT / 16 };

Test(budget, without_one_nothing_is_counted)
{
    budget_set(0, measure);
    cr_expect(budget_allows(SIZE_MAX / 2));
    budget_take(SIZE_MAX / 2);
    cr_expect_not(budget_is_exceeded());
    cr_expect_eq(measurements, 0);
}

Test(budget, measures_only_when_much_was_counted)
{
    used = 100;
    budget_set(LIMIT, measure);
    cr_expect_eq(measurements, 1);
    budget_take(MEASURE_AFTER);
    cr_expect(budget_allows(1));
    cr_expect_eq(measurements, 1);
    budget_take(1);
    cr_expect(budget_allows(1));
    cr_expect_eq(measurements, 2);
    cr_expect(budget_allows(1), "counting began anew");
    cr_expect_eq(measurements, 2);
}

Test(budget, measures_before_it_refuses)
{
    used = 100;
    budget_set(LIMIT, measure);
    cr_expect(budget_allows(LIMIT - 100));
    budget_take(LIMIT - 100);
    used = 500; /* less than what was counted: some was freed meanwhile */
    cr_expect(budget_allows(500));
    cr_expect_not(budget_allows(501));
    cr_expect(budget_is_exceeded());
    used = 0;
    cr_expect_not(budget_allows(1), "that remains so");
    budget_set(LIMIT, measure);
    cr_expect_not(budget_is_exceeded());
}

Test(budget, gives_back)
{
    used = 0;
    budget_set(LIMIT, measure);
    budget_take(900);
    budget_give(890);
    used = 10;
    cr_expect(budget_allows(990));
    cr_expect_not(budget_is_exceeded());
}

Test(budget, of_what_cannot_be_measured_counts_alone)
{
    used = 0;
    budget_set(LIMIT, measure);
    budget_take(LIMIT);
    cr_expect_not(budget_allows(1));
}

Test(budget, counts_pages)
{
    used = 0;
    budget_set(10 << 20, measure);
    void *a = pages_alloc(6 << 20, false);
    cr_assert_not_null(a);
    cr_expect_not(budget_is_exceeded());
    used = 6 << 20;
    void *b = pages_alloc(5 << 20, true);
    cr_expect_not_null(b, "nothing is refused");
    cr_expect(budget_is_exceeded());
    pages_free(a, 6 << 20);
    pages_free(b, 5 << 20);
    budget_set(0, NULL);
}

Test(budget, a_large_index_is_filled_further)
{
    enum { BUCKETS = 64 << 10, SLOTS = BUCKETS * BUCKET_SLOTS };
    struct table t;
    budget_set(0, NULL);
    cr_assert_eq(table_init(&t, FAMILY_IPV4), 0);
    while (table_buckets(&t) < BUCKETS)
        cr_assert_eq(table_grow(&t), 0);
    used = 2 << 20;
    budget_set(8 << 20, measure); /* it would take 8 MiB */
    cr_expect_eq(t.limit, SLOTS / 4 * 3);
    cr_assert_eq(table_grow(&t), 0);
    cr_expect_eq(table_buckets(&t), BUCKETS);
    cr_expect_eq(t.limit, SLOTS / 16 * 15);
    cr_expect(budget_is_exceeded());
    cr_assert_eq(table_grow(&t), 0);
    cr_expect_eq(table_buckets(&t), 2 * BUCKETS, "once only");
    cr_expect_eq(t.limit, SLOTS / 2 * 3);
    table_free(&t);
    budget_set(0, NULL);
}

/* A run whose budget is exceeded while a batch is claimed. */

enum { LARGE_LIMIT = 1 << 30 }; /* more than the run takes */

static void exceed(void *nothing)
{
    (void)nothing;
    budget_allows(LARGE_LIMIT + 1);
}

struct limited_run {
    struct pipeline_totals totals;
    uint64_t claimed, released;
};

/* at: the number of the batch; UINT64_MAX: none. */
static struct limited_run run_limited(const struct traffic *t, uint64_t at, bool endless, unsigned threads)
{
    const struct memory_input input = {t->frames, t->count, UINT32_MAX};
    const struct memory_source_params source_params = {
        .inputs = &input, .input_count = 1, .lane_units = 300, .seed = 1};
    struct recording_sink sink;
    recording_sink_init(&sink);
    struct memory_source *source = memory_source_create(&source_params);
    cr_assert_not_null(source);
    memory_source_source(source)->endless = endless;
    memory_source_at_batch(source, at, exceed, NULL);
    used = 0;
    budget_set(LARGE_LIMIT, measure);
    const struct pipeline_params params = {
        .source = memory_source_source(source), .sink = &sink.sink, .threads = threads};
    struct pipeline *p = pipeline_create(&params);
    cr_assert_not_null(p);
    cr_assert_eq(pipeline_run(p), PIPELINE_OK);
    const struct limited_run run = {*pipeline_totals(p), memory_source_claimed(source),
                                    memory_source_released(source)};
    pipeline_destroy(p);
    memory_source_destroy(source);
    recording_sink_free(&sink);
    budget_set(0, NULL);
    return run;
}

Test(budget, an_input_that_ends_at_the_limit_is_read_to_its_end)
{
    struct traffic t;
    cr_assert_eq(traffic_make(&t, 2000, 20, 1), 0);
    for (unsigned threads = 1; threads <= 3; threads++) {
        const uint64_t batches = run_limited(&t, UINT64_MAX, false, threads).claimed;
        cr_assert_gt(batches, 4);
        struct limited_run run = run_limited(&t, batches - 1, false, threads);
        cr_expect_not(run.totals.limited, "in the last batch");
        cr_expect_eq(run.totals.frames, t.count);
        run = run_limited(&t, batches - 1, true, threads);
        cr_expect(run.totals.limited, "nobody knows that it was the last one");
        run = run_limited(&t, batches - 3, false, threads);
        cr_expect(run.totals.limited, "before");
        cr_expect_lt(run.totals.frames, t.count);
        cr_expect_gt(run.totals.frames, 0);
        cr_expect_eq(run.claimed, batches - 1, "one was claimed to see whether there is one");
        cr_expect_eq(run.released, run.claimed);
    }
    traffic_free(&t);
}

/* The limits of control groups. */

static char root[] = "/tmp/tcpreuse-groups-XXXXXX";

static void put(const char *name, const char *text)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", root, name);
    for (char *slash = strchr(path + sizeof root, '/'); slash; slash = strchr(slash + 1, '/')) {
        *slash = 0;
        mkdir(path, 0700);
        *slash = '/';
    }
    FILE *f = fopen(path, "w");
    cr_assert_not_null(f);
    fputs(text, f);
    fclose(f);
}

static uint64_t limit_of(const char *groups)
{
    char path[512];
    put("cgroup", groups);
    snprintf(path, sizeof path, "%s/cgroup", root);
    return memory_limit_of_groups(path, root);
}

static void make_root(void)
{
    cr_assert_not_null(mkdtemp(root));
}

static void remove_root(void)
{
    char command[512];
    snprintf(command, sizeof command, "rm -r %s", root);
    cr_expect_eq(system(command), 0);
}

TestSuite(groups, .init = make_root, .fini = remove_root);

Test(groups, of_version_2_with_those_around)
{
    put("a/b/memory.max", "max\n");
    put("a/memory.max", "5000000\n");
    put("memory.max", "7000000\n");
    cr_expect_eq(limit_of("0::/a/b\n"), 5000000);
    cr_expect_eq(limit_of("0::/a\n"), 5000000);
    cr_expect_eq(limit_of("0::/\n"), 7000000);
    cr_expect_eq(limit_of("0::/../of/the/host\n"), 7000000);
}

Test(groups, of_version_1)
{
    put("memory/x/memory.limit_in_bytes", "3000000\n");
    put("memory/memory.limit_in_bytes", "9223372036854771712\n");
    put("cpu/x/memory.limit_in_bytes", "1\n");
    cr_expect_eq(limit_of("4:cpu,cpuacct:/x\n3:hugetlb,memory:/x\n0::/\n"), 3000000);
    cr_expect_eq(limit_of("4:memoryless:/x\n"), UINT64_MAX);
}

Test(groups, that_are_none)
{
    cr_expect_eq(limit_of(""), UINT64_MAX);
    cr_expect_eq(limit_of("nonsense\n0:\n0::\n"), UINT64_MAX);
    cr_expect_eq(memory_limit_of_groups("/nowhere/cgroup", root), UINT64_MAX);
}

Test(groups, sizes_for_people)
{
    char text[MEMORY_TEXT];
    cr_expect_str_eq(memory_limit_text(64 << 20, text), "64 MiB");
    cr_expect_str_eq(memory_limit_text(UINT64_C(15461882266), text), "14.4 GiB");
    cr_expect_str_eq(memory_limit_text(1, text), "0 KiB");
    cr_expect_str_eq(memory_limit_text(UINT64_C(1023) << 20, text), "1023 MiB");
}
