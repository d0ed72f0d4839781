/* Any words as a command line, and any bytes as what files of the user's hold: lists of inputs, timers, capture filters. What is
 * wrong is told, and nothing else happens.
 *
 *     | what 1 | bytes ...; of a command line: words that end with a zero byte
 */
#include "cli/options.h"
#include "io/filters/bpf.h"
#include "io/sets/inputs.h"
#include "io/timers.h"
#include "tests/fuzz/fuzz.h"
#include "tests/support/whole_run.h"

#include <fcntl.h>
#include <getopt.h>
#include <string.h>
#include <unistd.h>

enum { HEAD = 1, INPUT_MAX = 4096, WORDS_MAX = 64 };
enum what { WHAT_OPTIONS, WHAT_LIST, WHAT_TIMERS, WHAT_FILTER, WHATS };

static char text[INPUT_MAX + 1];

static void read_options(size_t count)
{
    static char name[] = "tcpreuse";
    char *argv[WORDS_MAX + 2] = {name};
    int argc = 1;
    for (size_t i = 0; i < count && argc <= WORDS_MAX; i += strlen(text + i) + 1)
        argv[argc++] = text + i;
    struct options o;
    optind = 0; /* of getopt(), as in a new process */
    const enum options_result result = options_read(&o, argc, argv);
    REQUIRE(result != OPTIONS_NO_MEMORY);
    options_free(&o);
}

static void read_list(size_t count)
{
    char path[MEMORY_PATH];
    struct problems problems = PROBLEMS_INIT;
    struct inputs inputs = {0};
    for (size_t i = 0; i < count; i++) /* names of this folder only: nothing is searched */
        if (text[i] == '/' || text[i] == '.')
            text[i] = 'x';
    const int fd = memory_file(text, count, path);
    REQUIRE(!inputs_add_list(&inputs, path, false, &problems));
    REQUIRE(inputs.count || problems_errors(&problems));
    for (size_t i = 0; i < inputs.count; i++)
        REQUIRE(*inputs.paths[i] && !strchr(inputs.paths[i], '\n'));
    inputs_free(&inputs);
    problems_free(&problems);
    close(fd);
}

static void read_timers(size_t count)
{
    char path[MEMORY_PATH];
    struct timers timers;
    const int fd = memory_file(text, count, path);
    REQUIRE(timers_read(&timers, path) != TIMERS_UNREADABLE);
    close(fd);
}

static void compile_filter(void)
{
    struct problems problems = PROBLEMS_INIT;
    char error[512];
    struct bpf *b = NULL;
    if (bpf_create(&b, text, &problems, error, sizeof error) == BPF_CREATED) {
        static const uint8_t bytes[64];
        struct filter *filter = bpf_filter_of(b);
        const struct frame f = {
            .data = bytes, .captured = sizeof bytes, .length = sizeof bytes, .link_type = 1};
        filter->matches(filter, &f);
        bpf_destroy(b);
    }
    problems_free(&problems);
}

/* What is printed meanwhile is nobody's; but what a sanitizer says is. */
static void silence(bool silent)
{
    static int nobody = -1, saved[2];
    if (nobody < 0) {
        nobody = open("/dev/null", O_WRONLY | O_CLOEXEC);
        for (int i = 0; i < 2; i++)
            saved[i] = fcntl(1 + i, F_DUPFD_CLOEXEC, 3);
    }
    fflush(stdout);
    for (int i = 0; i < 2; i++)
        REQUIRE(dup2(silent ? nobody : saved[i], 1 + i) >= 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    if (size < HEAD || size > INPUT_MAX)
        return 0;
    memcpy(text, data + HEAD, size - HEAD);
    text[size - HEAD] = 0;
    silence(true);
    switch ((enum what)(data[0] % WHATS)) {
    case WHAT_OPTIONS:
        read_options(size - HEAD);
        break;
    case WHAT_LIST:
        read_list(size - HEAD);
        break;
    case WHAT_TIMERS:
        read_timers(size - HEAD);
        break;
    case WHAT_FILTER:
        compile_filter();
        break;
    case WHATS:
        break;
    }
    silence(false);
    return 0;
}
