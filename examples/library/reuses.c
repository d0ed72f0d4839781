/* Prints the TCP port reuses in capture files that did harm, and what they mean.
 *
 *     cc reuses.c $(pkg-config --cflags --libs libtcpreuse) -o reuses
 *     ./reuses capture.pcap another.pcapng.gz
 */
#include <inttypes.h>
#include <stdio.h>
#include <tcpreuse.h>

static int is_harmless(const struct tcpreuse_reuse *r)
{
    return r->verdict == TCPREUSE_VERDICT_IN_ORDER || r->verdict == TCPREUSE_VERDICT_EARLY_ACCEPTED ||
           r->verdict == TCPREUSE_VERDICT_COPY;
}

static void print_reuse(const struct tcpreuse_reuse *r)
{
    char src[TCPREUSE_ADDRESS_SIZE], dst[TCPREUSE_ADDRESS_SIZE];
    printf("%s, frame %" PRIu64 ": %s port %u to %s port %u, %.3f s after the connection before: %s\n",
           r->file, r->file_frame, tcpreuse_address(src, r->src, r->ip_version), r->src_port,
           tcpreuse_address(dst, r->dst, r->ip_version), r->dst_port, (double)r->gap / 1e9,
           tcpreuse_word(TCPREUSE_WORDS_VERDICT, r->verdict));
}

int main(int argc, char **argv)
{
    const struct tcpreuse_event *event;
    struct tcpreuse_problem problem;
    struct tcpreuse *t = tcpreuse_create();
    const struct tcpreuse_options options = {.size = sizeof options, .threads = 2};
    int result = t ? tcpreuse_configure(t, &options) : TCPREUSE_ERROR_MEMORY;
    if (result >= 0)
        result = tcpreuse_read(t, (const char *const *)argv + 1, (size_t)(argc > 1 ? argc - 1 : 0));
    while (result >= 0 && (result = tcpreuse_next(t, &event)) == TCPREUSE_EVENT)
        if (!is_harmless(&event->reuse))
            print_reuse(&event->reuse);
    if (result < 0)
        fprintf(stderr, "%s\n", tcpreuse_error(t));
    if (result == TCPREUSE_ERROR_INPUT)
        for (size_t i = 0; tcpreuse_problem(t, i, &problem) == 0; i++)
            fprintf(stderr, "  %s: %s\n", problem.file, problem.text);
    tcpreuse_close(t);
    return result < 0;
}
