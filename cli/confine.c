/* What a run may still do, by its options. The process has one sandbox, so what applies is a variable of the process. */
#include "cli/confine.h"
#include "io/memory.h"
#include "io/message.h"
#include "io/metrics/responder.h"
#include "io/sandbox.h"

#include <dirent.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>

/* By the main thread only. */
static char applied[128];
static bool filters; /* system calls are filtered already */

const char *confine_applied(void)
{
    return *applied ? applied : "none: nothing was confined yet";
}

/* Why these options leave no sandbox that could be applied; NULL: they do. */
static const char *excluded_by(const struct options *o)
{
    return o->dpdk  ? "DPDK's drivers open devices and memory as they run"
           : o->mpi ? "ranks open memory that they share, and connections to each other"
                    : NULL;
}

static enum exit_status refuse(const struct options *o, const char *what, const char *why)
{
    snprintf(applied, sizeof applied, "none: %s%s%s", what, *what ? ": " : "", why);
    if (o->sandbox != SANDBOX_ON)
        return EXIT_DONE;
    message_error("--sandbox on: %s%s%s", what, *what ? ": " : "", why);
    return EXIT_USAGE;
}

/* Is something to be opened yet that takes a socket? Filters may name hosts, and pieces that are read
 * again have some. */
static bool needs_sockets(const struct options *o)
{
    return o->interface_count || o->filter || o->combine || (o->metrics && responder_names(o->metrics)) ||
           getenv("NOTIFY_SOCKET");
}

/* Is there to be a sandbox, and has the kernel all of it? EXIT_DONE with *wanted. */
static enum exit_status check(const struct options *o, bool *wanted)
{
    *wanted = false;
    if (o->sandbox == SANDBOX_OFF)
        return refuse(o, "", "--sandbox off");
    if (!sandbox_in_build())
        return refuse(o, "", "this build has none");
    if (excluded_by(o))
        return refuse(o, "", excluded_by(o));
    *wanted = true;
    if (o->sandbox == SANDBOX_ON && !sandbox_landlock_version())
        return refuse(o, "Landlock", strerror(errno));
    if (o->sandbox == SANDBOX_ON && !sandbox_has_filter())
        return refuse(o, "a filter of system calls", strerror(errno));
    return EXIT_DONE;
}

static enum exit_status filter_calls(const struct options *o)
{
    if (filters)
        return EXIT_DONE;
    filters = !sandbox_filter_calls();
    return filters ? EXIT_DONE : refuse(o, "a filter of system calls", strerror(errno));
}

enum exit_status confine_begin(const struct options *o)
{
    bool wanted;
    const enum exit_status status = check(o, &wanted);
    return wanted && status == EXIT_DONE && !needs_sockets(o) ? filter_calls(o) : status;
}

/* The rules of files, as they are collected. */
struct files {
    int rules;
    int error;         /* of the first that could not be made, or 0 */
    const char *where; /* of that */
};

/* name: what it is about, for people. */
static void allow_as(struct files *f, const char *name, const char *path, enum sandbox_access access)
{
    if (f->error || (path && !sandbox_files_allow(f->rules, path, access)))
        return;
    f->error = path ? errno : ENOMEM;
    f->where = name;
}

static void allow(struct files *f, const char *path, enum sandbox_access access)
{
    allow_as(f, path, path, access);
}

/* The directory that the file is in. */
static void allow_around(struct files *f, const char *path, enum sandbox_access access)
{
    const char *slash = strrchr(path, '/');
    char *directory = slash ? strndup(path, slash == path ? 1 : (size_t)(slash - path)) : strdup(".");
    allow_as(f, "a directory", directory, access);
    free(directory);
}

static bool is_directory(const char *path)
{
    struct stat st;
    return !stat(path, &st) && S_ISDIR(st.st_mode);
}

/* Does a rule about a directory that was named hold for the file? Not if it is a link, which may lead anywhere. */
static bool is_beneath(const struct options *o, const bool *directories, const char *path)
{
    struct stat st;
    for (int i = 0; i < o->file_count; i++) {
        const size_t n = strlen(o->files[i]);
        if (directories[i] && !strncmp(path, o->files[i], n) && (path[n] == '/' || (n && path[n - 1] == '/')))
            return !lstat(path, &st) && !S_ISLNK(st.st_mode);
    }
    return false;
}

/* A directory that vanishes and comes back is another one. With `on` it is not read then; else all is that is around it. */
static void allow_followed(struct files *f, const struct options *o, const char *path)
{
    char *name = strdup(path);
    size_t n = strlen(path);
    if (!name) {
        allow(f, NULL, SANDBOX_READ);
        return;
    }
    while (n > 1 && name[n - 1] == '/')
        name[--n] = 0;
    const char *slash = strrchr(name, '/'), *last = slash ? slash + 1 : name;
    const bool stays = !*last || !strcmp(last, ".") || !strcmp(last, "..");
    allow(f, path, SANDBOX_READ);
    if (o->sandbox != SANDBOX_ON && !stays)
        allow_around(f, name, SANDBOX_READ);
    free(name);
}

