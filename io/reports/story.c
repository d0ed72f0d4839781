/* A reuse in words: the lines that Wireshark's packet details have for it, then the old connection's end, the
 * gap beside the timers, the attempt and its answer, and the verdict. */
#include "io/reports/story.h"
#include "io/reports/names.h"
#include "io/reports/realm_words.h"
#include "io/reports/verdict_words.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>

const struct story_words story_words = {
    .triggers =
        {
            [TRIGGER_NONE] = "",
            [TRIGGER_SYN_ISN] = "A SYN with another initial sequence number than the old connection's.",
            [TRIGGER_SYN_AFTER_RST] = "A SYN with the old initial sequence number, after an RST.",
            [TRIGGER_SYN_AFTER_FIN] = "A SYN with the old initial sequence number, after a FIN.",
            [TRIGGER_SYNACK_ISN] =
                "A SYN/ACK with another initial sequence number than the old connection's.",
            [TRIGGER_SYNACK_AFTER_RST] = "A SYN/ACK with the old initial sequence number, after an RST.",
            [TRIGGER_SYNACK_AFTER_FIN] = "A SYN/ACK with the old initial sequence number, after a FIN.",
        },
    .closes =
        {
            [CLOSE_OPEN] = "It was still open: the capture has neither a FIN nor an RST of it",
            [CLOSE_FIN] = "It was closed by FINs of both sides, first by %s",
            [CLOSE_FIN_ONE_WAY] = "It was half closed, by a FIN of %s",
            [CLOSE_RST] = "It was reset, by %s",
            [CLOSE_FIN_RST] = "It was closed, first by %s, and reset",
            [CLOSE_REFUSED] = "It had come to nothing: its SYN was answered with an RST",
            [CLOSE_UNANSWERED] = "It had come to nothing: its SYN was never answered",
        },
    .closers =
        {
            [CLOSER_UNKNOWN] = "a side that cannot be told",
            [CLOSER_NOBODY] = "a side that cannot be told",
            [CLOSER_BOTH] = "both sides at once",
            [CLOSER_CLIENT] = "the client",
            [CLOSER_SERVER] = "the server",
        },
    .keeps = ", who keeps TIME_WAIT",
    .origins =
        {
            [ORIGIN_COPY] = "It is the same packet, captured twice.",
            [ORIGIN_RECYCLED] = "An initial sequence number shows that a Linux host reopened a TIME_WAIT.",
            [ORIGIN_OLD_DUPLICATE] =
                "The sequence number is that of an even older connection on these ports.",
            [ORIGIN_SAME_HOST] =
                "Both sequence numbers follow one clock of 64 ns: the same host, and a new socket.",
        },
    .accepts =
        {
            [ACCEPTABLE_UNKNOWN] = "Whether a host in TIME_WAIT may accept it, the capture does not tell.",
            [ACCEPTABLE_NO] =
                "A host in TIME_WAIT has to turn it away, as neither number nor time stamp is newer.",
            [ACCEPTABLE_YES] = "A host in TIME_WAIT may accept it.",
        },
    .answers =
        {
            [ANSWER_NOT_ASKED] =
                "The segment is an answer itself; its SYN is not in the capture, or no reuse.",
            [ANSWER_NONE] = "None.",
            [ANSWER_UNSEEN] = "Not to be seen: the capture has one direction only.",
            [ANSWER_SYNACK] = "A SYN/ACK",
            [ANSWER_CHALLENGE] = "An ACK of something else: the other side still held the old connection.",
            [ANSWER_RST] = "An RST.",
        },
    .outcomes =
        {
            [EPISODE_OPEN] = "How it went on is not in the capture.",
            [EPISODE_CONNECTED] = "The client got its connection",
            [EPISODE_FAILED] = "The client got no connection.",
        },
    .certainties = {"the old initial sequence number was inferred", "the capture has one direction only",
                    "the segment is quoted in an ICMP error", "a header was cut", "time stamps go back"},
};

/* What tshark -V says. */
#define EXPERT "A new tcp session is started with the same ports as an earlier session in this trace"

enum {
    COLUMN = 11,        /* at which the story's text begins */
    EXPERT_COLUMN = 12, /* at which the expert's does */
    EXPERT_WIDTH = 132, /* of its longest line */
};

/* On one line, as tshark has it, unless that does not fit. */
static void print_line(struct page *p, unsigned at, const char *line)
{
    if (!p->style.width || p->style.width > EXPERT_WIDTH)
        page_print(p, "%s\n", line);
    else
        page_wrap(p, at, line);
}

static const char *flag_names(char text[64], unsigned flags)
{
    static const char *const names[] = {"FIN", "SYN", "RST", "PSH", "ACK", "URG", "ECE", "CWR", "AE"};
    size_t n = 0;
    *text = 0;
    for (unsigned i = 0; i < ARRAY_LEN(names); i++)
        if (flags >> i & 1)
            n += (size_t)snprintf(text + n, 64 - n, "%s%s", n ? ", " : "", names[i]);
    return text;
}

