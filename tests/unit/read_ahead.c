/* Reading ahead: in this order, so far and no farther. */
#include "io/sets/read_ahead.h"
#include "io/formats/registry.h"
#include "io/problems.h"

#include <criterion/criterion.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <time.h>
#include <unistd.h>

enum { MB = 1 << 20, SIZE = 128 * MB };

static struct problems problems;

/* The file is a pcap header and a hole: its pages are not in the page cache, on any file system. */
static struct capture *new_capture(void)
{
    static const uint8_t header[24] = {0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, [16] = 0, 0, 4, [20] = 1};
    char path[] = "/tmp/read_ahead.XXXXXX";
    int fd = mkstemp(path);
    cr_assert(fd >= 0);
    cr_assert_eq(write(fd, header, sizeof header), (ssize_t)sizeof header);
    cr_assert_eq(ftruncate(fd, SIZE), 0);
    cr_assert_eq(fsync(fd), 0);
    cr_assert_eq(posix_fadvise(fd, 0, 0, POSIX_FADV_DONTNEED), 0);
    close(fd);
    struct capture *c = capture_open(path, 0, false, NULL, &problems);
    unlink(path);
    cr_assert(c);
    return c;
}

static bool is_there(const struct capture *c, uint64_t offset)
{
    unsigned char resident = 0;
    cr_assert_eq(mincore((void *)(uintptr_t)(c->bytes + offset), 4096, &resident), 0);
    return resident & 1;
}

static bool comes(const struct capture *c, uint64_t offset)
{
    for (int i = 0; i < 5000; i++) {
        if (is_there(c, offset))
            return true;
        nanosleep(&(struct timespec){.tv_nsec = 1000000}, NULL);
    }
    return false;
}

Test(read_ahead, reads_32_mb_ahead_and_no_more)
{
    struct capture *c = new_capture();
    struct read_ahead *r = read_ahead_create();
    cr_assert(!is_there(c, 8 * MB));
    read_ahead_begin(r, 0);
    read_ahead_to(r, c, 0, SIZE);
    for (uint64_t at = 0; at < 32 * MB; at += 2 * MB)
        cr_expect(comes(c, at), "%" PRIu64 " MB", at / MB);
    /* Beyond, the kernel may read as much as it reads at a time. */
    nanosleep(&(struct timespec){.tv_nsec = 100000000}, NULL);
    cr_expect(!is_there(c, 96 * MB));
    read_ahead_to(r, c, 72 * MB, SIZE);
    cr_expect(comes(c, 96 * MB));
    cr_expect(comes(c, 102 * MB));
    cr_expect(!is_there(c, SIZE - 4096));
    read_ahead_destroy(r);
    capture_drop(c);
}

/* What has not been read yet is given up, and the capture with it. */
Test(read_ahead, ends_at_once)
{
    for (int i = 0; i < 20; i++) {
        struct capture *c = new_capture();
        struct read_ahead *r = read_ahead_create();
        read_ahead_begin(r, 0);
        read_ahead_to(r, c, 0, SIZE);
        read_ahead_destroy(r);
        cr_assert_eq(atomic_load(&c->users), 1);
        capture_drop(c);
    }
}
