/* The JSON writer: layout, escapes, and valid UTF-8 whatever a file is called. */
#include "io/reports/json.h"
#include "io/reports/summary.h"

#include <criterion/criterion.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

/* Everything that write(), a function of this file, makes. */
static char *written(void (*write)(struct json *, const char *), const char *argument)
{
    char *bytes = NULL;
    size_t size;
    FILE *f = open_memstream(&bytes, &size);
    cr_assert(f);
    struct json j = {.to = f};
    write(&j, argument);
    cr_expect_eq(j.depth, 0);
    cr_expect_eq(j.indent, 0);
    cr_assert_eq(fclose(f), 0);
    return bytes;
}

static void expect(void (*write)(struct json *, const char *), const char *argument, const char *expected)
{
    char *is = written(write, argument);
    cr_expect_str_eq(is, expected);
    free(is);
}

static void lines(struct json *j, const char *argument)
{
    (void)argument;
    json_begin_object(j, NULL, JSON_LINES);
    json_unsigned(j, "most", UINT64_MAX);
    json_begin_object(j, "inner", JSON_LINES);
    json_signed(j, "least", INT64_MIN);
    json_bool(j, "yes", true);
    json_end(j);
    json_begin_array(j, "empty", JSON_LINES);
    json_end(j);
    json_begin_object(j, "nothing", JSON_INLINE);
    json_end(j);
    json_begin_array(j, "items", JSON_LINES);
    json_bool(j, NULL, false);
    json_null(j, NULL);
    json_end(j);
    json_end(j);
}

Test(json, members_on_lines)
{
    expect(lines, NULL,
           "{\n"
           "  \"most\": 18446744073709551615,\n"
           "  \"inner\": {\n"
           "    \"least\": -9223372036854775808,\n"
           "    \"yes\": true\n"
           "  },\n"
           "  \"empty\": [],\n"
           "  \"nothing\": {},\n"
           "  \"items\": [\n"
           "    false,\n"
           "    null\n"
           "  ]\n"
           "}\n");
}

static void in_line(struct json *j, const char *argument)
{
    (void)argument;
    json_begin_array(j, NULL, JSON_LINES);
    json_begin_object(j, NULL, JSON_INLINE);
    json_unsigned(j, "a", 0);
    json_unsigned(j, "b", 1);
    json_break(j);
    json_unsigned(j, "c", 2);
    json_unsigned(j, "d", 3);
    json_end(j);
    json_begin_object(j, NULL, JSON_INLINE);
    json_begin_array(j, "queues", JSON_LINES);
    json_unsigned(j, NULL, 4);
    json_unsigned(j, NULL, 5);
    json_end(j);
    json_end(j);
    json_end(j);
}

Test(json, members_in_line)
{
    expect(in_line, NULL,
           "[\n"
           "  {\"a\": 0, \"b\": 1,\n"
           "    \"c\": 2, \"d\": 3},\n"
           "  {\"queues\": [\n"
           "    4,\n"
           "    5]}\n"
           "]\n");
}

static void reals(struct json *j, const char *argument)
{
    (void)argument;
    json_begin_array(j, NULL, JSON_INLINE);
    json_real(j, NULL, 0.25, 6);
    json_real(j, NULL, 1234567.5, 1);
    json_real(j, NULL, 3, 0);
    json_real(j, NULL, (double)NAN, 6);
    json_real(j, NULL, (double)-INFINITY, 6);
    json_end(j);
}

static void hostile(struct json *j, const char *argument)
{
    j->within_html = true;
    json_string(j, NULL, argument);
}

Test(json, no_markup_within_html)
{
    expect(hostile, "</script><!--&\xe2\x80\xa8\xe2\x80\xa9\xe2\x80\xaa\"",
           "\"\\u003c/script\\u003e\\u003c!--\\u0026\\u2028\\u2029\xe2\x80\xaa\\\"\"");
}

Test(json, reals)
{
    expect(reals, NULL, "[0.250000, 1234567.5, 3, null, null]\n");
}

