/* Chooses the form of the reports, and fits the listing to the terminal. */
#include "cli/form.h"
#include "io/terminal.h"

#include <unistd.h>

const struct row_format *form_of(const struct options *o)
{
    switch (o->format) {
    case FORMAT_TEXT:
        return &listing_format;
    case FORMAT_NDJSON:
        return ndjson_formats[o->naming];
    default:
        return &csv_format;
    }
}

struct listing *form_listing(const struct options *o, bool several, const struct timers *timers)
{
    const bool may_paint = !o->mpi && terminal_wants_color(STDOUT_FILENO); /* a launcher's terminal is none */
    const bool paint = o->color == COLOR_AUTO ? may_paint : o->color == COLOR_ALWAYS;
    const struct listing_params params = {
        .style = {.width = terminal_columns(STDOUT_FILENO), .color = paint, .utf8 = terminal_has_utf8()},
        .details = o->details,
        .digest = !o->quiet,
        .with_origin = several,
        .timers = timers,
    };
    return listing_create(&params);
}
