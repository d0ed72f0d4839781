/* Landlock, by its three system calls, and the filter of system calls, as a program of BPF. Libraries for either would be
 * one more thing to load at every start, and to need for a build: libseccomp takes 0.4 ms for a list like this one, of 3 to
 * 4 ms that a start may take. What is defined here is newer than the headers of some systems; numbers and meaning are those of
 * linux/landlock.h and landlock(7).
 *
 * The filter is a list of what is allowed: the kernel gets new calls all the time, and one that nobody knows here is not
 * needed. The suites run with it. A refused call fails rather than killing the process, since libraries try calls that are
 * newer than the kernel may be, and do without. */
#include "io/sandbox.h"
#include "engine/util.h"

#include <asm/unistd.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <unistd.h>

/* Landlock. The same numbers on all processors. */
enum { LANDLOCK_CREATE_RULESET = 444, LANDLOCK_ADD_RULE = 445, LANDLOCK_RESTRICT_SELF = 446 };
enum { LANDLOCK_ASK_VERSION = 1, LANDLOCK_PATH_BENEATH = 1 };

/* The rules hold. Written by sandbox_files_enter(), before other threads start. */
static bool entered;

enum landlock_files {
    FILES_EXECUTE = 1 << 0,
    FILES_WRITE_FILE = 1 << 1,
    FILES_READ_FILE = 1 << 2,
    FILES_READ_DIR = 1 << 3,
    FILES_REMOVE_DIR = 1 << 4,
    FILES_REMOVE_FILE = 1 << 5,
    FILES_MAKE_REG = 1 << 8,
    FILES_VERSION_1 = (1 << 13) - 1, /* all that its first version knows */
    FILES_REFER = 1 << 13,     /* version 2: move between directories; without it, it is refused anyway */
    FILES_TRUNCATE = 1 << 14,  /* version 3 */
    FILES_IOCTL_DEV = 1 << 15, /* version 5 */
};
enum { NET_BIND_TCP = 1 << 0, NET_CONNECT_TCP = 1 << 1 }; /* version 4 */
enum { SCOPE_SIGNAL = 1 << 1 };                           /* version 6 */

struct landlock_ruleset {
    uint64_t files, net, scoped; /* what is refused unless a rule allows it */
};
struct landlock_path {
    uint64_t allowed;
    int32_t parent;
} __attribute__((packed));

bool sandbox_in_build(void)
{
    return true;
}

int sandbox_landlock_version(void)
{
    const long version = syscall(LANDLOCK_CREATE_RULESET, NULL, 0, LANDLOCK_ASK_VERSION);
    return version > 0 ? (int)version : 0;
}

static uint64_t files_of(int version)
{
    return FILES_VERSION_1 | (version >= 2 ? FILES_REFER : 0) | (version >= 3 ? FILES_TRUNCATE : 0) |
           (version >= 5 ? FILES_IOCTL_DEV : 0);
}

int sandbox_files_begin(void)
{
    const int version = sandbox_landlock_version();
    if (!version)
        return -1;
    const struct landlock_ruleset set = {
        .files = files_of(version),
        .net = version >= 4 ? NET_BIND_TCP | NET_CONNECT_TCP : 0,
        .scoped = version >= 6 ? SCOPE_SIGNAL : 0,
    };
    const size_t size = version >= 6   ? sizeof set
                        : version >= 4 ? offsetof(struct landlock_ruleset, scoped)
                                       : offsetof(struct landlock_ruleset, net);
    return (int)syscall(LANDLOCK_CREATE_RULESET, &set, size, 0);
}

int sandbox_files_allow(int rules, const char *path, enum sandbox_access access)
{
    static const uint64_t rights[] = {
        [SANDBOX_READ] = FILES_READ_FILE | FILES_READ_DIR,
        [SANDBOX_WRITE] = FILES_READ_FILE | FILES_READ_DIR | FILES_WRITE_FILE | FILES_MAKE_REG |
                          FILES_REMOVE_FILE | FILES_TRUNCATE,
        [SANDBOX_REMOVE] = FILES_REMOVE_FILE,
    };
    /* What a rule about a file may allow. */
    static const uint64_t of_a_file = FILES_READ_FILE | FILES_WRITE_FILE | FILES_TRUNCATE;
    struct stat st;
    const int fd = open(path, O_PATH | O_CLOEXEC);
    if (fd < 0)
        return errno == ENOENT || errno == ENOTDIR || errno == EACCES || errno == ELOOP ? 0 : -1;
    const bool is_directory = !fstat(fd, &st) && S_ISDIR(st.st_mode);
    const struct landlock_path rule = {
        .allowed =
            rights[access] & files_of(sandbox_landlock_version()) & (is_directory ? UINT64_MAX : of_a_file),
        .parent = fd,
    };
    const long result = rule.allowed ? syscall(LANDLOCK_ADD_RULE, rules, LANDLOCK_PATH_BENEATH, &rule, 0) : 0;
    const int error = errno;
    close(fd);
    errno = error;
    return result && error != EBADFD ? -1 : 0;
}

