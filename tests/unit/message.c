/* What reaches a terminal. */
#include "io/message.h"

#include <criterion/criterion.h>
#include <stdlib.h>

static void expect(const char *s, const char *expected)
{
    char *is = NULL;
    size_t size;
    FILE *f = open_memstream(&is, &size);
    cr_assert(f);
    message_write(f, s);
    cr_assert_eq(fclose(f), 0);
    cr_expect_str_eq(is, expected);
    free(is);
}

Test(message, printable_stays)
{
    expect("", "");
    expect("a file \"b\" \\ c.pcap", "a file \"b\" \\ c.pcap");
    expect("caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80", "caf\xc3\xa9 \xe2\x82\xac \xf0\x9f\x98\x80");
    expect("\xc2\xa0", "\xc2\xa0"); /* the first character behind C1 */
}

Test(message, controls_are_escaped)
{
    expect("\x1b[31mred\x1b[0m", "\\x1b[31mred\\x1b[0m");
    expect("a\nb\r\t\x07\x7f", "a\\x0ab\\x0d\\x09\\x07\\x7f");
    expect("\xc2\x9b"
           "31m \xc2\x80 \xc2\x9f",
           "\\xc2\\x9b31m \\xc2\\x80 \\xc2\\x9f"); /* CSI of C1 */
}

Test(message, invalid_utf8_is_escaped)
{
    expect("caf\xe9", "caf\\xe9");
    expect("\xe2\x82", "\\xe2\\x82");
    expect("\xff\xc0\xaf.", "\\xff\\xc0\\xaf.");
}

Test(message, no_text)
{
    expect(NULL, "?");
}
