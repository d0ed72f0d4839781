/* cat by way of io/streams/stream.h: to time decompression, and to compare its bytes with those of other tools.
 *
 * usage: streamcat FILE [BYTES-OF-THE-BUFFER] > OUTPUT */
#include "io/streams/stream.h"

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static int write_all(const uint8_t *bytes, size_t n)
{
    while (n) {
        ssize_t count = write(STDOUT_FILENO, bytes, n);
        if (count < 0)
            return -1;
        bytes += count;
        n -= (size_t)count;
    }
    return 0;
}

int main(int argc, char **argv)
{
    if (argc < 2) {
        fprintf(stderr, "usage: streamcat FILE [BYTES-OF-THE-BUFFER] > OUTPUT\n");
        return 2;
    }
    size_t size = argc > 2 ? strtoul(argv[2], NULL, 0) : 1 << 20;
    uint8_t *buffer = malloc(size);
    struct problems problems = PROBLEMS_INIT;
    struct stream *s = buffer ? stream_open(argv[1], 0, &problems, NULL) : NULL;
    ssize_t count = 0;
    while (s && (count = stream_read(s, buffer, size)) > 0)
        if (write_all(buffer, (size_t)count)) {
            perror("streamcat");
            count = -1;
            break;
        }
    for (size_t i = 0; i < problems.count; i++)
        fprintf(stderr, "%s: byte %llu: %s\n", problems.items[i].file,
                (unsigned long long)problems.items[i].offset, problems.items[i].text);
    stream_close(s);
    problems_free(&problems);
    free(buffer);
    return !s || count < 0;
}
