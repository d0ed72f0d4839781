/* Preloaded: the first thread that the program starts tries what a confined one may not do, and says how it went, a line each:
 * NAME ok, or NAME and the error. PROBE_LOG names the file for that; PROBE_INPUT and PROBE_OUTPUT name a file that the run
 * reads and a directory that it writes into.
 *
 * It also plays another kernel, by the calls of the sandbox: PROBE_KERNEL is a list of landlock=N (the version; 0: none) and
 * seccomp=0 (none). */
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/mount.h>
#include <sys/ptrace.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

static int log_fd = -1, listener = -1;
static char path[4096], other[4096];

static void __attribute__((constructor)) begin(void)
{
    const char *log = getenv("PROBE_LOG");
    if (!log)
        return;
    log_fd = open(log, O_WRONLY | O_CREAT | O_APPEND | O_CLOEXEC, 0600);
    listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
}

static void tell(const char *name, bool went_well)
{
    dprintf(log_fd, "%s %s\n", name, went_well ? "ok" : strerrorname_np(errno));
}

static bool opens(const char *name, int flags)
{
    const int fd = open(name, flags | O_CLOEXEC, 0600);
    return fd >= 0 && !close(fd);
}

static const char *in_output(const char *name)
{
    snprintf(path, sizeof path, "%s/%s", getenv("PROBE_OUTPUT"), name);
    return path;
}

static const char *beside_output(const char *name)
{
    snprintf(other, sizeof other, "%s/../%s", getenv("PROBE_OUTPUT"), name);
    return other;
}

static void try_files(void)
{
    tell("read-input", opens(getenv("PROBE_INPUT"), O_RDONLY));
    tell("write-input", opens(getenv("PROBE_INPUT"), O_WRONLY));
    tell("read-passwd", opens("/etc/passwd", O_RDONLY));
    tell("read-memory", opens("/proc/self/mem", O_RDONLY));
    tell("list-root", opens("/", O_RDONLY | O_DIRECTORY));
    tell("make-in-tmp", opens("/tmp/tcpreuse-probe", O_WRONLY | O_CREAT));
    if (!getenv("PROBE_OUTPUT"))
        return;
    tell("make-in-output", opens(in_output("probe"), O_WRONLY | O_CREAT));
    tell("rename-in-output", !rename(in_output("probe"), strcat(strcpy(other, path), "-2")));
    tell("move-out", !rename(other, "/tmp/tcpreuse-probe"));
    tell("remove-in-output", !unlink(in_output("probe-2")));
    tell("make-beside-output", opens(beside_output("probe"), O_WRONLY | O_CREAT));
    tell("link-in-output", !symlink("/etc/passwd", in_output("probe-link")));
    tell("directory-in-output", !mkdir(in_output("probe-directory"), 0700));
}

static void *nothing(void *argument)
{
    return argument;
}

static void try_processes(void)
{
    char *none[] = {NULL};
    tell("execve", execve("/bin/true-that-is-not-there", none, none) == 0 || errno == ENOENT);
    const pid_t child = fork();
    if (!child)
        _exit(0);
    tell("fork", child > 0);
    if (child > 0)
        waitpid(child, NULL, 0);
    tell("signal", !kill(getppid(), 0));
    tell("ptrace", !ptrace(PTRACE_ATTACH, 0x7fffffff, NULL, NULL) || errno == ESRCH);
    tell("setuid", !setuid(getuid()));
    tell("unshare", !unshare(CLONE_FS));
    tell("mount", !mount("none", "/nowhere", "tmpfs", 0, NULL) || errno == ENOENT || errno == EPERM);
    tell("bpf", syscall(SYS_bpf, 0, NULL, 0) >= 0 || errno == EINVAL || errno == EPERM || errno == EFAULT);
    tell("keyctl", syscall(SYS_keyctl, 0, -1, 0, 0, 0) >= 0 || errno == ENOKEY);
    tell("init_module", syscall(SYS_init_module, NULL, 0, "") >= 0 || errno != ENOSYS);
    tell("process_vm_readv", syscall(SYS_process_vm_readv, getpid(), NULL, 0, NULL, 0, 0) >= 0);
    tell("io_uring", syscall(SYS_io_uring_setup, 0, NULL) >= 0 || errno != ENOSYS);
    tell("unknown-call", syscall(4000) >= 0);
}

static void try_memory(void)
{
    const size_t size = 4096;
    void *p = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    tell("memory", p != MAP_FAILED);
    tell("make-executable", !mprotect(p, size, PROT_READ | PROT_EXEC));
    void *q = mmap(NULL, size, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    tell("map-executable", q != MAP_FAILED);
    munmap(p, size);
}

static void try_sockets(void)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    tell("socket", socket(AF_INET, SOCK_STREAM, 0) >= 0);
    tell("bind", !bind(listener, (const struct sockaddr *)&address, sizeof address));
    address.sin_port = htons(9);
    tell("connect",
         !connect(listener, (const struct sockaddr *)&address, sizeof address) || errno == ECONNREFUSED);
    tell("type-into-terminal", !ioctl(log_fd, TIOCSTI, "x") || errno == ENOTTY || errno == EIO);
}

struct start {
    void *(*work)(void *);
    void *argument;
};

static int create(pthread_t *thread, const pthread_attr_t *attributes, void *(*work)(void *), void *argument)
{
    int (*real)(pthread_t *, const pthread_attr_t *, void *(*)(void *), void *);
    *(void **)&real = dlsym(RTLD_NEXT, "pthread_create");
    return real(thread, attributes, work, argument);
}

static void *probe(void *start)
{
    const struct start s = *(struct start *)start;
    pthread_t thread;
    free(start);
    try_files();
    try_processes();
    try_memory();
    try_sockets();
    const int error = create(&thread, NULL, nothing, NULL);
    errno = error;
    tell("thread", !error);
    if (!error)
        pthread_join(thread, NULL);
    return s.work(s.argument);
}

int pthread_create(pthread_t *thread, const pthread_attr_t *attributes, void *(*work)(void *), void *argument)
{
    static atomic_flag done = ATOMIC_FLAG_INIT;
    if (log_fd < 0 || atomic_flag_test_and_set(&done))
        return create(thread, attributes, work, argument);
    struct start *s = malloc(sizeof *s);
    *s = (struct start){work, argument};
    return create(thread, attributes, probe, s);
}

/* The value of NAME=VALUE in the list, or -1. */
static long kernel(const char *name)
{
    const char *list = getenv("PROBE_KERNEL"), *at = list ? strstr(list, name) : NULL;
    return at ? strtol(at + strlen(name), NULL, 10) : -1;
}

long syscall(long number, ...)
{
    enum { LANDLOCK_CREATE_RULESET = 444, ARGUMENTS = 6 };
    long a[ARGUMENTS], (*real)(long, ...);
    va_list ap;
    va_start(ap, number);
    for (int i = 0; i < ARGUMENTS; i++)
        a[i] = va_arg(ap, long);
    va_end(ap);
    *(void **)&real = dlsym(RTLD_NEXT, "syscall");
    const long landlock = kernel("landlock=");
    if (number == LANDLOCK_CREATE_RULESET && landlock >= 0 && (!landlock || !a[0])) {
        errno = EOPNOTSUPP;
        return landlock ? landlock : -1;
    }
    if (number == SYS_seccomp && kernel("seccomp=") == 0) {
        errno = EINVAL;
        return -1;
    }
    return real(number, a[0], a[1], a[2], a[3], a[4], a[5]);
}
