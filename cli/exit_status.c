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

int flush_standard_output(void)
{
    if (fflush(stdout))
        return -1;
    if (!ferror(stdout))
        return 0;
    errno = EIO; /* the reason of an earlier failure is not known any more */
    return -1;
}

enum exit_status finish_standard_output(void)
{
    if (!flush_standard_output())
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