static void string(struct json *j, const char *s)
{
    json_begin_array(j, NULL, JSON_INLINE);
    json_string(j, NULL, s);
    json_end(j);
}

Test(json, escapes)
{
    expect(string, "", "[\"\"]\n");
    expect(string, "a \"b\" c\\d/e", "[\"a \\\"b\\\" c\\\\d/e\"]\n");
    expect(string, "\x01\t\n\x1b[31m\x1f\x7f", "[\"\\u0001\\u0009\\u000a\\u001b[31m\\u001f\x7f\"]\n");
}

Test(json, valid_utf8_stays)
{
    /* The first and the last character of each length, and those beside the surrogates. */
    static const char *const valid[] = {
        "\xc2\x80",     "\xdf\xbf",         "\xe0\xa0\x80",     "\xed\x9f\xbf",     "\xee\x80\x80",
        "\xef\xbf\xbf", "\xf0\x90\x80\x80", "\xf4\x8f\xbf\xbf", "caf\xc3\xa9.pcap",
    };
    for (size_t i = 0; i < ARRAY_LEN(valid); i++) {
        char expected[64];
        snprintf(expected, sizeof expected, "[\"%s\"]\n", valid[i]);
        expect(string, valid[i], expected);
    }
}

#define BAD "\xef\xbf\xbd"

Test(json, invalid_utf8_is_replaced_byte_by_byte)
{
    static const struct {
        const char *name, *s, *expected;
    } cases[] = {
        {"a byte that begins nothing", "a\x80z", "[\"a" BAD "z\"]\n"},
        {"bytes that never occur", "\xfe\xff", "[\"" BAD BAD "\"]\n"},
        {"Latin-1", "caf\xe9.pcap", "[\"caf" BAD ".pcap\"]\n"},
        {"cut at the end, two bytes", "\xc3", "[\"" BAD "\"]\n"},
        {"cut at the end, three bytes", "\xe2\x82", "[\"" BAD BAD "\"]\n"},
        {"cut at the end, four bytes", "\xf0\x9f\x98", "[\"" BAD BAD BAD "\"]\n"},
        {"cut before a quotation mark", "\xe2\x82\"", "[\"" BAD BAD "\\\"\"]\n"},
        {"overlong slash", "\xc0\xaf", "[\"" BAD BAD "\"]\n"},
        {"overlong, three bytes", "\xe0\x9f\xbf", "[\"" BAD BAD BAD "\"]\n"},
        {"overlong, four bytes", "\xf0\x8f\xbf\xbf", "[\"" BAD BAD BAD BAD "\"]\n"},
        {"surrogate", "\xed\xa0\x80", "[\"" BAD BAD BAD "\"]\n"},
        {"above U+10FFFF", "\xf4\x90\x80\x80", "[\"" BAD BAD BAD BAD "\"]\n"},
    };
    for (size_t i = 0; i < ARRAY_LEN(cases); i++) {
        char *is = written(string, cases[i].s);
        cr_expect_str_eq(is, cases[i].expected, "%s: %s", cases[i].name, is);
        free(is);
    }
}

Test(json, summary_with_a_file_name_that_is_no_utf8)
{
    struct problems problems = PROBLEMS_INIT, failures = PROBLEMS_INIT;
    struct pipeline_totals totals = {0};
    problems_add(&problems, PROBLEM_ERROR, 0, "b\xfc\x0b\"ro.pcap", 7, "expected \x1b, found \xff");
    struct summary s = {.totals = &totals, .problems = &problems, .failures = &failures, .rules = RULES_4_4};
    char line[256];
    FILE *f = tmpfile();
    bool found = false;
    cr_assert(f);
    summary_write_json(&s, f);
    rewind(f);
    while (f && fgets(line, sizeof line, f))
        found |= !strcmp(line, "      {\"file\": \"b" BAD "\\u000b\\\"ro.pcap\", \"offset\": 7, "
                               "\"message\": \"expected \\u001b, found " BAD "\"}\n");
    cr_expect(found);
    fclose(f);
    problems_free(&problems);
}
