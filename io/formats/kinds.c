/* Kinds of files that are no captures and lie beside them: archives, logs, programs, pictures, and traces that are not
 * read. They are named so that a person sees at once what was mistaken for a capture, and what to do about it. */
#include "io/formats/kinds.h"
#include "engine/util.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define UNPACK     "unpack it first"
#define DECOMPRESS "decompress it first"
#define CONVERT    "convert it with editcap"

/* Known by some bytes at one place. */
static const struct magic {
    size_t at;
    const char *bytes;
    size_t length;
    struct kind kind;
} magics[] = {
#define AT(at, bytes) (at), (bytes), sizeof(bytes) - 1
    {AT(0, "PK\3\4"), {"a zip archive", UNPACK}},
    {AT(0, "PK\5\6"), {"an empty zip archive", NULL}},
    {AT(257, "ustar"), {"a tar archive", UNPACK}},
    {AT(0, "7z\xbc\xaf\x27\x1c"), {"a 7z archive", UNPACK}},
    {AT(0, "Rar!\x1a\7"), {"a rar archive", UNPACK}},
    {AT(0, "MSCF\0\0\0\0"), {"a Windows cabinet", UNPACK}},
    {AT(0, "!<arch>\n"), {"an ar archive or a Debian package", UNPACK}},
    {AT(0, "\xed\xab\xee\xdb"), {"an RPM package", UNPACK}},
    {AT(0, "07070"), {"a cpio archive", UNPACK}},
    {AT(4, "1AY&SY"), {"bzip2 data", DECOMPRESS}},
    {AT(0, "\x1f\x8b"), {"gzip data", DECOMPRESS}},
    {AT(0, "\xfd\x37zXZ\0"), {"xz data", DECOMPRESS}},
    {AT(0, "\x28\xb5\x2f\xfd"), {"zstd data", DECOMPRESS}},
    {AT(0, "\x04\x22\x4d\x18"), {"lz4 data", DECOMPRESS}},
    {AT(0, "LZIP\1"), {"lzip data", DECOMPRESS}},
    {AT(0, "\x89LZO\0\r\n\x1a\n"), {"lzop data", DECOMPRESS}},
    {AT(0, "\x5d\0\0"), {"lzma data", DECOMPRESS}},
    {AT(0, "\x1f\x9d"), {"data of compress", DECOMPRESS}},
    {AT(0, "Salted__"), {"data that openssl encrypted", "decrypt it first"}},
    {AT(72, "\2\0\1\xc0"), {"a Windows event trace (ETL)", "convert it with etl2pcapng"}},
    {AT(72, "\2\0\2\xc0"), {"a Windows event trace (ETL)", "convert it with etl2pcapng"}},
    {AT(0, "ElfFile\0"), {"a Windows event log", NULL}},
    {AT(0, "LPKSHHRH"), {"a journal of systemd", NULL}},
    {AT(0, "SQLite format 3\0"), {"an SQLite database", NULL}},
    {AT(0, "PAR1"), {"a Parquet file", NULL}},
    {AT(0, "\x7f"
           "ELF"),
     {"an ELF program or library", NULL}},
    {AT(0, "MZ"), {"a Windows program", NULL}},
    {AT(0, "\xca\xfe\xba\xbe"), {"a Java class or a macOS program", NULL}},
    {AT(0, "\xcf\xfa\xed\xfe"), {"a macOS program", NULL}},
    {AT(0, "%PDF-"), {"a PDF document", NULL}},
    {AT(0, "\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1"), {"an Office document", NULL}},
    {AT(0, "\x89PNG\r\n\x1a\n"), {"a PNG picture", NULL}},
    {AT(0, "\xff\xd8\xff"), {"a JPEG picture", NULL}},
    {AT(0, "GIF8"), {"a GIF picture", NULL}},
    {AT(0, "RIFF"), {"a RIFF file (sound, video or picture)", NULL}},
    {AT(4, "ftyp"), {"an MP4 video", NULL}},
    {AT(0, "#!rtpplay"), {"RTP data of rtpdump", NULL}},
    {AT(0, "#!"), {"a script", NULL}},
    {AT(0, "-----BEGIN "), {"a PEM file (a key or a certificate)", NULL}},
    {AT(0, "\xff\xfe"), {"text in UTF-16", NULL}},
    {AT(0, "\xfe\xff"), {"text in UTF-16", NULL}},
    {AT(0, "btsnoop\0"), {"a Bluetooth capture (btsnoop)", NULL}},
    {AT(0, "DLT\1"), {"an AUTOSAR DLT log", NULL}},
    {AT(0, "TTL "), {"a TTL log of TTTech", CONVERT}},
    {AT(0, "cpse"), {"a capture of Colasoft Capsa", CONVERT}},
    {AT(0, "\x42\xd2\0\x34\x12\x66\x22\x88"), {"a RADCOM capture", CONVERT}},
    {AT(0, "\0\0\2\0\x12\5\0\x10"), {"a K12 or K15 capture (rf5)", NULL}},
    {AT(0, "MPCSII"), {"a smart card log of Micropross", NULL}},
    {AT(0, "V0208"), {"a trace of Aethra", NULL}},
    {AT(0, "\x78\x9f\x3e\x22"), {"mail attachments (TNEF)", NULL}},
    /* What a codec translates, and finds at the beginning of a file only. */
    {AT(8, "NetScaler Performance Data"), {"a NetScaler trace in other compression", DECOMPRESS}},
    {AT(3, "NetScaler V20 "), {"a NetScaler trace in other compression", DECOMPRESS}},
    {AT(3, "Netscaler V3"), {"a NetScaler trace in other compression", DECOMPRESS}},
    {AT(0, "LOGG\x90\0\0"), {"a BLF log in other compression", DECOMPRESS}},
#undef AT
};

