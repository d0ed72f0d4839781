/* Failures that any part of the program may have. */
#include "cli/exit_status.h"
#include "io/message.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

enum exit_status fail_memory(void)
{
    message_error("%s", pipeline_error_text(PIPELINE_MEMORY));
    return EXIT_INPUT;
}

enum exit_status finish_standard_output(void)
{
    errno = EIO; /* the reason of an earlier failure is not known */
    if (!fflush(stdout) && !ferror(stdout))
        return EXIT_DONE;
    message_error("standard output: cannot write: %s", strerror(errno));
    return EXIT_OUTPUT;
}

const char *pipeline_error_text(enum pipeline_error error)
{
    switch (error) {
    case PIPELINE_OK:
    case PIPELINE_WRITE:
        break;
    case PIPELINE_MEMORY:
        return "out of memory";
    case PIPELINE_THREAD:
        return "cannot start a thread";
    case PIPELINE_RANDOM:
        return "cannot get random numbers from the kernel";
    case PIPELINE_DAMAGED:
        return "a batch in the pieces contradicts itself";
    }
    return "";
}
