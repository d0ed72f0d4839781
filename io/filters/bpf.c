/* Capture filters: one program for each link type, compiled when its first frame comes and run on every
 * frame. */
#include "io/filters/bpf.h"
#include "io/filters/pcap_module.h"
#include "io/link_types.h"
#include "io/module.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { LINK_TYPES = 512 /* the registry ends below 300 */, ERROR_MAX = 512 };

struct bpf {
    struct filter filter;
    const struct pcap_module *pcap;
    const char *expression;
    struct problems *problems;
    /* By link type; NULL: not compiled yet. Written (release) under the lock, read (acquire) by all workers. */
    struct bpf_program *_Atomic programs[LINK_TYPES];
};

/* libpcap's compiler is not thread-safe, and it is one for all filters of the process. */
static pthread_mutex_t compiling = PTHREAD_MUTEX_INITIALIZER;

/* Stands in for an expression that does not compile. It has no instructions and matches nothing. */
static struct bpf_program matches_nothing;

static struct bpf_program *program_for(struct bpf *b, unsigned link_type)
{
    char error[ERROR_MAX];
    pthread_mutex_lock(&compiling);
    struct bpf_program *program = atomic_load_explicit(&b->programs[link_type], memory_order_relaxed);
    if (!program) {
        program = calloc(1, sizeof *program);
        if (!program ||
            b->pcap->compile(b->expression, link_type_to_dlt(link_type), program, error, sizeof error)) {
            /* Behind the problems of files, and by link type: which one a thread meets first is chance. */
            problems_add(b->problems, PROBLEM_ERROR, SIZE_MAX - LINK_TYPES + link_type, "filter", -1,
                         "the expression does not compile for link type %u: %s", link_type,
                         program ? error : "out of memory");
            free(program);
            program = &matches_nothing;
        }
        atomic_store_explicit(&b->programs[link_type], program, memory_order_release);
    }
    pthread_mutex_unlock(&compiling);
    return program;
}

static bool matches(struct filter *filter, const struct frame *f)
{
    struct bpf *b = (struct bpf *)filter;
    if (f->link_type >= LINK_TYPES)
        return false;
    struct bpf_program *program = atomic_load_explicit(&b->programs[f->link_type], memory_order_acquire);
    if (!program)
        program = program_for(b, f->link_type);
    return program->bf_insns && b->pcap->run(program->bf_insns, f->data, f->length, f->captured);
}

enum bpf_result bpf_create(struct bpf **created, const char *expression, struct problems *problems,
                           char *error, size_t n)
{
    /* Every valid expression compiles for one of these: addresses for Ethernet, radio fields for 802.11,
     * and some fields exist only in the cooked header. */
    static const unsigned probes[] = {DLT_EN10MB, DLT_IEEE802_11_RADIO, DLT_LINUX_SLL2};
    struct bpf *b = calloc(1, sizeof *b);
    if (!b) {
        snprintf(error, n, "out of memory");
        return BPF_FAILED;
    }
    char why[ERROR_MAX];
    b->pcap = module_load(PCAP_MODULE_FILE, PCAP_MODULE_SYMBOL, why, sizeof why);
    if (!b->pcap) {
        snprintf(error, n, "%s", why);
        free(b);
        return BPF_FAILED;
    }
    b->filter.matches = matches;
    b->expression = expression;
    b->problems = problems;
    char other[ERROR_MAX];
    enum bpf_result result = BPF_WRONG;
    for (size_t i = 0; i < sizeof probes / sizeof probes[0] && result == BPF_WRONG; i++) {
        struct bpf_program program = {0};
        pthread_mutex_lock(&compiling);
        const int failure =
            /* cppcheck-suppress legacyUninitvar ; compile() writes into it */
            b->pcap->compile(expression, (int)probes[i], &program, i ? other : error, i ? sizeof other : n);
        pthread_mutex_unlock(&compiling);
        if (!failure) {
            b->pcap->free(&program);
            *created = b;
            return BPF_CREATED;
        }
        if (failure == PCAP_MODULE_NO_MEMORY) {
            snprintf(error, n, "out of memory");
            result = BPF_FAILED;
        }
    }
    bpf_destroy(b);
    return result;
}

struct filter *bpf_filter_of(struct bpf *b)
{
    return &b->filter;
}

void bpf_destroy(struct bpf *b)
{
    if (!b)
        return;
    for (unsigned i = 0; i < LINK_TYPES; i++) {
        struct bpf_program *program = atomic_load(&b->programs[i]);
        if (program && program != &matches_nothing) {
            b->pcap->free(program);
            free(program);
        }
    }
    free(b);
}
