/* The EAL, as a library: it takes an argv that it may write to, prints its usage to standard output, where
 * reports go, and binds the thread that calls it to a core, which new threads would inherit. */
#include "dpdk_internal.h"

#include <ctype.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

enum { ARGUMENTS = 256 };

/* Splits at blanks, as a shell does: 'x y', "x y" and \ keep them. The words lie in buffer, which is as long
 * as the text. Their number, or -1. */
static int split(const char *text, char *buffer, char **words, int most)
{
    int count = 0;
    for (const char *s = text;;) {
        while (isspace((unsigned char)*s))
            s++;
        if (!*s)
            return count;
        if (count == most)
            return -1;
        words[count++] = buffer;
        for (char quote = 0; *s && (quote || !isspace((unsigned char)*s)); s++) {
            if (quote ? *s == quote : *s == '\'' || *s == '"')
                quote = quote ? 0 : *s;
            else if (*s == '\\' && s[1] && quote != '\'')
                *buffer++ = *++s;
            else
                *buffer++ = *s;
        }
        *buffer++ = 0;
    }
}

static const char *advice(int code)
{
    switch (code) {
    case EACCES:
    case EPERM:
        return "it finds no huge pages or devices that it may use: reserve huge pages and run as root, or "
               "give "
               "them to this user (docs/dpdk.md), or do without with --no-huge -m 512";
    case ENOMEM:
        return "not enough memory: reserve huge pages (sysctl vm.nr_hugepages=512), or do without with "
               "--no-huge -m 512";
    case EINVAL:
        return "it does not take these arguments";
    default:
        return rte_strerror(code);
    }
}

enum dpdk_result dpdk_eal_init(const char *arguments, char error[DPDK_ERROR_MAX])
{
    /* What it says about itself is no news; what the user sets comes later, and counts. */
    static char name[] = "tcpreuse", level[] = "--log-level=*:warning";
    /* The EAL keeps pointers into its arguments. */
    static char *words[ARGUMENTS + 3];
    char *buffer = malloc(strlen(arguments) + 2);
    int count = buffer ? split(arguments, buffer, words + 2, ARGUMENTS) : -1;
    if (count < 0) {
        free(buffer);
        snprintf(error, DPDK_ERROR_MAX, "--dpdk: too many arguments for the EAL");
        return DPDK_WRONG;
    }
    words[0] = name;
    words[1] = level;

    cpu_set_t affinity;
    bool restore = !sched_getaffinity(0, sizeof affinity, &affinity);
    fflush(stdout);
    int out = dup(STDOUT_FILENO);
    dup2(STDERR_FILENO, STDOUT_FILENO);
    int parsed = rte_eal_init(count + 2, words), code = rte_errno;
    fflush(stdout);
    if (out >= 0) {
        dup2(out, STDOUT_FILENO);
        close(out);
    }
    if (restore)
        sched_setaffinity(0, sizeof affinity, &affinity);
    if (parsed < 0) {
        snprintf(error, DPDK_ERROR_MAX, "--dpdk \"%.200s\": the EAL cannot start: %s", arguments,
                 advice(code));
        return code == EINVAL ? DPDK_WRONG : DPDK_FAILED;
    }
    if (parsed < count + 1) {
        snprintf(error, DPDK_ERROR_MAX, "--dpdk: \"%.100s\" is no argument of the EAL", words[parsed + 1]);
        dpdk_eal_close();
        return DPDK_WRONG;
    }
    return DPDK_OPEN;
}

void dpdk_eal_close(void)
{
    uint16_t port;
    RTE_ETH_FOREACH_DEV(port)
    rte_eth_dev_close(port);
    rte_eal_cleanup();
}
