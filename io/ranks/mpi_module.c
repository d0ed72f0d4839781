/* Ranks by MPI: the module that is linked with it. */
#include "io/ranks/ranks_module.h"

#include <limits.h>
#include <mpi.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

struct ranks_transfer {
    MPI_Request request;
};

static void nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 200000}, NULL);
}

static bool join(struct ranks_job *job, char error[RANKS_ERROR_MAX])
{
    int provided, rank, count, beside, length;
    char host[MPI_MAX_PROCESSOR_NAME];
    MPI_Comm machine;
    MPI_Init_thread(NULL, NULL, MPI_THREAD_SERIALIZED, &provided);
    if (provided < MPI_THREAD_SERIALIZED) {
        snprintf(error, RANKS_ERROR_MAX, "this MPI was built without support for threads");
        return false;
    }
    MPI_Comm_rank(MPI_COMM_WORLD, &rank);
    MPI_Comm_size(MPI_COMM_WORLD, &count);
    MPI_Comm_split_type(MPI_COMM_WORLD, MPI_COMM_TYPE_SHARED, 0, MPI_INFO_NULL, &machine);
    MPI_Comm_size(machine, &beside);
    MPI_Comm_free(&machine);
    MPI_Get_processor_name(host, &length);
    *job = (struct ranks_job){(unsigned)rank, (unsigned)count, (unsigned)beside, ""};
    snprintf(job->host, sizeof job->host, "%.*s", length, host);
    return true;
}

static char *library(void)
{
    char text[MPI_MAX_LIBRARY_VERSION_STRING];
    int length;
    MPI_Get_library_version(text, &length);
    text[strcspn(text, ",\n")] = 0;          /* what follows is how it was built */
    const char *version = strchr(text, ':'); /* of MPICH: "MPICH Version:", a tab, and the number */
    char *line = NULL;
    if (!version)
        return strdup(text);
    version += 1 + strspn(version + 1, " \t");
    return asprintf(&line, "%.*s %s", (int)strcspn(text, " \t:"), text, version) < 0 ? NULL : line;
}

static void broadcast(void *bytes, size_t count)
{
    for (size_t at = 0; at < count;) {
        const size_t part = count - at < INT_MAX ? count - at : INT_MAX;
        MPI_Request request;
        int done = 0;
        MPI_Ibcast((char *)bytes + at, (int)part, MPI_BYTE, 0, MPI_COMM_WORLD, &request);
        for (MPI_Test(&request, &done, MPI_STATUS_IGNORE); !done;
             MPI_Test(&request, &done, MPI_STATUS_IGNORE))
            nap();
        at += part;
    }
}

static struct ranks_transfer *send(unsigned to, int tag, const void *bytes, size_t count)
{
    struct ranks_transfer *t = count <= INT_MAX ? malloc(sizeof *t) : NULL;
    if (t)
        MPI_Isend(bytes, (int)count, MPI_BYTE, (int)to, tag, MPI_COMM_WORLD, &t->request);
    return t;
}

static int waiting(int from, int tag, size_t *count)
{
    MPI_Status status;
    int is, bytes;
    MPI_Iprobe(from < 0 ? MPI_ANY_SOURCE : from, tag, MPI_COMM_WORLD, &is, &status);
    if (!is)
        return -1;
    MPI_Get_count(&status, MPI_BYTE, &bytes);
    *count = (size_t)bytes;
    return status.MPI_SOURCE;
}

static struct ranks_transfer *receive(unsigned from, int tag, void *bytes, size_t count)
{
    struct ranks_transfer *t = malloc(sizeof *t);
    if (t)
        MPI_Irecv(bytes, (int)count, MPI_BYTE, (int)from, tag, MPI_COMM_WORLD, &t->request);
    return t;
}

static bool is_done(struct ranks_transfer **t)
{
    int done = 1;
    if (*t)
        MPI_Test(&(*t)->request, &done, MPI_STATUS_IGNORE);
    if (!done)
        return false;
    free(*t);
    *t = NULL;
    return true;
}

__attribute__((noreturn)) static void end_all(int status)
{
    enum { SECONDS_TO_ABORT = 10 };
    alarm(
        SECONDS_TO_ABORT); /* should it hang: whoever watches the ranks ends the job when one of them dies */
    MPI_Abort(MPI_COMM_WORLD, status);
    _Exit(status);
}

static void leave(void)
{
    MPI_Finalize();
}

const struct ranks_module tcpreuse_ranks_module = {.version = TCPREUSE_VERSION,
                                                   .join = join,
                                                   .library = library,
                                                   .broadcast = broadcast,
                                                   .send = send,
                                                   .waiting = waiting,
                                                   .receive = receive,
                                                   .is_done = is_done,
                                                   .abort = end_all,
                                                   .leave = leave};
