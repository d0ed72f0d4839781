/* --mpi: joins the job, sees to it that all ranks have one plan, and takes this rank's part. */
#include "cli/cluster.h"
#include "cli/cluster_internal.h"
#include "cli/find.h"
#include "io/message.h"

#include <stdlib.h>
#include <time.h>

void cluster_fail(const struct cluster *c, enum exit_status status)
{
    /* Launchers pass on what a process says, but not for long once it asks them to end all: a message was cut. */
    nanosleep(&(struct timespec){.tv_nsec = 200000000}, NULL);
    c->ranks->abort(status);
}

void cluster_check(const struct cluster *c, enum exit_status status)
{
    if (status != EXIT_DONE)
        cluster_fail(c, status);
}

void cluster_nap(void)
{
    cluster_nap_for(CLUSTER_NAP_LEAST);
}

void cluster_nap_for(long ns)
{
    nanosleep(&(struct timespec){.tv_nsec = ns}, NULL);
}

static void await(const struct cluster *c, struct ranks_transfer *t)
{
    cluster_check_memory(c, t);
    while (!c->ranks->is_done(&t))
        cluster_nap();
}

void cluster_tell(const struct cluster *c, unsigned to, enum cluster_tag tag, const void *bytes, size_t count)
{
    await(c, c->ranks->send(to, tag, bytes, count));
}

void cluster_take(const struct cluster *c, unsigned from, enum cluster_tag tag, void *bytes, size_t count)
{
    await(c, c->ranks->receive(from, tag, bytes, count));
}

/* Finds the inputs, and hands out the plan. */
static enum exit_status lead_plan(struct cluster *c, struct inputs *inputs, struct problems *problems)
{
    if (find_inputs(inputs, c->options, problems))
        return fail_memory();
    const char *irregular = piece_reading_irregular(inputs);
    if (!irregular)
        return cluster_plan_make(c);
    message_error("%s: option '--mpi' reads regular files only", irregular);
    return EXIT_USAGE;
}

/* Nothing begins before all ranks have one plan: else rank 0 alone may be done with a small set before another rank finds
 * that it sees a different one. */
static void wait_for_all(const struct cluster *c)
{
    uint8_t word = 0;
    size_t count;
    if (c->job.rank)
        cluster_tell(c, 0, CLUSTER_READY, &word, sizeof word);
    for (unsigned rank = 1; !c->job.rank && rank < c->job.count; rank++) {
        while (c->ranks->waiting((int)rank, CLUSTER_READY, &count) < 0)
            cluster_nap();
        cluster_take(c, rank, CLUSTER_READY, &word, sizeof word);
    }
}

static enum exit_status take_part(struct cluster *c)
{
    struct inputs inputs = {0};
    struct problems problems = PROBLEMS_INIT;
    enum exit_status status = EXIT_DONE;
    const bool leads = !c->job.rank;
    c->inputs = &inputs;
    cluster_check(c, leads ? lead_plan(c, &inputs, &problems) : cluster_plan_take(c, &inputs));
    wait_for_all(c);
    c->planned = clock_seconds() - c->joined;
    if (leads)
        status = c->options->state ? cluster_kept_leader(c, &problems) : cluster_leader(c, &problems);
    else if (c->options->state)
        cluster_kept_member(c);
    else
        cluster_member(c);
    c->ranks->leave();
    cluster_plan_free(c);
    c->inputs = NULL;
    inputs_free(&inputs);
    problems_free(&problems);
    return status;
}

enum exit_status cluster_run(struct options *o)
{
    char error[RANKS_ERROR_MAX], who[RANKS_HOST_MAX + 32];
    struct cluster c = {.options = o, .ranks = ranks_load(error), .joined = clock_seconds()};
    if (!c.ranks || !c.ranks->join(&c.job, error)) {
        message_error("option '--mpi': %s", error);
        return EXIT_INPUT;
    }
    if (c.job.rank) {
        snprintf(who, sizeof who, "rank %u on %s", c.job.rank, c.job.host);
        message_name_writer(who);
        o->verbose = false;
    }
    const enum exit_status status = take_part(&c);
    message_name_writer(NULL);
    return status;
}
