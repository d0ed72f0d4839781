/* A fuzz target without libFuzzer: every seed of a folder as it is, cut in many places, and with random
 * changes. The same in every run. For the smoke test of the ordinary builds, and to run one input again:
 *
 *     driver ROUNDS FOLDER     each seed is changed ROUNDS times
 *     driver 0 FILE
 */
#include "tests/fuzz/fuzz.h"
#include "tests/support/random.h"

#include <dirent.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { INPUT_MAX = 1 << 20 };

static uint8_t seed[INPUT_MAX], input[INPUT_MAX];
static unsigned long executions;
static uint64_t random_state;

static void execute(const uint8_t *bytes, size_t size)
{
    /* In memory of its own, that ends where the input does. */
    uint8_t *copy = malloc(size ? size : 1);
    REQUIRE(copy);
    memcpy(copy, bytes, size);
    LLVMFuzzerTestOneInput(copy, size);
    free(copy);
    executions++;
}

static size_t read_file(const char *path)
{
    FILE *f = fopen(path, "rb");
    REQUIRE(f);
    size_t n = fread(seed, 1, sizeof seed, f);
    fclose(f);
    return n;
}

size_t LLVMFuzzerMutate(uint8_t *data, size_t size, size_t most)
{
    static const uint8_t interesting[] = {0, 1, 4, 5, 6, 14, 20, 0x45, 0x60, 0x7f, 0x80, 0xfe, 0xff};
    for (unsigned n = 1 + random_below(&random_state, 6); n && size; n--) {
        uint32_t at = random_below(&random_state, (uint32_t)size);
        uint32_t length =
            1 + random_below(&random_state, ((uint32_t)size - at < 64 ? (uint32_t)size - at : 64));
        switch (random_below(&random_state, 7)) {
        case 0:
            data[at] ^= (uint8_t)(1u << random_below(&random_state, 8));
            break;
        case 1:
            data[at] = (uint8_t)random_next(&random_state);
            break;
        case 2:
            data[at] = interesting[random_below(&random_state, sizeof interesting)];
            break;
        case 3: /* cut out */
            memmove(data + at, data + at + length, size - at - length);
            size -= length;
            break;
        case 4: /* twice */
            if (size + length <= most) {
                memmove(data + at + length, data + at, size - at);
                size += length;
            }
            break;
        case 5: /* from elsewhere */
            memmove(data + at, data + random_below(&random_state, (uint32_t)size - length + 1), length);
            break;
        case 6:
            size = at;
            break;
        }
    }
    return size;
}

/* Of targets without one. */
__attribute__((weak)) size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t size, size_t most,
                                                     unsigned seed_of_it)
{
    (void)seed_of_it;
    return LLVMFuzzerMutate(data, size, most);
}

static void execute_seed(const char *path, unsigned rounds, uint64_t random)
{
    random_state = random;
    size_t size = read_file(path);
    execute(seed, size);
    for (unsigned i = 0; i < rounds / 4 && i < size; i++)
        execute(seed, size < rounds ? i : random_below(&random_state, (uint32_t)size));
    for (unsigned i = 0; i < rounds; i++) {
        memcpy(input, seed, size);
        execute(input, LLVMFuzzerCustomMutator(input, size, sizeof input, i));
    }
}

int main(int argc, char **argv)
{
    struct stat st;
    if (argc != 3 || stat(argv[2], &st)) {
        fprintf(stderr, "usage: driver ROUNDS FOLDER|FILE\n");
        return 2;
    }
    unsigned rounds = (unsigned)strtoul(argv[1], NULL, 10);
    if (S_ISDIR(st.st_mode)) {
        struct dirent **entries;
        int n = scandir(argv[2], &entries, NULL, alphasort);
        REQUIRE(n >= 0 && chdir(argv[2]) == 0);
        for (int i = 0; i < n; i++) {
            if (entries[i]->d_name[0] != '.')
                execute_seed(entries[i]->d_name, rounds, (uint64_t)i << 32);
            free(entries[i]);
        }
        free(entries);
    } else {
        execute_seed(argv[2], rounds, 0);
    }
    printf("%lu inputs\n", executions);
    return executions ? 0 : 1;
}
