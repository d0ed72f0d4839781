/* Any text as a string in JSON, in JSON within HTML, and in a message: what is written is valid UTF-8, and a string of JSON
 * without markup, that reads as the text does, or a message without a control character.
 */
#include "engine/util.h"
#include "io/message.h"
#include "io/reports/json.h"
#include "io/utf8.h"
#include "tests/fuzz/fuzz.h"

#include <string.h>

enum { TEXT_MAX = 1 << 14 };

static void require_utf8(const char *s, size_t n)
{
    REQUIRE(strlen(s) == n);
    while (*s) {
        const size_t length = utf8_length(s);
        REQUIRE(length);
        s += length;
    }
}

static unsigned hex(const char *s)
{
    unsigned n = 0;
    for (int i = 0; i < 4; i++) {
        const char *digits = "0123456789abcdef", *at = strchr(digits, s[i]);
        REQUIRE(s[i] && at);
        n = n << 4 | (unsigned)(at - digits);
    }
    return n;
}

/* Reads a string of JSON (RFC 8259), and compares it with the text, whose invalid bytes are U+FFFD. */
static void check_string(const char *json, const char *text, bool within_html)
{
    REQUIRE(*json++ == '"');
    for (; *text; text += MAX(utf8_length(text), (size_t)1)) {
        const size_t length = utf8_length(text);
        const unsigned char c = (unsigned char)*json;
        REQUIRE(c >= 0x20);
        if (within_html)
            REQUIRE(c != '<' && c != '>' && c != '&' && strncmp(json, "\xe2\x80\xa8", 3) != 0 &&
                    strncmp(json, "\xe2\x80\xa9", 3) != 0);
        REQUIRE(c != '"');
        if (c == '\\' && json[1] == 'u') {
            const unsigned code = hex(json + 2);
            REQUIRE(length == 1 ? code == (unsigned char)*text
                                : length == 3 && (code == 0x2028 || code == 0x2029));
            json += 6;
        } else if (c == '\\') {
            REQUIRE(json[1] == *text && (*text == '"' || *text == '\\'));
            json += 2;
        } else if (!length) {
            REQUIRE(!strncmp(json, "\xef\xbf\xbd", 3));
            json += 3;
        } else {
            REQUIRE(!strncmp(json, text, length));
            json += length;
        }
    }
    REQUIRE(!strcmp(json, "\"\n") || !strcmp(json, "\""));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    static char text[TEXT_MAX + 1], out[8 * TEXT_MAX + 64];
    if (size > TEXT_MAX)
        return 0;
    memcpy(text, data, size);
    text[size] = 0;
    for (int way = 0; way < 3; way++) {
        FILE *to = fmemopen(out, sizeof out, "w");
        REQUIRE(to);
        if (way == 2) {
            message_write(to, text);
        } else {
            struct json j = {.to = to, .within_html = way};
            json_string(&j, NULL, text);
        }
        const long n = ftell(to);
        REQUIRE(n >= 0);
        fclose(to);
        out[n] = 0;
        require_utf8(out, (size_t)n);
        if (way < 2)
            check_string(out, text, way);
        for (const char *s = out; way == 2 && *s; s++)
            REQUIRE((unsigned char)*s >= 0x20 && *s != 0x7f);
    }
    return 0;
}
