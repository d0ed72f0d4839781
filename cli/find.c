/* Finds the inputs of a run. */
#include "cli/find.h"

int find_inputs(struct inputs *inputs, const struct options *o, struct problems *problems)
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
