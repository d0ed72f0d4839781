/* Text for people: what fits a window, and how times and numbers look. */
#include "io/reports/page.h"

#include <criterion/criterion.h>
#include <stdlib.h>

#define SECONDS(n) ((n)*INT64_C(1000000000))

static void expect(struct page *page, const char *expected)
{
    page_print(page, "%s", "");
    cr_assert(!page->failed);
    cr_expect_eq(page->text->length, strlen(expected), "%.*s", (int)page->text->length, page->text->bytes);
    cr_expect(!memcmp(page->text->bytes, expected, strlen(expected)), "%.*s", (int)page->text->length,
              page->text->bytes);
    page->text->length = 0;
}

Test(page, gap)
{
    static const struct {
        int64_t ns;
        const char *expected;
    } cases[] = {
        {0, "0 us"},
        {999, "0 us"},
        {999999, "999 us"},
        {1000000, "1.000 ms"},
        {999999999, "999.999 ms"},
        {SECONDS(1), "1.000 s"},
        {-SECONDS(1) - 500000000, "-1.500 s"},
        {SECONDS(600) - 1, "599.999 s"},
        {SECONDS(600), "10 min 00 s"},
        {SECONDS(7199), "119 min 59 s"},
        {SECONDS(7200), "2 h 00 min"},
        {SECONDS(7799), "2 h 10 min"},
        {SECONDS(172799), "48 h 00 min"},
        {SECONDS(172800), "2 d 00 h"},
        {INT64_MAX, "106752 d 00 h"},
        {INT64_MIN, "-106752 d 00 h"},
    };
    char text[PAGE_GAP_MAX];
    for (size_t i = 0; i < ARRAY_LEN(cases); i++)
        cr_expect_str_eq(page_gap(text, cases[i].ns), cases[i].expected);
}

Test(page, number)
{
    char text[PAGE_GAP_MAX];
    cr_expect_str_eq(page_number(text, 0), "0");
    cr_expect_str_eq(page_number(text, 999), "999");
    cr_expect_str_eq(page_number(text, 1000), "1,000");
    cr_expect_str_eq(page_number(text, 1234567), "1,234,567");
    cr_expect_str_eq(page_number(text, UINT64_MAX), "18,446,744,073,709,551,615");
}

Test(page, wrap)
{
    struct text text = {0};
    struct page page = {.style = {.width = 31}, .text = &text};
    page_wrap(&page, 2, "Words of a sentence that takes more than one line (and no break here).");
    expect(&page, "Words of a sentence that\n  takes more than one line\n  (and no break here).\n");
    page_wrap(&page, 2, "");
    expect(&page, "\n");
    page_wrap(&page, 0, "averyveryverylongwordthatdoesnotfitanywhere a b");
    expect(&page, "averyveryverylongwordthatdoesnotfitanywhere\na b\n");
    free(text.bytes);
}

Test(page, endpoint_column)
{
    struct text text = {0};
    struct page page = {.style = {.utf8 = true}, .text = &text};
    page_endpoint_column(&page, "192.0.2.1:80", 14);
    expect(&page, "192.0.2.1:80  ");
    page_endpoint_column(&page, "192.0.2.100:65535", 12);
    expect(&page, "192\xe2\x80\xa6"
                  "00:65535");
    page_endpoint_column(&page, "[2001:db8:1:2:3:4:5:6]:443", 21);
    expect(&page, "[2001:db\xe2\x80\xa6"
                  "3:4:5:6]:443");
    page.style.utf8 = false;
    page_endpoint_column(&page, "[2001:db8:1:2:3:4:5:6]", 16);
    expect(&page, "[2001:d~3:4:5:6]");
    free(text.bytes);
}

/* Bytes that no terminal should get, in few columns. */
Test(page, name)
{
    struct text text = {0};
    struct page page = {.style = {.utf8 = false}, .text = &text};
    page_name(&page, "a\x1b[\xe2\x82\xac\xff\xc2\x9b", 80);
    expect(&page, "a\\x1b[\xe2\x82\xac\\xff\\xc2\\x9b");
    page_name(&page, "abcdef", 6);
    expect(&page, "abcdef");
    page_name(&page, "abcdefg", 6);
    expect(&page, "abcde~");
    page_name(&page, "abc\x1b", 6);
    expect(&page, "abc~");
    free(text.bytes);
}