static void allow_inputs(struct files *f, const struct options *o, const struct inputs *inputs)
{
    bool *directories = calloc((size_t)o->file_count + 1, sizeof *directories), any = false;
    if (!directories) {
        allow(f, NULL, SANDBOX_READ);
        return;
    }
    for (int i = 0; i < o->file_count; i++) {
        any |= directories[i] = is_directory(o->files[i]);
        if (directories[i] || o->combine)
            allow(f, o->files[i], SANDBOX_READ);
    }
    for (size_t i = 0; inputs && i < inputs->count; i++)
        if (!any || !is_beneath(o, directories, inputs->paths[i]))
            allow(f, inputs->paths[i], SANDBOX_READ);
    for (int i = 0; i < o->follow_count; i++)
        allow_followed(f, o, o->follow[i]);
    free(directories);
}

/* libpcap reads there what an interface has lost. */
static void allow_interface(struct files *f, const char *name)
{
    char path[512];
    const int n = snprintf(path, sizeof path, "/sys/class/net/%s/statistics", name);
    if (n > 0 && (size_t)n < sizeof path && !strchr(name, '/'))
        allow_as(f, "/sys/class/net", path, SANDBOX_READ);
}

static void allow_interfaces(struct files *f, const struct options *o)
{
    bool all = false;
    for (size_t i = 0; i < o->interface_count; i++) {
        all |= !strcmp(o->interfaces[i], "any");
        allow_interface(f, o->interfaces[i]);
    }
    DIR *names = all ? opendir("/sys/class/net") : NULL;
    for (const struct dirent *e; names && (e = readdir(names));)
        if (*e->d_name != '.')
            allow_interface(f, e->d_name);
    if (names)
        closedir(names);
}

static void allow_outputs(struct files *f, const struct options *o)
{
    const char *files[] = {o->pieces ? o->output : NULL, o->extract, o->state,
                           o->metrics && !responder_names(o->metrics) ? o->metrics : NULL};
    if (o->output && !o->pieces)
        allow(f, o->output, SANDBOX_WRITE);
    for (unsigned i = 0; i < ARRAY_LEN(files); i++)
        if (files[i])
            allow_around(f, files[i], SANDBOX_WRITE);
    const char *path = o->metrics ? responder_path(o->metrics) : NULL;
    if (path) /* its socket goes with the run */
        allow_around(f, path, SANDBOX_REMOVE);
}

/* What would be read of the system by the way, when it can be read no more. */
static void load_early(void)
{
    memory_own(); /* which keeps its file open */
    tzset();
}

static enum exit_status restrict_files(const struct options *o, struct files *f)
{
    int error = f->error;
    const int version = sandbox_landlock_version();
    if (!error && sandbox_files_enter(f->rules))
        error = errno;
    sandbox_files_end(f->rules);
    if (!error)
        snprintf(applied, sizeof applied, "landlock %d", version);
    return error ? refuse(o, f->where ? f->where : "Landlock", strerror(error)) : EXIT_DONE;
}

/* Landlock comes first, since it is one of the calls that a filter may refuse, where somebody has set one before. */
static enum exit_status confine_files(const struct options *o, const struct inputs *inputs, const char *path)
{
    struct files f = {.rules = sandbox_files_begin()};
    load_early();
    if (f.rules < 0)
        return refuse(o, "Landlock", strerror(errno));
    if (path) {
        allow(&f, path, SANDBOX_READ);
    } else {
        allow_inputs(&f, o, inputs);
        allow_interfaces(&f, o);
        allow_outputs(&f, o);
    }
    return restrict_files(o, &f);
}

static enum exit_status confine_all(const struct options *o, const struct inputs *inputs, const char *path)
{
    bool wanted;
    enum exit_status status = check(o, &wanted);
    if (!wanted || status != EXIT_DONE) {
        if (o->verbose)
            message_error("sandbox: %s", confine_applied());
        return status;
    }
    *applied = 0;
    status = confine_files(o, inputs, path);
    if (status != EXIT_DONE)
        return status;
    char files[sizeof applied];
    strcpy(files, applied);
    status = filter_calls(o);
    if (status == EXIT_DONE && filters && sandbox_filter_code())
        status = refuse(o, "a filter of system calls", strerror(errno));
    if (status != EXIT_DONE)
        return status;
    const bool has_files = strncmp(files, "none", 4) != 0;
    if (filters && has_files)
        snprintf(applied, sizeof applied, "%.*s, seccomp", (int)sizeof applied - 10, files);
    else if (filters)
        snprintf(applied, sizeof applied, "seccomp (%.*s)", (int)sizeof applied - 11, files);
    else if (has_files)
        strcpy(applied, files);
    if (o->verbose)
        message_error("sandbox: %s", applied);
    return EXIT_DONE;
}

enum exit_status confine(const struct options *o, const struct inputs *inputs)
{
    return confine_all(o, inputs, NULL);
}

enum exit_status confine_to_file(const struct options *o, const char *path)
{
    return confine_all(o, NULL, path);
}
