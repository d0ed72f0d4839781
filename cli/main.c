/* tcpreuse: reads the command line, finds the inputs, runs. */
#include "cli/describe.h"
#include "cli/options.h"
#include "cli/run.h"

#include <fcntl.h>
#include <stdio.h>
#include <unistd.h>

/* The files that the command line names. 0, or -1 when memory is short. */
static int find_inputs(struct inputs *inputs, const struct options *o, struct problems *problems)
{
    inputs->threads = o->threads;
    inputs->verbose = o->verbose;
    for (int i = 0; i < o->file_count; i++)
        if (inputs_add(inputs, o->files[i], o->recursive, problems))
            return -1;
    if (o->files_from && inputs_add_list(inputs, o->files_from, o->recursive, problems))
        return -1;
    return inputs_find_repeated(inputs, problems);
}

static enum exit_status find_and_run(const struct options *o)
{
    struct inputs inputs = {0};
    struct problems problems = PROBLEMS_INIT;
    bool found = !find_inputs(&inputs, o, &problems);
    enum exit_status status = found ? run(o, &inputs, &problems) : fail_memory();
    inputs_free(&inputs);
    problems_free(&problems);
    return status;
}

/* A standard stream that is closed stays unusable, but its number is taken: else a report would get it, and messages
 * would go into the report. */
static int take_standard_streams(void)
{
    for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
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
        status = options.describe ? describe(options.describe) : find_and_run(&options);
        break;
    case OPTIONS_DONE:
        status = fflush(stdout) ? EXIT_OUTPUT : EXIT_DONE;
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