static void print_details(struct page *p, const struct listing_row *row)
{
    const struct reuse *r = &row->reuse;
    const struct conversation *c = &r->previous.c;
    const unsigned src = conversation_port(c, r->flow), dst = conversation_port(c, !r->flow);
    char source[PAGE_ENDPOINT_MAX], destination[PAGE_ENDPOINT_MAX], time[PAGE_TIME_MAX], flags[64], head[256];
    snprintf(head, sizeof head, "Frame %" PRIu64 ": %s UTC, %s %s %s", r->frame,
             page_time(time, r->time, r->decimals, 9),
             page_endpoint(source, row->family, listing_addresses(row), r->flow, (uint16_t)src),
             page_arrow(p),
             page_endpoint(destination, row->family, listing_addresses(row), !r->flow, (uint16_t)dst));
    page_paint(p, PAINT_BOLD);
    page_wrap(p, 4, head);
    page_paint(p, PAINT_NONE);
    if (row->origin.file) {
        page_print(p, "    [Frame %" PRIu64 " of ", row->origin.frame);
        page_name(p, row->origin.file, p->style.width > 60 ? p->style.width - 30 : 120);
        page_print(p, "]\n");
    }
    char realm[REALM_WORDS_MAX];
    if (realm_words(realm, row->key_parts, &r->previous.keyed.realm))
        page_print(p, "    [Conversations of %s]\n", realm);
    page_print(p,
               "Transmission Control Protocol, Src Port: %u, Dst Port: %u\n"
               "    [Stream index: %" PRIu64 "]\n"
               "    Sequence Number (raw): %" PRIu32 "\n"
               "    Flags: 0x%03x (%s)\n"
               "    [SEQ/ACK analysis]\n"
               "        [TCP Analysis Flags]\n",
               src, dst, r->stream, r->isn, r->flags & 0xfffu, flag_names(flags, r->flags & 0xfffu));
    page_print(p, "%*s", EXPERT_COLUMN, "");
    page_paint(p, PAINT_CYAN);
    print_line(p, EXPERT_COLUMN + 4, "[Expert Info (Note/Sequence): " EXPERT "]");
    page_paint(p, PAINT_NONE);
    page_print(p, "%*s", EXPERT_COLUMN + 4, "");
    print_line(p, EXPERT_COLUMN + 4, "[" EXPERT "]");
    page_print(p, "%*s[Severity level: Note]\n%*s[Group: Sequence]\n", EXPERT_COLUMN + 4, "",
               EXPERT_COLUMN + 4, "");
}

/* A paragraph that is put together piece by piece. */
struct paragraph {
    size_t length;
    char text[4096];
};

static __attribute__((format(printf, 2, 3))) void say(struct paragraph *g, const char *format, ...)
{
    va_list ap;
    va_start(ap, format);
    const int n = vsnprintf(g->text + g->length, sizeof g->text - g->length, format, ap);
    va_end(ap);
    if (n > 0)
        g->length = MIN(g->length + (size_t)n, sizeof g->text - 1);
}

static void print_paragraph(struct page *p, const char *title, struct paragraph *g)
{
    page_print(p, "  ");
    page_paint(p, PAINT_BOLD);
    page_print(p, "%-*s", COLUMN - 2, title);
    page_paint(p, PAINT_NONE);
    page_wrap(p, COLUMN, g->text);
    *g = (struct paragraph){0};
}

static void tell_close(struct paragraph *g, const struct finding *f)
{
    const char *who = story_words.closers[f->closer];
    const char *words = story_words.closes[f->close], *place = strstr(words, "%s");
    if (place)
        say(g, " %.*s%s%s", (int)(place - words), words, who, place + 2);
    else
        say(g, " %s", words);
    if (f->close == CLOSE_FIN && (f->closer == CLOSER_CLIENT || f->closer == CLOSER_SERVER))
        say(g, "%s", story_words.keeps);
    say(g, ".");
}

static void tell_previous(struct paragraph *g, const struct listing_row *row)
{
    const struct conversation *c = &row->reuse.previous.c;
    char frames[PAGE_GAP_MAX], bytes[PAGE_GAP_MAX], lasted[PAGE_GAP_MAX];
    const uint64_t count = conversation_frames(c);
    page_number(bytes, conversation_bytes(c));
    say(g, "Stream %" PRIu64 " had the ports, ", row->reuse.previous_stream);
    if (count == 1)
        say(g, "with frame %" PRIu64 " alone: %s bytes.", conversation_first_frame(c), bytes);
    else
        say(g, "from frame %" PRIu64 " to frame %" PRIu64 ": %s frames, %s bytes, within %s.",
            conversation_first_frame(c), conversation_last_frame(c), page_number(frames, count), bytes,
            page_gap(lasted, time_between(c->first_time, c->last_time)));
}

/* The names of the timers whose bits are set, with their seconds. */
static void tell_timers(struct paragraph *g, const char *before, const struct timers *timers, uint64_t bits)
{
    if (!bits)
        return;
    say(g, " %s", before);
    for (unsigned i = 0, n = 0; i < timers->count; i++)
        if (bits >> i & 1)
            say(g, "%s %s (%g s)", n++ ? "," : "", timers->timer[i].name, (double)timers->timer[i].ns / 1e9);
    say(g, ".");
}

