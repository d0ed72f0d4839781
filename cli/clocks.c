/* Finds the inputs that --clock names: by the path that they are read by, or any other of the same file. */
#include "cli/clocks.h"
#include "io/message.h"

#include <stdlib.h>
#include <sys/stat.h>

/* The identity of a file; false if it has none. */
static bool identify(const char *path, const struct look *look, dev_t *device, ino_t *inode)
{
    struct stat st;
    if (look && look->done) {
        *device = look->device;
        *inode = look->inode;
        return look->device || look->inode;
    }
    if (!strcmp(path, "-") || stat(path, &st))
        return false;
    *device = st.st_dev;
    *inode = st.st_ino;
    return true;
}

/* True if the file is among the inputs. */
static bool shift_file(const char *file, const struct clock_shift *shift, const struct inputs *inputs,
                       struct clock_shift *shifts)
{
    dev_t device, its_device;
    ino_t inode, its_inode;
    const bool is_file = identify(file, NULL, &device, &inode);
    bool found = false;
    for (size_t i = 0; i < inputs->count; i++)
        if (!strcmp(inputs->paths[i], file) ||
            (is_file && identify(inputs->paths[i], &inputs->looks[i], &its_device, &its_inode) &&
             device == its_device && inode == its_inode)) {
            shifts[i] = *shift;
            found = true;
        }
    return found;
}

enum exit_status clocks_find(const struct options *o, const struct inputs *inputs,
                             struct clock_shift **shifts)
{
    *shifts = NULL;
    if (!o->clock_count || !inputs->count)
        return EXIT_DONE;
    *shifts = calloc(inputs->count, sizeof **shifts);
    if (!*shifts)
        return fail_memory();
    for (size_t i = 0; i < o->clock_count; i++) {
        const struct clock_option *clock = &o->clocks[i];
        char *file = strndup(clock->file, clock->file_length);
        if (!file)
            return fail_memory();
        const bool found = shift_file(file, &clock->shift, inputs, *shifts);
        if (!found)
            message_error("'--clock': '%s' is none of the files that are read", file);
        free(file);
        if (!found)
            return EXIT_USAGE;
    }
    return EXIT_DONE;
}
