/* The tables behind text_digits.h. */
#include "io/reports/text_digits.h"

const char text_threes[1000][4] = {
#define ONES(h) h "0", h "1", h "2", h "3", h "4", h "5", h "6", h "7", h "8", h "9"
#define TENS(h)                                                                                              \
    ONES(h "0"), ONES(h "1"), ONES(h "2"), ONES(h "3"), ONES(h "4"), ONES(h "5"), ONES(h "6"), ONES(h "7"),  \
        ONES(h "8"), ONES(h "9")
    TENS("0"), TENS("1"), TENS("2"), TENS("3"), TENS("4"),
    TENS("5"), TENS("6"), TENS("7"), TENS("8"), TENS("9"),
#undef TENS
#undef ONES
};

#define TEN(tens)                                                                                            \
    tens "0.", tens "1.", tens "2.", tens "3.", tens "4.", tens "5.", tens "6.", tens "7.", tens "8.",       \
        tens "9."
const char text_octets[256][4] = {TEN(""),   TEN("1"),  TEN("2"),  TEN("3"),  TEN("4"),  TEN("5"),  TEN("6"),
                                  TEN("7"),  TEN("8"),  TEN("9"),  TEN("10"), TEN("11"), TEN("12"), TEN("13"),
                                  TEN("14"), TEN("15"), TEN("16"), TEN("17"), TEN("18"), TEN("19"), TEN("20"),
                                  TEN("21"), TEN("22"), TEN("23"), TEN("24"), "250.",    "251.",    "252.",
                                  "253.",    "254.",    "255."};
#undef TEN

const uint8_t text_octet_lengths[256] = {
#define TEN_OF(n) n, n, n, n, n, n, n, n, n, n
    TEN_OF(2), TEN_OF(3), TEN_OF(3), TEN_OF(3), TEN_OF(3), TEN_OF(3), TEN_OF(3), TEN_OF(3),
    TEN_OF(3), TEN_OF(3), TEN_OF(4), TEN_OF(4), TEN_OF(4), TEN_OF(4), TEN_OF(4), TEN_OF(4),
    TEN_OF(4), TEN_OF(4), TEN_OF(4), TEN_OF(4), TEN_OF(4), TEN_OF(4), TEN_OF(4), TEN_OF(4),
    TEN_OF(4), 4,         4,         4,         4,         4,         4,
#undef TEN_OF
};
