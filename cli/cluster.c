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

void cluster_nap(void)
{
    nanosleep(&(struct timespec){.tv_nsec = 50000}, NULL);
}

static enum exit_status check_inputs(const struct inputs *inputs)
{
    const char *irregular = piece_reading_irregular(inputs);
    if (!irregular)
        return EXIT_DONE;
    message_error("%s: option '--mpi' reads regular files only", irregular);
    return EXIT_USAGE;
}

/* Finds the inputs, opens the first piece, and hands out the plan. */
static enum exit_status lead_plan(const struct cluster *c, struct cluster_reading *r, struct inputs *inputs,
                                  struct problems *problems)
{
    if (find_inputs(inputs, c->options, problems))
        return fail_memory();
    enum exit_status status = check_inputs(inputs);
    if (status == EXIT_DONE)
        status = cluster_reading_open(r, c, inputs, 0);
    return status == EXIT_DONE ? cluster_plan_give(c, &r->piece) : status;
}

/* Takes the plan, opens the own piece, and compares. */
static enum exit_status follow_plan(const struct cluster *c, struct cluster_reading *r, struct inputs *inputs)
{
    struct cluster_plan plan = {0};
    enum exit_status status = cluster_plan_take(c, &plan, inputs);
    if (status == EXIT_DONE)
        status = cluster_reading_open(r, c, inputs, 0);
    if (status == EXIT_DONE)
        status = cluster_plan_check(&plan, &r->piece);
    cluster_plan_free(&plan);
    return status;
}

/* In order: all ranks leave together, once rank 0 is done. */
static void leave(const struct cluster *c)
{
    uint8_t done = 1;
    c->ranks->broadcast(&done, sizeof done);
    c->ranks->leave();
}

static enum exit_status take_part(struct cluster *c)
{
    struct cluster_reading reading = {0};
    struct inputs inputs = {0};
    struct problems problems = PROBLEMS_INIT;
    const bool leads = !c->job.rank;
    enum exit_status status =
        leads ? lead_plan(c, &reading, &inputs, &problems) : follow_plan(c, &reading, &inputs);
    c->planned = clock_seconds() - c->joined;
    if (status == EXIT_DONE)
        status = cluster_reading_start(&reading, c);
    if (status != EXIT_DONE)
        cluster_fail(c, status);
    if (leads)
        status = cluster_leader(c, &reading, &inputs, &problems);
    else
        cluster_member(c, &reading, &inputs);
    leave(c);
    cluster_reading_end(&reading);
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