static void tell_gap(struct paragraph *g, const struct listing_row *row, const struct timers *timers)
{
    const struct finding *f = &row->finding;
    const bool open = f->close == CLOSE_OPEN;
    char gap[PAGE_GAP_MAX];
    say(g, "%s from the old connection's last frame to this one.", page_gap(gap, listing_gap(row)));
    if (!timers)
        return;
    /* All timers that count here are those that the shortest, or for an idle one the longest, gap matters to. */
    const uint64_t all = verdict_undercuts(timers, f->close, open ? INT64_MAX : INT64_MIN);
    if (open) {
        tell_timers(g, "Longer than these keep an idle connection:", timers, f->undercuts);
        tell_timers(g, "These would still know it:", timers, all & ~f->undercuts);
    } else {
        tell_timers(g, "Too early for", timers, f->undercuts);
        tell_timers(g, f->undercuts ? "Late enough for" : "Late enough for all timers:", timers,
                    all & ~f->undercuts);
    }
}

static void tell_isn(struct paragraph *g, const struct finding *f)
{
    if (story_words.origins[f->origin])
        say(g, " %s", story_words.origins[f->origin]);
    if (f->answer == ANSWER_NOT_ASKED)
        return;
    if (f->knows_distance) {
        const int64_t distance = f->isn_distance;
        char number[PAGE_GAP_MAX];
        page_number(number, (uint64_t)(distance < 0 ? -distance : distance));
        say(g, " Its sequence number is %s%s the one that the old connection would have sent next.",
            distance ? number : "",
            distance > 0 ? " after"
            : distance   ? " before"
                         : "");
    }
    if (f->close == CLOSE_FIN || f->close == CLOSE_FIN_ONE_WAY)
        say(g, " %s", story_words.accepts[f->acceptable]);
}

static void tell_attempt(struct paragraph *g, const struct listing_row *row, bool has_finding)
{
    const struct finding *f = &row->finding;
    say(g, "%s", story_words.triggers[row->reuse.trigger]);
    if (!has_finding)
        return;
    tell_isn(g, f);
    if (f->attempt > 1)
        say(g, " It is attempt %" PRIu32 " of those that began with stream %" PRIu64 ".", f->attempt,
            row->episode);
    if (f->syn_retries)
        say(g, " It was sent again, %" PRIu32 " time%s.", f->syn_retries, f->syn_retries == 1 ? "" : "s");
}

static void tell_answer(struct paragraph *g, const struct finding *f)
{
    char delay[PAGE_GAP_MAX];
    say(g, "%s", story_words.answers[f->answer]);
    if (f->answer == ANSWER_SYNACK && f->answer_delay >= 0)
        say(g, ", %s later.", page_gap(delay, f->answer_delay));
    else if (f->answer == ANSWER_SYNACK)
        say(g, ".");
    say(g, " %s", story_words.outcomes[f->outcome]);
    if (f->outcome == EPISODE_CONNECTED && f->episode_delay >= 0 && f->episode_delay != f->answer_delay)
        say(g, ", %s after its first SYN.", page_gap(delay, f->episode_delay));
    else if (f->outcome == EPISODE_CONNECTED)
        say(g, ".");
}

static void tell_certainty(struct paragraph *g, unsigned bits)
{
    for (unsigned i = 0, n = 0; i < CERTAINTIES; i++)
        if (bits >> i & 1)
            say(g, "%s %s", n++ ? " and" : " Less certain, as", story_words.certainties[i]);
    if (bits)
        say(g, ".");
}

static void print_verdict(struct page *p, const struct finding *f, struct paragraph *g)
{
    const struct verdict_words *w = &verdict_words[f->verdict];
    page_print(p, "  ");
    page_paint(p, PAINT_BOLD);
    page_print(p, "%-*s", COLUMN - 2, "Verdict");
    page_paint(p, w->paint ? w->paint : PAINT_BOLD);
    page_print(p, "%s", verdict_names[f->verdict]);
    page_paint(p, PAINT_NONE);
    page_print(p, "\n%*s", COLUMN, "");
    say(g, "%c%s. %s", w->meaning[0] - 'a' + 'A', w->meaning + 1, w->next);
    tell_certainty(g, f->certainty);
    page_wrap(p, COLUMN, g->text);
}

void story_print(struct page *page, const struct listing_row *row, const struct timers *timers)
{
    struct paragraph g = {0};
    print_details(page, row);
    tell_previous(&g, row);
    if (timers)
        tell_close(&g, &row->finding);
    print_paragraph(page, "Before", &g);
    tell_gap(&g, row, timers);
    print_paragraph(page, "Gap", &g);
    tell_attempt(&g, row, timers);
    print_paragraph(page, "Attempt", &g);
    if (timers) {
        tell_answer(&g, &row->finding);
        print_paragraph(page, "Answer", &g);
        print_verdict(page, &row->finding, &g);
    }
    page_print(page, "\n");
}