int sandbox_files_enter(int rules)
{
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return -1;
    entered = !syscall(LANDLOCK_RESTRICT_SELF, rules, 0);
    return entered ? 0 : -1;
}

void sandbox_files_end(int rules)
{
    if (rules >= 0)
        close(rules);
}

/* faccessat(2) asks for the file's permissions alone, and Landlock has no say in it. */
const char *sandbox_explain(const char *path, int error)
{
    return entered && error == EACCES && !faccessat(AT_FDCWD, path, R_OK, AT_EACCESS)
               ? "Permission denied by the sandbox: it was not among the inputs when the run began "
                 "(--sandbox)"
               : strerror(error);
}

/* The filter. */

#if defined(__x86_64__)
enum {
    MACHINE = AUDIT_ARCH_X86_64,
    OTHER_NUMBERS = 0x40000000 /* x32: of the same machine, with other meanings */
};
#elif defined(__aarch64__)
enum { MACHINE = AUDIT_ARCH_AARCH64, OTHER_NUMBERS = 0x40000000 };
#else
enum { MACHINE = 0, OTHER_NUMBERS = 0 };
#endif

static const uint16_t allowed[] = {
    /* Files. */
    __NR_read, __NR_write, __NR_pread64, __NR_pwrite64, __NR_readv, __NR_writev, __NR_preadv, __NR_pwritev,
    __NR_preadv2, __NR_pwritev2, __NR_openat, __NR_close, __NR_lseek, __NR_fstat, __NR_statx, __NR_statfs,
    __NR_fstatfs, __NR_faccessat, __NR_faccessat2, __NR_readlinkat, __NR_getdents64, __NR_getcwd, __NR_fcntl,
    __NR_flock, __NR_fsync, __NR_fdatasync, __NR_syncfs, __NR_ftruncate, __NR_fallocate, __NR_fadvise64,
    __NR_readahead, __NR_sync_file_range, __NR_copy_file_range, __NR_sendfile, __NR_renameat2, __NR_mkdirat,
    __NR_unlinkat, __NR_fchmod, __NR_umask, __NR_dup, __NR_dup3, __NR_pipe2,
#if defined(__x86_64__)
    __NR_newfstatat, __NR_open, __NR_stat, __NR_lstat, __NR_access, __NR_readlink, __NR_getdents, __NR_rename,
    __NR_mkdir, __NR_unlink, __NR_dup2, __NR_pipe, __NR_renameat,
#elif defined(__aarch64__)
    __NR3264_fstatat, __NR_renameat,
#endif
    /* Waiting, and what is told of files. */
    __NR_ppoll, __NR_pselect6, __NR_epoll_create1, __NR_epoll_ctl, __NR_epoll_pwait, __NR_eventfd2,
    __NR_timerfd_create, __NR_timerfd_settime, __NR_inotify_init1, __NR_inotify_add_watch,
    __NR_inotify_rm_watch, __NR_nanosleep, __NR_clock_nanosleep, __NR_sched_yield, __NR_restart_syscall,
#if defined(__x86_64__)
    __NR_poll, __NR_select, __NR_epoll_wait,
#endif
    /* Sockets that are open. */
    __NR_accept, __NR_accept4, __NR_recvfrom, __NR_recvmsg, __NR_recvmmsg, __NR_sendto, __NR_sendmsg,
    __NR_getsockname, __NR_getpeername, __NR_getsockopt, __NR_setsockopt, __NR_shutdown,
    /* Memory and threads. */
    __NR_mmap, __NR_munmap, __NR_mprotect, __NR_mremap, __NR_madvise, __NR_mincore, __NR_msync, __NR_mlock,
    __NR_munlock, __NR_brk, __NR_futex, __NR_set_robust_list, __NR_get_robust_list, __NR_set_tid_address,
    __NR_rseq, __NR_membarrier, __NR_sched_getaffinity, __NR_sched_setaffinity, __NR_sched_getparam,
    __NR_sched_getscheduler, __NR_getcpu, __NR_prctl, __NR_exit, __NR_exit_group, __NR_rt_sigaction,
    __NR_rt_sigprocmask, __NR_rt_sigreturn, __NR_rt_sigtimedwait, __NR_sigaltstack, __NR_tgkill,
#if defined(__x86_64__)
    __NR_arch_prctl,
#endif
    /* What the process is told of itself and the machine. */
    __NR_getpid, __NR_gettid, __NR_getppid, __NR_getuid, __NR_geteuid, __NR_getgid, __NR_getegid,
    __NR_getresuid, __NR_getresgid, __NR_getgroups, __NR_getrusage, __NR_prlimit64, __NR_getrlimit,
    __NR_times, __NR_sysinfo, __NR_uname, __NR_getrandom, __NR_clock_gettime, __NR_clock_getres,
    __NR_gettimeofday,
#if defined(__x86_64__)
    __NR_time,
#endif
    /* The rest of the sandbox itself, which can only restrict more. */
    LANDLOCK_CREATE_RULESET, LANDLOCK_ADD_RULE, LANDLOCK_RESTRICT_SELF, __NR_seccomp};

