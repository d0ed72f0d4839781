/* What each verdict means, and what to look at next. */
#include "io/reports/verdict_words.h"

const struct verdict_words verdict_words[VERDICT_WORDS] = {
    [VERDICT_UNKNOWN] = {"the capture does not tell", "Capture both directions, and whole headers.",
                         PAINT_DIM, false},
    [VERDICT_COPY] = {"the same packet, captured twice, and no reuse at all",
                      "Capture at one place only, or remove the copies.", PAINT_DIM, false},
    [VERDICT_RETRY] = {"one connect() sent the same SYN again after it had been turned away",
                       "Ask why the first one was, not why the port came again.", PAINT_DIM, false},
    [VERDICT_IN_ORDER] =
        {"the old connection was over, no timer that is known was still running, and the new "
         "one was accepted",
         "", PAINT_GREEN, false},
    [VERDICT_EARLY_ACCEPTED] =
        {"accepted at once, though hosts or devices of some makes would still hold the old connection",
         "Harmless here; behind a device with such a timer the same client would fail.", PAINT_CYAN, false},
    [VERDICT_CHALLENGED] = {"the server still held the old connection and answered with an ACK of that one, "
                            "so the client had to "
                            "reset it and ask again",
                            "Too few ports for so many connections, or a client with a fixed port: look at "
                            "the client's NAT pool, "
                            "or let the client close last.",
                            PAINT_YELLOW, true},
    [VERDICT_REFUSED] =
        {"answered with an RST",
         "Does the server listen? If it does, a device on the way sends the RST: compare its TTL "
         "with that of the server's other packets.",
         PAINT_RED, true},
    [VERDICT_DELAYED] = {"accepted only after the SYN had been sent again",
                         "A second's delay is typical of a NAT, firewall or load balancer that held an old "
                         "entry for the ports.",
                         PAINT_YELLOW, true},
    [VERDICT_LOST] =
        {"never answered",
         "A firewall or NAT with an old entry drops such SYNs: capture on its other side, too, and "
         "compare its timers with the gap.",
         PAINT_RED, true},
    [VERDICT_STALE_OPEN] =
        {"an open connection was replaced: neither FIN nor RST of it is in the capture",
         "The client died, or a device forgot the connection: compare the gap with idle timers.",
         PAINT_MAGENTA, false},
};
