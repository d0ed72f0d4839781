/* tcpreuse: reads the command line, finds the inputs, runs. */
#include "cli/cluster.h"
#include "cli/combine.h"
#include "cli/confine.h"
#include "cli/describe.h"
#include "cli/find.h"
#include "cli/live.h"
#include "cli/piece.h"
#include "cli/run.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* --combine: the files are pieces, and the inputs are those that they were made from. */
static enum exit_status combine_and_run(struct options *o, struct inputs *inputs, struct problems *problems)
{
    struct combine c;
    enum exit_status status = combine_open(&c, o, inputs, problems);
    if (status == EXIT_DONE)
        status = run(o, inputs, &c, problems);
    combine_close(&c);
    return status;
}

static enum exit_status find_and_run(struct options *o)
{
    struct inputs inputs = {0};
    struct problems problems = PROBLEMS_INIT;
    enum exit_status status = confine_begin(o);
    if (status != EXIT_DONE)
        return status;
    if (o->combine)
        status = combine_and_run(o, &inputs, &problems);
    else if (find_inputs(&inputs, o, &problems))
        status = fail_memory();
    else
        status = o->pieces ? piece_make(o, &inputs, NULL, &problems) : run(o, &inputs, NULL, &problems);
    inputs_free(&inputs);
    problems_free(&problems);
    return status;
}

static enum exit_status describe_file(const struct options *o)
{
    enum exit_status status = confine_begin(o);
    if (status == EXIT_DONE)
        status = confine_to_file(o, o->describe);
    return status == EXIT_DONE ? describe(o->describe) : status;
}

/* A standard stream that is closed stays unusable, but its number is taken: else a report would get it, and messages
 * would go into the report. */
static int take_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
        /* cppcheck-suppress leakReturnValNotUsed ; it is fd, the lowest number that is free, and stays open */
        if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", fd == STDIN_FILENO ? O_WRONLY : O_RDONLY) < 0)
            return -1;
    return 0;
}

int main(int argc, char **argv)
{
    if (take_standard_streams())
        return EXIT_OUTPUT; /* there is nothing to say it with */
    struct options options;
    enum exit_status status = EXIT_USAGE;
    switch (options_read(&options, argc, argv)) {
    case OPTIONS_RUN:
        status = options.list_interfaces ? live_list()
                 : options.describe      ? describe_file(&options)
                 : options.mpi           ? cluster_run(&options)
                                         : find_and_run(&options);
        break;
    case OPTIONS_DONE:
        status = finish_standard_output();
        break;
    case OPTIONS_NO_MEMORY:
        status = EXIT_INPUT;
        break;
    case OPTIONS_WRONG:
        break;
    }
    options_free(&options);
    return status;
}
