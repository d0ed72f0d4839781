/* The EAL as a library. It wants an argv that it may write to, prints its usage on standard output, where
 * reports go, and binds the calling thread to a core, which new threads would inherit. */
#include "io/ports/dpdk_internal.h"

#include <ctype.h>
#include <fcntl.h>
#include <rte_eal.h>
#include <rte_errno.h>
#include <sched.h>
#include <stdlib.h>
#include <unistd.h>

enum { ARGUMENTS = 256, OWN = 2 };

/* Splits text into words at white space, as a shell does: 'x y', "x y" and \ protect it. The words are stored
 * in buffer, of strlen(text) + 1 bytes. Returns their number, -1 when there are too many, or -2 when a
 * quotation mark is not closed. */
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
        char quote = 0;
        for (; *s && (quote || !isspace((unsigned char)*s)); s++) {
            if (quote ? *s == quote : *s == '\'' || *s == '"')
                quote = quote ? 0 : *s; /* NOLINT(bugprone-narrowing-conversions): a char or 0 */
            else if (*s == '\\' && s[1] && quote != '\'')
                *buffer++ = *++s;
            else
                *buffer++ = *s;
        }
        *buffer++ = 0;
        if (quote)
            return -2;
    }
}

static const char *advice(int code)
{
    switch (code) {
    case EACCES:
    case EPERM:
        return "it finds no huge pages or devices that it may use: reserve huge pages and run as root, or "
               "give this user access (docs/dpdk.md), or use --no-huge -m 512";
    case ENOMEM:
        return "not enough memory: reserve huge pages (sysctl vm.nr_hugepages=512), or use --no-huge -m 512";
    case EINVAL:
        return "it does not take these arguments (tcpreuse --dpdk -h lists them)";
    case ENODEV:
        return "it has no driver for one of these devices; is its name right?";
    default:
        return rte_strerror(code);
    }
}

/* Standard output is for reports. The EAL prints its long usage there, even when arguments are wrong and
 * before it has said which. So that text is discarded, unless the arguments ask for it: then it goes to
 * standard error. */
static int init_aside(int count, char **words)
{
    bool usage = false;
    for (int i = 1; i < count; i++)
        usage |= !strcmp(words[i], "-h") || !strcmp(words[i], "--help");
    fflush(stdout);
    int out = dup(STDOUT_FILENO),
        aside = usage ? dup(STDERR_FILENO) : open("/dev/null", O_WRONLY | O_CLOEXEC);
    if (aside >= 0) {
        dup2(aside, STDOUT_FILENO);
        close(aside);
    }
    int parsed = rte_eal_init(count, words), code = rte_errno;
    fflush(stdout);
    if (out >= 0) {
        dup2(out, STDOUT_FILENO);
        close(out);
    }
    rte_errno = code;
    return parsed;
}

/* The device that word i names, or NULL: --vdev X,..., --vdev=X,..., -a X,... or -aX,... */
static const char *device_of(char *const *words, int i, int count, bool *virtual)
{
    static const char *const names[] = {"--vdev", "-a", "--allow"};
    for (unsigned k = 0; k < ARRAY_LEN(names); k++) {
        size_t n = strlen(names[k]);
        *virtual = k == 0;
        /* NOLINTNEXTLINE(clang-analyzer-core.NonNullParamChecker): split() has filled the words up to their count */
        if (strncmp(words[i], names[k], n) != 0)
            continue;
        if (!words[i][n])
            return i + 1 < count ? words[i + 1] : NULL;
        if (words[i][n] == '=')
            return words[i] + n + 1;
        if (n == 2)
            return words[i] + n;
    }
    return NULL;
}

static bool has_port(const char *device)
{
    struct rte_dev_iterator iterator;
    uint16_t port;
    if (!rte_eth_dev_get_port_by_name(device, &port))
        return true;
    if (rte_eth_iterator_init(&iterator, device))
        return false;
    port = (uint16_t)rte_eth_iterator_next(&iterator);
    if (port == RTE_MAX_ETHPORTS)
        return false;
    rte_eth_iterator_cleanup(&iterator);
    return true;
}

/* The EAL continues without a device that it cannot use, and half of a tap is worse than none: a virtual
 * device without a port is an error. For hardware it is only a warning, since drivers name their ports as
 * they like. */
static enum dpdk_result check_devices(char *const *words, int count, char error[DPDK_ERROR_MAX])
{
    for (int i = 1; i < count; i++) {
        bool virtual;
        const char *arguments = device_of(words, i, count, &virtual);
        char device[RTE_ETH_NAME_MAX_LEN];
        if (!arguments || (virtual && strncmp(arguments, "net_", 4) && strncmp(arguments, "eth_", 4)))
            continue;
        snprintf(device, sizeof device, "%.*s", (int)strcspn(arguments, ","), arguments);
        if (has_port(device))
            continue;
        if (!virtual) {
            fprintf(stderr,
                    "tcpreuse: -a %s: the EAL has no port for it; is it bound to vfio-pci (dpdk-devbind.py "
                    "--status)?\n",
                    device);
            continue;
        }
        snprintf(
            error, DPDK_ERROR_MAX,
            "--vdev %s: the EAL has no port for it; the lines above say what its driver did not find, or was "
            "not allowed to use",
            device);
        return DPDK_FAILED;
    }
    return DPDK_OPEN;
}

enum dpdk_result dpdk_eal_init(const char *arguments, char error[DPDK_ERROR_MAX])
{
    /* The EAL's notices are of no interest. A log level of the user's comes later and overrides ours. */
    static char name[] = "tcpreuse", level[] = "--log-level=*:warning";
    /* The EAL keeps pointers into its arguments, and reorders them. */
    static char *words[ARGUMENTS + OWN + 1], *given[ARGUMENTS + OWN + 1];
    char *buffer = malloc(strlen(arguments) + 2);
    int count = buffer ? split(arguments, buffer, words + OWN, ARGUMENTS) : -1;
    if (count < 0) {
        free(buffer);
        snprintf(error, DPDK_ERROR_MAX, "--dpdk \"%.200s\": %s", arguments,
                 !buffer       ? "out of memory"
                 : count == -1 ? "too many arguments for the EAL"
                               : "a quotation mark is not closed");
        return DPDK_WRONG;
    }
    /* NOLINTNEXTLINE(clang-analyzer-unix.Malloc): the EAL keeps what the words point to until the process ends */
    words[0] = name;
    words[1] = level;
    count += OWN;
    memcpy(given, words, sizeof given);

    cpu_set_t affinity;
    bool restore = !sched_getaffinity(0, sizeof affinity, &affinity);
    int parsed = init_aside(count, words), code = rte_errno;
    if (restore)
        sched_setaffinity(0, sizeof affinity, &affinity);
    if (parsed < 0) {
        snprintf(error, DPDK_ERROR_MAX, "--dpdk \"%.200s\": the EAL cannot start: %s", arguments,
                 advice(code));
        return code == EINVAL || code == ENODEV ? DPDK_WRONG : DPDK_FAILED;
    }
    enum dpdk_result result = DPDK_WRONG;
    if (parsed < count - 1)
        snprintf(error, DPDK_ERROR_MAX, "--dpdk: \"%.100s\" is not an argument of the EAL",
                 words[parsed + 1]);
    else
        result = check_devices(given, count, error);
    if (result != DPDK_OPEN)
        dpdk_eal_close();
    return result;
}

void dpdk_eal_close(void)
{
    uint16_t port;
    RTE_ETH_FOREACH_DEV(port)
    rte_eth_dev_close(port);
    rte_eal_cleanup();
}