enum { PROGRAM_MAX = 2 * ARRAY_LEN(allowed) + 32 };

struct program {
    struct sock_filter code[PROGRAM_MAX];
    unsigned short count;
};

static void put(struct program *p, struct sock_filter instruction)
{
    p->code[p->count++] = instruction;
}

static void load(struct program *p, size_t offset)
{
    put(p, (struct sock_filter)BPF_STMT(BPF_LD | BPF_W | BPF_ABS, (uint32_t)offset));
}

/* The lower half of an argument: all bits that are looked at are there. */
static void load_argument(struct program *p, unsigned i)
{
    _Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ || MACHINE == 0, "the lower half comes first");
    load(p, offsetof(struct seccomp_data, args) + i * sizeof(uint64_t));
}

static void answer(struct program *p, uint32_t action)
{
    put(p, (struct sock_filter)BPF_STMT(BPF_RET | BPF_K, action));
}

static uint32_t refuse(int error)
{
    return SECCOMP_RET_ERRNO | (uint32_t)error;
}

/* If the test of what was loaded says so, then so many of the next instructions are skipped. */
static void skip_if(struct program *p, uint16_t test, uint32_t value, unsigned char count)
{
    put(p, (struct sock_filter)BPF_JUMP(BPF_JMP | test | BPF_K, value, count, 0));
}

static void skip_unless(struct program *p, uint16_t test, uint32_t value, unsigned char count)
{
    put(p, (struct sock_filter)BPF_JUMP(BPF_JMP | test | BPF_K, value, 0, count));
}

/* Behind it, the call's number is loaded. Another machine's calls are refused: their numbers mean something else. */
static void begin(struct program *p)
{
    load(p, offsetof(struct seccomp_data, arch));
    skip_if(p, BPF_JEQ, MACHINE, 1);
    answer(p, refuse(ENOSYS));
    load(p, offsetof(struct seccomp_data, nr));
    skip_unless(p, BPF_JGE, OTHER_NUMBERS, 1);
    answer(p, refuse(ENOSYS));
}

static int enter(const struct program *p)
{
    const struct sock_fprog program = {.len = p->count, .filter = (struct sock_filter *)(uintptr_t)p->code};
    /* Threads that there are already get it, too. The processor may guess as before: it is against code of others in the
     * same process that it would be kept from that. */
    const unsigned flags = SECCOMP_FILTER_FLAG_TSYNC | SECCOMP_FILTER_FLAG_SPEC_ALLOW;
    if (MACHINE == 0) {
        errno = ENOSYS;
        return -1;
    }
    if (prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0))
        return -1;
    const long result = syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, flags, &program);
    if (result > 0)
        errno = EBUSY; /* of a thread that has another one */
    return result ? -1 : 0;
}

bool sandbox_has_filter(void)
{
    const uint32_t action = SECCOMP_RET_ERRNO;
    errno = ENOSYS;
    return MACHINE != 0 && !syscall(SYS_seccomp, SECCOMP_GET_ACTION_AVAIL, 0, &action);
}

int sandbox_filter_calls(void)
{
    struct program p = {.count = 0};
    begin(&p);
    /* A thread, and no process. What clone3() is to begin lies in memory, where a filter cannot see it: without it, the C
     * library takes clone(). */
    skip_unless(&p, BPF_JEQ, __NR_clone, 4);
    load_argument(&p, 0);
    skip_if(&p, BPF_JSET, CLONE_THREAD, 1);
    answer(&p, refuse(EPERM));
    answer(&p, SECCOMP_RET_ALLOW);
    /* Nobody types into the terminal but its user. */
    skip_unless(&p, BPF_JEQ, __NR_ioctl, 5);
    load_argument(&p, 1);
    skip_if(&p, BPF_JEQ, TIOCSTI, 2);
    skip_if(&p, BPF_JEQ, TIOCLINUX, 1);
    answer(&p, SECCOMP_RET_ALLOW);
    answer(&p, refuse(EPERM));
    for (size_t i = 0; i < ARRAY_LEN(allowed); i++) {
        skip_unless(&p, BPF_JEQ, allowed[i], 1);
        answer(&p, SECCOMP_RET_ALLOW);
    }
    answer(&p, refuse(ENOSYS));
    return enter(&p);
}

int sandbox_filter_code(void)
{
    struct program p = {.count = 0};
    begin(&p);
    skip_if(&p, BPF_JEQ, __NR_mmap, 2);
    skip_if(&p, BPF_JEQ, __NR_mprotect, 1);
    answer(&p, SECCOMP_RET_ALLOW);
    load_argument(&p, 2);
    skip_unless(&p, BPF_JSET, PROT_EXEC, 1);
    answer(&p, refuse(EPERM));
    answer(&p, SECCOMP_RET_ALLOW);
    return enter(&p);
}
