/* Small captures of all formats, cut at each of their bytes and with single bytes changed, through the whole pipeline: none of it
 * crashes or hangs; frames that stand before the damage give the rows of the whole file; one thread and three give the same
 * rows and the same messages. A program of its own that speaks TAP:
 *
 *     damage FOLDER STRIDE     each cut, or from 50 on every second, third ...; one change at every STRIDE-th byte, of four in
 *                              turn; and three threads for some of both. 0: all 255 changes of each byte
 *
 * A file whose name begins with "text-" may have a last frame that is cut, which counts as captured in part, and not at all where
 * what follows makes no sense. Some formats are
 * known by all records of the first 4,096 bytes; where one of them makes no sense, nothing of the file is read.
 */
#include "tests/fuzz/fuzz.h"
#include "tests/support/whole_run.h"

#include <dirent.h>
#include <signal.h>
#include <string.h>
#include <unistd.h>

enum {
    FILE_MAX = 1 << 16,
    HANGS_AFTER = 60,
    NAMES_MAX = 256,
    COMPLAINTS = 3,
    KNOWN_BY = 4096,
    CUTS_UP_TO = 50
};

static struct place {
    const char *name;
    size_t size;
    uint8_t bytes[FILE_MAX], damaged[FILE_MAX];
    size_t rows[FILE_MAX + 1]; /* bytes of the rows that the file gives when it is cut there */
    struct whole_run whole;
    unsigned complaints;
    unsigned long runs;
    char doing[160];
} at;

static void die(int number)
{
    /* Only what a signal handler may call. */
    static const char words[] = "Bail out! signal while reading ";
    if (write(STDOUT_FILENO, words, sizeof words - 1) < 0 ||
        write(STDOUT_FILENO, at.doing, strlen(at.doing)) < 0)
        _exit(2);
    signal(number, SIG_DFL);
    raise(number);
}

static void complain(const char *what)
{
    if (++at.complaints <= COMPLAINTS)
        printf("# %s: %s\n", at.doing, what);
}

static const struct text *rows_of(const struct whole_run *r)
{
    return &r->sink.text[REPORT_PACKETS];
}

/* Bytes of whole lines that two texts begin with. */
static size_t common_lines(const struct text *a, const struct text *b)
{
    size_t n = 0, line = 0;
    while (n < a->length && n < b->length && a->bytes[n] == b->bytes[n])
        if (a->bytes[n++] == '\n')
            line = n;
    return line;
}

/* The same without the last of these lines. */
static size_t before_last_line(const char *bytes, size_t n)
{
    const char *end = n > 1 ? memrchr(bytes, '\n', n - 1) : NULL;
    return end ? (size_t)(end - bytes) + 1 : 0;
}

/* One thread's run; and three threads' has to be the same. */
static void run(struct whole_run *r, const uint8_t *bytes, size_t size, bool compare)
{
    char path[MEMORY_PATH];
    const char *paths[] = {path};
    const int fd = memory_file(bytes, size, path);
    struct set_source_params set = {.paths = paths, .count = 1, .lane_bytes = FILE_MAX};
    alarm(HANGS_AFTER);
    whole_run(r, set, RULES_4_4, 1);
    at.runs++;
    if (compare) {
        struct whole_run other;
        set.lane_bytes = 64;
        whole_run(&other, set, RULES_4_4, 3);
        const char *differs = whole_run_differs(r, &other);
        if (differs)
            complain(differs);
        whole_run_free(&other);
        at.runs++;
    }
    alarm(0);
    close(fd);
}

static void cut_all(unsigned stride)
{
    const bool text = !strncmp(at.name, "text-", 5);
    for (size_t n = 0; n <= at.size; n++) {
        struct whole_run r;
        if (n % (1 + stride / CUTS_UP_TO)) {
            at.rows[n] = at.rows[n - 1];
            continue;
        }
        snprintf(at.doing, sizeof at.doing, "%s, cut at %zu", at.name, n);
        run(&r, at.bytes, n, stride < 2 || n % stride == 0);
        const size_t same = common_lines(rows_of(&r), rows_of(&at.whole));
        at.rows[n] = text ? before_last_line(rows_of(&r)->bytes, same) : same;
        const char *beyond = rows_of(&r)->bytes + same;
        const size_t more = rows_of(&r)->length - same;
        if (more && !(text && memchr(beyond, '\n', more) == beyond + more - 1))
            complain("a row that the whole file does not have");
        whole_run_free(&r);
    }
}

static void change(size_t place, uint8_t value, bool compare)
{
    struct whole_run r;
    if (value == at.bytes[place])
        return;
    snprintf(at.doing, sizeof at.doing, "%s, byte %zu changed from %u to %u", at.name, place, at.bytes[place],
             value);
    memcpy(at.damaged, at.bytes, at.size);
    at.damaged[place] = value;
    run(&r, at.damaged, at.size, compare);
    const bool refused = !r.frames && place < KNOWN_BY;
    if (!refused && common_lines(rows_of(&r), rows_of(&at.whole)) < at.rows[place])
        complain("rows before the damage are others");
    whole_run_free(&r);
}

static void change_all(unsigned stride)
{
    for (size_t place = 0; place < at.size; place++) {
        const uint8_t old = at.bytes[place];
        const uint8_t values[] = {old ^ 1, old ^ 0x80, 0, 0xff};
        if (stride == 0)
            for (unsigned v = 0; v < 256; v++)
                change(place, (uint8_t)v, true);
        else if (place % stride == 0)
            change(place, values[place / stride % 4], place / stride % 3 == 0);
    }
}

static bool read_file(const char *folder, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    FILE *f = fopen(path, "rb");
    REQUIRE(f);
    at.size = fread(at.bytes, 1, FILE_MAX, f);
    fclose(f);
    at.name = name;
    at.complaints = 0;
    at.runs = 0;
    return at.size < FILE_MAX;
}

static int by_name(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

int main(int argc, char **argv)
{
    char *names[NAMES_MAX];
    unsigned count = 0, failed = 0;
    REQUIRE(argc == 3);
    const unsigned stride = (unsigned)strtoul(argv[2], NULL, 10);
    for (int i = 0; i < 5; i++)
        signal((const int[]){SIGSEGV, SIGABRT, SIGBUS, SIGALRM, SIGFPE}[i], die);
    DIR *d = opendir(argv[1]);
    REQUIRE(d);
    for (struct dirent *e; (e = readdir(d)) && count < NAMES_MAX;)
        if (e->d_name[0] != '.')
            REQUIRE((names[count++] = strdup(e->d_name)));
    closedir(d);
    qsort(names, count, sizeof *names, by_name);
    printf("1..%u\n", count);
    for (unsigned i = 0; i < count; i++) {
        REQUIRE(read_file(argv[1], names[i]));
        snprintf(at.doing, sizeof at.doing, "%s", at.name);
        run(&at.whole, at.bytes, at.size, true);
        if (!rows_of(&at.whole)->length)
            complain("the whole file has no rows");
        cut_all(stride);
        change_all(stride);
        whole_run_free(&at.whole);
        printf("%sok %u - %s: %zu bytes, %lu runs\n", at.complaints ? "not " : "", i + 1, at.name, at.size,
               at.runs);
        if (at.complaints > COMPLAINTS)
            printf("# and %u more\n", at.complaints - COMPLAINTS);
        fflush(stdout);
        failed += at.complaints > 0;
        free(names[i]);
    }
    return failed > 0;
}