/* Known by how their text begins, behind blanks; capitals or not. In a pattern 9 is a digit, a any letter, and
 * a blank is one or more of them. */
static const struct wording {
    const char *pattern;
    struct kind kind;
} wordings[] = {
    {"<?xml", {"XML", NULL}},
    {"<!doctype html", {"HTML", "this may be the page of a download that failed"}},
    {"<html", {"HTML", "this may be the page of a download that failed"}},
    {"{\"", {"JSON", NULL}},
    {"{ \"", {"JSON", NULL}},
    {"[{", {"JSON", NULL}},
    {"[ {", {"JSON", NULL}},
    {"99:99:99.999999 ", {"text that tcpdump printed", "capture with tcpdump -w"}},
    {"9999-99-99 99:99:99.999999 ip", {"text that tcpdump printed", "capture with tcpdump -w"}},
    {"0000 ", {"a hex dump", "convert it with text2pcap"}},
    {"000000 ", {"a hex dump", "convert it with text2pcap"}},
    {"00000000 ", {"a hex dump", "convert it with text2pcap"}},
    {"00000000: ", {"a hex dump", "convert it with xxd -r"}},
    {"(9999999999.999999) a", {"a CAN log of candump", NULL}},
    {"***busmaster", {"a CAN log of BUSMASTER", NULL}},
    {";$fileversion=", {"a CAN trace of PEAK", NULL}},
    {"session transcript", {"a trace of Catapult DCT2000", NULL}},
    {"#format=4", {"a Daintree SNA capture", NULL}},
    {"communications trace ", {"a communications trace of IBM i that is not of Ethernet", NULL}},
    {"--------- beginning of ", {"a log of Android", NULL}},
    {"9999-99-99", {"a log", NULL}},
    {"9999/99/99", {"a log", NULL}},
    {"[9999-99-99", {"a log", NULL}},
    {"aaa 9 99:99:99", {"a log", NULL}},
    {"aaa 99 99:99:99", {"a log", NULL}},
};

/* Does the text begin with the pattern? */
static bool begins_with(const uint8_t *text, size_t count, const char *pattern)
{
    size_t i = 0;
    for (; *pattern; pattern++) {
        if (i == count)
            return false;
        if (*pattern == ' ') {
            if (!isspace(text[i]))
                return false;
            while (i < count && isspace(text[i]))
                i++;
            continue;
        }
        bool fits = *pattern == '9'   ? isdigit(text[i])
                    : *pattern == 'a' ? isalpha(text[i])
                                      : tolower(text[i]) == *pattern;
        if (!fits)
            return false;
        i++;
    }
    return true;
}

/* Bytes of ASCII, UTF-8 or Latin-1, and no control characters but those of text, and of a terminal's colours. */
static bool is_text(const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if ((bytes[i] < ' ' && !(bytes[i] >= '\b' && bytes[i] <= '\r') && bytes[i] != '\x1b') ||
            bytes[i] == 0x7f)
            return false;
    return count > 0;
}

static bool is_zeros(const uint8_t *bytes, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (bytes[i])
            return false;
    return count > 0;
}

const struct kind *kind_of(const uint8_t *bytes, size_t count)
{
    static const struct kind text = {"text", NULL}, zeros = {"zeros", "it was not written, or not copied"};
    static const char mark[] = "\xef\xbb\xbf"; /* of UTF-8 */
    for (size_t i = 0; i < ARRAY_LEN(magics); i++) {
        const struct magic *m = &magics[i];
        if (count >= m->at + m->length && memcmp(bytes + m->at, m->bytes, m->length) == 0)
            return &m->kind;
    }
    if (is_zeros(bytes, count))
        return &zeros;
    if (!is_text(bytes, count))
        return NULL;
    size_t skip = count >= 3 && memcmp(bytes, mark, 3) == 0 ? 3 : 0;
    while (skip < count && isspace(bytes[skip]))
        skip++;
    for (size_t i = 0; i < ARRAY_LEN(wordings); i++)
        if (begins_with(bytes + skip, count - skip, wordings[i].pattern))
            return &wordings[i].kind;
    return &text;
}
